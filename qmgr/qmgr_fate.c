/*
 * The order on disk: results are in the journal before the file is moved to
 * cur/; a notification is committed before its recipients are marked bounced;
 * a file is unlinked only when everybody is settled.  A message whose first
 * attempt settles everybody is unlinked without a word in its journal.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_fate.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "qmgr_mail.h"
#include "qmgr_notice.h"
#include "qmgr_parts.h"
#include "qmgr_refused.h"

#define SWEEP_MAX 2000

/* A journal that could not be written is tried again. */
#define SAVE_AGAIN MINUTE

/* It stays as it is; once nobody else is left, the message is held. */
static void
keep_refused(struct mail *mail, uint32_t index, const char *why,
    struct sched_result *result)
{
	struct spool_rcpt *r = &mail->m.rcpts[index];

	r->last.text = arena_printf(&mail->arena,
	    "refused after we accepted it as backup, and its sender may be "
	    "forged (%s): %s",
	    why, r->last.text);
	result->again[FAULT_MESSAGE]++;
	mail->places[index].mark = PLACE_ANSWERED;
	mail->msg->owner |= OWNER_WISH_HOLD;
	spool_entry_rcpt(&mail->journal, index, RCPT_QUEUED, &r->last, r->relay,
	    r->last_attempt);
}

static void
refuse(struct mail *mail, uint32_t index, struct sched_result *result)
{
	const char *why, *to = mail->m.rcpts[index].env.address;
	enum refused action = refused_action(mail, index, &why);

	if (action != REFUSED_BOUNCE)
		log_info("%s: to=<%s>" LOG_SEP "refused after we accepted it "
			 "as backup (%s): %s by backup_refused_action",
		    mail->msg->id.text, to, why,
		    action == REFUSED_HOLD ? "kept in hold" : "discarded");
	switch (action) {
	case REFUSED_HOLD:
		keep_refused(mail, index, why, result);
		return;
	case REFUSED_DISCARD:
		mail_settle(mail, index, RCPT_DELETED);
		break;
	case REFUSED_BOUNCE:
		mail_settle(mail, index, RCPT_FAILED);
		break;
	}
	result->over++;
}

/* Nobody is left but who was refused. */
static void
hold_refused(struct mail *mail)
{
	struct sched_msg *m = mail->msg;

	if ((m->owner & OWNER_WISH_HOLD) == 0 || (m->flags & SCHED_HELD) != 0)
		return;
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++)
		if (mail->m.rcpts[i].state == RCPT_QUEUED &&
		    !refused_waits(&mail->m.rcpts[i]))
			return;
	m->owner &= (uint8_t)~OWNER_WISH_HOLD;
	sched_hold(qmgr.sched, m);
	log_info("%s: placed on hold: see mqueue %s", m->id.text, m->id.text);
}

void
fate_of_rcpt(struct mail *mail, uint32_t index, const struct dsn *dsn,
    const char *relay, struct sched_result *result)
{
	struct place *place = &mail->places[index];

	mail_note(mail, index, dsn, relay);
	switch (dsn->outcome) {
	case OUTCOME_SENT:
		mail_settle(mail, index, RCPT_SENT);
		result->over++;
		return;
	case OUTCOME_BOUNCE:
		refuse(mail, index, result);
		return;
	case OUTCOME_NONE:
	case OUTCOME_DEFER:
		break;
	}
	result->again[dsn->fault]++;
	if (result->reason == NULL)
		result->reason = mail->m.rcpts[index].last.text;
	/* Ready or waiting: parts_mark() says when its turn comes. */
	place->mark = PLACE_ANSWERED;
	spool_entry_rcpt(&mail->journal, index, RCPT_QUEUED,
	    &mail->m.rcpts[index].last, mail->m.rcpts[index].relay,
	    mail->m.rcpts[index].last_attempt);
}

static bool
all_settled(const struct mail *mail)
{
	return mail->failed == 0 && sched_count(mail->msg) == 0;
}

/* Recipients who were not tried, as their destination is known to be down. */
static void
say_suspended(struct mail *mail)
{
	if (mail->suspended || mail->msg->attempts > 0)
		return;
	mail->suspended = true;
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++) {
		struct sched_part *p = mail->places[i].part;

		if (mail->places[i].mark != PLACE_READY || p == NULL ||
		    mail->m.rcpts[i].last_attempt != 0)
			continue;
		const char *reason = p->dest->reason;
		if (p->dest->transport->room == 0)
			reason = "mail transport unavailable";
		struct dsn dsn = {
			.outcome = OUTCOME_DEFER,
			.fault = FAULT_DESTINATION,
			.status = "4.3.0",
			.text = arena_printf(&mail->arena,
			    "delivery temporarily suspended: %s",
			    reason != NULL ? reason : "not tried yet"),
		};
		mail_note(mail, i, &dsn, "none");
		mail_log_rcpt(mail, i);
		spool_entry_rcpt(&mail->journal, i, RCPT_QUEUED,
		    &mail->m.rcpts[i].last, "none",
		    mail->m.rcpts[i].last_attempt);
	}
}

