/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_generation.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "master_conf.h"
#include "master_control.h"
#include "master_log.h"
#include "master_proc.h"
#include "master_socket.h"
#include "master_wiring.h"
#include "str.h"

#define START_TIME    (60 * SECOND)
#define TAKEOVER_TIME (10 * SECOND)

#define GENERATIONS_MAX 4 /* that are left in peace */

/* Ids that a qmgr may have in hand, as bytes: far more than it can deliver at a
 * time. */
#define IN_HAND_MAX ((size_t)16 << 20)

void
each_proc(void (*fn)(struct proc *p))
{
	LIST_EACH(struct generation, g, &master.generations, link)
		LIST_EACH(struct unit, u, &g->units, link)
			LIST_EACH(struct proc, p, &u->procs, link)
				fn(p);
}

static void
each_of(struct generation *g, void (*fn)(struct proc *p))
{
	LIST_EACH(struct unit, u, &g->units, link)
		LIST_EACH(struct proc, p, &u->procs, link)
			fn(p);
}

/* A living process of that role, or NULL. */
static struct proc *
find_role(struct generation *g, enum role role)
{
	LIST_EACH(struct unit, u, &g->units, link)
		LIST_EACH(struct proc, p, &u->procs, link)
			if (u->role == role && proc_lives(p))
				return p;
	return NULL;
}

/* ---- wiring ---- */

static void
tell_peer(struct proc *p, const struct proc *peer, int fd)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_ctl_peer(&packet,
	    &(struct msg_ctl_peer){
		.role = peer->unit->role,
		.pid = (uint32_t)peer->pid,
		.service = peer->unit->peer_name,
	    });
	chan_send(&p->control, &packet, fd, true);
}

static void
connect_procs(struct proc *from, struct proc *to)
{
	int fds[2];

	if (chan_pair(fds) < 0) {
		log_warn("no channel between %s and %s, %s is started anew: "
			 "%m",
		    from->unit->name, to->unit->name, from->unit->name);
		proc_kill(from, SIGTERM);
		return;
	}
	tell_peer(from, to, fds[0]);
	tell_peer(to, from, fds[1]);
}

/* Within a generation as the table says; from an old one to the newest what is
 * handed over, and what the old one has nobody for any more. */
static bool
is_wired(struct proc *from, struct proc *to)
{
	struct generation *a = from->unit->gen, *b = to->unit->gen;

	if (!proc_lives(from) || !proc_lives(to) ||
	    !wiring_has(from->unit->role, to->unit->role))
		return false;
	if (a == b)
		return true;
	return a->state == GEN_DRAINING && b->state == GEN_RUNNING &&
	    (wiring_hands_over(from->unit->role, to->unit->role) ||
		find_role(a, to->unit->role) == NULL);
}

/* Wires those of one generation to a process of another. */
static void
wire_gen(struct generation *g, struct proc *to)
{
	LIST_EACH(struct unit, u, &g->units, link)
		LIST_EACH(struct proc, from, &u->procs, link)
			if (is_wired(from, to))
				connect_procs(from, to);
}

static void
wire_older(struct proc *to)
{
	LIST_EACH(struct generation, g, &master.generations, link)
		if (g != to->unit->gen)
			wire_gen(g, to);
}

static struct proc *wired;

static void
wire_with(struct proc *other)
{
	if (is_wired(wired, other))
		connect_procs(wired, other);
	if (is_wired(other, wired))
		connect_procs(other, wired);
}

static void
wire(struct proc *p)
{
	wired = p;
	each_proc(wire_with);
}

/* ---- the queue changes hands ---- */

static void
tell_in_hand(struct proc *qmgr, const struct buf *packets)
{
	struct wire w = wire_open(buf_str(packets), packets->len);
	CLEAN_BUF struct buf packet = { 0 };

	while (wire_more(&w)) {
		struct slice one = wire_get_blob(&w);

		buf_reset(&packet);
		buf_add(&packet, one.at, one.len);
		chan_send(&qmgr->control, &packet, -1, false);
	}
}

