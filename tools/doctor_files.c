/*
 * Files: services, tables and their sources, aliases, the queue, the disk.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "conf_warnings.h"
#include "doctor.h"
#include "local_world.h"
#include "lookup_user.h"
#include "param_rows.h"
#include "posthouse_setup.h"
#include "rewrite.h"
#include "table_type.h"

/* ---- services ---- */

bool
doctor_has_program(const struct doctor *d, const char *program)
{
	for (size_t i = 0; i < d->services.n; i++)
		if (d->services.at[i].enabled &&
		    str_eq(d->services.at[i].program, program))
			return true;
	return false;
}

static void
say_transport(void *arg, const char *parameter, struct slice transport)
{
	struct doctor *d = arg;

	doctor_say(d, FINDING_FAIL, "master.conf",
	    "add a section with listen = unix: and that name",
	    "no service is the transport %.*s (%s)", (int)transport.len,
	    transport.at, parameter);
}

void
doctor_services(struct doctor *d)
{
	static const char *const needed[] = { "cleanup", "qmgr", "bounce",
		"scribe" };
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		if (doctor_has_program(d, needed[i]))
			continue;
		bad++;
		doctor_say(d, FINDING_FAIL, "master.conf",
		    "add its section; posthouse setup wrote one where there "
		    "was no master.conf",
		    "there is no service %s", needed[i]);
	}
	bad += conf_transports(&d->services, say_transport, d);
	if (bad == 0)
		doctor_say(d, FINDING_OK, "master.conf", NULL,
		    "no service is missing");
}

/* ---- tables ---- */

/* "lmdb:FILE" is made from FILE; what cannot be opened was said before. */
static void
look_at_table(struct doctor *d, const char *parameter, struct slice spec,
    size_t *old)
{
	static const char type[] = "lmdb:";
	const char *text = arena_memdup(&d->arena, spec.at, spec.len);
	struct stat source, built;

	if (!str_starts(text, type))
		return;
	const char *path = text + strlen(type);
	const char *made = arena_printf(&d->arena, "%s.lmdb", path);
	if (stat(path, &source) < 0 || stat(made, &built) < 0 ||
	    built.st_mtime >= source.st_mtime)
		return;
	(*old)++;
	bool aliases = param_has_word(params.alias_database, text);
	doctor_say(d, FINDING_WARN, path,
	    aliases ? "newaliases" : arena_printf(&d->arena, "mtable %s", text),
	    "it was changed after its table was built (%s)", parameter);
}

void
doctor_tables(struct doctor *d)
{
	size_t old = 0;

	PARAM_EACH(row) {
		const char *const *value =
		    (const void *)((const char *)&params + row->offset);
		struct slice rest, item;

		if (row->kind != PARAM_KIND_TABLES &&
		    row->kind != PARAM_KIND_NAMES &&
		    row->kind != PARAM_KIND_NETS &&
		    row->kind != PARAM_KIND_PEERS)
			continue;
		rest = slice_of(*value);
		while (slice_next_item(&rest, &item))
			look_at_table(d, row->name, item, &old);
	}
	if (old == 0)
		doctor_say(d, FINDING_OK, "tables", NULL,
		    "none is older than its source");
}

/* ---- aliases ---- */

struct alias_walk {
	struct doctor *d;
	const char *table;
	size_t bad;
};

/* Users are asked for, their files are not read: who follows those knows what
 * is a loop when there is a message. */
static void
answer(struct expand *e, struct arena *a, enum expand_want want)
{
	CLEAN_BUF struct buf out = { 0 };
	const char *why;

	if (want == EXPAND_FILE) {
		local_expand_file(e,
		    local_expand_wants_include(e) ? OUTCOME_SENT : OUTCOME_NONE,
		    "", "", SLICE(""));
		return;
	}
	enum found f = lookup_user(e->user, &out, &why);
	local_expand_user(e, f, arena_strdup(a, buf_str(&out)));
}

static bool
on_alias(void *arg, const char *key, const char *value)
{
	struct alias_walk *w = arg;
	CLEAN_ARENA struct arena a = { 0 };
	struct expand e;
	enum expand_want want;
	const char *address = arena_printf(&a, "%s@%s", key, params.myhostname);

	(void)value;
	if (key[0] == '@' || strchr(key, '@') != NULL)
		return true; /* no alias of local(8)'s */
	local_expand_start(&e, &a, &local_world, address);
	while ((want = local_expand_next(&e)) != EXPAND_DONE)
		answer(&e, &a, want);
	bool include = strstr(value, ":include:") != NULL;
	if (e.fate.outcome != OUTCOME_NONE && !include) {
		w->bad++;
		doctor_say(w->d,
		    e.fate.outcome == OUTCOME_BOUNCE ? FINDING_FAIL
						     : FINDING_WARN,
		    arena_printf(&w->d->arena, "alias %s", key),
		    "see what it leads to with posthouse route", "%s (%s)",
		    e.fate.text, w->table);
	}
	local_expand_free(&e);
	return true;
}

