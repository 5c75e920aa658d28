/*
 * A search finds the hosts of one domain; an errand asks one host.  Functions
 * stand in the order of events.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_etrn.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fd.h"
#include "list.h"
#include "log.h"
#include "msg.h"
#include "smtp_conn.h"
#include "smtp_resolve.h"

/* An errand waits so long for further domains of its host. */
#define COLLECT ((int64_t)100)

/* Where nobody is reached: how often in all, and the first pause, which grows
 * by itself each time. */
#define TRIES 4
#define PAUSE (10 * SECOND)

struct search {
	struct list link;
	struct arena arena;
	struct loop_timer timer;
	struct smtp_resolve resolve;
	const char *domain;
	int tries;
};

struct errand {
	struct list link;
	struct arena arena;
	struct loop_timer timer;
	struct smtp_resolve resolve;
	struct smtp_mail mail; /* its recipients are domains */
	struct smtp_rcpt domains[ETRN_DOMAINS_MAX];
	struct smtp_conn *conn;
	const char *nexthop; /* "[host]" */
	size_t next;
	int tries;
	bool begun; /* takes no further domain */
};

static struct list searches, errands;
static size_t n_errands, n_hosts;
static bool draining;

static void on_unreachable(void *owner, int error);
static void on_over(void *owner);

static const struct smtp_conn_calls conn_calls = {
	.unreachable = on_unreachable,
	.over = on_over,
};

/* ---- an errand ---- */

static void
errand_free(struct errand *e)
{
	loop_cancel(&e->timer);
	smtp_resolve_stop(&e->resolve);
	list_drop(&e->link);
	n_errands--;
	arena_free(&e->arena);
	free(e);
}

static void on_errand(struct loop_timer *t);

/* Nobody was reached. */
static void
put_off(struct errand *e, const char *why)
{
	log_info("ETRN to %s: %s", e->nexthop, why);
	if (draining || ++e->tries >= TRIES)
		errand_free(e);
	else
		loop_timer(&e->timer, e->tries * PAUSE, on_errand);
}

static void
try_next(struct errand *e)
{
	if (e->next >= e->resolve.hosts.n) {
		put_off(e, "none of its addresses can be reached");
		return;
	}
	e->conn = smtp_conn_new(e->nexthop, &e->resolve.hosts.at[e->next++],
	    &e->mail, &conn_calls, e);
	e->conn->once = true;
	smtp_conn_start(e->conn); /* e may be gone */
}

static void
on_unreachable(void *owner, int error)
{
	struct errand *e = owner;

	log_info("ETRN to %s: connect: %s", e->conn->relay, strerror(error));
	e->conn = NULL;
	try_next(e);
}

/* What a host that talks says is final, whatever it is. */
static void
on_over(void *owner)
{
	struct errand *e = owner;

	for (size_t i = 0; i < e->mail.n_rcpts; i++)
		log_info("ETRN %s to %s: %s", e->domains[i].address,
		    e->conn->relay, e->domains[i].fate.text);
	e->conn = NULL;
	errand_free(e);
}

static void
on_host_found(void *owner)
{
	struct errand *e = owner;

	if (e->resolve.fate.outcome == OUTCOME_NONE)
		try_next(e);
	else
		put_off(e, e->resolve.fate.text);
}

static void
on_errand(struct loop_timer *t)
{
	struct errand *e = container_of(t, struct errand, timer);

	e->begun = true;
	e->next = 0;
	smtp_resolve_start(&e->resolve, &e->arena, e->nexthop, true,
	    on_host_found, e); /* e may be gone */
}

static struct errand *
errand_for(const char *nexthop)
{
	LIST_EACH(struct errand, e, &errands, link)
		if (!e->begun && str_eq_nocase(e->nexthop, nexthop) &&
		    e->mail.n_rcpts < ETRN_DOMAINS_MAX)
			return e;
	if (n_hosts >= ETRN_HOSTS_MAX)
		return NULL;
	struct errand *e = xcalloc(1, sizeof(*e));
	n_hosts++;
	n_errands++;
	e->nexthop = arena_strdup(&e->arena, nexthop);
	e->mail = (struct smtp_mail){
		.sender = "",
		.source = { .fd = -1 },
		.rcpts = e->domains,
		.arena = &e->arena,
		.etrn = true,
	};
	list_append(&errands, &e->link);
	loop_timer(&e->timer, COLLECT, on_errand);
	return e;
}

