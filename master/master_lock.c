/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "chan.h"
#include "clock.h"
#include "fd.h"
#include "log.h"
#include "msg.h"
#include "spool.h"
#include "str.h"

/* Orphans end within PROGRAM's own time of 15 seconds. */
#define WAIT_TIME (20 * SECOND)
#define TRY_EVERY 100 /* milliseconds */

#define ANSWER_TIME (5 * SECOND)
#define QUEUE_TIME  (5 * SECOND)

/* True where a master answers, were it only that it does not understand; one
 * that is being killed still has its socket for a moment. */
static bool
master_answers(const char *run_directory)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_FD int stray = -1;
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	buf_addf(&path, "%s/control", run_directory);
	if (fd < 0 ||
	    !str_copy(sun.sun_path, sizeof(sun.sun_path), buf_str(&path)) ||
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0)
		return false;
	msg_put_adm_ask(&packet, &(struct msg_adm_ask){ .verb = "hello" });
	return chan_send_now(fd, &packet, -1) == 0 &&
	    (chan_get_now(fd, &packet, &stray, ANSWER_TIME) == 0 ||
		errno == ETIMEDOUT);
}

/* The number that the running master has written, for the message. */
static long
running_pid(int fd)
{
	char text[32] = "";
	long pid = 0;

	if (pread(fd, text, sizeof(text) - 1, 0) > 0 &&
	    sscanf(text, "%ld", &pid) == 1)
		return pid;
	return 0;
}

static int
write_pid(int fd)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_addf(&text, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0)
		return -1;
	return fd_pwrite_all(fd, text.text, text.len, 0);
}

/* Waits until the lock is ours; false where a master has it. */
static bool
wait_for_lock(int fd, const char *run_directory)
{
	const struct timespec pause = { .tv_nsec = TRY_EVERY * 1000000L };
	int64_t until = clock_mono() + WAIT_TIME;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			log_fatal("%s/pid: lock: %m", run_directory);
		if (master_answers(run_directory)) {
			fprintf(stderr,
			    "posthouse: it is already running (pid %ld)\n",
			    running_pid(fd));
			return false;
		}
		if (clock_mono() > until) {
			fprintf(stderr,
			    "posthouse: programs of a master that is gone "
			    "still run: see fuser %s/pid\n",
			    run_directory);
			return false;
		}
		(void)nanosleep(&pause, NULL); /* shorter is well too */
	}
	return true;
}

int
lock_take(const char *run_directory)
{
	CLEAN_BUF struct buf path = { 0 };

	buf_addf(&path, "%s/pid", run_directory);
	if (fd_make_dir(run_directory, 0755, 0, 0) < 0)
		log_fatal("%s: %m", run_directory);

	CLEAN_FD int fd = open(buf_str(&path),
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd < 0)
		log_fatal("%s: %m", buf_str(&path));
	if (!wait_for_lock(fd, run_directory))
		return -1;
	if (write_pid(fd) < 0)
		log_fatal("%s: %m", buf_str(&path));
	return TAKE_FD(fd);
}

bool
lock_queue_is_free(const char *queue_directory)
{
	const struct timespec pause = { .tv_nsec = TRY_EVERY * 1000000L };
	CLEAN_BUF struct buf path = { 0 };
	int64_t until = clock_mono() + QUEUE_TIME;

	buf_addf(&path, "%s/%s", queue_directory, spool_dir_name(SPOOL_CUR));
	CLEAN_FD int fd = open(buf_str(&path),
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* What is wrong with the folder qmgr says. */
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 &&
	    errno == EWOULDBLOCK) {
		if (clock_mono() > until) {
			fprintf(stderr,
			    "posthouse: queue_directory: %s: another instance "
			    "works on it: stop that one, or give this one a "
			    "queue of its own\n",
			    queue_directory);
			return false;
		}
		(void)nanosleep(&pause, NULL); /* shorter is well too */
	}
	return true;
}

void
lock_drop(int lock)
{
	/* An empty file says "not running" to whoever reads it; removing it
	 * would leave two locks to be had. */
	if (lock >= 0 && ftruncate(lock, 0) < 0)
		log_warn("the pid file keeps our number: %m");
}
