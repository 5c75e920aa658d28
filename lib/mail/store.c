/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "fd.h"
#include "log.h"

struct store {
	MDB_env *env;
	MDB_dbi tables[STORE_TABLES_MAX];
	MDB_txn *writing; /* since the last commit, or NULL */
	int error;        /* of it; 0 while all is well */
};

/* What is asked for, on its way to the file. */
struct wish {
	const char *const *tables;
	size_t n;
	size_t map;
};

/* ---- opening ---- */

static int
open_tables(struct store *s, const struct wish *wish)
{
	MDB_txn *txn;
	int error = mdb_txn_begin(s->env, NULL, 0, &txn);

	if (error != 0)
		return error;
	for (size_t i = 0; i < wish->n && error == 0; i++)
		error = mdb_dbi_open(txn, wish->tables[i], MDB_CREATE,
		    &s->tables[i]);
	if (error == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return error;
}

/* LMDB reads a file by mapping it, and one that was cut short would end the
 * process. */
static int
check_length(struct store *s)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;
	int fd;
	int error = mdb_env_get_fd(s->env, &fd);

	if (error == 0)
		error = mdb_env_info(s->env, &info);
	if (error == 0)
		error = mdb_env_stat(s->env, &stat);
	if (error != 0)
		return error;
	if (fstat(fd, &st) < 0)
		return errno;
	return (size_t)st.st_size / stat.ms_psize <= info.me_last_pgno &&
		info.me_last_txnid > 0
	    ? MDB_CORRUPTED
	    : 0;
}

static int
open_file(struct store *s, const char *name, const struct wish *wish)
{
	int error = mdb_env_create(&s->env);

	if (error != 0)
		return error;
	error = mdb_env_set_mapsize(s->env, wish->map);
	if (error == 0)
		error = mdb_env_set_maxdbs(s->env, STORE_TABLES_MAX);
	if (error == 0)
		error = mdb_env_open(s->env, name,
		    MDB_NOSUBDIR | MDB_NOTLS | MDB_NOMETASYNC, 0600);
	if (error == 0)
		error = check_length(s);
	if (error == 0)
		error = open_tables(s, wish);
	if (error != 0) {
		mdb_env_close(s->env);
		s->env = NULL;
	}
	return error;
}

/* One that cannot be used is begun anew; an older generation goes on with the
 * file that it has. */
static int
open_or_begin(struct store *s, const char *name, const struct wish *wish)
{
	CLEAN_BUF struct buf lock = { 0 };
	int error = open_file(s, name, wish);

	if (error != MDB_INVALID && error != MDB_CORRUPTED &&
	    error != MDB_VERSION_MISMATCH && error != MDB_PAGE_NOTFOUND &&
	    error != MDB_INCOMPATIBLE)
		return error;
	buf_addf(&lock, "%s-lock", name);
	(void)unlink(name); /* the next try tells */
	(void)unlink(buf_str(&lock));
	return open_file(s, name, wish);
}

/* In the folder of path, as its owner.  Gives an error of LMDB or errno. */
static int
open_as_owner(struct store *s, const char *path, const char *name,
    const struct wish *wish)
{
	CLEAN_BUF struct buf folder = { 0 };
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct stat st;

	buf_add(&folder, path, (size_t)(name - path));
	CLEAN_FD int fd = open(buf_str(&folder),
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || fchdir(fd) < 0)
		return errno;
	if (uid == 0 && (st.st_uid == 0 || st.st_gid == 0))
		return EPERM;
	if (uid == 0 && (setegid(st.st_gid) < 0 || seteuid(st.st_uid) < 0))
		return errno;
	int error = open_or_begin(s, name, wish);
	if (uid == 0 && (seteuid(uid) < 0 || setegid(gid) < 0))
		log_panic("root's rights do not come back");
	return error;
}

struct store *
store_open(const char *path, const char *const *tables, size_t n, size_t map,
    const char **why)
{
	CLEAN_BUF struct buf file = { 0 };
	const struct wish wish = { tables, n, map };
	const char *slash = strrchr(path, '/');

	*why = "not a path of a file";
	if (slash == NULL || slash[1] == '\0' || n > STORE_TABLES_MAX)
		return NULL;
	buf_addf(&file, "%s.lmdb", path);
	struct store *s = xcalloc(1, sizeof(*s));
	int error = open_as_owner(s, buf_str(&file),
	    buf_str(&file) + (slash - path) + 1, &wish);
	if (error == 0)
		return s;
	*why = mdb_strerror(error);
	free(s);
	return NULL;
}

