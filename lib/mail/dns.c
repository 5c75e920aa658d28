/*
 * A question goes the same way each time: what needs no server is answered
 * here, then the cache is asked, then a question like it that is already on its
 * way (a flight) is joined, and only then a packet is sent.  An answer goes
 * back in the other direction.  c-ares sends, repeats, changes the server and
 * falls back to TCP; the deadline of a flight is ours, because the patience of
 * c-ares grows with the number of servers.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "buf.h"
#include "clock.h"
#include "dns_answer.h"
#include "dns_cache.h"
#include "log.h"
#include "param.h"
#include "table.h"

#define TRY_TIMEOUT  2000          /* of the first try; c-ares doubles it */
#define TRIES        3             /* for each server */
#define DEADLINE     (20 * SECOND) /* of a question as a whole */
#define EDNS_SIZE    1232
#define CACHE_TTL    86400 /* seconds; the most we believe */
#define NEGATIVE_TTL 900

struct flight {
	struct list waiting; /* struct dns_query */
	struct loop_timer deadline;
	int64_t since;
	enum dns_type type;
	bool over;        /* nobody waits any more; c-ares has yet to call */
	const char *name; /* in the key, behind the type */
	char key[];
};

struct dns_query {
	struct list link;
	dns_fn *fn;
	void *owner;
	enum dns_type type;
	int hops;      /* CNAMEs that were followed by asking again */
	uint32_t ttl;  /* of those */
	bool insecure; /* one of those was not authentic */
	bool *gone;    /* set when answered while still in ask() */
};

struct dns_socket {
	struct loop_watch watch;
	struct list link;
};

static ares_channel channel;
static struct list sockets;
static struct loop_timer retry;
static struct dns_cache cache;
static struct map flights; /* type and name to struct flight */
static int64_t last_heard; /* when any name server last said anything */
static bool trusted;       /* the AD bit means something */

static bool ask(struct dns_query *q, const char *name);

/* ---- answers ---- */

static void
answer(struct dns_query *q, const struct dns_answer *answer)
{
	if (q->gone != NULL)
		*q->gone = true;
	q->fn(q->owner, answer);
	free(q);
}

static void
answer_failed(struct dns_query *q, const char *text, bool down)
{
	struct dns_answer failed = {
		.status = DNS_FAILED,
		.text = text,
		.resolver_down = down,
	};

	answer(q, &failed);
}

/* Gives the reply to one who asked, or asks on for him.  False where he has to
 * wait again. */
static bool
settle(struct dns_query *q, const struct dns_reply *reply)
{
	struct dns_answer mine = reply->answer;

	q->ttl = mine.ttl = MIN(q->ttl, mine.ttl);
	q->insecure = q->insecure || !mine.authentic;
	mine.authentic = !q->insecure && trusted;
	mine.name = reply->target;
	if (!reply->unfinished) {
		answer(q, &mine);
		return true;
	}
	if (++q->hops <= DNS_CHAIN_MAX)
		return ask(q, reply->target);
	answer_failed(q, "Too long chain of CNAME records", false);
	return true;
}

/* ---- flights ---- */

static struct flight *
flight_new(const char *key)
{
	size_t size = strlen(key) + 1;
	struct flight *f = xcalloc(1, sizeof(*f) + size);

	memcpy(f->key, key, size);
	f->name = strchr(f->key, ' ') + 1;
	f->since = loop_now();
	*map_puts(&flights, key) = f;
	return f;
}

/* From here on nobody can join, and the deadline is off. */
static void
flight_close(struct flight *f)
{
	if (f->over)
		return;
	f->over = true;
	loop_cancel(&f->deadline);
	(void)map_drops(&flights, f->key);
}

static void
flight_failed(struct flight *f, const char *text)
{
	bool down = last_heard < f->since;

	flight_close(f);
	for (struct list *l; (l = list_take(&f->waiting)) != NULL;)
		answer_failed(container_of(l, struct dns_query, link), text,
		    down);
}

static void
flight_due(struct loop_timer *t)
{
	struct flight *f = container_of(t, struct flight, deadline);

	flight_failed(f, "Host not found, try again");
}

static void
remember(const struct flight *f, const struct dns_reply *reply,
    const void *packet, size_t len)
{
	const struct dns_answer *got = &reply->answer;
	uint32_t ttl = MIN(got->ttl,
	    (uint32_t)(got->n > 0 ? CACHE_TTL : NEGATIVE_TTL));

	if (got->status != DNS_FAILED && ttl > 0)
		dns_cache_put(&cache, f->key, packet, len,
		    loop_now() + ttl * SECOND);
}

static void
flight_landed(struct flight *f, const void *packet, size_t len)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct dns_reply reply;
	const char *why;

	if (!dns_parse(&a, packet, len, f->name, f->type, &reply, &why)) {
		flight_failed(f,
		    arena_printf(&a,
			"Malformed or unexpected name server reply (%s)", why));
		return;
	}
	remember(f, &reply, packet, len);
	flight_close(f);
	for (struct list *l; (l = list_take(&f->waiting)) != NULL;)
		(void)settle(container_of(l, struct dns_query, link), &reply);
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *packet, int len)
{
	struct flight *f = arg;

	(void)timeouts;
	if (status == ARES_SUCCESS && len > 0)
		flight_landed(f, packet, (size_t)len);
	else
		flight_failed(f, "Host not found, try again");
	free(f);
}

