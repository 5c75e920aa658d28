/*
 * The file is begun with the first content and has its name only when all is
 * written; until then a message that is lost leaves nothing behind.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cleanup_mail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup_header.h"
#include "cleanup_rcpt.h"
#include "log.h"
#include "loop.h"
#include "param.h"

/* How long a look at the disk's free space holds. */
#define SPACE_FOR ((int64_t)1000)

#define TEXT_MAX    ((size_t)1000)  /* of what a client says of itself */
#define RESULTS_MAX ((size_t)32768) /* of what seal says */

/* A notification is never refused for its size, for then nobody would hear of
 * the failure: it may be larger than a message by what it returns, and by what
 * it says itself. */
#define NOTICE_ROOM ((uint64_t)1 << 20)

/* What a feeder may say that a message is. */
static const struct {
	enum role role;
	uint32_t flags;
} may_say[] = {
	{ ROLE_SMTPD,
	    MAIL_LOCAL | MAIL_AUTH | MAIL_TRUSTED | MAIL_BODY_8BIT |
		MAIL_SMTPUTF8 | MAIL_REQUIRETLS },
	{ ROLE_PICKUP, MAIL_LOCAL | MAIL_TRUSTED | MAIL_BODY_8BIT },
	{ ROLE_BOUNCE,
	    MAIL_NOTICE | MAIL_BODY_8BIT | MAIL_SMTPUTF8 | MAIL_REQUIRETLS },
	{ ROLE_REPORT, MAIL_NOTICE | MAIL_REPORT },
};

static int queue = -1;
static size_t memory; /* that all messages hold */

void
cleanup_mail_open(int queue_fd)
{
	queue = queue_fd;
}

size_t
cleanup_mail_memory(void)
{
	return memory;
}

/* ---- losing ---- */

void
cleanup_mail_lose(struct cleanup_mail *m, uint16_t code, const char *status,
    const char *text)
{
	if (m->reply.code != 0)
		return;
	m->reply = (struct cleanup_reply){ code, status, text };
	/* smtpd says the same to its client, and to the log. */
	if (m->from != ROLE_SMTPD)
		log_info("%s: reject: END-OF-MESSAGE from %s: %u %s %s; "
			 "from=<%s>",
		    m->env.id, role_name(m->from), code, status, text,
		    m->env.sender);
	spool_draft_free(&m->draft);
	header_free(&m->header);
}

void
cleanup_mail_fail(struct cleanup_mail *m, int error)
{
	if (m->reply.code != 0)
		return;
	if (error == EILSEQ) {
		cleanup_mail_lose(m, 554, "5.6.0",
		    "Error: a bare CR, LF or NUL in the content");
		return;
	}
	log_warn("%s: the queue file cannot be written: %s: refused for now",
	    m->env.id, strerror(error));
	if (error == ENOSPC || error == EDQUOT)
		cleanup_mail_lose(m, 452, "4.3.1",
		    "Error: insufficient system storage");
	else
		cleanup_mail_lose(m, 451, "4.3.0",
		    "Error: queue file write error");
}

/* ---- limits ---- */

static void
weigh(struct cleanup_mail *m)
{
	size_t now = sizeof(*m) + m->arena.used + m->draft.pending.room +
	    m->header.text.room;

	memory += now - m->weight;
	m->weight = now;
}

/* What must stay free (queue_minfree). */
static uint64_t
minfree(void)
{
	if (params.queue_minfree > 0)
		return (uint64_t)params.queue_minfree;
	return (uint64_t)params.message_size_limit / 2 * 3;
}

static bool
disk_has_room(uint64_t size)
{
	static int64_t looked;
	static uint64_t bytes, inodes;

	if (looked == 0 || loop_now() - looked > SPACE_FOR) {
		/* What cannot be measured is tried. */
		if (spool_free_space(queue, &bytes, &inodes) < 0)
			bytes = inodes = UINT64_MAX;
		looked = loop_now();
	}
	return inodes > 0 && bytes >= minfree() && bytes - minfree() >= size;
}

static void
check_limits(struct cleanup_mail *m, uint64_t announced)
{
	uint64_t limit = (uint64_t)params.message_size_limit;

	if (m->from == ROLE_BOUNCE && limit > 0)
		limit += (uint64_t)params.bounce_size_limit + NOTICE_ROOM;
	if (limit > 0 && MAX(announced, m->size) > limit)
		cleanup_mail_lose(m, 552, "5.3.4",
		    "Error: message size exceeds fixed limit");
	if (memory > CLEANUP_MEMORY_MAX)
		cleanup_mail_lose(m, 452, "4.3.0",
		    "Error: insufficient system resources");
}

