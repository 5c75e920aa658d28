/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spf_record.h"

#include <arpa/inet.h>
#include <string.h>

#include "num.h"
#include "spf_macro.h"

#define TAG "v=spf1"

enum domain_rule {
	NO_DOMAIN,
	MAY_DOMAIN,
	MUST_DOMAIN,
};

/* What may follow the name of a mechanism. */
/* clang-format off */
static const struct mechanism {
	const char *name;
	enum spf_mechanism mechanism;
	enum domain_rule domain;
	bool prefix; /* a dual-cidr-length */
} mechanisms[] = {
	{ "all",     SPF_ALL,     NO_DOMAIN,   false },
	{ "include", SPF_INCLUDE, MUST_DOMAIN, false },
	{ "a",       SPF_A,       MAY_DOMAIN,  true  },
	{ "mx",      SPF_MX,      MAY_DOMAIN,  true  },
	{ "ptr",     SPF_PTR,     MAY_DOMAIN,  false },
	{ "ip4",     SPF_IP4,     NO_DOMAIN,   false },
	{ "ip6",     SPF_IP6,     NO_DOMAIN,   false },
	{ "exists",  SPF_EXISTS,  MUST_DOMAIN, false },
};

static const struct {
	char sign;
	enum spf_result result;
} qualifiers[] = {
	{ '+', SPF_PASS },
	{ '-', SPF_FAIL },
	{ '?', SPF_NEUTRAL },
	{ '~', SPF_SOFTFAIL },
};
/* clang-format on */

static struct slice
behind(struct slice s, size_t n)
{
	return (struct slice){ s.at + n, s.len - n };
}

/* Takes "MARK number" off the end of rest, where it is there: the number
 * without leading zeros, at most max. */
static enum match
take_prefix(struct slice *rest, const char *mark, unsigned int max,
    unsigned int *bits)
{
	size_t digits = 0, len = strlen(mark);
	int64_t n;

	while (digits < rest->len &&
	    char_is_digit(rest->at[rest->len - digits - 1]))
		digits++;
	if (digits == 0 || rest->len - digits < len ||
	    memcmp(rest->at + rest->len - digits - len, mark, len) != 0)
		return MATCH_NO;

	const char *number = rest->at + rest->len - digits;
	if (digits > 3 || (digits > 1 && number[0] == '0') ||
	    !num_parse_len(number, digits, 0, max, &n))
		return MATCH_BAD;
	*bits = (unsigned int)n;
	rest->len -= digits + len;
	return MATCH_YES;
}

/* dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ] */
static const char *
read_prefixes(struct slice *rest, struct spf_term *t)
{
	if (take_prefix(rest, "//", 128, &t->bits6) == MATCH_BAD ||
	    take_prefix(rest, "/", 32, &t->bits4) == MATCH_BAD)
		return "the length of a prefix is wrong";
	return NULL;
}

static const char *
read_domain(struct slice rest, enum domain_rule rule, struct spf_term *t)
{
	const char *why;

	if (rest.len == 0)
		return rule == MUST_DOMAIN ? "a domain is missing" : NULL;
	if (rule == NO_DOMAIN || *rest.at != ':')
		return "more than the mechanism takes";
	t->domain = behind(rest, 1);
	return spf_macro_valid(t->domain, SPF_DOMAIN_SPEC, &why) ? NULL : why;
}

/* ":" network [ "/" length ] */
static const char *
read_network(struct slice rest, int family, struct spf_term *t)
{
	char text[INET6_ADDRSTRLEN];
	enum match prefix = family == AF_INET
	    ? take_prefix(&rest, "/", 32, &t->bits4)
	    : take_prefix(&rest, "/", 128, &t->bits6);

	if (prefix == MATCH_BAD)
		return "the length of a prefix is wrong";
	if (rest.len == 0 || *rest.at != ':')
		return "an address is missing";
	rest = behind(rest, 1);
	if (rest.len >= sizeof(text))
		return "no address";
	memcpy(text, rest.at, rest.len);
	text[rest.len] = '\0';
	if (strlen(text) != rest.len || inet_pton(family, text, t->net) != 1)
		return "no address";
	return NULL;
}

