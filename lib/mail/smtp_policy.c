/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_policy.h"

#include <string.h>

#include "buf.h"
#include "param.h"
#include "smtp_hosts.h"
#include "str.h"
#include "table.h"
#include "tls.h"

static const char *const levels[] = {
	[SMTP_TLS_NONE] = "none",
	[SMTP_TLS_MAY] = "may",
	[SMTP_TLS_ENCRYPT] = "encrypt",
	[SMTP_TLS_DANE] = "dane",
	[SMTP_TLS_DANE_ONLY] = "dane-only",
	[SMTP_TLS_FINGERPRINT] = "fingerprint",
	[SMTP_TLS_VERIFY] = "verify",
	[SMTP_TLS_SECURE] = "secure",
};

static struct tables policies;

const char *
smtp_tls_level_name(enum smtp_tls_level level)
{
	return levels[level];
}

bool
smtp_policy_open(const char **why)
{
	return tables_open(&policies, params.smtp_tls_policy_maps, why);
}

/* ---- attributes ---- */

typedef bool set_fn(struct arena *a, struct slice value,
    struct smtp_tls_policy *p, const char **why);

/* Lists in an attribute are parted by colons or bars (Postfix's TLS_README). */
static const char *
copy_list(struct arena *a, struct slice value, const char *seps)
{
	char *copy = arena_memdup(a, value.at, value.len);

	for (char *c = copy; *c != '\0'; c++)
		if (strchr(seps, *c) != NULL)
			*c = ' ';
	return copy;
}

static bool
set_match(struct arena *a, struct slice value, struct smtp_tls_policy *p,
    const char **why)
{
	*why = "match= is for fingerprint, verify and secure";
	p->match = copy_list(a, value,
	    p->level == SMTP_TLS_FINGERPRINT ? "|" : ":|");
	return p->level >= SMTP_TLS_FINGERPRINT;
}

static bool
set_servername(struct arena *a, struct slice value, struct smtp_tls_policy *p,
    const char **why)
{
	*why = "servername= without a name";
	p->servername = arena_memdup(a, value.at, value.len);
	return value.len > 0;
}

static bool
set_ciphers(struct arena *a, struct slice value, struct smtp_tls_policy *p,
    const char **why)
{
	*why = "ciphers are medium or high";
	p->ciphers = arena_memdup(a, value.at, value.len);
	return str_eq(p->ciphers, "medium") || str_eq(p->ciphers, "high");
}

static bool
set_exclude(struct arena *a, struct slice value, struct smtp_tls_policy *p,
    const char **why)
{
	p->exclude = copy_list(a, value, ":");
	return tls_ciphers_are_named(p->exclude, why);
}

static bool
set_protocols(struct arena *a, struct slice value, struct smtp_tls_policy *p,
    const char **why)
{
	int lowest, highest;

	p->protocols = copy_list(a, value, ":");
	return tls_parse_protocols(p->protocols, &lowest, &highest, why);
}

static bool
set_reuse(struct arena *a, struct slice value, struct smtp_tls_policy *p,
    const char **why)
{
	(void)a;
	*why = "connection_reuse is yes or no";
	p->no_reuse = slice_eq_nocase(value, "no");
	return p->no_reuse || slice_eq_nocase(value, "yes");
}

static const struct {
	const char *name;
	set_fn *set;
} attributes[] = {
	{ "match", set_match },
	{ "servername", set_servername },
	{ "ciphers", set_ciphers },
	{ "exclude", set_exclude },
	{ "protocols", set_protocols },
	{ "connection_reuse", set_reuse },
};

/* ---- policies ---- */

static bool
parse_level(struct slice word, enum smtp_tls_level *level)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (slice_eq_nocase(word, levels[i])) {
			*level = (enum smtp_tls_level)i;
			return true;
		}
	return false;
}

static bool
parse_attribute(struct arena *a, struct slice item, struct smtp_tls_policy *p,
    const char **why)
{
	struct slice value = item, name;

	*why = "an attribute without its value";
	if (!slice_next_part(&value, '=', &name) || value.at == NULL)
		return false;
	*why = "attributes are match= protocols= ciphers= exclude= "
	       "servername= connection_reuse=";
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (slice_eq_nocase(name, attributes[i].name))
			return attributes[i].set(a, value, p, why);
	return false;
}

