/*
 * mbox: one file, messages behind one another, each begun by a From_ line.
 *
 * The file is locked as mailbox_delivery_lock says; what was added is taken
 * away again when not all of it could be written and flushed.
 *
 * The dotlock of x is called like the mailbox of a user x.lock: what holds mail
 * is never removed as a lock, nor is mail written to what may be one.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "deliver_text.h"
#include "fd.h"
#include "param.h"
#include "str.h"

#define LOCK_SUFFIX ".lock"
#define LOCK_MAX    256 /* bytes in a lock: a process, and its host */

struct mbox {
	struct buf lock; /* the dotlock's path, while it is ours */
	int file;
	off_t before; /* the length to go back to */
	bool armed;   /* something may have been added */
};

static bool
begins_a_mailbox(int fd)
{
	static const char from[] = "From ";
	char first[sizeof(from) - 1];

	return fd_pread_all(fd, first, sizeof(first), 0) == 0 &&
	    memcmp(first, from, sizeof(first)) == 0;
}

/* A file that is empty, or that we can read and that is short and not mail; or
 * a link. */
static bool
is_lock(const char *path)
{
	CLEAN_FD int fd = open(path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (lstat(path, &st) < 0 || S_ISDIR(st.st_mode))
		return false;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return true;
	return fd >= 0 && st.st_size <= LOCK_MAX && !begins_a_mailbox(fd);
}

static bool
is_stale(const struct stat *st)
{
	return clock_wall() / SECOND - st->st_mtime >
	    params.stale_lock_time / SECOND;
}

static void
mbox_free(struct mbox *b)
{
	if (b->armed && ftruncate(b->file, b->before) == 0)
		(void)fsync(b->file); /* the failure is already being said */
	close_fd(&b->file);
	if (b->lock.len > 0 && is_lock(buf_str(&b->lock)))
		(void)unlink(buf_str(&b->lock)); /* grows stale, then */
	buf_free(&b->lock);
}

static bool
has_lock(const struct msg_deliver *m, const char *name)
{
	struct slice rest = slice_of(m->user[0] != '\0'
		? params.mailbox_delivery_lock
		: params.virtual_mailbox_lock);
	struct slice item;

	while (slice_next_item(&rest, &item))
		if (slice_eq(item, name))
			return true;
	return false;
}

static void
wait_for_lock(void)
{
	int64_t ms = params.deliver_lock_delay;
	struct timespec ts = { .tv_sec = ms / SECOND,
		.tv_nsec = ms % SECOND * 1000000 };

	(void)nanosleep(&ts, NULL); /* cut short is well too */
}

static void
drop_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && is_stale(&st) && is_lock(path))
		(void)unlink(path); /* the next attempt says why not */
}