static const char *
read_mechanism(struct slice text, size_t name_len, struct spf_term *t)
{
	struct slice rest = behind(text, name_len);
	const struct mechanism *m = NULL;
	const char *why = NULL;

	for (size_t i = 0; i < ARRAY_LEN(mechanisms) && m == NULL; i++)
		if (slice_eq_nocase((struct slice){ text.at, name_len },
			mechanisms[i].name))
			m = &mechanisms[i];
	if (m == NULL)
		return "no such mechanism";
	t->mechanism = m->mechanism;
	t->bits4 = 32;
	t->bits6 = 128;
	if (m->mechanism == SPF_IP4)
		return read_network(rest, AF_INET, t);
	if (m->mechanism == SPF_IP6)
		return read_network(rest, AF_INET6, t);
	if (m->prefix)
		why = read_prefixes(&rest, t);
	return why != NULL ? why : read_domain(rest, m->domain, t);
}

static const char *
read_directive(struct slice text, struct spf_term *t)
{
	size_t n = 0;

	t->text = text;
	t->result = SPF_PASS;
	for (size_t i = 0; i < ARRAY_LEN(qualifiers); i++)
		if (*text.at == qualifiers[i].sign) {
			t->result = qualifiers[i].result;
			text = behind(text, 1);
			break;
		}
	while (n < text.len && text.at[n] != ':' && text.at[n] != '/')
		n++;
	return read_mechanism(text, n, t);
}

static const char *
keep_once(struct slice *place, struct slice value)
{
	const char *why;

	if (place->len > 0)
		return "a modifier is there twice";
	*place = value;
	return spf_macro_valid(value, SPF_DOMAIN_SPEC, &why) ? NULL : why;
}

static const char *
read_modifier(struct slice name, struct slice value, struct spf_record *out)
{
	const char *why;

	if (slice_eq_nocase(name, "redirect"))
		return keep_once(&out->redirect, value);
	if (slice_eq_nocase(name, "exp"))
		return keep_once(&out->explanation, value);
	return spf_macro_valid(value, SPF_MACRO_STRING, &why) ? NULL : why;
}

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ), followed by "=" */
static bool
is_modifier(struct slice text, size_t *name_len)
{
	size_t n = 0;

	if (!char_is_alpha(*text.at))
		return false;
	while (n < text.len &&
	    (char_is_alpha(text.at[n]) || char_is_digit(text.at[n]) ||
		(text.at[n] != '\0' && strchr("-_.", text.at[n]) != NULL)))
		n++;
	*name_len = n;
	return n < text.len && text.at[n] == '=';
}

static const char *
read_term(struct slice text, struct spf_term *terms, struct spf_record *out)
{
	size_t n;

	if (is_modifier(text, &n))
		return read_modifier((struct slice){ text.at, n },
		    behind(text, n + 1), out);
	return read_directive(text, &terms[out->n++]);
}

bool
spf_record_is(struct slice text)
{
	size_t n = sizeof(TAG) - 1;

	return text.len >= n &&
	    slice_eq_nocase((struct slice){ text.at, n }, TAG) &&
	    (text.len == n || text.at[n] == ' ');
}

static size_t
count_terms(struct slice text)
{
	struct slice term;
	size_t n = 0;

	while (slice_next_part(&text, ' ', &term))
		n += term.len > 0;
	return n;
}

bool
spf_record_parse(struct arena *a, struct slice text, struct spf_record *out,
    const char **why)
{
	struct spf_record record = { 0 };
	struct slice term;

	if (!spf_record_is(text)) {
		*why = "no SPF record";
		return false;
	}
	text = behind(text, sizeof(TAG) - 1);
	struct spf_term *terms = arena_new(a,
	    (count_terms(text) + 1) * sizeof(*terms));
	while (slice_next_part(&text, ' ', &term)) {
		if (term.len == 0)
			continue;
		const char *wrong = read_term(term, terms, &record);
		if (wrong != NULL) {
			*why = arena_printf(a, "%.*s: %s",
			    (int)MIN(term.len, (size_t)200), term.at, wrong);
			return false;
		}
	}
	record.terms = terms;
	*out = record;
	return true;
}

const char *
spf_result_name(enum spf_result result)
{
	static const char *const names[] = {
		[SPF_NONE] = "none",
		[SPF_NEUTRAL] = "neutral",
		[SPF_PASS] = "pass",
		[SPF_FAIL] = "fail",
		[SPF_SOFTFAIL] = "softfail",
		[SPF_TEMPERROR] = "temperror",
		[SPF_PERMERROR] = "permerror",
	};

	return names[result];
}
