/*
 * fd - descriptors and files, each function one whole job.
 *
 * All wrap system calls: -1 with errno on failure unless said otherwise.
 * Everything opened is close-on-exec.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include "util.h"

struct buf;
struct sockaddr_storage;

/* Open for reading, refusing links and what is not a regular file. */
MUST_CHECK int fd_open_regular(const char *path);

/* Everything up to max bytes; more is EFBIG. */
MUST_CHECK int fd_read_all(int fd, struct buf *out, size_t max);

/* All n bytes, or -1: interrupted and short calls are carried on. */
MUST_CHECK int fd_write_all(int fd, const void *bytes, size_t n);
MUST_CHECK int fd_pwrite_all(int fd, const void *bytes, size_t n, off_t at);

/* Exactly n bytes; fewer (end of file) is -1 with ENODATA. */
MUST_CHECK int fd_pread_all(int fd, void *bytes, size_t n, off_t at);

MUST_CHECK int fd_nonblock(int fd);

/* As much as the system allows of RLIMIT_NOFILE, up to n; gives what it is. */
size_t fd_limit(size_t n);

/* Closes every descriptor from `first` on. */
void fd_close_from(int first);

/* Replaces a file's content as one step: writes beside it, fsync, rename, fsync
 * of the folder.  The old file's mode and owner are kept where it exists. */
MUST_CHECK int fd_replace_file(const char *path, const void *bytes, size_t n,
    mode_t mode);

/* mkdir with exactly this mode and owner; an existing folder is 0 too, and
 * stays as it is. */
MUST_CHECK int fd_make_dir(const char *path, mode_t mode, uid_t uid, gid_t gid);

/* An address of TCP as text; IPv4 within IPv6 is IPv4. */
struct fd_address {
	char text[INET6_ADDRSTRLEN];
	uint16_t port;
};

struct fd_address fd_address_of(const struct sockaddr_storage *from);

/* That of our side of a connection. */
MUST_CHECK int fd_local_address(int fd, struct fd_address *out);
