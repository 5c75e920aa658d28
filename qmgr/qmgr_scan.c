/*
 * The scan works for a few milliseconds, then lets the mail flow for one, so
 * that fresh mail is not slowed by the deepest backlog.  A file that is renamed
 * meanwhile may be seen twice or not at all: twice does not matter, since known
 * ids are passed over, and only we rename.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "qmgr_mail.h"
#include "qmgr_take.h"
#include "str.h"

#define WORK       3 /* milliseconds of it, then 1 of rest */
#define REST       1
#define TMP_AGE    HOUR /* what has not changed for so long is nobody's */
#define TMP_AGAIN  HOUR
#define READ_AGAIN MINUTE

static struct {
	struct loop_timer timer;
	enum spool_dir dir;
	unsigned int sub; /* folder of cur/ */
	DIR *open;
	bool running;
	bool resting;               /* between two passes */
	bool only_new;              /* this pass is for new/, and tmp/ */
	bool failed;                /* a file could not be read now */
	int64_t started, found_new; /* wall clock */
	uint64_t files;
} scan;

/* clang-format off */
static const enum spool_dir order[SPOOL_DIRS] = {
	[SPOOL_NEW] = SPOOL_CUR,
	[SPOOL_CUR] = SPOOL_HOLD,
	[SPOOL_HOLD] = SPOOL_TMP,
	[SPOOL_TMP] = SPOOL_DIRS,
};
/* clang-format on */

static void scan_slice(struct loop_timer *t);

/* The next pass begins there.  What it finds in new/ may be gone by the
 * time that cleanup tells of it. */
static void
begin_pass(enum spool_dir dir, int64_t after)
{
	scan.dir = dir;
	scan.sub = 0;
	scan.failed = false;
	scan.files = 0;
	if (dir == SPOOL_NEW)
		scan.found_new = 0;
	loop_timer(&scan.timer, after, scan_slice);
}

void
scan_check_folders(void)
{
	static const enum spool_dir dirs[] = { SPOOL_TMP, SPOOL_NEW, SPOOL_CUR,
		SPOOL_HOLD, SPOOL_CORRUPT };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		const char *name = spool_dir_name(dirs[i]);

		if (faccessat(qmgr.dir, name, R_OK | W_OK | X_OK, 0) < 0)
			log_fatal("queue folder %s: %s: run `posthouse setup', "
				  "which mends its owner and mode",
			    name, strerror(errno));
	}
	for (unsigned int i = 0; i < SPOOL_SPREAD; i++) {
		char path[SPOOL_PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%02x",
		    spool_dir_name(SPOOL_CUR), i);
		if (mkdirat(qmgr.dir, path, 0700) < 0 && errno != EEXIST)
			log_fatal("queue folder %s: %s", path, strerror(errno));
	}
}

static DIR *
open_folder(void)
{
	char path[SPOOL_PATH_MAX];
	const char *name = spool_dir_name(scan.dir);

	(void)snprintf(path, sizeof(path),
	    scan.dir == SPOOL_CUR ? "%s/%02x" : "%s", name, scan.sub);
	int fd = openat(qmgr.dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		log_warn("queue folder %s: %s", path, strerror(errno));
		scan.failed = true;
		return NULL;
	}
	return fdopendir(fd);
}

/* The next folder to read; false at the end. */
static bool
next_folder(void)
{
	if (scan.open != NULL)
		(void)closedir(scan.open); /* was only read */
	scan.open = NULL;
	if (scan.dir == SPOOL_CUR && ++scan.sub < SPOOL_SPREAD)
		return true;
	if (scan.dir == SPOOL_NEW)
		scan.found_new = loop_wall();
	scan.sub = 0;
	scan.dir = scan.only_new && scan.dir == SPOOL_NEW ? SPOOL_TMP
							  : order[scan.dir];
	return scan.dir != SPOOL_DIRS;
}