/* ---- the envelope ---- */

static const char *
keep(struct cleanup_mail *m, const char *text)
{
	CLEAN_BUF struct buf clean = { 0 };

	str_printable(&clean, text, strlen(text), TEXT_MAX);
	return arena_strdup(&m->arena, buf_str(&clean));
}

static uint32_t
flags_from(enum role from, uint32_t flags)
{
	for (size_t i = 0; i < ARRAY_LEN(may_say); i++)
		if (may_say[i].role == from)
			return flags & may_say[i].flags;
	return 0;
}

static void
fill_envelope(struct cleanup_mail *m, const struct msg_mail_begin *b,
    enum role from)
{
	m->env = (struct rec_env){
		.id = arena_strdup(&m->arena, b->id),
		.flags = flags_from(from, b->flags),
		.arrived = loop_wall(),
		.sender = "",
		.client_name = keep(m, b->client_name),
		.client_addr = keep(m, b->client_addr),
		.client_port = b->client_port,
		.helo = keep(m, b->helo),
		.protocol = keep(m, b->protocol),
		.auth_user = keep(m, b->auth_user),
		.tls = keep(m, b->tls),
		.uid = b->uid,
		.user = keep(m, b->user),
		.message_id = "",
		.envid = keep(m, b->envid),
		.ret = b->ret,
		.notice_of = keep(m, b->notice_of),
	};
}

struct cleanup_mail *
cleanup_mail_begin(const struct msg_mail_begin *b, enum role from)
{
	const char *why;

	if (!queueid_valid(b->id))
		return NULL;

	struct cleanup_mail *m = xcalloc(1, sizeof(*m));
	m->from = from;
	m->touched = loop_now();
	spool_draft_start(&m->draft, queue, b->id);
	fill_envelope(m, b, from);
	if (!cleanup_address(m, b->sender, &m->env.sender, &why)) {
		m->env.sender = keep(m, b->sender);
		cleanup_mail_lose(m, 553, "5.1.7", why);
	}
	cleanup_canonical(m, true, &m->env.sender);
	check_limits(m, b->size_hint);
	if (!disk_has_room(b->size_hint))
		cleanup_mail_lose(m, 452, "4.3.1",
		    "Error: insufficient system storage");
	weigh(m);
	return m;
}

void
cleanup_mail_add(struct cleanup_mail *m, const struct rec_env_rcpt *r)
{
	if (m->n_rcpts >= CLEANUP_RCPT_MAX) {
		cleanup_mail_lose(m, 452, "4.5.3",
		    "Error: too many recipients");
		return;
	}
	if (m->n_rcpts == m->room) {
		struct rec_env_rcpt *old = m->rcpts;

		m->room = MAX(m->room * 2, (size_t)4);
		m->rcpts = arena_new(&m->arena, m->room * sizeof(*old));
		if (m->n_rcpts > 0)
			memcpy(m->rcpts, old, m->n_rcpts * sizeof(*old));
	}
	m->rcpts[m->n_rcpts++] = *r;
}

void
cleanup_mail_rcpt(struct cleanup_mail *m, const struct msg_mail_rcpt *r)
{
	const char *address, *why = "there is no address";

	if (m->reply.code != 0)
		return;
	m->touched = loop_now();
	if (m->n_rcpts >= CLEANUP_RCPT_MAX) {
		cleanup_mail_lose(m, 452, "4.5.3",
		    "Error: too many recipients");
		return;
	}
	if (!cleanup_address(m, r->address, &address, &why) ||
	    address[0] == '\0') {
		cleanup_mail_lose(m, 553, "5.1.3", why);
		return;
	}

	cleanup_canonical(m, false, &address);
	const char *orig = r->orig[0] != '\0' ? r->orig : r->address;
	bool same = str_eq(address, orig);
	struct rec_env_rcpt rcpt = {
		.address = address,
		.orig = same ? "" : keep(m, orig),
		.orcpt = keep(m, r->orcpt),
		.notify = r->notify,
		.kind = RCPT_ADDRESS,
		.via = "",
		.user = "",
		.sender = "",
	};
	cleanup_mail_add(m, &rcpt);
	weigh(m);
	check_limits(m, 0);
}

/* ---- the content ---- */

