/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "mqueue.h"
#include "str.h"

#define TEXT_MAX 4000 /* of one text from outside */
#define WIDTH    76   /* a reason ends here in the list */

/* ---- Postfix's list ---- */

/* As ctime(3) without the year, or as ISO 8601 has it. */
static void
put_time(struct buf *out, int64_t ms, bool iso)
{
	char text[64];
	time_t at = (time_t)(ms / SECOND);
	struct tm tm;

	if (localtime_r(&at, &tm) == NULL)
		return;
	size_t n = iso ? strftime(text, sizeof(text), "%F %T", &tm)
		       : strftime(text, sizeof(text), "%a %b %e %T", &tm);
	buf_add(out, text, n);
}

static void
put_text(struct buf *out, const char *text)
{
	str_printable(out, text, strlen(text), TEXT_MAX);
}

static char
mark_of(const char *queue)
{
	if (str_eq(queue, "active"))
		return '*';
	return str_eq(queue, "hold") ? '!' : ' ';
}

static void
put_head(struct buf *out, const struct rec_q_mail *m)
{
	CLEAN_BUF struct buf id = { 0 };

	buf_addf(&id, "%s%c", m->id, mark_of(m->queue));
	buf_addf(out, "%-17s %8" PRIu64 " ", buf_str(&id), m->size);
	put_time(out, m->arrived, false);
	buf_addc(out, ' ');
	put_text(out, m->sender[0] != '\0' ? m->sender : "MAILER-DAEMON");
	buf_addc(out, '\n');
}

void
show_list_item(struct buf *out, struct show_list *l, const struct item *item)
{
	const char *said = "";

	if (l->messages++ == 0)
		buf_adds(out,
		    "----Queue ID----- --Size-- ---Arrival Time---- "
		    "--Sender/Recipient------\n");
	l->bytes += item->mail.size;
	put_head(out, &item->mail);
	for (size_t i = 0; i < item->n; i++) {
		const struct rec_q_rcpt *r = &item->rcpts[i];

		if (r->reason[0] != '\0' && !str_eq(r->reason, said)) {
			int len = (int)MIN(strlen(r->reason), WIDTH);

			buf_addf(out, "%*s(", WIDTH - len, "");
			put_text(out, r->reason);
			buf_adds(out, ")\n");
			said = r->reason;
		}
		buf_addf(out, "%-17s %8s %-19s ", "", "", "");
		put_text(out, r->address);
		buf_addc(out, '\n');
	}
	buf_addc(out, '\n');
}

void
show_list_end(struct buf *out, const struct show_list *l)
{
	if (l->messages == 0)
		buf_adds(out, "Mail queue is empty\n");
	else
		buf_addf(out,
		    "-- %" PRIu64 " Kbytes in %" PRIu64 " Request%s.\n",
		    l->bytes / 1024, l->messages, l->messages == 1 ? "" : "s");
}

/* ---- JSON ---- */

static void
put_json(struct buf *out, const char *name, const char *text)
{
	bool utf8 = str_is_utf8(text, strlen(text));

	buf_addf(out, "\"%s\": \"", name);
	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\')
			buf_addc(out, '\\');
		if (c < ' ' || c == 0x7f || (c >= 0x80 && !utf8))
			buf_addf(out, "\\u%04x", c);
		else
			buf_addc(out, *p);
	}
	buf_addc(out, '"');
}

static void
put_json_rcpt(struct buf *out, const struct rec_q_rcpt *r)
{
	buf_addc(out, '{');
	put_json(out, "address", r->address);
	if (r->reason[0] != '\0') {
		buf_adds(out, ", ");
		put_json(out, "delay_reason", r->reason);
	}
	buf_adds(out, ", ");
	put_json(out, "orig_address", r->orig[0] ? r->orig : r->address);
	buf_adds(out, ", ");
	put_json(out, "dsn", r->dsn);
	buf_adds(out, ", ");
	put_json(out, "relay", r->relay);
	buf_adds(out, ", ");
	put_json(out, "transport", r->transport);
	buf_adds(out, ", ");
	put_json(out, "nexthop", r->nexthop);
	buf_addf(out,
	    ", \"attempts\": %" PRIu32 ", \"next_retry\": %" PRId64 "}",
	    r->attempts, r->next_retry / SECOND);
}

