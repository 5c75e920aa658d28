/*
 * Two tables: `entries`, key to entry, and `ages`, the time of an entry and its
 * key to nothing, by which the oldest are found.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "callout_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "param.h"

/* Of address space: an entry with its key is rarely above 300 bytes, and pages
 * are half empty at worst. */
#define MAP_PER_ENTRY ((size_t)1200)
#define MAP_LEAST     ((size_t)16 << 20)

static struct {
	MDB_env *env;
	MDB_dbi entries, ages;
	MDB_txn *writing; /* of this round, or NULL */
	int error;        /* of it; 0 while all is well */
} cache;

/* ---- opening ---- */

static int
open_tables(void)
{
	MDB_txn *txn;
	int error = mdb_txn_begin(cache.env, NULL, 0, &txn);

	if (error != 0)
		return error;
	error = mdb_dbi_open(txn, "entries", MDB_CREATE, &cache.entries);
	if (error == 0)
		error = mdb_dbi_open(txn, "ages", MDB_CREATE, &cache.ages);
	if (error == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return error;
}

/* LMDB reads a file by mapping it, and one that was cut short would end the
 * process. */
static int
check_length(void)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;
	int fd;
	int error = mdb_env_get_fd(cache.env, &fd);

	if (error == 0)
		error = mdb_env_info(cache.env, &info);
	if (error == 0)
		error = mdb_env_stat(cache.env, &stat);
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
open_file(const char *name)
{
	size_t map = MAP_LEAST +
	    (size_t)params.address_verify_cache_limit * MAP_PER_ENTRY;
	int error = mdb_env_create(&cache.env);

	if (error != 0)
		return error;
	error = mdb_env_set_mapsize(cache.env, map);
	if (error == 0)
		error = mdb_env_set_maxdbs(cache.env, 2);
	if (error == 0)
		error = mdb_env_open(cache.env, name,
		    MDB_NOSUBDIR | MDB_NOTLS | MDB_NOMETASYNC, 0600);
	if (error == 0)
		error = check_length();
	if (error == 0)
		error = open_tables();
	if (error != 0)
		callout_cache_close();
	return error;
}

/* One that cannot be used is begun anew; an older generation goes on with the
 * file that it has. */
static int
open_or_begin(const char *name)
{
	CLEAN_BUF struct buf lock = { 0 };
	int error = open_file(name);

	if (error != MDB_INVALID && error != MDB_CORRUPTED &&
	    error != MDB_VERSION_MISMATCH && error != MDB_PAGE_NOTFOUND &&
	    error != MDB_INCOMPATIBLE)
		return error;
	buf_addf(&lock, "%s-lock", name);
	(void)unlink(name); /* the next try tells */
	(void)unlink(buf_str(&lock));
	return open_file(name);
}

/* In the folder of path, as its owner.  Gives an error of LMDB or errno. */
static int
open_as_owner(const char *path, const char *name)
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
	int error = open_or_begin(name);
	if (uid == 0 && (seteuid(uid) < 0 || setegid(gid) < 0))
		log_panic("root's rights do not come back");
	return error;
}

bool
callout_cache_open(const char *path, const char **why)
{
	CLEAN_BUF struct buf file = { 0 };
	const char *slash = strrchr(path, '/');

	*why = "not a path of a file";
	if (slash == NULL || slash[1] == '\0')
		return false;
	buf_addf(&file, "%s.lmdb", path);
	int error = open_as_owner(buf_str(&file),
	    buf_str(&file) + (slash - path) + 1);
	if (error != 0)
		*why = mdb_strerror(error);
	return error == 0;
}

void
callout_cache_close(void)
{
	if (cache.writing != NULL)
		mdb_txn_abort(cache.writing);
	if (cache.env != NULL)
		mdb_env_close(cache.env);
	memset(&cache, 0, sizeof(cache));
}

/* ---- transactions ---- */

/* The file may have grown beyond our map by the other generation, which has
 * other parameters. */
static int
begin(unsigned int flags, MDB_txn **txn)
{
	int error = mdb_txn_begin(cache.env, NULL, flags, txn);

	if (error != MDB_MAP_RESIZED)
		return error;
	error = mdb_env_set_mapsize(cache.env, 0);
	return error != 0 ? error : mdb_txn_begin(cache.env, NULL, flags, txn);
}

static MDB_val
val_of(const char *text)
{
	return (MDB_val){ strlen(text), (void *)(uintptr_t)text };
}

enum found
callout_cache_get(const char *key, int64_t now, struct buf *room,
    struct callout_entry *out)
{
	MDB_val k = val_of(key), v;
	MDB_txn *txn;

