/*
 * posthouse stop, reload, status: a word to the master that runs.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "arena.h"
#include "chan.h"
#include "clock.h"
#include "msg.h"
#include "param_rows.h"
#include "posthouse.h"
#include "rights.h"
#include "str.h"

/* Longer than any start, stop or reload may take. */
#define ANSWER_TIME (2 * MINUTE)

static int
complain(const char *what, const char *mend, int code)
{
	fprintf(stderr, "posthouse: %s: %s\n", what, mend);
	return code;
}

/* Where master listens.  A main.conf that is broken by now does not keep us
 * from the instance that runs: what can be read of it is enough.  One of which
 * nothing can be read names no instance: it is not the default one. */
static bool
find_control(struct buf *path)
{
	CLEAN_ARENA struct arena scratch = { 0 };
	CLEAN_BUF struct buf errors = { 0 };
	struct param_view v = { 0 };

	bool clean = param_view_open(&v, &scratch, posthouse_conf_dir(), NULL,
	    &errors);
	bool ok = (clean || v.main.n > 0) &&
	    param_view_value(&v, param_find("run_directory"), path);
	param_view_close(&v);
	buf_adds(path, "/control");
	if (!ok && !clean)
		posthouse_say(buf_str(&errors));
	return ok;
}

/* A connection to the instance's master; -1 and said why. */
static int
connect_master(int *code)
{
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	*code = EX_CONFIG;
	if (!find_control(&path))
		return -1;
	if (fd < 0 ||
	    !str_copy(sun.sun_path, sizeof(sun.sun_path), buf_str(&path)))
		return complain(buf_str(&path), "no socket", -1);
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return TAKE_FD(fd);
	if (errno == EACCES || errno == EPERM) {
		*code = EX_NOPERM;
		return complain("permission denied", "only root may ask", -1);
	}
	*code = EX_UNAVAILABLE;
	return complain("it is not running", "posthouse start starts it", -1);
}

/* Who asks for the status wants lines; all others hear what is wrong. */
static void
show_line(const char *verb, const char *text)
{
	if (str_starts(verb, "status"))
		puts(text);
	else
		posthouse_say(text);
}

/* One line of an answer, or its end; true while there is more. */
static bool
hear(const char *verb, const struct buf *packet, int *code)
{
	struct wire w = wire_open(buf_str(packet), packet->len);
	uint32_t type = wire_get_u32(&w);
	struct msg_adm_line line;
	struct msg_adm_done done;

	if (type == MSG_adm_line && msg_get_adm_line(&line, w.at, w.left)) {
		show_line(verb, line.text);
		return true;
	}
	if (type != MSG_adm_done || !msg_get_adm_done(&done, w.at, w.left)) {
		*code = complain("master's answer is not understood",
		    "is another version running?", EX_PROTOCOL);
		return false;
	}
	*code = (int)done.exit;
	if (done.exit != EX_OK)
		fprintf(stderr, "posthouse: %s\n", done.text);
	return false;
}

static int
ask(const char *verb)
{
	CLEAN_BUF struct buf packet = { 0 };
	int code = EX_UNAVAILABLE;
	CLEAN_FD int fd = connect_master(&code);
	CLEAN_FD int stray = -1;

	if (fd < 0)
		return code;
	msg_put_adm_ask(&packet, &(struct msg_adm_ask){ .verb = verb });
	if (chan_send_now(fd, &packet, -1) < 0)
		return complain(strerror(errno), "master does not listen",
		    EX_IOERR);
	do {
		if (chan_get_now(fd, &packet, &stray, ANSWER_TIME) < 0)
			return complain("master does not answer",
			    strerror(errno), EX_TEMPFAIL);
		close_fd(&stray);
	} while (hear(verb, &packet, &code));

	/* It has stopped when it has let us go. */
	while (str_eq(verb, "stop") &&
	    chan_get_now(fd, &packet, &stray, ANSWER_TIME) == 0)
		close_fd(&stray);
	return code;
}

int
posthouse_stop(int argc, char **argv __attribute__((unused)))
{
	return argc == 1 ? ask("stop") : posthouse_usage("stop");
}

int
posthouse_reload(int argc, char **argv __attribute__((unused)))
{
	return argc == 1 ? ask("reload") : posthouse_usage("reload");
}

int
posthouse_status(int argc, char **argv)
{
	CLEAN_BUF struct buf text = { 0 };

	if (argc == 1)
		return ask("status");
	if (argc == 2 && str_eq(argv[1], "--json"))
		return ask("status-json");
	if (argc != 2 || !str_eq(argv[1], "--rights"))
		return posthouse_usage("status");
	rights_show(&text);
	fputs(buf_str(&text), stdout);
	return EX_OK;
}
