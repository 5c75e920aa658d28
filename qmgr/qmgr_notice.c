/*
 * One notice of a message is under way at a time, to one sender: recipients of
 * an alias with an owner may have another than the message.  The failure of a
 * notification itself is told to the postmaster where notify_classes has
 * 2bounce, and the failure of that to nobody: the log has it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_notice.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "param.h"
#include "program.h"
#include "qmgr_fate.h"
#include "qmgr_mail.h"
#include "qmgr_slots.h"
#include "str.h"

/* Room in a packet for recipients, the rest of it left aside. */
#define RCPTS_ROOM (CHAN_PACKET_MAX - 16384)

/* bounce is not there, or could not: the next try. */
#define NOTICE_AGAIN (30 * SECOND)

struct notice {
	struct mail *mail;
	struct chan *to;
	enum notice_kind kind;
	uint32_t *told; /* recipients that it is about */
	uint32_t n;
};

static struct slots open_notices;
static uint32_t n_open;

static const char *
sender_of(const struct mail *mail, uint32_t i)
{
	const char *own = mail->m.rcpts[i].env.sender;

	return own[0] != '\0' ? own : mail->m.env.sender;
}

static void
settle(struct mail *mail, uint32_t i)
{
	mail_settle(mail, i,
	    mail->places[i].expired ? RCPT_EXPIRED : RCPT_BOUNCED);
}

/* ---- whom to tell ---- */

static const char *
whole(struct mail *mail, const char *to)
{
	return strchr(to, '@') != NULL
	    ? to
	    : arena_printf(&mail->arena, "%s@%s", to, params.myorigin);
}

static const char *
postmaster(struct mail *mail)
{
	return param_has_word(params.notify_classes, "2bounce")
	    ? whole(mail, params._2bounce_notice_recipient)
	    : NULL;
}

/* Who is told of a recipient's failure; NULL: nobody. */
static const char *
whom(struct mail *mail, uint32_t i, enum notice_kind *kind)
{
	const struct rec_env_rcpt *env = &mail->m.rcpts[i].env;
	const char *sender = sender_of(mail, i);

	*kind = NOTICE_BOUNCE;
	if ((env->notify & NOTIFY_NEVER) != 0 ||
	    (env->notify != 0 && (env->notify & NOTIFY_FAILURE) == 0))
		return NULL;
	if (str_starts(sender, "double-bounce@"))
		return NULL;
	if (sender[0] != '\0')
		return sender;

	*kind = NOTICE_POSTMASTER;
	const char *to = postmaster(mail);
	if (to != NULL && str_eq(to, env->address))
		return NULL; /* the postmaster's own mail fails */
	return to;
}

/* ---- sending ---- */

static const char *
action_of(enum notice_kind kind)
{
	switch (kind) {
	case NOTICE_BOUNCE:
	case NOTICE_POSTMASTER:
		return "failed";
	case NOTICE_SUCCESS:
		return "delivered";
	case NOTICE_DELAY:
	case NOTICE_HELD:
		return "delayed";
	}
	return "failed";
}

static bool
put_rcpt(struct buf *rcpts, const struct mail *mail, uint32_t i,
    enum notice_kind kind)
{
	const struct spool_rcpt *r = &mail->m.rcpts[i];
	struct rec_notice_rcpt rec = {
		.address = r->env.address,
		.orig = r->env.orig,
		.orcpt = r->env.orcpt,
		.action = action_of(kind),
		.status = r->last.status,
		.text = r->last.text,
		.relay = r->relay,
		.last_attempt = r->last_attempt,
	};
	size_t before = rcpts->len;

	rec_put_notice_rcpt(rcpts, &rec);
	if (rcpts->len <= RCPTS_ROOM || before == 0)
		return true;
	buf_cut(rcpts, before);
	return false;
}

static void
send_notice(struct notice *n, const char *to, const struct buf *rcpts)
{
	struct mail *mail = n->mail;
	const struct spool_message *m = &mail->m;
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_notice msg = {
		.stream = slots_put(&open_notices, n),
		.kind = (uint8_t)n->kind,
		.id = mail->msg->id.text,
		.sender = m->env.sender,
		.to = to,
		.envid = m->env.envid,
		.ret = m->env.ret,
		.flags = m->head.flags,
		.arrived = m->env.arrived,
		.expires = loop_wall() +
		    MAX(sched_left(qmgr.sched, mail->msg), 0),
		.size = m->env.size,
		.data_at = m->head.data_at,
		.data_len = m->head.data_len,
		.head_at = m->head.head_at,
		.head_len = m->head.head_len,
		.rcpts = { buf_str(rcpts), rcpts->len },
	};

	mail->notice = msg.stream;
	n_open++;
	msg_put_notice(&packet, &msg);
	chan_send(n->to, &packet, mail_read_fd(mail), false);
}

static struct notice *
begin(struct mail *mail, enum notice_kind kind)
{
	struct chan *bounce = program_peer(ROLE_BOUNCE);

	if (bounce == NULL || mail_read_fd(mail) < 0) {
		sched_alarm(qmgr.sched, mail->msg, NOTICE_AGAIN);
		return NULL;
	}
	struct notice *n = xcalloc(1, sizeof(*n));
	n->mail = mail;
	n->to = bounce;
	n->kind = kind;
	n->told = xcalloc(mail->m.n_rcpts, sizeof(n->told[0]));
	return n;
}

