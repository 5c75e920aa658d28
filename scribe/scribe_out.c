/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "scribe_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "loop.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "str.h"
#include "wire.h"

#define DEV_LOG    "/dev/log"
#define BATCH      64
#define RETRY_TIME SECOND

/* clang-format off */
static const struct facility {
	const char *name;
	int number;
} facilities[] = {
	{ "auth", LOG_AUTH }, { "authpriv", LOG_AUTHPRIV },
	{ "cron", LOG_CRON }, { "daemon", LOG_DAEMON },
	{ "ftp", LOG_FTP }, { "kern", LOG_KERN },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
	{ "lpr", LOG_LPR }, { "mail", LOG_MAIL },
	{ "news", LOG_NEWS }, { "syslog", LOG_SYSLOG },
	{ "user", LOG_USER }, { "uucp", LOG_UUCP },
};
/* clang-format on */

static struct {
	struct buf lines;   /* for the file */
	struct buf packets; /* for syslog, each counted (wire_put_blob) */
	uint64_t lost;      /* lines that had no room, not yet said */
	struct loop_timer again;
	int file;   /* 0: none */
	int syslog; /* 0: none */
	int facility;
	int trouble; /* errno of the file that syslog knows of */
	bool json;
	bool to_file, to_syslog;
} out;

/* From where we stand /dev/log cannot be reached. */
static void
ask_for_syslog(void)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_ctl_connect(&packet,
	    &(struct msg_ctl_connect){ .path = DEV_LOG });
	chan_send(program_control(), &packet, -1, false);
}

void
out_start(void)
{
	out.json = str_eq(params.log_format, "json");
	out.to_file = params.maillog_file[0] != '\0';
	out.to_syslog = !out.to_file || params.maillog_syslog;
	for (size_t i = 0; i < ARRAY_LEN(facilities); i++)
		if (str_eq(facilities[i].name, params.syslog_facility))
			out.facility = facilities[i].number;
	if (out.to_syslog && access(DEV_LOG, F_OK) < 0)
		log_warn("%s: %m: lines for syslog wait until it is there",
		    DEV_LOG);
	ask_for_syslog();
}

void
out_file(int fd)
{
	if (out.file > 0)
		close_fd(&out.file);
	out.file = fd;
	out.trouble = 0;
}

/* ---- syslog ---- */

void
out_syslog(const char *path, int fd)
{
	if (fd < 0 || !str_eq(path, DEV_LOG)) {
		close_fd(&fd);
		return;
	}
	if (out.syslog > 0)
		close_fd(&out.syslog);
	out.syslog = fd;
}

static void
to_syslog(const struct line_source *from, const struct log_record *r)
{
	CLEAN_BUF struct buf line = { 0 };

	line_syslog(&line, from, r, out.facility, out.json);
	if (out.packets.len + line.len > OUT_MAX)
		out.lost++;
	else
		wire_put_blob(&out.packets,
		    (struct slice){ buf_str(&line), line.len });
}

/* What waits is for the next one. */
static void
syslog_is_gone(void)
{
	close_fd(&out.syslog);
	out.syslog = 0;
	ask_for_syslog();
}

/* Our time is over, and there is none: said to whoever writes after us. */
static void
give_up(void)
{
	struct wire w = wire_open(buf_str(&out.packets), out.packets.len);
	size_t n = 0;

	for (; wire_more(&w); n++)
		(void)wire_get_blob(&w);
	buf_free(&out.packets);
	log_warn("%zu log lines were lost: there is no %s", n, DEV_LOG);
}

static int
send_packets(size_t *bytes)
{
	struct wire w = wire_open(buf_str(&out.packets), out.packets.len);
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	unsigned int n = 0;

	for (; n < BATCH && wire_more(&w); n++) {
		struct slice one = wire_get_blob(&w);

		parts[n].iov_base = out.packets.text +
		    (one.at - out.packets.text);
		parts[n].iov_len = one.len;
		messages[n].msg_hdr.msg_iov = &parts[n];
		messages[n].msg_hdr.msg_iovlen = 1;
	}

	int sent = sendmmsg(out.syslog, messages, n, MSG_NOSIGNAL);
	*bytes = 0;
	for (int i = 0; i < sent; i++)
		*bytes += sizeof(uint32_t) + parts[i].iov_len;
	return sent;
}

static bool
flush_syslog(void)
{
	size_t bytes;

	while (out.syslog > 0 && out.packets.len > 0) {
		if (send_packets(&bytes) > 0) {
			buf_drop(&out.packets, bytes);
			continue;
		}
		if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
			return false;
		if (errno != EINTR)
			syslog_is_gone();
	}
	/* Where lines go to a file, syslog is told of trouble with it, if it is
	 * there: nothing waits for that. */
	if (out.syslog <= 0 && !out.to_syslog)
		buf_free(&out.packets);
	if (out.packets.len > 0 && program_draining())
		give_up();
	if (out.packets.len > 0)
		return false;
	buf_free(&out.packets);
	return true;
}

/* ---- the file ---- */

/* Says something of our own, as the program scribe. */
static void
say(const char *text, bool syslog_too)
{
	const struct line_source me = { "localhost", "posthouse/scribe" };
	const struct log_record r = {
		.time = clock_wall_us(),
		.level = LOG_LEVEL_WARN,
		.pid = (uint32_t)getpid(),
		.text = text,
	};

	if (syslog_too)
		to_syslog(&me, &r);
	else
		log_warn("%s", text);
}

static void
say_trouble(int error)
{
	CLEAN_BUF struct buf text = { 0 };

	if (error == out.trouble)
		return;
	out.trouble = error;
	buf_addf(&text, "%s cannot be written: %s: lines wait",
	    params.maillog_file, strerror(error));
	say(buf_str(&text), true);
}

static bool
flush_file(void)
{
	size_t sent = 0;

	while (sent < out.lines.len) {
		ssize_t n = write(out.file, out.lines.text + sent,
		    out.lines.len - sent);

		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		say_trouble(n < 0 ? errno : ENOSPC);
		buf_drop(&out.lines, sent);
		return false;
	}
	buf_free(&out.lines);
	out.trouble = 0;
	return true;
}

/* ---- lines ---- */

static void
say_lost(void)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_addf(&text, "%" PRIu64 " log lines were lost: no room", out.lost);
	out.lost = 0;
	say(buf_str(&text), false);
}

void
out_record(const struct line_source *from, const struct log_record *r)
{
	if (out.to_syslog)
		to_syslog(from, r);
	if (!out.to_file)
		return;
	if (out.lines.len > OUT_MAX) {
		out.lost++;
		return;
	}
	if (out.json)
		line_json(&out.lines, from, r);
	else
		line_text(&out.lines, from, r);
}

static void
on_again(struct loop_timer *t __attribute__((unused)))
{
	/* The end of this round flushes. */
}

bool
out_flush(void)
{
	bool all = flush_syslog();

	if (out.file > 0)
		all = flush_file() && all;
	else if (out.lines.len > 0)
		all = false; /* master sends the file at once */
	if (all && out.lost > 0)
		say_lost();
	if (!all && out.again.at == 0)
		loop_timer(&out.again, RETRY_TIME, on_again);
	return all;
}
