/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "list.h"
#include "log.h"
#include "loop.h"
#include "num.h"
#include "param.h"
#include "rights.h"

/* A program that has lost its master finishes what it has in hand, but does not
 * stand in the way of the next one for long: the instance's lock is held until
 * the last of us is gone. */
#define ORPHAN_TIME (15 * SECOND)

/* Lines of the log are collected for so many milliseconds (scribe puts those
 * of all programs in order again). */
#define LOG_GATHER ((int64_t)10)

struct peer {
	struct chan chan;
	struct list link;
	char *name;
};

static struct {
	const struct program_calls *calls;
	struct chan control;
	struct list peers; /* oldest first */
	struct loop_watch log_watch;
	struct loop_timer log_timer;
	struct loop_timer orphan;
	const char *conf_dir, *service;
	const char *user, *group, *root; /* of the service's section; NULL:
					    what the rights table says */
	enum role role;
	uint32_t slot;
	bool first, draining, stopping;
} self;

enum role
program_role(void)
{
	return self.role;
}

const char *
program_service(void)
{
	return self.service;
}

bool
program_first(void)
{
	return self.first;
}

uint32_t
program_slot(void)
{
	return self.slot;
}

bool
program_draining(void)
{
	return self.draining;
}

bool
program_stopping(void)
{
	return self.stopping;
}

struct chan *
program_control(void)
{
	return &self.control;
}

struct chan *
program_next_peer(enum role role, struct chan *after)
{
	bool past = after == NULL;

	LIST_EACH(struct peer, p, &self.peers, link) {
		if (past && p->chan.role == (uint32_t)role && p->chan.open)
			return &p->chan;
		past = past || &p->chan == after;
	}
	return NULL;
}

struct chan *
program_peer(enum role role)
{
	struct chan *newest = NULL;

	LIST_EACH(struct peer, p, &self.peers, link)
		if (p->chan.role == (uint32_t)role && p->chan.open)
			newest = &p->chan;
	return newest;
}

/* ---- the end ---- */

static void
flush_all(void)
{
	LIST_EACH(struct peer, p, &self.peers, link)
		chan_flush(&p->chan);
	chan_flush(&self.control);
	log_flush_last();
}

void
program_end(int code)
{
	flush_all();
	exit(code);
}

static bool
has_feeders(void)
{
	LIST_EACH(struct peer, p, &self.peers, link)
		if ((self.calls->feeders & (1u << p->chan.role)) != 0)
			return true;
	return false;
}

static bool
has_output(void)
{
	LIST_EACH(struct peer, p, &self.peers, link)
		if (chan_waiting(&p->chan) > 0)
			return true;
	return chan_waiting(&self.control) > 0;
}

static void
end_when_idle(void)
{
	if (!self.draining || has_feeders() || has_output())
		return;
	if (self.calls->busy == NULL || self.calls->busy() == 0)
		program_end(0);
}

static void
drain(bool stopping)
{
	self.stopping |= stopping;
	if (self.draining)
		return;
	self.draining = true;
	if (self.calls->drain != NULL)
		self.calls->drain();
}

static void
on_orphan_time(struct loop_timer *t __attribute__((unused)))
{
	program_end(0);
}

static void
on_master_gone(struct chan *c __attribute__((unused)))
{
	loop_timer(&self.orphan, ORPHAN_TIME, on_orphan_time);
	drain(true);
}

static void
on_term(int number __attribute__((unused)))
{
	program_end(0);
}

/* ---- peers ---- */

static void
on_peer_ended(struct chan *c)
{
	struct peer *p = container_of(c, struct peer, chan);

	if (self.calls->peer_ended != NULL)
		self.calls->peer_ended(c);
	list_drop(&p->link);
	free(p->name);
	free(p);
}

static bool
on_ctl_peer(struct chan *c __attribute__((unused)), const void *body,
    size_t len, int fd)
{
	struct msg_ctl_peer m;

	if (!msg_get_ctl_peer(&m, body, len) || m.role >= ROLES) {
		close_fd(&fd);
		return false;
	}
	if (fd < 0)
		log_fatal("no descriptor left for a channel to %s", m.service);

	struct peer *p = xcalloc(1, sizeof(*p));
	p->name = xstrdup(m.service);
	list_append(&self.peers, &p->link);
	chan_start(&p->chan, fd, m.role, p->name, self.calls->rules,
	    self.calls->n_rules, on_peer_ended);
	if (self.calls->peer != NULL)
		self.calls->peer(&p->chan);
	return true;
}

/* ---- the control channel ---- */