void
store_close(struct store **s)
{
	if (*s == NULL)
		return;
	if ((*s)->writing != NULL)
		mdb_txn_abort((*s)->writing);
	mdb_env_close((*s)->env);
	free(*s);
	*s = NULL;
}

/* ---- reading ---- */

/* The file may have grown beyond our map by the other generation, which has
 * other parameters. */
static int
begin(struct store *s, unsigned int flags, MDB_txn **txn)
{
	int error = mdb_txn_begin(s->env, NULL, flags, txn);

	if (error != MDB_MAP_RESIZED)
		return error;
	error = mdb_env_set_mapsize(s->env, 0);
	return error != 0 ? error : mdb_txn_begin(s->env, NULL, flags, txn);
}

/* What was put and is not committed is read as well. */
static int
begin_reading(struct store *s, MDB_txn **txn)
{
	*txn = s->writing;
	return s->writing != NULL ? 0 : begin(s, MDB_RDONLY, txn);
}

static void
end_reading(struct store *s, MDB_txn *txn)
{
	if (txn != s->writing)
		mdb_txn_abort(txn);
}

static MDB_val
val_of(struct slice s)
{
	return (MDB_val){ s.len, (void *)(uintptr_t)s.at };
}

static void
copy(struct buf *out, const MDB_val *v)
{
	buf_reset(out);
	buf_add(out, v->mv_data, v->mv_size);
}

static enum found
found(int error)
{
	if (error == 0)
		return FOUND_ONE;
	return error == MDB_NOTFOUND ? FOUND_NONE : FOUND_FAILED;
}

enum found
store_get(struct store *s, size_t table, struct slice key, struct buf *value)
{
	MDB_val k = val_of(key), v;
	MDB_txn *txn;

	buf_reset(value);
	if (s == NULL)
		return FOUND_NONE;
	if (begin_reading(s, &txn) != 0)
		return FOUND_FAILED;
	int error = mdb_get(txn, s->tables[table], &k, &v);
	if (error == 0)
		copy(value, &v);
	end_reading(s, txn);
	return found(error);
}

enum found
store_next(struct store *s, size_t table, struct slice from, struct buf *key,
    struct buf *value)
{
	MDB_val k = val_of(from), v;
	MDB_cursor *cursor;
	MDB_txn *txn;

	if (s == NULL)
		return FOUND_NONE;
	if (begin_reading(s, &txn) != 0)
		return FOUND_FAILED;
	int error = mdb_cursor_open(txn, s->tables[table], &cursor);
	if (error == 0) {
		error = mdb_cursor_get(cursor, &k, &v,
		    from.len > 0 ? MDB_SET_RANGE : MDB_FIRST);
		if (error == 0) {
			copy(key, &k);
			copy(value, &v);
		}
		mdb_cursor_close(cursor);
	}
	end_reading(s, txn);
	return found(error);
}

size_t
store_count(struct store *s, size_t table)
{
	MDB_stat stat = { 0 };
	MDB_txn *txn;

	if (s == NULL || begin_reading(s, &txn) != 0)
		return 0;
	int error = mdb_stat(txn, s->tables[table], &stat);
	end_reading(s, txn);
	return error == 0 ? stat.ms_entries : 0;
}

/* ---- writing ---- */

/* A transaction in which nothing has failed as yet. */
static bool
may_write(struct store *s)
{
	if (s == NULL)
		return false;
	if (s->writing == NULL && s->error == 0) {
		s->error = begin(s, 0, &s->writing);
		if (s->error != 0)
			s->writing = NULL;
	}
	return s->error == 0;
}

void
store_put(struct store *s, size_t table, struct slice key, struct slice value)
{
	MDB_val k = val_of(key), v = val_of(value);

	if (may_write(s))
		s->error = mdb_put(s->writing, s->tables[table], &k, &v, 0);
}

void
store_drop(struct store *s, size_t table, struct slice key)
{
	MDB_val k = val_of(key);

	if (!may_write(s))
		return;
	int error = mdb_del(s->writing, s->tables[table], &k, NULL);
	if (error != MDB_NOTFOUND)
		s->error = error;
}

bool
store_commit(struct store *s, const char **why)
{
	*why = NULL;
	if (s == NULL)
		return true;

	MDB_txn *txn = s->writing;
	int error = s->error;
	s->writing = NULL;
	s->error = 0;
	if (txn != NULL && error == 0)
		error = mdb_txn_commit(txn);
	else if (txn != NULL)
		mdb_txn_abort(txn);
	if (error != 0)
		*why = mdb_strerror(error);
	return error == 0;
}
