/*
 * The lists in force: one lmdb table, in which a domain has an entry of its own
 * that says of what form its list is,
 *
 *	example.org          plain - 0 open complete 1790000000000 2
 *	example.org          hashed SALT ROUNDS final complete TIME COUNT
 *
 * and each recipient one: alice@example.org, @example.org, HASH@example.org.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "recipients.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "num.h"
#include "param.h"
#include "recipients_hex.h"
#include "table.h"
#include "table_lmdb.h"
#include "table_type.h"

#define SPEC_TYPE "lmdb:"

static struct table *lists;

static const char *
table_path(void)
{
	const char *spec = params.recipient_lists;

	return str_starts(spec, SPEC_TYPE) ? spec + strlen(SPEC_TYPE) : "";
}

static bool
is_there(void)
{
	CLEAN_BUF struct buf file = { 0 };

	buf_addf(&file, "%s" LMDB_SUFFIX, table_path());
	return table_path()[0] != '\0' && access(buf_str(&file), F_OK) == 0;
}

/* OpenSSL reads its configuration at the first use, which cannot come later. */
static void
warm_up(void)
{
	static const struct recipients_form form = { true, 1, { 0 } };
	CLEAN_BUF struct buf key = { 0 };

	recipients_key(&key, &form, "");
}

bool
recipients_open(const char **why)
{
	table_close(&lists);
	if (!is_there())
		return true;
	warm_up();
	lists = table_open(params.recipient_lists, why);
	return lists != NULL;
}

/* ---- a domain's entry ---- */

static void
put_info(struct buf *out, const struct recipients_info *i)
{
	if (i->form.hashed) {
		buf_adds(out, "hashed ");
		hex_put(out, i->form.salt, sizeof(i->form.salt));
	} else {
		buf_adds(out, "plain -");
	}
	buf_addf(out, " %" PRId64 " %s %s %" PRId64 " %" PRId64, i->form.rounds,
	    i->final ? "final" : "open", i->complete ? "complete" : "partial",
	    i->when, i->n);
}

static bool
next_number(struct slice *rest, int64_t max, int64_t *out)
{
	struct slice word;

	return slice_next_part(rest, ' ', &word) &&
	    num_parse_len(word.at, word.len, 0, max, out);
}

static bool
get_info(struct slice rest, struct recipients_info *out)
{
	struct recipients_info i = { 0 };
	struct slice form, salt, final, complete;

	if (!slice_next_part(&rest, ' ', &form) ||
	    !slice_next_part(&rest, ' ', &salt) ||
	    !next_number(&rest, RECIPIENTS_ROUNDS_MAX, &i.form.rounds) ||
	    !slice_next_part(&rest, ' ', &final) ||
	    !slice_next_part(&rest, ' ', &complete) ||
	    !next_number(&rest, INT64_MAX, &i.when) ||
	    !next_number(&rest, INT64_MAX, &i.n))
		return false;
	i.form.hashed = slice_eq(form, "hashed");
	i.final = slice_eq(final, "final");
	i.complete = slice_eq(complete, "complete");
	if (i.form.hashed &&
	    (i.form.rounds == 0 ||
		!hex_get(salt, i.form.salt, sizeof(i.form.salt))))
		return false;
	*out = i;
	return true;
}

/* ---- looking up ---- */

static enum found
has_key(const struct recipients_info *i, const char *address,
    const char *domain)
{
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf value = { 0 };

	recipients_key(&key, &i->form, address);
	if (i->form.hashed)
		buf_addf(&key, "@%s", domain);
	return table_get(lists, buf_str(&key), &value);
}

enum listed
recipients_find(struct arena *a, const char *address)
{
	struct addr addr = addr_split(a, address);
	CLEAN_BUF struct buf value = { 0 };
	struct recipients_info info;
	const char *user, *ext;

	if (lists == NULL || addr.domain[0] == '\0')
		return LISTED_NO_LIST;
	enum found f = table_get(lists, addr.domain, &value);
	if (f == FOUND_NONE)
		return LISTED_NO_LIST;
	if (f == FOUND_FAILED ||
	    !get_info((struct slice){ buf_str(&value), value.len }, &info))
		return LISTED_FAILED;

	addr_split_extension(a, addr.local, params.recipient_delimiter, &user,
	    &ext);
	f = has_key(&info, address, addr.domain);
	if (f == FOUND_NONE && ext[0] != '\0')
		f = has_key(&info, arena_printf(a, "%s@%s", user, addr.domain),
		    addr.domain);
	if (f == FOUND_NONE)
		f = has_key(&info, arena_printf(a, "@%s", addr.domain),
		    addr.domain);
	if (f == FOUND_FAILED)
		return LISTED_FAILED;
	if (f == FOUND_ONE)
		return LISTED_YES;
	return info.final ? LISTED_NEVER : LISTED_NO;
}