	if (cache.env == NULL)
		return FOUND_NONE;
	if (cache.writing == NULL && begin(MDB_RDONLY, &txn) != 0)
		return FOUND_FAILED;
	if (cache.writing != NULL)
		txn = cache.writing;

	int error = mdb_get(txn, cache.entries, &k, &v);
	buf_reset(room);
	if (error == 0)
		buf_add(room, v.mv_data, v.mv_size);
	if (txn != cache.writing)
		mdb_txn_abort(txn);
	if (error != 0)
		return error == MDB_NOTFOUND ? FOUND_NONE : FOUND_FAILED;
	return callout_entry_parse(room->text, room->len, out) &&
		callout_entry_age(out, now) != AGE_OVER
	    ? FOUND_ONE
	    : FOUND_NONE;
}

size_t
callout_cache_count(void)
{
	MDB_stat stat = { 0 };
	MDB_txn *txn = cache.writing;

	if (cache.env == NULL)
		return 0;
	if (txn == NULL && begin(MDB_RDONLY, &txn) != 0)
		return 0;
	int error = mdb_stat(txn, cache.entries, &stat);
	if (txn != cache.writing)
		mdb_txn_abort(txn);
	return error == 0 ? stat.ms_entries : 0;
}

/* ---- writing ---- */

static void
step(int error)
{
	if (cache.error == 0)
		cache.error = error;
}

static void
put_age_key(struct buf *out, int64_t when, const char *key)
{
	wire_put_u64(out, when > 0 ? (uint64_t)when : 0);
	buf_adds(out, key);
}

/* The age of an entry that is replaced. */
static void
drop_old_age(MDB_val *key)
{
	CLEAN_BUF struct buf age = { 0 };
	CLEAN_BUF struct buf name = { 0 };
	struct callout_entry old;
	MDB_val v;

	if (mdb_get(cache.writing, cache.entries, key, &v) != 0 ||
	    !callout_entry_parse(v.mv_data, v.mv_size, &old))
		return;
	buf_add(&name, key->mv_data, key->mv_size);
	put_age_key(&age, old.when, buf_str(&name));
	MDB_val k = { age.len, age.text };
	int error = mdb_del(cache.writing, cache.ages, &k, NULL);
	step(error == MDB_NOTFOUND ? 0 : error);
}

/* The oldest entry; its key lies behind the time in that of its age. */
static void
drop_oldest(void)
{
	MDB_cursor *cursor;
	MDB_val k, v;
	int error = mdb_cursor_open(cache.writing, cache.ages, &cursor);

	step(error);
	if (error != 0)
		return;
	error = mdb_cursor_get(cursor, &k, &v, MDB_FIRST);
	if (error == 0 && k.mv_size > 8) {
		MDB_val key = { k.mv_size - 8, (char *)k.mv_data + 8 };
		int gone = mdb_del(cache.writing, cache.entries, &key, NULL);

		step(gone == MDB_NOTFOUND ? 0 : gone);
	}
	if (error == 0)
		error = mdb_cursor_del(cursor, 0);
	step(error == MDB_NOTFOUND ? 0 : error);
	mdb_cursor_close(cursor);
}

void
callout_cache_put(const char *key, const struct callout_entry *e)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf age = { 0 };

	if (cache.env == NULL)
		return;
	if (cache.writing == NULL) {
		cache.error = begin(0, &cache.writing);
		if (cache.error != 0) {
			cache.writing = NULL;
			return;
		}
	}
	callout_entry_put(&value, e);
	put_age_key(&age, e->when, key);
	MDB_val k = val_of(key), v = { value.len, value.text };
	MDB_val a = { age.len, age.text }, nothing = { 0, NULL };
	if (cache.error == 0)
		drop_old_age(&k);
	if (cache.error == 0)
		step(mdb_put(cache.writing, cache.entries, &k, &v, 0));
	if (cache.error == 0)
		step(mdb_put(cache.writing, cache.ages, &a, &nothing, 0));

	size_t limit = (size_t)params.address_verify_cache_limit;
	for (size_t n = callout_cache_count(); cache.error == 0 && n > limit;
	     n--)
		drop_oldest();
}

bool
callout_cache_commit(const char **why)
{
	MDB_txn *txn = cache.writing;
	int error = cache.error;

	cache.writing = NULL;
	cache.error = 0;
	if (txn != NULL && error == 0)
		error = mdb_txn_commit(txn);
	else if (txn != NULL)
		mdb_txn_abort(txn);
	*why = error != 0 ? mdb_strerror(error) : NULL;
	return error == 0;
}