/* What has to match at a level where nothing else is said. */
static const char *
match_of(enum smtp_tls_level level)
{
	switch (level) {
	case SMTP_TLS_FINGERPRINT:
		return params.smtp_tls_fingerprint_cert_match;
	case SMTP_TLS_VERIFY:
		return params.smtp_tls_verify_cert_match;
	case SMTP_TLS_SECURE:
		return params.smtp_tls_secure_cert_match;
	case SMTP_TLS_NONE:
	case SMTP_TLS_MAY:
	case SMTP_TLS_ENCRYPT:
	case SMTP_TLS_DANE:
	case SMTP_TLS_DANE_ONLY:
		break;
	}
	return "";
}

bool
smtp_policy_parse(struct arena *a, const char *text,
    struct smtp_tls_policy *out, const char **why)
{
	struct smtp_tls_policy p = { .text = text };
	struct slice rest = slice_of(text), item;

	if (!slice_next_item(&rest, &item) || !parse_level(item, &p.level)) {
		*why = "a policy begins with none, may, encrypt, dane, "
		       "dane-only, fingerprint, verify or secure";
		return false;
	}
	while (slice_next_item(&rest, &item))
		if (!parse_attribute(a, item, &p, why))
			return false;
	if (p.match == NULL)
		p.match = match_of(p.level);
	if (p.level >= SMTP_TLS_FINGERPRINT && p.match[0] == '\0') {
		*why = "nothing is said that the host's certificate has to "
		       "match";
		return false;
	}
	*out = p;
	return true;
}

void
smtp_policy_settle(struct smtp_tls_policy *p, enum smtp_tls_level level)
{
	bool must = level > SMTP_TLS_MAY && !p->testing;

	p->level = level;
	if (p->match == NULL)
		p->match = match_of(level);
	if (p->protocols == NULL)
		p->protocols = must ? params.smtp_tls_mandatory_protocols
				    : params.smtp_tls_protocols;
	if (p->ciphers == NULL)
		p->ciphers = must ? params.smtp_tls_mandatory_ciphers
				  : params.smtp_tls_ciphers;
	if (p->exclude == NULL)
		p->exclude = must ? params.smtp_tls_mandatory_exclude_ciphers
				  : "";
	if (p->servername == NULL)
		p->servername = params.smtp_tls_servername;
}

/* A value of a table lives for one look-up, and the policy as long as the
 * arena. */
enum found
smtp_policy_find(struct arena *a, const char *nexthop,
    struct smtp_tls_policy *out, const char **why)
{
	CLEAN_BUF struct buf text = { 0 };
	enum found found = tables_get(&policies, nexthop, &text);

	if (found == FOUND_NONE && nexthop[0] != '[' &&
	    strchr(nexthop, ':') == NULL)
		found = tables_get_domain(&policies, nexthop, false, &text);
	if (found == FOUND_FAILED) {
		*why = "TLS policy lookup failure";
		return found;
	}
	const char *line = found == FOUND_NONE
	    ? params.smtp_tls_security_level
	    : arena_memdup(a, text.text, text.len);
	const char *fault;
	if (smtp_policy_parse(a, line, out, &fault))
		return FOUND_ONE;
	*why = arena_printf(a, "TLS policy error: %s", fault);
	return FOUND_FAILED;
}

/* ---- MTA-STS ---- */

void
smtp_policy_obey_sts(struct smtp_tls_policy *p)
{
	p->origin = SMTP_TLS_BY_STS;
	p->match = "hostname";
	p->servername = "hostname";
	p->level = SMTP_TLS_SECURE;
}

/* ---- names ---- */

/* The next hop's domain, or the host that it names. */
static const char *
domain_of(struct arena *a, const char *nexthop)
{
	struct smtp_target t;
	const char *why;

	return smtp_target_parse(a, nexthop, &t, &why) ? t.host : nexthop;
}

const char *
smtp_policy_name(struct arena *a, const char *word, const char *host,
    const char *nexthop)
{
	if (str_eq_nocase(word, "hostname"))
		return host;
	if (str_eq_nocase(word, "nexthop"))
		return domain_of(a, nexthop);
	if (str_eq_nocase(word, "dot-nexthop"))
		return arena_printf(a, ".%s", domain_of(a, nexthop));
	return word;
}
