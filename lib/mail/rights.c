/*
 * The table, and the order in which rights are given up.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "rights.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "param.h"
#include "rights_parts.h"

#define DELIVER_CAPS (1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_KILL)

static const struct rights rows[] = {
	{
	    .role = ROLE_SMTPD,
	    .user = "ph-smtpd",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE | CALLS_ACCEPT | CALLS_CONNECT,
	    .files = 65536,
	    .memory = 8192,
	},
	{
	    .role = ROLE_CLEANUP,
	    .user = "ph-cleanup",
	    .queue_group = "ph-queue",
	    .root = ROOT_QUEUE,
	    .calls = CALLS_BASE | CALLS_READ | CALLS_WRITE | CALLS_THREAD,
	    .files = 65536,
	    .memory = 8192,
	    .write_below = "/tmp /new",
	},
	{
	    .role = ROLE_QMGR,
	    .user = "ph-qmgr",
	    .queue_group = "ph-queue",
	    .root = ROOT_QUEUE,
	    .calls = CALLS_BASE | CALLS_ACCEPT | CALLS_READ | CALLS_WRITE |
		CALLS_THREAD,
	    .files = 65536,
	    .memory = 16384,
	    .write_below = "/",
	},
	{
	    .role = ROLE_SMTP,
	    .user = "ph-smtp",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE | CALLS_CONNECT | CALLS_SENDFILE,
	    .files = 65536,
	    .memory = 8192,
	},
	{
	    .role = ROLE_LOCAL,
	    .user = "ph-local",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE,
	    .files = 4096,
	    .memory = 4096,
	},
	{
	    .role = ROLE_DELIVER,
	    .root = ROOT_ALL,
	    .caps = DELIVER_CAPS,
	    .calls = CALLS_BECOME,
	    .files = 4096,
	},
	{
	    .role = ROLE_BOUNCE,
	    .user = "ph-bounce",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE,
	    .files = 4096,
	    .memory = 4096,
	},
	{
	    .role = ROLE_LOOKUP,
	    .user = "ph-lookup",
	    .root = ROOT_ALL,
	    .calls = CALLS_BASE | CALLS_CONNECT | CALLS_READ | CALLS_NSS,
	    .files = 4096,
	    .memory = 8192,
	    .read_below = "/",
	},
	{
	    .role = ROLE_SCRIBE,
	    .user = "ph-scribe",
	    .root = ROOT_DATA,
	    .calls = CALLS_BASE | CALLS_READ | CALLS_WRITE,
	    .files = 4096,
	    .memory = 4096,
	    .write_below = "/",
	},
	{
	    .role = ROLE_PICKUP,
	    .user = "ph-pickup",
	    .root = ROOT_QUEUE,
	    .calls = CALLS_BASE | CALLS_READ | CALLS_WRITE,
	    .files = 4096,
	    .memory = 4096,
	    .write_below = "/maildrop",
	},
	{
	    .role = ROLE_CALLOUT,
	    .user = "ph-callout",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE | CALLS_SYNC,
	    .files = 4096,
	    .memory = 8192,
	},
	{
	    .role = ROLE_KEYS,
	    .user = "ph-keys",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE,
	    .files = 4096,
	    .memory = 4096,
	},
	{
	    .role = ROLE_AUTH,
	    .user = "ph-auth",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE | CALLS_THREAD | CALLS_NICE,
	    .files = 4096,
	    .memory = 4096,
	},
	{
	    .role = ROLE_VERIFY,
	    .user = "ph-verify",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE | CALLS_CONNECT,
	    .files = 4096,
	    .memory = 4096,
	},
	{
	    .role = ROLE_STS,
	    .user = "ph-sts",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE | CALLS_CONNECT | CALLS_SYNC,
	    .files = 4096,
	    .memory = 8192,
	},
	{
	    .role = ROLE_REPORT,
	    .user = "ph-report",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE | CALLS_SYNC,
	    .files = 4096,
	    .memory = 8192,
	},
	{
	    .role = ROLE_SIGN,
	    .user = "ph-sign",
	    .root = ROOT_EMPTY,
	    .calls = CALLS_BASE,
	    .files = 4096,
	    .memory = 4096,
	},
};

struct ids {
	uid_t uid;
	gid_t gid;
	gid_t more[1]; /* supplementary groups */
	size_t n_more;
};

static gid_t
find_group(const char *name)
{
	errno = 0;
	const struct group *g = getgrnam(name);

	if (g == NULL)
		log_fatal("group %s: %s: run posthouse setup", name,
		    errno != 0 ? strerror(errno) : "no such group");
	return g->gr_gid;
}

static struct ids
find_ids(const struct rights *r)
{
	struct ids ids = { 0 };

	if (r->user == NULL)
		return ids;
	errno = 0;
	const struct passwd *pw = getpwnam(r->user);
	if (pw == NULL)
		log_fatal("user %s: %s: run posthouse setup", r->user,
		    errno != 0 ? strerror(errno) : "no such user");
	ids.uid = pw->pw_uid;
	ids.gid = r->group != NULL ? find_group(r->group) : pw->pw_gid;
	if (ids.uid == 0 || ids.gid == 0)
		log_fatal("user %s has the rights of root: name another one",
		    r->user);
	if (r->queue_group != NULL)
		ids.more[ids.n_more++] = find_group(r->queue_group);
	return ids;
}

/* The empty folder is made here, so that it is there whatever became of
 * run_directory since setup. */