static void
walk_tables(struct doctor *d, const char *list, table_each_fn *fn,
    struct alias_walk *w)
{
	struct slice rest = slice_of(list), item;

	while (slice_next_item(&rest, &item)) {
		const char *why;

		w->table = arena_memdup(&d->arena, item.at, item.len);
		struct table *t = table_open(w->table, &why);
		if (t != NULL && !table_is_remote(t) &&
		    table_type_of(t)->each != NULL && !table_each(t, fn, w)) {
			w->bad++;
			doctor_say(d, FINDING_WARN, w->table, "build it again",
			    "it cannot be read whole");
		}
		table_close(&t);
	}
}

void
doctor_aliases(struct doctor *d)
{
	struct alias_walk w = { .d = d };

	walk_tables(d, params.alias_maps, on_alias, &w);
	if (w.bad == 0)
		doctor_say(d, FINDING_OK, "aliases", NULL, "none is a loop");
}

static bool
on_virtual(void *arg, const char *key, const char *value)
{
	struct alias_walk *w = arg;
	CLEAN_ARENA struct arena a = { 0 };
	struct rewrite_members members;
	const char *why;

	(void)value;
	if (key[0] != '@' && strchr(key, '@') != NULL &&
	    rewrite_virtual(&a, key, &members, &why) == FOUND_FAILED) {
		w->bad++;
		doctor_say(w->d, FINDING_FAIL, key,
		    "mend virtual_alias_maps: mail for it waits", "%s", why);
	}
	return true;
}

void
doctor_virtual(struct doctor *d)
{
	struct alias_walk w = { .d = d };

	walk_tables(d, params.virtual_alias_maps, on_virtual, &w);
	if (w.bad == 0 && params.virtual_alias_maps[0] != '\0')
		doctor_say(d, FINDING_OK, "virtual aliases", NULL,
		    "none is a loop");
}

/* ---- the queue ---- */

struct folder_walk {
	struct doctor *d;
	size_t bad;
};

static void
on_folder(void *arg, const char *path, const char *what)
{
	struct folder_walk *w = arg;

	w->bad++;
	doctor_say(w->d, FINDING_FAIL, path, "posthouse setup", "%s", what);
}

static void
look_at_corrupt(struct doctor *d)
{
	const char *path = arena_printf(&d->arena, "%s/corrupt",
	    params.queue_directory);
	DIR *dir = opendir(path);
	size_t n = 0;

	for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
		n += e->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	if (n > 0)
		doctor_say(d, FINDING_WARN, path,
		    "look at them with mqueue --show, and see the log",
		    "%zu damaged files are kept there", n);
}

void
doctor_queue(struct doctor *d)
{
	struct folder_walk w = { .d = d };

	posthouse_setup_folders(on_folder, &w);
	if (w.bad == 0)
		doctor_say(d, FINDING_OK, "queue", NULL,
		    "its folders have the right owners and modes");
	look_at_corrupt(d);
}

/* ---- the disk ---- */

#define ROOM_MANY  10   /* times what the largest message needs */
#define INODES_FEW 1000 /* files that can still be made */

/* What must be free for mail to be accepted, as smtpd counts. */
static int64_t
room_needed(void)
{
	return params.queue_minfree > 0 ? params.queue_minfree
					: params.message_size_limit / 2 * 3;
}

void
doctor_disk(struct doctor *d)
{
	const char *path = params.queue_directory;
	const char *mend = "make room, or move queue_directory";
	struct statvfs v;

	if (statvfs(path, &v) < 0) {
		doctor_say(d, FINDING_FAIL, path, "posthouse setup", "%s",
		    strerror(errno));
		return;
	}
	int64_t mib = (int64_t)v.f_bavail * (int64_t)v.f_frsize >> 20;
	int64_t needed = (room_needed() >> 20) + 1;
	if (mib < needed)
		doctor_say(d, FINDING_FAIL, path, mend,
		    "%lld MiB are free, and %lld must be: no mail is accepted",
		    (long long)mib, (long long)needed);
	else if (v.f_files > 0 && v.f_favail < INODES_FEW)
		doctor_say(d, FINDING_FAIL, path, mend,
		    "only %llu files can still be made",
		    (unsigned long long)v.f_favail);
	else if (mib < ROOM_MANY * needed)
		doctor_say(d, FINDING_WARN, path, mend,
		    "%lld MiB are free, and %lld must be", (long long)mib,
		    (long long)needed);
	else
		doctor_say(d, FINDING_OK, path, NULL, "%lld MiB are free",
		    (long long)mib);
}
