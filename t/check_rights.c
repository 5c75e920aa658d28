/*
 * rights: every row of the table, taken in a child.  What a row does not name
 * kills or fails, what it names works, and no right comes back.  Needs root;
 * says so and passes where it is not.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "log.h"
#include "param.h"
#include "rights.h"
#include "rights_parts.h"

#define OTHER_USER  "nobody"
#define OTHER_GROUP "mail"

static char folder[] = "/tmp/check_rights.XXXXXX";
static const char *const folders[] = { "run", "queue", "queue/tmp", "queue/new",
	"queue/cur", "queue/maildrop", "data", "run/empty" };
static struct passwd *other;
static int sample = -1; /* a descriptor that every child has */

static bool
may_run(void)
{
	if (geteuid() == 0)
		return true;
	fputs("# needs root\n", stderr);
	return false;
}

static void
set_up(void)
{
	if (!may_run())
		return;
	clock_start();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chdir(folder), 0);
	other = getpwnam(OTHER_USER);
	ck_assert_ptr_nonnull(other);
	for (size_t i = 0; i + 1 < ARRAY_LEN(folders); i++)
		ck_assert_int_eq(fd_make_dir(folders[i], 0755,
				     i == 0 ? 0 : other->pw_uid, 0),
		    0);
	sample = open("sample", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(fd_write_all(sample, "0123456789", 10), 0);
	params.run_directory = "run";
	params.queue_directory = "queue";
	params.data_directory = "data";
}

static void
tear_down(void)
{
	if (geteuid() != 0)
		return;
	(void)unlink("sample");
	(void)unlink("queue/new/file"); /* of one test */
	for (size_t i = ARRAY_LEN(folders); i > 0; i--)
		(void)rmdir(folders[i - 1]);
	(void)rmdir(folder);
}

/* A row as the test can take it: its users need not exist here. */
static struct rights
row_for_test(enum role role)
{
	struct rights r = *rights_of(role);

	if (r.user != NULL)
		r.user = OTHER_USER;
	if (r.queue_group != NULL)
		r.queue_group = OTHER_GROUP;
	return r;
}

typedef int act_fn(void);

/* Takes the row in a child, acts, and gives the wait status: the exit code is
 * 0 where the act gave 0, its errno (or 255) else. */
static int
act_confined(const struct rights *r, act_fn *act, bool log_only)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		rights_take(r, -1, log_only);
		errno = 0;
		int result = act();
		_exit(result == 0 ? 0 : errno > 0 ? errno : 255);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* The answer to what a row does not allow. */
static bool
was_refused(const struct rights *r, int status)
{
	if ((r->calls & CALLS_NSS) != 0)
		return WIFEXITED(status) && WEXITSTATUS(status) == ENOSYS;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool
worked(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- what every program does ---- */

static int
compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int
use_memory(void)
{
	int *numbers = xcalloc(3000000, sizeof(int));
	char *small[1000];
	char text[100];

	for (int i = 0; i < 1000; i++)
		small[i] = xstrdup("text");
	for (int i = 0; i < 1000; i++)
		free(small[i]);
	for (int i = 0; i < 3000000; i++)
		numbers[i] = 3000000 - i;
	qsort(numbers, 100000, sizeof(int), compare_ints);
	numbers = xrealloc(numbers, 6000000, sizeof(int));
	free(numbers);
	return snprintf(text, sizeof(text), "%f", 1.5) > 0 ? 0 : -1;
}

static int
use_time(void)
{
	struct timespec ts = { .tv_nsec = 1000 };
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return -1;
	return nanosleep(&ts, NULL);
}

static int
use_packets(void)
{
	int pair[2];
	struct epoll_event event = { .events = EPOLLIN };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    fd_nonblock(pair[0]) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event) < 0 ||
	    sendmmsg(pair[1], &m, 1, 0) != 1 ||
	    epoll_wait(epoll, &event, 1, 1000) != 1 ||
	    recvmmsg(pair[0], &m, 1, MSG_DONTWAIT, NULL) != 1)
		return -1;

	struct pollfd p = { .fd = pair[1], .events = POLLOUT };
	return poll(&p, 1, 1000) == 1 && close(pair[0]) == 0 ? 0 : -1;
}

