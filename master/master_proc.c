/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_proc.h"
#include "master_connect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "master_control.h"
#include "master_generation.h"
#include "master_log.h"
#include "master_socket.h"
#include "master_watch.h"
#include "program.h"
#include "str.h"

#define SILENCE_MAX (60 * SECOND)
#define FIRST_FREE  10 /* descriptors below are a child's own places */
#define STATUS_MAX  1024
#define ENV_MAX     64

/* What a program gets of our environment. */
static const char *const env_kept[] = {
	"TZ=",
	"LANG=",
#ifdef PH_DEVELOPER
	"POSTHOUSE_TEST_",
#endif
#ifdef WITH_SANITIZERS
	"ASAN_OPTIONS=",
	"UBSAN_OPTIONS=",
#endif
};

struct proc *
proc_new(struct unit *u)
{
	struct proc *p = xcalloc(1, sizeof(*p));

	p->unit = u;
	list_append(&u->procs, &p->link);
	return p;
}

bool
proc_lives(const struct proc *p)
{
	return p->pid != 0;
}

static void
forget_process(struct proc *p)
{
	chan_stop(&p->control);
	said_stop(&p->said);
	watch_drop(p);
	connect_drop(p);
	free_str(&p->status);
	p->busy = 0;
	p->pid = 0;
}

void
proc_free(struct proc *p)
{
	forget_process(p);
	loop_cancel(&p->restart);
	list_drop(&p->link);
	free(p);
}

/* ---- what it says on standard error ---- */

static void
on_line(struct said *said, const char *line)
{
	struct proc *p = container_of(said, struct proc, said);

	if (p->unit->gen->state == GEN_STARTING)
		buf_addf(&p->unit->gen->said, "%s\n", line);
	else
		log_warn("%s[%d] says: %s", p->unit->name, (int)p->pid, line);
}

/* ---- the control channel ---- */

static struct proc *
proc_of(struct chan *c)
{
	return container_of(c, struct proc, control);
}

static bool
on_ready(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_ctl_ready m;
	struct proc *p = proc_of(c);

	close_fd(&fd);
	if (!msg_get_ctl_ready(&m, body, len) || p->state != PROC_STARTING)
		return false;
	p->state = PROC_READY;
	p->heard = loop_now();
	generation_ready(p);
	return true;
}

static bool
on_pong(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf status = { 0 };
	struct msg_ctl_pong m;
	struct proc *p = proc_of(c);

	close_fd(&fd);
	if (!msg_get_ctl_pong(&m, body, len))
		return false;
	str_printable(&status, m.status, strlen(m.status), STATUS_MAX);
	free(p->status);
	p->status = buf_take(&status);
	p->busy = m.busy;
	p->heard = loop_now();
	p->aborted = false;
	control_heard(p, m.number);
	return true;
}

static bool
on_busy(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_ctl_busy m;
	struct proc *p = proc_of(c);

	close_fd(&fd);
	if (!msg_get_ctl_busy(&m, body, len) || p->state != PROC_DRAINING)
		return false;
	msg_put_ctl_busy(&packet, &m);
	generation_in_hand(p, &packet, m.ids.len == 0);
	return true;
}

/* Who has heard nothing from outside yet may be believed. */
static bool
on_watch(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_ctl_watch m;
	struct proc *p = proc_of(c);

	close_fd(&fd);
	if (!msg_get_ctl_watch(&m, body, len) || p->state != PROC_STARTING)
		return false;
	watch_add(p, m.path);
	return true;
}

/* Later it may ask again, for what it has named then. */
static bool
on_connect(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_ctl_connect m;
	struct proc *p = proc_of(c);

	close_fd(&fd);
	if (!msg_get_ctl_connect(&m, body, len))
		return false;
	if (p->state != PROC_STARTING)
		return connect_again(p, m.path);
	connect_add(p, m.path);
	return true;
}

static const struct chan_rule rules[] = {
	{ MSG_ctl_watch, 1u << ROLE_KEYS | 1u << ROLE_SIGN | 1u << ROLE_AUTH,
	    on_watch },
	{ MSG_ctl_connect, 1u << ROLE_AUTH | 1u << ROLE_SCRIBE, on_connect },
	{ MSG_ctl_ready, UINT32_MAX, on_ready },
	{ MSG_ctl_pong, UINT32_MAX, on_pong },
	{ MSG_ctl_busy, 1u << ROLE_QMGR, on_busy },
};

