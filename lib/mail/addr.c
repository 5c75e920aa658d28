/*
 * Paths of RFC 5321 4.1.2, with what Postfix lets pass besides:
 *
 *	Path         = "<" [ A-d-l ":" ] Mailbox ">"
 *	A-d-l        = At-domain *( "," At-domain )
 *	At-domain    = "@" Domain
 *	Mailbox      = Local-part [ "@" ( Domain / address-literal ) ]
 *	Local-part   = Dot-string / Quoted-string
 *	Dot-string   = Atom *( "." Atom )
 *
 * Each production has a function that moves the cursor on MATCH_YES alone.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "addr.h"

#include <arpa/inet.h>
#include <string.h>

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

/* The classes of a character, as bits. */
enum {
	ATEXT = 1 << 0,  /* RFC 5322 3.2.3 */
	QTEXT = 1 << 1,  /* RFC 5321 4.1.2 qtextSMTP: 32-33, 35-91, 93-126 */
	NAME = 1 << 2,   /* may stand in a domain's label */
	NUMBER = 1 << 3, /* digits and the dot */
};

/* clang-format off */
static const unsigned char classes[256] = {
	[' '] = QTEXT,                 ['!'] = ATEXT | QTEXT,
	['#' ... '\''] = ATEXT | QTEXT,
	['('] = QTEXT,                 [')'] = QTEXT,
	['*'] = ATEXT | QTEXT,         ['+'] = ATEXT | QTEXT,
	[','] = QTEXT,                 ['-'] = ATEXT | QTEXT | NAME,
	['.'] = QTEXT | NUMBER,        ['/'] = ATEXT | QTEXT,
	['0' ... '9'] = ATEXT | QTEXT | NAME | NUMBER,
	[':' ... '<'] = QTEXT,         ['='] = ATEXT | QTEXT,
	['>'] = QTEXT,                 ['?'] = ATEXT | QTEXT,
	['@'] = QTEXT,
	['A' ... 'Z'] = ATEXT | QTEXT | NAME,
	['['] = QTEXT,                 [']'] = QTEXT,
	['^'] = ATEXT | QTEXT,         ['_'] = ATEXT | QTEXT | NAME,
	['`'] = ATEXT | QTEXT,
	['a' ... 'z'] = ATEXT | QTEXT | NAME,
	['{' ... '~'] = ATEXT | QTEXT,
};
/* clang-format on */

static bool
is(char c, int class)
{
	return (classes[(unsigned char)c] & class) != 0;
}

static bool
is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* ---- domains ---- */

/* The address inside the brackets, as inet_ntop(3) writes it. */
static bool
literal_address(struct slice s, bool *six, char out[INET6_ADDRSTRLEN])
{
	static const char tag[] = "IPv6:";
	char text[INET6_ADDRSTRLEN + 1];
	unsigned char bits[sizeof(struct in6_addr)];

	if (s.len < 2 || s.at[0] != '[' || s.at[s.len - 1] != ']')
		return false;
	s = (struct slice){ s.at + 1, s.len - 2 };
	*six = s.len > strlen(tag) &&
	    slice_eq_nocase((struct slice){ s.at, strlen(tag) }, tag);
	if (*six)
		s = (struct slice){ s.at + strlen(tag), s.len - strlen(tag) };
	if (s.len >= sizeof(text) || memchr(s.at, '\0', s.len) != NULL)
		return false;
	memcpy(text, s.at, s.len);
	text[s.len] = '\0';

	int family = *six ? AF_INET6 : AF_INET;
	return inet_pton(family, text, bits) == 1 &&
	    inet_ntop(family, bits, out, INET6_ADDRSTRLEN) != NULL;
}

bool
addr_literal_valid(struct slice literal)
{
	char text[INET6_ADDRSTRLEN];
	bool six;

	return literal_address(literal, &six, text);
}

