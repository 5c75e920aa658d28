/*
 * Every event ends in settle(), which brings socket and port to agreement: it
 * sends what there is, feeds what the engine may take, and leaves the watch and
 * the timer wanting what is still missing.
 *
 * A call into the engine may free the pump (pump_abort() and then the owner):
 * whoever calls leaves a flag on its stack in `gone`, and touches nothing more
 * when it is set.
 *
 * Under TLS a read may have to wait until something was written, and the other
 * way round; every event tries what is wanted, so only wanted() has to know.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "pump.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "pump_parts.h"

/* Turns between sending and the engine in one event, so that one connection
 * with a fast peer does not keep the others waiting. */
#define TURNS_MAX 16

/* An idle connection keeps little: what is left of a line. */
#define KEPT_SLACK ((size_t)4096)

static char chunk[PUMP_CHUNK];

static void
let_go(struct pump *p)
{
	loop_unwatch(&p->watch);
	loop_cancel(&p->timer);
	pump_tls_free(p);
	close_fd(&p->fd);
	buf_free(&p->kept);
	pump_forget_output(p);
	p->port = NULL;
	if (p->gone != NULL)
		*p->gone = true;
	p->gone = NULL;
}

static void
end(struct pump *p, enum pump_end how, int error)
{
	let_go(p);
	p->calls->ended(p->engine, how, error);
}

static void
end_tls(struct pump *p, const char *why)
{
	if (p->why == NULL)
		p->why = why;
	end(p, PUMP_END_TLS, EPROTO);
}

/* ---- the engine ---- */

/* Each gives false where the pump is no more. */

static bool
call(struct pump *p, void (*fn)(void *engine))
{
	bool gone = false;

	p->gone = &gone;
	fn(p->engine);
	if (gone)
		return false;
	p->gone = NULL;
	return true;
}

static bool
give(struct pump *p, const char *bytes, size_t n, size_t *taken)
{
	bool gone = false;

	p->gone = &gone;
	*taken = p->calls->input(p->engine, bytes, n);
	if (gone)
		return false;
	p->gone = NULL;
	if (*taken > n)
		log_panic("pump: %zu bytes taken of %zu", *taken, n);
	return true;
}

/* Gives the memory back that a long input has left behind. */
static void
trim_kept(struct pump *p)
{
	struct buf small = { 0 };

	if (p->kept.len > 0 &&
	    (p->kept.room <= KEPT_SLACK || p->kept.len >= p->kept.room / 4))
		return;
	buf_add(&small, p->kept.text, p->kept.len);
	buf_free(&p->kept);
	p->kept = small;
}

static bool
feed_kept(struct pump *p)
{
	size_t taken;

	p->offer = false;
	if (!give(p, p->kept.text, p->kept.len, &taken))
		return false;
	buf_drop(&p->kept, taken);
	trim_kept(p);
	return true;
}

/* n bytes of the chunk, behind what is kept. */
static bool
feed(struct pump *p, size_t n)
{
	size_t taken;

	if (p->kept.len > 0) {
		buf_add(&p->kept, chunk, n);
		return feed_kept(p);
	}
	if (!give(p, chunk, n, &taken))
		return false;
	buf_add(&p->kept, chunk + taken, n - taken);
	return true;
}

/* ---- agreement ---- */

static bool
clogged(const struct port *port)
{
	return port->out.len > PUMP_CHUNK;
}

/* Something is to be done that no event will announce. */
static bool
unfinished(const struct pump *p)
{
	const struct port *port = p->port;

	return pump_output_waits(p) || p->owed ||
	    ((p->offer || p->more) && !port->paused && !clogged(port));
}

/* In a pause the kernel is told only when input does come: a peer that waits
 * for our answer costs nothing. */
static int
wanted(const struct pump *p)
{
	const struct port *port = p->port;
	int want = LOOP_NOTHING;

	if (p->lingering)
		return LOOP_READ;
	if (p->shaking)
		return p->tls_reads;
	if (!p->held && !port->closing && !p->peer_done && !clogged(port))
		want |= p->ssl != NULL ? p->tls_reads : LOOP_READ;
	if (unfinished(p))
		want |= p->stuck.len > 0 ? p->tls_writes : LOOP_WRITE;
	return want;
}

