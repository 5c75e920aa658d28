/*
 * The table `kinds` has a row for each restriction: what it needs, and who
 * judges it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "restrict.h"

#include <stdlib.h>
#include <string.h>

#include "num.h"
#include "param.h"
#include "str.h"
#include "table.h"

struct item;

typedef enum restrict_answer judge_fn(const struct item *i,
    const struct restrict_case *c, struct restrict_reply *reply);

enum needs {
	NOTHING,
	A_TABLE, /* TYPE:TABLE follows */
	CERTS,   /* the tables of relay_clientcerts */
};

struct kind {
	const char *name;
	enum needs needs;
	judge_fn *judge;
};

struct item {
	const struct kind *kind;
	struct tables tables;
};

struct restrictions {
	struct item *at;
	size_t n;
};

static judge_fn permit, reject, defer, permit_mynetworks, permit_authenticated,
    permit_ours, reject_others, defer_others, permit_certs, permit_all_certs,
    reject_unknown_name, check_client, check_cert, check_etrn;

/* clang-format off */
static const struct kind kinds[] = {
	{ "permit",                         NOTHING, permit               },
	{ "reject",                         NOTHING, reject               },
	{ "defer",                          NOTHING, defer                },
	{ "permit_mynetworks",              NOTHING, permit_mynetworks    },
	{ "permit_sasl_authenticated",      NOTHING, permit_authenticated },
	{ "permit_auth_destination",        NOTHING, permit_ours          },
	{ "reject_unauth_destination",      NOTHING, reject_others        },
	{ "defer_unauth_destination",       NOTHING, defer_others         },
	{ "permit_tls_clientcerts",         CERTS,   permit_certs         },
	{ "permit_tls_all_clientcerts",     NOTHING, permit_all_certs     },
	{ "reject_unknown_client_hostname", NOTHING, reject_unknown_name  },
	{ "check_client_access",            A_TABLE, check_client         },
	{ "check_ccert_access",             A_TABLE, check_cert           },
	{ "check_etrn_access",              A_TABLE, check_etrn           },
};
/* clang-format on */

/* ---- refusals ---- */

static enum restrict_answer
refuse(struct restrict_reply *reply, int code, const char *status,
    const char *name, const char *class, const char *text)
{
	reply->code = code;
	(void)snprintf(reply->status, sizeof(reply->status), "%s", status);
	buf_addf(&reply->text, "<%s>: %s rejected: %s", name, class, text);
	return RESTRICT_REFUSE;
}

static enum restrict_answer
refuse_for_now(struct restrict_reply *reply, const char *status,
    const char *name, const char *text)
{
	reply->code = 451;
	(void)snprintf(reply->status, sizeof(reply->status), "%s", status);
	buf_addf(&reply->text, "<%s>: %s", name, text);
	return RESTRICT_REFUSE;
}

/* ---- those without a table ---- */

static enum restrict_answer
permit(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i; /* whoever it is */
	(void)c;
	(void)reply;
	return RESTRICT_PERMIT;
}

static enum restrict_answer
reject(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	return refuse(reply, 554, "5.7.1", c->subject, c->stage,
	    "Access denied");
}

static enum restrict_answer
defer(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	return refuse(reply, 450, "4.3.2", c->subject, c->stage,
	    "Try again later");
}

static enum restrict_answer
permit_mynetworks(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	(void)reply;
	return c->trusted ? RESTRICT_PERMIT : RESTRICT_NONE;
}

static enum restrict_answer
permit_authenticated(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	(void)reply;
	return c->authenticated ? RESTRICT_PERMIT : RESTRICT_NONE;
}

static enum restrict_answer
permit_ours(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	(void)reply;
	return c->ours ? RESTRICT_PERMIT : RESTRICT_NONE;
}

static enum restrict_answer
refuse_relay(const struct restrict_case *c, int code,
    struct restrict_reply *reply)
{
	if (c->ours)
		return RESTRICT_NONE;
	reply->code = code;
	(void)snprintf(reply->status, sizeof(reply->status), "%d.7.1",
	    code / 100);
	buf_addf(&reply->text, "<%s>: Relay access denied", c->subject);
	return RESTRICT_REFUSE;
}

static enum restrict_answer
reject_others(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	return refuse_relay(c, 554, reply);
}

static enum restrict_answer
defer_others(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	return refuse_relay(c, 454, reply);
}

static enum restrict_answer
permit_all_certs(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	(void)reply;
	return c->cert_trusted ? RESTRICT_PERMIT : RESTRICT_NONE;
}

/* For now: the name may only not be known at this moment. */
static enum restrict_answer
reject_unknown_name(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	if (!str_eq(c->client_name, "unknown"))
		return RESTRICT_NONE;
	reply->code = 450;
	(void)snprintf(reply->status, sizeof(reply->status), "4.7.25");
	buf_addf(&reply->text,
	    "Client host rejected: cannot find your hostname, [%s]",
	    c->client_addr);
	return RESTRICT_REFUSE;
}

/* ---- what a table says ---- */

/* "550", "450 4.2.1 text" */
static enum restrict_answer
obey_code(int code, const char *rest, const char *name, const char *class,
    struct restrict_reply *reply)
{
	char status[DSN_STATUS_MAX];
	const char *text = rest;

	(void)snprintf(status, sizeof(status), "%d.7.1", code / 100);
	if (dsn_split(rest, status, &text) != MATCH_YES)
		text = rest;
	text += strspn(text, " \t");
	return refuse(reply, code, status, name, class,
	    text[0] != '\0' ? text : "Access denied");
}

