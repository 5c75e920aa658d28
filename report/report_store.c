/*
 * Two tables.  `facts`: period, kind, domain, NUL, digest of the fact, to
 * count and fact.  `due`: time, kind, period, domain, to a rec_report_due.
 * Numbers in keys are big-endian, so that they stand in their order.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "report_store.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "map.h"
#include "msg.h"
#include "param.h"
#include "store.h"

#define MAP_SIZE   ((size_t)1 << 30) /* of address space */
#define DIGEST     16
#define SPREAD_MAX (4 * HOUR)
#define DOMAIN_LEN ((size_t)253)

enum {
	FACTS,
	DUE,
};

/* A fact that waits for the disk. */
struct pending {
	enum report_kind kind;
	char *domain;
	int64_t begin, end;
	struct buf fact, coarse;
	uint64_t count;
};

static struct store *store;
static struct map pending; /* by the key of facts */
static bool is_full;       /* said once */

bool
report_store_open(const char *path, const char **why)
{
	static const char *const tables[] = { "facts", "due" };

	store = store_open(path, tables, ARRAY_LEN(tables), MAP_SIZE, why);
	return store != NULL;
}

/* ---- keys ---- */

static struct slice
slice_of_buf(const struct buf *b)
{
	return (struct slice){ buf_str(b), b->len };
}

static void
digest(const void *bytes, size_t n, uint8_t out[EVP_MAX_MD_SIZE])
{
	if (EVP_Digest(bytes, n, out, NULL, EVP_sha256(), NULL) != 1)
		log_fatal("no SHA-256");
}

static void
put_prefix(struct buf *out, int64_t begin, enum report_kind kind,
    const char *domain)
{
	wire_put_u64(out, (uint64_t)begin);
	wire_put_u8(out, (uint8_t)kind);
	buf_add(out, domain, strlen(domain) + 1);
}

static void
put_fact_key(struct buf *out, const struct pending *p, const struct buf *fact)
{
	uint8_t sum[EVP_MAX_MD_SIZE];

	digest(buf_str(fact), fact->len, sum);
	put_prefix(out, p->begin, p->kind, p->domain);
	buf_add(out, sum, DIGEST);
}

static void
put_due_key(struct buf *out, const struct report_due *d)
{
	wire_put_u64(out, (uint64_t)d->when);
	wire_put_u8(out, (uint8_t)d->kind);
	wire_put_u64(out, (uint64_t)d->begin);
	buf_adds(out, d->domain);
}

int64_t
report_store_due_at(enum report_kind kind, const char *domain, int64_t end)
{
	CLEAN_BUF struct buf name = { 0 };
	uint8_t sum[EVP_MAX_MD_SIZE];
	int64_t most = MIN(params.report_interval / 6, SPREAD_MAX);

	buf_addf(&name, "%d %s", (int)kind, domain);
	digest(name.text, name.len, sum);
	int64_t random = (int64_t)sum[0] << 24 | (int64_t)sum[1] << 16 |
	    (int64_t)sum[2] << 8 | sum[3];
	/* What was counted last may still be on its way here. */
	return end + MIN(params.report_interval / 10, MINUTE) +
	    (most > 0 ? random % most : 0);
}

/* ---- counting ---- */

static void
pending_free(struct pending *p)
{
	free(p->domain);
	buf_free(&p->fact);
	buf_free(&p->coarse);
	free(p);
}

static void
count_pending(struct pending *p)
{
	CLEAN_BUF struct buf key = { 0 };

	put_fact_key(&key, p, &p->fact);
	struct pending *old = map_get(&pending, key.text, key.len);
	if (old != NULL) {
		old->count += p->count;
		pending_free(p);
		return;
	}
	*map_put(&pending, key.text, key.len) = p;
}

void
report_store_count(enum report_kind kind, const char *domain, int64_t now,
    struct slice fact, struct slice coarse)
{
	int64_t begin = now - now % params.report_interval;
	const char *why;

