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

struct kind {
	const char *name;
	bool table; /* TYPE:TABLE follows */
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

static judge_fn permit, reject, defer, permit_mynetworks, reject_unknown_name,
    check_client, check_etrn;

/* clang-format off */
static const struct kind kinds[] = {
	{ "permit",                         false, permit              },
	{ "reject",                         false, reject              },
	{ "defer",                          false, defer               },
	{ "permit_mynetworks",              false, permit_mynetworks   },
	{ "reject_unknown_client_hostname", false, reject_unknown_name },
	{ "check_client_access",            true,  check_client        },
	{ "check_etrn_access",              true,  check_etrn          },
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

static enum restrict_answer
check_client(const struct item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf who = { 0 };
	enum found found = tables_get_domain(&i->tables, c->client_name,
	    parents_match(), &value);

	buf_addf(&who, "%s[%s]", c->client_name, c->client_addr);
	if (found == FOUND_NONE)
		found = find_address(&i->tables, c->client_addr, &value);
	if (found == FOUND_FAILED)
		return refuse_for_now(reply, "4.3.0", buf_str(&who),
		    "Temporary lookup failure");
	return found == FOUND_NONE
	    ? RESTRICT_NONE
	    : obey(buf_str(&value), buf_str(&who), "Client host", reply);
}

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
open_item(struct restrictions *r, struct slice *rest, struct slice word,
    const char **why)
{
	const struct kind *kind = find_kind(word);

	if (kind == NULL)
		return fail(word, "no such restriction", why);
	r->at = xrealloc(r->at, r->n + 1, sizeof(r->at[0]));
	struct item *i = &r->at[r->n++];
	*i = (struct item){ .kind = kind };
	return !kind->table || open_table(i, rest, word, why);
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

enum restrict_answer
restrictions_judge(const struct restrictions *r, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	enum restrict_answer answer = RESTRICT_NONE;

	for (size_t i = 0; i < r->n && answer == RESTRICT_NONE; i++)
		answer = r->at[i].kind->judge(&r->at[i], c, reply);
	return answer;
}