static int
use_given_file(void)
{
	char bytes[10];
	struct stat st;

	if (fstat(sample, &st) < 0 || st.st_size != 10)
		return -1;
	return fd_pread_all(sample, bytes, 10, 0);
}

static int
use_stdio(void)
{
	CLEAN_STR char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	return f != NULL && fprintf(f, "%d", getpid()) > 0 ? fclose(f) : -1;
}

static act_fn *const base_acts[] = { use_memory, use_time, use_packets,
	use_given_file, use_stdio };

/* ---- what some do: which groups allow it ---- */

static int
make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? 0 : -1;
}

static int
make_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0 ? 0 : -1;
}

static int
make_raw(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 &&
		errno == EPERM
	    ? 0
	    : -1;
}

/* Landlock may say no where seccomp does not mind. */
static int
open_root(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 || errno == EACCES ? 0 : -1;
}

static int
accept_one(void)
{
	return accept4(sample, NULL, NULL, SOCK_CLOEXEC) < 0 &&
		errno == ENOTSOCK
	    ? 0
	    : -1;
}

static int
send_file(void)
{
	off_t at = 0;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	return sendfile(pair[0], sample, &at, 10) == 10 ? 0 : -1;
}

static int
sync_all(void)
{
	return syncfs(sample);
}

static int
sync_file(void)
{
	return fdatasync(sample);
}

static void *
thread(void *arg)
{
	free(xcalloc(1000, 1000));
	return arg;
}

static int
use_thread(void)
{
	pthread_t t;
	int error = pthread_create(&t, NULL, thread, NULL);

	errno = error;
	return error == 0 ? pthread_join(t, NULL) : -1;
}

static int
use_fork(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static int
use_exec(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return -1;
}

static int
map_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED ? 0 : -1;
}

static int
signal_parent(void)
{
	return kill(getppid(), 0) == 0 || errno == EPERM ? 0 : -1;
}

static int
be_nice(void)
{
	return setpriority(PRIO_PROCESS, 0, 19);
}

static int
ask_personality(void)
{
	return syscall(SYS_personality, 0xffffffff) >= 0 ? 0 : -1;
}

static int
watch_folder(void)
{
	return syscall(SYS_inotify_init1, 0) >= 0 ? 0 : -1;
}

/* clang-format off */
static const struct {
	const char *name;
	act_fn *act;
	uint32_t groups; /* any of these allows it */
} acts[] = {
	{ "make_socket",   make_socket,   CALLS_CONNECT | CALLS_BECOME },
	{ "make_netlink",  make_netlink,  CALLS_NSS | CALLS_BECOME },
	{ "make_raw",      make_raw,      CALLS_BECOME },
	{ "open_root",     open_root,     CALLS_READ | CALLS_WRITE | CALLS_BECOME },
	{ "accept_one",    accept_one,    CALLS_ACCEPT | CALLS_BECOME },
	{ "send_file",     send_file,     CALLS_SENDFILE | CALLS_BECOME },
	{ "sync_all",      sync_all,      CALLS_WRITE | CALLS_BECOME },
	{ "sync_file",     sync_file,
	    CALLS_WRITE | CALLS_SYNC | CALLS_BECOME },
	{ "use_thread",    use_thread,    CALLS_THREAD | CALLS_BECOME },
	{ "be_nice",       be_nice,       CALLS_NICE | CALLS_BECOME },
	{ "use_fork",      use_fork,      CALLS_BECOME },
	{ "use_exec",      use_exec,      CALLS_BECOME },
	{ "map_code",      map_code,      CALLS_NSS | CALLS_BECOME },
	{ "signal_parent", signal_parent, CALLS_BECOME },
	{ "personality",   ask_personality, CALLS_BECOME },
	{ "watch_folder",  watch_folder,  CALLS_READ | CALLS_BECOME },
};

