/*
 * The system calls of each group, and the filter made of them.
 *
 * A program gets what its groups name, and is killed for anything else.  What
 * glibc's malloc, threads, stdio and abort() ask for is in the base.  Memory is
 * never both written and executed: only the modules of NSS may map code.  These
 * modules are not ours and may try anything (CALLS_NSS): where they go beyond
 * the list they are told that there is no such call.
 *
 * What runs for a user (CALLS_BECOME) inherits the filter, and may be any
 * command: there the list is of calls that are refused, those that only make
 * sense for who administers the machine.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "rights_parts.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define BINARY_TREE 2 /* the optimisation of libseccomp */
#define ANY_INT     ((uint64_t)UINT32_MAX)
#define ANY_BITS    UINT64_MAX

/* Groups and the calls that they allow whatever the arguments. */
/* clang-format off */
static const int base[] = {
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	/* descriptors that are there */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv),
	SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(close),
	SCMP_SYS(close_range), SCMP_SYS(fcntl), SCMP_SYS(fstat),
	SCMP_SYS(fstatfs), SCMP_SYS(dup), SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
	/* sockets that are there */
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
	SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	/* waiting and time */
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(restart_syscall),
	/* signals to oneself, locks, the end */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(futex),
	SCMP_SYS(sched_yield), SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* who and where am I; qsort() and malloc() ask for the machine */
	SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
	SCMP_SYS(getegid), SCMP_SYS(getrandom), SCMP_SYS(sysinfo),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage), SCMP_SYS(uname), SCMP_SYS(umask),
};

static const int accepting[] = {
	SCMP_SYS(accept), SCMP_SYS(accept4),
};

static const int connecting[] = {
	SCMP_SYS(bind), SCMP_SYS(connect),
};

static const int reading[] = {
	SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(stat),
	SCMP_SYS(lstat), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(statfs),
	SCMP_SYS(fadvise64), SCMP_SYS(flock),
	SCMP_SYS(chdir), SCMP_SYS(fchdir), SCMP_SYS(inotify_init1),
	SCMP_SYS(inotify_add_watch), SCMP_SYS(inotify_rm_watch),
};

static const int writing[] = {
	SCMP_SYS(openat), SCMP_SYS(rename), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
	SCMP_SYS(rmdir), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
	SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(syncfs),
	SCMP_SYS(sync_file_range), SCMP_SYS(msync), SCMP_SYS(fchmod),
	SCMP_SYS(copy_file_range), SCMP_SYS(utimensat),
};

static const int sending_files[] = {
	SCMP_SYS(sendfile),
};

static const int syncing[] = {
	SCMP_SYS(fdatasync),
};

static const int threads[] = {
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
};

static const int nss[] = {
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(memfd_create),
	SCMP_SYS(getsid), SCMP_SYS(getpgrp), SCMP_SYS(getgroups),
	SCMP_SYS(prlimit64), SCMP_SYS(getpriority),
};

#ifdef WITH_SANITIZERS
/* What AddressSanitizer asks for at any time and when it reports. */
static const int sanitizers[] = {
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(openat),
	SCMP_SYS(newfstatat), SCMP_SYS(readlink), SCMP_SYS(getdents64),
	SCMP_SYS(getcwd), SCMP_SYS(prctl), SCMP_SYS(prlimit64),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(clone), SCMP_SYS(wait4),
	SCMP_SYS(ptrace), SCMP_SYS(personality), SCMP_SYS(mlock),
	SCMP_SYS(munlock), SCMP_SYS(tgkill), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(access), SCMP_SYS(mincore),
};
#endif

static const int refused[] = {
	/* what is mounted, and another view of the machine */
	SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2),
	SCMP_SYS(pivot_root), SCMP_SYS(move_mount), SCMP_SYS(open_tree),
	SCMP_SYS(fsopen), SCMP_SYS(fsmount), SCMP_SYS(fsconfig),
	SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(chroot),
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(open_by_handle_at),
	SCMP_SYS(quotactl), SCMP_SYS(swapon), SCMP_SYS(swapoff),
	/* the kernel itself */
	SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(acct),
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(iopl), SCMP_SYS(ioperm),
	/* clocks, keys, other processes */
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
	SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
};

static const struct {
	uint32_t group;
	const int *calls;
	size_t n;
} groups[] = {
	{ CALLS_BASE, base, ARRAY_LEN(base) },
	{ CALLS_ACCEPT, accepting, ARRAY_LEN(accepting) },
	{ CALLS_CONNECT, connecting, ARRAY_LEN(connecting) },
	{ CALLS_READ, reading, ARRAY_LEN(reading) },
	{ CALLS_WRITE, writing, ARRAY_LEN(writing) },
	{ CALLS_SENDFILE, sending_files, ARRAY_LEN(sending_files) },
	{ CALLS_SYNC, syncing, ARRAY_LEN(syncing) },
	{ CALLS_THREAD, threads, ARRAY_LEN(threads) },
	{ CALLS_NSS, nss, ARRAY_LEN(nss) },
#ifdef WITH_SANITIZERS
	{ CALLS_BASE, sanitizers, ARRAY_LEN(sanitizers) },
#endif
};