static bool
make_dotlock(struct mbox *b, const char *mailbox)
{
	buf_addf(&b->lock, "%s" LOCK_SUFFIX, mailbox);
	for (int64_t i = 0; i < params.deliver_lock_attempts; i++) {
		int fd = open(buf_str(&b->lock),
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		if (fd >= 0)
			return close(fd) == 0;
		if (errno != EEXIST) {
			buf_reset(&b->lock);
			return false;
		}
		drop_stale(buf_str(&b->lock));
		wait_for_lock();
	}
	buf_reset(&b->lock);
	errno = EAGAIN;
	return false;
}

static bool
lock_file(const struct msg_deliver *m, int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	bool by_fcntl = has_lock(m, "fcntl");
	bool by_flock = has_lock(m, "flock");

	for (int64_t i = 0; i < params.deliver_lock_attempts; i++) {
		if ((!by_fcntl || fcntl(fd, F_SETLK, &whole) == 0) &&
		    (!by_flock || flock(fd, LOCK_EX | LOCK_NB) == 0))
			return true;
		if (errno != EAGAIN && errno != EACCES)
			return false;
		wait_for_lock();
	}
	errno = EAGAIN;
	return false;
}

/* A mailbox is a file with one name, because a link made by somebody else could
 * lead our rights to another file; and it is the recipient's, where it is not
 * one that the administrator or the user has named. */
static bool
is_mailbox(int fd, bool named, const char **why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	if (!S_ISREG(st.st_mode))
		*why = "not a regular file";
	else if (st.st_nlink != 1)
		*why = "the file has more than one name";
	else if (!named && st.st_uid != geteuid())
		*why = "the file is not owned by the recipient";
	return *why == NULL;
}

/* Opens it, or makes it.  A file x.lock that was there and holds no mail may be
 * the dotlock of x, unless it has grown stale: EAGAIN. */
static int
open_or_make(const char *path)
{
	int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC;
	struct stat st;

	if (!str_ends(path, LOCK_SUFFIX))
		return open(path, flags | O_CREAT, 0600);
	CLEAN_FD int fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	if (fd >= 0 || errno != EEXIST)
		return TAKE_FD(fd);
	fd = open(path, flags);
	if (fd >= 0 && fstat(fd, &st) == 0 && !begins_a_mailbox(fd) &&
	    (st.st_size > 0 || !is_stale(&st))) {
		close_fd(&fd);
		errno = EAGAIN;
	}
	return TAKE_FD(fd);
}

static bool
open_mbox(struct mbox *b, const struct msg_deliver *m, const char **why)
{
	bool named = m->kind == DELIVER_FILE;

	if (has_lock(m, "dotlock") && !make_dotlock(b, m->target) &&
	    (!named || (errno != EACCES && errno != EROFS)))
		return false;
	b->file = open_or_make(m->target);
	if (b->file < 0 || !is_mailbox(b->file, named, why) ||
	    !lock_file(m, b->file))
		return false;
	b->before = lseek(b->file, 0, SEEK_END);
	return b->before >= 0;
}

static bool
write_piece(void *owner, const struct buf *piece)
{
	const struct mbox *b = owner;

	return fd_write_all(b->file, piece->text, piece->len) == 0;
}

/* What a crash has left of the message before ends somewhere in a line: a From_
 * line behind it would be part of that one. */
static bool
end_last_line(const struct mbox *b)
{
	char last;

	if (b->before == 0)
		return true;
	if (fd_pread_all(b->file, &last, 1, b->before - 1) < 0)
		return false;
	return last == '\n' || fd_write_all(b->file, "\n\n", 2) == 0;
}

/* Who does not know our locks may have removed the file meanwhile. */
static bool
is_still_there(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	errno = EAGAIN;
	return st.st_nlink > 0;
}

static bool
append(struct mbox *b, const struct msg_deliver *m, int mail)
{
	if (m->limit > 0 && (uint64_t)b->before + deliver_size(m) > m->limit) {
		errno = EFBIG;
		return false;
	}
	b->armed = true;
	if (!end_last_line(b) ||
	    !deliver_text_each(m, mail, true, true, write_piece, b) ||
	    fd_write_all(b->file, "\n", 1) < 0 || fsync(b->file) < 0 ||
	    !is_still_there(b->file))
		return false;
	b->armed = false;
	return true;
}

void
deliver_mbox(const struct msg_deliver *m, int mail, struct deliver_result *r)
{
	CLEANUP(mbox_free) struct mbox b = { .file = -1 };
	const char *why = NULL;
	bool file = m->kind == DELIVER_FILE;

	if (file && str_eq(m->target, "/dev/null")) {
		deliver_say(r, OUTCOME_SENT, "2.0.0",
		    "delivered to file: /dev/null");
		return;
	}
	if (open_mbox(&b, m, &why) && append(&b, m, mail)) {
		if (file)
			deliver_say(r, OUTCOME_SENT, "2.0.0",
			    "delivered to file: %s", m->target);
		else
			deliver_say(r, OUTCOME_SENT, "2.0.0",
			    "delivered to mailbox");
	} else if (why != NULL) {
		deliver_say(r, OUTCOME_DEFER, "4.2.0",
		    "cannot update mailbox %s: %s", m->target, why);
	} else {
		deliver_say_error(r, "cannot update mailbox", m->target);
	}
}
