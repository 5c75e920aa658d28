/*
 * sendmail: takes a message from a local program.
 *
 * It needs no right: the submission socket is open to everybody, and where
 * nobody listens there the folder maildrop is.  The options are those that
 * mail programs have used for forty years; what has no meaning here is taken
 * and ignored.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "maildrop.h"
#include "msg.h"
#include "param.h"
#include "sendmail_mail.h"
#include "sendmail_submit.h"
#include "tool.h"

/* Letters with a meaning are set below; all others are of sendmails past. */
static const struct tool tool = {
	.name = "sendmail",
	.letters = "A:B:C:E::F:GIL:N:O:R:TUV:X:b:d::e:f:h:imno:p:q::r:stvx",
	.help = "usage: sendmail [-c DIR] [-ti] [-f SENDER] [-F NAME] "
		"[ADDRESS]...\n"
		"       sendmail [-c DIR] -bs | -bv ADDRESS... | -bp | -bi | "
		"-q[ID|DOMAIN]\n\n"
		"Reads a message from standard input and sends it.\n",
};

static struct options {
	const char *sender;   /* -f, NULL where it was not given */
	const char *fullname; /* -F */
	const char *flush;    /* -q: "" or what to flush; NULL: not asked for */
	char mode;            /* of -b */
	bool extract;         /* -t */
	bool ignore_dots;     /* -i */
} options = { .mode = 'm' };

static void
read_options(int argc, char **argv)
{
	int letter;

	while ((letter = tool_next(argc, argv)) != -1) {
		if (letter == 'b')
			options.mode = optarg[0];
		else if (letter == 'I')
			options.mode = 'i';
		else if (letter == 'f' || letter == 'r')
			options.sender = optarg;
		else if (letter == 'F')
			options.fullname = optarg;
		else if (letter == 'i' ||
		    (letter == 'o' && str_eq(optarg, "i")))
			options.ignore_dots = true;
		else if (letter == 't')
			options.extract = true;
		else if (letter == 'q')
			options.flush = optarg != NULL ? optarg : "";
	}
}

/* ---- other commands ---- */

/* Runs a command of ours with the words behind it, of which the first may be
 * NULL. */
NORETURN static void
run(const char *folder, const char *command, const char *option,
    char *const *words)
{
	CLEAN_BUF struct buf path = { 0 };
	size_t n = 0, more = 0;

	while (words[more] != NULL)
		more++;
	char **args = xcalloc(more + 5, sizeof(*args));
	args[n++] = xstrdup(command);
	args[n++] = xstrdup("-c");
	args[n++] = xstrdup(tool_conf_dir());
	if (option != NULL)
		args[n++] = xstrdup(option);
	memcpy(args + n, words, (more + 1) * sizeof(*args));
	buf_addf(&path, "%s/%s", folder, command);
	(void)execv(buf_str(&path), args); /* it comes back only to fail */
	tool_fail(EX_OSFILE, "%s: %s: is Posthouse installed?", buf_str(&path),
	    strerror(errno));
}

/* "-q30m" asked a daemon to look at the queue every 30 minutes; ours does. */
NORETURN static void
flush(const char *what)
{
	if (char_is_digit(what[0]))
		tool_end(EX_OK);
	if (what[0] != '\0' && strchr("RIS", what[0]) != NULL)
		what++;
	run(PH_BIN_DIR, "mqueue", "-f",
	    (char *const[]){ what[0] != '\0' ? xstrdup(what) : NULL, NULL });
}

/* ---- the sender ---- */

/* The first part of the gecos field; "&" stands for the login name. */
static const char *
gecos_name(struct arena *a, const struct passwd *pw)
{
	CLEAN_BUF struct buf name = { 0 };

	for (const char *p = pw->pw_gecos; *p != '\0' && *p != ','; p++)
		if (*p == '&')
			buf_adds(&name, pw->pw_name);
		else
			buf_addc(&name, *p);
	return arena_strdup(a, buf_str(&name));
}

static void
find_sender(struct sendmail_mail *m)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *sender = options.sender;

	m->fullname = options.fullname != NULL ? options.fullname
					       : getenv("NAME");
	if (m->fullname == NULL && sender == NULL && pw != NULL)
		m->fullname = gecos_name(&m->arena, pw);
	if (sender == NULL && pw == NULL)
		tool_fail(EX_NOUSER,
		    "uid %u has no account: name the sender with -f",
		    (unsigned int)getuid());
	if (!sendmail_set_sender(m, sender != NULL ? sender : pw->pw_name))
		tool_fail(EX_USAGE, "%s: malformed address of a sender",
		    buf_str(&m->bad));
}