/* ---- c-ares in the loop ---- */

static void retry_due(struct loop_timer *t);

static void
arm_retry(void)
{
	struct timeval room, *wait = ares_timeout(channel, NULL, &room);

	if (wait == NULL)
		loop_cancel(&retry);
	else
		loop_timer(&retry,
		    wait->tv_sec * SECOND + wait->tv_usec / 1000 + 1,
		    retry_due);
}

static void
retry_due(struct loop_timer *t)
{
	(void)t;
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm_retry();
}

/* c-ares says "connection refused" for SERVFAIL and the like after it has tried
 * all servers, so whether anybody answered is seen here; poll(2), because
 * recv(2) would take a real refusal away from it. */
static void
listen_first(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, 0) == 1 && p.revents == POLLIN)
		last_heard = loop_now();
}

static void
socket_ready(struct loop_watch *w, int what)
{
	int fd = w->fd;

	if (what & LOOP_READ)
		listen_first(fd);
	ares_process_fd(channel, what & LOOP_READ ? fd : ARES_SOCKET_BAD,
	    what & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
	arm_retry(); /* w may be gone */
}

static void
on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	int want = (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0);
	struct dns_socket *found = NULL;

	(void)arg;
	LIST_EACH(struct dns_socket, s, &sockets, link)
		if (s->watch.fd == fd)
			found = s;
	if (want == 0 && found == NULL)
		return;
	if (want == 0) {
		loop_unwatch(&found->watch);
		list_drop(&found->link);
		free(found);
		return;
	}
	if (found == NULL) {
		found = xcalloc(1, sizeof(*found));
		list_append(&sockets, &found->link);
	}
	loop_watch(&found->watch, fd, want, socket_ready);
}

/* ---- asking ---- */

/* c-ares has a backslash and the byte itself for \DDD. */
static void
put_name(struct buf *out, const char *name)
{
	while (*name != '\0') {
		int byte = dns_name_escape(&name);

		if (byte < 0) {
			buf_addc(out, *name++);
		} else {
			buf_addc(out, '\\');
			buf_addc(out, (char)byte);
		}
	}
}

/* A question of ours: random id, EDNS, and AD set, which asks for the AD bit of
 * the answer (RFC 6840 5.7). */
static void
send_question(struct flight *f)
{
	CLEAN_BUF struct buf name = { 0 };
	unsigned char *packet;
	unsigned short id;
	int len;

	put_name(&name, f->name);
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		log_fatal("no random numbers from the system");
	int status = ares_create_query(buf_str(&name), ns_c_in, (int)f->type,
	    id, 1, &packet, &len, EDNS_SIZE);
	if (status != ARES_SUCCESS)
		log_fatal("cannot make a DNS question: %s",
		    ares_strerror(status));
	packet[3] |= 0x20;
	ares_send(channel, packet, len, on_answer, f);
	ares_free_string(packet);
	arm_retry();
}

/* Names that no name server is asked for; c-ares refuses ".onion" itself. */
static bool
answer_here(struct dns_query *q, const char *name)
{
	struct dns_record record = {
		.address = q->type == DNS_A ? "127.0.0.1" : "::1",
	};
	struct dns_answer here = { .records = &record, .text = "" };

	if (!dns_name_askable(name) || str_eq(name, "onion") ||
	    str_ends(name, ".onion")) {
		here.status = DNS_NXDOMAIN;
		here.text = "Host not found (not a domain name)";
	} else if (!str_eq(name, "localhost") &&
	    !str_ends(name, ".localhost")) {
		return false;
	} else if (q->type == DNS_A || q->type == DNS_AAAA) {
		here.n = 1;
	} else {
		here.status = DNS_NODATA;
		here.text = "Host found but no data record of requested type";
	}
	answer(q, &here);
	return true;
}

/* The packet was read once before it was kept, so it can be read again. */
static bool
answer_cached(struct dns_query *q, const struct dns_cached *e, const char *name)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct dns_reply reply;
	const char *why;

	if (!dns_parse(&a, e->packet, e->len, name, q->type, &reply, &why))
		log_panic("a cached DNS answer is malformed: %s", why);
	uint32_t left = (uint32_t)((e->expires - loop_now()) / SECOND);
	reply.answer.ttl = MIN(reply.answer.ttl, left);
	return settle(q, &reply);
}

static bool
ask_server(struct dns_query *q, const char *key)
{
	struct flight *f = flight_new(key);
	bool gone = false; /* c-ares may call back before it returns */

	q->gone = &gone;
	f->type = q->type;
	list_append(&f->waiting, &q->link);
	loop_timer(&f->deadline, DEADLINE, flight_due);
	send_question(f);
	if (!gone)
		q->gone = NULL;
	return gone;
}

