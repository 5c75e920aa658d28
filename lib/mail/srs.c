/*
 * Bytes that hold an address come from strangers on the way back, and from
 * other forwarders on the way out; what is hashed is never parsed before its
 * hash is known to be ours, but for where its parts begin.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "srs.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "log.h"

#define HASH_LENGTH 4 /* characters that we write, and want at least */
#define HASH_BYTES  20
#define HASH_MAX    28 /* the whole of it, in base64, with one = at the end */

#define DAY_SLOTS  1024
#define TAG_LENGTH 4

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* ---- parts ---- */

static bool
has_tag(const char *local, const char *tag)
{
	return str_starts_nocase(local, tag) && local[TAG_LENGTH] != '\0' &&
	    strchr("=+-", local[TAG_LENGTH]) != NULL;
}

/* The text up to the next =, and the cursor behind that; false where there is
 * none, or nothing in front of it. */
static bool
next_part(const char **at, struct slice *part)
{
	const char *end = strchr(*at, '=');

	if (end == NULL || end == *at)
		return false;
	*part = (struct slice){ *at, (size_t)(end - *at) };
	*at = end + 1;
	return true;
}

/* ---- hashes ---- */

/* parts are hashed one behind the other. */
static void
make_hash(const char *secret, const char *const *parts, size_t n, char *out)
{
	CLEAN_BUF struct buf text = { 0 };
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	for (size_t i = 0; i < n; i++)
		buf_adds(&text, parts[i]);
	for (size_t i = 0; i < text.len; i++)
		text.text[i] = char_lower(text.text[i]);
	if (HMAC(EVP_sha1(), secret, (int)strlen(secret),
		(const unsigned char *)buf_str(&text), text.len, mac,
		&len) == NULL ||
	    len != HASH_BYTES)
		log_fatal("srs: SHA-1 is not to be had from OpenSSL");
	(void)EVP_EncodeBlock((unsigned char *)out, mac, HASH_BYTES);
}

static bool
hash_fits(const struct srs *s, struct slice given, const char *const *parts,
    size_t n)
{
	char hash[HASH_MAX + 1];
	bool fits = false;

	if (given.len < HASH_LENGTH || given.len >= HASH_MAX)
		return false;
	for (size_t i = 0; i < s->secrets.n; i++) {
		unsigned int differs = 0;

		make_hash(s->secrets.at[i], parts, n, hash);
		for (size_t k = 0; k < given.len; k++)
			differs |= (unsigned char)char_lower(given.at[k]) ^
			    (unsigned char)char_lower(hash[k]);
		fits |= differs == 0;
	}
	return fits;
}

/* ---- days ---- */

static int64_t
day_of(int64_t wall)
{
	return wall / DAY % DAY_SLOTS;
}

static int
digit_of(char c)
{
	char upper = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	const char *at = upper != '\0' ? strchr(base32, upper) : NULL;

	return at != NULL ? (int)(at - base32) : -1;
}

/* One day ahead is a clock that runs before ours. */
static bool
is_fresh(const struct srs *s, int64_t then, int64_t wall)
{
	int64_t age = (day_of(wall) - then + DAY_SLOTS) % DAY_SLOTS;

	return age <= s->max_age || age == DAY_SLOTS - 1;
}

/* ---- secrets ---- */

static bool
add_secret(struct arena *a, struct srs_secrets *out, struct slice line,
    const char **why)
{
	if (line.len == 0 || line.at[0] == '#')
		return true;
	if (memchr(line.at, '\0', line.len) != NULL) {
		*why = "a secret has a NUL in it";
		return false;
	}
	if (out->n == SRS_SECRETS_MAX) {
		*why = "there are more than 64 secrets";
		return false;
	}
	out->at[out->n++] = arena_memdup(a, line.at, line.len);
	return true;
}

bool
srs_secrets_parse(struct arena *a, struct slice text, struct srs_secrets *out,
    const char **why)
{
	struct srs_secrets found = { 0 };
	struct slice line;

	while (slice_next_part(&text, '\n', &line))
		if (!add_secret(a, &found, slice_trim(line), why))
			return false;
	if (found.n == 0) {
		*why = "there is no secret in it";
		return false;
	}
	*out = found;
	return true;
}

/* ---- forwarding ---- */

