/*
 * sendmail: takes a message from a local program.
 *
 * It needs no right: the submission socket is open to everybody, and where
 * nobody listens there the folder maildrop is.  The options are those that mail
 * programs have used for forty years; what has no meaning here is taken and
 * ignored.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "maildrop.h"
#include "msg.h"
#include "param.h"
#include "sendmail_mail.h"
#include "sendmail_submit.h"

struct options {
	const char *conf;
	const char *sender;   /* -f, NULL where it was not given */
	const char *fullname; /* -F */
	const char *flush;    /* -q: "" or what to flush; NULL: not asked for */
	char mode;            /* of -b */
	bool extract;         /* -t */
	bool ignore_dots;     /* -i */
};

/* ---- what goes wrong ---- */

static int fail(int code, const char *fmt, ...) PRINTFLIKE(2, 3);

static int
fail(int code, const char *fmt, ...)
{
	CLEAN_BUF struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	fprintf(stderr, "sendmail: %s\n", buf_str(&text));
	return code;
}

/* ---- options ---- */

static const char usage[] =
    "usage: sendmail [-c DIR] [-t] [-i] [-f SENDER] [-F NAME] [ADDRESS ...]\n"
    "       sendmail -bs | -bv ADDRESS ... | -bp | -bi | -q\n";

enum {
	OPTION_HELP = 256,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

/* Letters with a meaning are set below; all others are of sendmails past. */
static const char letters[] =
    "A:B:C:E::F:GIL:N:O:R:TUV:X:b:c:d::e:f:h:imno:p:q::r:stvx";

/* True where the program goes on. */
static bool
take_option(struct options *o, int letter)
{
	if (letter == 'b')
		o->mode = optarg[0];
	else if (letter == 'I')
		o->mode = 'i';
	else if (letter == 'c')
		o->conf = optarg;
	else if (letter == 'f' || letter == 'r')
		o->sender = optarg;
	else if (letter == 'F')
		o->fullname = optarg;
	else if (letter == 'i' || (letter == 'o' && str_eq(optarg, "i")))
		o->ignore_dots = true;
	else if (letter == 't')
		o->extract = true;
	else if (letter == 'q')
		o->flush = optarg != NULL ? optarg : "";
	return letter != '?' && letter != OPTION_HELP &&
	    letter != OPTION_VERSION;
}

/* Gives -1, or the code to exit with. */
static int
read_options(struct options *o, int argc, char **argv)
{
	int letter;

	while ((letter = getopt_long(argc, argv, letters, long_options,
		    NULL)) != -1) {
		if (take_option(o, letter))
			continue;
		if (letter == OPTION_VERSION)
			puts("sendmail (Posthouse) " PACKAGE_VERSION);
		else
			fputs(usage, letter == '?' ? stderr : stdout);
		return letter == '?' ? EX_USAGE : EX_OK;
	}
	return -1;
}

/* ---- other commands ---- */

static int
run(const struct options *o, const char *const *words)
{
	static const char *const folders[] = { PH_BIN_DIR, PH_SBIN_DIR };
	CLEAN_BUF struct buf path = { 0 };
	char *args[8] = { 0 };
	size_t n = 0;

	args[n++] = xstrdup(words[0]);
	if (o->conf != NULL) {
		args[n++] = xstrdup("-c");
		args[n++] = xstrdup(o->conf);
	}
	for (size_t i = 1; words[i] != NULL; i++)
		args[n++] = xstrdup(words[i]);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s", folders[i], words[0]);
		(void)execv(buf_str(&path), args); /* or the next folder */
	}
	return fail(EX_OSFILE, "%s cannot be run: %s: is Posthouse installed?",
	    words[0], strerror(errno));
}

