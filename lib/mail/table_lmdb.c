/*
 * lmdb:PATH - asking (table_lmdb.h says how reading and writing go together).
 *
 * The map starts a few times larger than the file and grows with it, because a
 * program's address space is limited.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "table_lmdb.h"

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table_type.h"

#define MAP_LEAST  ((size_t)32 << 20)
#define SPARE_MOST ((size_t)1 << 30)
#define TRIES      100 /* commits that may come between */

struct reader {
	MDB_env *env;
	MDB_dbi dbi;
};

static size_t
map_for(off_t file)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t spare = MIN(3 * (size_t)file, SPARE_MOST);
	size_t wish = MAX(MAP_LEAST, (size_t)file + spare);

	return (wish + page - 1) / page * page;
}

/* The table was rebuilt larger than the map. */
static int
grow(struct reader *r)
{
	struct stat st;
	int fd;

	if (mdb_env_get_fd(r->env, &fd) != 0 || fstat(fd, &st) < 0)
		return MDB_MAP_RESIZED;
	return mdb_env_set_mapsize(r->env, map_for(st.st_size));
}

static int
begin(struct reader *r, MDB_txn **txn)
{
	int error = mdb_txn_begin(r->env, NULL, MDB_RDONLY, txn);

	if (error != MDB_MAP_RESIZED)
		return error;
	error = grow(r);
	return error != 0 ? error
			  : mdb_txn_begin(r->env, NULL, MDB_RDONLY, txn);
}

/* Whether what was read since the transaction began is what was committed. */
static bool
still_valid(struct reader *r, MDB_txn *txn)
{
	MDB_envinfo info;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return mdb_env_info(r->env, &info) == 0 &&
	    info.me_last_txnid == mdb_txn_id(txn);
}

static void
reader_close(void *state)
{
	struct reader *r = state;

	mdb_env_close(r->env);
	free(r);
}

static int
open_env(struct reader *r, const char *path)
{
	struct stat st;
	MDB_txn *txn;
	int error = mdb_env_create(&r->env);

	if (error != 0)
		return error;
	if (stat(path, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	error = mdb_env_set_mapsize(r->env, map_for(st.st_size));
	if (error == 0)
		error = mdb_env_open(r->env, path,
		    MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0);
	if (error == 0)
		error = mdb_txn_begin(r->env, NULL, MDB_RDONLY, &txn);
	if (error != 0)
		return error;
	error = mdb_dbi_open(txn, NULL, 0, &r->dbi);
	(void)mdb_txn_commit(txn); /* nothing was written */
	return error;
}

static void *
lmdb_open(const char *name, const char **why)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	CLEAN_BUF struct buf path = { 0 };

	buf_addf(&path, "%s" LMDB_SUFFIX, name);
	int error = open_env(r, buf_str(&path));
	if (error == 0)
		return r;
	*why = table_why("lmdb:%s: %s: %s: build it with mtable or newaliases",
	    name, buf_str(&path), mdb_strerror(error));
	reader_close(r);
	return NULL;
}

/* One try: *stale is set where a commit came between. */
static enum found
get_once(struct reader *r, const char *key, struct buf *out, bool *stale)
{
	MDB_val k = { strlen(key), (void *)(uintptr_t)key };
	size_t before = out->len;
	MDB_txn *txn;
	MDB_val v;

	if (begin(r, &txn) != 0)
		return FOUND_FAILED;
	int error = mdb_get(txn, r->dbi, &k, &v);
	if (error == 0)
		buf_add(out, v.mv_data, v.mv_size);
	*stale = !still_valid(r, txn);
	mdb_txn_abort(txn);

	if (error == 0 && !*stale)
		return FOUND_ONE;
	buf_cut(out, before);
	return error == MDB_NOTFOUND ? FOUND_NONE : FOUND_FAILED;
}

static enum found
lmdb_get(void *state, const char *key, struct buf *out)
{
	CLEAN_STR char *folded = xstrdup(key);
	enum found found = FOUND_FAILED;
	bool stale = true;

	if (key[0] == '\0' || strlen(key) > SOURCE_KEY_MAX)
		return FOUND_NONE;
	str_lower(folded);
	for (int i = 0; stale && i < TRIES; i++)
		found = get_once(state, folded, out, &stale);
	return stale ? FOUND_FAILED : found;
}

static bool
is_meta(const MDB_val *key)
{
	return key->mv_size == sizeof(LMDB_META) - 1 &&
	    memcmp(key->mv_data, LMDB_META, key->mv_size) == 0;
}

static bool
give(table_each_fn *fn, void *arg, const MDB_val *k, const MDB_val *v)
{
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf value = { 0 };

	buf_add(&key, k->mv_data, k->mv_size);
	buf_add(&value, v->mv_data, v->mv_size);
	return fn(arg, buf_str(&key), buf_str(&value));
}

static bool
lmdb_each(void *state, table_each_fn *fn, void *arg)
{
	struct reader *r = state;
	MDB_cursor *cursor;
	MDB_txn *txn;
	MDB_val k, v;

	if (begin(r, &txn) != 0)
		return false;
	int error = mdb_cursor_open(txn, r->dbi, &cursor);
	if (error != 0) {
		mdb_txn_abort(txn);
		return false;
	}
	bool more = true;
	while (more && (error = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0)
		more = is_meta(&k) || give(fn, arg, &k, &v);
	bool valid = still_valid(r, txn);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return error == MDB_NOTFOUND && valid;
}

const struct table_type table_lmdb = {
	.name = "lmdb",
	.open = lmdb_open,
	.get = lmdb_get,
	.close = reader_close,
	.each = lmdb_each,
};

enum found
lmdb_is_fresh(const char *path, const struct stat *source, const char **why)
{
	struct reader *r = lmdb_open(path, why);
	MDB_val k = { sizeof(LMDB_META) - 1, (void *)(uintptr_t)LMDB_META };
	CLEAN_BUF struct buf now = { 0 };
	MDB_txn *txn;
	MDB_val v;

	if (r == NULL)
		return FOUND_FAILED;
	lmdb_put_meta(&now, source);
	if (begin(r, &txn) != 0) {
		reader_close(r);
		*why = table_why("lmdb:%s: it cannot be read", path);
		return FOUND_FAILED;
	}
	bool same = mdb_get(txn, r->dbi, &k, &v) == 0 && v.mv_size == now.len &&
	    memcmp(v.mv_data, now.text, now.len) == 0;
	mdb_txn_abort(txn);
	reader_close(r);
	return same ? FOUND_ONE : FOUND_NONE;
}
