/*
 * master.conf: a section a service, its keys, and parameters for it alone.
 *
 * The table of programs says what each may listen on, and which of them the
 * system has once.  A program is known here by its file's name in libexec.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "msg.h"
#include "num.h"
#include "param_rows.h"

#define PROCESSES_MAX 1024

enum listens {
	LISTENS_NOT,
	LISTENS_UNIX, /* unix:NAME, which must be there */
	LISTENS_ANY,  /* inet: too; one must be there */
};

struct program {
	const char *name;
	enum listens listens;
	bool once;         /* one section, one process */
	int64_t processes; /* default; 0: auto */
};

/* clang-format off */
static const struct program programs[] = {
	/* file       listens       once   processes */
	{ "auth",    LISTENS_NOT,  true,  1 },
	{ "bounce",  LISTENS_NOT,  true,  1 },
	{ "callout", LISTENS_NOT,  true,  1 },
	{ "cleanup", LISTENS_NOT,  true,  1 },
	{ "deliver", LISTENS_NOT,  true,  1 },
	{ "keys",    LISTENS_NOT,  true,  1 },
	{ "local",   LISTENS_UNIX, false, 1 },
	{ "lookup",  LISTENS_NOT,  true,  1 },
	{ "pickup",  LISTENS_NOT,  true,  1 },
	{ "qmgr",    LISTENS_UNIX, true,  1 },
	{ "report",  LISTENS_NOT,  true,  1 },
	{ "scribe",  LISTENS_NOT,  true,  1 },
	{ "seal",    LISTENS_NOT,  true,  1 },
	{ "smtp",    LISTENS_UNIX, false, 0 },
	{ "smtpd",   LISTENS_ANY,  false, 0 },
	{ "sts",     LISTENS_NOT,  true,  1 },
};
/* clang-format on */

/* What is read, and where errors go. */
struct loader {
	struct arena *arena;
	struct param_view view; /* its section is the one being read */
	struct services *out;
	struct buf *errors;
	bool ok;
};

/* One section while it is read. */
struct draft {
	struct service *service;
	const struct setting *head; /* its [NAME] line */
	struct buf overrides;
};

static void complain(struct loader *l, const struct setting *s, const char *fmt,
    ...) PRINTFLIKE(3, 4);

static void
complain(struct loader *l, const struct setting *s, const char *fmt, ...)
{
	va_list ap;

	buf_addf(l->errors, "%s:%zu: ", s->file, s->line);
	if (s->name[0] != '\0')
		buf_addf(l->errors, "%s: ", s->name);
	else
		buf_addf(l->errors, "[%s]: ", s->section);
	va_start(ap, fmt);
	buf_vaddf(l->errors, fmt, ap);
	va_end(ap);
	buf_addc(l->errors, '\n');
	l->ok = false;
}

/* ---- the keys ---- */

typedef void key_fn(struct loader *l, struct service *out,
    const struct setting *s, const char *value);

static void
key_program(struct loader *l, struct service *out, const struct setting *s,
    const char *value)
{
	(void)l; /* checked with the whole section */
	(void)s;
	out->program = value;
}

static void
key_listen(struct loader *l, struct service *out, const struct setting *s,
    const char *value)
{
	struct slice rest = slice_of(value);
	struct listen_item parsed;
	struct slice item;
	const char *why;

	while (slice_next_item(&rest, &item))
		if (!listen_parse(item, &parsed, &why))
			complain(l, s, "%.*s: %s", (int)item.len, item.at, why);
	out->listen = value;
}

static void
key_processes(struct loader *l, struct service *out, const struct setting *s,
    const char *value)
{
	out->processes = 0;
	if (!str_eq(value, "auto") &&
	    !num_parse(value, 1, PROCESSES_MAX, &out->processes))
		complain(l, s,
		    "\"%s\" is neither auto nor a number from 1 to %d", value,
		    PROCESSES_MAX);
}

static void
key_enabled(struct loader *l, struct service *out, const struct setting *s,
    const char *value)
{
	out->enabled = str_eq(value, "yes");
	if (!out->enabled && !str_eq(value, "no"))
		complain(l, s, "\"%s\" is neither yes nor no", value);
}

static void
key_user(struct loader *l, struct service *out, const struct setting *s,
    const char *value)
{
	(void)l; /* the program looks it up when it starts */
	(void)s;
	out->user = value;
}

static void
key_group(struct loader *l, struct service *out, const struct setting *s,
    const char *value)
{
	(void)l;
	(void)s;
	out->group = value;
}

