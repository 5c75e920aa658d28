/*
 * Every event ends in settle(), which brings socket and port to agreement: it
 * sends what there is, feeds what the engine may take, and leaves the watch and
 * the timer wanting what is still missing.
 *
 * A call into the engine may free the pump (pump_abort() and then the owner):
 * whoever calls leaves a flag on its stack in `gone`, and touches nothing more
 * when it is set.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "pump.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"

/* A file this small is read and sent with what stands around it: one packet
 * instead of three. */
#define SMALL_FILE ((size_t)16384)

/* Turns between sending and the engine in one event, so that one connection
 * with a fast peer does not keep the others waiting. */
#define TURNS_MAX 16

/* An idle connection keeps little: what is left of a line. */
#define KEPT_SLACK ((size_t)4096)

static char chunk[PUMP_CHUNK];

static bool
output_waits(const struct port *port)
{
	return port->out.len > 0 || port->file_left > 0 ||
	    port->out_tail.len > 0;
}

static void
forget_output(struct port *port)
{
	buf_free(&port->out);
	buf_free(&port->out_tail);
	port->file_left = 0;
}

static void
let_go(struct pump *p)
{
	loop_unwatch(&p->watch);
	loop_cancel(&p->timer);
	close_fd(&p->fd);
	buf_free(&p->kept);
	forget_output(p->port);
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

/* ---- output ---- */

/* n bytes have gone out: takes them off out, the file and the tail. */
static void
consume(struct pump *p, size_t n)
{
	struct port *port = p->port;
	size_t part = MIN(n, port->out.len);

	p->sent += n;
	buf_drop(&port->out, part);
	n -= part;
	part = (size_t)MIN((uint64_t)n, port->file_left);
	port->file_at += (off_t)part;
	port->file_left -= part;
	buf_drop(&port->out_tail, n - part);
}

/* Out, a small file and the tail in one packet. */
static ssize_t
send_together(struct pump *p)
{
	static char small[SMALL_FILE];
	struct port *port = p->port;
	struct iovec parts[3];
	struct msghdr message = { .msg_iov = parts };
	size_t n = 0;

	if (port->out.len > 0)
		parts[n++] = (struct iovec){ port->out.text, port->out.len };
	if (port->file_left > 0) {
		size_t left = (size_t)port->file_left;
		ssize_t got = pread(port->file, small, left, port->file_at);

		if (got >= 0 && (size_t)got < left)
			errno = EIO; /* shorter than was promised */
		if (got < (ssize_t)left)
			return -1;
		parts[n++] = (struct iovec){ small, left };
	}
	if (port->out_tail.len > 0)
		parts[n++] = (struct iovec){ port->out_tail.text,
			port->out_tail.len };
	message.msg_iovlen = n;
	return sendmsg(p->fd, &message, MSG_NOSIGNAL);
}

/* As much as one call carries. */
static ssize_t
send_some(struct pump *p)
{
	struct port *port = p->port;

	if (port->file_left <= SMALL_FILE)
		return send_together(p);
	if (port->out.len > 0)
		return send(p->fd, port->out.text, port->out.len,
		    MSG_NOSIGNAL | MSG_MORE);

	off_t at = port->file_at;
	ssize_t n = sendfile(p->fd, port->file, &at,
	    (size_t)MIN(port->file_left, (uint64_t)INT32_MAX));
	if (n == 0) {
		errno = EIO; /* shorter than was promised */
		return -1;
	}
	return n;
}

/* Sends until all is gone or the socket is full.  A peer that has closed may
 * have said why before: what it sent is still read. */
static void
send_all(struct pump *p)
{
	if (p->lingering)
		return;
	while (output_waits(p->port) && p->send_error == 0) {
		ssize_t n = send_some(p);

		if (n >= 0)
			consume(p, (size_t)n);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			p->send_error = errno;
	}
	forget_output(p->port);
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

	return output_waits(port) || p->owed ||
	    (p->offer && !port->paused && !clogged(port));
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
	if (!p->held && !port->closing && !p->peer_done && !clogged(port))
		want |= LOOP_READ;
	if (unfinished(p))
		want |= LOOP_WRITE;
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
	if (p->peer_done || (!port->linger && p->kept.len == 0) ||
	    shutdown(p->fd, SHUT_WR) < 0) {
		end(p, PUMP_END_CLOSED, 0);
		return false;
	}
	p->lingering = true;
	buf_free(&p->kept);
	port->deadline = loop_now() + PUMP_LINGER;
	return true;
}

/* What can be done next without waiting: false where nothing, or where the pump
 * is no more (then *alive is false). */
static bool
do_next(struct pump *p, bool *alive)
{
	struct port *port = p->port;

	if (p->calls->drained != NULL && output_waits(port))
		p->owed = true;
	send_all(p);
	if (p->send_error != 0 && !peer_is_gone(p->send_error)) {
		end(p, PUMP_END_ERROR, p->send_error);
		return *alive = false;
	}
	if (port->paused)
		p->offer = p->kept.len > 0;
	if (port->closing) {
		if (!output_waits(port))
			*alive = farewell(p);
		else if (port->deadline == 0)
			port->deadline = loop_now() + PUMP_GRACE;
		return false;
	}
	if (p->owed && !output_waits(port)) {
		p->owed = false;
		return *alive = call(p, p->calls->drained);
	}
	if (p->offer && !port->paused && !clogged(port))
		return *alive = feed_kept(p);
	if (p->peer_done && !port->paused && !output_waits(port)) {
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
	if (p->connecting || port->closing || p->calls->timeout == NULL) {
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
	ssize_t n = recv(p->fd, chunk, sizeof(chunk), 0);

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

static void
on_ready(struct loop_watch *w, int what)
{
	struct pump *p = container_of(w, struct pump, watch);

	if (p->connecting && !finish_connect(p))
		return;
	if ((what & LOOP_READ) != 0 && p->port->paused && !p->lingering)
		p->held = true;
	else if ((what & LOOP_READ) != 0 && !receive(p))
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
