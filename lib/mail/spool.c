/*
 * The queue folder: names, and what is free in it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spool.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "wire.h"

static const char *const dirs[SPOOL_DIRS] = {
	[SPOOL_TMP] = "tmp",
	[SPOOL_NEW] = "new",
	[SPOOL_CUR] = "cur",
	[SPOOL_HOLD] = "hold",
	[SPOOL_CORRUPT] = "corrupt",
	[SPOOL_MAILDROP] = "maildrop",
};

const char *
spool_dir_name(enum spool_dir dir)
{
	return dirs[dir];
}

void
spool_path(char path[SPOOL_PATH_MAX], enum spool_dir dir, const char *id)
{
	/* The longest, "maildrop/" and an id, has 22 bytes. */
	if (dir == SPOOL_CUR) {
		uint32_t hash = wire_crc(0, id, strlen(id));

		(void)snprintf(path, SPOOL_PATH_MAX, "%s/%02x/%s", dirs[dir],
		    hash % SPOOL_SPREAD, id);
	} else {
		(void)snprintf(path, SPOOL_PATH_MAX, "%s/%s", dirs[dir], id);
	}
}

int
spool_free_space(int queue_fd, uint64_t *bytes, uint64_t *inodes)
{
	struct statvfs st;

	if (fstatvfs(queue_fd, &st) < 0)
		return -1;
	*bytes = (uint64_t)st.f_bavail * st.f_frsize;
	/* A file system that counts no inodes has as many as are wanted. */
	*inodes = st.f_files == 0 ? UINT64_MAX : st.f_favail;
	return 0;
}
