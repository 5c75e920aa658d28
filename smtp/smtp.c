/*
 * smtp brings mail to other hosts.  It stands between qmgr, which hands it one
 * message at a time as a read-only descriptor and a list of recipients, and the
 * hosts, which it does not trust.  Many deliveries share a process.
 *
 *	qmgr ─job─▶ smtp_job ─▶ smtp_resolve ─▶ smtp_hosts
 *	                ├─▶ smtp_conn ─▶ smtp_client (the protocol)
 *	                └─▶ smtp_forward ─▶ seal
 *	callout ─probe_rcpt─▶ smtp_probe, over the same
 *	qmgr ─etrn_ask─▶ smtp_etrn, over the same
 *	smtp_plan ─▶ smtp_sts ─sts_ask─▶ sts
 *	smtp_outcome ─▶ smtp_result ─tls_result─▶ report
 *	smtp_login ─login─▶ auth, where a host wants to know who we are
 *	smtp_cert ─sign─▶ keys, where it asks for a certificate
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dns.h"
#include "fd.h"
#include "log.h"
#include "own.h"
#include "program.h"
#include "smtp_backup.h"
#include "smtp_cert.h"
#include "smtp_conn.h"
#include "smtp_etrn.h"
#include "smtp_forward.h"
#include "smtp_generic.h"
#include "smtp_job.h"
#include "smtp_probe.h"
#include "smtp_result.h"
#include "smtp_sts.h"
#include "smtp_tls.h"
#include "tls_sign.h"
#include "trace.h"

static const struct chan_rule rules[] = {
	{ MSG_job, 1u << ROLE_QMGR, smtp_job_start },
	{ MSG_job_go, 1u << ROLE_QMGR, smtp_job_go },
	{ MSG_job_again, 1u << ROLE_QMGR, smtp_job_again },
	{ MSG_etrn_ask, 1u << ROLE_QMGR, smtp_etrn_start },
	{ MSG_job_cancel, 1u << ROLE_QMGR, smtp_job_cancel },
	{ MSG_probe_rcpt, 1u << ROLE_CALLOUT, smtp_probe_start },
	{ MSG_forwarded, 1u << ROLE_SIGN, smtp_forward_answered },
	{ MSG_login_say, 1u << ROLE_AUTH, smtp_login_answered },
	{ MSG_backup_check, 1u << ROLE_QMGR, smtp_backup_check },
	{ MSG_sts_said, 1u << ROLE_STS, smtp_sts_said },
	{ MSG_cert, 1u << ROLE_KEYS, smtp_cert_take },
	{ MSG_signed, 1u << ROLE_KEYS, tls_sign_late },
};

static void
on_peer(struct chan *c)
{
	query_peer(c);
	smtp_sts_peer(c);
}

static void
on_peer_ended(struct chan *c)
{
	smtp_job_peer_ended(c);
	smtp_probe_peer_ended(c);
	query_peer_ended(c);
	smtp_sts_peer_ended(c);
	smtp_login_peer_ended(c);
}

static void
on_drain(void)
{
	smtp_etrn_drain();
	smtp_conn_drain();
}

static uint32_t
busy(void)
{
	return (uint32_t)(smtp_job_count() + smtp_probe_count() +
	    smtp_etrn_count());
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "deliveries=%zu", smtp_job_count());
}

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer = on_peer,
	.peer_ended = on_peer_ended,
	.drain = on_drain,
	.busy = busy,
	.status = say_status,
	.feeders = 1u << ROLE_QMGR,
};

int
main(int argc, char **argv)
{
	const char *why;

	program_start(ROLE_SMTP, argc, argv);
	dns_start();
	if (!own_open(&why))
		log_fatal("%s", why);
	smtp_backup_open();
	smtp_generic_open();
	smtp_tls_open();
	smtp_sts_open();
	smtp_result_open();
	trace_open();
	smtp_login_open();
	(void)fd_limit(65536);
	program_confine();
	program_run(&calls);
}