/* Of somebody whose mail nobody has forwarded before. */
static const char *
make_first(struct arena *a, const struct srs *s, int64_t wall,
    const struct addr *sender)
{
	int64_t day = day_of(wall);
	const char stamp[] = { base32[day / 32], base32[day % 32], '\0' };
	const char *const parts[] = { stamp, sender->domain, sender->local };
	char hash[HASH_MAX + 1];

	make_hash(s->secrets.at[0], parts, ARRAY_LEN(parts), hash);
	return arena_printf(a, "SRS0=%.*s=%s=%s=%s@%s", HASH_LENGTH, hash,
	    stamp, sender->domain, sender->local, s->domain);
}

static const char *
make_further(struct arena *a, const struct srs *s, const char *first_host,
    const char *rest)
{
	const char *const parts[] = { first_host, rest };
	char hash[HASH_MAX + 1];

	make_hash(s->secrets.at[0], parts, ARRAY_LEN(parts), hash);
	return arena_printf(a, "SRS1=%.*s=%s=%s@%s", HASH_LENGTH, hash,
	    first_host, rest, s->domain);
}

/* The hash of the forwarder before us is replaced by ours. */
static const char *
make_again(struct arena *a, const struct srs *s, const char *local)
{
	const char *at = local + TAG_LENGTH + 1;
	struct slice hash, host;

	if (!next_part(&at, &hash) || !next_part(&at, &host) || *at == '\0')
		return NULL;
	return make_further(a, s, arena_memdup(a, host.at, host.len), at);
}

bool
srs_forward(struct arena *a, const struct srs *s, int64_t wall,
    const char *sender, const char **out)
{
	struct addr addr = addr_split(a, sender);
	const char *made = NULL;

	if (addr.local[0] == '\0' || addr.domain[0] == '\0' ||
	    addr.domain[0] == '[')
		return false;
	if (has_tag(addr.local, "SRS0"))
		made = make_further(a, s, addr.domain, addr.local + TAG_LENGTH);
	else if (has_tag(addr.local, "SRS1"))
		made = make_again(a, s, addr.local);
	if (made == NULL)
		made = make_first(a, s, wall, &addr);
	if (strlen(made) > SRS_ADDRESS_MAX)
		return false;
	*out = made;
	return true;
}

/* ---- and back ---- */

static enum srs_verdict
back_first(struct arena *a, const struct srs *s, int64_t wall, const char *at,
    const char **out)
{
	struct slice hash, stamp, host;

	if (!next_part(&at, &hash) || !next_part(&at, &stamp) ||
	    stamp.len != 2 || !next_part(&at, &host) || *at == '\0' ||
	    !addr_domain_valid(host))
		return SRS_MALFORMED;
	int high = digit_of(stamp.at[0]), low = digit_of(stamp.at[1]);
	if (high < 0 || low < 0)
		return SRS_MALFORMED;

	const char *const parts[] = { arena_memdup(a, stamp.at, stamp.len),
		arena_memdup(a, host.at, host.len), at };
	if (!hash_fits(s, hash, parts, ARRAY_LEN(parts)))
		return SRS_FORGED;
	if (!is_fresh(s, high * 32 + low, wall))
		return SRS_EXPIRED;
	*out = arena_printf(a, "%s@%s", at, parts[1]);
	return SRS_GOOD;
}

static enum srs_verdict
back_further(struct arena *a, const struct srs *s, const char *at,
    const char **out)
{
	struct slice hash, host;

	if (!next_part(&at, &hash) || !next_part(&at, &host) ||
	    !addr_domain_valid(host) || *at == '\0' ||
	    strchr("=+-", *at) == NULL || at[1] == '\0')
		return SRS_MALFORMED;

	const char *const parts[] = { arena_memdup(a, host.at, host.len), at };
	if (!hash_fits(s, hash, parts, ARRAY_LEN(parts)))
		return SRS_FORGED;
	*out = arena_printf(a, "SRS0%s@%s", at, parts[0]);
	return SRS_GOOD;
}

bool
srs_is(const char *address)
{
	return has_tag(address, "SRS0") || has_tag(address, "SRS1");
}

enum srs_verdict
srs_back(struct arena *a, const struct srs *s, int64_t wall,
    const char *address, const char **out)
{
	struct addr addr = addr_split(a, address);
	const char *at = addr.local + TAG_LENGTH + 1;

	if (has_tag(addr.local, "SRS0"))
		return back_first(a, s, wall, at, out);
	if (has_tag(addr.local, "SRS1"))
		return back_further(a, s, at, out);
	return SRS_NONE;
}
