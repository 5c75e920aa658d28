/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_ask.h"

#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "program.h"
#include "query.h"

#define KEEP  ((int64_t)60000)
#define KNOWN 10000

struct smtpd_question {
	struct query query;
	smtpd_ask_fn *fn;
	void *owner;
	char *key; /* in the map of what is known */
};

struct known {
	int64_t until;
	char *value;
};

static struct map known; /* kind and key to struct known */

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
free_question(struct smtpd_question *q)
{
	free(q->key);
	free(q);
}

static void
tell(struct smtpd_question *q, enum found found, const char *value)
{
	smtpd_ask_fn *fn = q->fn;
	void *owner = q->owner;

	if (found == FOUND_ONE)
		remember(q->key, value);
	free_question(q);
	fn(owner, found, value);
}

static void
on_failed(struct query *q, const char *why)
{
	(void)why; /* the answer is later, whatever it is */
	tell(container_of(q, struct smtpd_question, query), FOUND_FAILED, "");
}

struct smtpd_question *
smtpd_ask(enum lookup_kind kind, const char *key, smtpd_ask_fn *fn, void *owner,
    enum found *found, const char **value)
{
	CLEAN_BUF struct buf name = { 0 };
	CLEAN_BUF struct buf packet = { 0 };

	buf_addf(&name, "%d %s", (int)kind, key);
	*value = recall(buf_str(&name));
	*found = *value != NULL ? FOUND_ONE : FOUND_FAILED;
	if (*value != NULL)
		return NULL;
	*value = "";
	if (program_peer(ROLE_LOOKUP) == NULL)
		return NULL;

	struct smtpd_question *q = xcalloc(1, sizeof(*q));
	q->fn = fn;
	q->owner = owner;
	q->key = buf_take(&name);
	msg_put_ask(&packet,
	    &(struct msg_ask){
		.stream = query_open(&q->query, ASK_PATIENCE, on_failed),
		.kind = (uint8_t)kind,
		.key = key,
	    });
	query_send(&q->query, ROLE_LOOKUP, &packet, -1);
	return q;
}

void
smtpd_ask_drop(struct smtpd_question **q)
{
	if (*q == NULL)
		return;
	query_drop(&(*q)->query);
	free_question(*q);
	*q = NULL;
}

/* An answer to a question that was dropped is no fault of the program's. */
bool
smtpd_ask_answered(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_answer m;

	close_fd(&fd);
	if (!msg_get_answer(&m, body, len) || m.found > FOUND_FAILED)
		return false;
	struct query *q = query_take(c, m.stream);
	if (q != NULL)
		tell(container_of(q, struct smtpd_question, query),
		    (enum found)m.found, m.value);
	return true;
}