/* ---- changing ---- */

struct entries {
	struct source to;
	struct slice without; /* a domain that is left out */
	const struct recipients *instead;
};

static void
add(struct source *s, const char *key, const char *value)
{
	void **place = map_puts(&s->keys, key);

	if (*place != NULL)
		return;
	struct source_entry *e = arena_new(&s->arena, sizeof(*e));
	e->key = arena_strdup(&s->arena, key);
	e->value = arena_strdup(&s->arena, value);
	*place = e;
	if (s->n == s->room) {
		s->room = s->room == 0 ? 64 : 2 * s->room;
		s->at = xrealloc(s->at, s->room, sizeof(s->at[0]));
	}
	s->at[s->n++] = e;
}

static bool
is_replaced(const struct entries *e, const char *domain)
{
	if (slice_eq_nocase(e->without, domain))
		return true;
	for (size_t i = 0; e->instead != NULL && i < e->instead->n; i++)
		if (str_eq(e->instead->domains[i].name, domain))
			return true;
	return false;
}

static bool
take_over(void *arg, const char *key, const char *value)
{
	struct entries *e = arg;
	const char *at = strrchr(key, '@');

	if (!is_replaced(e, at != NULL ? at + 1 : key))
		add(&e->to, key, value);
	return true;
}

static void
add_domain(struct entries *e, const struct recipients_domain *d, bool final,
    int64_t now)
{
	struct recipients_info info = {
		.form = e->instead->form,
		.final = final,
		.complete = d->complete,
		.when = now,
		.n = (int64_t)d->n,
	};
	CLEAN_BUF struct buf text = { 0 };

	put_info(&text, &info);
	add(&e->to, d->name, buf_str(&text));
	for (size_t i = 0; i < d->n; i++) {
		buf_reset(&text);
		buf_adds(&text, d->at[i]);
		if (info.form.hashed)
			buf_addf(&text, "@%s", d->name);
		add(&e->to, buf_str(&text), "1");
	}
}

/* What is in force, without what is replaced. */
static bool
read_others(struct entries *e, const char **why)
{
	if (table_path()[0] == '\0') {
		*why = "recipient_lists: it must be lmdb:PATH";
		return false;
	}
	if (!is_there())
		return true;
	struct table *t = table_open(params.recipient_lists, why);
	if (t == NULL)
		return false;
	bool ok = table_each(t, take_over, e);
	table_close(&t);
	*why = "recipient_lists: the table cannot be read";
	return ok;
}

bool
recipients_install(const struct recipients *r, bool final, int64_t now,
    const char **why)
{
	struct entries e = { .instead = r };
	bool ok = read_others(&e, why);

	for (size_t i = 0; ok && i < r->n; i++)
		add_domain(&e, &r->domains[i], final, now);
	ok = ok && lmdb_rebuild(table_path(), &e.to, NULL, why);
	source_free(&e.to);
	return ok;
}

enum found
recipients_remove(const char *domain, const char **why)
{
	struct entries e = { .without = slice_of(domain) };
	CLEAN_BUF struct buf value = { 0 };
	enum found f = FOUND_NONE;

	if (!recipients_open(why))
		return FOUND_FAILED;
	if (lists != NULL)
		f = table_get(lists, domain, &value);
	*why = "recipient_lists: the table cannot be read";
	if (f != FOUND_ONE)
		return f;
	bool ok = read_others(&e, why) &&
	    lmdb_rebuild(table_path(), &e.to, NULL, why);
	source_free(&e.to);
	return ok ? FOUND_ONE : FOUND_FAILED;
}

/* ---- listing ---- */

struct listing {
	recipients_fn *fn;
	void *arg;
};

static bool
list_one(void *arg, const char *key, const char *value)
{
	const struct listing *l = arg;
	struct recipients_info info;

	if (strchr(key, '@') == NULL && get_info(slice_of(value), &info))
		l->fn(l->arg, key, &info);
	return true;
}

bool
recipients_each(recipients_fn *fn, void *arg, const char **why)
{
	struct listing l = { fn, arg };

	if (!is_there())
		return true;
	struct table *t = table_open(params.recipient_lists, why);
	if (t == NULL)
		return false;
	bool ok = table_each(t, list_one, &l);
	table_close(&t);
	*why = "recipient_lists: the table cannot be read";
	return ok;
}
