/*
 * Commands: run as the user, in a clean environment, in a process group of
 * their own that ends with their time.
 *
 * The command line comes from the administrator or from the user, never from
 * mail.  Where it is words alone it is run as they stand; where it has anything
 * that a shell would look at, /bin/sh runs it (as Postfix does).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "deliver_text.h"
#include "fd.h"
#include "str.h"
#include "wire.h"

#define PATH       "PATH=/usr/local/bin:/usr/bin:/bin"
#define NO_COMMAND 127 /* as a shell says it */

/* sysexits(3), and what a sender is told. */
static const struct {
	int code;
	enum outcome outcome;
	const char *status;
	const char *text;
} exits[] = {
	{ EX_USAGE, OUTCOME_BOUNCE, "5.3.0", "command line usage error" },
	{ EX_DATAERR, OUTCOME_BOUNCE, "5.6.0", "data format error" },
	{ EX_NOINPUT, OUTCOME_BOUNCE, "5.3.0", "cannot open input" },
	{ EX_NOUSER, OUTCOME_BOUNCE, "5.1.1", "user unknown" },
	{ EX_NOHOST, OUTCOME_BOUNCE, "5.1.2", "host name unknown" },
	{ EX_UNAVAILABLE, OUTCOME_BOUNCE, "5.3.0", "service unavailable" },
	{ EX_SOFTWARE, OUTCOME_BOUNCE, "5.3.0", "internal software error" },
	{ EX_OSERR, OUTCOME_BOUNCE, "5.3.0", "system resource problem" },
	{ EX_OSFILE, OUTCOME_BOUNCE, "5.3.0", "critical OS file missing" },
	{ EX_CANTCREAT, OUTCOME_BOUNCE, "5.3.0",
	    "can't create user output file" },
	{ EX_IOERR, OUTCOME_BOUNCE, "5.3.0", "input/output error" },
	{ EX_TEMPFAIL, OUTCOME_DEFER, "4.3.0", "temporary failure" },
	{ EX_PROTOCOL, OUTCOME_BOUNCE, "5.3.0", "remote error in protocol" },
	{ EX_NOPERM, OUTCOME_BOUNCE, "5.7.0", "permission denied" },
	{ EX_CONFIG, OUTCOME_BOUNCE, "5.3.0", "local configuration error" },
};

/* Characters that mean themselves to every shell, and part words. */
static const char plain[] = "1234567890!@%-_=+:,./"
			    "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ \t\n";

void
deliver_split_command(struct arena *a, const char *line,
    const char *argv[DELIVER_ARGS_MAX + 1])
{
	size_t n = 0;
	const char *at = line + strspn(line, " \t\n");

	if (line[strspn(line, plain)] != '\0') {
		argv[0] = "/bin/sh";
		argv[1] = "-c";
		argv[2] = line;
		argv[3] = NULL;
		return;
	}
	while (*at != '\0' && n < DELIVER_ARGS_MAX) {
		size_t len = strcspn(at, " \t\n");

		argv[n++] = arena_memdup(a, at, len);
		at += len;
		at += strspn(at, " \t\n");
	}
	argv[n] = NULL;
}

static const char **
make_environment(struct arena *a, const struct msg_deliver *m,
    const struct deliver_user *user)
{
	struct wire w = wire_open(m->env.at, m->env.len);
	size_t n = 0;
	const char **env = arena_new(a,
	    (DELIVER_ENV_MAX + 6) * sizeof(const char *));

	env[n++] = PATH;
	env[n++] = arena_printf(a, "HOME=%s", user->home);
	env[n++] = arena_printf(a, "USER=%s", user->name);
	env[n++] = arena_printf(a, "LOGNAME=%s", user->name);
	env[n++] = arena_printf(a, "SHELL=%s", user->shell);
	for (size_t i = 0; i < DELIVER_ENV_MAX && wire_more(&w); i++)
		env[n++] = wire_get_str(&w);
	return env;
}

/* Returns where it fails.  The strings are not changed by a program's start. */
static void
become(const char *const *argv, const char *const *env)
{
	(void)execvpe(argv[0], (char *const *)(uintptr_t)argv,
	    (char *const *)(uintptr_t)env);
}

/* A word that is no program may be one of the shell's own, such as exit. */
static void
start_command(const char *line, const char **env)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *argv[DELIVER_ARGS_MAX + 1];

	deliver_split_command(&a, line, argv);
	if (argv[0] == NULL)
		return;
	become(argv, env);
	if ((errno == ENOENT || errno == EACCES) &&
	    strchr(argv[0], '/') == NULL)
		become((const char *const[]){ "/bin/sh", "-c", line, NULL },
		    env);
}

/* In the grandchild: never returns.  What goes wrong here is said on its
 * output, which becomes the reason. */
static void NORETURN
run(const char *line, const char **env, int in, int out)
{
	(void)setsid(); /* a new child leads no group yet: cannot fail */
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    signal(SIGPIPE, SIG_DFL) == SIG_ERR)
		_exit(EX_TEMPFAIL);
	fd_close_from(STDERR_FILENO + 1);
	(void)umask(077);
	start_command(line, env);
	fprintf(stderr, "cannot run: %s", strerror(errno));
	(void)fflush(stderr); /* if not, the reason is missing */
	_exit(NO_COMMAND);
}

/* The message on its way into a command, and the command's words out of it. */
struct talk {
	int in;  /* what the command reads; -1 when it is closed */
	int out; /* what it says; -1 after its end */
	int64_t until;
	struct buf said;
};

