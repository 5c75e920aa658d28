/*
 * posthouse setup: once after an installation, and safe to repeat.
 *
 * Makes users and groups, the first configuration, the folders with owner
 * and mode, the alias table, and a certificate.  What is there already is
 * left alone, but for a folder of ours with the wrong owner or mode.  With
 * --check it only says what it would do; the exit code is then 1 where
 * anything is to be done.
 *
 * /usr/sbin/sendmail and its like become links to ours where nobody has
 * them; with --replace the files of another mail system are put aside with
 * dpkg-divert(1).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "posthouse_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "fd.h"
#include "make_cert.h"
#include "param.h"
#include "posthouse.h"
#include "recipients.h"
#include "rights.h"
#include "srs_file.h"
#include "str.h"

#define NOLOGIN    "/usr/sbin/nologin"
#define SAMPLE_MAX ((size_t)1 << 20)

struct setup {
	const char *conf; /* the configuration folder */
	bool check;       /* only say */
	bool replace;     /* take over names that another mail system has */
	bool hidden;      /* --check by a user who may not look everywhere */
	int changes;      /* done, or to be done */
	int failures;
};

/* Which folder a path is below. */
enum below {
	BELOW_QUEUE,
	BELOW_DATA,
	BELOW_RUN,
};

/* clang-format off */
static const struct folder {
	enum below below;
	const char *name;  /* "" is the folder itself */
	const char *user;
	const char *group;
	mode_t mode;
} folders[] = {
	{ BELOW_QUEUE, "",         "root",       "root",      0755 },
	{ BELOW_QUEUE, "tmp",      "ph-cleanup", "ph-queue",  02770 },
	{ BELOW_QUEUE, "new",      "ph-cleanup", "ph-queue",  02770 },
	{ BELOW_QUEUE, "cur",      "ph-qmgr",    "ph-queue",  0700 },
	{ BELOW_QUEUE, "hold",     "ph-qmgr",    "ph-queue",  0700 },
	{ BELOW_QUEUE, "corrupt",  "ph-qmgr",    "ph-queue",  0700 },
	{ BELOW_QUEUE, "maildrop", "ph-pickup",  "ph-pickup", 03733 },
	{ BELOW_DATA,  "",         "ph-scribe",  "ph-scribe", 0750 },
	{ BELOW_DATA,  "callout",  "ph-callout", "ph-callout", 0700 },
	{ BELOW_DATA,  "report",   "ph-report",  "ph-report", 0700 },
	{ BELOW_DATA,  "sts",      "ph-sts",     "ph-sts",    0700 },
	{ BELOW_RUN,   "",         "root",       "root",      0755 },
};

/* What the first configuration is copied from, below PH_SHARE_DIR. */
static const struct sample {
	const char *name;
	mode_t mode;
} samples[] = {
	{ "main.conf",   0644 },
	{ "master.conf", 0644 },
	{ "aliases",     0644 },
};

/* The names under which programs of the system look for a mail system, and the
 * command of ours behind each. */
static const struct command {
	const char *name;
	const char *ours;
} commands[] = {
	{ "/usr/sbin/sendmail",  PH_SBIN_DIR "/sendmail"  },
	{ "/usr/lib/sendmail",   PH_SBIN_DIR "/sendmail"  },
	{ "/usr/bin/mailq",      PH_BIN_DIR "/mailq"      },
	{ "/usr/bin/newaliases", PH_BIN_DIR "/newaliases" },
};
/* clang-format on */