void
show_json(struct buf *out, const struct item *item)
{
	const struct rec_q_mail *m = &item->mail;

	buf_addc(out, '{');
	put_json(out, "queue_name", m->queue);
	buf_adds(out, ", ");
	put_json(out, "queue_id", m->id);
	buf_addf(out,
	    ", \"arrival_time\": %" PRId64 ", \"message_size\": %" PRIu64
	    ", \"forced_expire\": false, ",
	    m->arrived / SECOND, m->size);
	put_json(out, "sender", m->sender);
	buf_adds(out, ", \"recipients\": [");
	for (size_t i = 0; i < item->n; i++) {
		if (i > 0)
			buf_adds(out, ", ");
		put_json_rcpt(out, &item->rcpts[i]);
	}
	buf_adds(out, "]}\n");
}

/* ---- one message in full ---- */

static void
put_row(struct buf *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	buf_addf(out, "%12s  ", name);
	put_text(out, text);
	buf_addc(out, '\n');
}

static void
put_full_rcpt(struct buf *out, const struct rec_q_rcpt *r)
{
	CLEAN_BUF struct buf hop = { 0 };

	put_row(out, "recipient", r->address);
	if (!str_eq(r->orig, r->address))
		put_row(out, "originally", r->orig);
	put_row(out, "reason", r->reason);
	put_row(out, "status", r->dsn);
	put_row(out, "relay", r->relay);
	if (r->nexthop[0] != '\0') {
		buf_addf(&hop, "%s:%s", r->transport, r->nexthop);
		put_row(out, "next hop", buf_str(&hop));
	}
	buf_addf(out, "%12s  %" PRIu32 "\n%12s  ", "attempts", r->attempts,
	    "next try");
	if (r->next_retry > 0)
		put_time(out, r->next_retry, true);
	else
		buf_adds(out, "when its turn comes");
	buf_addc(out, '\n');
}

void
show_full(struct buf *out, const struct item *item)
{
	const struct rec_q_mail *m = &item->mail;

	buf_addf(out, "%s\n", m->id);
	put_row(out, "queue", m->queue);
	buf_addf(out, "%12s  ", "arrived");
	put_time(out, m->arrived, true);
	buf_addf(out, "\n%12s  %" PRIu64 "\n", "size", m->size);
	put_row(out, "sender", m->sender[0] != '\0' ? m->sender : "<>");
	for (size_t i = 0; i < item->n; i++)
		put_full_rcpt(out, &item->rcpts[i]);
	buf_addc(out, '\n');
}

/* ---- the summary ---- */

struct row {
	const char *hop;
	uint64_t messages, bytes;
	uint64_t seen; /* number of the last item that counted */
	int64_t oldest, next;
	int64_t down; /* since; 0: it is up, as far as is known */
	uint32_t attempts;
	char *reason;
};

void
show_summary_item(struct show_summary *s, const struct item *item)
{
	s->items++;
	for (size_t i = 0; i < item->n; i++) {
		const struct rec_q_rcpt *r = &item->rcpts[i];
		CLEAN_BUF struct buf key = { 0 };

		buf_addf(&key, "%s:%s", r->transport, r->nexthop);
		void **place = map_puts(&s->rows, buf_str(&key));
		if (*place == NULL) {
			struct row *new = arena_new(&s->arena, sizeof(*new));

			new->hop = arena_strdup(&s->arena, buf_str(&key));
			new->oldest = item->mail.arrived;
			*place = new;
		}
		struct row *row = *place;
		row->messages += row->seen != s->items;
		row->bytes += row->seen != s->items ? item->mail.size : 0;
		row->down = MAX(row->down, r->down);
		row->seen = s->items;
		row->oldest = MIN(row->oldest, item->mail.arrived);
		row->attempts = MAX(row->attempts, r->attempts);
		if (r->next_retry > 0 &&
		    (row->next == 0 || r->next_retry < row->next))
			row->next = r->next_retry;
		if (r->reason[0] != '\0' && row->reason == NULL)
			row->reason = xstrdup(r->reason);
	}
}

