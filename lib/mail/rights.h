/*
 * rights - what each program may do, in one table.
 *
 * A row says user, root folder, capabilities, limits, the files that Landlock
 * leaves, and the groups of system calls that seccomp allows; a diff between two
 * rows says what one may do that the other may not.  The test of a running
 * system reads the same table (`posthouse status --rights`).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "msg.h"

enum rights_calls {             /* groups of system calls; see rights.c */
	CALLS_BASE = 1 << 0,    /* memory, time, read, write, epoll, packets */
	CALLS_ACCEPT = 1 << 1,  /* accept on a given socket */
	CALLS_CONNECT = 1 << 2, /* make and connect sockets */
	CALLS_READ = 1 << 3,    /* open and look at files */
	CALLS_WRITE = 1 << 4,   /* make, rename, unlink, sync files */
	CALLS_SENDFILE = 1 << 5,
	CALLS_THREAD = 1 << 6, /* one helper thread */
	CALLS_BECOME = 1 << 7, /* fork, change ids, run commands, kill */
};

enum rights_root {
	ROOT_EMPTY, /* an empty folder of root's */
	ROOT_QUEUE, /* queue_directory */
	ROOT_DATA,  /* data_directory */
	ROOT_ALL,   /* no chroot: Landlock bounds it */
};

struct rights {
	enum role role;
	const char *user; /* "ph-smtpd"; NULL: stays root */
	enum rights_root root;
	uint32_t caps;          /* bits 1u << CAP_..., nearly always 0 */
	uint32_t calls;         /* enum rights_calls */
	size_t files;           /* RLIMIT_NOFILE wished for */
	size_t memory;          /* RLIMIT_AS in MiB, 0 none */
	const char *read_below; /* Landlock: folders parted by blanks, names of
				   parameters as $name */
	const char *write_below;
};

const struct rights *rights_of(enum role role);

/* Gives everything else up, in this order: chroot, groups and ids (proved gone),
 * capabilities, no_new_privs, dumpable, limits, other descriptors from
 * first_fd, Landlock, seccomp.  `log_only` reports a violation of seccomp
 * instead of killing.  Ends in log_fatal where a step fails. */
void rights_take(const struct rights *r, int first_fd, bool log_only);

/* The table as text, a row a line, for the test and the manual. */
void rights_show(struct buf *out);
