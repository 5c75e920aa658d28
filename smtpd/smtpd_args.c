/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_args.h"

#include <string.h>

#include "msg.h"
#include "num.h"
#include "param.h"

enum of {
	OF_MAIL = 1 << 0,
	OF_RCPT = 1 << 1,
};

/* What parameters set; it takes force only when all of them are well. */
struct options {
	uint64_t size;
	uint32_t flags;
	uint32_t seen; /* rows, as bits */
};

typedef bool set_fn(struct options *o, struct slice value);

static bool
refuse(struct smtpd_verdict *why, int code, const char *status,
    const char *text)
{
	*why = (struct smtpd_verdict){
		.code = code,
		.status = status,
		.text = text,
	};
	return false;
}

/* size-value = 1*20DIGIT (RFC 1870 4); more than 63 bits is more than any
 * limit. */
static bool
set_size(struct options *o, struct slice value)
{
	int64_t size;

	if (!num_parse_len(value.at, value.len, 0, INT64_MAX, &size))
		return false;
	o->size = (uint64_t)size;
	return true;
}

/* RFC 6152 3 */
static bool
set_body(struct options *o, struct slice value)
{
	if (slice_eq_nocase(value, "8BITMIME"))
		o->flags |= MAIL_BODY_8BIT;
	else if (!slice_eq_nocase(value, "7BIT"))
		return false;
	return true;
}

static bool
is_xchar(const char *at)
{
	return *at > ' ' && *at <= '~' && *at != '+' && *at != '=';
}

static bool
is_hexchar(const char *at, size_t left)
{
	static const char digits[] = "0123456789ABCDEF";

	return left >= 3 && at[0] == '+' && memchr(digits, at[1], 16) != NULL &&
	    memchr(digits, at[2], 16) != NULL;
}

/* Whom the client says to have heard it from, as xtext (RFC 3461 4), or <>.
 * RFC 4954 5: who cannot know better takes it for <>, so only the form
 * counts. */
static bool
set_auth(struct options *o, struct slice value)
{
	size_t i = 0;

	(void)o;
	if (slice_eq(value, "<>"))
		return true;
	while (i < value.len) {
		bool hex = is_hexchar(value.at + i, value.len - i);

		if (!hex && !is_xchar(value.at + i))
			return false;
		i += hex ? 3 : 1;
	}
	return value.len > 0;
}

/* RFC 8689 3; whether it was offered is not known here. */
static bool
set_requiretls(struct options *o, struct slice value)
{
	o->flags |= MAIL_REQUIRETLS;
	return value.len == 0;
}

/* clang-format off */
static const struct {
	const char *keyword;
	uint32_t of;        /* enum of: which command has it */
	set_fn *set;        /* false: the value is wrong */
	const char *status; /* of the refusal of a wrong value */
	const char *wrong;
} known[] = {
	{ "SIZE", OF_MAIL, set_size, "5.5.4", "Bad message size syntax" },
	{ "BODY", OF_MAIL, set_body, "5.5.4", "Unsupported BODY value" },
	{ "AUTH", OF_MAIL, set_auth, "5.5.4", "Malformed AUTH value" }, /* RFC 4954 5 */
	{ "REQUIRETLS", OF_MAIL, set_requiretls, "5.5.4",
	  "REQUIRETLS has no value" },
};
/* clang-format on */

/* esmtp-param = esmtp-keyword ["=" esmtp-value] */
static bool
parse_option(struct arena *a, struct slice text, uint32_t of, struct options *o,
    struct smtpd_verdict *why)
{
	const char *equals = memchr(text.at, '=', text.len);
	size_t len = equals != NULL ? (size_t)(equals - text.at) : text.len;
	struct slice keyword = { text.at, len };
	struct slice value = { text.at + len, 0 };

	if (equals != NULL)
		value = (struct slice){ equals + 1, text.len - len - 1 };
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!(known[i].of & of) ||
		    (known[i].set == set_auth &&
			!params.smtpd_sasl_auth_enable) ||
		    !slice_eq_nocase(keyword, known[i].keyword))
			continue;
		if (o->seen & (1u << i))
			return refuse(why, 501, "5.5.4",
			    arena_printf(a, "%s is given twice",
				known[i].keyword));
		o->seen |= 1u << i;
		if (!known[i].set(o, value))
			return refuse(why, 501, known[i].status,
			    known[i].wrong);
		return true;
	}
	return refuse(why, 555, "5.5.4",
	    arena_printf(a, "Unsupported option: %.*s", (int)MIN(len, 100),
		text.at));
}