static void on_due(struct loop_timer *t);

/* The timer is only moved when it would be late: a deadline that is put off
 * with every command costs nothing, on_due() looks again. */
static void
set_timer(struct pump *p)
{
	int64_t deadline = p->port->deadline;

	if (deadline != 0 && (p->timer.at == 0 || p->timer.at > deadline))
		loop_timer(&p->timer, deadline - loop_now(), on_due);
}

static bool
peer_is_gone(int error)
{
	return error == EPIPE || error == ECONNRESET;
}

/* All is sent and the engine wants to close.  Gives false where the pump is no
 * more. */
static bool
farewell(struct pump *p)
{
	struct port *port = p->port;

	if (p->send_error != 0) {
		end(p, PUMP_END_ERROR, p->send_error);
		return false;
	}
	pump_tls_goodbye(p);
	if (pump_ends_with_output(p) || shutdown(p->fd, SHUT_WR) < 0) {
		end(p, PUMP_END_CLOSED, 0);
		return false;
	}
	p->lingering = true;
	buf_free(&p->kept);
	port->deadline = loop_now() + PUMP_LINGER;
	return true;
}

/* All that was to be said in clear is said.  Gives false where the pump is no
 * more. */
static bool
begin_tls(struct pump *p)
{
	bool gone = false;
	SSL *ssl = NULL;

	p->port->tls = false;
	if (p->ssl != NULL || p->kept.len > 0) {
		end_tls(p, "plaintext behind the agreement on TLS");
		return false;
	}
	p->gone = &gone;
	if (p->calls->secure != NULL)
		ssl = p->calls->secure(p->engine);
	if (gone) {
		pump_tls_drop(ssl);
		return false;
	}
	p->gone = NULL;
	if (!pump_tls_start(p, ssl)) {
		end_tls(p, "no TLS here");
		return false;
	}
	return true;
}

/* One step of the handshake.  Gives false where the pump is no more. */
static bool
shake_hands(struct pump *p)
{
	switch (pump_tls_shake(p)) {
	case MATCH_NO:
		return true;
	case MATCH_BAD:
		end_tls(p, "TLS failed");
		return false;
	case MATCH_YES:
		break;
	}
	p->shaking = false;
	return p->calls->secured == NULL || call(p, p->calls->secured);
}

/* What can be done next without waiting: false where nothing, or where the pump
 * is no more (then *alive is false). */
static bool
do_next(struct pump *p, bool *alive)
{
	struct port *port = p->port;

	if (p->shaking)
		return false;
	if (p->calls->drained != NULL && pump_output_waits(p))
		p->owed = true;
	pump_send_all(p);
	if (p->why != NULL) {
		end_tls(p, p->why);
		return *alive = false;
	}
	if (p->send_error != 0 && !peer_is_gone(p->send_error)) {
		end(p, PUMP_END_ERROR, p->send_error);
		return *alive = false;
	}
	if (port->paused)
		p->offer = p->kept.len > 0;
	if (port->tls && !port->closing) {
		if (pump_output_waits(p))
			return false;
		return *alive = begin_tls(p) && shake_hands(p);
	}
	if (port->closing) {
		if (!pump_output_waits(p))
			*alive = farewell(p);
		else if (port->deadline == 0)
			port->deadline = loop_now() + PUMP_GRACE;
		return false;
	}
	if (p->owed && !pump_output_waits(p)) {
		p->owed = false;
		return *alive = call(p, p->calls->drained);
	}
	if (p->offer && !port->paused && !clogged(port))
		return *alive = feed_kept(p);
	if (p->peer_done && !port->paused && !pump_output_waits(p)) {
		end(p, PUMP_END_PEER, 0);
		return *alive = false;
	}
	return false;
}

static void
settle(struct pump *p)
{
	bool alive = true;

	for (int i = 0; !p->lingering && i < TURNS_MAX; i++)
		if (!do_next(p, &alive))
			break;
	if (!alive)
		return;
	p->held = p->held && p->port->paused;
	loop_want(&p->watch, wanted(p));
	set_timer(p);
}