static void
note_retry(struct mail *mail)
{
	const struct sched_msg *m = mail->msg;
	int64_t next = 0;

	if (m->attempts == mail->m.attempts && mail->journal.len == 0)
		return;
	if ((m->flags & SCHED_TIMED) != 0)
		next = loop_wall() + MAX(m->due - loop_now(), 0);
	mail->m.attempts = m->attempts;
	mail->m.next_retry = next;
	spool_entry_retry(&mail->journal, m->attempts, next);
}

/* Nothing happens to it for a while: its state goes to disk, and out of
 * memory. */
static void
put_off(struct mail *mail)
{
	struct sched_msg *m = mail->msg;
	enum spool_dir to = SPOOL_CUR;

	if ((m->flags & SCHED_HELD) == 0)
		say_suspended(mail);
	else
		to = SPOOL_HOLD;
	note_retry(mail);
	if (!mail_save(mail)) {
		sched_alarm(qmgr.sched, m, SAVE_AGAIN);
		return;
	}
	/* A move that failed was said; the file is good where it lies. */
	(void)mail_move(m, to);
	mail_unload(mail);
}

/* Who waits has failed; with `all` unset, only those for whose domains we do
 * not stand in. */
static void
give_up(struct mail *mail, const char *text, bool all)
{
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++) {
		struct spool_rcpt *r = &mail->m.rcpts[i];

		if (r->state != RCPT_QUEUED ||
		    mail->places[i].mark == PLACE_BUSY)
			continue;
		if (!all && mail->places[i].backup)
			continue;
		struct dsn dsn = r->last;
		dsn.outcome = OUTCOME_BOUNCE;
		if (dsn.status[0] != '4' && dsn.status[0] != '5')
			memcpy(dsn.status, "4.4.7", sizeof("4.4.7"));
		if (dsn.text == NULL || dsn.text[0] == '\0')
			dsn.text = text;
		mail_note(mail, i, &dsn, r->relay);
		mail->places[i].expired = true;
		mail_settle(mail, i, RCPT_FAILED);
	}
	while (mail->msg->parts != NULL)
		sched_leave(qmgr.sched, mail->msg->parts,
		    mail->msg->parts->ready + mail->msg->parts->waiting, false);
	if (!all)
		parts_sort(mail);
}

/* Wishes of the administrator that waited for the end of a job; true where the
 * mail is gone. */
static bool
fulfil(struct mail *mail)
{
	struct sched_msg *m = mail->msg;
	uint8_t wish = m->owner;

	m->owner &= (uint8_t) ~(OWNER_WISH_DELETE | OWNER_WISH_BOUNCE);
	if ((wish & OWNER_WISH_DELETE) != 0) {
		fate_delete(mail);
		return true;
	}
	if ((wish & OWNER_WISH_BOUNCE) != 0) {
		give_up(mail, "returned by the administrator", true);
		fate_progress(mail);
		return true;
	}
	return false;
}

void
fate_end(struct mail *mail)
{
	if (mail->jobs == 0 && mail->notice == 0)
		(void)fulfil(mail);
}

void
fate_progress(struct mail *mail)
{
	struct sched_msg *m = mail->msg;

	if (mail->jobs > 0 || mail->notice != 0)
		return;
	if (fulfil(mail))
		return;
	if (!sched_settled(m)) {
		/* Others of it are tried at once; what is done is kept. */
		(void)mail_save(mail);
		return;
	}
	if (mail->failed > 0 && (m->flags & SCHED_HELD) == 0 &&
	    notice_failed(mail))
		return;
	if (all_settled(mail)) {
		log_info("%s: removed", m->id.text);
		mail_unlink(mail);
	} else {
		hold_refused(mail);
		put_off(mail);
	}
}

/* True where some stay longer than the others, whose time is over. */
static bool
some_stay(const struct mail *mail)
{
	const struct sched_config *c = &qmgr.sched->config;

	if ((mail->msg->flags & SCHED_BACKUP) != 0 ||
	    c->backup_lifetime <= c->lifetime)
		return false;
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++)
		if (mail->m.rcpts[i].state == RCPT_QUEUED &&
		    mail->places[i].backup)
			return true;
	return false;
}

void
fate_time_over(struct mail *mail)
{
	give_up(mail, "message expired before it was delivered",
	    !some_stay(mail));
	fate_progress(mail);
}

void
fate_delete(struct mail *mail)
{
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++)
		if (mail->m.rcpts[i].state == RCPT_QUEUED ||
		    mail->m.rcpts[i].state == RCPT_FAILED)
			mail_settle(mail, i, RCPT_DELETED);
	log_info("%s: removed", mail->msg->id.text);
	mail_unlink(mail);
}

void
fate_sweep(void)
{
	size_t left = MIN(SWEEP_MAX, qmgr.n_loaded);

	LIST_EACH(struct mail, mail, &qmgr.loaded, link) {
		if (left-- == 0)
			return;
		list_drop(&mail->link);
		list_append(&qmgr.loaded, &mail->link);
		if (mail->jobs == 0 && mail->notice == 0 &&
		    (mail->msg->flags & SCHED_ALARM) == 0 &&
		    sched_settled(mail->msg))
			fate_progress(mail);
	}
}
