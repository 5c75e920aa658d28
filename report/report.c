/*
 * report tells the owners of domains what we have seen of them: results of TLS
 * with their MX hosts (TLSRPT, RFC 8460), and mail in their name (DMARC, RFC
 * 7489).
 *
 *	smtp ─tls_result─▶ report_tls ─▶ report_store (LMDB)
 *	seal ─dmarc_seen─▶ report_dmarc ─┘
 *	                   report_send ─rua_ask, post─▶ sts, seal
 *	                        └─mail_*─▶ cleanup
 *
 * It has no network and can open nothing: the file of its store was opened
 * before the rights were given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "clock.h"
#include "log.h"
#include "param.h"
#include "program.h"
#include "report_dmarc.h"
#include "report_send.h"
#include "report_store.h"
#include "report_tls.h"
#include "tls.h"

#define FLUSH_EVERY (5 * SECOND)

static struct loop_timer flush_timer;

static const struct chan_rule rules[] = {
	{ MSG_tls_result, 1u << ROLE_SMTP, report_tls_result },
	{ MSG_dmarc_seen, 1u << ROLE_VERIFY, report_dmarc_seen },
	{ MSG_rua_said, 1u << ROLE_STS | 1u << ROLE_VERIFY, report_send_rua },
	{ MSG_posted, 1u << ROLE_STS, report_send_posted },
	{ MSG_mail_done, 1u << ROLE_CLEANUP, report_send_mailed },
};

static void
open_store(void)
{
	CLEAN_BUF struct buf path = { 0 };
	const char *why;

	buf_addf(&path, "%s/report/facts", params.data_directory);
	if (!report_store_open(buf_str(&path), &why))
		log_warn("%s: %s: nothing is reported; run posthouse setup",
		    buf_str(&path), why);
}

static void
flush(void)
{
	const char *why;

	if (!report_store_flush(&why))
		log_warn("figures for reports are lost: %s", why);
}

static void
on_flush(struct loop_timer *t)
{
	flush();
	loop_timer(t, MIN(FLUSH_EVERY, params.report_interval / 20), on_flush);
}

static void
on_go(void)
{
	on_flush(&flush_timer);
	report_send_start();
}

/* What is counted after that goes to the disk at the end of each round. */
static void
on_drain(void)
{
	report_send_drain();
	loop_each_round(flush);
}

static uint32_t
busy(void)
{
	return (uint32_t)report_send_open();
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "reports=%zu waiting=%zu", report_send_open(),
	    report_store_waiting());
}

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = report_send_peer_ended,
	.go = on_go,
	.drain = on_drain,
	.busy = busy,
	.status = say_status,
	.feeders = 1u << ROLE_SMTP | 1u << ROLE_VERIFY,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_REPORT, argc, argv);
	tls_start(); /* digests are the library's, too */
	open_store();
	program_confine();
	program_run(&calls);
}
