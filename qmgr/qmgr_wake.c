/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_wake.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "qmgr_agent.h"
#include "qmgr_parts.h"
#include "qmgr_provider.h"
#include "qmgr_scan.h"
#include "route.h"
#include "table.h"

/* Domains and clients whose tries are counted at a time. */
#define COUNTED_MAX 4096

/* The list of addresses is sent so often at most. */
#define TELL_AFTER (SECOND / 2)

struct count {
	int64_t until; /* the end of its span */
	uint32_t n;    /* tries in it */
};

static struct {
	struct namelist *domains; /* fast_flush_domains */
	bool parents;
	struct map counts; /* "d..." and "c..." to struct count */
	struct loop_timer tell;
} wake;

void
wake_open(void)
{
	const char *why;

	wake.domains = namelist_open(params.fast_flush_domains, &why);
	if (wake.domains == NULL)
		log_fatal("fast_flush_domains: %s", why);
	wake.parents = param_has_word(params.parent_domain_matches_subdomains,
	    "fast_flush_domains");
}

/* ---- how often ---- */

static void
forget_old(void)
{
	MAP_EACH(&wake.counts, e) {
		struct count *c = e->value;

		if (c->until > loop_now())
			continue;
		(void)map_drop(&wake.counts, e->key, e->len);
		free(c);
	}
}

/* One more within the span: true where that is not too much.  Where too many
 * are counted already, it is. */
static bool
count(const char *key, uint32_t most, int64_t span)
{
	struct count *c = map_gets(&wake.counts, key);

	if (c == NULL) {
		if (wake.counts.len >= COUNTED_MAX)
			forget_old();
		if (wake.counts.len >= COUNTED_MAX)
			return false;
		c = xcalloc(1, sizeof(*c));
		*map_puts(&wake.counts, key) = c;
	}
	if (c->until <= loop_now())
		*c = (struct count){ .until = loop_now() + span };
	return c->n++ < most;
}

/* IPv6 by the network of 64 bits, which is one client's. */
static void
put_client(struct buf *key, const char *address)
{
	struct in6_addr a;

	buf_addc(key, 'c');
	if (inet_pton(AF_INET6, address, &a) == 1)
		buf_add(key, &a, 8);
	else
		buf_adds(key, address);
}

static bool
client_may(const char *address)
{
	CLEAN_BUF struct buf raw = { 0 };
	CLEAN_BUF struct buf key = { 0 };

	put_client(&raw, address);
	for (size_t i = 0; i < raw.len; i++)
		buf_addf(&key, "%02x", (unsigned char)raw.text[i]);
	return count(buf_str(&key), WAKE_BURST, MINUTE);
}

static bool
node_may(const char *node)
{
	CLEAN_BUF struct buf key = { 0 };

	buf_addf(&key, "d%s", node);
	return count(buf_str(&key), 1, params.destination_probe_time);
}

/* ---- ETRN ---- */

/* Node is the argument as it was given, domain what it names. */
struct etrn {
	const char *node, *domain, *client;
	bool below; /* the domains below it too */
	struct dest **dests;
	size_t n_dests;
	uint64_t waiting; /* messages for them */
	bool shared;      /* one of them has mail for other domains too */
};

/* "example.org", "@example.org": and what is below, "#example.org": the queue
 * of that name, of which each domain has one. */
static bool
read_node(const char *what, struct etrn *e)
{
	size_t option = strspn(what, "@#") > 0;

	e->node = what;
	e->domain = what + option;
	e->below = what[0] == '@';
	return addr_domain_valid(slice_of(e->domain));
}

static void
add_dest(struct etrn *e, struct dest *d)
{
	for (size_t i = 0; i < e->n_dests; i++)
		if (e->dests[i] == d)
			return;
	if ((e->n_dests & (e->n_dests - 1)) == 0)
		e->dests = xrealloc(e->dests, MAX(2 * e->n_dests, 1),
		    sizeof(e->dests[0]));
	e->dests[e->n_dests++] = d;
	e->waiting += d->parts;
}

static void
add_all(struct etrn *e)
{
	MAP_EACH(&qmgr.sched->dests, entry) {
		struct dest *d = entry->value;

		if (sched_goes_to(d, e->domain, e->below))
			add_dest(e, d);
	}
}

/* Where mail to the domain goes. */
static enum found
find_dests(struct etrn *e)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct route route;
	struct dsn why;
	enum found found = route_resolve(&a, "",
	    arena_printf(&a, "etrn@%s", e->domain), &route, &why);

	if (found == FOUND_ONE) {
		struct transport *t = parts_transport(route.transport);
		struct dest *d = sched_find_dest(qmgr.sched, t->name,
		    route.nexthop);

		if (d != NULL) {
			add_dest(e, d);
			e->shared = !sched_goes_to(d, e->domain, false);
		}
		if (t->limits.rcpts == 1 || e->below)
			add_all(e);
	}
	return found;
}

static void
say_too_often(const struct etrn *e)
{
	log_info("ETRN %s from %s: again so soon: nothing is done", e->node,
	    e->client);
}

static bool
is_one_of(const struct dest *d, const void *arg)
{
	const struct etrn *e = arg;

	for (size_t i = 0; i < e->n_dests; i++)
		if (d == e->dests[i] ||
		    (d->provider != NULL &&
			d->provider == e->dests[i]->provider))
			return true;
	return false;
}

