/*
 * .forward files: read with the user's rights, and only where nobody else could
 * have written them.  Lists that an alias includes may belong to anybody: who
 * wrote the alias chose to trust them.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver.h"

#include <errno.h>
#include <sys/stat.h>

#include "fd.h"
#include "str.h"

/* A home folder that may not be entered has no .forward file either. */
static bool
is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES;
}

/* Why the file cannot be trusted, or NULL. */
static const char *
unsafe(int fd, const struct deliver_user *user)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return "it cannot be looked at";
	if (st.st_uid != 0 && st.st_uid != user->uid)
		return "it belongs to somebody else";
	if ((st.st_mode & 022) != 0)
		return "others may write it";
	return NULL;
}

/* OUTCOME_NONE: the file is not there, the next is to be tried. */
static void
read_one(const char *path, const struct deliver_user *user, bool strict,
    struct deliver_result *r)
{
	CLEAN_FD int fd = fd_open_regular(path);
	const char *why;

	if (fd < 0 && is_absent(errno))
		return;
	if (fd < 0 && errno != ELOOP && errno != EISDIR && errno != EINVAL) {
		deliver_say_error(r, "cannot read", path);
		return;
	}
	why = fd < 0 ? "it is not a regular file"
	    : strict ? unsafe(fd, user)
		     : NULL;
	if (why != NULL) {
		deliver_say(r, OUTCOME_BOUNCE, "5.7.0", "%s is not used: %s",
		    path, why);
		return;
	}
	if (fd_read_all(fd, &r->answer, DELIVER_FORWARD_MAX) == 0) {
		deliver_say(r, OUTCOME_SENT, "2.0.0", "%s", path);
		return;
	}
	bool long_file = errno == EFBIG;
	buf_reset(&r->answer);
	if (long_file)
		deliver_say(r, OUTCOME_DEFER, "4.3.5",
		    "%s is longer than %zu bytes", path, DELIVER_FORWARD_MAX);
	else
		deliver_say_error(r, "cannot read", path);
}

void
deliver_forward(const char *paths, bool strict, const struct deliver_user *user,
    struct deliver_result *r)
{
	struct slice rest = slice_of(paths);
	struct slice path;

	while (
	    r->outcome == OUTCOME_NONE && slice_next_part(&rest, '\n', &path)) {
		CLEAN_BUF struct buf name = { 0 };

		buf_add(&name, path.at, path.len);
		read_one(buf_str(&name), user, strict, r);
	}
	r->by_forward = r->outcome != OUTCOME_NONE;
}
