/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "clock.h"
#include "dkim.h"
#include "dns.h"
#include "param.h"
#include "posthouse_dkim.h"

#define ROUND       1000 /* milliseconds that the loop waits at most */
#define SERVERS_MAX 16

/* What came of one question. */
struct said {
	struct arena arena;
	enum dns_status status;
	const char **texts; /* names, addresses, or TXT */
	size_t n;
	bool over;
};

static int64_t end; /* of the time there is, on the monotonic clock */

static void
on_answer(void *owner, const struct dns_answer *answer)
{
	struct said *s = owner;

	s->status = answer->status;
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

/* The name servers of the zone that the name lies in. */
static bool
find_servers(const char *name, struct said *s)
{
	for (const char *zone = name; zone != NULL; zone = strchr(zone, '.')) {
		zone += zone[0] == '.' ? 1 : 0;
		ask(s, zone, DNS_NS);
		if (s->n > 0 || s->status == DNS_FAILED)
			return s->n > 0;
		arena_free(&s->arena);
	}
	return false;
}

/* The p of a record without white space; "" where there is none. */
static void
put_key(struct buf *out, const char *record)
{
	struct dkim_tags tags;
	const char *why;

	if (!dkim_tags_parse(slice_of(record), &tags, &why))
		return;
	const struct dkim_tag *p = dkim_tag(&tags, "p");
	if (p != NULL)
		dkim_squeeze(out, p->value);
}

static enum dkim_published
compare(const struct said *s, const char *record)
{
	CLEAN_BUF struct buf want = { 0 };

	if (s->status == DNS_FAILED)
		return KEY_UNKNOWN;
	put_key(&want, record);
	for (size_t i = 0; i < s->n; i++) {
		CLEAN_BUF struct buf have = { 0 };

		put_key(&have, s->texts[i]);
		if (str_eq(buf_str(&have), buf_str(&want)))
			return KEY_PUBLISHED;
	}
	return s->n > 0 ? KEY_DIFFERS : KEY_ABSENT;
}

/* One server, by one of its addresses, which is then the resolver. */
static enum dkim_published
ask_server(const char *address, const char *name, const char *record)
{
	CLEAN_BUF struct buf only = { 0 };
	const char *before = params.dns_servers;
	struct said s;

	buf_addf(&only, strchr(address, ':') != NULL ? "[%s]:53" : "%s:53",
	    address);
	dns_stop();
	params.dns_servers = buf_str(&only);
	dns_start();
	ask(&s, name, DNS_TXT);
	enum dkim_published found = compare(&s, record);
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
check_server(const char *server, const char *name, const char *record,
    struct buf *told)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	enum dkim_published found = KEY_UNKNOWN;

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct said s;

		ask(&s, server, types[t]);
		for (size_t i = 0; i < s.n && found == KEY_UNKNOWN; i++)
			found = ask_server(s.texts[i], name, record);
		arena_free(&s.arena);
	}
	buf_addf(told, "\t%s %s\n", server, words[found]);
	return found;
}

enum dkim_published
dkim_published(const char *name, const char *record, int64_t until,
    struct buf *told)
{
	enum dkim_published all = KEY_PUBLISHED;
	struct said servers;

	end = until;
	if (!find_servers(name, &servers)) {
		buf_adds(told, "\tits name servers could not be found\n");
		arena_free(&servers.arena);
		return KEY_UNKNOWN;
	}
	for (size_t i = 0; i < MIN(servers.n, (size_t)SERVERS_MAX); i++) {
		enum dkim_published one = check_server(servers.texts[i], name,
		    record, told);

		if (all == KEY_PUBLISHED || one == KEY_UNKNOWN)
			all = one;
	}
	arena_free(&servers.arena);
	return all;
}
