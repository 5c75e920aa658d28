/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_srs.h"

#include "clock.h"
#include "msg.h"
#include "param.h"
#include "smtpd_policy.h"
#include "srs.h"

#define PATIENCE (10 * SECOND)

bool
smtpd_srs_is(const struct addr *rcpt)
{
	return params.srs_domain[0] != '\0' &&
	    str_eq_nocase(rcpt->domain, params.srs_domain) &&
	    srs_is(rcpt->local);
}

static void
on_failed(struct query *q, const char *why)
{
	struct smtpd_conn *c = container_of(q, struct smtpd_conn, srs);

	(void)why; /* seal's end is in the log */
	smtpd_policy_srs(c, NULL);
}

struct smtpd_verdict
smtpd_srs_ask(struct smtpd_conn *c, const char *address)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_srs_ask m = {
		.stream = query_open(&c->srs, PATIENCE, on_failed),
		.address = address,
	};

	c->asked = address;
	msg_put_srs_ask(&packet, &m);
	query_send(&c->srs, ROLE_SIGN, &packet, -1);
	return SMTPD_LATER;
}

void
smtpd_srs_drop(struct smtpd_conn *c)
{
	if (c->srs.number != 0)
		query_drop(&c->srs);
}

bool
smtpd_srs_answered(struct chan *chan, const void *body, size_t len, int fd)
{
	struct msg_srs_found m;

	close_fd(&fd);
	if (!msg_get_srs_found(&m, body, len) || m.verdict > SRS_EXPIRED ||
	    (m.verdict == SRS_GOOD) != (m.address[0] != '\0'))
		return false;
	struct query *q = query_take(chan, m.stream);
	if (q != NULL)
		smtpd_policy_srs(container_of(q, struct smtpd_conn, srs), &m);
	return true;
}
