/*
 * Landlock by its system calls: glibc has no wrappers, and the header of an
 * older kernel does not know what a newer one can do, so names and numbers are
 * here.  What the running kernel does not know is left out.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "rights_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

#define ASK_VERSION 1U /* LANDLOCK_CREATE_RULESET_VERSION */
#define RULE_PATH   1  /* LANDLOCK_RULE_PATH_BENEATH */

/* Rights to files, LANDLOCK_ACCESS_FS_*. */
#define FS_EXECUTE    ((uint64_t)1 << 0)
#define FS_READ_FILE  ((uint64_t)1 << 2)
#define FS_READ_DIR   ((uint64_t)1 << 3)
#define FS_MAKE_CHAR  ((uint64_t)1 << 6)
#define FS_MAKE_BLOCK ((uint64_t)1 << 11)
#define FS_ALL_1      (((uint64_t)1 << 13) - 1)
#define FS_REFER      ((uint64_t)1 << 13)
#define FS_TRUNCATE   ((uint64_t)1 << 14)
#define FS_IOCTL_DEV  ((uint64_t)1 << 15)

/* bind and connect of TCP; abstract sockets and signals to outsiders. */
#define NET_ALL   ((uint64_t)3)
#define SCOPE_ALL ((uint64_t)3)

#define FS_READ (FS_READ_FILE | FS_READ_DIR)

/* What each version of the interface added, and how long its attributes are. */
static const struct {
	int version;
	size_t size;
	uint64_t files, net, scope;
} versions[] = {
	{ 1, 8, FS_ALL_1, 0, 0 },
	{ 2, 8, FS_ALL_1 | FS_REFER, 0, 0 },
	{ 3, 8, FS_ALL_1 | FS_REFER | FS_TRUNCATE, 0, 0 },
	{ 4, 16, FS_ALL_1 | FS_REFER | FS_TRUNCATE, NET_ALL, 0 },
	{ 5, 16, FS_ALL_1 | FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV, NET_ALL, 0 },
	{ 6, 24, FS_ALL_1 | FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV, NET_ALL,
	    SCOPE_ALL },
};

struct ruleset {
	uint64_t files;
	uint64_t net;
	uint64_t scope;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

static void
allow_below(int ruleset, const char *paths, uint64_t allowed)
{
	struct slice rest = slice_of(paths != NULL ? paths : "");
	struct slice path;

	while (slice_next_item(&rest, &path)) {
		CLEAN_BUF struct buf name = { 0 };

		buf_add(&name, path.at, path.len);
		CLEAN_FD int fd = open(buf_str(&name), O_PATH | O_CLOEXEC);
		struct path_rule rule = { .allowed = allowed, .parent = fd };
		if (fd < 0 ||
		    syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule,
			0) < 0)
			log_fatal("folder %s below its root folder: %s: run "
				  "`posthouse setup', which makes what is "
				  "missing",
			    buf_str(&name), strerror(errno));
	}
}

void
rights_limit_files(const struct rights *r)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    ASK_VERSION);
	size_t at = 0;

	/* Version 1 forbids every rename from folder to folder. */
	if (version < 1 || (version < 2 && r->write_below != NULL))
		return;
	while (
	    at + 1 < ARRAY_LEN(versions) && versions[at + 1].version <= version)
		at++;

	struct ruleset want = {
		.files = versions[at].files,
		.net = (r->calls & CALLS_CONNECT) != 0 ? 0 : versions[at].net,
		.scope = versions[at].scope,
	};
	CLEAN_FD int fd = (int)syscall(SYS_landlock_create_ruleset, &want,
	    versions[at].size, 0);
	if (fd < 0)
		log_fatal("landlock: %s", strerror(errno));
	allow_below(fd, r->read_below, FS_READ);
	allow_below(fd, r->write_below,
	    want.files & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK));
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		log_fatal("landlock: %s", strerror(errno));
}
