/*
 * The queue as its files are.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "mqueue.h"
#include "param.h"
#include "qline.h"
#include "str.h"
#include "tool.h"

static int queue = -1;

int
files_open(void)
{
	if (queue >= 0)
		return queue;
	queue = open(params.queue_directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (queue < 0)
		tool_fail(EX_CONFIG, "queue_directory %s: %s",
		    params.queue_directory, strerror(errno));
	if (faccessat(queue, spool_dir_name(SPOOL_CUR), R_OK | X_OK,
		AT_EACCESS) < 0)
		tool_fail(EX_UNAVAILABLE,
		    "the mail system is down: only root can look at the files "
		    "of its queue");
	return queue;
}

/* ---- reading ---- */

/* One file; why is NULL where m is good. */
static void
read_one(const char *id, enum spool_dir dir, files_fn *fn, void *arg)
{
	char path[SPOOL_PATH_MAX];
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m = { 0 };
	const char *why = NULL;

	spool_path(path, dir, id);
	CLEAN_FD int fd = openat(queue, path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT)
			tool_say("%s: %s", path, strerror(errno));
		return; /* delivered meanwhile */
	}
	if (!spool_read(fd, &a, &m, false, &why)) {
		struct stat st;

		m.env = (struct rec_env){ .id = id, .sender = "" };
		m.env.arrived = queueid_time(id);
		if (fstat(fd, &st) == 0)
			m.env.size = (uint64_t)st.st_size;
		m.n_rcpts = 0;
	} else {
		why = NULL;
	}
	fn(arg, id, dir, &m, why);
}