static bool
label_valid(struct slice label)
{
	if (label.len == 0 || label.len > LABEL_MAX || label.at[0] == '-' ||
	    label.at[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is(label.at[i], NAME))
			return false;
	return true;
}

bool
addr_domain_valid(struct slice domain)
{
	bool numeric = true;

	if (domain.len == 0 || domain.len > ADDR_DOMAIN_MAX)
		return false;
	if (domain.at[0] == '[')
		return addr_literal_valid(domain);
	for (size_t from = 0, i = 0; i <= domain.len; i++) {
		if (i < domain.len && domain.at[i] != '.')
			continue;
		if (!label_valid((struct slice){ domain.at + from, i - from }))
			return false;
		from = i + 1;
	}
	for (size_t i = 0; i < domain.len && numeric; i++)
		numeric = is(domain.at[i], NUMBER);
	return !numeric; /* an address without its brackets */
}

/* The one form in which a domain is kept. */
static const char *
domain_internal(struct arena *a, struct slice domain)
{
	char text[INET6_ADDRSTRLEN];
	bool six;

	if (literal_address(domain, &six, text))
		return arena_printf(a, "[%s%s]", six ? "IPv6:" : "", text);
	char *name = arena_memdup(a, domain.at, domain.len);
	str_lower(name);
	return name;
}

/* ---- whole addresses ---- */

static const char *
local_fault(struct slice local, bool has_domain)
{
	if (local.len > ADDR_LOCAL_MAX)
		return "local part too long";
	if (local.len == 0 && has_domain)
		return "empty local part";
	for (size_t i = 0; i < local.len; i++)
		if (!is_printable(local.at[i]))
			return "character not allowed in an address";
	if (!has_domain && local.len > 0 &&
	    memchr(local.at, '@', local.len) != NULL)
		return "domain missing";
	return NULL;
}

bool
addr_make(struct arena *a, struct slice local, struct slice domain,
    struct addr *out, const char **why)
{
	const char *fault = local_fault(local, domain.len > 0);

	if (fault == NULL && domain.len > ADDR_DOMAIN_MAX)
		fault = "domain too long";
	if (fault == NULL && domain.len > 0 && !addr_domain_valid(domain))
		fault = "malformed domain";
	if (fault != NULL) {
		*why = fault;
		return false;
	}
	out->local = arena_memdup(a, local.at, local.len);
	out->domain = domain.len > 0 ? domain_internal(a, domain) : "";
	return true;
}

struct addr
addr_split(struct arena *a, const char *internal)
{
	const char *at = strrchr(internal, '@');
	struct addr out = { .domain = "" };

	if (at == NULL) {
		out.local = arena_strdup(a, internal);
		return out;
	}
	out.local = arena_memdup(a, internal, (size_t)(at - internal));
	out.domain = arena_strdup(a, at + 1);
	return out;
}

const char *
addr_internal(struct arena *a, const struct addr *addr)
{
	if (addr->domain[0] == '\0')
		return arena_strdup(a, addr->local);
	return arena_printf(a, "%s@%s", addr->local, addr->domain);
}

/* Dot-string, or an empty text that stands for the null address. */
static bool
is_dot_string(const char *s)
{
	char before = '.';

	for (const char *p = s; *p != '\0'; before = *p++)
		if (*p == '.' ? before == '.' : !is(*p, ATEXT) && *p >= 0)
			return false;
	return before != '.' || s[0] == '\0';
}

static void
put_local(struct buf *out, const char *local, bool quoted)
{
	if (quoted)
		buf_addc(out, '"');
	for (const char *p = local; *p != '\0'; p++) {
		char c = *p >= 0 && !is_printable(*p) ? '?' : *p;

		if (quoted && (c == '"' || c == '\\'))
			buf_addc(out, '\\');
		buf_addc(out, c);
	}
	if (quoted)
		buf_addc(out, '"');
}

void
addr_put(struct buf *out, const struct addr *addr)
{
	bool has_domain = addr->domain[0] != '\0';

	put_local(out, addr->local,
	    !is_dot_string(addr->local) ||
		(addr->local[0] == '\0' && has_domain));
	if (has_domain) {
		buf_addc(out, '@');
		put_local(out, addr->domain, false);
	}
}

void
addr_put_internal(struct buf *out, const char *internal)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct addr addr = addr_split(&a, internal);

	addr_put(out, &addr);
}

/* ---- paths ---- */

/* Quoted-string = DQUOTE *( qtextSMTP / "\" %d32-126 ) DQUOTE */
static enum match
quoted_string(const char **at, struct buf *out, const char **why)
{
	const char *p = *at;

	if (*p != '"')
		return MATCH_NO;
	for (p++; *p != '"'; p++) {
		if (*p == '\\' && is_printable(p[1]))
			p++;
		else if (!is(*p, QTEXT)) {
			*why = *p == '\0' ? "quoted string without end"
					  : "malformed quoted string";
			return MATCH_BAD;
		}
		buf_addc(out, *p);
	}
	*at = p + 1;
	return MATCH_YES;
}

/* Dot-string; without `strict` any dots. */
static enum match
dot_string(const char **at, bool strict, struct buf *out, const char **why)
{
	const char *p = *at;

	while (is(*p, ATEXT) || *p == '.')
		buf_addc(out, *p++);
	if (p == *at)
		return MATCH_NO;
	if (strict && !is_dot_string(buf_str(out))) {
		*why = "dot at the wrong place";
		return MATCH_BAD;
	}
	*at = p;
	return MATCH_YES;
}

