/*
 * The books: every recipient that the disk holds must be known to qmgr, or it
 * would have no next event; and what qmgr counted in must be what it counted
 * out and what is left.  Mail moves while it is counted, so what does not fit
 * is looked at again before it is said.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "mqueue.h"
#include "num.h"
#include "qline.h"
#include "tool.h"

#define LOOKS 5 /* at what does not fit, a second apart */

struct books {
	struct map disk; /* id to recipients, of what qmgr must know */
	struct map known;
	struct map numbers; /* qmgr's books, by name */
	uint64_t queued, held, settled, messages, damaged;
	bool quiet;
};

static void
free_books(struct books *b)
{
	map_free(&b->disk);
	map_free(&b->known);
	map_free(&b->numbers);
}

static void *
as_value(uint64_t n)
{
	return (void *)(uintptr_t)(n + 1); /* NULL is "not there" */
}

static uint64_t
value(const struct map *m, const char *key)
{
	const void *v = map_gets(m, key);

	return v == NULL ? 0 : (uintptr_t)v - 1;
}

static void
count_file(void *arg, const char *id, enum spool_dir dir,
    const struct spool_message *m, const char *why)
{
	struct books *b = arg;
	uint64_t open = 0;

	if (why != NULL) {
		b->damaged++;
		printf("%s: damaged: %s\n", id, why);
		return;
	}
	for (size_t i = 0; i < m->n_rcpts; i++)
		open += qline_listed(&m->rcpts[i]);
	b->messages++;
	b->settled += m->n_rcpts - open;
	if (dir == SPOOL_HOLD)
		b->held += open;
	else
		b->queued += open;
	if (open > 0)
		*map_puts(&b->disk, id) = as_value(open);
}

/* "ID recipients" or "name value". */
static void
keep_pair(struct map *m, const char *line)
{
	const char *blank = strchr(line, ' ');
	int64_t n;

	if (blank == NULL || !num_parse(blank + 1, 0, INT64_MAX, &n))
		return;
	*map_put(m, line, (size_t)(blank - line)) = as_value((uint64_t)n);
}

static void
on_id(void *arg, const char *line)
{
	keep_pair(&((struct books *)arg)->known, line);
}

static void
on_number(void *arg, const char *line)
{
	keep_pair(&((struct books *)arg)->numbers, line);
}

static int
read_all(struct books *b)
{
	map_free(&b->disk);
	map_free(&b->known);
	b->queued = b->held = b->settled = b->messages = b->damaged = 0;
	files_each(count_file, b);
	return ask_lines("ids", on_id, b);
}

static uint64_t
orphans(const struct books *b, bool say)
{
	uint64_t n = 0;

	MAP_EACH(&b->disk, e) {
		if (map_gets(&b->known, e->key) != NULL)
			continue;
		n++;
		if (say)
			printf("%s: %" PRIu64 " recipients without a next "
			       "event: the queue manager does not know it\n",
			    e->key, value(&b->disk, e->key));
	}
	return n;
}

static void
say_totals(const struct books *b)
{
	printf("messages %" PRIu64 "\nqueued %" PRIu64 "\nheld %" PRIu64
	       "\nsettled in queued messages %" PRIu64 "\n",
	    b->messages, b->queued, b->held, b->settled);
}

/* In and out since qmgr's start; what is left must be what the disk says, while
 * nothing moves. */
static bool
balances(const struct books *b)
{
	uint64_t in = value(&b->numbers, "accepted") +
	    value(&b->numbers, "found") + value(&b->numbers, "added");
	uint64_t out = value(&b->numbers, "sent") +
	    value(&b->numbers, "bounced") + value(&b->numbers, "expired") +
	    value(&b->numbers, "deleted") + value(&b->numbers, "expanded");

	return in == out + b->queued + b->held;
}

static void
say_books(const struct books *b)
{
	static const char *const names[] = { "accepted", "found", "added",
		"sent", "bounced", "expired", "deleted", "expanded" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		printf("%s %" PRIu64 "\n", names[i],
		    value(&b->numbers, names[i]));
}

static int
audit_down(struct books *b)
{
	files_each(count_file, b);
	say_totals(b);
	puts("the mail system is down: all of this is tried when it starts");
	return b->damaged > 0 ? EX_DATAERR : EX_OK;
}

int
audit(bool up)
{
	CLEANUP(free_books) struct books b = { 0 };
	struct timespec second = { .tv_sec = 1 };
	bool good = false;

	files_open();
	if (!up)
		return audit_down(&b);
	for (int i = 0; i < LOOKS && !good; i++) {
		if (i > 0)
			(void)nanosleep(&second, NULL);
		int code = ask_lines("books", on_number, &b);
		if (code == EX_OK)
			code = read_all(&b);
		if (code != EX_OK)
			return code;
		good = orphans(&b, false) == 0 && balances(&b);
	}
	say_books(&b);
	say_totals(&b);
	uint64_t lost = orphans(&b, true);
	bool even = balances(&b);
	puts(even ? "the books balance"
		  : "the books do not balance (mail may be moving)");
	return lost > 0 || b.damaged > 0 || !even ? EX_DATAERR : EX_OK;
}
