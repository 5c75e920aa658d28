/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_refused.h"

#include "param.h"
#include "str.h"

static const char *
doubt(const struct mail *mail)
{
	uint32_t flags = mail->m.head.flags | mail->m.env.flags;

	if (mail->m.env.sender[0] == '\0')
		return "null sender";
	if ((flags & MAIL_DMARC_FAIL) != 0)
		return "DMARC fail";
	if ((flags & MAIL_SPF_FAIL) != 0)
		return "SPF fail";
	return NULL;
}

enum refused
refused_action(const struct mail *mail, uint32_t index, const char **why)
{
	*why = mail->places[index].backup ? doubt(mail) : NULL;
	if (*why == NULL || str_eq(params.backup_refused_action, "bounce"))
		return REFUSED_BOUNCE;
	return str_eq(params.backup_refused_action, "discard") ? REFUSED_DISCARD
							       : REFUSED_HOLD;
}

bool
refused_waits(const struct spool_rcpt *r)
{
	return r->state == RCPT_QUEUED && r->last.outcome == OUTCOME_BOUNCE;
}
