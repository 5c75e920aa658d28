/*
 * What is done to messages while no queue manager runs.
 *
 * Its lock is asked for first, and kept to the end.  A file is moved, removed,
 * or gets an entry in its journal that says what the queue manager is to do
 * with it: it acts on that when it reads the file at its start.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "mqueue.h"
#include "param.h"
#include "qline.h"
#include "str.h"
#include "tool.h"

/* The folder of cur/ that it goes to, which qmgr makes else. */
static void
make_folder(const char *path)
{
	CLEAN_BUF struct buf folder = { 0 };
	struct stat st;

	if (fstatat(files_open(), spool_dir_name(SPOOL_CUR), &st, 0) < 0)
		return; /* the rename says what is wrong */
	buf_addf(&folder, "%s/%.*s", params.queue_directory,
	    (int)(strrchr(path, '/') - path), path);
	if (fd_make_dir(buf_str(&folder), 0700, st.st_uid, st.st_gid) < 0)
		tool_say("%s: %s", buf_str(&folder), strerror(errno));
}

static bool
move(const char *id, enum spool_dir from, enum spool_dir to)
{
	char old_path[SPOOL_PATH_MAX], new_path[SPOOL_PATH_MAX];
	int queue = files_open();

	spool_path(old_path, from, id);
	spool_path(new_path, to, id);
	if (to == SPOOL_CUR)
		make_folder(new_path);
	/* As qmgr does it: no message is ever replaced by another. */
	if (renameat2(queue, old_path, queue, new_path, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != ENOENT)
		tool_say("%s: %s", old_path, strerror(errno));
	return false;
}

/* ---- the journal ---- */

typedef void entries_fn(struct buf *entries, const struct spool_message *m);

/* Its own clock is over, but it remembers how often it was tried. */
static void
put_flush(struct buf *entries, const struct spool_message *m)
{
	spool_entry_retry(entries, m->attempts, 0);
}

static void
put_requeue(struct buf *entries, const struct spool_message *m)
{
	(void)m; /* as if it were new */
	spool_entry_retry(entries, 0, 0);
}

/* As qmgr gives up who waits: it has the notification still to send. */
static void
put_bounce(struct buf *entries, const struct spool_message *m)
{
	for (size_t i = 0; i < m->n_rcpts; i++) {
		const struct spool_rcpt *r = &m->rcpts[i];
		struct dsn dsn = r->last;

		if (r->state != RCPT_QUEUED)
			continue;
		dsn.outcome = OUTCOME_BOUNCE;
		if (dsn.status[0] != '4' && dsn.status[0] != '5')
			memcpy(dsn.status, "4.4.7", sizeof("4.4.7"));
		if (dsn.text == NULL || dsn.text[0] == '\0')
			dsn.text = "returned by the administrator";
		spool_entry_rcpt(entries, (uint32_t)i, RCPT_FAILED, &dsn,
		    r->relay, clock_wall());
	}
}

static bool
append(const char *path, entries_fn *put)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf entries = { 0 };
	struct spool_message m;
	const char *why = "";
	CLEAN_FD int fd = openat(files_open(), path,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		if (errno != ENOENT)
			tool_say("%s: %s", path, strerror(errno));
		return false;
	}
	if (!spool_read(fd, &a, &m, false, &why)) {
		tool_say("%s: %s", path, why);
		return false;
	}
	put(&entries, &m);
	if ((m.torn && spool_cut(fd, m.journal_end) < 0) ||
	    spool_append(fd, &m.journal_end, &entries) < 0) {
		tool_say("%s: %s", path, strerror(errno));
		return false;
	}
	return true;
}

/* ---- verbs ---- */

#define NEW  (1u << SPOOL_NEW)
#define CUR  (1u << SPOOL_CUR)
#define HELD (1u << SPOOL_HOLD)
#define ANY  (NEW | CUR | HELD)

