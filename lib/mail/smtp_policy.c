/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_policy.h"

#include <string.h>

#include "buf.h"
#include "param.h"
#include "smtp_hosts.h"
#include "str.h"
#include "table_type.h"
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

/* What may be said more than once adds up. */
static const char *
add_words(struct arena *a, const char *before, const char *words)
{
	return before == NULL ? words : arena_printf(a, "%s %s", before, words);
}

static bool
set_match(struct arena *a, struct slice value, struct smtp_tls_policy *p,
    const char **why)
{
	*why = "match= is for fingerprint, verify and secure";
	p->match = add_words(a, p->match,
	    copy_list(a, value, p->level == SMTP_TLS_FINGERPRINT ? "|" : ":|"));
	return p->level >= SMTP_TLS_FINGERPRINT;
}

static bool
set_tafile(struct arena *a, struct slice value, struct smtp_tls_policy *p,
    const char **why)
{
	*why = value.len == 0 ? "tafile= without a file"
			      : "tafile= is for verify and secure";
	p->anchors = add_words(a, p->anchors,
	    arena_memdup(a, value.at, value.len));
	return value.len > 0 && p->level >= SMTP_TLS_VERIFY;
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

/* RFC 7250: the library has none. */
static bool
set_rpk(struct arena *a, struct slice value, struct smtp_tls_policy *p,
    const char **why)
{
	(void)a, (void)p;
	*why = "enable_rpk: keys without a certificate are not known here";
	return slice_eq_nocase(value, "no");
}

static const struct {
	const char *name;
	set_fn *set;
	bool many; /* may be said more than once */
} attributes[] = {
	{ "match", set_match, true },
	{ "tafile", set_tafile, true },
	{ "servername", set_servername, false },
	{ "ciphers", set_ciphers, false },
	{ "exclude", set_exclude, false },
	{ "protocols", set_protocols, false },
	{ "connection_reuse", set_reuse, false },
	{ "enable_rpk", set_rpk, false },
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

/* The attribute's place in the table; false with why. */
static bool
find_attribute(struct slice name, size_t *at, const char **why)
{
	*why = "attributes are match= tafile= servername= ciphers= exclude= "
	       "protocols= connection_reuse= enable_rpk=";
	for (*at = 0; *at < ARRAY_LEN(attributes); ++*at)
		if (slice_eq_nocase(name, attributes[*at].name))
			return true;
	return false;
}

/* `seen` has a bit for each that was said. */
static bool
parse_attribute(struct arena *a, struct slice item, struct smtp_tls_policy *p,
    uint32_t *seen, const char **why)
{
	struct slice value = item, name;
	size_t i;

	*why = "an attribute without its value";
	if (!slice_next_part(&value, '=', &name) || value.at == NULL ||
	    !find_attribute(name, &i, why))
		return false;
	*why = "an attribute is said twice";
	if ((*seen & 1u << i) != 0 && !attributes[i].many)
		return false;
	*seen |= 1u << i;
	return attributes[i].set(a, value, p, why);
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
	uint32_t seen = 0;

	if (!slice_next_item(&rest, &item) || !parse_level(item, &p.level)) {
		*why = "a policy begins with none, may, encrypt, dane, "
		       "dane-only, fingerprint, verify or secure";
		return false;
	}
	while (slice_next_item(&rest, &item))
		if (!parse_attribute(a, item, &p, &seen, why))
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
	if (p->anchors == NULL)
		p->anchors = level >= SMTP_TLS_VERIFY
		    ? params.smtp_tls_trust_anchor_file
		    : "";
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
	p->anchors = "";
	p->level = SMTP_TLS_SECURE;
}

/* ---- trust anchors ---- */

struct walk {
	smtp_policy_file_fn *fn;
	void *arg;
};

static void
tell_files(const struct walk *w, const char *list)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct slice rest = slice_of(list), item;

	while (slice_next_item(&rest, &item))
		w->fn(w->arg, arena_memdup(&a, item.at, item.len));
}

/* A wrong line is told when mail meets it. */
static bool
on_policy(void *arg, const char *key, const char *value)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_tls_policy p;
	const char *why;

	(void)key;
	if (smtp_policy_parse(&a, value, &p, &why) && p.anchors != NULL)
		tell_files(arg, p.anchors);
	return true;
}

bool
smtp_policy_each_file(smtp_policy_file_fn *fn, void *arg, const char **why)
{
	struct walk w = { fn, arg };

	tell_files(&w, params.smtp_tls_trust_anchor_file);
	for (size_t i = 0; i < policies.n; i++) {
		struct table *t = policies.at[i];

		if (table_type_of(t)->each != NULL &&
		    !table_each(t, on_policy, &w)) {
			*why = table_why("%s: it cannot be read",
			    table_spec(t));
			return false;
		}
	}
	return true;
}

/* ---- faults ---- */

struct faults {
	smtp_policy_fault_fn *fn;
	void *arg;
};

static bool
on_line(void *arg, const char *key, const char *value)
{
	CLEAN_ARENA struct arena a = { 0 };
	const struct faults *f = arg;
	struct smtp_tls_policy p;
	const char *why;

	if (!smtp_policy_parse(&a, value, &p, &why))
		f->fn(f->arg, key, why);
	return true;
}

void
smtp_policy_each_fault(smtp_policy_fault_fn *fn, void *arg)
{
	struct faults f = { fn, arg };

	for (size_t i = 0; i < policies.n; i++)
		if (table_type_of(policies.at[i])->each != NULL &&
		    !table_each(policies.at[i], on_line, &f))
			return; /* smtp_policy_each_file() tells of it */
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
