/*
 * Two lists hold what is to be done at the end of a round: chans with packets
 * to send, and chans whose end is to be told.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "chan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "log.h"
#include "wire.h"

/* Packets of one system call.  The receiving buffers belong to the process; the
 * kernel touches only as much of them as it fills. */
#define BATCH 16

/* After the kernel said that it has no memory, or that too many descriptors are
 * under way: nothing announces the end of that. */
#define RETRY_AFTER ((int64_t)20)

#define SOCKET_ROOM (1 << 20)

struct packet {
	struct list link;
	int fd;
	bool give;
	size_t len;
	char bytes[];
};

/* Room for one descriptor, and where the kernel is to put it. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

static struct list dirty;
static struct list broken;
static struct loop_timer retry;

/* The chan whose packets are being handled: NULL when a handler stopped it. */
static struct chan *current;

static void
free_packet(struct packet *p)
{
	if (p->give)
		close_fd(&p->fd);
	free(p);
}

static void
free_packets(struct chan *c)
{
	struct list *link;

	while ((link = list_take(&c->packets)) != NULL)
		free_packet(container_of(link, struct packet, link));
	c->waiting = 0;
}

void
chan_stop(struct chan *c)
{
	if (current == c)
		current = NULL;
	list_drop(&c->dirty);
	c->broken = false;
	if (!c->open)
		return;
	c->open = false;
	loop_unwatch(&c->watch);
	close_fd(&c->fd);
	free_packets(c);
}

/* Ended will be called, unless the owner stops the chan before. */
static void
break_off(struct chan *c)
{
	chan_stop(c);
	c->broken = true;
	list_append(&broken, &c->dirty);
}

/* Says what is waited for. */
static void
want(struct chan *c)
{
	loop_want(&c->watch,
	    (c->paused ? LOOP_NOTHING : LOOP_READ) |
		(c->full ? LOOP_WRITE : LOOP_NOTHING));
}

void
chan_pause(struct chan *c, bool pause)
{
	if (!c->open || c->paused == pause)
		return;
	c->paused = pause;
	want(c);
}

/* ---- sending ---- */

/* The peer takes nothing more; its end is seen by the reader, behind what it
 * had sent before. */
static void
go_deaf(struct chan *c)
{
	c->deaf = true;
	c->full = false;
	free_packets(c);
	want(c);
}

/* Packets that stay beyond the round need a descriptor of their own. */
static void
keep_descriptors(struct chan *c)
{
	LIST_EACH(struct packet, p, &c->packets, link) {
		if (p->fd < 0 || p->give)
			continue;
		p->fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
		p->give = true;
		if (p->fd < 0) {
			log_warn("no descriptor left for a message to %s: "
				 "channel closed: %m",
			    c->name);
			break_off(c);
			return;
		}
	}
}

static void
put_control(struct msghdr *m, union control *control, int fd)
{
	memset(control, 0, sizeof(*control));
	m->msg_control = control->room;
	m->msg_controllen = CMSG_SPACE(sizeof(int));

	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
}

/* One system call for the first packets; gives how many went out. */
static int
send_batch(struct chan *c)
{
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	union control controls[BATCH];
	unsigned int n = 0;

	LIST_EACH(struct packet, p, &c->packets, link) {
		if (n == BATCH)
			break;

		struct msghdr *m = &messages[n].msg_hdr;
		parts[n] = (struct iovec){ p->bytes, p->len };
		m->msg_iov = &parts[n];
		m->msg_iovlen = 1;
		if (p->fd >= 0)
			put_control(m, &controls[n], p->fd);
		n++;
	}
	return sendmmsg(c->fd, messages, n, MSG_NOSIGNAL);
}

static void
forget_sent(struct chan *c, int n)
{
	for (int i = 0; i < n; i++) {
		struct list *link = list_take(&c->packets);
		struct packet *p = container_of(link, struct packet, link);

		c->waiting -= p->len;
		free_packet(p);
	}
}

static void
on_retry(struct loop_timer *t __attribute__((unused)))
{
	/* The end of this round flushes what is dirty. */
}

static void
wait_for_room(struct chan *c, int why)
{
	keep_descriptors(c);
	if (!c->open)
		return;
	if (why == EAGAIN) {
		c->full = true;
		want(c);
		return;
	}
	list_append(&dirty, &c->dirty);
	if (retry.at == 0)
		loop_timer(&retry, RETRY_AFTER, on_retry);
}

