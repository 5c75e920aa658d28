/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "clock.h"
#include "dkim_key.h"
#include "dns.h"
#include "param.h"
#include "posthouse_dkim.h"

#define ROUND       1000 /* milliseconds that the loop waits at most */
#define SERVERS_MAX 16
#define CHAIN_MAX   8 /* CNAMEs from zone to zone */

/* What came of one question. */
struct said {
	struct arena arena;
	enum dns_status status;
	const char **texts; /* names, addresses, or TXT */
	size_t n;
	const char *name; /* where its CNAMEs ended, or NULL */
	bool over;
};

/* What is looked for, and how far the way there is. */
struct search {
	const char *name, *record;
	unsigned int hops;
	struct buf *told;
};

static int64_t end; /* of the time there is, on the monotonic clock */

static void
on_answer(void *owner, const struct dns_answer *answer)
{
	struct said *s = owner;

	s->status = answer->status;
	if (answer->name != NULL)
		s->name = arena_strdup(&s->arena, answer->name);
	s->texts = arena_new(&s->arena, (answer->n + 1) * sizeof(const char *));
	for (size_t i = 0; i < answer->n; i++) {
		const struct dns_record *r = &answer->records[i];

		if (r->name != NULL)
			s->texts[s->n++] = arena_strdup(&s->arena, r->name);
		else if (r->address != NULL)
			s->texts[s->n++] = arena_strdup(&s->arena, r->address);
		else
			s->texts[s->n++] = arena_memdup(&s->arena, r->data.at,
			    r->data.len);
	}
	s->over = true;
}

static void
ask(struct said *s, const char *name, enum dns_type type)
{
	*s = (struct said){ .status = DNS_FAILED };
	if (clock_mono() >= end)
		return;
	struct dns_query *query = dns_ask(name, type, on_answer, s);
	while (!s->over && clock_mono() < end)
		loop_once(ROUND);
	if (!s->over)
		dns_drop(&query);
}

/* The name servers of the zone that the name lies in; not those of another zone
 * that a CNAME leads to. */
static bool
find_servers(const char *name, struct said *s)
{
	for (const char *zone = name; zone != NULL; zone = strchr(zone, '.')) {
		zone += zone[0] == '.' ? 1 : 0;
		ask(s, zone, DNS_NS);
		bool own = s->name == NULL || str_eq_nocase(s->name, zone);

		if (own && (s->n > 0 || s->status == DNS_FAILED))
			return s->n > 0;
		arena_free(&s->arena);
	}
	return false;
}

/* A record that who verifies would take, with the same key in it. */
static bool
is_same(const char *text, const struct dkim_key *want)
{
	struct dkim_key have;
	const char *why; /* that it is another one is enough */

	if (dkim_key_parse(slice_of(text), &have, &why) != DKIM_PASS)
		return false;
	bool same = EVP_PKEY_eq(have.pkey, want->pkey) == 1;
	dkim_key_free(&have);
	return same;
}

static enum dkim_published
compare(const struct said *s, const char *record)
{
	bool found = false;
	struct dkim_key want;
	const char *why; /* it is a record of ours */

	if (s->status == DNS_FAILED)
		return KEY_UNKNOWN;
	if (dkim_key_parse(slice_of(record), &want, &why) != DKIM_PASS)
		return KEY_DIFFERS;
	for (size_t i = 0; i < s->n; i++)
		found |= is_same(s->texts[i], &want);
	dkim_key_free(&want);
	if (found)
		return KEY_PUBLISHED;
	return s->n > 0 ? KEY_DIFFERS : KEY_ABSENT;
}

/* One server, by one of its addresses, which is then the resolver.  The name
 * may be another name for one in a zone that others serve: then it is appended
 * to alias. */
static enum dkim_published
ask_server(const struct search *q, const char *address, struct buf *alias)
{
	CLEAN_BUF struct buf only = { 0 };
	const char *before = params.dns_servers;
	struct said s;

	buf_addf(&only, strchr(address, ':') != NULL ? "[%s]:53" : "%s:53",
	    address);
	dns_stop();
	params.dns_servers = buf_str(&only);
	dns_start();
	ask(&s, q->name, DNS_CNAME);
	enum dkim_published found = KEY_UNKNOWN;
	if (s.n > 0) {
		buf_adds(alias, s.texts[0]);
	} else {
		arena_free(&s.arena);
		ask(&s, q->name, DNS_TXT);
		found = compare(&s, q->record);
	}
	arena_free(&s.arena);
	dns_stop();
	params.dns_servers = before;
	dns_start();
	return found;
}

static const char *const words[] = {
	[KEY_PUBLISHED] = "has it",
	[KEY_ABSENT] = "has no such record",
	[KEY_DIFFERS] = "has another key",
	[KEY_UNKNOWN] = "does not answer",
};

/* The first address that answers speaks for the server. */
static enum dkim_published
check_server(const struct search *q, const char *server, struct buf *alias)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	enum dkim_published found = KEY_UNKNOWN;

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct said s;

		ask(&s, server, types[t]);
		for (size_t i = 0;
		     i < s.n && found == KEY_UNKNOWN && alias->len == 0; i++)
			found = ask_server(q, s.texts[i], alias);
		arena_free(&s.arena);
	}
	if (alias->len > 0)
		buf_addf(q->told, "\t%s has %s\n", server, buf_str(alias));
	else
		buf_addf(q->told, "\t%s %s\n", server, words[found]);
	return found;
}

static enum dkim_published search(const struct search *q);

static enum dkim_published
follow(const struct search *q, const char *alias)
{
	struct search next = *q;

	next.name = alias;
	return ++next.hops > CHAIN_MAX ? KEY_UNKNOWN : search(&next);
}

static enum dkim_published
search(const struct search *q)
{
	enum dkim_published all = KEY_PUBLISHED, there = KEY_UNKNOWN;
	CLEAN_BUF struct buf before = { 0 };
	struct said servers;

	if (!find_servers(q->name, &servers)) {
		buf_adds(q->told, "\tits name servers could not be found\n");
		arena_free(&servers.arena);
		return KEY_UNKNOWN;
	}
	for (size_t i = 0; i < MIN(servers.n, (size_t)SERVERS_MAX); i++) {
		CLEAN_BUF struct buf alias = { 0 };
		enum dkim_published one = check_server(q, servers.texts[i],
		    &alias);

		/* Nearly always all of them name the same. */
		if (alias.len > 0 && !str_eq(buf_str(&alias), buf_str(&before)))
			there = follow(q, buf_str(&alias));
		if (alias.len > 0)
			one = there;
		buf_reset(&before);
		buf_adds(&before, buf_str(&alias));

		if (all == KEY_PUBLISHED || one == KEY_UNKNOWN)
			all = one;
	}
	arena_free(&servers.arena);
	return all;
}

enum dkim_published
dkim_published(const char *name, const char *record, int64_t until,
    struct buf *told)
{
	const struct search q = {
		.name = name,
		.record = record,
		.told = told,
	};

	end = until;
	return search(&q);
}
