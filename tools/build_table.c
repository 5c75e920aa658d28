/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "build_table.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "table_lmdb.h"
#include "tool.h"

#define FILE_MAX ((size_t)1 << 30)

static bool
become(const struct stat *owner)
{
	if (geteuid() != 0 || owner->st_uid == 0)
		return true;
	return setgroups(0, NULL) == 0 && setgid(owner->st_gid) == 0 &&
	    setuid(owner->st_uid) == 0;
}

int
build_table(const char *path, enum source_form form)
{
	CLEAN_SOURCE struct source s = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_BUF struct buf messages = { 0 };
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *why;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    fd_read_all(fd, &text, FILE_MAX) < 0) {
		tool_say("%s: %s", path, strerror(errno));
		return EX_NOINPUT;
	}
	if (!become(&st)) {
		tool_say("%s: cannot become its owner: %s", path,
		    strerror(errno));
		return EX_NOPERM;
	}
	bool ok = source_parse(&s, form, path,
	    (struct slice){ buf_str(&text), text.len }, &messages);
	tool_say_lines(&messages);
	if (!ok) {
		tool_say("%s: nothing was changed: mend the lines above", path);
		return EX_DATAERR;
	}
	if (lmdb_rebuild(path, &s, &st, &why))
		return EX_OK;
	tool_say("%s", why);
	return EX_TEMPFAIL;
}

const char *
build_table_path(const char *spec)
{
	if (strchr(spec, ':') == NULL)
		return spec;
	return str_starts(spec, "lmdb:") ? spec + strlen("lmdb:") : NULL;
}
