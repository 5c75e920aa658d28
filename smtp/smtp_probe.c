/*
 * Functions stand in the order of events.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_probe.h"

#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "msg.h"
#include "smtp_conn.h"
#include "smtp_memory.h"
#include "smtp_resolve.h"

#define HOSTS_MAX 3 /* that are tried; the question cannot wait for more */

struct probe {
	struct list link;
	struct arena arena;
	struct chan *from; /* NULL: nobody waits */
	uint32_t stream;
	const char *nexthop;
	struct smtp_mail mail;
	struct smtp_rcpt rcpt;
	struct smtp_conn *conn;
	struct smtp_resolve resolve;
	bool resolved;
	bool best; /* the host that answered is a preferred one */
	size_t next, tried;
	const char *relay;
	struct dsn trouble; /* why no host answered */
};

static struct list probes;
static size_t n_probes;

static void on_unreachable(void *owner, int error);
static void on_over(void *owner);

static const struct smtp_conn_calls conn_calls = {
	.unreachable = on_unreachable,
	.over = on_over,
};

/* ---- the end ---- */

static void
probe_free(struct probe *p)
{
	smtp_resolve_stop(&p->resolve);
	list_drop(&p->link);
	n_probes--;
	arena_free(&p->arena);
	free(p);
}

static void
finish(struct probe *p)
{
	CLEAN_BUF struct buf packet = { 0 };
	const struct dsn *said = p->rcpt.fate.outcome != OUTCOME_NONE
	    ? &p->rcpt.fate
	    : &p->trouble;
	struct msg_probe_done m = {
		.stream = p->stream,
		.verdict = (uint8_t)p->rcpt.verdict,
		.fault = (uint8_t)said->fault,
		.best = p->best,
		.code = (uint16_t)p->rcpt.code,
		.status = said->status,
		.text = said->text,
		.relay = p->relay,
	};

	if (p->from != NULL) {
		msg_put_probe_done(&packet, &m);
		chan_send(p->from, &packet, -1, false);
	}
	probe_free(p);
}

/* ---- host by host ---- */

static const struct smtp_host *
next_host(struct probe *p)
{
	while (p->next < p->resolve.hosts.n && p->tried < HOSTS_MAX) {
		const struct smtp_host *h = &p->resolve.hosts.at[p->next++];

		if (!smtp_memory_is_fresh(h->address, h->port, loop_now()))
			return h;
	}
	return NULL;
}

static void
try_next(struct probe *p)
{
	const struct smtp_host *host = next_host(p);

	if (host == NULL) {
		finish(p);
		return;
	}
	p->tried++;
	p->conn = smtp_conn_new(p->nexthop, host, &p->mail, &conn_calls, p);
	smtp_conn_start(p->conn); /* p may be gone */
}

static void
on_unreachable(void *owner, int error)
{
	struct probe *p = owner;

	p->trouble.text = arena_printf(&p->arena, "connect to %s: %s",
	    p->conn->relay, strerror(error));
	p->conn = NULL;
	try_next(p);
}

static void
on_resolved(void *owner)
{
	struct probe *p = owner;

	p->resolved = true;
	if (p->resolve.fate.outcome == OUTCOME_NONE) {
		try_next(p);
		return;
	}
	p->trouble = p->resolve.fate;
	if (p->trouble.fault == FAULT_NONE)
		p->trouble.fault = FAULT_DESTINATION;
	finish(p);
}

static void
go_on(struct probe *p)
{
	if (p->resolved)
		try_next(p);
	else
		smtp_resolve_start(&p->resolve, &p->arena, p->nexthop, false,
		    on_resolved, p); /* p may be gone */
}

static void
begin(struct probe *p)
{
	p->conn = smtp_conn_take(p->nexthop, SMTP_WISH_USUAL);
	if (p->conn == NULL)
		go_on(p);
	else
		smtp_conn_send(p->conn, &p->mail, &conn_calls, p);
}

/* A host that did not come to RCPT has said nothing of the recipient, and the
 * next one may. */
static void
on_over(void *owner)
{
	struct probe *p = owner;
	struct smtp_conn *c = p->conn;

	p->conn = NULL;
	p->relay = arena_strdup(&p->arena, c->relay);
	p->best = c->host.best;
	if (p->rcpt.code != 0) {
		finish(p);
		return;
	}
	if (!p->mail.stale)
		p->trouble = p->rcpt.fate;
	p->rcpt.fate = (struct dsn){ 0 };
	if (p->mail.stale)
		begin(p);
	else
		go_on(p);
}

/* ---- the beginning ---- */

static struct probe *
probe_new(struct chan *c, const struct msg_probe_rcpt *m)
{
	struct probe *p = xcalloc(1, sizeof(*p));
	struct arena *a = &p->arena;

	p->from = c;
	p->stream = m->stream;
	p->nexthop = arena_strdup(a, m->nexthop);
	p->relay = "";
	p->trouble = (struct dsn){
		.outcome = OUTCOME_DEFER,
		.fault = FAULT_DESTINATION,
		.status = "4.4.1",
		.text = "its hosts could not be reached a moment ago",
	};
	p->rcpt.address = arena_strdup(a, m->address);
	p->mail = (struct smtp_mail){
		.sender = arena_strdup(a, m->sender),
		.source = { .fd = -1 },
		.rcpts = &p->rcpt,
		.n_rcpts = 1,
		.arena = a,
		.probe = true,
	};
	list_append(&probes, &p->link);
	n_probes++;
	return p;
}

bool
smtp_probe_start(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_probe_rcpt m;

	close_fd(&fd);
	if (!msg_get_probe_rcpt(&m, body, len))
		return false;
	begin(probe_new(c, &m));
	return true;
}

void
smtp_probe_peer_ended(struct chan *c)
{
	LIST_EACH(struct probe, p, &probes, link) {
		if (p->from != c)
			continue;
		p->from = NULL;
		if (p->conn != NULL)
			smtp_conn_abort(TAKE_PTR(p->conn));
		probe_free(p);
	}
}

size_t
smtp_probe_count(void)
{
	return n_probes;
}
