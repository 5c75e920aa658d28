/*
 * lmdb:PATH - writing (table_lmdb.h says how reading and writing go together).
 *
 * Errors of LMDB stick in the writer and are judged once.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "table_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "table_type.h"

#define MAP_SIZE ((size_t)16 << 30) /* of address space alone */
#define FORMAT   1

struct writer {
	struct buf path; /* the table's place */
	struct buf file; /* what is written: that, or a draft beside it */
	bool draft;
	int fd; /* holds the lock */
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	int error;        /* of LMDB or the system; 0 while all is well */
	const char *what; /* what was being done */
};

static void
step(struct writer *w, const char *what, int error)
{
	if (w->error != 0 || error == 0)
		return;
	w->error = error;
	w->what = what;
}

void
lmdb_put_meta(struct buf *out, const struct stat *source)
{
	buf_addf(out, "%d", FORMAT);
	if (source != NULL)
		buf_addf(out, " %" PRIdMAX ".%09ld %" PRIdMAX,
		    (intmax_t)source->st_mtim.tv_sec, source->st_mtim.tv_nsec,
		    (intmax_t)source->st_size);
}

/* ---- one writer at a time ---- */

static void
pause_ms(int64_t ms)
{
	struct timespec t = { ms / SECOND, ms % SECOND * 1000000 };

	(void)nanosleep(&t, NULL); /* may be short: who calls looks again */
}

/* False where the file is no longer the one under this name. */
static bool
still_there(const struct writer *w)
{
	struct stat mine, there;

	return fstat(w->fd, &mine) == 0 &&
	    stat(buf_str(&w->path), &there) == 0 &&
	    mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

static void
lock(struct writer *w)
{
	int64_t until = clock_mono() + LMDB_WAIT;

	while (flock(w->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			step(w, "lock", errno);
			return;
		}
		if (clock_mono() >= until) {
			step(w, "wait for another program that builds it",
			    EAGAIN);
			return;
		}
		pause_ms(20);
	}
}

/* Waits until the last commit is LMDB_GRACE old. */
static void
wait_for_readers(const struct writer *w)
{
	struct stat st;

	while (fstat(w->fd, &st) == 0) {
		int64_t age = clock_wall() -
		    ((int64_t)st.st_mtim.tv_sec * SECOND +
			st.st_mtim.tv_nsec / 1000000);
		if (age < 0 || age >= LMDB_GRACE)
			return;
		pause_ms(LMDB_GRACE - age + 1);
	}
}

/* ---- opening and closing ---- */

static void
start_draft(struct writer *w, const struct stat *source)
{
	mode_t mode = source != NULL ? source->st_mode & 0666 : 0644;

	w->draft = true;
	buf_addf(&w->file, "%s.XXXXXX", buf_str(&w->path));
	w->fd = mkostemp(w->file.text, O_CLOEXEC);
	if (w->fd < 0) {
		step(w, "create", errno);
		w->draft = false;
	} else if (fchmod(w->fd, mode | 0600) < 0)
		step(w, "chmod", errno);
}

static void
open_file(struct writer *w, const struct stat *source, bool may_create)
{
	do {
		close_fd(&w->fd);
		w->fd = open(buf_str(&w->path), O_RDWR | O_CLOEXEC);
		if (w->fd < 0 && errno == ENOENT && may_create) {
			start_draft(w, source);
			return;
		}
		if (w->fd < 0) {
			step(w, "open", errno);
			return;
		}
		lock(w);
	} while (w->error == 0 && !still_there(w));
	buf_adds(&w->file, buf_str(&w->path));
	if (w->error == 0)
		wait_for_readers(w);
}

static void
writer_open(struct writer *w, const char *path, const struct stat *source,
    bool may_create)
{
	*w = (struct writer){ .fd = -1 };
	buf_addf(&w->path, "%s" LMDB_SUFFIX, path);
	open_file(w, source, may_create);
	if (w->error != 0)
		return;
	step(w, "open", mdb_env_create(&w->env));
	if (w->error == 0)
		step(w, "map", mdb_env_set_mapsize(w->env, MAP_SIZE));
	if (w->error == 0)
		step(w, "open",
		    mdb_env_open(w->env, buf_str(&w->file),
			MDB_NOSUBDIR | MDB_NOLOCK, 0600));
	if (w->error == 0)
		step(w, "begin", mdb_txn_begin(w->env, NULL, 0, &w->txn));
	if (w->error == 0)
		step(w, "open", mdb_dbi_open(w->txn, NULL, 0, &w->dbi));
}

static void
put(struct writer *w, const char *key, size_t key_len, const char *value,
    size_t len)
{
	MDB_val k = { key_len, (void *)(uintptr_t)key };
	MDB_val v = { len, (void *)(uintptr_t)value };

	if (w->error == 0)
		step(w, "write", mdb_put(w->txn, w->dbi, &k, &v, 0));
}

/* Commits, unless something went wrong before, and closes. */
static bool
writer_end(struct writer *w, const char **why)
{
	if (w->txn != NULL && w->error == 0)
		step(w, "commit", mdb_txn_commit(w->txn));
	else if (w->txn != NULL)
		mdb_txn_abort(w->txn);
	if (w->env != NULL)
		mdb_env_close(w->env);
	if (w->error == 0 && w->draft &&
	    rename(buf_str(&w->file), buf_str(&w->path)) < 0)
		step(w, "rename", errno);
	if (w->error != 0 && w->draft)
		(void)unlink(buf_str(&w->file)); /* nobody knows of it */
	if (w->error != 0)
		*why = table_why("%s: cannot %s: %s%s", buf_str(&w->path),
		    w->what, mdb_strerror(w->error),
		    w->error == MDB_INVALID || w->error == MDB_CORRUPTED ||
			    w->error == MDB_VERSION_MISMATCH
			? ": remove it, build it again and reload"
			: "");
	close_fd(&w->fd);
	buf_free(&w->path);
	buf_free(&w->file);
	return w->error == 0;
}

bool
lmdb_rebuild(const char *path, const struct source *entries,
    const struct stat *source, const char **why)
{
	CLEAN_BUF struct buf meta = { 0 };
	struct writer w;

	writer_open(&w, path, source, true);
	if (w.error == 0)
		step(&w, "empty", mdb_drop(w.txn, w.dbi, 0));
	for (size_t i = 0; i < entries->n; i++) {
		const struct source_entry *e = entries->at[i];
		put(&w, e->key, strlen(e->key), e->value, strlen(e->value));
	}
	lmdb_put_meta(&meta, source);
	put(&w, LMDB_META, sizeof(LMDB_META) - 1, buf_str(&meta), meta.len);
	return writer_end(&w, why);
}

enum found
lmdb_delete(const char *path, const char *key, const char **why)
{
	CLEAN_STR char *folded = xstrdup(key);
	MDB_val k = { strlen(folded), folded };
	enum found found = FOUND_ONE;
	struct writer w;

	if (k.mv_size == 0 || k.mv_size > SOURCE_KEY_MAX)
		return FOUND_NONE;
	str_lower(folded);
	writer_open(&w, path, NULL, false);
	if (w.error == 0) {
		int error = mdb_del(w.txn, w.dbi, &k, NULL);
		if (error == MDB_NOTFOUND)
			found = FOUND_NONE;
		else
			step(&w, "delete", error);
	}
	return writer_end(&w, why) ? found : FOUND_FAILED;
}
