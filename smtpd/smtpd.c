/*
 * smtpd takes mail in by SMTP.  It stands between the clients, whom it does not
 * trust, and cleanup, to which it hands checked envelopes and canonical lines.
 * It can open nothing: what it needs to know lies in tables that were opened
 * before its rights were given up, or is asked of lookup and the DNS.
 *
 *	smtpd_accept ─▶ smtpd_conn ─▶ smtpd_session (the protocol)
 *	                    ├─▶ smtpd_policy ─▶ smtpd_ask ─▶ lookup
 *	                    │       ├─▶ smtpd_remote ─▶ smtpd_vet ─▶ callout
 *	                    │       └─▶ smtpd_srs ─▶ seal
 *	                    ├─▶ smtpd_login ─▶ auth
 *	                    ├─▶ smtpd_wake ─▶ qmgr
 *	                    └─▶ smtpd_feed ─▶ cleanup
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "clock.h"
#include "fd.h"
#include "program.h"
#include "smtpd_accept.h"
#include "smtpd_ask.h"
#include "smtpd_conn.h"
#include "smtpd_feed.h"
#include "smtpd_login.h"
#include "smtpd_notice.h"
#include "smtpd_policy.h"
#include "smtpd_space.h"
#include "smtpd_srs.h"
#include "smtpd_tls.h"
#include "smtpd_vet.h"
#include "smtpd_wake.h"
#include "tls_sign.h"
#include "trace.h"

/* Descriptors for everything that is not a client. */
#define OWN_FILES 128

/* When a process that is to stop tells idle clients to go, and how often it
 * looks.  A reload cuts nobody: there they stay until they go themselves. */
#define DRAIN_PATIENCE (2 * SECOND)

static struct loop_timer drain_timer;

static const struct chan_rule rules[] = {
	{ MSG_mail_done, 1u << ROLE_CLEANUP, smtpd_feed_done },
	{ MSG_answer, 1u << ROLE_LOOKUP, smtpd_ask_answered },
	{ MSG_vetted, 1u << ROLE_CALLOUT, smtpd_vet_answered },
	{ MSG_cert, 1u << ROLE_KEYS, smtpd_tls_cert },
	{ MSG_ticket, 1u << ROLE_KEYS, smtpd_tls_ticket },
	{ MSG_signed, 1u << ROLE_KEYS, tls_sign_late },
	{ MSG_auth_mechs, 1u << ROLE_AUTH, smtpd_login_told },
	{ MSG_auth_reply, 1u << ROLE_AUTH, smtpd_login_answered },
	{ MSG_spf_done, 1u << ROLE_VERIFY, smtpd_verify_answered },
	{ MSG_srs_found, 1u << ROLE_SIGN, smtpd_srs_answered },
	{ MSG_wake_done, 1u << ROLE_QMGR, smtpd_wake_answered },
	{ MSG_watch, 1u << ROLE_QMGR, smtpd_wake_watch },
};

static void
on_peer_ended(struct chan *c)
{
	smtpd_feed_peer_ended(c);
	smtpd_wake_peer_ended(c);
	smtpd_verify_peer_ended(c);
	query_peer_ended(c);
	smtpd_login_peer_ended(c);
}

static void
on_go(void)
{
	smtpd_policy_run();
	loop_each_round(smtpd_feed_each_round);
}

static void
on_drain_patience(struct loop_timer *t)
{
	if (program_stopping())
		smtpd_conn_dismiss_idle();
	loop_timer(t, SECOND, on_drain_patience);
}

static void
on_drain(void)
{
	smtpd_accept_stop();
	loop_timer(&drain_timer, DRAIN_PATIENCE, on_drain_patience);
}

static uint32_t
busy(void)
{
	return (uint32_t)smtpd_conn_count() + smtpd_feed_orphans();
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "sessions=%zu", smtpd_conn_count());
}

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer = query_peer,
	.peer_ended = on_peer_ended,
	.listen = smtpd_accept_listen,
	.go = on_go,
	.drain = on_drain,
	.busy = busy,
	.status = say_status,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_SMTPD, argc, argv);
	dns_start();
	smtpd_space_open();
	smtpd_policy_open(program_service());
	smtpd_tls_open(program_service());
	smtpd_verify_open();
	trace_open();
	smtpd_notice_open();
	smtpd_login_open();

	size_t files = fd_limit(65536);
	smtpd_accept_limit(
	    files > 2 * OWN_FILES ? files - OWN_FILES : files / 2);
	program_confine();
	program_run(&calls);
}
