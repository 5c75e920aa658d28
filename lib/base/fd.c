/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"

#define READ_STEP ((size_t)16384)

int
fd_open_regular(const char *path)
{
	/* Without O_NONBLOCK a FIFO would hold us in open(). */
	CLEAN_FD int fd = open(path,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	return TAKE_FD(fd);
}

int
fd_read_all(int fd, struct buf *out, size_t max)
{
	size_t got = 0;

	for (;;) {
		ssize_t n = read(fd, buf_room(out, READ_STEP), READ_STEP);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		buf_grown(out, (size_t)n);
		got += (size_t)n;
		if (got > max) {
			errno = EFBIG;
			return -1;
		}
	}
}

int
fd_write_all(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

int
fd_pwrite_all(int fd, const void *bytes, size_t n, off_t at)
{
	const char *from = bytes;

	while (n > 0) {
		ssize_t done = pwrite(fd, from, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		from += done;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

int
fd_pread_all(int fd, void *bytes, size_t n, off_t at)
{
	char *to = bytes;

	while (n > 0) {
		ssize_t got = pread(fd, to, n, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = ENODATA;
		if (got <= 0)
			return -1;
		to += got;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

int
fd_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

size_t
fd_limit(size_t n)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return 0;

	/* Root may raise the hard limit too; others get what it leaves. */
	struct rlimit wish = { .rlim_cur = n,
		.rlim_max = MAX(n, now.rlim_max) };
	if (setrlimit(RLIMIT_NOFILE, &wish) == 0)
		return n;
	wish = (struct rlimit){ MIN(n, now.rlim_max), now.rlim_max };
	if (setrlimit(RLIMIT_NOFILE, &wish) == 0)
		return wish.rlim_cur;
	return now.rlim_cur;
}

void
fd_close_from(int first)
{
	/* Fails for a bad range alone. */
	(void)close_range((unsigned int)first, ~0U, 0);
}

/* A file beside another one, unlinked unless it took its place. */
struct draft {
	struct buf path;
	int fd;
	bool armed;
};

static void
draft_free(struct draft *d)
{
	int saved = errno;

	if (d->armed)
		(void)unlink(buf_str(&d->path)); /* nobody knows of it */
	close_fd(&d->fd);
	buf_free(&d->path);
	errno = saved;
}

static int
draft_open(struct draft *d, const char *path)
{
	buf_addf(&d->path, "%s.XXXXXX", path);
	d->fd = mkostemp(d->path.text, O_CLOEXEC);
	d->armed = d->fd >= 0;
	return d->fd;
}

static int
sync_folder_of(const char *path)
{
	CLEAN_BUF struct buf folder = { 0 };
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		buf_addc(&folder, '.');
	else
		buf_add(&folder, path, (size_t)(slash - path) + 1);

	CLEAN_FD int fd = open(buf_str(&folder),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : fsync(fd);
}

int
fd_replace_file(const char *path, const void *bytes, size_t n, mode_t mode)
{
	CLEANUP(draft_free) struct draft d = { .fd = -1 };
	struct stat old;
	bool exists = lstat(path, &old) == 0 && S_ISREG(old.st_mode);

	if (draft_open(&d, path) < 0)
		return -1;
	if (exists && fchown(d.fd, old.st_uid, old.st_gid) < 0)
		return -1;
	if (fchmod(d.fd, exists ? old.st_mode & 07777 : mode) < 0)
		return -1;
	if (fd_write_all(d.fd, bytes, n) < 0 || fsync(d.fd) < 0)
		return -1;
	if (rename(buf_str(&d.path), path) < 0)
		return -1;
	d.armed = false;
	return sync_folder_of(path);
}

int
fd_make_dir(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	/* Never more rights than it is to have: others may look meanwhile. */
	bool made = mkdir(path, mode & 0700) == 0;

	if (!made && errno != EEXIST)
		return -1;

	CLEAN_FD int fd = open(path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (made && (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0))
		return -1;
	return 0;
}

struct fd_address
fd_address_of(const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *six = (const void *)from;
	const struct sockaddr_in *four = (const void *)from;
	struct fd_address a = { 0 };

	if (from->ss_family == AF_INET) {
		a.port = ntohs(four->sin_port);
		(void)inet_ntop(AF_INET, &four->sin_addr, a.text,
		    sizeof(a.text));
		return a;
	}
	a.port = ntohs(six->sin6_port);
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		(void)inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], a.text,
		    sizeof(a.text));
	else
		(void)inet_ntop(AF_INET6, &six->sin6_addr, a.text,
		    sizeof(a.text));
	return a;
}

int
fd_local_address(int fd, struct fd_address *out)
{
	struct sockaddr_storage from = { 0 };
	socklen_t size = sizeof(from);

	if (getsockname(fd, (struct sockaddr *)&from, &size) < 0)
		return -1;
	*out = fd_address_of(&from);
	return 0;
}
