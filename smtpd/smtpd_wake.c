/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_wake.h"

#include <stdlib.h>

#include "map.h"
#include "msg.h"
#include "program.h"

struct question {
	struct list link;
	struct loop_timer timer;
	const struct chan *to;
	smtpd_wake_fn *fn;
	void *owner;
	uint32_t number;
};

static struct list questions;
static uint32_t last_number;
static struct map watched; /* addresses */
static const struct chan *watcher;

struct smtpd_verdict
smtpd_wake_unable(void)
{
	return (struct smtpd_verdict){
		.code = 458,
		.status = "4.3.0",
		.text = "Unable to queue messages",
	};
}

/* ---- questions ---- */

static void
drop(struct question *q)
{
	loop_cancel(&q->timer);
	list_drop(&q->link);
	free(q);
}

static void
tell(struct question *q, struct smtpd_verdict v)
{
	smtpd_wake_fn *fn = q->fn;
	void *owner = q->owner;

	drop(q);
	fn(owner, v);
}

static void
on_due(struct loop_timer *t)
{
	tell(container_of(t, struct question, timer), smtpd_wake_unable());
}

static void
send_wake(struct chan *c, uint32_t number, enum wake_kind kind,
    const char *what, const char *client)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_wake m = {
		.stream = number,
		.kind = (uint8_t)kind,
		.what = what,
		.client = client,
	};

	msg_put_wake(&packet, &m);
	chan_send(c, &packet, -1, false);
}

uint32_t
smtpd_wake_etrn(const char *node, const char *client, smtpd_wake_fn *fn,
    void *owner)
{
	struct chan *c = program_peer(ROLE_QMGR);

	if (c == NULL)
		return 0;
	struct question *q = xcalloc(1, sizeof(*q));
	if (++last_number == 0)
		last_number = 1;
	q->number = last_number;
	q->to = c;
	q->fn = fn;
	q->owner = owner;
	list_append(&questions, &q->link);
	loop_timer(&q->timer, WAKE_PATIENCE, on_due);
	send_wake(c, q->number, WAKE_ETRN, node, client);
	return q->number;
}

static struct question *
find(uint32_t number)
{
	LIST_EACH(struct question, q, &questions, link)
		if (q->number == number)
			return q;
	return NULL;
}

void
smtpd_wake_drop(uint32_t *question)
{
	struct question *q = find(*question);

	if (q != NULL)
		drop(q);
	*question = 0;
}

/* An answer to a question that was dropped is no fault of qmgr's. */
bool
smtpd_wake_answered(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_wake_done m;

	close_fd(&fd);
	if (!msg_get_wake_done(&m, body, len) || m.code < 200 || m.code > 599)
		return false;
	struct question *q = find(m.stream);
	if (q != NULL && q->to == c)
		tell(q,
		    (struct smtpd_verdict){
			.code = m.code,
			.status = m.status,
			.text = m.text,
		    });
	return true;
}

/* ---- clients that are watched for ---- */

/* An older qmgr's list does not count beside a newer one's. */
bool
smtpd_wake_watch(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_watch m;

	close_fd(&fd);
	if (!msg_get_watch(&m, body, len))
		return false;
	if (c != program_peer(ROLE_QMGR))
		return true;
	struct wire w = wire_open(m.addresses.at, m.addresses.len);
	map_free(&watched);
	watcher = c;
	while (wire_more(&w) && watched.len < WATCH_MAX)
		*map_puts(&watched, wire_get_str(&w)) = &watched;
	return wire_done(&w);
}

void
smtpd_wake_client(const char *address)
{
	struct chan *c = program_peer(ROLE_QMGR);

	if (watched.len > 0 && c != NULL && map_gets(&watched, address) != NULL)
		send_wake(c, 0, WAKE_CLIENT, address, address);
}

/* ---- the end ---- */

void
smtpd_wake_peer_ended(const struct chan *c)
{
	bool more = true;

	if (c == watcher) {
		map_free(&watched);
		watcher = NULL;
	}
	/* An answer may lead to other questions, so each step begins anew. */
	while (more) {
		more = false;
		LIST_EACH(struct question, q, &questions, link) {
			if (q->to != c)
				continue;
			tell(q, smtpd_wake_unable());
			more = true;
			break;
		}
	}
}
