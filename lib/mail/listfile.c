/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "listfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "buf.h"
#include "fd.h"
#include "logical.h"
#include "table_type.h"

#define DEPTH_MAX 5 /* files that name files */
#define FILE_MAX  ((size_t)64 << 20)

struct walk {
	listfile_fn *fn;
	void *arg;
	const char **why;
	unsigned int depth;
};

static bool walk_list(struct walk *w, struct slice list, bool negated);

static bool
walk_file(struct walk *w, struct slice name, bool negated)
{
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_LOGICAL struct logical l = { 0 };
	bool ok = true;

	buf_add(&path, name.at, name.len);
	CLEAN_FD int fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, &text, FILE_MAX) < 0) {
		*w->why = table_why("%s: %s", buf_str(&path), strerror(errno));
		return false;
	}
	if (w->depth == DEPTH_MAX) {
		*w->why = table_why("%s: files name files too deeply",
		    buf_str(&path));
		return false;
	}
	w->depth++;
	l.rest = (struct slice){ buf_str(&text), text.len };
	while (ok && logical_next(&l)) {
		ok = walk_list(w, logical_text(&l), negated);
		if (!ok)
			*w->why = table_why("%s:%zu: %s", buf_str(&path),
			    l.first, *w->why);
	}
	w->depth--;
	return ok;
}

static bool
walk_list(struct walk *w, struct slice list, bool negated)
{
	struct slice item;

	while (slice_next_item(&list, &item)) {
		bool not = negated;
		bool ok;

		while (item.len > 0 && item.at[0] == '!') {
			not = !not ;
			item = (struct slice){ item.at + 1, item.len - 1 };
		}
		if (item.len == 0) {
			*w->why = "a ! must stand in front of something";
			return false;
		}
		if (item.at[0] == '/')
			ok = walk_file(w, item, not );
		else
			ok = w->fn(w->arg, item, not, w->why);
		if (!ok)
			return false;
	}
	return true;
}

bool
listfile_each(struct slice list, listfile_fn *fn, void *arg, const char **why)
{
	struct walk w = { .fn = fn, .arg = arg, .why = why };

	return walk_list(&w, list, false);
}
