/*
 * Whether every table and list that the parameters name can be opened.
 *
 * Done by who checks a configuration before it takes force; the programs that
 * use a table open it themselves, as root, before they give up their rights.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "param.h"
#include "param_rows.h"
#include "peerlist.h"
#include "restrict.h"
#include "table.h"

static bool
open_tables(const char *value, const char **why)
{
	struct tables ts;
	bool ok = tables_open(&ts, value, why);

	if (ok)
		tables_free(&ts);
	return ok;
}

static bool
open_names(const char *value, const char **why)
{
	struct namelist *n = namelist_open(value, why);
	bool ok = n != NULL;

	namelist_close(&n);
	return ok;
}

static bool
open_nets(const char *value, const char **why)
{
	struct netlist *n = netlist_open(value, why);
	bool ok = n != NULL;

	netlist_close(&n);
	return ok;
}

static bool
open_peers(const char *value, const char **why)
{
	struct peerlist *p = peerlist_open(value, why);
	bool ok = p != NULL;

	peerlist_close(&p);
	return ok;
}

static bool
open_restrictions(const char *value, const char **why)
{
	struct restrictions *r = restrictions_open(value, why);
	bool ok = r != NULL;

	restrictions_close(&r);
	return ok;
}

typedef bool open_fn(const char *value, const char **why);

static open_fn *
opener_of(const struct param_row *row)
{
	if (row->kind == PARAM_KIND_TABLES)
		return open_tables;
	if (row->kind == PARAM_KIND_NAMES)
		return open_names;
	if (row->kind == PARAM_KIND_PEERS)
		return open_peers;
	if (row->kind == PARAM_KIND_RESTRICT)
		return open_restrictions;
	return row->kind == PARAM_KIND_NETS ? open_nets : NULL;
}

/* A default is made of other parameters: what is wrong with those was said. */
static bool
check(struct param_view *v, const struct param_row *row, const char *raw,
    const struct setting *s, struct buf *errors)
{
	CLEAN_BUF struct buf value = { 0 };
	const char *why = "";

	if (!param_view_expand(v, raw, &value) ||
	    opener_of(row)(buf_str(&value), &why))
		return true; /* what does not expand, param_load() says */
	if (s != NULL)
		buf_addf(errors, "%s:%zu: %s: %s\n", s->file, s->line,
		    row->name, why);
	else if (strstr(buf_str(errors), why) == NULL)
		buf_addf(errors, "main.conf: %s: %s\n", row->name, why);
	return false;
}

/* The rows that main.conf sets, or the others. */
static bool
check_rows(struct param_view *v, bool set, struct buf *errors)
{
	bool ok = true;

	PARAM_EACH(row) {
		const struct setting *s = param_view_setting(v, row->name);
		if (opener_of(row) != NULL && (s != NULL) == set)
			ok &= check(v, row, param_view_raw(v, row), s, errors);
	}
	return ok;
}

/* ---- who may relay ---- */

/* What cannot be opened was said before. */
static bool
refuses_relay(struct param_view *v, const char *name)
{
	CLEAN_BUF struct buf value = { 0 };
	const char *why;

	if (!param_view_expand(v, param_view_raw(v, param_find(name)), &value))
		return true;

	struct restrictions *r = restrictions_open(buf_str(&value), &why);
	bool yes = r == NULL || restrictions_refuse_relay(r);
	if (r != NULL)
		restrictions_close(&r);
	return yes;
}

/* Postfix does not start without it either. */
static bool
check_guard(struct param_view *v, struct buf *errors)
{
	static const char relay[] = "smtpd_relay_restrictions";
	static const char rcpt[] = "smtpd_recipient_restrictions";
	static const char why[] = "it, or smtpd_recipient_restrictions, must "
				  "have reject_unauth_destination, "
				  "defer_unauth_destination, reject or defer: "
				  "else anybody could send mail anywhere "
				  "through this host";
	CLEAN_BUF struct buf line = { 0 };
	const struct setting *s = param_view_setting(v, relay);

	if (refuses_relay(v, relay) || refuses_relay(v, rcpt))
		return true;
	if (s != NULL)
		buf_addf(&line, "%s:%zu: ", s->file, s->line);
	buf_addf(&line, "%s: %s\n", relay, why);
	if (strstr(buf_str(errors), buf_str(&line)) == NULL)
		buf_adds(errors, buf_str(&line)); /* once for all services */
	return false;
}

/* A section of the server, by its own settings: no services are loaded yet. */
static bool
is_server(const struct param_view *v, const struct setting *head)
{
	const struct setting *program = settings_find(&v->own, head->section,
	    "program");
	const struct setting *enabled = settings_find(&v->own, head->section,
	    "enabled");

	return str_eq(program != NULL ? program->value : head->section,
		   "smtpd") &&
	    (enabled == NULL || !str_eq(enabled->value, "no"));
}

bool
param_check_files(const char *conf_dir, struct buf *errors)
{
	CLEAN_BUF struct buf said = { 0 };
	struct arena a = { 0 };
	struct param_view v = { .arena = &a, .conf_dir = conf_dir };
	bool ok = settings_read(&a, conf_dir, "main.conf", false, &v.main,
		      &said) &&
	    settings_read(&a, conf_dir, "master.conf", true, &v.own, &said);

	ok &= check_rows(&v, true, errors);
	ok &= check_rows(&v, false, errors);
	for (size_t i = 0; i < v.own.n; i++) {
		const struct setting *s = &v.own.at[i];
		const struct param_row *row = param_find(s->name);
		v.section = s->section;
		if (row != NULL && opener_of(row) != NULL)
			ok &= check(&v, row, s->value, s, errors);
		if (s->name[0] == '\0' && is_server(&v, s))
			ok &= check_guard(&v, errors);
	}
	param_view_close(&v);
	arena_free(&a);
	return ok;
}