/* Calls that a group allows where (argument & mask) == value. */
static const struct {
	uint32_t group;
	int call;
	unsigned int argument;
	uint64_t mask;
	uint64_t value;
} bounded[] = {
	{ CALLS_BASE, SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ CALLS_BASE, SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
	{ CALLS_BASE, SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ CALLS_BASE, SCMP_SYS(socketpair), 0, ANY_INT, AF_UNIX },
	{ CALLS_BASE, SCMP_SYS(ioctl), 1, ANY_INT, FIONREAD },
	{ CALLS_BASE, SCMP_SYS(ioctl), 1, ANY_INT, TCGETS },
	{ CALLS_BASE, SCMP_SYS(prlimit64), 2, ANY_BITS, 0 },
	{ CALLS_CONNECT, SCMP_SYS(socket), 0, ANY_INT, AF_INET },
	{ CALLS_CONNECT, SCMP_SYS(socket), 0, ANY_INT, AF_INET6 },
	{ CALLS_READ, SCMP_SYS(openat), 2, O_ACCMODE | O_CREAT | O_TRUNC, 0 },
	{ CALLS_THREAD, SCMP_SYS(clone), 0, CLONE_THREAD | CLONE_VM,
	    CLONE_THREAD | CLONE_VM },
	{ CALLS_THREAD, SCMP_SYS(prctl), 0, ANY_INT, PR_SET_NAME },
	{ CALLS_NICE, SCMP_SYS(setpriority), 0, ANY_INT, PRIO_PROCESS },
	{ CALLS_NSS, SCMP_SYS(socket), 0, ANY_INT, AF_UNIX },
	{ CALLS_NSS, SCMP_SYS(socket), 0, ANY_INT, AF_NETLINK },
	{ CALLS_NSS, SCMP_SYS(prctl), 0, ANY_INT, PR_CAPBSET_READ },
	{ CALLS_NSS, SCMP_SYS(prctl), 0, ANY_INT, PR_GET_DUMPABLE },
};
/* clang-format on */

#ifdef WITH_SANITIZERS
static int confined;

/* The search for leaks at the end of a process needs ptrace of itself, which no
 * confined program has. */
int __lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)
{
	return confined;
}
#endif

static void
must(int result, const char *what)
{
	if (result < 0)
		log_fatal("seccomp: %s: %s", what, strerror(-result));
}

/* A call that the machine does not have is no rule. */
static void
add_rule(scmp_filter_ctx filter, uint32_t action, int call, unsigned int n,
    struct scmp_arg_cmp arg)
{
	int result = seccomp_rule_add_array(filter, action, call, n, &arg);

	if (result != -EDOM && result != -EEXIST)
		must(result, "a rule");
}

static void
add_call(scmp_filter_ctx filter, uint32_t action, int call)
{
	add_rule(filter, action, call, 0, (struct scmp_arg_cmp){ 0 });
}

static void
add_masked(scmp_filter_ctx filter, int call, unsigned int argument,
    uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp arg = {
		.arg = argument,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = mask,
		.datum_b = value,
	};

	add_rule(filter, SCMP_ACT_ALLOW, call, 1, arg);
}

static void
allow_groups(scmp_filter_ctx filter, uint32_t calls)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		for (size_t n = 0; n < groups[i].n; n++)
			if ((calls & groups[i].group) != 0)
				add_call(filter, SCMP_ACT_ALLOW,
				    groups[i].calls[n]);
	for (size_t i = 0; i < ARRAY_LEN(bounded); i++)
		if ((calls & bounded[i].group) != 0)
			add_masked(filter, bounded[i].call, bounded[i].argument,
			    bounded[i].mask, bounded[i].value);

	/* abort() signals its own process, and no other. */
	add_masked(filter, SCMP_SYS(tgkill), 0, ANY_INT, (uint64_t)getpid());
	/* Its flags lie in memory, where no filter sees them; without it glibc
	 * uses clone(). */
	if ((calls & CALLS_THREAD) != 0)
		add_call(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
}

static scmp_filter_ctx
filter_create(uint32_t otherwise, bool no_new_privs)
{
	scmp_filter_ctx filter = seccomp_init(otherwise);

	if (filter == NULL)
		log_fatal("seccomp: no filter: is it built into the kernel?");
	must(seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, no_new_privs),
	    "no_new_privs");
	must(seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1), "threads");
	must(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE),
	    "optimisation");
	return filter;
}

/* Programs of a user may be of the machine's older modes too. */
static void
add_old_modes(scmp_filter_ctx filter)
{
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		return;
	must(seccomp_arch_add(filter, SCMP_ARCH_X86), "32 bits");
	must(seccomp_arch_add(filter, SCMP_ARCH_X32), "x32");
}

/* What becomes of a call that the row does not allow. */
static uint32_t
refusal(const struct rights *r, bool log_only)
{
	if (log_only)
		return SCMP_ACT_LOG;
	if ((r->calls & CALLS_BECOME) != 0)
		return SCMP_ACT_ERRNO(EPERM);
	if ((r->calls & CALLS_NSS) != 0)
		return SCMP_ACT_ERRNO(ENOSYS);
	return SCMP_ACT_KILL_PROCESS;
}

void
rights_limit_calls(const struct rights *r, bool log_only)
{
	bool becomes = (r->calls & CALLS_BECOME) != 0;
	uint32_t no = refusal(r, log_only);

	scmp_filter_ctx filter = filter_create(becomes ? SCMP_ACT_ALLOW : no,
	    !becomes);
	if (becomes) {
		add_old_modes(filter);
		for (size_t i = 0; i < ARRAY_LEN(refused); i++)
			add_call(filter, no, refused[i]);
	} else {
		must(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, no),
		    "other machines");
		allow_groups(filter, r->calls);
	}
#ifdef WITH_SANITIZERS
	confined = 1;
#endif
	must(seccomp_load(filter), "the filter");
	seccomp_release(filter);
}
