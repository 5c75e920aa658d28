/*
 * What both sides of SASL share.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sasl.h"

#include <openssl/rand.h>

#include "base64.h"
#include "log.h"

#define NONCE 18 /* octets, 24 characters */

/* clang-format off */
static const struct {
	const char *name;
	uint32_t traits;
	bool initial; /* its first message can come with AUTH */
} mechs[] = {
	[SASL_NONE] =       { "",                   0,                           false },
	[SASL_PLAIN] =      { "PLAIN",              SASL_PLAINTEXT,              true },
	[SASL_LOGIN] =      { "LOGIN",              SASL_PLAINTEXT,              false },
	[SASL_SCRAM] =      { "SCRAM-SHA-256",      SASL_DICTIONARY | SASL_MUTUAL, true },
	[SASL_SCRAM_PLUS] = { "SCRAM-SHA-256-PLUS", SASL_DICTIONARY | SASL_MUTUAL, true },
	[SASL_EXTERNAL] =   { "EXTERNAL",           0,                           true },
};

static const struct {
	const char *name;
	uint32_t without, with;
} options[] = {
	{ "noplaintext",     SASL_PLAINTEXT,  0 },
	{ "nodictionary",    SASL_DICTIONARY, 0 },
	{ "noactive",        SASL_ACTIVE,     0 },
	{ "noanonymous",     SASL_ANONYMOUS,  0 },
	{ "forward_secrecy", 0,               SASL_FORWARD },
	{ "mutual_auth",     0,               SASL_MUTUAL },
};
/* clang-format on */

_Static_assert(ARRAY_LEN(mechs) == SASL_MECHS, "a mechanism has no row");

const char *
sasl_name(enum sasl_mech mech)
{
	return mechs[mech].name;
}

enum sasl_mech
sasl_mech(struct slice name)
{
	enum sasl_mech found = SASL_NONE;

	for (size_t i = SASL_NONE + 1; i < SASL_MECHS; i++)
		if (slice_eq_nocase(name, mechs[i].name))
			found = (enum sasl_mech)i;
	return found;
}

uint32_t
sasl_traits(enum sasl_mech mech)
{
	return mechs[mech].traits;
}

bool
sasl_has_initial(enum sasl_mech mech)
{
	return mechs[mech].initial;
}

bool
sasl_parse_options(const char *list, uint32_t *without, uint32_t *with,
    const char **why)
{
	struct slice rest = slice_of(list), item;
	uint32_t no = 0, must = 0;

	while (slice_next_item(&rest, &item)) {
		size_t i = 0;

		while (i < ARRAY_LEN(options) &&
		    !slice_eq_nocase(item, options[i].name))
			i++;
		if (i == ARRAY_LEN(options)) {
			*why = "knows noplaintext, nodictionary, noactive, "
			       "noanonymous, forward_secrecy, mutual_auth";
			return false;
		}
		no |= options[i].without;
		must |= options[i].with;
	}
	*without = no;
	*with = must;
	return true;
}

static bool
is_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f)
			return false;
	return str_is_utf8(s.at, s.len);
}

bool
sasl_is_user(struct slice user)
{
	return user.len > 0 && user.len <= SASL_USER_MAX && is_text(user);
}

bool
sasl_is_password(struct slice password)
{
	return password.len > 0 && password.len <= SASL_PASSWORD_MAX &&
	    is_text(password);
}

bool
sasl_can_bind(const struct sasl_bindings *b)
{
	return b->exporter.len > 0 || b->end_point.len > 0;
}

struct slice
sasl_binding(const struct sasl_bindings *b, struct slice type)
{
	if (slice_eq(type, "tls-exporter"))
		return b->exporter;
	if (slice_eq(type, "tls-server-end-point"))
		return b->end_point;
	return SLICE("");
}

void
sasl_nonce(struct buf *out)
{
	unsigned char bytes[NONCE];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		log_fatal("no random numbers");
	base64_put(out, bytes, sizeof(bytes));
}