/* What all older qmgrs that still live have in hand. */
static void
tell_all_in_hand(struct proc *qmgr)
{
	LIST_EACH(struct generation, g, &master.generations, link)
		if (g != qmgr->unit->gen && find_role(g, ROLE_QMGR) != NULL)
			tell_in_hand(qmgr, &g->in_hand);
}

/* The last of the old qmgrs is gone. */
static void
free_queue(void)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct generation *newest = master_newest();
	struct proc *qmgr = newest != NULL ? find_role(newest, ROLE_QMGR)
					   : NULL;

	LIST_EACH(struct generation, g, &master.generations, link)
		if (g != newest && find_role(g, ROLE_QMGR) != NULL)
			return;
	if (qmgr == NULL || newest->state != GEN_RUNNING)
		return;
	msg_put_ctl_free(&packet, &(struct msg_ctl_free){ 0 });
	chan_send(&qmgr->control, &packet, -1, false);
}

void
generation_equip(struct proc *p)
{
	wire(p);
	if (p->unit->role == ROLE_QMGR && p->unit->gen->state == GEN_RUNNING)
		tell_all_in_hand(p);
}

/* ---- the start ---- */

static bool
all_ready(struct generation *g)
{
	LIST_EACH(struct unit, u, &g->units, link)
		LIST_EACH(struct proc, p, &u->procs, link)
			if (p->state != PROC_READY)
				return false;
	return true;
}

/* Sessions may last, and reloads be frequent: who is too old is told to stop,
 * which sends idle clients away. */
static void
hurry_oldest(void)
{
	size_t n = 0;

	LIST_EACH(struct generation, g, &master.generations, link)
		n++;
	LIST_EACH(struct generation, old, &master.generations, link)
		if (old->state == GEN_DRAINING && n-- > GENERATIONS_MAX)
			each_of(old, proc_drain_to_stop);
}

/* The old generations drain; what their cleanups still take in is for the new
 * qmgr. */
static void
retire_others(struct generation *g)
{
	LIST_EACH(struct generation, old, &master.generations, link)
		if (old->state == GEN_RUNNING && old != g)
			old->state = GEN_DRAINING;
	LIST_EACH(struct unit, u, &g->units, link)
		LIST_EACH(struct proc, to, &u->procs, link)
			if (u->role == ROLE_QMGR)
				wire_older(to);
	LIST_EACH(struct generation, old, &master.generations, link)
		if (old->state == GEN_DRAINING)
			each_of(old, proc_drain);
	hurry_oldest();
}

static void
go(struct generation *g)
{
	struct proc *qmgr = find_role(g, ROLE_QMGR);

	loop_cancel(&g->limit);
	if (qmgr != NULL)
		tell_all_in_hand(qmgr);
	g->state = GEN_RUNNING;
	each_of(g, proc_go);
	retire_others(g);
	free_queue();
	sockets_sweep();
	if (g->asker != NULL)
		control_done(g->asker, EX_OK, "reloaded");
	g->asker = NULL;
	master_started(g);
}

/* The qmgr of the generation that works, while it does. */
static struct proc *
old_qmgr(const struct generation *g)
{
	LIST_EACH(struct generation, old, &master.generations, link)
		if (old != g && old->state == GEN_RUNNING)
			return find_role(old, ROLE_QMGR);
	return NULL;
}

static void
take_over(struct generation *g)
{
	struct proc *old = old_qmgr(g);

	if (old == NULL || find_role(g, ROLE_QMGR) == NULL) {
		go(g);
		return;
	}
	g->state = GEN_TAKEOVER;
	loop_timer(&g->limit, TAKEOVER_TIME, g->limit.due);
	proc_drain(old);
}

void
generation_ready(struct proc *p)
{
	struct generation *g = p->unit->gen;

	if (g->state == GEN_RUNNING)
		p->state = PROC_WORKING; /* started again, and told to go */
	else if (g->state == GEN_STARTING && all_ready(g))
		take_over(g);
}

