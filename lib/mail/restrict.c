/*
 * The table `kinds` has a row for each restriction: what it needs, and who
 * judges it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "restrict.h"

#include <stdlib.h>
#include <string.h>

#include "param.h"
#include "restrict_parts.h"
#include "str.h"

enum needs {
	NOTHING,
	A_TABLE,  /* TYPE:TABLE follows */
	A_DOMAIN, /* DOMAIN or DOMAIN=FILTER follows */
	CERTS,    /* the tables of relay_clientcerts */
	THE_NEXT, /* another restriction follows */
};

struct restrict_kind {
	const char *name;
	enum needs needs;
	bool guard; /* refuses what is not ours */
	bool asks;  /* perhaps the DNS, or another host */
	restrict_fn *judge;
};

struct restrictions {
	struct restrict_item *at;
	size_t n;
};

/* clang-format off */
static const struct restrict_kind kinds[] = {
	/* name                             needs     guard  asks   who judges */
	{ "permit",                         NOTHING,  false, false, restrict_permit },
	{ "reject",                         NOTHING,  true,  false, restrict_reject },
	{ "defer",                          NOTHING,  true,  false, restrict_defer },
	{ "warn_if_reject",                 THE_NEXT, false, false, NULL },
	{ "permit_mynetworks",              NOTHING,  false, false, restrict_mynetworks },
	{ "permit_sasl_authenticated",      NOTHING,  false, false, restrict_authenticated },
	{ "permit_tls_clientcerts",         CERTS,    false, false, restrict_known_cert },
	{ "permit_tls_all_clientcerts",     NOTHING,  false, false, restrict_trusted_cert },
	{ "permit_dnswl_client",            A_DOMAIN, false, true,  restrict_listed_good },
	{ "permit_auth_destination",        NOTHING,  false, false, restrict_auth_destination },
	{ "reject_unauth_destination",      NOTHING,  true,  false, restrict_unauth_destination },
	{ "defer_unauth_destination",       NOTHING,  true,  false, restrict_unauth_defer },
	{ "reject_plaintext_session",       NOTHING,  false, false, restrict_in_clear },
	{ "reject_unknown_client_hostname", NOTHING,  false, false, restrict_unknown_name },
	{ "reject_unknown_reverse_client_hostname",
					    NOTHING,  false, false, restrict_unknown_reverse },
	{ "reject_invalid_helo_hostname",   NOTHING,  false, false, restrict_helo_invalid },
	{ "reject_non_fqdn_helo_hostname",  NOTHING,  false, false, restrict_helo_fqdn },
	{ "reject_unknown_helo_hostname",   NOTHING,  false, true,  restrict_unknown_helo },
	{ "reject_non_fqdn_sender",         NOTHING,  false, false, restrict_sender_fqdn },
	{ "reject_unknown_sender_domain",   NOTHING,  false, true,  restrict_unknown_sender },
	{ "reject_non_fqdn_recipient",      NOTHING,  false, false, restrict_rcpt_fqdn },
	{ "reject_unknown_recipient_domain",
					    NOTHING,  false, true,  restrict_unknown_rcpt },
	{ "reject_unverified_recipient",    NOTHING,  false, true,  restrict_rcpt_unverified },
	{ "reject_rbl_client",              A_DOMAIN, false, true,  restrict_listed_client },
	{ "reject_rhsbl_client",            A_DOMAIN, false, true,  restrict_listed_name },
	{ "reject_rhsbl_reverse_client",    A_DOMAIN, false, true,  restrict_listed_reverse },
	{ "reject_rhsbl_helo",              A_DOMAIN, false, true,  restrict_listed_helo },
	{ "reject_rhsbl_sender",            A_DOMAIN, false, true,  restrict_listed_sender },
	{ "reject_rhsbl_recipient",         A_DOMAIN, false, true,  restrict_listed_rcpt },
	{ "reject_sender_login_mismatch",   NOTHING,  false, false, restrict_owner },
	{ "reject_authenticated_sender_login_mismatch",
					    NOTHING,  false, false, restrict_owner_if_in },
	{ "reject_known_sender_login_mismatch",
					    NOTHING,  false, false, restrict_owner_if_known },
	{ "reject_unauthenticated_sender_login_mismatch",
					    NOTHING,  false, false, restrict_owner_if_out },
	{ "check_client_access",            A_TABLE,  false, false, restrict_client_access },
	{ "check_reverse_client_hostname_access",
					    A_TABLE,  false, false, restrict_reverse_access },
	{ "check_ccert_access",             A_TABLE,  false, false, restrict_cert_access },
	{ "check_sasl_access",              A_TABLE,  false, false, restrict_user_access },
	{ "check_helo_access",              A_TABLE,  false, false, restrict_helo_access },
	{ "check_sender_access",            A_TABLE,  false, false, restrict_sender_access },
	{ "check_recipient_access",         A_TABLE,  false, false, restrict_rcpt_access },
	{ "check_etrn_access",              A_TABLE,  false, false, restrict_etrn_access },
};
/* clang-format on */

