/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "auth_source.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "sasl.h"

static struct list sources;
static struct map services; /* name to source */

static struct auth_source *
find(const char *path)
{
	LIST_EACH(struct auth_source, s, &sources, link)
		if (str_eq(s->path, path))
			return s;
	return NULL;
}

void
auth_source_want(const char *service)
{
	CLEAN_BUF struct buf path = { 0 };

	passfile_path(&path);
	struct auth_source *s = find(buf_str(&path));
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		s->path = xstrdup(buf_str(&path));
		list_append(&sources, &s->link);
	}
	*map_puts(&services, service) = s;
}

const char *
auth_source_path(const char *after)
{
	bool past = after == NULL;

	LIST_EACH(struct auth_source, s, &sources, link) {
		if (past)
			return s->path;
		past = str_eq(s->path, after);
	}
	return NULL;
}

struct auth_source *
auth_source_of(const char *service)
{
	return map_gets(&services, service);
}

size_t
auth_source_count(void)
{
	size_t n = 0;

	LIST_EACH(struct auth_source, s, &sources, link)
		n += s->users.by_name.len;
	return n;
}

/* ---- files ---- */

/* 0 or an errno.  Room for all of it first: text that moves leaves a copy. */
static int
read_file(int fd, const char *path, struct buf *text)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)PASSFILE_MAX)
		return S_ISREG(st.st_mode) ? EFBIG : EINVAL;
	if ((st.st_mode & 077) != 0)
		log_warn("%s: others than its owner may read or write it: "
			 "chmod 600",
		    path);
	size_t size = (size_t)st.st_size;
	char *room = buf_room(text, size);
	if (fd_pread_all(fd, room, size, 0) < 0)
		return errno;
	buf_grown(text, size);
	return 0;
}

/* A file that cannot be read leaves nobody: who has removed it means it. */
static void
replace(struct auth_source *s, int fd)
{
	CLEAN_BUF struct buf text = { 0 };

	size_t had = s->users.by_name.len;
	bool said = s->read && had > 0;

	s->error = read_file(fd, s->path, &text);
	s->read = true;
	auth_users_read(&s->users, (struct slice){ buf_str(&text), text.len },
	    s->path);
	if (s->error != 0)
		log_warn("%s: %s: nobody can authenticate", s->path,
		    strerror(s->error));
	else if (!said || s->users.by_name.len != had)
		log_info("%s: %zu users", s->path, s->users.by_name.len);
	if (text.text != NULL)
		OPENSSL_cleanse(text.text, text.room);
}

void
auth_source_read(void)
{
	LIST_EACH(struct auth_source, s, &sources, link) {
		CLEAN_FD int fd = open(s->path,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

		replace(s, fd);
	}
}

struct auth_source *
auth_source_changed(const char *path, int fd)
{
	CLEAN_FD int mine = fd;
	struct auth_source *s = find(path);

	errno = ENOENT;
	if (s != NULL)
		replace(s, mine);
	return s;
}

/* ---- mechanisms ---- */

void
auth_source_mechs(const struct auth_source *s, struct buf *out)
{
	for (int i = SASL_NONE + 1; i < SASL_MECHS; i++) {
		enum sasl_mech mech = (enum sasl_mech)i;

		if (s->users.by_name.len == 0 ||
		    ((mech == SASL_SCRAM || mech == SASL_SCRAM_PLUS) &&
			s->users.verifiers == 0))
			continue;
		rec_put_auth_mech(out,
		    &(struct rec_auth_mech){
			.name = sasl_name(mech),
			.traits = sasl_traits(mech),
		    });
	}
}
