/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_events.h"

#include "clock.h"
#include "log.h"
#include "qmgr_agent.h"
#include "qmgr_fate.h"
#include "qmgr_mail.h"
#include "qmgr_notice.h"
#include "qmgr_wake.h"
#include "str.h"

/* Events at once; then the sockets come again. */
#define EVENTS_MAX 500

static void
load(struct sched_msg *m)
{
	struct mail *mail = mail_load(m);

	if (mail == NULL)
		return;
	log_info("%s: from=<%s>" LOG_SEP "size=%llu" LOG_SEP
		 "nrcpt=%u (queue active)",
	    m->id.text, mail->m.env.sender,
	    (unsigned long long)mail->m.env.size, sched_count(m));
	fate_progress(mail);
}

static void
expire(struct sched_msg *m)
{
	struct mail *mail = mail_load(m);

	if (mail == NULL)
		return;
	/* Routes are worked out anew: it may have longer now. */
	if ((m->flags & SCHED_EXPIRED) != 0)
		fate_time_over(mail);
	else
		fate_progress(mail);
}

static void
warn(struct sched_msg *m)
{
	struct mail *mail = mail_load(m);

	if (mail != NULL)
		notice_delay(mail);
}

static void
wake(struct sched_msg *m)
{
	struct mail *mail = mail_load(m);

	if (mail == NULL)
		return;
	if ((m->flags & SCHED_EXPIRED) != 0) {
		/* It could not be read when its time was over, and somebody
		 * had it tried since. */
		if (mail->jobs > 0)
			sched_alarm(qmgr.sched, m, MINUTE);
		else
			fate_time_over(mail);
		return;
	}
	if ((m->owner & OWNER_WISH_WARN) != 0)
		notice_delay(mail);
	fate_progress(mail);
}

/* "40 seconds", "10 minutes": a time as people say it. */
static void
put_span(struct buf *out, int64_t ms)
{
	static const struct {
		int64_t unit;
		const char *name;
	} units[] = { { DAY, "days" }, { HOUR, "hours" },
		{ MINUTE, "minutes" } };

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (ms >= 2 * units[i].unit) {
			buf_addf(out, "%lld %s",
			    (long long)(ms / units[i].unit), units[i].name);
			return;
		}
	buf_addf(out, "%lld seconds", (long long)((ms + 500) / SECOND));
}

static void
say_state(const struct dest *d)
{
	const char *transport = d->transport->name;
	uint32_t waiting = d->small.n + d->big.n;
	CLEAN_BUF struct buf span = { 0 };

	if (d->down != 0) {
		put_span(&span, sched_next_probe(qmgr.sched, d));
		log_info("destination %s:%s is down: %s (%u messages wait, "
			 "next probe in %s)",
		    transport, d->nexthop,
		    d->reason != NULL ? d->reason : "no reason given", waiting,
		    buf_str(&span));
	} else {
		put_span(&span, d->outage);
		log_info("destination %s:%s is up again after %s, %u messages "
			 "wait",
		    transport, d->nexthop, buf_str(&span), waiting);
	}
}

static void
say_drained(const struct dest *d)
{
	log_info("destination %s:%s: %u messages drained in %lld.%lld seconds",
	    d->transport->name, d->nexthop, d->drained,
	    (long long)(d->draining / SECOND),
	    (long long)(d->draining % SECOND / 100));
}

static void
say_probe(const struct sched_event *e)
{
	CLEAN_BUF struct buf span = { 0 };

	put_span(&span, qmgr.sched->now - e->dest->down);
	if (e->dest->down != 0)
		log_info("destination %s:%s: probe with %s, down for %s",
		    e->dest->transport->name, e->dest->nexthop, e->msg->id.text,
		    buf_str(&span));
}

static void
act(const struct sched_event *e)
{
	switch (e->kind) {
	case SCHED_LOAD:
		load(e->msg);
		return;
	case SCHED_START:
		if (e->probe)
			say_probe(e);
		agent_start(e);
		return;
	case SCHED_EXPIRE:
		expire(e->msg);
		return;
	case SCHED_WARN:
		warn(e->msg);
		return;
	case SCHED_WAKE:
		wake(e->msg);
		return;
	case SCHED_STATE:
		say_state(e->dest);
		return;
	case SCHED_DRAINED:
		say_drained(e->dest);
		return;
	case SCHED_RESOLVER_DOWN:
		log_warn("the resolver does not answer: mail that needs it "
			 "waits, and does not expire meanwhile: see "
			 "dns_servers and /etc/resolv.conf");
		return;
	case SCHED_RESOLVER_UP:
		log_info("the resolver answers again");
		return;
	}
}

static void
on_timer(struct loop_timer *t __attribute__((unused)))
{
	events_run();
}

void
qmgr_soon(void)
{
	if (qmgr.timer.at == 0 || qmgr.timer.at > loop_now())
		loop_timer(&qmgr.timer, 0, on_timer);
}

void
events_run(void)
{
	static bool running;
	struct sched_event e;
	int left = EVENTS_MAX;

	if (running || !qmgr.at_work || qmgr.draining)
		return;
	running = true;
	sched_time(qmgr.sched, loop_now());
	while (left > 0 && sched_next(qmgr.sched, &e)) {
		act(&e);
		left--;
	}
	running = false;
	wake_tell();

	int64_t when = left > 0 ? sched_when(qmgr.sched) : loop_now();
	if (when == SCHED_NEVER)
		loop_cancel(&qmgr.timer);
	else if (qmgr.timer.at != when)
		loop_timer(&qmgr.timer, MAX(when - loop_now(), 0), on_timer);
}