static bool
fail(struct slice word, const char *text, const char **why)
{
	static struct buf said; /* until the next call */

	buf_reset(&said);
	str_printable(&said, word.at, word.len, 100);
	buf_addf(&said, ": %s", text);
	*why = buf_str(&said);
	return false;
}

static const struct restrict_kind *
find_kind(struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_eq_nocase(word, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static bool
open_table(struct restrict_item *i, struct slice *rest, struct slice word,
    const char **why)
{
	CLEAN_BUF struct buf spec = { 0 };
	struct slice name;

	if (!slice_next_item(rest, &name) ||
	    memchr(name.at, ':', name.len) == NULL)
		return fail(word, "TYPE:TABLE must follow", why);
	buf_add(&spec, name.at, name.len);
	if (!tables_open(&i->tables, buf_str(&spec), why))
		return false;
	if (tables_any_remote(&i->tables))
		return fail(name, "such a table cannot be asked here", why);
	return true;
}

/* "zen.example.org=127.0.0.[2..11]" */
static bool
open_domain(struct restrict_item *i, struct slice *rest, struct slice word,
    const char **why)
{
	CLEAN_BUF struct buf domain = { 0 }, filter = { 0 };
	struct slice item, name;

	if (!slice_next_item(rest, &item) ||
	    memchr(item.at, '.', item.len) == NULL)
		return fail(word, "a domain of the DNS must follow", why);
	bool all = memchr(item.at, '=', item.len) == NULL;
	struct slice which = item;
	(void)slice_next_part(&which, '=', &name); /* item is not empty */
	buf_add(&domain, name.at, name.len);
	buf_add(&filter, which.at, which.len);
	i->domain = buf_take(&domain);
	if (all)
		return true;
	i->filter = buf_take(&filter);
	return restrict_filter_ok(i->filter) ||
	    fail(item, "the addresses behind = cannot be read", why);
}

static bool
open_certs(struct restrict_item *i, struct slice word, const char **why)
{
	if (!tables_open(&i->tables, params.relay_clientcerts, why))
		return false;
	return !tables_any_remote(&i->tables) ||
	    fail(word, "relay_clientcerts: such a table cannot be asked here",
		why);
}

static bool
open_needs(struct restrict_item *i, struct slice *rest, struct slice word,
    const char **why)
{
	switch (i->kind->needs) {
	case A_TABLE:
		return open_table(i, rest, word, why);
	case A_DOMAIN:
		return open_domain(i, rest, word, why);
	case CERTS:
		return open_certs(i, word, why);
	case NOTHING:
	case THE_NEXT:
		break;
	}
	return true;
}

static bool
open_item(struct restrictions *r, struct slice *rest, struct slice word,
    const char **why)
{
	const struct restrict_kind *kind = find_kind(word);
	bool warn = kind != NULL && kind->needs == THE_NEXT;

	if (warn) {
		struct slice prefix = word;

		kind = slice_next_item(rest, &word) ? find_kind(word) : NULL;
		if (kind == NULL || kind->needs == THE_NEXT)
			return fail(prefix, "a restriction must follow", why);
		if (kind->judge == restrict_rcpt_unverified)
			return fail(word, "cannot be tried by warn_if_reject",
			    why);
	}
	if (kind == NULL)
		return fail(word, "no such restriction", why);
	r->at = xrealloc(r->at, r->n + 1, sizeof(r->at[0]));
	struct restrict_item *i = &r->at[r->n++];
	*i = (struct restrict_item){ .kind = kind, .warn = warn };
	return open_needs(i, rest, word, why);
}

struct restrictions *
restrictions_open(const char *list, const char **why)
{
	struct restrictions *r = xcalloc(1, sizeof(*r));
	struct slice rest = slice_of(list), word;

	while (slice_next_item(&rest, &word)) {
		if (open_item(r, &rest, word, why))
			continue;
		restrictions_close(&r);
		return NULL;
	}
	return r;
}

void
restrictions_close(struct restrictions **rp)
{
	struct restrictions *r = *rp;

	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n; i++) {
		tables_free(&r->at[i].tables);
		free(r->at[i].domain);
		free(r->at[i].filter);
	}
	free(r->at);
	free(r);
	*rp = NULL;
}

bool
restrictions_refuse_relay(const struct restrictions *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].kind->guard && !r->at[i].warn)
			return true;
	return false;
}

bool
restrictions_ask(const struct restrictions *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].kind->asks)
			return true;
	return false;
}

enum restrict_answer
restrictions_go_on(const struct restrictions *r, const struct restrict_case *c,
    size_t *at, struct restrict_reply *reply)
{
	enum restrict_answer answer = RESTRICT_NONE;
	struct restrict_case now = *c;

	while (*at < r->n && answer == RESTRICT_NONE) {
		const struct restrict_item *i = &r->at[(*at)++];

		answer = i->kind->judge(i, &now, reply);
		if (answer == RESTRICT_ASK_DNS)
			(*at)--;
		if (answer == RESTRICT_REFUSE && i->warn)
			answer = RESTRICT_WARN;
		now.found = NULL; /* it was this item's */
	}
	return answer;
}

enum restrict_answer
restrictions_judge(const struct restrictions *r, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	size_t at = 0;

	return restrictions_go_on(r, c, &at, reply);
}