	if (strlen(domain) > DOMAIN_LEN)
		return;
	struct pending *p = xcalloc(1, sizeof(*p));
	p->kind = kind;
	p->domain = xstrdup(domain);
	p->begin = begin;
	p->end = begin + params.report_interval;
	p->count = 1;
	buf_add(&p->fact, fact.at, fact.len);
	buf_add(&p->coarse, coarse.at, coarse.len);
	count_pending(p);
	if (pending.len >= REPORT_PENDING_MAX && !report_store_flush(&why))
		log_warn("figures for reports are lost: %s", why);
}

size_t
report_store_pending(void)
{
	return pending.len;
}

/* ---- to the disk ---- */

static void
put_due(const struct report_due *d)
{
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf value = { 0 };
	struct rec_report_due r = {
		.end = d->end,
		.attempts = d->attempts,
		.done = d->done,
		.facts = d->facts,
	};

	put_due_key(&key, d);
	rec_put_report_due(&value, &r);
	store_put(store, DUE, slice_of_buf(&key), slice_of_buf(&value));
}

static void
drop_due(const struct report_due *d)
{
	CLEAN_BUF struct buf key = { 0 };

	put_due_key(&key, d);
	store_drop(store, DUE, slice_of_buf(&key));
}

/* The report that a fact belongs to, as it is before anybody has taken it; a
 * new one where there is none.  False where there are too many. */
static bool
find_due(const struct pending *p, struct buf *room, struct report_due *d)
{
	CLEAN_BUF struct buf key = { 0 };
	struct rec_report_due r;

	*d = (struct report_due){
		.kind = p->kind,
		.begin = p->begin,
		.end = p->end,
		.domain = p->domain,
		.done = "",
		.when = report_store_due_at(p->kind, p->domain, p->end),
	};
	put_due_key(&key, d);
	if (store_get(store, DUE, slice_of_buf(&key), room) == FOUND_ONE) {
		struct wire w = wire_open(room->text, room->len);

		if (rec_get_report_due(&r, &w) && wire_done(&w))
			d->facts = r.facts;
		return true;
	}
	bool full = report_store_waiting() >= REPORT_DOMAINS_MAX;
	if (full && !is_full)
		log_warn("figures about %zu domains wait to be reported: those "
			 "about others are lost",
		    REPORT_DOMAINS_MAX);
	is_full = full;
	return !full;
}

/* Adds to the count of a fact; false where it is none of those that are
 * there. */
static bool
add_count(const struct pending *p, const struct buf *fact, bool may_be_new)
{
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf room = { 0 };
	struct rec_report_fact r = { .fact = { buf_str(fact), fact->len } };

	put_fact_key(&key, p, fact);
	bool known = store_get(store, FACTS, slice_of_buf(&key), &room) ==
	    FOUND_ONE;
	if (known) {
		struct wire w = wire_open(room.text, room.len);

		if (!rec_get_report_fact(&r, &w))
			r.count = 0;
		r.fact = (struct slice){ buf_str(fact), fact->len };
	} else if (!may_be_new) {
		return false;
	}
	r.count += p->count;
	rec_put_report_fact(&value, &r);
	store_put(store, FACTS, slice_of_buf(&key), slice_of_buf(&value));
	return known;
}

static void
flush_one(const struct pending *p)
{
	CLEAN_BUF struct buf room = { 0 };
	struct report_due due;

	if (!find_due(p, &room, &due))
		return;
	if (add_count(p, &p->fact, due.facts < REPORT_FACTS_MAX))
		return;
	/* Coarse facts are few: they are never too many. */
	if (due.facts >= REPORT_FACTS_MAX && add_count(p, &p->coarse, true))
		return;
	due.facts++;
	put_due(&due);
}

bool
report_store_flush(const char **why)
{
	MAP_EACH(&pending, e) {
		flush_one(e->value);
		pending_free(e->value);
	}
	map_free(&pending);
	return store_commit(store, why);
}