static void
hear(struct talk *t)
{
	char bytes[4096];
	ssize_t n = read(t->out, bytes, sizeof(bytes));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_fd(&t->out);
		return;
	}
	size_t room = DELIVER_OUTPUT_MAX - MIN(t->said.len, DELIVER_OUTPUT_MAX);
	buf_add(&t->said, bytes, MIN((size_t)n, room));
}

/* Waits until the command reads, says something, or its time is up: false. */
static bool
wait_for(struct talk *t)
{
	struct pollfd p[2] = {
		{ .fd = t->in, .events = POLLOUT },
		{ .fd = t->out, .events = POLLIN },
	};
	int64_t left = t->until - clock_mono();

	if (left <= 0)
		return false;
	if (poll(p, 2, (int)MIN(left, HOUR)) < 0)
		return errno == EINTR;
	if (p[1].revents != 0)
		hear(t);
	return true;
}

/* A command that stops reading is not wrong: what it exits with counts. */
static bool
feed(void *owner, const struct buf *piece)
{
	struct talk *t = owner;
	size_t at = 0;

	while (at < piece->len && t->in >= 0) {
		ssize_t n = write(t->in, piece->text + at, piece->len - at);

		if (n >= 0)
			at += (size_t)n;
		else if (errno == EPIPE)
			close_fd(&t->in);
		else if (errno != EAGAIN && errno != EINTR)
			return false;
		else if (!wait_for(t)) {
			errno = ETIMEDOUT;
			return false;
		}
	}
	return true;
}

/* Waits for the end of the process.  One that has closed its output may go on
 * without it. */
static bool
await(pid_t pid, struct talk *t, int *status)
{
	struct timespec nap = { .tv_nsec = 10000000 };

	while (t->out >= 0) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true; /* what it left may hold its output */
		if (!wait_for(t))
			return false;
	}
	while (waitpid(pid, status, WNOHANG) == 0) {
		if (clock_mono() >= t->until)
			return false;
		(void)nanosleep(&nap, NULL); /* shorter is well too */
	}
	return true;
}

static void
say_exit(struct deliver_result *r, const char *line, int status,
    const char *said)
{
	const char *sep = said[0] != '\0' ? ". Command output: " : "";
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	const char *rest;
	char own[DSN_STATUS_MAX];

	if (WIFSIGNALED(status)) {
		deliver_say(r, OUTCOME_DEFER, "4.3.0",
		    "Command died with signal %d: \"%s\"%s%s", WTERMSIG(status),
		    line, sep, said);
		return;
	}
	/* A command may name the status itself, but not against its exit. */
	if (code != 0 && dsn_split(said, own, &rest) == MATCH_YES &&
	    own[0] != '2') {
		deliver_say(r, own[0] == '4' ? OUTCOME_DEFER : OUTCOME_BOUNCE,
		    own, "%s", rest);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(exits); i++)
		if (exits[i].code == code) {
			deliver_say(r, exits[i].outcome, exits[i].status,
			    "%s%s%s", exits[i].text, sep, said);
			return;
		}
	if (code == 0)
		deliver_say(r, OUTCOME_SENT, "2.0.0",
		    "delivered to command: %s", line);
	else
		deliver_say(r, OUTCOME_BOUNCE, "5.3.0",
		    "Command died with status %d: \"%s\"%s%s", code, line, sep,
		    said);
}

/* The two pipes of a command; both ends of ours do not block. */
static bool
make_pipes(int in[2], int out[2])
{
	return pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
	    fd_nonblock(in[1]) == 0 && fd_nonblock(out[0]) == 0;
}

static void
converse(const struct msg_deliver *m, int mail, pid_t pid, struct talk *t,
    struct deliver_result *r)
{
	int status = 0;
	bool fed = deliver_text_each(m, mail, false, true, feed, t);
	bool late = !fed && errno == ETIMEDOUT;

	if (!fed && !late)
		deliver_say_error(r, "cannot give the message to", m->target);
	close_fd(&t->in);
	if (!fed || !await(pid, t, &status)) {
		(void)kill(-pid, SIGKILL); /* its group may be gone already */
		(void)waitpid(pid, &status, 0);
		if (fed || late)
			deliver_say(r, OUTCOME_BOUNCE, "5.3.0",
			    "Command time limit exceeded: \"%s\"", m->target);
		return;
	}
	if (t->out >= 0)
		hear(t); /* its last words */
	struct slice said = slice_trim(
	    (struct slice){ buf_str(&t->said), t->said.len });
	CLEAN_BUF struct buf text = { 0 };
	str_printable(&text, said.at, said.len, DELIVER_OUTPUT_MAX);
	say_exit(r, m->target, status, buf_str(&text));
}

void
deliver_command(const struct msg_deliver *m, int mail,
    const struct deliver_user *user, struct deliver_result *r)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char **env = make_environment(&a, m, user);
	int in[2] = { -1, -1 };
	int out[2] = { -1, -1 };

	pid_t pid = make_pipes(in, out) ? fork() : -1;
	if (pid == 0)
		run(m->target, env, in[0], out[1]);

	struct talk t = { .in = in[1], .out = out[0] };
	t.until = MAX(m->deadline, clock_mono() + SECOND);
	close_fd(&in[0]);
	close_fd(&out[1]);
	if (pid < 0)
		deliver_say_error(r, "cannot start", m->target);
	else
		converse(m, mail, pid, &t, r);
	close_fd(&t.in);
	close_fd(&t.out);
	buf_free(&t.said);
}