static enum restrict_answer
obey(const char *value, const char *name, const char *class,
    struct restrict_reply *reply)
{
	struct slice rest = slice_of(value), word = { 0 };
	int64_t code = 0;
	const char *text;

	(void)slice_next_item(&rest, &word); /* none is no action */
	text = value + (word.len > 0 ? (size_t)(word.at - value) : 0) +
	    word.len;
	text += strspn(text, " \t");
	if (slice_eq_nocase(word, "DUNNO"))
		return RESTRICT_NONE;
	if (slice_eq_nocase(word, "OK"))
		return RESTRICT_PERMIT;
	if (slice_eq_nocase(word, "REJECT"))
		return obey_code(554, text, name, class, reply);
	if (slice_eq_nocase(word, "DEFER"))
		return obey_code(450, text, name, class, reply);
	if (!num_parse_len(word.at, word.len, 0, INT64_MAX, &code))
		return refuse_for_now(reply, "4.3.5", name,
		    "Server configuration error");
	if (word.len == 3 && code >= 400 && code <= 599)
		return obey_code((int)code, text, name, class, reply);
	return RESTRICT_PERMIT;
}

static bool
parents_match(void)
{
	return param_has_word(params.parent_domain_matches_subdomains,
	    "smtpd_access_maps");
}

/* The address, then the networks that it lies in, by its parts: 192.0.2.1,
 * 192.0.2, 192.0, 192. */
static enum found
find_address(const struct tables *ts, const char *address, struct buf *value)
{
	char separator = strchr(address, ':') != NULL ? ':' : '.';
	CLEAN_BUF struct buf key = { 0 };
	enum found found = tables_get_here(ts, address, value);
	const char *cut;

	buf_adds(&key, address);
	while (found == FOUND_NONE &&
	    (cut = strrchr(buf_str(&key), separator)) != NULL) {
		buf_cut(&key, (size_t)(cut - buf_str(&key)));
		found = tables_get_part(ts, buf_str(&key), value);
	}
	return found;
}

static void
put_client(struct buf *out, const struct restrict_case *c)
{
	buf_addf(out, "%s[%s]", c->client_name, c->client_addr);
}

static enum restrict_answer
check_client(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf who = { 0 };
	enum found found = tables_get_domain(&i->tables, c->client_name,
	    parents_match(), &value);

	put_client(&who, c);
	if (found == FOUND_NONE)
		found = find_address(&i->tables, c->client_addr, &value);
	if (found == FOUND_FAILED)
		return refuse_for_now(reply, "4.3.0", buf_str(&who),
		    "Temporary lookup failure");
	return found == FOUND_NONE
	    ? RESTRICT_NONE
	    : obey(buf_str(&value), buf_str(&who), "Client host", reply);
}

/* ---- certificates ---- */

/* By the fingerprint of the certificate, then by that of its key. */
static enum found
find_cert(const struct tables *ts, const struct restrict_case *c,
    struct buf *value)
{
	if (c->cert == NULL)
		return FOUND_NONE;
	enum found found = tables_get_here(ts, c->cert, value);
	return found == FOUND_NONE ? tables_get_here(ts, c->key, value) : found;
}

/* Whoever vouches for it, or nobody: the fingerprint is enough. */
static enum restrict_answer
permit_certs(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf who = { 0 };

	switch (find_cert(&i->tables, c, &value)) {
	case FOUND_ONE:
		return RESTRICT_PERMIT;
	case FOUND_NONE:
		return RESTRICT_NONE;
	case FOUND_FAILED:
		break;
	}
	put_client(&who, c);
	return refuse_for_now(reply, "4.3.0", buf_str(&who),
	    "Temporary lookup failure");
}

static enum restrict_answer
check_cert(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf who = { 0 };
	enum found found = find_cert(&i->tables, c, &value);

	put_client(&who, c);
	if (found == FOUND_FAILED)
		return refuse_for_now(reply, "4.3.0", buf_str(&who),
		    "Temporary lookup failure");
	return found == FOUND_NONE
	    ? RESTRICT_NONE
	    : obey(buf_str(&value), buf_str(&who), "Client certificate", reply);
}

/* ---- ETRN ---- */

static enum restrict_answer
check_etrn(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };
	enum found found = tables_get_domain(&i->tables, c->subject,
	    parents_match(), &value);

	if (found == FOUND_FAILED)
		return refuse_for_now(reply, "4.3.0", c->subject,
		    "Temporary lookup failure");
	return found == FOUND_NONE
	    ? RESTRICT_NONE
	    : obey(buf_str(&value), c->subject, c->stage, reply);
}

/* ---- lists ---- */

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

static const struct kind *
find_kind(struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_eq_nocase(word, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static bool
open_table(struct item *i, struct slice *rest, struct slice word,
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
open_tables(struct item *i, struct slice *rest, struct slice word,
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
	const struct kind *kind = find_kind(word);

	if (kind == NULL)
		return fail(word, "no such restriction", why);
	r->at = xrealloc(r->at, r->n + 1, sizeof(r->at[0]));
	struct item *i = &r->at[r->n++];
	*i = (struct item){ .kind = kind };
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
	for (size_t i = 0; i < r->n; i++) {
		judge_fn *judge = r->at[i].kind->judge;

		if (judge == reject || judge == defer ||
		    judge == reject_others || judge == defer_others)
			return true;
	}
	return false;
}

enum restrict_answer
restrictions_judge(const struct restrictions *r, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	enum restrict_answer answer = RESTRICT_NONE;

	for (size_t i = 0; i < r->n && answer == RESTRICT_NONE; i++)
		answer = r->at[i].kind->judge(&r->at[i], c, reply);
	return answer;
}