static void
on_due(struct loop_timer *t)
{
	struct pump *p = container_of(t, struct pump, timer);
	struct port *port = p->port;

	if (port->deadline == 0)
		return;
	if (port->deadline > loop_now()) {
		set_timer(p);
		return;
	}
	if (p->lingering) {
		end(p, PUMP_END_CLOSED, 0);
		return;
	}
	if (p->connecting || p->shaking || port->closing ||
	    p->calls->timeout == NULL) {
		end(p, PUMP_END_TIMEOUT, ETIMEDOUT);
		return;
	}
	if (!call(p, p->calls->timeout))
		return;
	if (port->closing) {
		port->deadline = loop_now() + PUMP_GRACE;
	} else if (port->deadline != 0 && port->deadline <= loop_now()) {
		end(p, PUMP_END_TIMEOUT, ETIMEDOUT);
		return;
	}
	settle(p);
}

/* ---- events ---- */

/* Gives false where the pump is no more. */
static bool
receive(struct pump *p)
{
	ssize_t n = p->ssl != NULL && !p->lingering
	    ? pump_tls_recv(p, chunk, sizeof(chunk))
	    : recv(p->fd, chunk, sizeof(chunk), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n > 0) {
		p->got += (uint64_t)n;
		if (p->lingering)
			return true;
		if (!feed(p, (size_t)n))
			return false;
		if (p->kept.len <= PUMP_KEPT_MAX)
			return true;
		end(p, PUMP_END_ERROR, EMSGSIZE);
		return false;
	}
	if (n == 0 && p->send_error == 0 && !p->lingering)
		return p->peer_done = true;
	if (p->lingering)
		end(p, PUMP_END_CLOSED, 0);
	else if (p->why != NULL)
		end_tls(p, p->why);
	else
		end(p, PUMP_END_ERROR,
		    p->send_error != 0 ? p->send_error : errno);
	return false;
}

/* connect() is over.  Gives false where the pump is no more. */
static bool
finish_connect(struct pump *p)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	if (error != 0) {
		end(p, PUMP_END_ERROR, error);
		return false;
	}
	p->connecting = false;
	return call(p, p->connected);
}

/* Is this what reading waits for? */
static bool
can_read(const struct pump *p, int what)
{
	if (p->ssl == NULL || p->lingering)
		return (what & LOOP_READ) != 0;
	return p->more || (what & p->tls_reads) != 0;
}

/* Gives false where the pump is no more. */
static bool
read_some(struct pump *p, int what)
{
	if (p->peer_done || !can_read(p, what))
		return true;
	if (!p->port->paused || p->lingering)
		return receive(p);
	p->held = p->held || (what & LOOP_READ) != 0;
	return true;
}

static void
on_ready(struct loop_watch *w, int what)
{
	struct pump *p = container_of(w, struct pump, watch);

	if (p->connecting && !finish_connect(p))
		return;
	if (p->shaking && !shake_hands(p))
		return;
	if (!p->shaking && !read_some(p, what))
		return;
	settle(p);
}

static void
start(struct pump *p, int fd, struct port *port,
    const struct pump_engine *calls, void *engine)
{
	*p = (struct pump){
		.fd = fd,
		.port = port,
		.calls = calls,
		.engine = engine,
	};
}

void
pump_start(struct pump *p, int fd, struct port *port,
    const struct pump_engine *calls, void *engine)
{
	start(p, fd, port, calls, engine);
	loop_watch(&p->watch, fd, LOOP_READ, on_ready);
	settle(p);
}

void
pump_start_connecting(struct pump *p, int fd, struct port *port,
    const struct pump_engine *calls, void *engine,
    void (*connected)(void *engine))
{
	start(p, fd, port, calls, engine);
	p->connecting = true;
	p->connected = connected;
	loop_watch(&p->watch, fd, LOOP_WRITE, on_ready);
	set_timer(p);
}

void
pump_kick(struct pump *p)
{
	if (p->port == NULL || p->gone != NULL)
		return;
	if (!p->connecting)
		settle(p);
	else if (p->port->closing)
		end(p, PUMP_END_CLOSED, 0);
	else
		set_timer(p);
}

void
pump_abort(struct pump *p)
{
	if (p->port != NULL)
		let_go(p);
}
