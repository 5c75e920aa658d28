/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "crash.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of linux/ptrace.h, which does not get along with sys/ptrace.h. */
#define SYSCALL_ENTRY 1

/* Of the kernel's fs/ext4/ext4.h; 2: what the journal has not, is lost. */
#define SHUTDOWN      _IOR('X', 125, uint32_t)
#define SHUTDOWN_HARD 2

/* The calls that change a file or tell somebody. */
static const long changing[] = { SYS_openat, SYS_write, SYS_pwrite64,
	SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_ftruncate, SYS_fsync,
	SYS_fdatasync, SYS_syncfs, SYS_mkdirat, SYS_sendmsg, SYS_sendmmsg,
	SYS_futex };

static char path[64];
static const char *device;

/* ---- the queue ---- */

static void
mount_device(void)
{
	ck_assert_msg(mount(device, path, "ext4", 0, NULL) == 0, "mount %s: %s",
	    device, strerror(errno));
}

int
crash_world(void)
{
	device = getenv("CRASH_DEVICE");
	(void)snprintf(path, sizeof(path), "/tmp/check_crash.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	if (device != NULL) {
		ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
		ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE,
				     NULL),
		    0);
		mount_device();
	}
	return crash_restart();
}

const char *
crash_path(void)
{
	return path;
}

bool
crash_has_disk(void)
{
	return device != NULL;
}

uint64_t
crash_stride(void)
{
	const char *step = getenv("CRASH_STEP");

	return step != NULL ? strtoull(step, NULL, 10) : 1;
}

int
crash_restart(void)
{
	static bool begun;

	if (device != NULL && begun) {
		ck_assert_msg(umount(path) == 0, "umount: %s", strerror(errno));
		mount_device();
	}
	begun = true;
	int queue = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(queue, 0);
	return queue;
}

static void
shut_down(void)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t how = SHUTDOWN_HARD;

	ck_assert_int_ge(fd, 0);
	ck_assert_msg(ioctl(fd, SHUTDOWN, &how) == 0, "shutdown: %s",
	    strerror(errno));
}

static void
empty_folder(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (dir == NULL)
		return;
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (unlinkat(fd, e->d_name, 0) < 0 && errno == EISDIR)
			empty_folder(fd, e->d_name);
	}
	(void)closedir(dir);
}

/* Folders stay: the next test wants them, and they are durable. */
void
crash_clean(int queue)
{
	empty_folder(queue, ".");
	(void)syncfs(queue); /* only that the next crash begins with this */
	(void)close(queue);
}

static void
remove_folders(const char *where)
{
	DIR *dir = opendir(where);
	struct dirent *e;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)) != NULL) {
		char below[512];

		(void)snprintf(below, sizeof(below), "%s/%s", where, e->d_name);
		if (e->d_name[0] != '.' && rmdir(below) < 0) {
			remove_folders(below);
			(void)rmdir(below); /* shows at the top */
		}
	}
	(void)closedir(dir);
}

void
crash_world_end(void)
{
	if (device != NULL)
		ck_assert_int_eq(umount(path), 0);
	else
		remove_folders(path);
	ck_assert_int_eq(rmdir(path), 0);
}

/* ---- the victim ---- */

void
crash_start(struct crash *c, uint64_t at, void (*victim)(void))
{
	int status;

	*c = (struct crash){ .at = at };
	c->pid = fork();
	ck_assert_int_ge(c->pid, 0);
	if (c->pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(1);
		(void)raise(SIGSTOP);
		victim();
		_exit(1); /* it never ends by itself */
	}
	ck_assert_int_eq(waitpid(c->pid, &status, 0), c->pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, c->pid, NULL,
			     PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD |
				 PTRACE_O_TRACECLONE),
	    0);
	ck_assert_int_eq(ptrace(PTRACE_SYSCALL, c->pid, NULL, NULL), 0);
}

static void
reap(struct crash *c)
{
	int status;

	ck_assert_int_eq(kill(c->pid, SIGKILL), 0);
	while (waitpid(-1, &status, __WALL) >= 0)
		;
	ck_assert_int_eq(errno, ECHILD);
}

void
crash_end(struct crash *c)
{
	reap(c);
}

/* Which call it is about to make; -1 where it is not in front of one. */
static long
call_of(pid_t thread)
{
	struct __ptrace_syscall_info info;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0 ||
	    info.op != SYSCALL_ENTRY)
		return -1;
	return (long)info.entry.nr;
}

static bool
changes(long call)
{
	for (size_t i = 0; i < ARRAY_LEN(changing); i++)
		if (changing[i] == call)
			return true;
	return false;
}

/* One stop of one thread; false where it was the last. */
static bool
heed(struct crash *c, pid_t thread, int status)
{
	long signal = 0;

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		ck_assert_msg(thread != c->pid, "the victim ended by itself");
		return true;
	}
	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		if (changes(call_of(thread)) && ++c->calls == c->at) {
			c->crashed = true;
			if (device != NULL)
				shut_down();
			reap(c);
			return false;
		}
	} else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP) {
		signal = WSTOPSIG(status);
	}
	/* A thread that is gone meanwhile is told of by waitpid(). */
	(void)ptrace(PTRACE_SYSCALL, thread, NULL, signal);
	return true;
}

bool
crash_step(struct crash *c)
{
	int status, idle = 0;

	for (int i = 0; i < 200 && idle < 5; i++) {
		pid_t thread = waitpid(-1, &status, WNOHANG | __WALL);

		ck_assert_int_ge(thread, 0);
		if (thread == 0) {
			idle++;
			(void)usleep(50);
		} else if (!heed(c, thread, status)) {
			return false;
		}
	}
	return true;
}
