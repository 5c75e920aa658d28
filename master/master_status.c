/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_status.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "master_proc.h"

static const char *const states[] = {
	[PROC_DOWN] = "down",
	[PROC_STARTING] = "starting",
	[PROC_READY] = "ready",
	[PROC_WORKING] = "working",
	[PROC_DRAINING] = "draining",
};

static void
add_time(struct buf *out, int64_t when)
{
	char text[32] = "?";
	time_t t = (time_t)(when / SECOND);
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_adds(out, text);
}

static void
add_proc_text(struct buf *out, const struct proc *p)
{
	CLEAN_BUF struct buf since = { 0 };

	add_time(&since, p->since);
	buf_addf(out, "%-12s %-8s %7d %-9s %-19s %8u %6u %s\n", p->unit->name,
	    p->unit->program, (int)p->pid, states[p->state], buf_str(&since),
	    p->starts > 0 ? p->starts - 1 : 0, p->busy,
	    p->status != NULL ? p->status : "");
}

void
status_text(struct buf *out)
{
	buf_addf(out, "posthouse %s, pid %ld, ", PACKAGE_VERSION,
	    (long)getpid());
	buf_adds(out,
	    master.state == MASTER_STOPPING ? "stopping" : "running since ");
	if (master.state != MASTER_STOPPING)
		add_time(out, master.since);
	buf_addf(out, ", %u reload%s\n", master.reloads,
	    master.reloads == 1 ? "" : "s");
	buf_addf(out, "%-12s %-8s %7s %-9s %-19s %8s %6s %s\n", "SERVICE",
	    "PROGRAM", "PID", "STATE", "SINCE", "RESTARTS", "BUSY", "STATUS");
	LIST_EACH(struct generation, g, &master.generations, link)
		LIST_EACH(struct unit, u, &g->units, link)
			LIST_EACH(struct proc, p, &u->procs, link)
				if (p->pid != 0 || g->state == GEN_RUNNING)
					add_proc_text(out, p);
}

static void
add_proc_json(struct buf *out, const struct proc *p)
{
	buf_adds(out, "{\"service\":");
	json_put_str(out, p->unit->name);
	buf_adds(out, ",\"program\":");
	json_put_str(out, p->unit->program);
	buf_addf(out,
	    ",\"pid\":%d,\"state\":\"%s\",\"since\":%" PRId64
	    ",\"restarts\":%u,\"busy\":%u,\"generation\":%u,\"status\":",
	    (int)p->pid, states[p->state], p->since / SECOND,
	    p->starts > 0 ? p->starts - 1 : 0, p->busy, p->unit->gen->number);
	json_put_str(out, p->status != NULL ? p->status : "");
	buf_addc(out, '}');
}

void
status_json(struct buf *out)
{
	const char *sep = "\n";

	buf_addf(out,
	    "{\"version\":\"%s\",\"pid\":%ld,\"since\":%" PRId64
	    ",\"reloads\":%u,\"stopping\":%s,\"processes\":[",
	    PACKAGE_VERSION, (long)getpid(), master.since / SECOND,
	    master.reloads, master.state == MASTER_STOPPING ? "true" : "false");
	LIST_EACH(struct generation, g, &master.generations, link)
		LIST_EACH(struct unit, u, &g->units, link)
			LIST_EACH(struct proc, p, &u->procs, link) {
				buf_adds(out, sep);
				add_proc_json(out, p);
				sep = ",\n";
			}
	buf_adds(out, "\n]}\n");
}