/* What stands behind the path: nothing, or a blank and options. */
static bool
parse_options(struct arena *a, const char *at, uint32_t of, struct options *o,
    struct smtpd_verdict *why)
{
	if (*at != '\0' && *at != ' ')
		return refuse(why, 501, "5.5.4",
		    "Syntax: text behind the address");
	while (*at != '\0') {
		at += strspn(at, " ");
		size_t len = strcspn(at, " ");
		if (len != 0 &&
		    !parse_option(a, (struct slice){ at, len }, of, o, why))
			return false;
		at += len;
	}
	return true;
}

/* The keyword, blanks where we are not strict, and the path behind it.  A
 * local part that is not ASCII would need SMTPUTF8. */
static bool
parse_path(struct arena *a, const char **at, const char *keyword,
    const char *status, struct addr *out, struct smtpd_verdict *why)
{
	bool is_from = keyword[0] == 'F';
	const char *unused;

	if (!str_starts_nocase(*at, keyword))
		return refuse(why, 501, "5.5.4",
		    is_from ? "Syntax: MAIL FROM:<address>"
			    : "Syntax: RCPT TO:<address>");
	*at += strlen(keyword);
	if (!params.strict_rfc821_envelopes)
		*at += strspn(*at, " ");
	if (!addr_parse_path(a, at, params.strict_rfc821_envelopes, out,
		&unused))
		return refuse(why, 501, status,
		    is_from ? "Bad sender address syntax"
			    : "Bad recipient address syntax");
	if (!str_is_ascii(out->local, strlen(out->local)) ||
	    !str_is_ascii(out->domain, strlen(out->domain)))
		return refuse(why, 553, "5.6.7",
		    "SMTPUTF8 is required for this address");
	return true;
}

bool
smtpd_parse_mail(struct smtpd_transaction *tx, const char *args,
    struct smtpd_verdict *why)
{
	struct options o = { 0 };
	struct addr sender;

	if (!parse_path(&tx->arena, &args, "FROM:", "5.1.7", &sender, why) ||
	    !parse_options(&tx->arena, args, OF_MAIL, &o, why))
		return false;
	if (params.message_size_limit > 0 &&
	    o.size > (uint64_t)params.message_size_limit)
		return refuse(why, 552, "5.3.4",
		    "Message size exceeds fixed limit");
	tx->sender = addr_internal(&tx->arena, &sender);
	tx->announced = o.size;
	tx->flags = o.flags;
	return true;
}

bool
smtpd_parse_rcpt(struct smtpd_transaction *tx, const char *args,
    struct addr *rcpt, struct smtpd_verdict *why)
{
	struct options o = { 0 };

	if (!parse_path(&tx->arena, &args, "TO:", "5.1.3", rcpt, why) ||
	    !parse_options(&tx->arena, args, OF_RCPT, &o, why))
		return false;
	if (rcpt->local[0] == '\0')
		return refuse(why, 501, "5.1.3",
		    "Bad recipient address syntax");
	return true;
}

bool
smtpd_parse_vrfy(struct arena *a, const char *args, struct addr *rcpt,
    struct smtpd_verdict *why)
{
	const char *unused;

	if (args[0] == '\0')
		return refuse(why, 501, "5.5.4", "Syntax: VRFY address");
	if (!addr_parse_path(a, &args, false, rcpt, &unused) ||
	    args[0] != '\0' || rcpt->local[0] == '\0')
		return refuse(why, 501, "5.1.3",
		    "Bad recipient address syntax");
	return true;
}

bool
smtpd_parse_etrn(struct arena *a, const char *args, const char **node,
    struct smtpd_verdict *why)
{
	size_t option = args[0] == '@' || args[0] == '#';

	if (args[0] == '\0' || strpbrk(args, " \t") != NULL)
		return refuse(why, 500, "5.5.4", "Syntax: ETRN domain");
	if (!addr_domain_valid(slice_of(args + option)))
		return refuse(why, 501, "5.5.4",
		    "Error: invalid parameter syntax");
	char *copy = arena_strdup(a, args);
	str_lower(copy);
	*node = copy;
	return true;
}
