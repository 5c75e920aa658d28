/*
 * posthouse start: becomes master, or leaves one behind.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "posthouse.h"
#include "str.h"

#define START_PIPE 3 /* where master says that it works */

static const char program[] = PH_LIBEXEC_DIR "/master";

static int
run_master(bool daemon)
{
	execl(program, "master", "-c", posthouse_conf_dir(),
	    daemon ? "-d" : NULL, (char *)NULL);
	fprintf(stderr, "posthouse: %s: %s: is it installed?\n", program,
	    strerror(errno));
	return EX_UNAVAILABLE;
}

/* Our exit code after a master that ended before it said that it works; it has
 * said itself why. */
static int
code_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EX_OSERR;
	if (WIFSIGNALED(status)) {
		fprintf(stderr, "posthouse: master was killed by signal %d\n",
		    WTERMSIG(status));
		return EX_SOFTWARE;
	}
	/* One that was told to stop while it started did not start. */
	return WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EX_TEMPFAIL;
}

/* In a session of its own, so that it has no terminal. */
static int
run_daemon(int said)
{
	if (setsid() < 0 ||
	    (said != START_PIPE && dup2(said, START_PIPE) < 0) ||
	    fcntl(START_PIPE, F_SETFD, 0) < 0) {
		fprintf(stderr, "posthouse: cannot leave the terminal: %s\n",
		    strerror(errno));
		return EX_OSERR;
	}
	return run_master(true);
}

static int
start_daemon(void)
{
	char byte;
	ssize_t n;
	int said[2];

	if (pipe2(said, O_CLOEXEC) < 0) {
		fprintf(stderr, "posthouse: no pipe: %s\n", strerror(errno));
		return EX_OSERR;
	}

	pid_t pid = fork();
	if (pid < 0) {
		fprintf(stderr, "posthouse: no process: %s\n", strerror(errno));
		return EX_OSERR;
	}
	if (pid == 0)
		_exit(run_daemon(said[1]));
	close_fd(&said[1]);
	do
		n = read(said[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? EX_OK : code_of(pid);
}

int
posthouse_start(int argc, char **argv)
{
	if (argc == 2 && str_eq(argv[1], "--foreground"))
		return run_master(false);
	if (argc != 1)
		return posthouse_usage("start");
	return start_daemon();
}
