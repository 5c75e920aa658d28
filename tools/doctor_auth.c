/*
 * Whether what is asked of other programs of ours is there to be asked: AUTH
 * and its passwords, private keys, the authorities that hosts are verified by.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "doctor.h"
#include "fd.h"
#include "log.h"
#include "map.h"
#include "passfile.h"
#include "smtp_policy.h"

/* ---- passwords ---- */

/* The users whom the lines have; a line that is none is said. */
static size_t
count_users(struct doctor *d, const char *path, struct slice text)
{
	struct slice line;
	size_t n = 0, number = 0;

	while (slice_next_part(&text, '\n', &line)) {
		struct pass_line user;
		const char *why;

		number++;
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		enum match m = passfile_line(line, &user, &why);
		if (m == MATCH_BAD)
			doctor_say(d, FINDING_WARN, path,
			    "make it anew by posthouse passwd",
			    "line %zu %s: that user cannot log in", number,
			    why);
		n += m == MATCH_YES;
	}
	return n;
}

static void
judge_users(struct doctor *d, const char *path, struct slice text)
{
	size_t n = count_users(d, path, text);

	if (n == 0)
		doctor_say(d, FINDING_WARN, path, "posthouse passwd USER",
		    "there are no users: AUTH is not offered");
	else
		doctor_say(d, FINDING_OK, path, NULL, "%zu user%s can log in",
		    n, n == 1 ? "" : "s");
}

static void
look_at_file(struct doctor *d, const char *path)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEAN_BUF struct buf text = { 0 };
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		judge_users(d, path, SLICE(""));
	else if (fd < 0 && errno == EACCES && geteuid() != 0)
		doctor_say(d, FINDING_WARN, path, "run posthouse check as root",
		    "only root can look at it");
	else if (fd < 0 || fstat(fd, &st) < 0 ||
	    fd_read_all(fd, &text, PASSFILE_MAX) < 0)
		doctor_say(d, FINDING_FAIL, path,
		    "name a file that posthouse passwd has made in "
		    "smtpd_sasl_path",
		    "%s", strerror(errno));
	else if ((st.st_mode & 077) != 0)
		doctor_say(d, FINDING_WARN, path, "chmod 600",
		    "others than root can read the passwords' hashes");
	else
		judge_users(d, path,
		    (struct slice){ buf_str(&text), text.len });
	if (text.text != NULL)
		explicit_bzero(text.text, text.room);
}

/* As auth(8) finds it. */
static void
look_at_socket(struct doctor *d, const char *name)
{
	struct stat st;
	const char *path = str_starts(name, "unix:") ? name + 5 : name;

	if (path[0] != '/')
		path = arena_printf(&d->arena, "%s/%s", params.queue_directory,
		    path);
	if (stat(path, &st) < 0)
		doctor_say(d, FINDING_WARN, path,
		    "start Dovecot with a unix_listener there",
		    "Dovecot's socket: %s: nobody can log in", strerror(errno));
	else if (!S_ISSOCK(st.st_mode))
		doctor_say(d, FINDING_FAIL, path,
		    "name Dovecot's socket in smtpd_sasl_path",
		    "it is no socket");
	else
		doctor_say(d, FINDING_OK, path, NULL,
		    "Dovecot says who can log in");
}

/* Services share a file, mostly. */
static void
look_at_passwords(struct doctor *d, struct map *seen)
{
	CLEAN_BUF struct buf path = { 0 };
	bool dovecot = str_eq(params.smtpd_sasl_type, "dovecot");

	if (dovecot)
		buf_adds(&path, params.smtpd_sasl_path);
	else
		passfile_path(&path);
	void **place = map_puts(seen, buf_str(&path));
	if (*place != NULL)
		return;
	*place = d;
	if (dovecot)
		look_at_socket(d, buf_str(&path));
	else
		look_at_file(d, arena_strdup(&d->arena, buf_str(&path)));
}

/* ---- services ---- */

/* Without the program nothing comes of what the service wants. */
static void
want_program(struct doctor *d, const char *service, const char *program,
    const char *what)
{
	if (doctor_has_program(d, program))
		return;
	doctor_say(d, FINDING_FAIL, service,
	    arena_printf(&d->arena, "add the section [%s]", program),
	    "%s, but master.conf has no [%s]", what, program);
}

static void
look_at_server(struct doctor *d, const char *service, struct map *seen)
{
	bool first = params.smtpd_tls_wrappermode;
	const char *level = params.smtpd_tls_security_level;

	if (first || !str_eq(level, "none"))
		want_program(d, service, "keys", "TLS is to be offered");
	if (!params.smtpd_sasl_auth_enable)
		return;
	want_program(d, service, "auth", "AUTH is to be offered");
	look_at_passwords(d, seen);
}

static void
look_at_client(struct doctor *d, const char *service)
{
	if (params.smtp_mta_sts)
		want_program(d, service, "sts",
		    "policies of MTA-STS are to be obeyed");
	if (params.smtp_sasl_auth_enable)
		want_program(d, service, "auth",
		    "it is to log in to other hosts");
}

static void
look_at_service(struct doctor *d, const char *conf_dir, const struct service *s,
    struct map *seen)
{
	CLEAN_BUF struct buf errors = { 0 };

	/* A wrong value is another check's to tell. */
	if (!s->enabled || !param_load(conf_dir, s->name, &errors))
		return;
	if (str_eq(s->program, "smtpd"))
		look_at_server(d, s->name, seen);
	if (str_eq(s->program, "smtp"))
		look_at_client(d, s->name);
}

/* ---- towards other hosts ---- */

static void
look_at_authorities(struct doctor *d)
{
	const char *path = params.smtp_tls_CAfile;

	if (path[0] == '\0')
		return;
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		doctor_say(d, FINDING_FAIL, path,
		    "install ca-certificates, or name another file in "
		    "smtp_tls_CAfile",
		    "%s: no host can be verified, and no policy of MTA-STS "
		    "be fetched",
		    strerror(errno));
}

static void
on_fault(void *arg, const char *nexthop, const char *why)
{
	struct doctor *d = arg;

	doctor_say(d, FINDING_FAIL, "smtp_tls_policy_maps",
	    "correct it: mail to it waits", "%s: %s", nexthop, why);
}

static void
look_at_policies(struct doctor *d)
{
	const char *why;

	/* What cannot be opened or listed is another check's to tell. */
	if (smtp_policy_open(&why))
		smtp_policy_each_fault(on_fault, d);
}

void
doctor_auth(struct doctor *d)
{
	CLEAN_STR char *conf_dir = xstrdup(params.config_directory);
	CLEAN_BUF struct buf errors = { 0 };
	struct map seen = { 0 };

	for (size_t i = 0; i < d->services.n; i++)
		look_at_service(d, conf_dir, &d->services.at[i], &seen);
	map_free(&seen);
	if (!param_load(conf_dir, NULL, &errors))
		log_fatal("%s", buf_str(&errors));
	look_at_authorities(d);
	look_at_policies(d);
}
