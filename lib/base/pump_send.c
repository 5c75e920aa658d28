/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "pump_parts.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

/* A file this small is read and sent with what stands around it: one packet
 * instead of three. */
#define SMALL_FILE ((size_t)16384)

bool
pump_output_waits(const struct pump *p)
{
	const struct port *port = p->port;

	return port->out.len > 0 || port->file_left > 0 ||
	    port->out_tail.len > 0 || p->stuck.len > 0;
}

void
pump_forget_output(struct pump *p)
{
	struct port *port = p->port;

	buf_free(&port->out);
	buf_free(&port->out_tail);
	buf_free(&p->stuck);
	port->file_left = 0;
}

bool
pump_ends_with_output(const struct pump *p)
{
	return p->peer_done || (!p->port->linger && p->kept.len == 0);
}

/* Last words wait in the kernel for the close that follows at once, and go out
 * in one packet with it. */
static int
send_flags(const struct pump *p)
{
	bool last = p->port->closing && pump_ends_with_output(p);

	return MSG_NOSIGNAL | (last ? MSG_MORE : 0);
}

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

/* Out, a file and the tail, at most so many bytes of the file, as parts of one
 * packet; gives how many parts, or -1. */
static int
collect(const struct port *port, struct iovec parts[3])
{
	static char small[SMALL_FILE];
	int n = 0;

	if (port->out.len > 0)
		parts[n++] = (struct iovec){ port->out.text, port->out.len };
	if (port->file_left > 0) {
		size_t left = (size_t)MIN(port->file_left, sizeof(small));
		ssize_t got = pread(port->file, small, left, port->file_at);

		if (got >= 0 && (size_t)got < left)
			errno = EIO; /* shorter than was promised */
		if (got < (ssize_t)left)
			return -1;
		parts[n++] = (struct iovec){ small, left };
		if (left < port->file_left)
			return n;
	}
	if (port->out_tail.len > 0)
		parts[n++] = (struct iovec){ port->out_tail.text,
			port->out_tail.len };
	return n;
}

static ssize_t
send_together(struct pump *p)
{
	struct iovec parts[3];
	struct msghdr message = { .msg_iov = parts };
	int n = collect(p->port, parts);

	if (n < 0)
		return -1;
	message.msg_iovlen = (size_t)n;
	return sendmsg(p->fd, &message, send_flags(p));
}

/* One record.  What TLS has been given must be given again unchanged until it
 * is sent, so it is as good as sent for the engine. */
static ssize_t
send_record(struct pump *p)
{
	struct iovec parts[3];
	int n;

	if (p->stuck.len > 0)
		return pump_tls_flush(p);
	n = collect(p->port, parts);
	return n < 0 ? -1 : pump_tls_send(p, parts, (size_t)n);
}

/* As much as one call carries. */
static ssize_t
send_some(struct pump *p)
{
	struct port *port = p->port;

	if (p->ssl != NULL)
		return send_record(p);
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
void
pump_send_all(struct pump *p)
{
	if (p->lingering || p->shaking)
		return;
	while (pump_output_waits(p) && p->send_error == 0) {
		ssize_t n = send_some(p);

		if (n >= 0)
			consume(p, (size_t)n);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			p->send_error = errno;
	}
	pump_forget_output(p);
}
