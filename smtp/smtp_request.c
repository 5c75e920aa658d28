/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_request.h"

#include "addr.h"
#include "fd.h"
#include "forward.h"
#include "wire.h"

#define HEAD_MAX ((uint64_t)1 << 20) /* cleanup prepends far less */

/* Messages up to this are held in memory while they are delivered. */
#define SMALL_MESSAGE ((uint64_t)16384)

bool
smtp_request_rcpts(struct job *j, struct slice records)
{
	struct wire w = wire_open(records.at, records.len);
	struct rec_job_rcpt r;
	size_t n = 0;

	while (wire_more(&w) && rec_get_job_rcpt(&r, &w))
		n++;
	if (!wire_done(&w) || n == 0)
		return false;
	j->mail.rcpts = arena_new(&j->arena, n * sizeof(*j->mail.rcpts));
	j->places = arena_new(&j->arena, n * sizeof(*j->places));
	w = wire_open(records.at, records.len);
	for (size_t i = 0; i < n && rec_get_job_rcpt(&r, &w); i++) {
		j->mail.rcpts[i].address = arena_strdup(&j->arena, r.address);
		j->places[i].index = r.index;
		j->places[i].orig = arena_strdup(&j->arena, r.orig);
		const char *via = r.kind == RCPT_ADDRESS ? r.via : "";
		if (i == 0)
			j->forwarded = forward_is(r.kind, r.address, r.orig,
			    via);
		if (i == 0)
			j->via = arena_strdup(&j->arena, via);
		else if (!str_eq(j->via, via))
			j->via = "";
	}
	j->mail.n_rcpts = n;
	return true;
}

void
smtp_request_put_on_top(struct job *j, struct slice fields)
{
	CLEAN_BUF struct buf text = { 0 };
	struct slice *head = &j->mail.source.head;

	if (fields.len == 0)
		return;
	buf_add(&text, fields.at, fields.len);
	buf_add(&text, head->at, head->len);
	head->at = arena_memdup(&j->arena, text.text, text.len);
	head->len = text.len;
}

/* Mail that is forwarded says by whom, so that a host which gets it back knows
 * the loop. */
static void
add_delivered_to(struct job *j)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_adds(&text, "Delivered-To: ");
	addr_put_internal(&text, j->via);
	buf_adds(&text, "\r\n");
	smtp_request_put_on_top(j, (struct slice){ text.text, text.len });
}

/* What the file says of itself was checked by qmgr. */
bool
smtp_request_message(struct job *j, const struct msg_job *m)
{
	struct smtp_source *from = &j->mail.source;
	bool whole = m->data_len <= SMALL_MESSAGE && m->head_len <= HEAD_MAX &&
	    m->head_at == m->data_at + m->data_len;
	uint64_t at = whole ? m->data_at : m->head_at;
	uint64_t len = m->head_len + (whole ? m->data_len : 0);

	if (m->head_len > HEAD_MAX)
		return false;
	char *bytes = arena_new(&j->arena, (size_t)len + 1);
	if (len > 0 && fd_pread_all(j->fd, bytes, (size_t)len, (off_t)at) < 0)
		return false;
	from->data = whole ? bytes : NULL;
	from->head.at = bytes + (whole ? m->data_len : 0);
	from->head.len = (size_t)m->head_len;
	if (j->via[0] != '\0')
		add_delivered_to(j);
	return true;
}