static bool
is_passing(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM ||
	    error == ETOOMANYREFS;
}

void
chan_flush(struct chan *c)
{
	if (!c->broken)
		list_drop(&c->dirty);
	while (c->open && !c->full && !list_empty(&c->packets)) {
		int n = send_batch(c);

		if (n > 0) {
			forget_sent(c, n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (is_passing(errno)) {
			wait_for_room(c, errno);
			return;
		}
		if (errno == EPIPE || errno == ECONNRESET) {
			go_deaf(c);
			return;
		}
		log_warn("cannot send to %s: channel closed: %m", c->name);
		break_off(c);
	}
}

void
chan_send(struct chan *c, const struct buf *packet, int fd, bool give)
{
	if (packet->len > CHAN_PACKET_MAX)
		log_panic("a message of %zu bytes to %s", packet->len, c->name);
	if (!c->open || c->deaf) {
		if (give)
			close_fd(&fd);
		return;
	}

	struct packet *p = xcalloc(1, sizeof(*p) + packet->len);
	p->fd = fd;
	p->give = give;
	p->len = packet->len;
	memcpy(p->bytes, buf_str(packet), packet->len);
	list_append(&c->packets, &p->link);
	c->waiting += p->len;
	if (!c->full && !list_linked(&c->dirty))
		list_append(&dirty, &c->dirty);
}

size_t
chan_waiting(const struct chan *c)
{
	return c->waiting;
}

/* ---- receiving ---- */

/* The descriptor of a received message, or -1; *many where there were more than
 * one (the kernel has closed the others). */
static int
get_control(struct msghdr *m, bool *many)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (h != NULL && h->cmsg_level == SOL_SOCKET &&
	    h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	*many = fd >= 0 && (m->msg_flags & MSG_CTRUNC) != 0;
	return fd;
}

/* Room for one descriptor exactly: CMSG_SPACE would hold two. */
static void
want_control(struct msghdr *m, union control *control)
{
	m->msg_control = control->room;
	m->msg_controllen = CMSG_LEN(sizeof(int));
}

/* Gives a reason where the message is not acceptable. */
static const char *
handle(struct chan *c, const char *bytes, size_t len, int fd)
{
	struct wire w = wire_open(bytes, len);
	uint32_t type = wire_get_u32(&w);

	for (size_t i = 0; i < c->n_rules; i++) {
		const struct chan_rule *r = &c->rules[i];

		if (w.bad || r->type != type ||
		    (r->from & (1u << c->role)) == 0)
			continue;
		return r->answer(c, w.at, w.left, fd) ? NULL : "malformed";
	}
	close_fd(&fd);
	return w.bad ? "short" : "not permitted";
}

static void
refuse(struct chan *c, const char *bytes, size_t len, const char *why)
{
	struct wire w = wire_open(bytes, len);

	log_warn("%s sent a message that is %s (type %u, %zu bytes): "
		 "channel closed",
	    c->name, why, wire_get_u32(&w), len);
	break_off(c);
}

/* One message of a batch, unless the chan was stopped by the one before. */
static void
take(struct mmsghdr *message)
{
	struct msghdr *m = &message->msg_hdr;
	struct chan *c = current;
	const char *bytes = m->msg_iov->iov_base;
	const char *why;
	bool many;
	int fd = get_control(m, &many);

	if (c == NULL) {
		close_fd(&fd);
		return;
	}
	if (message->msg_len == 0) {
		break_off(c);
		return;
	}
	if (many || (m->msg_flags & MSG_TRUNC) != 0) {
		close_fd(&fd);
		why = "too big";
	} else {
		why = handle(c, bytes, message->msg_len, fd);
	}
	if (why != NULL && current == c)
		refuse(c, bytes, message->msg_len, why);
}

static void
receive(struct chan *c)
{
	static char buffers[BATCH][CHAN_PACKET_MAX];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	union control controls[BATCH];

	for (size_t i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ buffers[i], sizeof(buffers[i]) };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		want_control(&messages[i].msg_hdr, &controls[i]);
	}

	int n = recvmmsg(c->fd, messages, BATCH, MSG_CMSG_CLOEXEC, NULL);
	/* A reset says only that the peer has not read all: what it sent still
	 * lies in the socket, and the next call gives it. */
	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNRESET)
		break_off(c);
	current = c;
	for (int i = 0; i < n; i++)
		take(&messages[i]);
	current = NULL;
}

/* ---- events ---- */

