/*
 * qmgr - the queue manager.
 *
 * It stands behind cleanup, which tells it of each committed message, and
 * in front of the delivery agents and bounce.  It alone writes to a
 * committed queue file.  The scheduler (qmgr_sched.h) decides who is tried
 * when; the other files here carry that out.  What is in memory can be had
 * from the disk again, so this process may be killed at any moment: then
 * some results are forgotten, and their recipients get the message once
 * more.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr.h"

#include "clock.h"
#include "log.h"
#include "param.h"
#include "program.h"
#include "qmgr_admin.h"
#include "qmgr_agent.h"
#include "qmgr_etrn.h"
#include "qmgr_events.h"
#include "qmgr_fate.h"
#include "qmgr_handover.h"
#include "qmgr_notice.h"
#include "qmgr_parts.h"
#include "qmgr_peer.h"
#include "qmgr_scan.h"
#include "qmgr_stood.h"
#include "qmgr_take.h"
#include "qmgr_wake.h"
#include "route.h"

#define TICK (2 * SECOND)

struct qmgr qmgr;

static struct loop_timer tick_timer;

/* Each answer may free a turn: so events are looked for at once, and not in
 * the next round. */
#define RULE_FN(name, does)                                                    \
	static bool name(struct chan *c, const void *body, size_t len, int fd) \
	{                                                                      \
		bool good = does(c, body, len, fd);                            \
                                                                               \
		events_run();                                                  \
		return good;                                                   \
	}

RULE_FN(on_new, take_new)
RULE_FN(on_job_done, agent_done)
RULE_FN(on_hosts, agent_hosts)
RULE_FN(on_notice, notice_answer)
RULE_FN(on_wake, wake_asked)

#define FROM_AGENTS (1u << ROLE_SMTP | 1u << ROLE_LOCAL)
#define FROM_LOCAL  (1u << ROLE_LOCAL)

/* clang-format off */
static const struct chan_rule rules[] = {
	{ MSG_queue_new,   1u << ROLE_CLEANUP, on_new       },
	{ MSG_job_result,  FROM_AGENTS,        agent_result },
	{ MSG_job_expand,  FROM_LOCAL,         agent_expand },
	{ MSG_job_hosts,   1u << ROLE_SMTP,    on_hosts     },
	{ MSG_job_done,    FROM_AGENTS,        on_job_done  },
	{ MSG_notice_done, 1u << ROLE_BOUNCE,  on_notice    },
	{ MSG_wake,        1u << ROLE_SMTPD,   on_wake      },
};
/* clang-format on */

static void
on_tick(struct loop_timer *t)
{
	fate_sweep();
	stood_note();
	agent_warn();
	qmgr_soon();
	loop_timer(t, TICK, on_tick);
}

static void
begin(void)
{
	qmgr.at_work = true;
	agent_ask_backup();
	stood_open();
	scan_start();
	if (program_first())
		etrn_start();
	loop_timer(&tick_timer, TICK, on_tick);
}

static void
on_go(void)
{
	handover_start(begin);
}

static void
on_drain(void)
{
	qmgr.draining = true;
	scan_stop();
	admin_stop();
	loop_cancel(&tick_timer);
	if (qmgr.at_work)
		stood_note();
	handover_tell();
	agent_cancel(NULL);
}

static uint32_t
busy(void)
{
	return agent_jobs() + notice_open() + admin_busy();
}

static void
status(struct buf *out)
{
	buf_addf(out, "messages=%zu held=%llu jobs=%u", qmgr.sched->n_msgs,
	    (unsigned long long)qmgr.held, agent_jobs());
	if (scan_stage()[0] != '\0')
		buf_addf(out, " reading=%s", scan_stage());
}

static struct sched *
make_sched(void)
{
	struct sched_config config = {
		.min_backoff = params.minimal_backoff_time,
		.max_backoff = params.maximal_backoff_time,
		.lifetime = params.maximal_queue_lifetime,
		.bounce_lifetime = MIN(params.bounce_queue_lifetime,
		    params.maximal_queue_lifetime),
		.backup_lifetime = params.backup_queue_lifetime,
		.delay_warning = params.delay_warning_time,
		.probe_time = params.destination_probe_time,
		.probe_max = params.destination_probe_max,
	};
	struct sched *s = sched_create(&config, (uint64_t)clock_wall_us());

	sched_time(s, clock_mono());
	return s;
}

int
main(int argc, char **argv)
{
	static const struct program_calls calls = {
		.rules = rules,
		.n_rules = ARRAY_LEN(rules),
		.peer = peer_come,
		.peer_ended = peer_gone,
		.listen = admin_listen,
		.go = on_go,
		.drain = on_drain,
		.busy = busy,
		.status = status,
		.control = handover_control,
	};
	const char *why;

	program_start(ROLE_QMGR, argc, argv);
	if (!route_open(&why))
		log_fatal("%s", why);
	handover_open();
	admin_open();
	wake_open();
	program_confine();
	list_init(&qmgr.loaded);
	qmgr.sched = make_sched();
	scan_check_folders();
	program_run(&calls);
}
