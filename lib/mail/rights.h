/*
 * rights - what each program may do, in one table.
 *
 * A row says user, root folder, capabilities, limits, the files that Landlock
 * leaves, and the groups of system calls that seccomp allows; a diff between
 * two rows says what one may do that the other may not.  The test of a running
 * system reads the same table (`posthouse status --rights`).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "msg.h"

enum rights_calls {             /* groups of system calls: rights_calls.c */
	CALLS_BASE = 1 << 0,    /* memory, time, read, write, epoll, packets */
	CALLS_ACCEPT = 1 << 1,  /* accept on a given socket */
	CALLS_CONNECT = 1 << 2, /* make and connect internet sockets */
	CALLS_READ = 1 << 3,    /* open and look at files */
	CALLS_WRITE = 1 << 4,   /* make, rename, unlink, sync files */
	CALLS_SENDFILE = 1 << 5,
	CALLS_THREAD = 1 << 6, /* helper threads */
	CALLS_NSS = 1 << 7,    /* what modules of nsswitch.conf(5) do */
	CALLS_BECOME = 1 << 8, /* fork, change ids, run commands, kill: what
				  these run inherits the filter, so it is a list
				  of what no command of a user has to do with */
	CALLS_SYNC = 1 << 9,   /* flush a file that is open */
	CALLS_NICE = 1 << 10,  /* lower the priority of a thread */
};

enum rights_root {
	ROOT_EMPTY, /* an empty folder of root's, run_directory/empty */
	ROOT_QUEUE, /* queue_directory */
	ROOT_DATA,  /* data_directory */
	ROOT_ALL,   /* no chroot: Landlock bounds it */
};

/* Paths are as seen after the chroot, parted by blanks. */
struct rights {
	enum role role;
	const char *user;        /* "ph-smtpd"; NULL: stays root */
	const char *group;       /* NULL: the user's own */
	const char *queue_group; /* one supplementary group, or NULL: none */
	enum rights_root root;
	const char *root_path;   /* where set, instead of what root says */
	uint32_t caps;           /* bits 1u << CAP_..., nearly always 0 */
	uint32_t calls;          /* enum rights_calls */
	size_t files;            /* RLIMIT_NOFILE wished for */
	size_t memory;           /* RLIMIT_AS in MiB, 0 none */
	const char *read_below;  /* Landlock: folders whose files may be read */
	const char *write_below; /* and written, made, renamed, removed */
};

/* The row of a program, or NULL for a role that has none (master, commands).
 * What master.conf overrides (user, group, chroot) is put into a copy. */
const struct rights *rights_of(enum role role);

/* Gives everything else up, in this order: limits, chroot, groups and ids
 * (proved gone), capabilities, no_new_privs, dumpable, descriptors from
 * first_fd on (-1: none), Landlock, seccomp.  A row with CALLS_BECOME keeps
 * the way to new privileges open, because commands of users may be set-id.
 * `log_only` reports a violation of seccomp instead of killing, and leaves
 * Landlock out.  Ends in log_fatal where a step fails, in log_panic where a
 * right comes back. */
void rights_take(const struct rights *r, int first_fd, bool log_only);

/* The table as text, a row a line, for the test and the manual. */
void rights_show(struct buf *out);