static void
each_in(const char *folder, enum spool_dir dir, files_fn *fn, void *arg)
{
	const struct dirent *entry;
	int fd = openat(queue, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return; /* qmgr makes the folders of cur/ at its first start */
	DIR *open = fd < 0 ? NULL : fdopendir(fd);
	if (open == NULL)
		tool_fail(EX_NOPERM, "%s: %s", folder, strerror(errno));
	while ((entry = readdir(open)) != NULL)
		if (queueid_valid(entry->d_name))
			read_one(entry->d_name, dir, fn, arg);
	(void)closedir(open); /* was only read */
}

static void
each_dir(enum spool_dir dir, files_fn *fn, void *arg)
{
	char folder[SPOOL_PATH_MAX];

	if (dir != SPOOL_CUR) {
		each_in(spool_dir_name(dir), dir, fn, arg);
		return;
	}
	for (unsigned int i = 0; i < SPOOL_SPREAD; i++) {
		(void)snprintf(folder, sizeof(folder), "%s/%02x",
		    spool_dir_name(dir), i);
		each_in(folder, dir, fn, arg);
	}
}

void
files_each(files_fn *fn, void *arg)
{
	each_dir(SPOOL_NEW, fn, arg);
	each_dir(SPOOL_CUR, fn, arg);
	each_dir(SPOOL_HOLD, fn, arg);
}

/* ---- listing ---- */

struct lister {
	struct item item;
	item_fn *fn;
	void *arg;
};

static const char *
queue_name(enum spool_dir dir)
{
	switch (dir) {
	case SPOOL_NEW:
	case SPOOL_TMP:
	case SPOOL_MAILDROP:
		return "incoming";
	case SPOOL_CUR:
		return "deferred";
	case SPOOL_HOLD:
		return "hold";
	case SPOOL_CORRUPT:
	case SPOOL_DIRS:
		break;
	}
	return "corrupt";
}

static void
list_one(void *arg, const char *id, enum spool_dir dir,
    const struct spool_message *m, const char *why)
{
	struct lister *l = arg;
	CLEAN_BUF struct buf fields = { 0 };
	struct qline_where where = {
		.transport = "",
		.nexthop = "",
		.reason = "",
		.attempts = m->attempts,
		.next_retry = m->next_retry,
	};

	(void)id; /* stands in the envelope too */
	qline_put_mail(&fields, m, why != NULL ? "corrupt" : queue_name(dir),
	    false);
	bool good = item_begin(&l->item,
	    (struct slice){ buf_str(&fields), fields.len });
	for (size_t i = 0; i < m->n_rcpts && good; i++) {
		if (!qline_listed(&m->rcpts[i]))
			continue;
		buf_reset(&fields);
		qline_put_rcpt(&fields, &m->rcpts[i], &where, false);
		good = item_add(&l->item,
		    (struct slice){ buf_str(&fields), fields.len });
	}
	if (good)
		l->fn(l->arg, &l->item);
}

static const enum spool_dir places[] = { SPOOL_NEW, SPOOL_CUR, SPOOL_HOLD };

int
files_list(const struct ids *ids, item_fn *fn, void *arg)
{
	struct lister l = { .fn = fn, .arg = arg };

	for (size_t i = 0; i < ids->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(places); k++)
			read_one(ids->at[i].text, places[k], list_one, &l);
	if (ids->n == 0)
		files_each(list_one, &l);
	item_free(&l.item);
	return EX_OK;
}

int
files_corrupt(item_fn *fn, void *arg)
{
	struct lister l = { .fn = fn, .arg = arg };

	each_dir(SPOOL_CORRUPT, list_one, &l);
	item_free(&l.item);
	return EX_OK;
}

/* ---- one message, as it is ---- */

static bool
copy_part(int fd, uint64_t at, uint64_t len)
{
	char bytes[16384];

	while (len > 0) {
		size_t n = (size_t)MIN(len, sizeof(bytes));

		if (fd_pread_all(fd, bytes, n, (off_t)at) < 0)
			return false;
		size_t kept = 0;
		for (size_t i = 0; i < n; i++)
			if (bytes[i] != '\r')
				bytes[kept++] = bytes[i];
		if (fwrite(bytes, 1, kept, stdout) != kept)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

static void
show_envelope(const char *path, const struct spool_message *m)
{
	CLEAN_BUF struct buf out = { 0 };
	time_t at = (time_t)(m->env.arrived / SECOND);
	char date[64] = "";
	struct tm tm;

	if (localtime_r(&at, &tm) != NULL)
		(void)strftime(date, sizeof(date), "%a %b %e %T %Y", &tm);
	buf_addf(&out,
	    "*** ENVELOPE RECORDS %s ***\n"
	    "message_size: %llu\nmessage_arrival_time: %s\nsender: %s\n",
	    path, (unsigned long long)m->env.size, date, m->env.sender);
	if (m->env.client_addr[0] != '\0')
		buf_addf(&out, "client: %s[%s]\n", m->env.client_name,
		    m->env.client_addr);
	for (size_t i = 0; i < m->n_rcpts; i++) {
		const struct spool_rcpt *r = &m->rcpts[i];

		if (r->env.orig[0] != '\0')
			buf_addf(&out, "original_recipient: %s\n", r->env.orig);
		buf_addf(&out, "%s: %s\n",
		    qline_listed(r) ? "recipient" : "done_recipient",
		    r->env.address);
	}
	(void)fputs(buf_str(&out), stdout); /* tool_end() looks */
}

static bool
show_file(const char *path)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m;
	const char *why = "";
	CLEAN_FD int fd = openat(queue, path,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (!spool_read(fd, &a, &m, false, &why))
		tool_fail(EX_DATAERR, "%s: %s", path, why);
	show_envelope(path, &m);
	(void)puts("*** MESSAGE CONTENTS ***");
	if (!copy_part(fd, m.head.head_at, m.head.head_len) ||
	    !copy_part(fd, m.head.data_at, m.head.data_len))
		tool_fail(EX_IOERR, "%s: cannot be read", path);
	(void)puts("*** MESSAGE FILE END ***");
	return true;
}

int
files_show(const char *id)
{
	char path[SPOOL_PATH_MAX];

	for (size_t k = 0; k < ARRAY_LEN(places); k++) {
		spool_path(path, places[k], id);
		if (show_file(path))
			return EX_OK;
	}
	spool_path(path, SPOOL_CORRUPT, id);
	if (show_file(path)) /* or it ends by saying what is wrong */
		return EX_OK;
	tool_say("%s: no such message", id);
	return EX_NOINPUT;
}