static void
feed_header(struct cleanup_mail *m, struct slice *bytes)
{
	size_t taken = header_feed(&m->header, bytes->at, bytes->len);

	bytes->at += taken;
	bytes->len -= taken;
	if (m->header.end == HEADER_TOO_LONG)
		cleanup_mail_lose(m, 552, "5.3.4",
		    "Error: the message header is too long");
	else if (m->header.end != HEADER_MORE)
		cleanup_header_end(m);
}

void
cleanup_mail_data(struct cleanup_mail *m, struct slice bytes)
{
	if (m->reply.code != 0)
		return;
	m->touched = loop_now();
	m->size += bytes.len;
	check_limits(m, 0);
	if (m->reply.code == 0 && !m->in_body)
		feed_header(m, &bytes);
	if (m->reply.code == 0 && m->in_body)
		spool_draft_data(&m->draft, bytes.at, bytes.len);
	if (m->reply.code == 0 && m->draft.error != 0)
		cleanup_mail_fail(m, m->draft.error);
	weigh(m);
}

/* ---- the end ---- */

bool
cleanup_mail_is_foreign(const struct cleanup_mail *m)
{
	return m->from == ROLE_SMTPD &&
	    (m->env.flags & (MAIL_LOCAL | MAIL_AUTH | MAIL_TRUSTED)) == 0;
}

void
cleanup_mail_results(struct cleanup_mail *m, const struct msg_mail_end *end)
{
	m->env.flags |= end->flags & MAIL_OVER_LIMIT;
	if (!cleanup_mail_is_foreign(m))
		return;
	m->env.flags |= end->flags &
	    (MAIL_SPF_FAIL | MAIL_DMARC_FAIL | MAIL_HOLD);
	m->results = keep(m, end->results);
	m->spf = end->spf;
	m->spf_domain = keep(m, end->spf_domain);
}

void
cleanup_mail_judged(struct cleanup_mail *m, const struct msg_judged *j)
{
	CLEAN_BUF struct buf all = { 0 };

	m->env.flags |= j->flags & MAIL_DMARC_FAIL;
	if (j->action == JUDGE_HOLD)
		m->env.flags |= MAIL_HOLD;
	buf_adds(&all, m->results != NULL ? m->results : "");
	str_printable(&all, j->results, strlen(j->results), RESULTS_MAX);
	m->results = arena_strdup(&m->arena, buf_str(&all));
	if (j->action == JUDGE_REJECT || j->action == JUDGE_LATER)
		cleanup_mail_lose(m, j->code, keep(m, j->status),
		    keep(m, j->text));
}

static void
end_content(struct cleanup_mail *m)
{
	if (!m->in_body) {
		header_finish(&m->header);
		cleanup_header_end(m);
	}
	if (m->reply.code == 0 && m->draft.line > 0)
		spool_draft_data(&m->draft, "\r\n", 2);
}

bool
cleanup_mail_close(struct cleanup_mail *m)
{
	if (m->reply.code == 0 && !m->closed) {
		end_content(m);
		cleanup_header_missing(m, &m->added);
	}
	m->closed = true;
	if (m->reply.code == 0 && m->n_rcpts == 0)
		cleanup_mail_lose(m, 554, "5.5.1", "Error: no recipients");
	weigh(m);
	return m->reply.code == 0;
}

bool
cleanup_mail_end(struct cleanup_mail *m)
{
	CLEAN_BUF struct buf front = { 0 };

	if (!cleanup_mail_close(m))
		return false;

	cleanup_header_front(m, &front);
	log_info("%s: message-id=%s", m->env.id,
	    m->env.message_id[0] != '\0' ? m->env.message_id : "<>");
	cleanup_copies(m);
	if (m->reply.code == 0)
		cleanup_expand(m);
	if (m->reply.code == 0 &&
	    spool_draft_finish(&m->draft, &front, &m->env, m->rcpts, m->n_rcpts,
		SPOOL_NEW) < 0)
		cleanup_mail_fail(m, errno);
	weigh(m);
	return m->reply.code == 0;
}

int
cleanup_mail_safe(struct cleanup_mail *m)
{
	m->reply = (struct cleanup_reply){ 250, "2.0.0",
		arena_printf(&m->arena, "Ok: queued as %s", m->env.id) };
	return spool_draft_take(&m->draft);
}

void
cleanup_mail_destroy(struct cleanup_mail **mail)
{
	struct cleanup_mail *m = *mail;

	if (m == NULL)
		return;
	memory -= m->weight;
	list_drop(&m->link);
	spool_draft_free(&m->draft);
	header_free(&m->header);
	buf_free(&m->added);
	arena_free(&m->arena);
	free(m);
	*mail = NULL;
}
