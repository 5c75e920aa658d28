/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "master_generation.h"
#include "master_proc.h"
#include "master_socket.h"
#include "master_status.h"
#include "str.h"

#define STATUS_TIME (2 * SECOND) /* for answers to the ping */

enum wait_for {
	WAIT_NOTHING,
	WAIT_STATUS,
	WAIT_END,
};

struct asker {
	struct chan chan;
	struct list link;
	enum wait_for wait;
	bool json;
};

static struct {
	struct loop_watch watch;
	struct list askers;
	struct loop_timer status_limit;
	uint32_t ping; /* the last number */
	int fd;
} control;

/* ---- answers ---- */

void
control_lines(struct chan *asker, const char *lines)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct slice rest = slice_of(lines);
	struct slice line;

	while (slice_next_part(&rest, '\n', &line)) {
		CLEAN_STR char *text = strndup(line.at, line.len);

		if (line.len == 0 || text == NULL)
			continue;
		buf_reset(&packet);
		msg_put_adm_line(&packet,
		    &(struct msg_adm_line){ .text = text });
		chan_send(asker, &packet, -1, false);
	}
}

void
control_done(struct chan *asker, int code, const char *text)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_adm_done(&packet,
	    &(struct msg_adm_done){
		.exit = (uint32_t)code,
		.text = text,
	    });
	chan_send(asker, &packet, -1, false);
}

static void
answer_status(struct asker *a)
{
	CLEAN_BUF struct buf text = { 0 };

	a->wait = WAIT_NOTHING;
	if (a->json)
		status_json(&text);
	else
		status_text(&text);
	control_lines(&a->chan, buf_str(&text));
	control_done(&a->chan, EX_OK, "");
}

static void
answer_all_status(void)
{
	loop_cancel(&control.status_limit);
	LIST_EACH(struct asker, a, &control.askers, link)
		if (a->wait == WAIT_STATUS)
			answer_status(a);
}

static void
on_status_limit(struct loop_timer *t __attribute__((unused)))
{
	answer_all_status();
}

/* ---- pings ---- */

static size_t unanswered;

static void
ping(struct proc *p)
{
	proc_ping(p, control.ping);
	if (proc_lives(p) && p->state != PROC_STARTING)
		unanswered++;
}

void
control_ping_all(void)
{
	control.ping++;
	unanswered = 0;
	each_proc(ping);
}

void
control_heard(const struct proc *p __attribute__((unused)), uint32_t number)
{
	if (number != control.ping || unanswered == 0)
		return;
	unanswered--;
	if (unanswered == 0)
		answer_all_status();
}

/* ---- questions ---- */

static void
ask_stop(struct asker *a)
{
	a->wait = WAIT_END;
	master_stop();
}

static void
ask_reload(struct asker *a)
{
	master_reload(&a->chan);
}

static void
ask_status(struct asker *a)
{
	a->wait = WAIT_STATUS;
	control_ping_all();
	loop_timer(&control.status_limit, unanswered > 0 ? STATUS_TIME : 0,
	    on_status_limit);
}

static void
ask_status_json(struct asker *a)
{
	a->json = true;
	ask_status(a);
}

static const struct verb {
	const char *word;
	void (*obey)(struct asker *a);
} verbs[] = {
	{ "stop", ask_stop },
	{ "reload", ask_reload },
	{ "status", ask_status },
	{ "status-json", ask_status_json },
};

static bool
on_ask(struct chan *c, const void *body, size_t len, int fd)
{
	struct asker *a = container_of(c, struct asker, chan);
	struct msg_adm_ask m;

	close_fd(&fd);
	if (!msg_get_adm_ask(&m, body, len) || a->wait != WAIT_NOTHING)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (str_eq(verbs[i].word, m.verb)) {
			verbs[i].obey(a);
			return true;
		}
	control_done(c, EX_USAGE, "master does not know this word");
	return true;
}

static const struct chan_rule rules[] = {
	{ MSG_adm_ask, 1u << ROLE_ADMIN, on_ask },
};

/* ---- connections ---- */

static void
on_asker_ended(struct chan *c)
{
	struct asker *a = container_of(c, struct asker, chan);

	LIST_EACH(struct generation, g, &master.generations, link)
		if (g->asker == c)
			g->asker = NULL;
	list_drop(&a->link);
	free(a);
}

static bool
is_root(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	    cred.uid == 0;
}

static void
on_connection(struct loop_watch *w, int what __attribute__((unused)))
{
	CLEAN_FD int fd = accept4(w->fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 || !is_root(fd))
		return;

	struct asker *a = xcalloc(1, sizeof(*a));
	list_append(&control.askers, &a->link);
	chan_start(&a->chan, TAKE_FD(fd), ROLE_ADMIN, "posthouse", rules,
	    ARRAY_LEN(rules), on_asker_ended);
}

int
control_start(const char *run_directory)
{
	CLEAN_BUF struct buf path = { 0 };

	buf_addf(&path, "%s/control", run_directory);
	control.fd = socket_unix(buf_str(&path), SOCK_SEQPACKET, 0600);
	if (control.fd < 0)
		return -1;
	loop_watch(&control.watch, control.fd, LOOP_READ, on_connection);
	return 0;
}

void
control_stop(void)
{
	LIST_EACH(struct asker, a, &control.askers, link) {
		if (a->wait == WAIT_END)
			control_done(&a->chan, EX_OK, "stopped");
		/* The end of the process closes it: who waits for us to be
		 * gone knows it by that. */
		chan_flush(&a->chan);
	}
	if (control.fd > 0) {
		loop_unwatch(&control.watch);
		close_fd(&control.fd);
	}
}