/* Says one thing that is to be done; true where it is to be done now. */
static bool PRINTFLIKE(2, 3) todo(struct setup *s, const char *fmt, ...)
{
	va_list ap;

	s->changes++;
	fputs(s->check ? "would " : "", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return !s->check;
}

static void PRINTFLIKE(2, 3) failed(struct setup *s, const char *fmt, ...)
{
	va_list ap;

	s->failures++;
	fputs("posthouse setup: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* What cannot be looked at is not called missing. */
static bool
is_missing(struct setup *s, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return false;
	s->hidden |= errno == EACCES;
	return errno != EACCES;
}

/* Runs a command of the system and waits for it. */
static void
run(struct setup *s, const char *const argv[])
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}

	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		failed(s, "%s: %s", argv[0], strerror(errno));
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		failed(s, "%s failed: see what it says above", argv[0]);
}

/* ---- users and groups ---- */

static void
want_group(struct setup *s, const char *name)
{
	if (getgrnam(name) != NULL || !todo(s, "make group %s", name))
		return;
	run(s,
	    (const char *const[]){ "/usr/sbin/groupadd", "--system", name,
		NULL });
}

static void
want_user(struct setup *s, const char *name)
{
	want_group(s, name);
	if (getpwnam(name) != NULL || !todo(s, "make user %s", name))
		return;
	run(s,
	    (const char *const[]){ "/usr/sbin/useradd", "--system",
		"--no-create-home", "--home-dir", "/nonexistent", "--shell",
		NOLOGIN, "--gid", name, "--comment", "Posthouse", name, NULL });
}

static bool
is_member(const char *user, const char *group)
{
	const struct group *g = getgrnam(group);

	for (char **m = g != NULL ? g->gr_mem : NULL; m != NULL && *m; m++)
		if (str_eq(*m, user))
			return true;
	return false;
}

static void
want_member(struct setup *s, const char *user, const char *group)
{
	if (is_member(user, group) ||
	    !todo(s, "add user %s to group %s", user, group))
		return;
	run(s,
	    (const char *const[]){ "/usr/sbin/usermod", "-a", "-G", group, user,
		NULL });
}

static void
want_users(struct setup *s)
{
	const char *made = NULL; /* the group for the queue */

	for (int role = ROLE_MASTER; role < ROLES; role++) {
		const struct rights *r = rights_of((enum role)role);

		if (r == NULL || r->user == NULL)
			continue;
		want_user(s, r->user);
		if (r->queue_group == NULL)
			continue;
		if (made == NULL || !str_eq(made, r->queue_group))
			want_group(s, r->queue_group);
		made = r->queue_group;
		want_member(s, r->user, r->queue_group);
	}
}

/* ---- the first configuration ---- */

static void
want_sample(struct setup *s, const struct sample *sample)
{
	CLEAN_BUF struct buf from = { 0 };
	CLEAN_BUF struct buf to = { 0 };
	CLEAN_BUF struct buf text = { 0 };

	buf_addf(&to, "%s/%s", s->conf, sample->name);
	if (!is_missing(s, buf_str(&to)) || !todo(s, "write %s", buf_str(&to)))
		return;

	buf_addf(&from, "%s/%s", PH_SHARE_DIR, sample->name);
	CLEAN_FD int fd = fd_open_regular(buf_str(&from));
	if (fd < 0 || fd_read_all(fd, &text, SAMPLE_MAX) < 0)
		failed(s, "%s: %s: install posthouse again", buf_str(&from),
		    strerror(errno));
	else if (fd_replace_file(buf_str(&to), buf_str(&text), text.len,
		     sample->mode) < 0)
		failed(s, "%s: %s", buf_str(&to), strerror(errno));
}

/* Makes a folder and those above it that are missing; the latter are root's. */
static int
make_path(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	CLEAN_STR char *part = xstrdup(path);

	for (char *slash = part; (slash = strchr(slash + 1, '/')) != NULL;) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return fd_make_dir(path, mode, uid, gid);
}

static bool
has_conf(const char *dir)
{
	CLEAN_BUF struct buf path = { 0 };

	buf_addf(&path, "%s/main.conf", dir);
	return access(buf_str(&path), F_OK) == 0;
}

static void
want_conf(struct setup *s)
{
	struct stat st;

	if (stat(s->conf, &st) < 0 && todo(s, "make folder %s", s->conf) &&
	    make_path(s->conf, 0755, 0, 0) < 0)
		failed(s, "%s: %s", s->conf, strerror(errno));
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		want_sample(s, &samples[i]);
}

/* ---- folders ---- */

static const char *
folder_base(enum below below)
{
	switch (below) {
	case BELOW_QUEUE:
		return params.queue_directory;
	case BELOW_DATA:
		return params.data_directory;
	case BELOW_RUN:
		return params.run_directory;
	}
	return "";
}

/* The folder is there with the wrong owner or mode: through a descriptor, so
 * that what is changed is what was looked at. */
static void
mend_folder(struct setup *s, const char *path, mode_t mode, uid_t uid,
    gid_t gid)
{
	CLEAN_FD int fd = open(path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		failed(s, "%s: %s", path, strerror(errno));
}

static void
want_folder(struct setup *s, const struct folder *f)
{
	CLEAN_BUF struct buf path = { 0 };
	const struct passwd *user = getpwnam(f->user);
	uid_t uid = user != NULL ? user->pw_uid : 0;
	const struct group *group = getgrnam(f->group);
	gid_t gid = group != NULL ? group->gr_gid : 0;
	struct stat st;

	buf_adds(&path, folder_base(f->below));
	if (f->name[0] != '\0')
		buf_addf(&path, "/%s", f->name);
	bool known = user != NULL && group != NULL;
	if (is_missing(s, buf_str(&path))) {
		if (!todo(s, "make folder %s (%s:%s, %04o)", buf_str(&path),
			f->user, f->group, f->mode))
			return;
		if (!known)
			failed(s, "%s: no user %s or group %s", buf_str(&path),
			    f->user, f->group);
		else if (make_path(buf_str(&path), f->mode, uid, gid) < 0)
			failed(s, "%s: %s", buf_str(&path), strerror(errno));
		return;
	}
	if (stat(buf_str(&path), &st) < 0 ||
	    (known && st.st_uid == uid && st.st_gid == gid &&
		(st.st_mode & 07777) == f->mode))
		return;
	if (todo(s, "give folder %s to %s:%s with mode %04o", buf_str(&path),
		f->user, f->group, f->mode))
		mend_folder(s, buf_str(&path), f->mode, uid, gid);
}

/* What is wrong with a folder that is there already, "" where nothing is. */
static void
judge_folder(const char *path, const struct folder *f, struct buf *what)
{
	const struct passwd *user = getpwnam(f->user);
	const struct group *group = getgrnam(f->group);
	struct stat st;

	if (stat(path, &st) < 0)
		buf_addf(what, "%s", strerror(errno));
	else if (user == NULL || group == NULL)
		buf_addf(what, "there is no user %s or no group %s", f->user,
		    f->group);
	else if (st.st_uid != user->pw_uid || st.st_gid != group->gr_gid ||
	    (st.st_mode & 07777) != f->mode)
		buf_addf(what,
		    "it must belong to %s:%s with mode %04o, and has %u:%u "
		    "and %04o",
		    f->user, f->group, f->mode, st.st_uid, st.st_gid,
		    st.st_mode & 07777);
}

void
posthouse_setup_folders(void (*wrong)(void *arg, const char *path,
			    const char *what),
    void *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		const struct folder *f = &folders[i];
		CLEAN_BUF struct buf path = { 0 };
		CLEAN_BUF struct buf what = { 0 };

		buf_adds(&path, folder_base(f->below));
		if (f->name[0] != '\0')
			buf_addf(&path, "/%s", f->name);
		judge_folder(buf_str(&path), f, &what);
		if (what.len > 0)
			wrong(arg, buf_str(&path), buf_str(&what));
	}
}

/* ---- the alias table ---- */

/* Older than its source, or missing. */
static bool
is_stale(struct setup *s, struct slice spec, struct buf *built)
{
	CLEAN_BUF struct buf source = { 0 };
	struct stat old, now;

	if (!str_starts(spec.at, "lmdb:"))
		return false;
	buf_add(&source, spec.at + 5, spec.len - 5);
	buf_reset(built);
	buf_addf(built, "%s.lmdb", buf_str(&source));
	if (stat(buf_str(&source), &now) < 0)
		return false;
	return is_missing(s, buf_str(built)) ||
	    (stat(buf_str(built), &old) == 0 && old.st_mtime < now.st_mtime);
}

static void
want_aliases(struct setup *s)
{
	CLEAN_BUF struct buf built = { 0 };
	struct slice rest = slice_of(params.alias_database), item;
	bool build = false;

	while (slice_next_item(&rest, &item))
		if (is_stale(s, item, &built) &&
		    todo(s, "build the alias table %s", buf_str(&built)))
			build = true;
	if (build)
		run(s,
		    (const char *const[]){ PH_BIN_DIR "/newaliases", "-c",
			s->conf, NULL });
}

/* Programs that run see what is put into a table later, but not a new one. */
static void
want_recipient_lists(struct setup *s)
{
	static const struct recipients none;
	CLEAN_BUF struct buf file = { 0 };
	const char *spec = params.recipient_lists;
	const char *why;

	if (!str_starts(spec, "lmdb:"))
		return;
	buf_addf(&file, "%s.lmdb", spec + strlen("lmdb:"));
	if (!is_missing(s, buf_str(&file)) ||
	    !todo(s, "make the table %s", buf_str(&file)))
		return;
	if (!recipients_install(&none, false, 0, &why))
		failed(s, "%s", why);
}

/* ---- the first certificate ---- */

static void
write_certificate(struct setup *s, const char *path)
{
	CLEAN_BUF struct buf pem = { 0 };

	if (!make_cert(&pem, params.myhostname, params.mydomain))
		failed(s, "%s: no certificate can be made", path);
	else if (fd_replace_file(path, buf_str(&pem), pem.len, 0600) < 0)
		failed(s, "%s: %s", path, strerror(errno));
	if (pem.text != NULL)
		explicit_bzero(pem.text, pem.room);
}

/* Only where main.conf names no other. */
static void
want_certificate(struct setup *s)
{
	CLEAN_BUF struct buf folder = { 0 };
	CLEAN_BUF struct buf path = { 0 };

	if (params.smtpd_tls_chain_files[0] != '\0' ||
	    params.smtpd_tls_cert_file[0] != '\0')
		return;
	buf_addf(&folder, "%s/tls", s->conf);
	buf_addf(&path, "%s/posthouse.pem", buf_str(&folder));
	if (is_missing(s, buf_str(&folder)) &&
	    todo(s, "make folder %s (root:root, 0700)", buf_str(&folder)) &&
	    fd_make_dir(buf_str(&folder), 0700, 0, 0) < 0)
		failed(s, "%s: %s", buf_str(&folder), strerror(errno));
	if (is_missing(s, buf_str(&path)) &&
	    todo(s, "make a key and a self-signed certificate in %s",
		buf_str(&path)))
		write_certificate(s, buf_str(&path));
}

/* ---- forwarding ---- */

static void
want_srs_secrets(struct setup *s)
{
	const char *path = params.srs_secrets;

	if (params.srs_domain[0] == '\0' || !is_missing(s, path) ||
	    !todo(s, "make a secret of SRS in %s", path))
		return;
	if (!srs_file_rotate(path, 0, clock_wall()))
		failed(s, "%s: %s", path, strerror(errno));
}

/* ---- the usual names ---- */

/* Another package's file steps aside, and comes back when that is undone. */
static void
divert(struct setup *s, const char *name)
{
	CLEAN_BUF struct buf aside = { 0 };

	buf_addf(&aside, "%s.before-posthouse", name);
	run(s,
	    (const char *const[]){ "/usr/bin/dpkg-divert", "--quiet", "--local",
		"--rename", "--divert", buf_str(&aside), "--add", name, NULL });
}

/* mail(1) and cron call /usr/sbin/sendmail wherever we are installed. */
static void
want_command(struct setup *s, const struct command *c)
{
	char target[PATH_MAX] = "";
	struct stat st;

	if (str_eq(c->name, c->ours))
		return;
	bool there = lstat(c->name, &st) == 0;
	if (there && realpath(c->name, target) != NULL &&
	    str_eq(target, c->ours))
		return;
	if (there && !s->replace)
		return;
	if (!todo(s, "link %s to %s", c->name, c->ours))
		return;
	if (there)
		divert(s, c->name);
	if (symlink(c->ours, c->name) < 0)
		failed(s, "%s: %s", c->name, strerror(errno));
}

static int
parse_options(int argc, char **argv, struct setup *s)
{
	for (int i = 1; i < argc; i++)
		if (str_eq(argv[i], "--check"))
			s->check = true;
		else if (str_eq(argv[i], "--replace"))
			s->replace = true;
		else
			return -1;
	s->conf = posthouse_conf_dir();
	return 0;
}

int
posthouse_setup(int argc, char **argv)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct setup s = { 0 };

	if (parse_options(argc, argv, &s) < 0)
		return posthouse_usage("setup");
	if (!s.check && geteuid() != 0) {
		failed(&s, "makes users and folders: run it as root");
		return EX_NOPERM;
	}

	umask(022);
	want_users(&s);
	want_conf(&s);
	if (s.check && s.changes > 0 && !has_conf(s.conf)) {
		puts("would make the folders that main.conf names");
		return 1;
	}
	if (!param_load(s.conf, NULL, &errors)) {
		posthouse_say(buf_str(&errors));
		return EX_CONFIG;
	}
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		want_folder(&s, &folders[i]);
	want_aliases(&s);
	want_recipient_lists(&s);
	want_certificate(&s);
	want_srs_secrets(&s);
	if (str_eq(s.conf, PH_CONF_DIR))
		for (size_t i = 0; i < ARRAY_LEN(commands); i++)
			want_command(&s, &commands[i]);

	if (s.hidden)
		failed(&s, "not all could be looked at: run it as root");
	if (s.failures > 0)
		return s.hidden ? EX_NOPERM : EX_OSERR;
	if (s.changes == 0)
		puts("nothing to do: all is in place");
	return s.check && s.changes > 0 ? 1 : EX_OK;
}
