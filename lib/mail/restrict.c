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
	A_TABLE, /* TYPE:TABLE follows */
	CERTS,   /* the tables of relay_clientcerts */
};

struct restrict_kind {
	const char *name;
	enum needs needs;
	bool guard; /* refuses what is not ours */
	restrict_fn *judge;
};

struct restrictions {
	struct restrict_item *at;
	size_t n;
};

/* clang-format off */
static const struct restrict_kind kinds[] = {
	/* name                             needs    guard  who judges */
	{ "permit",                         NOTHING, false, restrict_permit },
	{ "reject",                         NOTHING, true,  restrict_reject },
	{ "defer",                          NOTHING, true,  restrict_defer },
	{ "permit_mynetworks",              NOTHING, false, restrict_mynetworks },
	{ "permit_sasl_authenticated",      NOTHING, false, restrict_authenticated },
	{ "permit_tls_clientcerts",         CERTS,   false, restrict_known_cert },
	{ "permit_tls_all_clientcerts",     NOTHING, false, restrict_trusted_cert },
	{ "permit_auth_destination",        NOTHING, false, restrict_auth_destination },
	{ "reject_unauth_destination",      NOTHING, true,  restrict_unauth_destination },
	{ "defer_unauth_destination",       NOTHING, true,  restrict_unauth_defer },
	{ "reject_unknown_client_hostname", NOTHING, false, restrict_unknown_name },
	{ "reject_invalid_helo_hostname",   NOTHING, false, restrict_helo_invalid },
	{ "reject_non_fqdn_helo_hostname",  NOTHING, false, restrict_helo_fqdn },
	{ "reject_non_fqdn_sender",         NOTHING, false, restrict_sender_fqdn },
	{ "reject_non_fqdn_recipient",      NOTHING, false, restrict_rcpt_fqdn },
	{ "reject_unverified_recipient",    NOTHING, false, restrict_rcpt_unverified },
	{ "reject_sender_login_mismatch",   NOTHING, false, restrict_owner },
	{ "reject_authenticated_sender_login_mismatch",
					    NOTHING, false, restrict_owner_if_in },
	{ "reject_known_sender_login_mismatch",
					    NOTHING, false, restrict_owner_if_known },
	{ "reject_unauthenticated_sender_login_mismatch",
					    NOTHING, false, restrict_owner_if_out },
	{ "check_client_access",            A_TABLE, false, restrict_client_access },
	{ "check_ccert_access",             A_TABLE, false, restrict_cert_access },
	{ "check_helo_access",              A_TABLE, false, restrict_helo_access },
	{ "check_sender_access",            A_TABLE, false, restrict_sender_access },
	{ "check_recipient_access",         A_TABLE, false, restrict_rcpt_access },
	{ "check_etrn_access",              A_TABLE, false, restrict_etrn_access },
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

static bool
open_tables(struct restrict_item *i, struct slice *rest, struct slice word,
    const char **why)
{
	switch (i->kind->needs) {
	case NOTHING:
		return true;
	case A_TABLE:
		return open_table(i, rest, word, why);
	case CERTS:
		break;
	}
	if (!tables_open(&i->tables, params.relay_clientcerts, why))
		return false;
	return !tables_any_remote(&i->tables) ||
	    fail(word, "relay_clientcerts: such a table cannot be asked here",
		why);
}

static bool
open_item(struct restrictions *r, struct slice *rest, struct slice word,
    const char **why)
{
	const struct restrict_kind *kind = find_kind(word);

	if (kind == NULL)
		return fail(word, "no such restriction", why);
	r->at = xrealloc(r->at, r->n + 1, sizeof(r->at[0]));
	struct restrict_item *i = &r->at[r->n++];
	*i = (struct restrict_item){ .kind = kind };
	return open_tables(i, rest, word, why);
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
	for (size_t i = 0; i < r->n; i++)
		tables_free(&r->at[i].tables);
	free(r->at);
	free(r);
	*rp = NULL;
}

bool
restrictions_refuse_relay(const struct restrictions *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].kind->guard)
			return true;
	return false;
}

enum restrict_answer
restrictions_go_on(const struct restrictions *r, const struct restrict_case *c,
    size_t *at, struct restrict_reply *reply)
{
	enum restrict_answer answer = RESTRICT_NONE;

	while (*at < r->n && answer == RESTRICT_NONE) {
		const struct restrict_item *i = &r->at[(*at)++];

		answer = i->kind->judge(i, c, reply);
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