static void
ask_host(const char *nexthop, const char *domain)
{
	struct errand *e = errand_for(nexthop);

	if (e == NULL) {
		log_info("ETRN %s to %s: not asked: these are more than %d "
			 "hosts",
		    domain, nexthop, ETRN_HOSTS_MAX);
		return;
	}
	e->domains[e->mail.n_rcpts++].address = arena_strdup(&e->arena, domain);
}

/* ---- a search ---- */

static void
search_free(struct search *q)
{
	loop_cancel(&q->timer);
	smtp_resolve_stop(&q->resolve);
	list_drop(&q->link);
	arena_free(&q->arena);
	free(q);
}

/* We and all that are not better lie behind the others, by preference. */
static void
ask_worse(struct search *q)
{
	const struct smtp_hosts *h = &q->resolve.hosts;
	uint32_t ours = UINT32_MAX;
	const char *last = "";

	for (size_t i = h->n; i < h->n + h->dropped; i++)
		if (h->at[i].self)
			ours = MIN(ours, (uint32_t)h->at[i].preference);
	for (size_t i = h->n; i < h->n + h->dropped; i++) {
		const struct smtp_host *host = &h->at[i];

		if (host->self || host->preference <= ours ||
		    str_eq(host->name, last))
			continue;
		last = host->name;
		ask_host(arena_printf(&q->arena, "[%s]", host->name),
		    q->domain);
	}
}

static void on_search(struct loop_timer *t);

static void
on_searched(void *owner)
{
	struct search *q = owner;
	const struct smtp_resolve *r = &q->resolve;
	bool unknown = r->fate.outcome == OUTCOME_DEFER &&
	    r->hosts.dropped == 0;

	if (unknown && !draining && ++q->tries < TRIES) {
		loop_timer(&q->timer, q->tries * PAUSE, on_search);
		return;
	}
	if (unknown)
		log_info("ETRN %s: nobody is asked: %s", q->domain,
		    r->fate.text);
	ask_worse(q);
	search_free(q);
}

static void
on_search(struct loop_timer *t)
{
	struct search *q = container_of(t, struct search, timer);

	smtp_resolve_start(&q->resolve, &q->arena, q->domain, true, on_searched,
	    q); /* q may be gone */
}

static void
find_hosts(const char *domain)
{
	struct search *q = xcalloc(1, sizeof(*q));

	q->domain = arena_strdup(&q->arena, domain);
	list_append(&searches, &q->link);
	loop_timer(&q->timer, 0, on_search);
}

/* ---- the beginning ---- */

/* A host is named without brackets, or as a next hop. */
static const char *
nexthop_of(struct arena *a, const char *host)
{
	const char *port = strchr(host, ':');

	if (host[0] == '[')
		return host;
	if (port == NULL)
		return arena_printf(a, "[%s]", host);
	return arena_printf(a, "[%.*s]%s", (int)(port - host), host, port);
}

static void
ask_for(const char *domain, struct slice hosts)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct wire w = wire_open(hosts.at, hosts.len);

	while (wire_more(&w)) {
		const char *host = wire_get_str(&w);

		if (str_eq_nocase(host, "auto"))
			find_hosts(domain);
		else
			ask_host(nexthop_of(&a, host), domain);
	}
}

bool
smtp_etrn_start(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_etrn_ask m;

	(void)c; /* no answer is awaited */
	close_fd(&fd);
	if (!msg_get_etrn_ask(&m, body, len))
		return false;
	struct wire w = wire_open(m.domains.at, m.domains.len);
	while (!draining && wire_more(&w))
		ask_for(wire_get_str(&w), m.hosts);
	return true;
}

void
smtp_etrn_drain(void)
{
	draining = true;
	LIST_EACH(struct search, q, &searches, link)
		search_free(q);
	LIST_EACH(struct errand, e, &errands, link)
		if (e->conn == NULL)
			errand_free(e);
}

size_t
smtp_etrn_count(void)
{
	return n_errands;
}
