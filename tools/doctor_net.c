/*
 * Ports: ours, as a client sees them, and port 25 of others.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "doctor.h"

#define ANSWER_TIME  5000 /* milliseconds for a server on this host */
#define OUTWARD_TIME 8000 /* for one elsewhere */
#define OUTWARD_MAX  3    /* hosts that are tried */
#define GREETING_MAX 512

/* ---- connections ---- */

/* Waits for a connection under way; -1 with errno. */
static int
finish_connect(int fd, int64_t wait)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&p, 1, (int)wait) <= 0)
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

int
doctor_connect(struct doctor *d, const char *address, uint16_t port,
    int64_t wait)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	struct addrinfo *ai;
	char service[8];

	(void)snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &ai) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	CLEAN_FD int fd = socket(ai->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int got = fd < 0 ? -1 : connect(fd, ai->ai_addr, ai->ai_addrlen);
	if (fd >= 0 && got < 0 && errno == EINPROGRESS)
		got = finish_connect(fd, doctor_left(d, wait));
	int error = errno;
	freeaddrinfo(ai);
	errno = error;
	return got < 0 ? -1 : TAKE_FD(fd);
}

void
doctor_greeting(struct doctor *d, int fd, char *line, size_t room)
{
	int64_t end = clock_mono() + doctor_left(d, ANSWER_TIME);
	size_t have = 0;

	while (have + 1 < room && memchr(line, '\n', have) == NULL) {
		int64_t left = end - clock_mono();
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			break;
		ssize_t n = read(fd, line + have, room - 1 - have);
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	line[have] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	/* Who does not say goodbye stands in the log as a lost connection. */
	(void)send(fd, "QUIT\r\n", 6, MSG_NOSIGNAL);
}

/* ---- our own ports ---- */

/* Whether the instance runs: somebody listens on its control socket. */
static bool
is_running(void)
{
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	CLEAN_BUF struct buf path = { 0 };

	buf_addf(&path, "%s/control", params.run_directory);
	if (fd < 0 ||
	    !str_copy(sun.sun_path, sizeof(sun.sun_path), buf_str(&path)))
		return false;
	return connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0 ||
	    errno == EACCES || errno == EPERM;
}

/* Where a client on this host reaches a port that is bound to addr, or to
 * inet_interfaces. */
static const char *
reachable(struct doctor *d, const char *addr)
{
	struct slice rest = slice_of(params.inet_interfaces), first;

	if (addr[0] != '\0')
		return addr;
	if (!slice_next_item(&rest, &first) || slice_eq(first, "all") ||
	    slice_eq(first, "loopback-only"))
		return str_eq(params.inet_protocols, "ipv6") ? "::1"
							     : "127.0.0.1";
	if (first.at[0] == '[')
		first = (struct slice){ first.at + 1, first.len - 2 };
	return arena_memdup(&d->arena, first.at, first.len);
}

/* Only port 25 must speak first and in clear. */
static void
look_at_port(struct doctor *d, const struct listen_item *item)
{
	char line[GREETING_MAX] = "220 ";
	const char *address = reachable(d, item->addr);
	const char *subject = arena_printf(&d->arena, "port %u", item->port);
	CLEAN_FD int fd = doctor_connect(d, address, item->port, ANSWER_TIME);

	if (fd < 0) {
		doctor_say(d, FINDING_FAIL, subject,
		    "see posthouse status and the log",
		    "it does not answer on %s: %s", address, strerror(errno));
		return;
	}
	if (item->port == SMTP_PORT)
		doctor_greeting(d, fd, line, sizeof(line));
	if (!str_starts(line, "220"))
		doctor_say(d, FINDING_FAIL, subject,
		    "see posthouse status and the log", "it answers \"%s\"",
		    line);
	else
		doctor_say(d, FINDING_OK, subject, NULL, "it answers on %s",
		    address);
}

static void
look_at_service(struct doctor *d, const struct service *s)
{
	struct slice rest = slice_of(s->listen), text;
	struct listen_item item;
	const char *why;

	while (slice_next_item(&rest, &text))
		if (listen_parse(text, &item, &why) && item.name[0] == '\0')
			look_at_port(d, &item);
}

void
doctor_listeners(struct doctor *d)
{
	if (!is_running()) {
		doctor_say(d, FINDING_WARN, "posthouse", "posthouse start",
		    "it does not run, so its ports were not tried");
		return;
	}
	for (size_t i = 0; i < d->services.n; i++)
		if (d->services.at[i].enabled &&
		    str_eq(d->services.at[i].program, "smtpd"))
			look_at_service(d, &d->services.at[i]);
}

/* ---- port 25 of others ---- */

/* Where nobody else is known: a domain whose MX hosts are always up. */
static const char known[] = "gmail.com";

/* True where the network let us through: a refusal comes from the host. */
static bool
try_host(struct doctor *d, const struct smtp_host *h)
{
	CLEAN_FD int fd = doctor_connect(d, h->address, h->port, OUTWARD_TIME);

	if (fd < 0 && errno != ECONNREFUSED) {
		doctor_say(d, FINDING_WARN, "outwards",
		    "see the routes and the firewall", "%s[%s]:%u: %s", h->name,
		    h->address, h->port, strerror(errno));
		return false;
	}
	doctor_say(d, FINDING_OK, "outwards", NULL, "%s[%s]:%u %s", h->name,
	    h->address, h->port, fd < 0 ? "refuses, but answers" : "answers");
	return true;
}

struct outward {
	struct smtp_host hosts[OUTWARD_MAX];
	size_t n;
};

/* Those hosts of a next hop that are not ourselves. */
static void
add_hosts(struct doctor *d, struct outward *o, const char *nexthop)
{
	struct smtp_resolve r;

	doctor_resolve(d, nexthop, &r);
	for (size_t i = 0; i < r.hosts.n + r.hosts.dropped; i++)
		if (!r.hosts.at[i].self && o->n < OUTWARD_MAX)
			o->hosts[o->n++] = r.hosts.at[i];
}

/* Many providers close port 25.  The relayhost is tried where there is one,
 * for it is all that we need; else the world. */
void
doctor_outwards(struct doctor *d)
{
	struct outward o = { .n = 0 };
	const char *target = params.relayhost[0] != '\0' ? params.relayhost
							 : known;
	bool ok = false;

	if (d->no_resolver)
		return; /* said already */
	add_hosts(d, &o, target);
	for (size_t i = 0; !ok && i < o.n; i++)
		ok = try_host(d, &o.hosts[i]);
	if (o.n == 0)
		doctor_say(d, FINDING_WARN, "outwards",
		    "see to the name servers",
		    "%s was to be tried, but cannot be found", target);
	else if (!ok)
		doctor_say(d, FINDING_FAIL, "outwards",
		    "ask your provider to open port 25, or set relayhost",
		    "no host can be reached");
}
