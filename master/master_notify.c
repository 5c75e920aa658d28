/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "loop.h"
#include "num.h"

static struct {
	struct sockaddr_un to;
	socklen_t len;
	int fd;
	struct loop_timer watchdog;
	int64_t every; /* milliseconds; 0: no watchdog */
} notify;

static void
send_text(const char *text, size_t len)
{
	if (notify.len == 0)
		return;
	if (sendto(notify.fd, text, len, MSG_NOSIGNAL,
		(const struct sockaddr *)&notify.to, notify.len) < 0)
		log_warn("service manager was not told: %m");
}

static void
on_watchdog(struct loop_timer *t)
{
	static const char alive[] = "WATCHDOG=1";

	send_text(alive, sizeof(alive) - 1);
	loop_timer(t, notify.every, on_watchdog);
}

/* Half of what systemd waits, where it waits for us. */
static int64_t
watchdog_time(void)
{
	const char *pid_text = getenv("WATCHDOG_PID");
	const char *text = getenv("WATCHDOG_USEC");
	int64_t usec, pid;

	if (text == NULL || !num_parse(text, 1, INT64_MAX, &usec))
		return 0;
	if (pid_text != NULL &&
	    (!num_parse(pid_text, 1, INT32_MAX, &pid) ||
		pid != (int64_t)getpid()))
		return 0;
	return MAX(usec / 2000, (int64_t)1);
}

void
notify_start(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path != NULL ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(notify.to.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	notify.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify.fd < 0) {
		log_warn("no socket for the service manager: %m");
		return;
	}
	notify.to.sun_family = AF_UNIX;
	memcpy(notify.to.sun_path, path, len);
	if (path[0] == '@')
		notify.to.sun_path[0] = '\0'; /* an abstract name */
	notify.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	notify.every = watchdog_time();
	if (notify.every > 0)
		on_watchdog(&notify.watchdog);
}

void
notify_say(const char *fmt, ...)
{
	CLEAN_BUF struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (strncmp(buf_str(&text), "READY=1", 7) == 0)
		buf_addf(&text, "\nMAINPID=%ld", (long)getpid());
	send_text(buf_str(&text), text.len);
}