static bool
on_ctl_listen(struct chan *c __attribute__((unused)), const void *body,
    size_t len, int fd)
{
	struct msg_ctl_listen m;

	if (!msg_get_ctl_listen(&m, body, len) || self.calls->listen == NULL) {
		close_fd(&fd);
		return false;
	}
	if (fd < 0)
		log_fatal("no descriptor left to listen on %s", m.address);
	self.calls->listen(fd, m.address);
	return true;
}

static bool
on_ctl_go(struct chan *c __attribute__((unused)), const void *body, size_t len,
    int fd)
{
	struct msg_ctl_go m;

	close_fd(&fd);
	if (!msg_get_ctl_go(&m, body, len))
		return false;
	self.first = m.first != 0;
	if (self.calls->go != NULL)
		self.calls->go();
	return true;
}

static bool
on_ctl_drain(struct chan *c __attribute__((unused)), const void *body,
    size_t len, int fd)
{
	struct msg_ctl_drain m;

	close_fd(&fd);
	if (!msg_get_ctl_drain(&m, body, len))
		return false;
	drain(m.stop != 0);
	return true;
}

static bool
on_ctl_ping(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf status = { 0 };
	struct msg_ctl_ping ping;

	close_fd(&fd);
	if (!msg_get_ctl_ping(&ping, body, len))
		return false;
	if (self.calls->status != NULL)
		self.calls->status(&status);

	struct msg_ctl_pong pong = {
		.number = ping.number,
		.busy = self.calls->busy != NULL ? self.calls->busy() : 0,
		.status = buf_str(&status),
	};
	msg_put_ctl_pong(&packet, &pong);
	chan_send(c, &packet, -1, false);
	return true;
}

/* What only this program understands. */
static bool
pass_on(struct chan *c, uint32_t type, const void *body, size_t len, int fd)
{
	if (self.calls->control != NULL)
		return self.calls->control(c, type, body, len, fd);
	close_fd(&fd);
	return false;
}

#define PASS_ON(name)                                                       \
	static bool on_##name(struct chan *c, const void *body, size_t len, \
	    int fd)                                                         \
	{                                                                   \
		return pass_on(c, MSG_##name, body, len, fd);               \
	}
PASS_ON(ctl_busy)
PASS_ON(ctl_free)
PASS_ON(ctl_logfile)
PASS_ON(ctl_logpipe)
PASS_ON(ctl_file)
PASS_ON(ctl_connected)

#define FROM_MASTER (1u << ROLE_MASTER)

static const struct chan_rule control_rules[] = {
	{ MSG_ctl_peer, FROM_MASTER, on_ctl_peer },
	{ MSG_ctl_listen, FROM_MASTER, on_ctl_listen },
	{ MSG_ctl_go, FROM_MASTER, on_ctl_go },
	{ MSG_ctl_drain, FROM_MASTER, on_ctl_drain },
	{ MSG_ctl_ping, FROM_MASTER, on_ctl_ping },
	{ MSG_ctl_busy, FROM_MASTER, on_ctl_busy },
	{ MSG_ctl_free, FROM_MASTER, on_ctl_free },
	{ MSG_ctl_logfile, FROM_MASTER, on_ctl_logfile },
	{ MSG_ctl_logpipe, FROM_MASTER, on_ctl_logpipe },
	{ MSG_ctl_file, FROM_MASTER, on_ctl_file },
	{ MSG_ctl_connected, FROM_MASTER, on_ctl_connected },
};

/* ---- the log ---- */

static void
on_log_writable(struct loop_watch *w, int what __attribute__((unused)))
{
	loop_unwatch(w); /* the end of the round goes on */
}

static void
send_log(void)
{
	loop_cancel(&self.log_timer);
	if (!log_flush())
		loop_watch(&self.log_watch, log_fd(), LOOP_WRITE,
		    on_log_writable);
}

static void
on_log_due(struct loop_timer *t __attribute__((unused)))
{
	send_log();
}

/* Each packet costs two processes a system call, so an info waits a little for
 * company. */
static void
tend_log(void)
{
	if (!log_waits())
		return;
	if (log_is_urgent())
		send_log();
	else if (self.log_timer.at == 0)
		loop_timer(&self.log_timer, LOG_GATHER, on_log_due);
}

/* ---- the start ---- */

static void NORETURN
refuse(const char *why)
{
	fprintf(stderr,
	    "%s: %s: it is started by posthouse start, not by hand\n",
	    role_name(self.role), why);
	exit(EX_USAGE);
}

/* The descriptor that master has left for us stays ours alone. */
static void
check_socket(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		refuse("no socket to master");
}

static void
read_options(int argc, char **argv)
{
	int64_t slot = 0;
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "c:s:n:")) != -1) {
		if (option == 'c')
			self.conf_dir = optarg;
		else if (option == 's')
			self.service = optarg;
		else if (option != 'n' ||
		    !num_parse(optarg, 0, UINT32_MAX, &slot))
			refuse("unknown option");
	}
	if (self.service == NULL || self.conf_dir == NULL || optind < argc)
		refuse("missing option");
	self.slot = (uint32_t)slot;
}