static const enum role roles[] = {
	ROLE_SMTPD, ROLE_CLEANUP, ROLE_QMGR, ROLE_SMTP, ROLE_LOCAL, ROLE_DELIVER,
	ROLE_BOUNCE, ROLE_LOOKUP, ROLE_SCRIBE, ROLE_PICKUP, ROLE_CALLOUT,
	ROLE_KEYS,
	ROLE_VERIFY, ROLE_SIGN, ROLE_STS, ROLE_REPORT, ROLE_AUTH,
};
/* clang-format on */

START_TEST(what_all_do_works)
{
	if (!may_run())
		return;
	struct rights r = row_for_test(roles[_i]);

	for (size_t i = 0; i < ARRAY_LEN(base_acts); i++)
		ck_assert_msg(worked(act_confined(&r, base_acts[i], false)),
		    "%s, act %zu", role_name(r.role), i);
}
END_TEST

START_TEST(only_the_groups_of_a_row_work)
{
	if (!may_run())
		return;
	struct rights r = row_for_test(roles[_i]);

	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		int status = act_confined(&r, acts[i].act, false);
		bool fine = (r.calls & acts[i].groups) != 0;
#ifdef WITH_SANITIZERS /* these groups are open then */
		if (acts[i].act == open_root || acts[i].act == use_thread ||
		    acts[i].act == map_code || acts[i].act == ask_personality ||
		    acts[i].act == use_fork)
			continue;
#endif
		ck_assert_msg(fine ? worked(status) : was_refused(&r, status),
		    "%s: %s: %s, status %x", role_name(r.role), acts[i].name,
		    fine ? "must work" : "must be refused", (unsigned)status);
	}
}
END_TEST

static int
call_abort(void)
{
	abort();
}