/* Domain or address-literal: its extent, not yet its validity. */
static enum match
domain_extent(const char **at, bool strict, struct slice *out, const char **why)
{
	const char *p = *at;
	size_t n = *p == '[' ? strcspn(p, "]> ") : 0;

	if (*p == '[' && p[n] != ']') {
		*why = "address literal without its bracket";
		return MATCH_BAD;
	}
	if (*p == '[')
		n++;
	else
		while (is(p[n], NAME) || p[n] == '.')
			n++;
	if (n == 0)
		return MATCH_NO;
	*out = (struct slice){ p, n };
	if (!strict && n > 1 && p[n - 1] == '.' && p[n - 2] != '.')
		out->len--;
	*at = p + n;
	return MATCH_YES;
}

/* A-d-l ":", each domain of which must be one, and none of which is used. */
static enum match
source_route(const char **at, const char **why)
{
	const char *p = *at;
	struct slice domain;

	if (*p != '@')
		return MATCH_NO;
	*why = "malformed source route";
	while (*p == '@') {
		p++;
		if (domain_extent(&p, true, &domain, why) != MATCH_YES ||
		    !addr_domain_valid(domain))
			return MATCH_BAD;
		if (*p == ',' && p[1] == '@')
			p++;
		else if (*p != ':')
			return MATCH_BAD;
	}
	*at = p + 1;
	return MATCH_YES;
}

static bool
mailbox(struct arena *a, const char **at, bool strict, struct addr *out,
    const char **why)
{
	CLEAN_BUF struct buf local = { 0 };
	struct slice domain = { "", 0 };

	*why = "local part missing";
	enum match m = quoted_string(at, &local, why);
	if (m == MATCH_NO)
		m = dot_string(at, strict, &local, why);
	if (m != MATCH_YES)
		return false;
	if (**at == '@') {
		++*at;
		*why = "domain missing";
		if (domain_extent(at, strict, &domain, why) != MATCH_YES)
			return false;
	}
	return addr_make(a, (struct slice){ buf_str(&local), local.len },
	    domain, out, why);
}

static bool
path(struct arena *a, const char **at, bool strict, struct addr *out,
    const char **why)
{
	bool angle = **at == '<';

	if (!angle && strict) {
		*why = "address not in angle brackets";
		return false;
	}
	if (angle && (*at)[1] == '>') {
		*out = (struct addr){ "", "" };
		*at += 2;
		return true;
	}
	if (angle) {
		++*at;
		if (source_route(at, why) == MATCH_BAD)
			return false;
	}
	if (!mailbox(a, at, strict, out, why))
		return false;
	if (angle ? **at != '>' : **at != '\0' && **at != ' ') {
		*why = **at == '\0' ? "closing angle bracket missing"
				    : "character not allowed in an address";
		return false;
	}
	if (angle)
		++*at;
	return true;
}

bool
addr_parse_path(struct arena *a, const char **at, bool strict, struct addr *out,
    const char **why)
{
	const char *p = *at;
	struct addr addr;

	if (!strict)
		p += strspn(p, " ");
	if (!path(a, &p, strict, &addr, why))
		return false;
	*out = addr;
	*at = p;
	return true;
}

/* ---- local parts ---- */

/* Names that are never split, whatever the delimiter is. */
static const char *const whole_names[] = {
	"postmaster",
	"mailer-daemon",
	"double-bounce",
};

static bool
is_list_name(const char *local)
{
	static const char request[] = "-request";
	size_t n = strlen(local);

	return str_starts_nocase(local, "owner-") ||
	    (n > strlen(request) &&
		str_eq_nocase(local + n - strlen(request), request));
}

void
addr_split_extension(struct arena *a, const char *local, const char *delimiters,
    const char **user, const char **ext)
{
	size_t n = strcspn(local, delimiters);

	for (size_t i = 0; i < ARRAY_LEN(whole_names); i++)
		if (str_eq_nocase(local, whole_names[i]))
			n = 0;
	if (local[n] == '-' && is_list_name(local))
		n = 0;
	if (n == 0 || local[n] == '\0') {
		*user = arena_strdup(a, local);
		*ext = "";
		return;
	}
	*user = arena_memdup(a, local, n);
	*ext = arena_strdup(a, local + n + 1);
}

bool
addr_has_route(const char *local)
{
	return strpbrk(local, "@%!") != NULL;
}
