/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "fd.h"
#include "log.h"
#include "param.h"

union endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The length of the endpoint, or 0 where the text is no address. */
static socklen_t
make_endpoint(union endpoint *at, const char *address, uint16_t port)
{
	memset(at, 0, sizeof(*at));
	if (inet_pton(AF_INET, address, &at->v4.sin_addr) == 1) {
		at->v4.sin_family = AF_INET;
		at->v4.sin_port = htons(port);
		return sizeof(at->v4);
	}
	if (inet_pton(AF_INET6, address, &at->v6.sin6_addr) == 1) {
		at->v6.sin6_family = AF_INET6;
		at->v6.sin6_port = htons(port);
		return sizeof(at->v6);
	}
	return 0;
}

/* Mail goes out with another address than ours where this fails, which is
 * better than not at all. */
static void
bind_source(int fd, bool ipv6)
{
	const char *address = ipv6 ? params.smtp_bind_address6
				   : params.smtp_bind_address;
	union endpoint at;

	if (address[0] == '\0')
		return;
	socklen_t len = make_endpoint(&at, address, 0);
	if (len == 0 || bind(fd, &at.any, len) < 0)
		log_warn("cannot bind to %s (smtp_bind_address%s): %s", address,
		    ipv6 ? "6" : "", strerror(errno));
}

int
smtp_socket_begin(const struct smtp_host *host)
{
	union endpoint at;
	socklen_t len = make_endpoint(&at, host->address, host->port);
	CLEAN_FD int fd = socket(at.any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	/* What we say goes out in few and whole pieces, so nothing is gained
	 * by waiting for more; a failure only makes it slower. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	bind_source(fd, host->ipv6);
	if (connect(fd, &at.any, len) < 0 && errno != EINPROGRESS)
		return -1;
	return TAKE_FD(fd);
}

bool
smtp_socket_address(int fd, struct buf *out)
{
	struct fd_address local;

	if (fd_local_address(fd, &local) < 0)
		return false;
	buf_adds(out, local.text);
	return true;
}