void
generation_in_hand(struct proc *p, const struct buf *packet, bool last)
{
	struct generation *newest = master_newest();
	struct buf *in_hand = &p->unit->gen->in_hand;

	if (in_hand->len + packet->len > IN_HAND_MAX) {
		log_warn("%s[%d] has too much in hand to be true: killed",
		    p->unit->name, (int)p->pid);
		proc_kill(p, SIGKILL);
		return;
	}
	wire_put_blob(in_hand, (struct slice){ buf_str(packet), packet->len });
	if (last && newest != NULL && newest->state == GEN_TAKEOVER)
		go(newest);
}

static void
on_limit(struct loop_timer *t)
{
	struct generation *g = container_of(t, struct generation, limit);

	if (g->state == GEN_STARTING) {
		g->exit = EX_TEMPFAIL;
		generation_fail(g, "a program is not ready after 60 seconds");
		return;
	}

	struct proc *old = old_qmgr(g);
	if (old != NULL) {
		log_warn("%s[%d] does not say what it has in hand: it is "
			 "killed, and what it was delivering may be "
			 "delivered twice",
		    old->unit->name, (int)old->pid);
		proc_kill(old, SIGKILL);
	}
	go(g);
}

/* ---- making one ---- */

static char *
label_of(const struct conf *c, const struct service *s)
{
	CLEAN_BUF struct buf label = { 0 };
	CLEAN_STR char *own = conf_override(s, "syslog_name");

	buf_addf(&label, "%s/%s", own != NULL ? own : c->syslog_name,
	    s->program);
	return buf_take(&label);
}

/* An agent's transport, or the section's name. */
static char *
peer_name_of(enum role role, const struct service *s)
{
	struct slice rest = slice_of(s->listen);
	struct listen_item item;
	struct slice text;
	const char *why;

	if ((role == ROLE_SMTP || role == ROLE_LOCAL) &&
	    slice_next_item(&rest, &text) && listen_parse(text, &item, &why) &&
	    item.name[0] != '\0')
		return xstrdup(item.name);
	return xstrdup(s->name);
}

static int64_t
processes_of(const struct service *s)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (s->processes > 0)
		return s->processes;
	return cores > 0 ? cores : 1;
}

static bool
add_unit(struct generation *g, const struct service *s, struct buf *errors)
{
	CLEAN_STR char *label = label_of(&g->conf, s);
	struct unit *u = xcalloc(1, sizeof(*u));

	u->gen = g;
	u->role = role_of(s->program, s->name);
	u->name = xstrdup(s->name);
	u->program = xstrdup(s->program);
	u->peer_name = peer_name_of(u->role, s);
	list_init(&u->procs);
	list_append(&g->units, &u->link);
	u->log = logpipe_get(s->name, label);
	if (u->log == NULL) {
		buf_addf(errors, "no log socket for %s: %s\n", s->name,
		    strerror(errno));
		return false;
	}
	for (int64_t i = 0; i < processes_of(s); i++)
		(void)proc_new(u);
	return sockets_open(u, s, errors);
}

static void
free_unit(struct unit *u)
{
	LIST_EACH(struct proc, p, &u->procs, link)
		proc_free(p);
	for (char **a = u->listens; a != NULL && *a != NULL; a++)
		free(*a);
	free(u->listens);
	free(u->name);
	free(u->program);
	free(u->peer_name);
	list_drop(&u->link);
	free(u);
}

static void
free_generation(struct generation *g)
{
	LIST_EACH(struct unit, u, &g->units, link)
		free_unit(u);
	loop_cancel(&g->limit);
	conf_free(&g->conf);
	buf_free(&g->said);
	buf_free(&g->in_hand);
	list_drop(&g->link);
	free(g);
}

/* scribe first: what the others say is to be heard. */
static void
start_all(struct generation *g)
{
	for (int first = 1; first >= 0; first--)
		LIST_EACH(struct unit, u, &g->units, link)
			LIST_EACH(struct proc, p, &u->procs, link)
				if ((u->role == ROLE_SCRIBE) == (first == 1))
					proc_start(p);
}

struct generation *
generation_start(struct conf *c, uint32_t number, struct chan *asker,
    struct buf *errors)
{
	struct generation *g = xcalloc(1, sizeof(*g));
	bool ok = true;