static void
on_ready(struct loop_watch *w, int what)
{
	struct chan *c = container_of(w, struct chan, watch);

	if ((what & LOOP_WRITE) != 0) {
		c->full = false;
		want(c);
		chan_flush(c);
	}
	if ((what & LOOP_READ) != 0 && c->open)
		receive(c);
}

/* Telling an end makes others speak, and sending finds others gone: both until
 * nothing is left, but a chan that waits for the kernel is tried once. */
static void
end_round(void)
{
	struct list todo = { 0 };
	struct list *link;

	while (!list_empty(&broken) || !list_empty(&dirty)) {
		while ((link = list_take(&broken)) != NULL) {
			struct chan *c = container_of(link, struct chan, dirty);

			c->broken = false;
			c->ended(c);
		}
		if (list_empty(&dirty))
			break;
		while ((link = list_take(&dirty)) != NULL)
			list_append(&todo, link);
		while ((link = list_take(&todo)) != NULL)
			chan_flush(container_of(link, struct chan, dirty));
		if (retry.at != 0 && list_empty(&broken))
			break;
	}
}

void
chan_start(struct chan *c, int fd, uint32_t role, const char *name,
    const struct chan_rule *rules, size_t n_rules,
    void (*ended)(struct chan *c))
{
	struct list link = c->link;
	void *owner = c->owner;

	*c = (struct chan){
		.link = link,
		.owner = owner,
		.fd = fd,
		.role = role,
		.name = name,
		.rules = rules,
		.n_rules = n_rules,
		.ended = ended,
		.open = true,
	};
	loop_each_round(end_round);
	loop_watch(&c->watch, fd, LOOP_READ, on_ready);
}

int
chan_pair(int fds[2])
{
	int room = SOCKET_ROOM;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0, fds) < 0)
		return -1;
	/* Without the right to exceed the system's limit that limit is what
	 * the second call gets; it still holds the biggest packet. */
	for (int i = 0; i < 2; i++)
		if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &room,
			sizeof(room)) < 0)
			(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room,
			    sizeof(room));
	return 0;
}

/* ---- blocking use ---- */

/* Waits until the socket can do what is asked; 0 or -1 with errno. */
static int
wait_for(int sock, short what, int64_t wait)
{
	struct pollfd p = { .fd = sock, .events = what };
	int n;

	do
		n = poll(&p, 1, (int)MIN(wait, (int64_t)INT32_MAX));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0 ? 0 : -1;
}

int
chan_send_now(int sock, const struct buf *packet, int fd)
{
	struct iovec part = { packet->text, packet->len };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	union control control;

	if (fd >= 0)
		put_control(&m, &control, fd);
	while (sendmsg(sock, &m, MSG_NOSIGNAL) < 0)
		if (errno != EINTR &&
		    (errno != EAGAIN || wait_for(sock, POLLOUT, -1) < 0))
			return -1;
	return 0;
}

int
chan_get_now(int sock, struct buf *packet, int *fd, int64_t wait)
{
	union control control;
	bool many;
	ssize_t n;

	buf_reset(packet);
	struct iovec part = { buf_room(packet, CHAN_PACKET_MAX),
		CHAN_PACKET_MAX };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	want_control(&m, &control);

	do {
		if (wait_for(sock, POLLIN, wait) < 0)
			return -1;
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return -1;
	*fd = get_control(&m, &many);
	if (n == 0 || many || (m.msg_flags & MSG_TRUNC) != 0) {
		close_fd(fd);
		errno = n == 0 ? EPIPE : EBADMSG;
		return -1;
	}
	buf_grown(packet, (size_t)n);
	return 0;
}

/* ---- a question within an event ---- */

bool
chan_say_now(struct chan *c, const struct buf *packet)
{
	chan_flush(c);
	return c->open && !c->deaf && list_empty(&c->packets) &&
	    send(c->fd, packet->text, packet->len,
		MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

bool
chan_hear_now(struct chan *c, uint32_t type, int64_t until, struct buf *packet)
{
	while (c->open) {
		int64_t left = until - clock_mono();
		int fd = -1;

		if (left <= 0 || chan_get_now(c->fd, packet, &fd, left) < 0)
			return false;
		struct wire w = wire_open(packet->text, packet->len);
		if (wire_get_u32(&w) == type) {
			close_fd(&fd);
			return true;
		}
		const char *why = handle(c, packet->text, packet->len, fd);
		if (why != NULL)
			refuse(c, packet->text, packet->len, why);
	}
	return false;
}