void
report_store_close(void)
{
	MAP_EACH(&pending, e)
		pending_free(e->value);
	map_free(&pending);
	store_close(&store);
}

size_t
report_store_waiting(void)
{
	return store_count(store, DUE);
}

/* ---- what is due ---- */

/* The strings of *out point into room, which has key, NUL and value. */
static bool
read_due(const struct buf *key, const struct buf *value, struct buf *room,
    struct report_due *out)
{
	struct wire k = wire_open(key->text, key->len);
	struct rec_report_due r;
	struct report_due d = { 0 };

	d.when = (int64_t)wire_get_u64(&k);
	uint8_t kind = wire_get_u8(&k);
	d.begin = (int64_t)wire_get_u64(&k);
	buf_reset(room);
	buf_add(room, k.at, k.left);
	buf_addc(room, '\0');
	size_t at = room->len;
	buf_add(room, value->text, value->len);
	struct wire w = wire_open(room->text + at, value->len);
	if (k.bad || k.left == 0 || kind < REPORT_TLS || kind >= REPORT_KINDS ||
	    !rec_get_report_due(&r, &w) || !wire_done(&w))
		return false;
	d.kind = (enum report_kind)kind;
	d.domain = room->text;
	d.end = r.end;
	d.attempts = r.attempts;
	d.done = r.done;
	d.facts = r.facts;
	*out = d;
	return true;
}

enum found
report_store_take(int64_t now, int64_t next, struct buf *room,
    struct report_due *out)
{
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf value = { 0 };
	enum found found = store_next(store, DUE, SLICE(""), &key, &value);

	if (found != FOUND_ONE)
		return found;
	if (!read_due(&key, &value, room, out)) {
		store_drop(store, DUE, slice_of_buf(&key));
		return FOUND_FAILED;
	}
	if (out->when > now)
		return FOUND_NONE;
	drop_due(out);
	out->when = MAX(next, now + 1);
	out->attempts++;
	put_due(out);
	return FOUND_ONE;
}

/* Calls fn for each fact; with `drop` it is forgotten after. */
static void
walk(const struct report_due *due, bool drop,
    void (*fn)(void *owner, struct slice fact, uint64_t count), void *owner)
{
	CLEAN_BUF struct buf prefix = { 0 };
	CLEAN_BUF struct buf from = { 0 };
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf value = { 0 };

	put_prefix(&prefix, due->begin, due->kind, due->domain);
	buf_add(&from, prefix.text, prefix.len);
	while (store_next(store, FACTS, slice_of_buf(&from), &key, &value) ==
		FOUND_ONE &&
	    key.len >= prefix.len &&
	    memcmp(key.text, prefix.text, prefix.len) == 0) {
		struct wire w = wire_open(value.text, value.len);
		struct rec_report_fact r;

		if (fn != NULL && rec_get_report_fact(&r, &w) && wire_done(&w))
			fn(owner, r.fact, r.count);
		if (drop)
			store_drop(store, FACTS, slice_of_buf(&key));
		buf_reset(&from);
		buf_add(&from, key.text, key.len);
		buf_addc(&from, '\0'); /* behind it */
	}
}

void
report_store_each(const struct report_due *due,
    void (*fn)(void *owner, struct slice fact, uint64_t count), void *owner)
{
	walk(due, false, fn, owner);
}

void
report_store_done(const struct report_due *due, const char *where,
    struct buf *room, struct report_due *out)
{
	struct report_due d = *due;

	buf_reset(room);
	buf_addf(room, "%s%s%s", due->done, due->done[0] != '\0' ? " " : "",
	    where);
	d.done = buf_str(room);
	put_due(&d);
	*out = d;
}

void
report_store_forget(const struct report_due *due)
{
	walk(due, true, NULL, NULL);
	drop_due(due);
}