	g->conf = *c;
	*c = (struct conf){ 0 };
	g->number = number;
	g->asker = asker;
	list_init(&g->units);
	list_append(&master.generations, &g->link);
	for (size_t i = 0; i < g->conf.services.n; i++)
		if (g->conf.services.at[i].enabled)
			ok &= add_unit(g, &g->conf.services.at[i], errors);
	ok = ok && logfile_open(g->conf.maillog_file, errors);
	if (!ok) {
		free_generation(g);
		sockets_sweep();
		return NULL;
	}
	loop_timer(&g->limit, START_TIME, on_limit);
	start_all(g);
	return g;
}

/* ---- the end ---- */

/* The only scribe has to write why the others do not start; it ends when all is
 * said (master.c). */
static bool
writes_log(const struct proc *p)
{
	return p->unit->role == ROLE_SCRIBE && master.state == MASTER_STARTING;
}

void
generation_fail(struct generation *g, const char *why)
{
	g->state = GEN_FAILED;
	loop_cancel(&g->limit);
	LIST_EACH(struct unit, u, &g->units, link)
		LIST_EACH(struct proc, p, &u->procs, link)
			if (!writes_log(p))
				proc_kill(p, SIGKILL);
	sockets_sweep();
	buf_addf(&g->said, "%s\n", why);
	if (g->asker != NULL) {
		control_lines(g->asker, buf_str(&g->said));
		control_done(g->asker, g->exit,
		    "the old configuration stays "
		    "in force");
		g->asker = NULL;
	}
	master_start_failed(g);
}

/* Those whose partner has died get one of the newest generation. */
static void
mend(struct proc *lost)
{
	struct generation *newest = master_newest();

	if (newest == NULL || newest == lost->unit->gen)
		return;
	LIST_EACH(struct unit, u, &newest->units, link)
		LIST_EACH(struct proc, to, &u->procs, link)
			if (u->role == lost->unit->role &&
			    !wiring_hands_over(ROLE_CLEANUP, u->role))
				wire_gen(lost->unit->gen, to);
}

void
generation_lost(struct proc *p, enum proc_state had)
{
	struct generation *g = p->unit->gen, *newest = master_newest();
	CLEAN_BUF struct buf why = { 0 };

	if (master.state == MASTER_STOPPING || g->state == GEN_FAILED)
		return;
	if (g->state == GEN_STARTING) {
		buf_addf(&why, "%s did not start", p->unit->name);
		generation_fail(g, buf_str(&why));
	} else if (had == PROC_DRAINING && p->unit->role == ROLE_QMGR) {
		if (newest != NULL && newest->state == GEN_TAKEOVER)
			go(newest);
		else
			free_queue();
	} else if (g->state == GEN_DRAINING) {
		mend(p);
	}
}

void
generations_drain(bool scribes)
{
	LIST_EACH(struct generation, g, &master.generations, link)
		LIST_EACH(struct unit, u, &g->units, link)
			LIST_EACH(struct proc, p, &u->procs, link)
				if (scribes || u->role != ROLE_SCRIBE)
					proc_drain_to_stop(p);
}

void
generations_kill(int number, bool scribes)
{
	LIST_EACH(struct generation, g, &master.generations, link)
		LIST_EACH(struct unit, u, &g->units, link)
			LIST_EACH(struct proc, p, &u->procs, link)
				if (scribes || u->role != ROLE_SCRIBE)
					proc_kill(p, number);
}

static size_t
count_in(struct generation *g, bool scribes)
{
	size_t n = 0;

	LIST_EACH(struct unit, u, &g->units, link)
		LIST_EACH(struct proc, p, &u->procs, link)
			if (proc_lives(p) &&
			    (scribes || u->role != ROLE_SCRIBE))
				n++;
	return n;
}

size_t
generations_count(bool scribes)
{
	size_t n = 0;

	LIST_EACH(struct generation, g, &master.generations, link)
		n += count_in(g, scribes);
	return n;
}

void
generations_sweep(void)
{
	LIST_EACH(struct generation, g, &master.generations, link) {
		if (g->state != GEN_DRAINING && g->state != GEN_FAILED)
			continue;
		if (count_in(g, true) > 0)
			continue;
		if (g->state == GEN_DRAINING)
			log_info("generation %u is over", g->number);
		free_generation(g);
	}
}