/* A file in tmp/ that nobody writes: whole ones are taken up, for who wrote
 * them was perhaps about to say so. */
static void
take_tmp(const char *id)
{
	char path[SPOOL_PATH_MAX], to[SPOOL_PATH_MAX];
	struct spool_head head;
	struct stat st;
	const char *why;

	spool_path(path, SPOOL_TMP, id);
	spool_path(to, SPOOL_NEW, id);
	CLEAN_FD int fd = openat(qmgr.dir, path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    loop_wall() - (int64_t)st.st_mtime * SECOND < TMP_AGE)
		return;
	if (spool_read_head(fd, &head, &why)) {
		/* Another message of that id is never replaced. */
		if (renameat2(qmgr.dir, path, qmgr.dir, to, RENAME_NOREPLACE) ==
		    0) {
			log_info("%s: was whole in tmp/: taken up", id);
			take_file(id, SPOOL_NEW, -1);
		}
		return;
	}
	if (errno == EBADMSG && unlinkat(qmgr.dir, path, 0) == 0)
		log_info("%s: a piece in tmp/, never acknowledged: removed",
		    id);
}

static void
take_entry(const char *name)
{
	if (name[0] == '.')
		return;
	if (!queueid_valid(name)) {
		if (scan.dir != SPOOL_CUR || strlen(name) != 2)
			log_warn("queue folder %s: %s is no message of ours: "
				 "look at it and remove it",
			    spool_dir_name(scan.dir), name);
		return;
	}
	scan.files++;
	if (scan.dir == SPOOL_TMP)
		take_tmp(name);
	else
		take_file(name, scan.dir, -1);
}

static void
finish(void)
{
	int64_t took = loop_wall() - scan.started;
	bool first = scan.running;

	scan.running = scan.only_new = false;
	scan.resting = true;
	if (first && scan.files > 0)
		log_info("queue read: %llu files in %lld.%02d s",
		    (unsigned long long)scan.files, (long long)(took / SECOND),
		    (int)(took % SECOND / 10));
	if (scan.failed)
		begin_pass(SPOOL_NEW, READ_AGAIN);
	else
		begin_pass(SPOOL_TMP, TMP_AGAIN);
}

/* One file, or one step from folder to folder; false at the end. */
static bool
step(void)
{
	if (scan.open == NULL)
		scan.open = open_folder();
	if (scan.open == NULL)
		return next_folder();
	const struct dirent *entry = readdir(scan.open);
	if (entry == NULL)
		return next_folder();
	take_entry(entry->d_name);
	return true;
}

static void
scan_slice(struct loop_timer *t)
{
	int64_t until = clock_mono() + WORK;
	bool more = true;

	scan.resting = false;
	while (more && clock_mono() < until)
		more = step();
	if (more)
		loop_timer(t, REST, scan_slice);
	else
		finish();
	qmgr_soon();
}

void
scan_start(void)
{
	scan.running = true;
	scan.started = loop_wall();
	begin_pass(SPOOL_NEW, 0);
	scan_slice(&scan.timer);
}

void
scan_stop(void)
{
	loop_cancel(&scan.timer);
	if (scan.open != NULL)
		(void)closedir(scan.open); /* was only read */
	scan.open = NULL;
	scan.timer = (struct loop_timer){ 0 };
	scan.running = scan.resting = scan.only_new = false;
}

void
scan_again(void)
{
	scan.failed = true;
}

void
scan_new(void)
{
	/* A pass that is under way may have been through new/. */
	if (!scan.resting) {
		scan.failed = true;
		return;
	}
	scan.resting = false;
	scan.only_new = true;
	begin_pass(SPOOL_NEW, 0);
}

bool
scan_may_have(const char *id)
{
	return scan.found_new == 0 || queueid_time(id) <= scan.found_new;
}

const char *
scan_stage(void)
{
	return scan.running ? spool_dir_name(scan.dir) : "";
}