static int
by_messages(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a;
	const struct row *y = *(struct row *const *)b;

	if (x->messages != y->messages)
		return x->messages > y->messages ? -1 : 1;
	return strcmp(x->hop, y->hop);
}

static void
put_span(struct buf *out, int64_t ms)
{
	static const struct {
		int64_t unit;
		char letter;
	} units[] = { { DAY, 'd' }, { HOUR, 'h' }, { MINUTE, 'm' } };
	CLEAN_BUF struct buf text = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(units) && text.len == 0; i++)
		if (ms >= 2 * units[i].unit)
			buf_addf(&text, "%" PRId64 "%c", ms / units[i].unit,
			    units[i].letter);
	if (text.len == 0)
		buf_addf(&text, "%" PRId64 "s", MAX(ms, 0) / SECOND);
	buf_addf(out, "%8s ", buf_str(&text));
}

static void
put_state(struct buf *out, const struct row *row, int64_t now)
{
	if (row->down == 0)
		buf_addf(out, "%-4s %8s ", "up", "-");
	else {
		buf_adds(out, "down ");
		put_span(out, now - row->down);
	}
}

static void
put_summary_row(struct buf *out, struct row *row, int64_t now)
{
	CLEAN_BUF struct buf hop = { 0 };

	put_text(&hop, row->hop);
	buf_addf(out, "%-32s %8" PRIu64 " %10" PRIu64 " ", buf_str(&hop),
	    row->messages, row->bytes);
	put_state(out, row, now);
	put_span(out, now - row->oldest);
	buf_addf(out, "%8" PRIu32 " ", row->attempts);
	if (row->next > 0)
		put_span(out, row->next - now);
	else
		buf_addf(out, "%8s ", "-");
	put_text(out, row->reason != NULL ? row->reason : "");
	buf_addc(out, '\n');
}

static void
put_summary_json(struct buf *out, const struct row *row)
{
	buf_addc(out, '{');
	put_json(out, "next_hop", row->hop);
	buf_addf(out,
	    ", \"state\": \"%s\", \"down_since\": %" PRId64
	    ", \"messages\": %" PRIu64 ", \"bytes\": %" PRIu64
	    ", \"oldest\": %" PRId64 ", \"attempts\": %" PRIu32
	    ", \"next_retry\": %" PRId64 ", ",
	    row->down != 0 ? "down" : "up", row->down / SECOND, row->messages,
	    row->bytes, row->oldest / SECOND, row->attempts,
	    row->next / SECOND);
	put_json(out, "reason", row->reason != NULL ? row->reason : "");
	buf_adds(out, "}\n");
}

void
show_summary_end(struct buf *out, struct show_summary *s, int64_t now,
    bool json)
{
	struct row **rows = xcalloc(MAX(s->rows.len, 1), sizeof(*rows));
	size_t n = 0;

	MAP_EACH(&s->rows, e)
		rows[n++] = e->value;
	qsort(rows, n, sizeof(rows[0]), by_messages);
	if (n > 0 && !json)
		buf_addf(out, "%-32s %8s %10s %-13s %8s %8s %8s %s\n",
		    "Next hop", "Messages", "Bytes", "State since", "Oldest",
		    "Attempts", "Next try", "Reason");
	for (size_t i = 0; i < n; i++) {
		if (json)
			put_summary_json(out, rows[i]);
		else
			put_summary_row(out, rows[i], now);
		free(rows[i]->reason);
	}
	free(rows);
	map_free(&s->rows);
	arena_free(&s->arena);
}