static void
free_notice(struct notice *n)
{
	free(n->told);
	free(n);
}

/* One notice to this sender, with as many of its recipients as fit. */
static bool
tell(struct mail *mail, const char *to, enum notice_kind kind)
{
	struct notice *n = begin(mail, kind);
	CLEAN_BUF struct buf rcpts = { 0 };

	if (n == NULL)
		return false;
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++) {
		enum notice_kind his;

		if (mail->m.rcpts[i].state != RCPT_FAILED)
			continue;
		const char *whose = whom(mail, i, &his);
		if (whose == NULL || !str_eq(whose, to) || his != kind)
			continue;
		if (!put_rcpt(&rcpts, mail, i, kind))
			break;
		n->told[n->n++] = i;
	}
	send_notice(n, to, &rcpts);
	return true;
}

bool
notice_failed(struct mail *mail)
{
	bool expired = false;

	for (uint32_t i = 0; i < mail->m.n_rcpts && mail->failed > 0; i++) {
		enum notice_kind kind;

		if (mail->m.rcpts[i].state != RCPT_FAILED)
			continue;
		expired |= mail->places[i].expired;
		const char *to = whom(mail, i, &kind);
		if (to == NULL) {
			settle(mail, i);
			continue;
		}
		if (expired)
			log_info("%s: from=<%s>" LOG_SEP
				 "status=expired, returned to sender",
			    mail->msg->id.text, mail->m.env.sender);
		/* That it failed must be known after a crash: the recipient
		 * is not to be tried again. */
		(void)mail_save(mail);
		return tell(mail, to, kind);
	}
	return false;
}

void
notice_delay(struct mail *mail)
{
	struct notice *n = NULL;
	CLEAN_BUF struct buf rcpts = { 0 };

	/* One at a time: the answer to the first may be the mail's end. */
	if (mail->notice != 0)
		sched_alarm(qmgr.sched, mail->msg, NOTICE_AGAIN);
	else
		n = begin(mail, NOTICE_DELAY);
	if (n == NULL) {
		mail->msg->owner |= OWNER_WISH_WARN;
		return;
	}
	mail->msg->owner &= (uint8_t)~OWNER_WISH_WARN;
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++) {
		const struct spool_rcpt *r = &mail->m.rcpts[i];
		bool wanted = r->env.notify == 0 ||
		    (r->env.notify & NOTIFY_DELAY) != 0;

		if (r->state == RCPT_QUEUED && wanted &&
		    put_rcpt(&rcpts, mail, i, NOTICE_DELAY))
			n->n++;
	}
	if (n->n > 0)
		send_notice(n, mail->m.env.sender, &rcpts);
	else
		free_notice(n);
}

void
notice_held(struct mail *mail)
{
	struct notice *n = mail->notice == 0 ? begin(mail, NOTICE_HELD) : NULL;
	CLEAN_BUF struct buf rcpts = { 0 };

	if (n == NULL) {
		log_warn("%s: the postmaster could not be told that it is in "
			 "hold",
		    mail->msg->id.text);
		return;
	}
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++)
		if (mail->m.rcpts[i].state == RCPT_QUEUED &&
		    put_rcpt(&rcpts, mail, i, NOTICE_HELD))
			n->n++;
	send_notice(n, whole(mail, params.error_notice_recipient), &rcpts);
}

/* ---- the answer ---- */

static void
finish(struct notice *n, uint32_t number, bool ok)
{
	struct mail *mail = n->mail;

	slots_drop(&open_notices, number);
	n_open--;
	mail->notice = 0;
	if (n->kind == NOTICE_HELD) {
		ok = true; /* a warning that is lost is lost */
	} else if (!ok) {
		if (n->kind == NOTICE_DELAY)
			mail->msg->owner |= OWNER_WISH_WARN;
		sched_alarm(qmgr.sched, mail->msg, NOTICE_AGAIN);
	} else if (n->kind == NOTICE_DELAY) {
		mail->m.warned = true;
		spool_entry_notice(&mail->journal, loop_wall());
	} else {
		for (uint32_t i = 0; i < n->n; i++)
			settle(mail, n->told[i]);
	}
	free_notice(n);
	if (ok)
		fate_progress(mail);
}

bool
notice_answer(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_notice_done m;

	close_fd(&fd);
	if (!msg_get_notice_done(&m, body, len))
		return false;
	struct notice *n = slots_get(&open_notices, m.stream);
	if (n == NULL || n->to != c)
		return false;
	finish(n, m.stream, m.ok != 0);
	return true;
}

void
notice_lost(struct chan *c)
{
	for (uint32_t i = 1; i <= open_notices.n; i++) {
		struct notice *n = slots_get(&open_notices, i);

		if (n != NULL && n->to == c)
			finish(n, i, false);
	}
}

uint32_t
notice_open(void)
{
	return n_open;
}