static void
key_chroot(struct loader *l, struct service *out, const struct setting *s,
    const char *value)
{
	if (value[0] != '/')
		complain(l, s, "\"%s\" is not an absolute path: begin with /",
		    value);
	out->chroot = value;
}

static const struct {
	const char *name;
	key_fn *take;
} keys[] = {
	{ "chroot", key_chroot },
	{ "enabled", key_enabled },
	{ "group", key_group },
	{ "listen", key_listen },
	{ "processes", key_processes },
	{ "program", key_program },
	{ "user", key_user },
};

static key_fn *
find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (str_eq(keys[i].name, name))
			return keys[i].take;
	return NULL;
}

bool
service_is_key(const char *name)
{
	return find_key(name) != NULL;
}

/* ---- listen ---- */

static bool
parse_unix(struct slice text, struct listen_item *out, const char **why)
{
	for (size_t i = 0; i < text.len; i++)
		if (!char_is_alpha(text.at[i]) && !char_is_digit(text.at[i]) &&
		    text.at[i] != '-' && text.at[i] != '_') {
			*why = "a name is letters, digits, - and _";
			return false;
		}
	if (text.len == 0 || text.len >= sizeof(out->name)) {
		*why = "write unix:NAME, at most 63 letters";
		return false;
	}
	memcpy(out->name, text.at, text.len);
	return true;
}

/* The text up to the port: "", "A:" or "[A]:". */
static bool
parse_inet_addr(struct slice text, struct listen_item *out, const char **why)
{
	struct in6_addr addr;

	if (text.len == 0)
		return true;
	text.len--; /* the colon */
	if (text.len > 1 && text.at[0] == '[' && text.at[text.len - 1] == ']')
		text = (struct slice){ text.at + 1, text.len - 2 };
	if (text.len > 0 && text.len < sizeof(out->addr)) {
		memcpy(out->addr, text.at, text.len);
		out->addr[text.len] = '\0';
		if (inet_pton(AF_INET, out->addr, &addr) == 1 ||
		    inet_pton(AF_INET6, out->addr, &addr) == 1)
			return true;
	}
	*why = "not a numeric address: write inet:192.0.2.1:25 or "
	       "inet:[2001:db8::1]:25";
	return false;
}

static bool
parse_inet(struct slice text, struct listen_item *out, const char **why)
{
	size_t n = text.len;
	int64_t port;

	while (n > 0 && text.at[n - 1] != ':')
		n--;
	if (!num_parse_len(text.at + n, text.len - n, 1, UINT16_MAX, &port)) {
		*why = "write inet:PORT or inet:ADDRESS:PORT, the port a "
		       "number from 1 to 65535";
		return false;
	}
	out->port = (uint16_t)port;
	return parse_inet_addr((struct slice){ text.at, n }, out, why);
}

bool
listen_parse(struct slice text, struct listen_item *out, const char **why)
{
	struct listen_item item = { 0 };
	struct slice rest = text;
	struct slice kind = { "", 0 };
	bool ok = false;

	(void)slice_next_part(&rest, ':', &kind); /* empty text is no kind */
	if (slice_eq(kind, "unix"))
		ok = parse_unix(rest, &item, why);
	else if (slice_eq(kind, "inet"))
		ok = parse_inet(rest, &item, why);
	else
		*why = "write inet:PORT, inet:ADDRESS:PORT or unix:NAME";
	if (ok)
		*out = item;
	return ok;
}

/* ---- a whole section ---- */

static const struct program *
find_program(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (str_eq(programs[i].name, name))
			return &programs[i];
	return NULL;
}

static void
check_listen(struct loader *l, const struct draft *d, const struct program *p)
{
	struct slice rest = slice_of(d->service->listen);
	struct slice item;
	bool any = false, inet = false;

	while (slice_next_item(&rest, &item)) {
		any = true;
		inet |= item.len > 0 && item.at[0] == 'i';
	}
	if (p->listens == LISTENS_NOT && any)
		complain(l, d->head, "%s listens on nothing: remove listen",
		    p->name);
	if (p->listens == LISTENS_UNIX && inet)
		complain(l, d->head, "%s can only listen on unix:NAME",
		    p->name);
	if (p->listens != LISTENS_NOT && !any)
		complain(l, d->head, "listen is missing: %s",
		    p->listens == LISTENS_ANY ? "inet:PORT or unix:NAME"
					      : "unix:NAME");
}