START_TEST(abort_is_abort)
{
	if (!may_run())
		return;
	struct rights r = row_for_test(roles[_i]);
	int status = act_confined(&r, call_abort, false);

	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

START_TEST(log_only_kills_nobody)
{
	if (!may_run())
		return;
	struct rights r = row_for_test(ROLE_SMTPD);

	ck_assert(worked(act_confined(&r, use_fork, true)));
	ck_assert(worked(act_confined(&r, open_root, true)));
}
END_TEST

/* ---- what the kernel says about a confined child ---- */

/* The value of a field of /proc/PID/status, white space as one blank. */
static void
status_field(pid_t pid, const char *name, char *out, size_t room)
{
	char path[64];
	char line[256];

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	out[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		size_t n = 0;

		if (!str_starts(line, name) || line[strlen(name)] != ':')
			continue;
		struct slice s = slice_trim(slice_of(line + strlen(name) + 1));
		for (size_t i = 0; i < s.len && n + 1 < room; i++)
			out[n++] = s.at[i] == '\t' ? ' ' : s.at[i];
		out[n] = '\0';
	}
	(void)fclose(f);
}

static void assert_field(pid_t pid, const char *name, const char *fmt, ...)
    PRINTFLIKE(3, 4);

static void
assert_field(pid_t pid, const char *name, const char *fmt, ...)
{
	char got[256];
	char want[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(want, sizeof(want), fmt, ap);
	va_end(ap);
	status_field(pid, name, got, sizeof(got));
	ck_assert_msg(str_eq(got, want), "%s: got '%s', want '%s'", name, got,
	    want);
}

static void
assert_as_the_row_says(pid_t pid, const struct rights *r)
{
	uid_t uid = r->user != NULL ? other->pw_uid : 0;
	gid_t gid = r->user != NULL ? other->pw_gid : 0;
	char more[16] = "";

	if (r->queue_group != NULL)
		(void)snprintf(more, sizeof(more), "%u",
		    getgrnam(r->queue_group)->gr_gid);
	assert_field(pid, "Uid", "%u %u %u %u", uid, uid, uid, uid);
	assert_field(pid, "Gid", "%u %u %u %u", gid, gid, gid, gid);
	assert_field(pid, "Groups", "%s", more);
	assert_field(pid, "CapInh", "%016x", 0);
	assert_field(pid, "CapPrm", "%016x", r->caps);
	assert_field(pid, "CapEff", "%016x", r->caps);
	assert_field(pid, "CapBnd", "%016x", r->caps);
	assert_field(pid, "CapAmb", "%016x", 0);
	assert_field(pid, "Seccomp", "2");
	assert_field(pid, "NoNewPrivs", "%d", r->role != ROLE_DELIVER);
}

static void
assert_root_folder(pid_t pid, const struct rights *r)
{
	static const char *const names[] = {
		[ROOT_EMPTY] = "/run/empty",
		[ROOT_QUEUE] = "/queue",
		[ROOT_DATA] = "/data",
		[ROOT_ALL] = "/",
	};
	char path[64];
	char root[256];

	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	ssize_t n = readlink(path, root, sizeof(root) - 1);
	ck_assert_int_gt(n, 0);
	root[n] = '\0';
	ck_assert(str_ends(root, names[r->root]));
}

START_TEST(the_kernel_agrees_with_the_row)
{
	int pair[2];
	char byte;

	if (!may_run())
		return;
	struct rights r = row_for_test(roles[_i]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(pair[0]);
		int far = dup2(sample, 50);
		rights_take(&r, 50, false);
		byte = write(far, "x", 1) < 0 ? 'y' : 'n';
		(void)send(pair[1], &byte, 1, 0);
		_exit(recv(pair[1], &byte, 1, 0) >= 0 ? 0 : 1);
	}
	(void)close(pair[1]);
	ck_assert_int_eq(recv(pair[0], &byte, 1, 0), 1);
	ck_assert_int_eq(byte, 'y');
	assert_as_the_row_says(pid, &r);
	assert_root_folder(pid, &r);
	(void)close(pair[0]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* ---- single rows ---- */

static int
move_in_queue(void)
{
	CLEAN_FD int fd = open("/tmp/file",
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);

	if (fd < 0 || fsync(fd) < 0 ||
	    renameat2(AT_FDCWD, "/tmp/file", AT_FDCWD, "/new/file",
		RENAME_NOREPLACE) < 0)
		return -1;
	return 0;
}

static int
write_elsewhere(void)
{
	return open("/cur/file", O_RDWR | O_CREAT | O_CLOEXEC, 0660) < 0 &&
		errno == EACCES
	    ? 0
	    : -1;
}

START_TEST(cleanup_moves_from_tmp_to_new)
{
	if (!may_run())
		return;
	struct rights r = row_for_test(ROLE_CLEANUP);

	ck_assert(worked(act_confined(&r, move_in_queue, false)));
	ck_assert_int_eq(access("queue/new/file", F_OK), 0);
}
END_TEST

static bool
kernel_has_landlock(long version)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1U) >= version;
}

START_TEST(cleanup_writes_nowhere_else)
{
	if (!may_run() || !kernel_has_landlock(2))
		return;
	struct rights r = row_for_test(ROLE_CLEANUP);

	ck_assert(worked(act_confined(&r, write_elsewhere, false)));
}
END_TEST

static int
look_up_users(void)
{
	struct passwd pw;
	struct passwd *found = NULL;
	char room[4096];

	if (getpwnam_r("root", &pw, room, sizeof(room), &found) != 0 ||
	    found == NULL)
		return -1;
	if (getpwnam_r("no-such-user", &pw, room, sizeof(room), &found) != 0 ||
	    found != NULL)
		return -1;
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : -1;
}

START_TEST(lookup_asks_nss)
{
	if (!may_run())
		return;
	struct rights r = row_for_test(ROLE_LOOKUP);

	ck_assert(worked(act_confined(&r, look_up_users, false)));
}
END_TEST

/* Landlock alone, so that its answer is seen instead of seccomp's. */
START_TEST(landlock_forbids_files_and_ports)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int status;

	if (!may_run() || !kernel_has_landlock(4))
		return;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pid_t pid = fork();
	if (pid == 0) {
		int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			_exit(1);
		rights_limit_files(rights_of(ROLE_BOUNCE));
		if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ||
		    errno != EACCES)
			_exit(2);
		if (connect(s, (struct sockaddr *)&to, sizeof(to)) == 0 ||
		    errno != EACCES)
			_exit(3);
		if (bind(s, (struct sockaddr *)&to, sizeof(to)) == 0 ||
		    errno != EACCES)
			_exit(4);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

static int
become_and_stay(void)
{
	if (setgroups(0, NULL) < 0 ||
	    setresgid(other->pw_gid, other->pw_gid, other->pw_gid) < 0 ||
	    setresuid(other->pw_uid, other->pw_uid, other->pw_uid) < 0)
		return -1;
	if (setresuid(0, 0, 0) == 0 || setgroups(0, NULL) == 0)
		return -1;
	return 0;
}

static int
mount_something(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL) < 0 && errno == EPERM
	    ? 0
	    : -1;
}

static char private_path[64];

static int
open_private(void)
{
	return open(private_path, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES
	    ? 0
	    : -1;
}

START_TEST(deliver_becomes_a_user)
{
	if (!may_run())
		return;
	struct rights r = row_for_test(ROLE_DELIVER);

	ck_assert(worked(act_confined(&r, become_and_stay, false)));
	ck_assert(worked(act_confined(&r, mount_something, false)));

	/* Root without its capabilities is a stranger to a user's files. */
	(void)snprintf(private_path, sizeof(private_path), "%s/sample", folder);
	ck_assert_int_eq(fchmod(sample, 0600), 0);
	ck_assert_int_eq(fchown(sample, other->pw_uid, other->pw_gid), 0);
	ck_assert(worked(act_confined(&r, open_private, false)));
}
END_TEST

START_TEST(a_user_with_roots_rights_is_refused)
{
	if (!may_run())
		return;
	struct rights r = row_for_test(ROLE_BOUNCE);

	r.user = "root";
	int status = act_confined(&r, use_time, false);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	r.user = "no-such-user";
	status = act_confined(&r, use_time, false);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}
END_TEST

START_TEST(the_empty_folder_must_be_roots)
{
	if (!may_run())
		return;
	struct rights r = row_for_test(ROLE_BOUNCE);

	ck_assert_int_eq(mkdir("run/empty", 0700), 0);
	int status = act_confined(&r, use_time, false);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	ck_assert_int_eq(chmod("run/empty", 0555), 0);
	ck_assert(worked(act_confined(&r, use_time, false)));
}
END_TEST

START_TEST(the_table_can_be_shown)
{
	CLEAN_BUF struct buf b = { 0 };

	rights_show(&b);
	ck_assert_ptr_nonnull(strstr(buf_str(&b),
	    "smtpd user=ph-smtpd groups= root=empty caps=00000000 "
	    "calls=base,accept,connect no_new_privs=1"));
	ck_assert_ptr_nonnull(strstr(buf_str(&b),
	    "deliver user=root groups= root=/ caps=000000e0 calls=become "
	    "no_new_privs=0"));
	ck_assert_ptr_null(rights_of(ROLE_MASTER));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("rights");
	TCase *t = tcase_create("rights");

	log_name("check_rights");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, what_all_do_works, 0, ARRAY_LEN(roles));
	tcase_add_loop_test(t, only_the_groups_of_a_row_work, 0,
	    ARRAY_LEN(roles));
	tcase_add_loop_test(t, abort_is_abort, 0, ARRAY_LEN(roles));
	tcase_add_loop_test(t, the_kernel_agrees_with_the_row, 0,
	    ARRAY_LEN(roles));
	tcase_add_test(t, log_only_kills_nobody);
	tcase_add_test(t, cleanup_moves_from_tmp_to_new);
	tcase_add_test(t, cleanup_writes_nowhere_else);
	tcase_add_test(t, lookup_asks_nss);
	tcase_add_test(t, landlock_forbids_files_and_ports);
	tcase_add_test(t, deliver_becomes_a_user);
	tcase_add_test(t, a_user_with_roots_rights_is_refused);
	tcase_add_test(t, the_empty_folder_must_be_roots);
	tcase_add_test(t, the_table_can_be_shown);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
