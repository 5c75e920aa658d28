/*
 * master - starts, watches, restarts, reloads and stops the programs.
 *
 * Started by `posthouse start` as root, with `-c DIR`, and with `-d` when it is
 * to leave the terminal: descriptor 3 is then a pipe on which it says one byte
 * when everything works.  It reads the configuration and the words of its own
 * programs and of root's commands; nothing else that comes from outside ever
 * reaches it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "log.h"
#include "master_conf.h"
#include "master_control.h"
#include "master_generation.h"
#include "master_lock.h"
#include "master_log.h"
#include "master_notify.h"
#include "master_proc.h"
#include "master_socket.h"
#include "str.h"

#define PING_TIME  (10 * SECOND)
#define DRAIN_TIME (15 * SECOND) /* for what is under way, when we stop */
#define TERM_TIME  (3 * SECOND)
#define LAST_TIME  (2 * SECOND) /* for scribe to write the last lines */
#define START_PIPE 3
#define FILES      65536

struct master master = { .lock = -1, .told = -1 };

static struct loop_timer ping_timer, stop_timer;
static struct loop_watch log_watch;

struct generation *
master_newest(void)
{
	struct generation *newest = NULL;

	LIST_EACH(struct generation, g, &master.generations, link)
		if (g->state != GEN_FAILED && g->state != GEN_DRAINING)
			newest = g;
	return newest;
}

/* ---- the log ---- */

static void
on_log_writable(struct loop_watch *w, int what __attribute__((unused)))
{
	loop_unwatch(w); /* the end of the round writes */
}

static void
flush_log(void)
{
	if (!log_flush())
		loop_watch(&log_watch, log_fd(), LOOP_WRITE, on_log_writable);
}

static void
start_log(const struct conf *c)
{
	CLEAN_BUF struct buf label = { 0 };

	buf_addf(&label, "%s/master", c->syslog_name);
	struct logpipe *l = logpipe_get("master", buf_str(&label));
	if (l == NULL)
		log_fatal("no log socket: %m");
	log_open(l->writer);
	log_echo(true);
	loop_each_round(flush_log);
}

/* Lines of errors as warnings. */
static void
warn_lines(const char *lines)
{
	struct slice rest = slice_of(lines);
	struct slice line;

	while (slice_next_part(&rest, '\n', &line))
		if (line.len > 0)
			log_warn("%.*s", (int)line.len, line.at);
}

/* Why we do not start: to whoever starts us and, as there is no scribe, to
 * syslog. */
