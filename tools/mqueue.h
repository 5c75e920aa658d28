/*
 * mqueue - what the parts of the command share.
 *
 * The queue comes as items, one message after the other, from qmgr's socket or,
 * where the system is down, from the files; whoever looks at it keeps only what
 * it needs, so that a million messages are listed in little memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "buf.h"
#include "map.h"
#include "msg.h"
#include "queueid.h"
#include "spool.h"

struct item {
	struct arena arena; /* of the strings */
	struct rec_q_mail mail;
	struct rec_q_rcpt *rcpts;
	size_t n, room;
};

typedef void item_fn(void *arg, const struct item *item);

/* A q_mail, or q_rcpts to add to it; false where they are malformed. */
MUST_CHECK bool item_begin(struct item *item, struct slice fields);
MUST_CHECK bool item_add(struct item *item, struct slice fields);
void item_free(struct item *item);

/* Ids, in the order in which they came. */
struct ids {
	struct queueid *at;
	size_t n, room;
};

void ids_add(struct ids *ids, const char *id);
void ids_free(struct ids *ids);

/* ---- mqueue_select: which messages are meant ---- */

/* Patterns of fnmatch(3); NULL or 0: any. */
struct choice {
	const char *from, *to;
	const char *domain; /* of a recipient */
	const char *reason; /* a part of it */
	int64_t older;      /* milliseconds */
};

bool choice_is_empty(const struct choice *c);
bool choice_has(const struct choice *c, const struct item *item, int64_t now);

/* ---- mqueue_show: how they are written ---- */

/* Postfix's list; the last line says how much it was. */
struct show_list {
	uint64_t messages, bytes;
};
void show_list_item(struct buf *out, struct show_list *l,
    const struct item *item);
void show_list_end(struct buf *out, const struct show_list *l);

/* One JSON object and a newline. */
void show_json(struct buf *out, const struct item *item);

/* Everything that is known, a line each. */
void show_full(struct buf *out, const struct item *item);

/* A row a next hop, or a JSON object. */
struct show_summary {
	struct map rows;
	uint64_t items;
	struct arena arena;
};
void show_summary_item(struct show_summary *s, const struct item *item);
void show_summary_end(struct buf *out, struct show_summary *s, int64_t now,
    bool json);

/* ---- mqueue_ask: qmgr ---- */

/* False where it does not answer. */
bool ask_open(void);

/* Items of these messages, or of all; and an action on them.  Gives an exit
 * code; the number of messages it was done to goes to *done.  args may hold
 * domains too. */
int ask_list(const struct ids *ids, item_fn *fn, void *arg);
int ask_do(const char *verb, char *const *args, size_t n, uint64_t *done);
int ask_lines(const char *verb, void (*fn)(void *arg, const char *line),
    void *arg);

/* ---- mqueue_files: the files, where qmgr is down ---- */

/* Opens queue_directory, once, and gives its descriptor; ends with
 * EX_UNAVAILABLE or EX_CONFIG where that cannot be. */
int files_open(void);

/* The same as ask_list(); and only what lies in corrupt/. */
int files_list(const struct ids *ids, item_fn *fn, void *arg);
int files_corrupt(item_fn *fn, void *arg);

/* Envelope, header and body of a message, on standard output. */
int files_show(const char *id);

/* Reads every file: recipients that are queued, by id. */
typedef void files_fn(void *arg, const char *id, enum spool_dir dir,
    const struct spool_message *m, const char *why);
void files_each(files_fn *fn, void *arg);

/* ---- mqueue_change: what is done to them ---- */

/* The same as ask_do(); what needs the queue manager it finds at its start. */
int files_do(const char *verb, char *const *args, size_t n, uint64_t *done);

/* Whether root could take the queue manager's lock: nobody has it. */
bool files_are_free(void);

/* ---- mqueue_audit: the books ---- */

/* `up`: qmgr answers. */
int audit(bool up);