/* "-q30m" asked a daemon to look at the queue every 30 minutes; ours does. */
static int
flush(const struct options *o)
{
	const char *what = o->flush;

	if (char_is_digit(what[0]))
		return EX_OK;
	if (what[0] != '\0' && strchr("RIS", what[0]) != NULL)
		what++;
	return run(o,
	    (const char *const[]){ "mqueue", "-f",
		what[0] != '\0' ? what : NULL, NULL });
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

static int
find_sender(const struct options *o, struct sendmail_mail *m)
{
	const struct passwd *pw = getpwuid(getuid());

	m->fullname = o->fullname != NULL ? o->fullname : getenv("NAME");
	if (m->fullname == NULL && o->sender == NULL && pw != NULL)
		m->fullname = gecos_name(&m->arena, pw);
	if (o->sender == NULL && pw == NULL)
		return fail(EX_NOUSER,
		    "uid %u has no account: name the sender with -f",
		    (unsigned int)getuid());
	if (!sendmail_set_sender(m,
		o->sender != NULL ? o->sender : pw->pw_name))
		return fail(EX_USAGE, "%s: malformed address of a sender",
		    buf_str(&m->bad));
	return EX_OK;
}

/* ---- the message ---- */

static int
leave_file(const struct sendmail_mail *m, const struct buf *content,
    const char *why)
{
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_MAILDROP struct maildrop_draft draft = { .fd = -1 };
	struct maildrop head = {
		.flags = m->lines.high ? (uint32_t)MAIL_BODY_8BIT : 0,
		.sender = m->sender,
		.rcpts = m->rcpts,
		.n_rcpts = m->n_rcpts,
	};

	buf_addf(&path, "%s/maildrop", params.queue_directory);
	CLEAN_FD int dir = open(buf_str(&path),
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || maildrop_start(&draft, dir, &head) < 0 ||
	    maildrop_add(&draft, buf_str(content), content->len) < 0 ||
	    maildrop_commit(&draft) < 0)
		return fail(EX_TEMPFAIL,
		    "the message was not taken: %s; and %s: %s", why,
		    buf_str(&path), strerror(errno));
	return EX_OK;
}

static int
send_mail(const struct sendmail_mail *m, const struct buf *content)
{
	struct submit s = { 0 };
	int code = EX_OK;
	int sock = submit_connect();

	if (sock < 0)
		return leave_file(m, content, strerror(errno));
	submit_mail(&s, sock, m, content);
	if (s.result == SUBMIT_LATER)
		code = leave_file(m, content, buf_str(&s.text));
	else if (s.refused > 0)
		code = fail(EX_NOUSER, "%s", buf_str(&s.text));
	else if (s.result == SUBMIT_REFUSED)
		code = fail(EX_UNAVAILABLE, "the message was refused: %s",
		    buf_str(&s.text));
	submit_free(&s);
	return code;
}

static int
verify(const struct sendmail_mail *m)
{
	struct submit s = { 0 };
	int sock = submit_connect();

	if (sock < 0)
		return fail(EX_TEMPFAIL, "%s/submit: %s: is Posthouse running?",
		    params.run_directory, strerror(errno));
	submit_verify(&s, sock, m);
	printf("%s\n", buf_str(&s.text));
	int code = s.result == SUBMIT_TAKEN ? EX_OK
	    : s.result == SUBMIT_REFUSED    ? EX_NOUSER
					    : EX_TEMPFAIL;
	submit_free(&s);
	return code;
}

static int
read_and_send(const struct options *o, struct sendmail_mail *m)
{
	CLEAN_BUF struct buf content = { 0 };
	const char *why;

	m->dot_ends = !o->ignore_dots;
	if (sendmail_read(m, STDIN_FILENO,
		(uint64_t)params.message_size_limit) < 0)
		return errno == EFBIG
		    ? fail(EX_DATAERR,
			  "the message is larger than "
			  "message_size_limit")
		    : fail(EX_IOERR, "standard input: %s", strerror(errno));
	if (!sendmail_compose(m, o->extract, &content, &why))
		return fail(EX_DATAERR, "%s%s%s", why,
		    m->bad.len > 0 ? ": " : "", buf_str(&m->bad));
	if (m->n_rcpts == 0)
		return fail(EX_USAGE, "no recipient in the header");
	return send_mail(m, &content);
}

static int
deliver(const struct options *o, struct sendmail_mail *m, char **addresses)
{
	int code = find_sender(o, m);

	if (code != EX_OK)
		return code;
	for (; *addresses != NULL; addresses++)
		if (!sendmail_add_rcpts(m, slice_of(*addresses)))
			return fail(EX_USAGE, "%s: malformed address",
			    buf_str(&m->bad));
	if (m->n_rcpts == 0 && (!o->extract || o->mode == 'v'))
		return fail(EX_USAGE,
		    "no recipient: name some, or use -t to take them from the "
		    "header");
	return o->mode == 'v' ? verify(m) : read_and_send(o, m);
}

/* SMTP on standard input and output. */
static int
serve(void)
{
	int sock = submit_connect();

	if (sock < 0) {
		printf("421 4.3.2 The mail system is not running\r\n");
		return EX_TEMPFAIL;
	}
	return submit_relay(sock) < 0 ? EX_IOERR : EX_OK;
}

int
main(int argc, char **argv)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct options o = { .mode = 'm' };
	struct sendmail_mail m = { .sender = "" };
	int code = read_options(&o, argc, argv);

	if (code >= 0)
		return code;
	if (o.mode == 'p')
		return run(&o, (const char *const[]){ "mailq", NULL });
	if (o.mode == 'i')
		return run(&o, (const char *const[]){ "newaliases", NULL });
	if (o.flush != NULL)
		return flush(&o);
	if (strchr("msv", o.mode) == NULL)
		return fail(EX_USAGE,
		    "-b%c is not supported: posthouse start starts the system",
		    o.mode);
	if (!param_load(param_conf_dir(o.conf), NULL, &errors))
		return fail(EX_CONFIG, "%s", buf_str(&errors));
	(void)signal(SIGPIPE, SIG_IGN); /* writes say it */
	if (o.mode == 's')
		return serve();
	code = deliver(&o, &m, argv + optind);
	sendmail_free(&m);
	return code;
}