/* clang-format off */
static const struct verb {
	const char *name;
	unsigned int from;   /* the folders in which it finds messages */
	unsigned int moved;  /* those out of which it takes them */
	enum spool_dir to;   /* into this one; SPOOL_DIRS: away */
	entries_fn *entries; /* for the journal, or NULL */
} verbs[] = {
	{ "hold",    NEW | CUR, NEW | CUR, SPOOL_HOLD, NULL        },
	{ "release", HELD,      HELD,      SPOOL_CUR,  NULL        },
	{ "delete",  ANY,       ANY,       SPOOL_DIRS, NULL        },
	{ "flush",   NEW | CUR, 0,         SPOOL_CUR,  put_flush   },
	{ "requeue", ANY,       HELD,      SPOOL_CUR,  put_requeue },
	{ "bounce",  ANY,       HELD,      SPOOL_CUR,  put_bounce  },
};
/* clang-format on */

static bool
take_away(const char *path)
{
	if (unlinkat(files_open(), path, 0) == 0)
		return true;
	if (errno != ENOENT)
		tool_say("%s: %s", path, strerror(errno));
	return false;
}

static bool
do_in(const struct verb *v, const char *id, enum spool_dir dir)
{
	char path[SPOOL_PATH_MAX];

	spool_path(path, dir, id);
	if (v->to == SPOOL_DIRS)
		return take_away(path);
	if (v->entries != NULL && !append(path, v->entries))
		return false;
	return (v->moved & 1u << dir) == 0 || move(id, dir, v->to);
}

static bool
do_one(const struct verb *v, const char *id)
{
	for (enum spool_dir dir = SPOOL_NEW; dir <= SPOOL_HOLD; dir++)
		if ((v->from & 1u << dir) != 0 && do_in(v, id, dir))
			return true;
	return false;
}

/* ---- what is meant ---- */

/* Ids and domains; none at all stands for every message. */
struct meant {
	char *const *args;
	size_t n;
	struct ids ids;
};

static bool
has_domain(const struct spool_message *m, const char *domain)
{
	for (size_t i = 0; i < m->n_rcpts; i++) {
		const char *at = strrchr(m->rcpts[i].env.address, '@');

		if (qline_listed(&m->rcpts[i]) && at != NULL &&
		    str_eq_nocase(at + 1, domain))
			return true;
	}
	return false;
}

static void
choose(void *arg, const char *id, enum spool_dir dir,
    const struct spool_message *m, const char *why)
{
	struct meant *meant = arg;
	bool all = meant->n == 0;

	(void)dir; /* the verb looks */
	for (size_t i = 0; i < meant->n && !all && why == NULL; i++)
		all = !queueid_valid(meant->args[i]) &&
		    has_domain(m, meant->args[i]);
	if (all)
		ids_add(&meant->ids, id);
}

static void
take_args(struct meant *meant)
{
	bool domains = meant->n == 0;

	for (size_t i = 0; i < meant->n; i++)
		if (queueid_valid(meant->args[i]))
			ids_add(&meant->ids, meant->args[i]);
		else
			domains = true;
	if (domains)
		files_each(choose, meant);
}

/* ---- the lock ---- */

static int
try_lock(void)
{
	CLEAN_FD int fd = openat(files_open(), spool_dir_name(SPOOL_CUR),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? TAKE_FD(fd) : -1;
}

static void
lock(void)
{
	static int fd = -1; /* open to the end */

	if (fd < 0)
		fd = try_lock();
	if (fd < 0)
		tool_fail(EX_TEMPFAIL,
		    "the queue is locked: its manager is starting or "
		    "stopping: try again");
}

bool
files_are_free(void)
{
	struct timespec pause = { .tv_nsec = 300000000 };

	if (geteuid() != 0)
		return false;
	/* At a reload there is a moment between the old one and the new. */
	for (int i = 0; i < 3; i++) {
		CLEAN_FD int fd = try_lock();

		if (fd < 0)
			return false;
		close_fd(&fd);
		(void)nanosleep(&pause, NULL); /* shorter is well too */
	}
	return true;
}

int
files_do(const char *verb, char *const *args, size_t n, uint64_t *done)
{
	struct meant meant = { .args = args, .n = n };

	*done = 0;
	lock();
	take_args(&meant);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		for (size_t k = 0;
		     k < meant.ids.n && str_eq(verbs[i].name, verb); k++)
			*done += do_one(&verbs[i], meant.ids.at[k].text);
	ids_free(&meant.ids);
	return EX_OK;
}