static void
say_errors(const char *lines)
{
	struct slice rest = slice_of(lines);
	struct slice line;

	openlog("posthouse/master", LOG_PID, LOG_MAIL);
	while (slice_next_part(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		fprintf(stderr, "posthouse: %.*s\n", (int)line.len, line.at);
		syslog(LOG_CRIT, "fatal: %.*s", (int)line.len, line.at);
	}
	closelog();
}

/* ---- the end ---- */

static void NORETURN
leave(int code)
{
	sockets_close();
	control_stop();
	log_flush_last();
	logpipes_free();
	lock_drop(master.lock);
	exit(code);
}

static void
on_stop_time(struct loop_timer *t)
{
	static int word = SIGTERM;

	size_t left = generations_count(false);

	if (left > 0)
		log_warn("%zu programs have not ended in time: %s", left,
		    word == SIGTERM ? "terminated" : "killed");
	generations_kill(word, left == 0);
	word = SIGKILL;
	loop_timer(t, TERM_TIME, on_stop_time);
}

void
master_stop(void)
{
	if (master.state == MASTER_STOPPING)
		return;
	log_info("stopping");
	notify_say("STOPPING=1");
	master.state = MASTER_STOPPING;
	loop_timer(&stop_timer, DRAIN_TIME, on_stop_time);
	sockets_close();
	generations_drain(false);
}

/* At the end of each round while stopping: scribe is the last. */
static void
end_when_all_gone(void)
{
	static bool last_words;

	if (master.state != MASTER_STOPPING || generations_count(false) > 0)
		return;
	if (!last_words) {
		last_words = true;
		log_info("stopped");
		(void)log_flush(); /* what does not fit is lost by itself */
		generations_drain(true);
		loop_timer(&stop_timer, LAST_TIME, on_stop_time);
	}
	if (generations_count(true) == 0)
		leave(master.code);
}

/* ---- the start ---- */

/* Tells `posthouse start` and lets the terminal go. */
static void
detach(void)
{
	CLEAN_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (master.told < 0)
		return;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			log_warn("the terminal cannot be left: %m");
	if (write(master.told, "", 1) != 1)
		log_warn("posthouse start was not told: %m");
	close_fd(&master.told);
}

void
master_started(const struct generation *g)
{
	if (master.state == MASTER_STARTING) {
		master.state = MASTER_RUNNING;
		log_echo(false);
		log_info("posthouse %s is running, configuration %s",
		    PACKAGE_VERSION, master.conf_dir);
		detach();
	} else {
		master.reloads++;
		log_info("reloaded, generation %u", g->number);
	}
	notify_say("READY=1\nSTATUS=running");
}

void
master_start_failed(struct generation *g)
{
	if (master.state != MASTER_STARTING) {
		warn_lines(buf_str(&g->said));
		log_warn("reload failed, the old configuration stays in force");
		notify_say("READY=1\nSTATUS=the last reload failed");
		return;
	}
	if (log_fd() >= 0)
		fputs(buf_str(&g->said), stderr);
	master.code = g->exit;
	master.state = MASTER_STOPPING;
	loop_timer(&stop_timer, LAST_TIME, on_stop_time);
}

/* ---- reload ---- */

static bool
same_folder(const char *name, const char *was, const char *is,
    struct buf *errors)
{
	if (str_eq(was, is))
		return true;
	buf_addf(errors,
	    "main.conf: %s: cannot change from %s to %s while we run: stop "
	    "and start\n",
	    name, was, is);
	return false;
}

static bool
may_follow(const struct conf *was, const struct conf *is, struct buf *errors)
{
	return same_folder("run_directory", was->run_directory,
		   is->run_directory, errors) &&
	    same_folder("queue_directory", was->queue_directory,
		is->queue_directory, errors) &&
	    same_folder("data_directory", was->data_directory,
		is->data_directory, errors);
}

static void
refuse_reload(struct chan *asker, const char *errors, int code)
{
	warn_lines(errors);
	log_warn("reload refused, the old configuration stays in force");
	notify_say("READY=1\nSTATUS=the last reload was refused");
	if (asker == NULL)
		return;
	control_lines(asker, errors);
	control_done(asker, code, "the old configuration stays in force");
}

void
master_reload(struct chan *asker)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct generation *now = master_newest();
	struct conf c = { 0 };

	notify_say("RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono() * 1000);
	if (master.state != MASTER_RUNNING || now == NULL ||
	    now->state != GEN_RUNNING) {
		refuse_reload(asker, "a start, reload or stop is under way\n",
		    EX_TEMPFAIL);
		return;
	}
	if (!conf_load(&c, master.conf_dir, &errors) ||
	    !may_follow(&now->conf, &c, &errors) ||
	    generation_start(&c, now->number + 1, asker, &errors) == NULL)
		refuse_reload(asker, buf_str(&errors), EX_CONFIG);
	conf_free(&c);
}

/* ---- signals and time ---- */

static void
on_child(int number __attribute__((unused)))
{
	procs_reap();
}

static void
on_term(int number __attribute__((unused)))
{
	master_stop();
}

static void
on_hangup(int number __attribute__((unused)))
{
	master_reload(NULL);
}

static void
on_ping_time(struct loop_timer *t)
{
	control_ping_all();
	logfile_check();
	loop_timer(t, PING_TIME, on_ping_time);
}

static void
start_loop(void)
{
	loop_start();
	loop_signal(SIGCHLD, on_child);
	loop_signal(SIGTERM, on_term);
	loop_signal(SIGINT, on_term);
	loop_signal(SIGHUP, on_hangup);
	loop_each_round(generations_sweep);
	loop_each_round(end_when_all_gone);
	loop_timer(&ping_timer, PING_TIME, on_ping_time);
}

/* ---- main ---- */

static void NORETURN
usage(void)
{
	fputs("usage: posthouse [-c DIR] start [--foreground]\n", stderr);
	exit(EX_USAGE);
}

static void
read_options(int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "c:d")) != -1) {
		if (option == 'c')
			master.conf_dir = optarg;
		else if (option == 'd')
			master.told = START_PIPE;
		else
			usage();
	}
	if (optind < argc)
		usage();
	master.detached = master.told >= 0;
	master.conf_dir = param_conf_dir(master.conf_dir);
	/* We change to the root folder; one that is missing is said later. */
	char *whole = realpath(master.conf_dir, NULL);
	if (whole != NULL)
		master.conf_dir = whole;
	if (master.told >= 0 && fcntl(master.told, F_SETFD, FD_CLOEXEC) < 0)
		usage();
	fd_close_from(START_PIPE + (master.told >= 0));
}

static void
start_all(struct conf *c)
{
	CLEAN_BUF struct buf errors = { 0 };

	if (control_start(c->run_directory) < 0)
		log_fatal("%s/control: %m", c->run_directory);
	if (generation_start(c, 1, NULL, &errors) == NULL) {
		say_errors(buf_str(&errors));
		leave(EX_CONFIG);
	}
}

int
main(int argc, char **argv)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct conf c = { 0 };

	log_name("posthouse");
	read_options(argc, argv);
	if (geteuid() != 0) {
		fputs("posthouse: only root can start it\n", stderr);
		return EX_NOPERM;
	}
	(void)umask(022);
	(void)fd_limit(FILES); /* fewer is fewer programs, not an error */
	clock_start();
	if (!conf_load(&c, master.conf_dir, &errors)) {
		say_errors(buf_str(&errors));
		return EX_CONFIG;
	}
	if (chdir("/") < 0)
		log_fatal("/: %m");
	master.lock = lock_take(c.run_directory);
	if (master.lock < 0 ||
	    (conf_has(&c, ROLE_QMGR) &&
		!lock_queue_is_free(c.queue_directory))) {
		conf_free(&c);
		return EX_TEMPFAIL;
	}
	start_loop();
	start_log(&c);
	notify_start();
	master.since = clock_wall();
	start_all(&c);
	conf_free(&c);
	loop_run();
}
