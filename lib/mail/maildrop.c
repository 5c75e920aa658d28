/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "maildrop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addr.h"
#include "buf.h"
#include "clock.h"
#include "fd.h"
#include "msg.h"
#include "wire.h"

#define PRELUDE 20 /* bytes of magic, length and length */
#define TRIES   100

static const char magic[8] = "PHdrop\0\1";

/* ---- names ---- */

static bool
is_name(const char *name, char first)
{
	return name[0] == first && name[1] != '\0' &&
	    strlen(name) < MAILDROP_NAME_MAX &&
	    name[1 + strspn(name + 1, "0123456789abcdef-")] == '\0';
}

bool
maildrop_name_is_whole(const char *name)
{
	return is_name(name, 'm');
}

bool
maildrop_name_is_draft(const char *name)
{
	return is_name(name, 't');
}

/* ---- writing ---- */

/* Makes a file under a new name; others may have taken one on purpose. */
static int
make_file(struct maildrop_draft *d)
{
	errno = EEXIST;
	for (int i = 0; i < TRIES && d->fd < 0 && errno == EEXIST; i++) {
		(void)snprintf(d->name, sizeof(d->name), "t%llx-%lx-%x",
		    (unsigned long long)clock_wall_us(), (long)getpid(),
		    (unsigned int)i); /* fits: 1 + 16 + 1 + 16 + 1 + 8 */
		d->fd = openat(d->dir, d->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	if (d->fd < 0)
		d->name[0] = '\0';
	return d->fd < 0 ? -1 : 0;
}

static void
put_fields(struct buf *out, const struct maildrop *m)
{
	CLEAN_BUF struct buf rcpts = { 0 };

	for (size_t i = 0; i < m->n_rcpts; i++)
		wire_put_str(&rcpts, m->rcpts[i]);
	wire_put_u32(out, m->flags);
	wire_put_str(out, m->sender);
	wire_put_blob(out, (struct slice){ buf_str(&rcpts), rcpts.len });
}

int
maildrop_start(struct maildrop_draft *d, int dir_fd, const struct maildrop *m)
{
	static const char room[PRELUDE];
	CLEAN_BUF struct buf fields = { 0 };

	*d = (struct maildrop_draft){ .dir = dir_fd, .fd = -1, .head = *m };
	put_fields(&fields, m);
	d->head.content_at = PRELUDE + fields.len;
	d->head.content_len = 0;
	if (make_file(d) < 0 || fd_write_all(d->fd, room, sizeof(room)) < 0)
		return -1;
	return fd_write_all(d->fd, buf_str(&fields), fields.len);
}

int
maildrop_add(struct maildrop_draft *d, const void *bytes, size_t n)
{
	d->head.content_len += n;
	return fd_write_all(d->fd, bytes, n);
}

int
maildrop_commit(struct maildrop_draft *d)
{
	CLEAN_BUF struct buf prelude = { 0 };
	char name[MAILDROP_NAME_MAX];

	buf_add(&prelude, magic, sizeof(magic));
	wire_put_u32(&prelude, (uint32_t)(d->head.content_at - PRELUDE));
	wire_put_u64(&prelude, d->head.content_len);
	if (fd_pwrite_all(d->fd, buf_str(&prelude), prelude.len, 0) < 0 ||
	    fchmod(d->fd, 0640) < 0 || fsync(d->fd) < 0)
		return -1;

	memcpy(name, d->name, sizeof(name));
	name[0] = 'm';
	if (renameat2(d->dir, d->name, d->dir, name, RENAME_NOREPLACE) < 0)
		return -1;
	memcpy(d->name, name, sizeof(name));

	/* The folder cannot be opened by those who may only write to it, so
	 * the whole file system is what can be made durable. */
	if (syncfs(d->fd) < 0)
		return -1;
	d->name[0] = '\0';
	return 0;
}

void
maildrop_free(struct maildrop_draft *d)
{
	if (d->name[0] != '\0')
		(void)unlinkat(d->dir, d->name, 0); /* a draft is harmless */
	d->name[0] = '\0';
	if (d->fd >= 0)
		close_fd(&d->fd);
}

/* ---- reading ---- */

static bool
is_address(struct arena *a, const char *internal)
{
	struct addr addr = addr_split(a, internal), checked;
	const char *why;

	return addr_make(a, slice_of(addr.local), slice_of(addr.domain),
	    &checked, &why);
}

static bool
get_rcpts(struct arena *a, struct slice blob, struct maildrop *m,
    const char **why)
{
	struct wire w = wire_open(blob.at, blob.len);
	size_t room = MIN(blob.len / 5, MAILDROP_RCPTS_MAX);
	const char **rcpts = arena_new(a, (room + 1) * sizeof(*rcpts));
	size_t n = 0;

	for (; wire_more(&w) && n < room; n++) {
		rcpts[n] = wire_get_str(&w);
		if (rcpts[n][0] == '\0' || !is_address(a, rcpts[n])) {
			*why = "malformed recipient";
			return false;
		}
	}
	if (n == 0 || !wire_done(&w)) {
		*why = "malformed list of recipients";
		return false;
	}
	m->rcpts = rcpts;
	m->n_rcpts = n;
	return true;
}

static bool
get_fields(struct arena *a, const char *fields, size_t n, struct maildrop *m,
    const char **why)
{
	struct wire w = wire_open(fields, n);

	m->flags = wire_get_u32(&w);
	m->sender = wire_get_str(&w);
	struct slice rcpts = wire_get_blob(&w);
	*why = "malformed fields";
	if (!wire_done(&w) || (m->flags & ~(uint32_t)MAIL_BODY_8BIT) != 0)
		return false;
	*why = "malformed sender";
	return is_address(a, m->sender) && get_rcpts(a, rcpts, m, why);
}

bool
maildrop_read(int fd, struct arena *a, struct maildrop *out, const char **why)
{
	char prelude[PRELUDE];
	struct stat st;
	struct maildrop m = { 0 };

	*why = "not a plain file with one name";
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1)
		return false;
	*why = "no maildrop file";
	if (fd_pread_all(fd, prelude, PRELUDE, 0) < 0 ||
	    memcmp(prelude, magic, sizeof(magic)) != 0)
		return false;

	struct wire w = wire_open(prelude + sizeof(magic),
	    sizeof(prelude) - sizeof(magic));
	size_t fields_len = wire_get_u32(&w);
	m.content_len = wire_get_u64(&w);
	m.content_at = PRELUDE + fields_len;
	*why = "not of the length it says";
	if (fields_len > MAILDROP_FIELDS_MAX ||
	    (uint64_t)st.st_size < m.content_at ||
	    (uint64_t)st.st_size - m.content_at != m.content_len)
		return false;

	char *fields = arena_new(a, fields_len + 1);
	*why = "cannot be read";
	if (fd_pread_all(fd, fields, fields_len, PRELUDE) < 0 ||
	    !get_fields(a, fields, fields_len, &m, why))
		return false;
	*out = m;
	return true;
}