static void
enter_empty(void)
{
	CLEAN_BUF struct buf path = { 0 };
	struct stat st;

	buf_addf(&path, "%s/empty", params.run_directory);
	if (fd_make_dir(buf_str(&path), 0555, 0, 0) < 0 ||
	    chdir(buf_str(&path)) < 0 || stat(".", &st) < 0)
		log_fatal("%s: %s", buf_str(&path), strerror(errno));
	if (st.st_uid != 0 || (st.st_mode & 0222) != 0)
		log_fatal("%s: must be root's and writable by nobody: remove "
			  "it",
		    buf_str(&path));
}

static void
enter_root(const struct rights *r)
{
	const char *const paths[] = {
		[ROOT_QUEUE] = params.queue_directory,
		[ROOT_DATA] = params.data_directory,
		[ROOT_ALL] = "/",
	};
	const char *path = r->root_path;

	if (path == NULL && r->root == ROOT_EMPTY) {
		enter_empty();
	} else {
		path = path != NULL ? path : paths[r->root];
		if (chdir(path) < 0)
			log_fatal("%s: %s", path, strerror(errno));
	}
	if (path == NULL || strcmp(path, "/") != 0)
		if (chroot(".") < 0 || chdir("/") < 0)
			log_fatal("chroot of %s: %s", role_name(r->role),
			    strerror(errno));
}

static void
choose_caps(uint32_t caps)
{
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned int i = 0; i < 32; i++)
		if ((caps & 1U << i) != 0 &&
		    capng_update(CAPNG_ADD,
			CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			i) < 0)
			log_fatal("capability %u is not known here", i);
}

static void
prove_gone(const struct ids *ids)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) < 0 || r != ids->uid || e != r || s != r)
		log_panic("the uid did not change");
	if (getresgid(&rg, &eg, &sg) < 0 || rg != ids->gid || eg != rg ||
	    sg != rg)
		log_panic("the gid did not change");
	if (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0 ||
	    setgroups(0, NULL) == 0)
		log_panic("root's rights came back");
}

/* The bounding set can only be dropped by who may still set capabilities, the
 * other sets only now are what they stay. */
static void
drop_ids_and_caps(const struct rights *r, const struct ids *ids)
{
	choose_caps(r->caps);
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		log_fatal("the bounding set of capabilities: %s",
		    strerror(errno));
	if (setgroups(ids->n_more, ids->more) < 0)
		log_fatal("setgroups: %s", strerror(errno));
	if (r->user != NULL &&
	    (setresgid(ids->gid, ids->gid, ids->gid) < 0 ||
		setresuid(ids->uid, ids->uid, ids->uid) < 0))
		log_fatal("becoming %s: %s", r->user, strerror(errno));
	if (capng_apply(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT) < 0)
		log_fatal("capabilities: %s", strerror(errno));
	if (r->user != NULL)
		prove_gone(ids);
}

static void
limit_resources(const struct rights *r)
{
	struct rlimit memory = { r->memory << 20, r->memory << 20 };

	(void)fd_limit(r->files); /* fewer is fewer sessions, not an error */
#ifndef WITH_SANITIZERS /* their shadow memory is larger than any limit */
	if (r->memory > 0 && setrlimit(RLIMIT_AS, &memory) < 0)
		log_fatal("limit of memory: %s", strerror(errno));
#else
	(void)memory;
#endif
}

const struct rights *
rights_of(enum role role)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].role == role)
			return &rows[i];
	return NULL;
}

void
rights_take(const struct rights *r, int first_fd, bool log_only)
{
	struct ids ids = find_ids(r);
	bool becomes = (r->calls & CALLS_BECOME) != 0;

	/* Limits first, while root may still raise the hard ones. */
	limit_resources(r);
	enter_root(r);
	/* Without no_new_privs only CAP_SYS_ADMIN may set a filter. */
	if (becomes)
		rights_limit_calls(r, log_only);
	drop_ids_and_caps(r, &ids);
	if (!becomes && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_fatal("no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		log_fatal("dumpable: %s", strerror(errno));
	if (first_fd >= 0)
		fd_close_from(first_fd);
	if (becomes)
		return;
	if (!log_only)
		rights_limit_files(r);
	rights_limit_calls(r, log_only);
}

static void
show_calls(struct buf *out, uint32_t calls)
{
	static const char *const names[] = { "base", "accept", "connect",
		"read", "write", "sendfile", "thread", "nss", "become", "sync",
		"nice" };
	const char *sep = "";

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if ((calls & 1U << i) != 0) {
			buf_addf(out, "%s%s", sep, names[i]);
			sep = ",";
		}
}

void
rights_show(struct buf *out)
{
	static const char *const roots[] = {
		[ROOT_EMPTY] = "empty",
		[ROOT_QUEUE] = "queue",
		[ROOT_DATA] = "data",
		[ROOT_ALL] = "/",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct rights *r = &rows[i];

		buf_addf(out, "%s user=%s groups=%s root=%s caps=%08x",
		    role_name(r->role), r->user != NULL ? r->user : "root",
		    r->queue_group != NULL ? r->queue_group : "",
		    roots[r->root], r->caps);
		buf_adds(out, " calls=");
		show_calls(out, r->calls);
		buf_addf(out, " no_new_privs=%d files=%zu memory=%zum",
		    (r->calls & CALLS_BECOME) == 0, r->files, r->memory);
		buf_addf(out, " read=%s write=%s\n",
		    r->read_below != NULL ? r->read_below : "",
		    r->write_below != NULL ? r->write_below : "");
	}
}