static const char *
override(const char *value)
{
	return value[0] != '\0' ? xstrdup(value) : NULL;
}

/* What the service's section says in place of the rights table. */
static void
find_overrides(void)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct services services;

	if (!services_load(self.conf_dir, &services, &errors))
		log_fatal("%s", buf_str(&errors));
	for (size_t i = 0; i < services.n; i++) {
		const struct service *s = &services.at[i];

		if (!str_eq(s->name, self.service))
			continue;
		self.user = override(s->user);
		self.group = override(s->group);
		self.root = override(s->chroot);
	}
	services_free(&services);
}

static void
read_parameters(void)
{
	CLEAN_BUF struct buf errors = { 0 };

	if (param_load(self.conf_dir, self.service, &errors)) {
		find_overrides();
		return;
	}

	struct slice rest = { buf_str(&errors), errors.len };
	struct slice line;
	while (slice_next_part(&rest, '\n', &line))
		if (line.len > 0)
			log_warn("%.*s", (int)line.len, line.at);
	log_fatal("bad configuration");
}

bool
program_has_section(enum role role)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct services services;
	bool found = false;

	/* program_start() has read it before. */
	if (!services_load(params.config_directory, &services, &errors))
		log_warn("master.conf has become unreadable");
	for (size_t i = 0; i < services.n; i++) {
		const struct service *s = &services.at[i];

		found |= s->enabled && role_of(s->program, s->name) == role;
	}
	services_free(&services);
	return found;
}

static void
load(const char *conf_dir, const char *service)
{
	CLEAN_BUF struct buf errors = { 0 };

	if (!param_load(conf_dir, service, &errors))
		log_fatal("%s", buf_str(&errors));
}

void
program_services(const char *program, void (*fn)(const char *service))
{
	CLEAN_BUF struct buf errors = { 0 };
	struct services services;

	if (!services_load(self.conf_dir, &services, &errors))
		log_fatal("%s", buf_str(&errors));
	for (size_t i = 0; i < services.n; i++) {
		const struct service *s = &services.at[i];

		if (!s->enabled || !str_eq(s->program, program))
			continue;
		load(self.conf_dir, s->name);
		fn(s->name);
	}
	services_free(&services);
	load(self.conf_dir, self.service);
}

void
program_watch(const char *path)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_ctl_watch(&packet, &(struct msg_ctl_watch){ .path = path });
	chan_send(&self.control, &packet, -1, false);
}

void
program_start(enum role role, int argc, char **argv)
{
	self.role = role;
	log_name(role_name(role));
	read_options(argc, argv);
	self.role = role_of(role_name(role), self.service);
	check_socket(PROGRAM_CONTROL);
	check_socket(PROGRAM_LOG);
	fd_close_from(PROGRAM_LOCK + 1);
	(void)fcntl(PROGRAM_LOCK, F_SETFD, FD_CLOEXEC); /* tests have none */
	(void)umask(0007);
	clock_start();
	log_open(PROGRAM_LOG);
	log_echo(true);
	read_parameters();
	loop_start();
	loop_signal(SIGTERM, on_term);
	(void)signal(SIGINT, SIG_IGN); /* a terminal's; master hears it too */
	(void)signal(SIGHUP, SIG_IGN);
	chan_start(&self.control, PROGRAM_CONTROL, ROLE_MASTER, "master",
	    control_rules, ARRAY_LEN(control_rules), on_master_gone);
}

void
program_confine(void)
{
	struct rights row = *rights_of(self.role);

	if (self.user != NULL && row.user != NULL)
		row.user = self.user;
	if (self.group != NULL && row.user != NULL)
		row.group = self.group;
	if (self.root != NULL)
		row.root_path = self.root;
	rights_take(&row, -1, str_eq(params.sandbox, "log"));
}

void
program_run(const struct program_calls *calls)
{
	CLEAN_BUF struct buf packet = { 0 };

	self.calls = calls;
	log_echo(false);
	loop_each_round(end_when_idle);
	loop_each_round(tend_log);
	msg_put_ctl_ready(&packet, &(struct msg_ctl_ready){ 0 });
	chan_send(&self.control, &packet, -1, false);
	loop_run();
	program_end(0);
}
