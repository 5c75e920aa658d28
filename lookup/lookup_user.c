/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "lookup_user.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

#include "num.h"
#include "str.h"

#define NAME_MAX_LEN ((size_t)256) /* LOGIN_NAME_MAX of Linux */
#define ROOM_FIRST   ((size_t)4096)
#define ROOM_MAX     ((size_t)1 << 20)

/* Names that are questions about something else, or that would be one for a
 * module of NSS, stop here. */
static bool
may_be_a_user(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > NAME_MAX_LEN || name[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c <= ' ' || c >= 0x7f || strchr(":/,\"\\", c) != NULL)
			return false;
	}
	return true;
}

static void
put_user(struct buf *out, const struct passwd *pw)
{
	buf_addf(out, "%s:%u:%u:%s:%s:%s", pw->pw_name, pw->pw_uid, pw->pw_gid,
	    pw->pw_dir, pw->pw_shell, pw->pw_gecos != NULL ? pw->pw_gecos : "");
}

/* Either way of asking, with the room that the answer needs. */
typedef int ask_fn(const void *key, struct passwd *pw, char *room, size_t n,
    struct passwd **found);

static int
ask_by_name(const void *key, struct passwd *pw, char *room, size_t n,
    struct passwd **found)
{
	return getpwnam_r(key, pw, room, n, found);
}

static int
ask_by_uid(const void *key, struct passwd *pw, char *room, size_t n,
    struct passwd **found)
{
	const uid_t *uid = key;

	return getpwuid_r(*uid, pw, room, n, found);
}

static enum found
ask(ask_fn *fn, const void *key, struct buf *out, const char **why)
{
	CLEAN_BUF struct buf room = { 0 };
	struct passwd pw;
	struct passwd *found = NULL;
	int error = ERANGE;

	for (size_t n = ROOM_FIRST; error == ERANGE && n <= ROOM_MAX; n *= 4)
		error = fn(key, &pw, buf_room(&room, n), n, &found);
	if (error != 0) {
		*why = strerror(error);
		return FOUND_FAILED;
	}
	if (found == NULL)
		return FOUND_NONE;
	put_user(out, found);
	return FOUND_ONE;
}

enum found
lookup_user(const char *name, struct buf *out, const char **why)
{
	if (!may_be_a_user(name))
		return FOUND_NONE;
	return ask(ask_by_name, name, out, why);
}

enum found
lookup_uid(const char *number, struct buf *out, const char **why)
{
	int64_t value;
	uid_t uid;

	if (!num_parse(number, 0, UINT32_MAX - 1, &value))
		return FOUND_NONE;
	uid = (uid_t)value;
	return ask(ask_by_uid, &uid, out, why);
}