static void
check_program(struct loader *l, struct draft *d)
{
	const struct program *p = find_program(d->service->program);

	if (p == NULL) {
		complain(l, d->head,
		    "there is no program %s: set program to one of",
		    d->service->program);
		l->errors->len--; /* the line goes on */
		for (size_t i = 0; i < ARRAY_LEN(programs); i++)
			buf_addf(l->errors, " %s", programs[i].name);
		buf_addc(l->errors, '\n');
		return;
	}
	if (d->service->processes < 0)
		d->service->processes = p->processes;
	if (p->once && d->service->processes != 1)
		complain(l, d->head, "%s runs as one process: remove processes",
		    p->name);
	check_listen(l, d, p);
}

static void
take_setting(struct loader *l, struct draft *d, const struct setting *s)
{
	CLEAN_BUF struct buf value = { 0 };
	key_fn *take = find_key(s->name);

	if (take == NULL) {
		buf_addf(&d->overrides, "%s=%s\n", s->name, s->value);
		l->ok &= param_check_setting(&l->view, s, l->errors);
	} else if (!param_view_expand(&l->view, s->value, &value))
		complain(l, s, "%s", buf_str(&l->view.trouble));
	else
		take(l, d->service, s, arena_strdup(l->arena, buf_str(&value)));
}

/* The section whose own line is at i. */
static void
take_section(struct loader *l, size_t i)
{
	const struct settings *all = &l->view.own;
	const char *name = all->at[i].section;
	struct service *s = &l->out->at[l->out->n++];
	struct draft d = { .service = s, .head = &all->at[i] };

	*s = (struct service){ name, name, "", "", "", "", -1, true, "" };
	l->view.section = name;
	for (i++; i < all->n && all->at[i].name[0] != '\0'; i++)
		take_setting(l, &d, &all->at[i]);
	s->overrides = arena_strdup(l->arena, buf_str(&d.overrides));
	buf_free(&d.overrides);
	check_program(l, &d);
}

/* ---- the sections among each other ---- */

static bool
share_listen(const struct service *a, const struct service *b)
{
	struct slice rest = slice_of(a->listen);
	struct slice item;

	while (slice_next_item(&rest, &item)) {
		struct slice others = slice_of(b->listen);
		struct slice other;
		while (slice_next_item(&others, &other))
			if (item.len == other.len &&
			    memcmp(item.at, other.at, item.len) == 0)
				return true;
	}
	return false;
}

static void
check_pair(struct loader *l, const struct service *a, const struct service *b)
{
	const struct program *p = find_program(b->program);
	const struct setting *head = settings_find(&l->view.own, b->name, "");

	if (str_eq(a->name, b->name))
		complain(l, head, "the section stands here twice: remove one");
	else if (!a->enabled || !b->enabled)
		return;
	else if (p != NULL && p->once &&
	    role_of(a->program, a->name) == role_of(b->program, b->name))
		complain(l, head, "%s runs already as [%s]: remove one",
		    b->program, a->name);
	else if (share_listen(a, b))
		complain(l, head, "listens where [%s] does: change listen",
		    a->name);
}

static void
load(struct loader *l)
{
	const struct settings *all = &l->view.own;
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += all->at[i].name[0] == '\0';
	l->out->at = arena_new(l->arena, (n + 1) * sizeof(*l->out->at));
	for (size_t i = 0; i < all->n; i++)
		if (all->at[i].name[0] == '\0')
			take_section(l, i);
	for (size_t i = 0; i < l->out->n; i++)
		for (size_t j = 0; j < i; j++)
			check_pair(l, &l->out->at[j], &l->out->at[i]);
	if (n == 0 && l->ok) {
		buf_adds(l->errors,
		    "master.conf: there is no section: run posthouse setup\n");
		l->ok = false;
	}
}

bool
services_load(const char *conf_dir, struct services *out, struct buf *errors)
{
	struct arena *a = xcalloc(1, sizeof(*a));
	struct loader l = {
		.arena = a,
		.view = { .arena = a, .conf_dir = conf_dir },
		.out = out,
		.errors = errors,
		.ok = true,
	};

	/* What is wrong in main.conf is for param_load() to say. */
	CLEAN_BUF struct buf unsaid = { 0 };

	*out = (struct services){ .strings = a };
	l.ok = settings_read(a, conf_dir, "main.conf", false, &l.view.main,
	    &unsaid);
	l.ok &= settings_read(a, conf_dir, "master.conf", true, &l.view.own,
	    errors);
	load(&l);
	param_view_close(&l.view);
	return l.ok;
}

void
services_free(struct services *s)
{
	if (s->strings != NULL)
		arena_free(s->strings);
	free(s->strings);
	*s = (struct services){ 0 };
}
