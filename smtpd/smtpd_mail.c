/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_mail.h"

#include <string.h>

#include "msg.h"
#include "param.h"
#include "smtpd_args.h"
#include "smtpd_reply.h"

/* So many recipients beyond the limit are refused without being counted as
 * errors: a client with a long list sends them all before it hears of the
 * first (Postfix's smtpd_recipient_overshoot_limit). */
#define OVERSHOOT 1000

void
smtpd_forget(struct smtpd_session *s)
{
	s->calls->forget(s);
	arena_free(&s->tx.arena);
	memset(&s->tx, 0, sizeof(s->tx));
	if (s->state & (SMTPD_MAIL | SMTPD_RCPT | SMTPD_DATA))
		s->state = SMTPD_HELLO;
}

int
smtpd_say_mail(struct smtpd_session *s, const char *args)
{
	struct smtpd_verdict v;

	if (!smtpd_parse_mail(&s->tx, args, &v)) {
		int code = smtpd_reply(s, v.code, v.status, "%s", v.text);
		smtpd_forget(s);
		return code;
	}
	if ((s->tx.flags & MAIL_REQUIRETLS) != 0 && s->tls == NULL) {
		smtpd_forget(s);
		return smtpd_reply(s, 555, "5.5.4",
		    "Unsupported option: REQUIRETLS");
	}
	return smtpd_hear_mail(s, s->calls->mail(s));
}

int
smtpd_hear_mail(struct smtpd_session *s, struct smtpd_verdict v)
{
	if (v.code == 0)
		return 0;
	if (v.code >= 400) {
		int code = smtpd_refuse(s, v);
		smtpd_forget(s);
		return code;
	}
	return smtpd_reply(s, 250, "2.1.0", "Ok");
}

int
smtpd_say_rcpt(struct smtpd_session *s, const char *args)
{
	struct smtpd_transaction *tx = &s->tx;
	struct smtpd_verdict v;
	struct addr rcpt;

	if (!smtpd_parse_rcpt(tx, args, &rcpt, &v))
		return smtpd_reply(s, v.code, v.status, "%s", v.text);
	tx->rcpt = addr_internal(&tx->arena, &rcpt);
	if (tx->spoilt.code != 0)
		return smtpd_refuse(s, tx->spoilt);
	if (tx->rcpts >= params.smtpd_recipient_limit) {
		s->excused = tx->excess++ < OVERSHOOT;
		return smtpd_refuse_with(s, 452, "4.5.3",
		    "Error: too many recipients");
	}
	return smtpd_hear_rcpt(s, s->calls->rcpt(s, &rcpt));
}

int
smtpd_hear_rcpt(struct smtpd_session *s, struct smtpd_verdict v)
{
	if (v.code == 0)
		return 0;
	if (v.code >= 400)
		return smtpd_refuse(s, v);
	s->tx.rcpts++;
	return smtpd_reply(s, 250, "2.1.5", "Ok");
}

int
smtpd_say_data(struct smtpd_session *s, const char *args)
{
	(void)args; /* the table allows none */
	s->tx.rcpt = NULL;
	if (s->tx.rcpts == 0)
		return smtpd_reply(s, 554, "5.5.1",
		    "Error: no valid recipients");
	if (s->tx.spoilt.code != 0)
		return smtpd_refuse(s, s->tx.spoilt);
	return smtpd_hear_data(s, s->calls->data(s));
}

int
smtpd_hear_data(struct smtpd_session *s, struct smtpd_verdict v)
{
	if (v.code == 0)
		return 0;
	if (v.code >= 400)
		return smtpd_refuse(s, v);
	s->place = AT_START;
	return smtpd_reply(s, 354, "", "End data with <CR><LF>.<CR><LF>");
}

int
smtpd_say_end(struct smtpd_session *s, const char *args)
{
	(void)args; /* there is none */
	if (s->tx.spoilt.code != 0)
		return smtpd_hear_end(s, s->tx.spoilt);
	return smtpd_hear_end(s, s->calls->end(s));
}

int
smtpd_hear_end(struct smtpd_session *s, struct smtpd_verdict v)
{
	int code;

	if (v.code == 0)
		return 0;
	if (v.code >= 400) {
		code = smtpd_refuse(s, v);
	} else {
		code = smtpd_reply(s, 250,
		    v.status != NULL ? v.status : "2.0.0", "%s",
		    v.text != NULL ? v.text : "Ok");
		s->errors = 0;
		s->junk = 0;
	}
	smtpd_forget(s);
	return code;
}
