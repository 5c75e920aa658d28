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
#include <sys/un.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "sasl.h"

static struct list sources;
static struct map services; /* name to source */

static struct auth_source *
find(const char *path, bool is_relay)
{
	LIST_EACH(struct auth_source, s, &sources, link)
		if ((s->relay != NULL) == is_relay && str_eq(s->path, path))
			return s;
	return NULL;
}

/* As Postfix finds it: below the queue's folder, or an absolute path. */
static void
socket_path(const char *service, struct buf *out)
{
	static const char prefix[] = "unix:";
	const char *path = params.smtpd_sasl_path;

	if (str_starts(path, prefix))
		path += sizeof(prefix) - 1;
	if (path[0] == '\0' || str_starts(path, "inet:"))
		log_fatal("[%s]: smtpd_sasl_path: smtpd_sasl_type = dovecot "
			  "needs the path of a socket, as private/auth",
		    service);
	if (path[0] != '/')
		buf_addf(out, "%s/", params.queue_directory);
	buf_adds(out, path);
	if (out->len >= sizeof(((struct sockaddr_un *)0)->sun_path))
		log_fatal("[%s]: smtpd_sasl_path: too long for a socket",
		    service);
}

void
auth_source_want(const char *service)
{
	CLEAN_BUF struct buf path = { 0 };
	bool is_relay = str_eq(params.smtpd_sasl_type, "dovecot");

	if (is_relay)
		socket_path(service, &path);
	else
		passfile_path(&path);
	struct auth_source *s = find(buf_str(&path), is_relay);
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		s->path = xstrdup(buf_str(&path));
		if (is_relay)
			s->relay = auth_relay_create(s->path);
		list_append(&sources, &s->link);
	}
	*map_puts(&services, service) = s;
}

const char *
auth_source_path(const char *after)
{
	bool past = after == NULL;

	LIST_EACH(struct auth_source, s, &sources, link) {
		if (s->relay != NULL)
			continue;
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

struct auth_source *
auth_source_of_relay(const struct auth_relay *r)
{
	return auth_source_at(auth_relay_path(r));
}

struct auth_source *
auth_source_at(const char *socket)
{
	return find(socket, true);
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
		if (s->relay != NULL)
			continue;
		CLEAN_FD int fd = open(s->path,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

		replace(s, fd);
	}
}

struct auth_source *
auth_source_changed(const char *path, int fd)
{
	CLEAN_FD int mine = fd;
	struct auth_source *s = find(path, false);

	errno = ENOENT;
	if (s != NULL)
		replace(s, mine);
	return s;
}

/* ---- mechanisms ---- */

void
auth_source_mechs(const struct auth_source *s, struct buf *out)
{
	if (s->relay != NULL) {
		struct slice mechs = auth_relay_mechs(s->relay);

		buf_add(out, mechs.at, mechs.len);
		return;
	}
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