static void
flush(const struct etrn *e)
{
	if (e->waiting == 0)
		return;
	if (!node_may(e->node)) {
		say_too_often(e);
		return;
	}
	for (size_t i = 0; i < e->n_dests; i++) {
		struct dest *d = e->dests[i];

		if (d->parts == 0)
			continue;
		log_info("destination %s:%s is tried now (ETRN %s from %s), "
			 "%u messages wait",
		    d->transport->name, d->nexthop, e->node, e->client,
		    d->parts);
		sched_flush_dest(qmgr.sched, d);
	}
	agent_again(is_one_of, e);
	qmgr_soon();
}

static void
say(struct buf *text, const char *before, const char *node, const char *after)
{
	buf_addf(text, "%s %s%s", before, node, after);
}

/* What is said of what was found. */
static uint16_t
tell_started(const struct etrn *e, struct buf *text)
{
	if (e->waiting == 0) {
		say(text, "OK, no messages waiting for node", e->node, "");
		return 251;
	}
	if (e->shared) {
		say(text, "OK, pending messages for node", e->node, " started");
		return 252;
	}
	buf_addf(text, "OK, %llu", (unsigned long long)e->waiting);
	say(text, " pending messages for node", e->node, " started");
	return 253;
}

/* The reply code and text (RFC 1985 5.3). */
static uint16_t
obey(struct etrn *e, struct buf *text)
{
	enum found listed = namelist_has(wake.domains, e->domain, wake.parents);

	if (listed == FOUND_NONE) {
		say(text, "Node", e->node, " not allowed: service unavailable");
		return 459;
	}
	bool too_often = !client_may(e->client);

	if (listed == FOUND_FAILED || !qmgr.at_work || qmgr.draining ||
	    (!too_often && find_dests(e) == FOUND_FAILED)) {
		say(text, "Unable to queue messages for node", e->node, "");
		return 458;
	}
	if (too_often)
		say_too_often(e);
	else
		flush(e);
	/* While the queue is still being read nobody knows what waits. */
	if (!too_often && scan_stage()[0] == '\0')
		return tell_started(e, text);
	say(text, "OK, queuing for node", e->node, " started");
	return 250;
}

static const char *
status_of(uint16_t code)
{
	return code == 459 ? "4.7.1" : code == 458 ? "4.3.0" : "2.0.0";
}

static bool
answer_etrn(struct chan *c, const struct msg_wake *m)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct etrn e = { .client = m->client };

	if (!read_node(m->what, &e))
		return false;
	struct msg_wake_done done = {
		.stream = m->stream,
		.code = obey(&e, &text),
	};
	done.status = status_of(done.code);
	done.text = buf_str(&text);
	msg_put_wake_done(&packet, &done);
	chan_send(c, &packet, -1, false);
	free(e.dests);
	return true;
}

/* ---- clients ---- */

static bool
has_address(const struct dest *d, const void *address)
{
	return provider_awaits(d, address);
}

/* Of addresses that are not watched for nothing comes. */
static void
wake_client(const char *address)
{
	CLEAN_BUF struct buf key = { 0 };
	struct in6_addr a;

	if (qmgr.draining || !qmgr.at_work ||
	    (inet_pton(AF_INET, address, &a) != 1 &&
		inet_pton(AF_INET6, address, &a) != 1))
		return;
	buf_addf(&key, "a%s", address);
	if (!count(buf_str(&key), 1, params.destination_probe_time) ||
	    provider_wake(qmgr.sched, address) == 0)
		return;
	log_info("host %s is tried now: it has connected to us", address);
	agent_again(has_address, address);
	qmgr_soon();
}

static void
send_watch(struct chan *c, const struct buf *addresses)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_watch m = {
		.addresses = { buf_str(addresses), addresses->len },
	};

	msg_put_watch(&packet, &m);
	chan_send(c, &packet, -1, false);
}

void
wake_peer(struct chan *c)
{
	CLEAN_BUF struct buf addresses = { 0 };

	provider_watch(qmgr.sched, &addresses, WATCH_MAX);
	if (addresses.len > 0)
		send_watch(c, &addresses);
}

static void
on_tell(struct loop_timer *t)
{
	CLEAN_BUF struct buf addresses = { 0 };

	(void)t; /* there is one */
	provider_watch(qmgr.sched, &addresses, WATCH_MAX);
	for (struct chan *c = program_next_peer(ROLE_SMTPD, NULL); c != NULL;
	     c = program_next_peer(ROLE_SMTPD, c))
		send_watch(c, &addresses);
}

void
wake_tell(void)
{
	if (!qmgr.sched->watch_news)
		return;
	qmgr.sched->watch_news = false;
	if (wake.tell.at == 0)
		loop_timer(&wake.tell, TELL_AFTER, on_tell);
}

bool
wake_asked(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_wake m;

	close_fd(&fd);
	if (!msg_get_wake(&m, body, len) || m.kind > WAKE_CLIENT)
		return false;
	if (m.kind == WAKE_ETRN)
		return answer_etrn(c, &m);
	wake_client(m.what);
	return true;
}