/* True where q was answered and is gone, false where it waits. */
static bool
ask(struct dns_query *q, const char *name)
{
	CLEAN_ARENA struct arena a = { 0 };
	char *key = arena_printf(&a, "%d %s", (int)q->type, name);

	str_lower(key);
	name = strchr(key, ' ') + 1;
	if (answer_here(q, name))
		return true;

	const struct dns_cached *e = dns_cache_get(&cache, key, loop_now());
	if (e != NULL)
		return answer_cached(q, e, name);

	struct flight *f = map_gets(&flights, key);
	if (f == NULL)
		return ask_server(q, key);
	list_append(&f->waiting, &q->link);
	return false;
}

struct dns_query *
dns_ask(const char *name, enum dns_type type, dns_fn *fn, void *owner)
{
	struct dns_query *q = xcalloc(1, sizeof(*q));

	q->fn = fn;
	q->owner = owner;
	q->type = type;
	q->ttl = UINT32_MAX;
	return ask(q, name) ? NULL : q;
}

void
dns_drop(struct dns_query **q)
{
	if (*q == NULL)
		return;
	list_drop(&(*q)->link);
	free(*q);
	*q = NULL;
}

/* ---- start and end ---- */

static bool
is_trusted_server(struct netlist *list, const struct ares_addr_port_node *s)
{
	char text[INET6_ADDRSTRLEN];

	return inet_ntop(s->family, &s->addr, text, sizeof(text)) != NULL &&
	    netlist_has(list, text) == FOUND_ONE;
}

/* The AD bit is only as good as the server and the way to it (RFC 6840 5.8).
 * Which of them answered is not known, so all must be good. */
static bool
servers_trusted(void)
{
	struct ares_addr_port_node *servers;
	const char *why;
	struct netlist *list = netlist_open(params.dns_trusted_servers, &why);

	if (list == NULL)
		log_fatal("dns_trusted_servers: %s", why);
	if (ares_get_servers_ports(channel, &servers) != ARES_SUCCESS)
		servers = NULL;
	bool all = servers != NULL;
	for (struct ares_addr_port_node *s = servers; s != NULL; s = s->next)
		all = all && is_trusted_server(list, s);
	ares_free_data(servers);
	netlist_close(&list);
	return all;
}

static void
set_servers(const char *list)
{
	CLEAN_BUF struct buf csv = { 0 };
	struct slice rest = slice_of(list), item;

	while (slice_next_item(&rest, &item)) {
		if (csv.len > 0)
			buf_addc(&csv, ',');
		buf_add(&csv, item.at, item.len);
	}
	int status = ares_set_servers_ports_csv(channel, buf_str(&csv));
	if (status != ARES_SUCCESS)
		log_fatal("dns_servers: \"%s\": %s", buf_str(&csv),
		    ares_strerror(status));
}

/* Without STAYOPEN the sockets close when nothing is asked, so that the port we
 * ask from keeps changing. */
void
dns_start(void)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
		    ARES_FLAG_EDNS,
		.timeout = TRY_TIMEOUT,
		.tries = TRIES,
		.ednspsz = EDNS_SIZE,
		.lookups = (char[]){ "b" },
		.sock_state_cb = on_socket,
	};
	int status = ares_library_init(ARES_LIB_INIT_ALL);

	if (status == ARES_SUCCESS)
		status = ares_init_options(&channel, &options,
		    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			ARES_OPT_EDNSPSZ | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
			ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS)
		log_fatal("cannot set the resolver up: %s",
		    ares_strerror(status));
	if (params.dns_servers[0] != '\0')
		set_servers(params.dns_servers);
	trusted = servers_trusted();
	last_heard = 0;
}

bool
dns_is_trusted(void)
{
	return trusted;
}

void
dns_stop(void)
{
	MAP_EACH(&flights, e) {
		struct flight *f = e->value;

		for (struct list *l; (l = list_take(&f->waiting)) != NULL;)
			free(container_of(l, struct dns_query, link));
	}
	ares_destroy(channel);
	ares_library_cleanup();
	loop_cancel(&retry);
	dns_cache_free(&cache);
	map_free(&flights);
}

/* ---- names of addresses ---- */

bool
dns_reverse_name(const char *address, char name[80])
{
	uint8_t at[16];

	if (inet_pton(AF_INET, address, at) == 1) {
		(void)snprintf(name, 80, "%u.%u.%u.%u.in-addr.arpa", at[3],
		    at[2], at[1], at[0]); /* at most 29 bytes */
		return true;
	}
	if (inet_pton(AF_INET6, address, at) != 1)
		return false;
	for (size_t i = 0; i < 16; i++)
		(void)snprintf(name + 4 * i, 80 - 4 * i, "%x.%x.",
		    at[15 - i] & 0x0fu, at[15 - i] >> 4u);
	(void)snprintf(name + 64, 16, "ip6.arpa"); /* 64 + 8 + NUL fit */
	return true;
}
