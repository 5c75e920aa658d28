/*
 * Maildir: the file is written in tmp/, flushed, renamed to new/, and the
 * folder flushed; only then is the message delivered.
 *
 * The name is made of the time and of the file's device and inode, which no
 * other file in the folder can have, and of this host's name.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "deliver_text.h"
#include "fd.h"
#include "param.h"

struct maildir {
	int folder;
	int file;
	struct buf tmp; /* "tmp/..." */
	struct buf new; /* "new/..." */
	bool armed;     /* tmp exists and is to be removed */
};

static void
maildir_free(struct maildir *d)
{
	if (d->armed)
		(void)unlinkat(d->folder, buf_str(&d->tmp), 0); /* litter */
	close_fd(&d->file);
	close_fd(&d->folder);
	buf_free(&d->tmp);
	buf_free(&d->new);
}

static bool
open_folder(struct maildir *d, const char *path)
{
	static const char *const subs[] = { "tmp", "new", "cur" };

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return false;
	d->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->folder < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(subs); i++)
		if (mkdirat(d->folder, subs[i], 0700) < 0 && errno != EEXIST)
			return false;
	return true;
}

/* The separators of Maildir names are written as numbers. */
static void
add_host(struct buf *out)
{
	for (const char *p = params.myhostname; *p != '\0'; p++)
		if (*p == '/' || *p == ':')
			buf_addf(out, "\\%03o", (unsigned int)*p);
		else
			buf_addc(out, *p);
}

static bool
open_tmp(struct maildir *d)
{
	int64_t now = clock_wall_us();
	struct stat st;

	buf_addf(&d->tmp, "tmp/%" PRId64 ".P%d.", now, (int)getpid());
	add_host(&d->tmp);
	d->file = openat(d->folder, buf_str(&d->tmp),
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d->file < 0)
		return false;
	d->armed = true;
	if (fstat(d->file, &st) < 0)
		return false;
	buf_addf(&d->new, "new/%" PRId64 ".V%jxI%jxM%06d.", now / 1000000,
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, (int)(now % 1000000));
	add_host(&d->new);
	return true;
}

static bool
write_piece(void *owner, const struct buf *piece)
{
	const int *fd = owner;

	return fd_write_all(*fd, piece->text, piece->len) == 0;
}

/* The rename is safe when the folder's new state is on disk. */
static bool
commit(struct maildir *d)
{
	CLEAN_FD int new = -1;

	if (fsync(d->file) < 0)
		return false;
	if (renameat2(d->folder, buf_str(&d->tmp), d->folder, buf_str(&d->new),
		RENAME_NOREPLACE) < 0 &&
	    (errno != EINVAL ||
		renameat(d->folder, buf_str(&d->tmp), d->folder,
		    buf_str(&d->new)) < 0))
		return false;
	d->armed = false;
	new = openat(d->folder, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return new >= 0 && fsync(new) == 0;
}

void
deliver_maildir(const struct msg_deliver *m, int mail, struct deliver_result *r)
{
	CLEANUP(maildir_free) struct maildir d = { .folder = -1, .file = -1 };

	if (m->limit > 0 && deliver_size(m) > m->limit)
		errno = EFBIG;
	else if (open_folder(&d, m->target) && open_tmp(&d) &&
	    deliver_text_each(m, mail, false, false, write_piece, &d.file) &&
	    commit(&d)) {
		deliver_say(r, OUTCOME_SENT, "2.0.0", "delivered to maildir");
		return;
	}
	deliver_say_error(r, "cannot deliver to maildir", m->target);
}
