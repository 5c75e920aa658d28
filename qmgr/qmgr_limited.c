/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_limited.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "map.h"
#include "msg.h"
#include "param.h"
#include "qmgr_mail.h"
#include "qmgr_notice.h"
#include "qmgr_sched.h"
#include "str.h"

#define TOLD_MAX 10000 /* users that are remembered */
#define TOLD_AGE (24 * HOUR)

static struct map told; /* user to when the postmaster was told */

bool
limited_is(const struct mail *mail)
{
	return ((mail->m.head.flags | mail->m.env.flags) & MAIL_OVER_LIMIT) !=
	    0;
}

static void
forget_told(void)
{
	MAP_EACH(&told, e) {
		free(e->value);
	}
	map_free(&told);
}

/* Notes that he is told now; false where he was not long ago. */
static bool
is_news(const char *user)
{
	void **place;
	int64_t *when;

	if (told.len >= TOLD_MAX)
		forget_told();
	place = map_puts(&told, user);
	when = *place;
	if (when != NULL && loop_now() - *when < TOLD_AGE)
		return false;
	if (when == NULL)
		when = *place = xcalloc(1, sizeof(*when));
	*when = loop_now();
	return true;
}

void
limited_hold(struct mail *mail)
{
	CLEAN_BUF struct buf user = { 0 };
	const char *name = mail->m.env.auth_user;

	str_printable(&user, name, strlen(name), LOG_LINE_MAX / 4);
	const struct dsn why = {
		.outcome = OUTCOME_DEFER,
		.fault = FAULT_MESSAGE,
		.status = "4.7.1",
		.text = arena_printf(&mail->arena,
		    "too much mail from user %s, kept in hold by "
		    "smtpd_user_limit_action",
		    buf_str(&user)),
	};
	for (uint32_t i = 0; i < mail->m.n_rcpts; i++) {
		struct spool_rcpt *r = &mail->m.rcpts[i];

		if (r->state != RCPT_QUEUED)
			continue;
		mail_note(mail, i, &why, "");
		spool_entry_rcpt(&mail->journal, i, RCPT_QUEUED, &r->last,
		    r->relay, r->last_attempt);
	}
	sched_hold(qmgr.sched, mail->msg);
	log_info("%s: placed on hold: too much mail from user %s",
	    mail->msg->id.text, buf_str(&user));
	if (param_has_word(params.notify_classes, "resource") && is_news(name))
		notice_held(mail);
}
