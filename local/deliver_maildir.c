/*
 * Maildir: files are written in tmp/, flushed, renamed to new/, and the folder
 * flushed; only then are the messages delivered.  Those that come together
 * share the flushes: of up to FEW files each by itself, of more by one
 * syncfs(2), where the file system is known to have all on the disk after it.
 *
 * A name is made of the time and of the file's device and inode, which no other
 * file in the folder can have, and of this host's name.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clock.h"
#include "deliver_text.h"
#include "fd.h"
#include "param.h"

#define FEW 3

/* One message on its way. */
struct letter {
	struct deliver_mail *mail;
	int file;
	struct buf tmp; /* "tmp/..." */
	struct buf new; /* "new/..." */
	bool armed;     /* tmp exists and is to be removed */
};

struct maildir {
	const char *path;
	int folder;
	struct letter *letters;
	size_t n;
};

static void
maildir_free(struct maildir *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct letter *l = &d->letters[i];

		if (l->armed) /* litter, where this fails */
			(void)unlinkat(d->folder, buf_str(&l->tmp), 0);
		close_fd(&l->file);
		buf_free(&l->tmp);
		buf_free(&l->new);
	}
	free(d->letters);
	close_fd(&d->folder);
}

static void
fail(const struct maildir *d, struct letter *l)
{
	deliver_say_error(&l->mail->result, "cannot deliver to maildir",
	    d->path);
}

/* All that are still on their way, for one reason. */
static void
fail_all(const struct maildir *d)
{
	int error = errno;

	for (size_t i = 0; i < d->n; i++) {
		errno = error;
		if (d->letters[i].mail->result.outcome == OUTCOME_NONE)
			fail(d, &d->letters[i]);
	}
}

static bool
open_folder(struct maildir *d)
{
	static const char *const subs[] = { "tmp", "new", "cur" };

	if (mkdir(d->path, 0700) < 0 && errno != EEXIST)
		return false;
	d->folder = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
open_tmp(const struct maildir *d, struct letter *l)
{
	int64_t now = clock_wall_us();
	struct stat st;

	buf_addf(&l->tmp, "tmp/%" PRId64 ".P%dQ%zu.", now, (int)getpid(),
	    (size_t)(l - d->letters));
	add_host(&l->tmp);
	l->file = openat(d->folder, buf_str(&l->tmp),
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (l->file < 0)
		return false;
	l->armed = true;
	if (fstat(l->file, &st) < 0)
		return false;
	buf_addf(&l->new, "new/%" PRId64 ".V%jxI%jxM%06d.", now / 1000000,
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, (int)(now % 1000000));
	add_host(&l->new);
	return true;
}

static bool
write_piece(void *owner, const struct buf *piece)
{
	const int *fd = owner;

	return fd_write_all(*fd, piece->text, piece->len) == 0;
}

static bool
write_letter(const struct maildir *d, struct letter *l)
{
	const struct msg_deliver *m = &l->mail->m;

	if (m->limit > 0 && deliver_size(m) > m->limit) {
		errno = EFBIG;
		return false;
	}
	return open_tmp(d, l) &&
	    deliver_text_each(m, l->mail->file, false, false, write_piece,
		&l->file);
}

static bool
flush_letter(const struct maildir *d __attribute__((unused)), struct letter *l)
{
	return fsync(l->file) == 0;
}

static bool
rename_letter(const struct maildir *d, struct letter *l)
{
	const char *tmp = buf_str(&l->tmp), *new = buf_str(&l->new);

	if (renameat2(d->folder, tmp, d->folder, new, RENAME_NOREPLACE) < 0 &&
	    (errno != EINVAL || renameat(d->folder, tmp, d->folder, new) < 0))
		return false;
	l->armed = false;
	return true;
}

/* Does it for each that is still on its way; gives how many then are. */
static size_t
each(const struct maildir *d,
    bool (*step)(const struct maildir *d, struct letter *l))
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct letter *l = &d->letters[i];

		if (l->mail->result.outcome != OUTCOME_NONE)
			continue;
		if (step(d, l))
			n++;
		else
			fail(d, l);
	}
	return n;
}

/* On others syncfs() may leave out what a server, or a program, has to do. */
static bool
can_sync_whole(int folder)
{
	static const long known[] = { EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,
		BTRFS_SUPER_MAGIC };
	struct statfs st;

	if (fstatfs(folder, &st) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (st.f_type == known[i])
			return true;
	return false;
}

static void
flush_letters(const struct maildir *d, size_t n)
{
	if (n <= FEW || !can_sync_whole(d->folder))
		(void)each(d, flush_letter);
	else if (syncfs(d->folder) < 0)
		fail_all(d);
}

/* The names are safe when the folder's new state is on disk. */
static bool
flush_names(const struct maildir *d)
{
	CLEAN_FD int new = openat(d->folder, "new",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return new >= 0 && fsync(new) == 0;
}

void
deliver_maildir(struct deliver_mail *mails, size_t n)
{
	CLEANUP(maildir_free)
	struct maildir d = {
		.path = mails[0].m.target,
		.folder = -1,
		.letters = xcalloc(n, sizeof(struct letter)),
		.n = n,
	};

	for (size_t i = 0; i < n; i++) {
		d.letters[i].mail = &mails[i];
		d.letters[i].file = -1;
	}
	if (!open_folder(&d)) {
		fail_all(&d);
		return;
	}
	flush_letters(&d, each(&d, write_letter));
	if (each(&d, rename_letter) > 0 && !flush_names(&d))
		fail_all(&d);
	for (size_t i = 0; i < n; i++)
		if (mails[i].result.outcome == OUTCOME_NONE)
			deliver_say(&mails[i].result, OUTCOME_SENT, "2.0.0",
			    "delivered to maildir");
}
