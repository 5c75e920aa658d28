/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_ask.h"

#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "program.h"

#define KEEP  ((int64_t)60000)
#define KNOWN 10000

struct question {
	struct list link; /* oldest first */
	const struct chan *to;
	smtpd_ask_fn *fn;
	void *owner;
	int64_t deadline;
	uint32_t number;
	char *key; /* in the map of what is known */
};

struct known {
	int64_t until;
	char *value;
};

static struct list questions;
static struct map open_questions; /* number to question */
static struct map known;          /* kind and key to struct known */
static struct loop_timer timer;
static uint32_t last_number;

/* ---- what is known ---- */

static void
forget_known(void)
{
	MAP_EACH(&known, e) {
		struct known *k = e->value;
		free(k->value);
		free(k);
	}
	map_free(&known);
}

static void
remember(const char *key, const char *value)
{
	if (known.len >= KNOWN)
		forget_known();

	void **place = map_puts(&known, key);
	struct known *k = *place;
	if (k == NULL)
		k = xcalloc(1, sizeof(*k));
	free(k->value);
	k->value = xstrdup(value);
	k->until = loop_now() + KEEP;
	*place = k;
}

static const char *
recall(const char *key)
{
	const struct known *k = map_gets(&known, key);

	return k != NULL && k->until > loop_now() ? k->value : NULL;
}

/* ---- questions ---- */

static void
drop(struct question *q)
{
	list_drop(&q->link);
	(void)map_drop(&open_questions, &q->number, sizeof(q->number));
	free(q->key);
	free(q);
}

static void
tell(struct question *q, enum found found, const char *value)
{
	smtpd_ask_fn *fn = q->fn;
	void *owner = q->owner;

	if (found == FOUND_ONE)
		remember(q->key, value);
	drop(q);
	fn(owner, found, value);
}

/* All questions have the same patience, so the oldest is due first. */
static void
on_due(struct loop_timer *t)
{
	while (!list_empty(&questions)) {
		struct question *q = container_of(questions.next,
		    struct question, link);

		if (q->deadline > loop_now()) {
			loop_timer(t, q->deadline - loop_now(), on_due);
			return;
		}
		tell(q, FOUND_FAILED, "");
	}
}

static void
send_question(struct chan *c, const struct question *q, enum lookup_kind kind,
    const char *key)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_ask m = {
		.stream = q->number,
		.kind = (uint8_t)kind,
		.key = key,
	};

	msg_put_ask(&packet, &m);
	chan_send(c, &packet, -1, false);
}

static struct question *
add_question(const struct chan *c, smtpd_ask_fn *fn, void *owner)
{
	struct question *q = xcalloc(1, sizeof(*q));

	if (++last_number == 0)
		last_number = 1;
	q->number = last_number;
	q->to = c;
	q->fn = fn;
	q->owner = owner;
	q->deadline = loop_now() + ASK_PATIENCE;
	*map_put(&open_questions, &q->number, sizeof(q->number)) = q;
	if (list_empty(&questions))
		loop_timer(&timer, ASK_PATIENCE, on_due);
	list_append(&questions, &q->link);
	return q;
}

uint32_t
smtpd_ask(enum lookup_kind kind, const char *key, smtpd_ask_fn *fn, void *owner,
    enum found *found, const char **value)
{
	CLEAN_BUF struct buf name = { 0 };
	struct chan *c = program_peer(ROLE_LOOKUP);

	buf_addf(&name, "%d %s", (int)kind, key);
	*value = recall(buf_str(&name));
	*found = *value != NULL ? FOUND_ONE : FOUND_FAILED;
	if (*value != NULL)
		return 0;
	*value = "";
	if (c == NULL)
		return 0;

	struct question *q = add_question(c, fn, owner);
	q->key = buf_take(&name);
	send_question(c, q, kind, key);
	return q->number;
}

void
smtpd_ask_drop(uint32_t *question)
{
	struct question *q = map_get(&open_questions, question,
	    sizeof(*question));

	if (q != NULL)
		drop(q);
	*question = 0;
}

/* An answer to a question that was dropped is no fault of the program's. */
bool
smtpd_ask_answered(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_answer m;

	(void)c;
	close_fd(&fd);
	if (!msg_get_answer(&m, body, len) || m.found > FOUND_FAILED)
		return false;
	struct question *q = map_get(&open_questions, &m.stream,
	    sizeof(m.stream));
	if (q != NULL)
		tell(q, (enum found)m.found, m.value);
	return true;
}

void
smtpd_ask_peer_ended(const struct chan *c)
{
	bool more = true;

	/* An answer may lead to other questions, so each step begins anew. */
	while (more) {
		more = false;
		LIST_EACH(struct question, q, &questions, link) {
			if (q->to != c)
				continue;
			tell(q, FOUND_FAILED, "");
			more = true;
			break;
		}
	}
}
