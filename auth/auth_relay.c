/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "auth_relay.h"

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "program.h"
#include "pump.h"

/* For Dovecot to say who it is. */
#define PATIENCE (30 * SECOND)

/* Dovecot that was stopped or has another configuration goes on with who is
 * connected, and counts on being left: so the connection is made anew.
 * Dialogues may end first. */
#define FRESH  (61 * SECOND) /* longer than what master calls a short life */
#define GRACE  (60 * SECOND)
#define GLANCE SECOND

/* Bytes that it does not take; beyond, later. */
#define UNSENT_MAX ((size_t)1 << 20)

static const char no_connection[] = "no connection to Dovecot";

struct auth_relay {
	struct pump pump;
	struct port port;
	struct dovecot dovecot;
	struct buf mechs; /* of the last connection */
	struct loop_timer timer;
	char *path;
	bool connected;
	bool known;      /* there has been no time without a connection */
	int error;       /* the last that was logged */
	int next;        /* a new connection, while dialogues end; or -1 */
	int64_t waiting; /* since when it waits for that */
};

static const struct auth_relay_calls *calls;

static void
ask_master(const struct auth_relay *r)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_ctl_connect(&packet,
	    &(struct msg_ctl_connect){ .path = r->path });
	chan_send(program_control(), &packet, -1, false);
}

/* ---- the engine ---- */

static void
on_ready(void *owner)
{
	struct auth_relay *r = owner;

	r->port.deadline = 0;
	buf_reset(&r->mechs);
	buf_add(&r->mechs, buf_str(&r->dovecot.mechs), r->dovecot.mechs.len);
	if (!r->known)
		log_info("%s: connected to Dovecot", r->path);
	r->known = true;
	calls->ready(r);
}

static void
on_answer(void *owner, const struct dovecot_answer *a)
{
	calls->answered(owner, a);
}

static const struct dovecot_calls engine_calls = {
	.ready = on_ready,
	.answered = on_answer,
};

/* ---- the connection ---- */

static size_t
on_input(void *engine, const char *bytes, size_t n)
{
	struct auth_relay *r = engine;
	size_t taken = dovecot_input(&r->dovecot, bytes, n);

	if (r->dovecot.fault == NULL)
		return taken;
	r->port.closing = true;
	return n;
}

static void
forget(struct auth_relay *r)
{
	loop_cancel(&r->timer);
	dovecot_free(&r->dovecot);
	r->connected = false;
	calls->lost(r);
}

static void
on_end(void *engine, enum pump_end how, int error)
{
	struct auth_relay *r = engine;
	const char *why = r->dovecot.fault;

	if (why == NULL)
		why = how == PUMP_END_ERROR   ? strerror(error)
		    : how == PUMP_END_TIMEOUT ? "it says nothing"
					      : "it has closed the connection";
	log_warn("%s: connection to Dovecot lost: %s", r->path, why);
	forget(r);
	r->known = false;
	r->error = 0;
	close_fd(&r->next);
	ask_master(r);
}

static const struct pump_engine pump_calls = {
	.input = on_input,
	.ended = on_end,
};

static void begin(struct auth_relay *r, int fd);

/* First a new connection is asked for, then the old one's end waited for. */
static void
on_timer(struct loop_timer *t)
{
	struct auth_relay *r = container_of(t, struct auth_relay, timer);

	if (r->next < 0) {
		ask_master(r);
	} else if (calls->idle(r) || loop_now() - r->waiting > GRACE) {
		pump_abort(&r->pump);
		forget(r);
		begin(r, take_fd(&r->next));
	} else {
		loop_timer(&r->timer, GLANCE, on_timer);
	}
}

static void
begin(struct auth_relay *r, int fd)
{
	r->connected = true;
	r->port = (struct port){ .deadline = loop_now() + PATIENCE };
	r->dovecot = (struct dovecot){
		.calls = &engine_calls,
		.owner = r,
		.out = &r->port.out,
	};
	if (r->known)
		buf_add(&r->dovecot.before, buf_str(&r->mechs), r->mechs.len);
	loop_timer(&r->timer, FRESH, on_timer);
	dovecot_greet(&r->dovecot, (uint32_t)getpid());
	pump_start(&r->pump, fd, &r->port, &pump_calls, r);
}

void
auth_relay_connected(struct auth_relay *r, int fd, int error)
{
	if (fd < 0) {
		if (error != r->error)
			log_warn("%s: %s%s", r->path, strerror(error),
			    r->connected ? "" : ": nobody can authenticate");
		r->error = error;
	} else if (!r->connected) {
		begin(r, fd);
	} else if (r->next < 0) {
		r->next = fd;
		r->waiting = loop_now();
		loop_timer(&r->timer, 0, on_timer);
	} else {
		close_fd(&fd);
	}
}

struct auth_relay *
auth_relay_create(const char *path)
{
	struct auth_relay *r = xcalloc(1, sizeof(*r));

	r->path = xstrdup(path);
	r->next = -1;
	ask_master(r);
	return r;
}

void
auth_relay_calls(const struct auth_relay_calls *all)
{
	calls = all;
}

const char *
auth_relay_path(const struct auth_relay *r)
{
	return r->path;
}

struct slice
auth_relay_mechs(const struct auth_relay *r)
{
	return (struct slice){ buf_str(&r->mechs), r->mechs.len };
}

/* ---- dialogues ---- */

static const char *
not_now(const struct auth_relay *r)
{
	if (!r->known || !r->connected || r->port.closing)
		return no_connection;
	return r->port.out.len > UNSENT_MAX ? "Dovecot does not listen" : NULL;
}

const char *
auth_relay_begin(struct auth_relay *r, uint32_t id,
    const struct msg_auth_begin *m)
{
	const char *why = not_now(r);

	if (why != NULL)
		return why;
	if (!dovecot_begin(&r->dovecot, id, m))
		return "Dovecot takes no such mechanism, or not so much";
	pump_kick(&r->pump);
	return NULL;
}

const char *
auth_relay_next(struct auth_relay *r, uint32_t id, struct slice response)
{
	const char *why = not_now(r);

	if (why != NULL)
		return why;
	if (!dovecot_continue(&r->dovecot, id, response))
		return "Dovecot takes no such long response";
	pump_kick(&r->pump);
	return NULL;
}

void
auth_relay_cancel(struct auth_relay *r, uint32_t id)
{
	if (not_now(r) != NULL)
		return;
	dovecot_cancel(&r->dovecot, id);
	pump_kick(&r->pump);
}