/* ---- the message ---- */

static bool
write_file(int dir, const struct sendmail_mail *m, const struct buf *content)
{
	CLEAN_MAILDROP struct maildrop_draft draft = { .fd = -1 };
	struct maildrop head = {
		.flags = m->lines.high ? (uint32_t)MAIL_BODY_8BIT : 0,
		.sender = m->sender,
		.rcpts = m->rcpts,
		.n_rcpts = m->n_rcpts,
	};

	return maildrop_start(&draft, dir, &head) == 0 &&
	    maildrop_add(&draft, buf_str(content), content->len) == 0 &&
	    maildrop_commit(&draft) == 0;
}

/* For pickup, because the server could not be asked, or said "later". */
static void
leave_file(const struct sendmail_mail *m, const struct buf *content,
    const char *why)
{
	CLEAN_BUF struct buf path = { 0 };

	buf_addf(&path, "%s/maildrop", params.queue_directory);
	CLEAN_FD int dir = open(buf_str(&path),
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || !write_file(dir, m, content))
		tool_fail(EX_TEMPFAIL,
		    "the message was not taken: %s; and %s: %s: see posthouse "
		    "status",
		    why, buf_str(&path), strerror(errno));
}

static void
send_mail(const struct sendmail_mail *m, const struct buf *content)
{
	struct submit s = { 0 };
	int sock = submit_connect();

	if (sock < 0) {
		leave_file(m, content, strerror(errno));
		return;
	}
	submit_mail(&s, sock, m, content);
	if (s.result == SUBMIT_LATER)
		leave_file(m, content, buf_str(&s.text));
	else if (s.refused > 0) {
		tool_say_lines(&s.text);
		tool_end(EX_NOUSER);
	} else if (s.result == SUBMIT_REFUSED)
		tool_fail(EX_UNAVAILABLE, "the message was refused: %s",
		    buf_str(&s.text));
	submit_free(&s);
}

static void
read_and_send(struct sendmail_mail *m)
{
	CLEAN_BUF struct buf content = { 0 };
	const char *why;

	m->dot_ends = !options.ignore_dots;
	if (sendmail_read(m, STDIN_FILENO,
		(uint64_t)params.message_size_limit) < 0) {
		if (errno == EFBIG)
			tool_fail(EX_DATAERR,
			    "the message is larger than "
			    "message_size_limit");
		tool_fail(EX_IOERR, "standard input: %s", strerror(errno));
	}
	if (!sendmail_compose(m, options.extract, &content, &why))
		tool_fail(EX_DATAERR, "%s%s%s", why, m->bad.len > 0 ? ": " : "",
		    buf_str(&m->bad));
	if (m->n_rcpts == 0)
		tool_fail(EX_USAGE, "no recipient in the header");
	send_mail(m, &content);
}

/* SMTP on standard input and output. */
NORETURN static void
serve(void)
{
	int sock = submit_connect();

	if (sock < 0) {
		printf("421 4.3.2 The mail system is not running\r\n");
		tool_end(EX_TEMPFAIL);
	}
	tool_end(submit_relay(sock) < 0 ? EX_IOERR : EX_OK);
}

/* What is done without a message. */
static void
obey_mode(char *const *addresses)
{
	static char *const none[] = { NULL };

	if (options.mode == 'p')
		run(PH_BIN_DIR, "mailq", NULL, none);
	if (options.mode == 'i')
		run(PH_BIN_DIR, "newaliases", NULL, none);
	if (options.mode == 'v')
		run(PH_SBIN_DIR, "posthouse", "route", addresses);
	if (options.flush != NULL)
		flush(options.flush);
	if (options.mode != 'm' && options.mode != 's')
		tool_fail(EX_USAGE,
		    "-b%c is not supported: posthouse start starts the system",
		    options.mode);
	tool_load();
	if (options.mode == 's')
		serve();
}

int
main(int argc, char **argv)
{
	struct sendmail_mail m = { .sender = "" };

	tool_start(&tool);
	read_options(argc, argv);
	(void)signal(SIGPIPE, SIG_IGN); /* writes say it */
	obey_mode(argv + optind);

	find_sender(&m);
	for (char **p = argv + optind; *p != NULL; p++)
		if (!sendmail_add_rcpts(&m, slice_of(*p)))
			tool_fail(EX_USAGE, "%s: malformed address",
			    buf_str(&m.bad));
	if (m.n_rcpts == 0 && !options.extract)
		tool_fail(EX_USAGE,
		    "no recipient: name some, or use -t to "
		    "take them from the header");
	read_and_send(&m);
	sendmail_free(&m);
	tool_end(EX_OK);
}