/* It is ending, or said what it must not: in both cases it is over with it. */
static void
on_control_ended(struct chan *c)
{
	struct proc *p = proc_of(c);

	if (p->pid != 0)
		proc_kill(p, SIGKILL);
}

/* ---- the start ---- */

/* The smallest number that no living process has. */
static uint32_t wanted_slot;
static bool slot_taken;

static void
compare_slot(struct proc *p)
{
	if (p->pid != 0 && p->slot == wanted_slot)
		slot_taken = true;
}

static uint32_t
free_slot(void)
{
	for (wanted_slot = 0;; wanted_slot++) {
		slot_taken = false;
		each_proc(compare_slot);
		if (!slot_taken)
			return wanted_slot;
	}
}

static bool
is_kept(const char *var)
{
	for (size_t i = 0; i < ARRAY_LEN(env_kept); i++)
		if (str_starts(var, env_kept[i]))
			return true;
	return false;
}

/* Puts descriptors into the places 0 to n - 1 of a child.  One may lie where
 * another is to go, so all move up first. */
static void
place(const int *fds, int n)
{
	int high[FIRST_FREE];

	for (int i = 0; i < n; i++)
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FREE);
	for (int i = 0; i < n; i++)
		if (high[i] < 0 || dup2(high[i], i) < 0)
			_exit(EX_OSERR);
}

/* In the child, between fork and exec. */
static void NORETURN
become(const struct proc *p, int control, int said)
{
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_BUF struct buf slot = { 0 };
	char *env[ENV_MAX] = { 0 };
	size_t n = 0;
	sigset_t none;

	for (char **e = environ; *e != NULL && n < ENV_MAX - 1; e++)
		if (is_kept(*e))
			env[n++] = *e;
	buf_addf(&path, "%s/%s", PH_LIBEXEC_DIR, p->unit->program);
	buf_addf(&slot, "%" PRIu32, p->slot);

	char *argv[] = { path.text, (char[]){ "-c" }, xstrdup(master.conf_dir),
		(char[]){ "-s" }, p->unit->name, (char[]){ "-n" }, slot.text,
		NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int places[] = {
		[STDIN_FILENO] = null,
		[STDOUT_FILENO] = null,
		[STDERR_FILENO] = said,
		[PROGRAM_CONTROL] = control,
		[PROGRAM_LOG] = p->unit->log->writer,
		[PROGRAM_LOCK] = master.lock,
	};

	place(places, (int)ARRAY_LEN(places));
	(void)sigemptyset(&none); /* cannot fail */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execve(path.text, argv, env);
	dprintf(STDERR_FILENO, "%s: %s\n", path.text, strerror(errno));
	_exit(EX_UNAVAILABLE);
}

/* Both pairs and the fork; -1 with errno. */
static int
fork_program(struct proc *p, int *control)
{
	int pair[2], said[2];

	if (chan_pair(pair) < 0)
		return -1;

	CLEAN_FD int ours = pair[0], theirs = pair[1];
	if (pipe2(said, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;

	CLEAN_FD int hear_end = said[0], say_end = said[1];
	p->slot = free_slot();
	pid_t pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0)
		become(p, theirs, say_end);
	p->pid = pid;
	*control = TAKE_FD(ours);
	said_start(&p->said, TAKE_FD(hear_end), on_line);
	return 0;
}

static void
on_restart(struct loop_timer *t)
{
	proc_start(container_of(t, struct proc, restart));
}

void
proc_start(struct proc *p)
{
	int control;

	p->began = loop_now();
	p->since = loop_wall();
	p->heard = p->began;
	p->aborted = false;
	p->starts++;
	if (fork_program(p, &control) < 0) {
		int64_t delay = MAX(backoff_next(&p->backoff, 0), SECOND);

		log_warn("%s cannot be started, tried again in %" PRId64
			 " s: %m",
		    p->unit->name, delay / SECOND);
		loop_timer(&p->restart, delay, on_restart);
		return;
	}
	p->state = PROC_STARTING;
	chan_start(&p->control, control, p->unit->role, p->unit->name, rules,
	    ARRAY_LEN(rules), on_control_ended);
	sockets_tell(p);
	if (p->unit->role == ROLE_SCRIBE)
		log_tell(p);
	generation_equip(p);
	if (p->unit->gen->state == GEN_RUNNING)
		proc_go(p);
}

/* ---- words to it ---- */

void
proc_go(struct proc *p)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_ctl_go(&packet,
	    &(struct msg_ctl_go){
		.first = p->unit->gen->number == 1 && p->starts == 1,
	    });
	chan_send(&p->control, &packet, -1, false);
	if (p->state == PROC_READY)
		p->state = PROC_WORKING;
}

static void
say_drain(struct proc *p, bool stop)
{
	CLEAN_BUF struct buf packet = { 0 };

	loop_cancel(&p->restart);
	if (p->pid == 0)
		return;
	msg_put_ctl_drain(&packet, &(struct msg_ctl_drain){ .stop = stop });
	chan_send(&p->control, &packet, -1, false);
	p->state = PROC_DRAINING;
}

void
proc_drain(struct proc *p)
{
	if (p->state != PROC_DRAINING)
		say_drain(p, false);
}

void
proc_drain_to_stop(struct proc *p)
{
	say_drain(p, true);
}

void
proc_kill(struct proc *p, int number)
{
	loop_cancel(&p->restart);
	/* It may have ended already; we have not waited for it, so the number
	 * is still its own. */
	if (p->pid != 0 && kill(p->pid, number) < 0 && errno != ESRCH)
		log_warn("%s[%d] cannot be sent signal %d: %m", p->unit->name,
		    (int)p->pid, number);
}

/* SIGABRT leaves a core to look at; one that does not even end by that is
 * killed. */
static void
end_silent(struct proc *p)
{
	log_warn("%s[%d] does not answer for %" PRId64 " s: it is %s",
	    p->unit->name, (int)p->pid, (loop_now() - p->heard) / SECOND,
	    p->aborted ? "killed" : "aborted");
	proc_kill(p, p->aborted ? SIGKILL : SIGABRT);
	p->aborted = true;
}

void
proc_ping(struct proc *p, uint32_t number)
{
	CLEAN_BUF struct buf packet = { 0 };

	if (p->pid == 0)
		return;
	if (loop_now() - p->heard > SILENCE_MAX) {
		end_silent(p);
		return;
	}
	msg_put_ctl_ping(&packet, &(struct msg_ctl_ping){ .number = number });
	chan_send(&p->control, &packet, -1, false);
}

/* ---- its end ---- */

static void
say_end_of(const struct proc *p, int status, int64_t delay)
{
	CLEAN_BUF struct buf how = { 0 };

	if (WIFSIGNALED(status))
		buf_addf(&how, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		buf_addf(&how, "exit code %d", WEXITSTATUS(status));
	if (delay < 0)
		log_warn("%s[%d] died: %s", p->unit->name, (int)p->pid,
		    buf_str(&how));
	else
		log_warn("%s[%d] died: %s; started again in %" PRId64 " s",
		    p->unit->name, (int)p->pid, buf_str(&how), delay / SECOND);
}

static void
on_exit_of(struct proc *p, int status)
{
	enum proc_state had = p->state;
	struct generation *g = p->unit->gen;
	int64_t delay = -1;

	said_hear(&p->said);
	if (had != PROC_DRAINING && master.state == MASTER_RUNNING &&
	    (g->state == GEN_RUNNING || g->state == GEN_TAKEOVER))
		delay = backoff_next(&p->backoff, loop_now() - p->began);
	if ((had != PROC_DRAINING || status != 0) && g->state != GEN_FAILED)
		say_end_of(p, status, delay);
	if (g->state == GEN_STARTING)
		g->exit = WIFSIGNALED(status) ? EX_SOFTWARE : EX_CONFIG;
	forget_process(p);
	p->state = PROC_DOWN;
	generation_lost(p, had);
	if (delay >= 0)
		loop_timer(&p->restart, delay, on_restart);
}

static pid_t reaped;
static struct proc *reaped_proc;

static void
compare_pid(struct proc *p)
{
	if (p->pid == reaped)
		reaped_proc = p;
}

void
procs_reap(void)
{
	int status;

	while ((reaped = waitpid(-1, &status, WNOHANG)) > 0) {
		reaped_proc = NULL;
		each_proc(compare_pid);
		if (reaped_proc != NULL)
			on_exit_of(reaped_proc, status);
	}
}
