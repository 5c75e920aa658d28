/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "conf_warnings.h"

#include <string.h>

#include "param_rows.h"

struct warner {
	conf_warning_fn *say;
	void *arg;
};

/* The section of a TRANSPORT_suffix name. */
static bool
has_service(const struct services *services, const char *name)
{
	for (size_t i = 0; i < services->n; i++) {
		size_t n = strlen(services->at[i].name);
		struct slice rest = slice_of(services->at[i].listen);
		struct slice item;

		if (str_starts(name, services->at[i].name) && name[n] == '_')
			return true;
		while (slice_next_item(&rest, &item))
			if (item.len > 5 &&
			    strncmp(name, item.at + 5, item.len - 5) == 0 &&
			    name[item.len - 5] == '_')
				return true;
	}
	return false;
}

static void
warn(const struct warner *w, const struct setting *s, const char *text)
{
	CLEAN_BUF struct buf line = { 0 };

	buf_addf(&line, "%s:%zu: %s: %s", s->file, s->line, s->name, text);
	w->say(w->arg, buf_str(&line));
}

static void
look_at(const struct warner *w, const struct settings *all,
    const struct setting *s, const struct services *services)
{
	const struct setting *last = settings_find(all, s->section, s->name);
	CLEAN_BUF struct buf text = { 0 };

	if (last != s) {
		buf_addf(&text,
		    "warning: is set again, which counts, in line %zu",
		    last->line);
		warn(w, s, buf_str(&text));
	}
	if (param_find(s->name) == NULL &&
	    param_find_transport(s->name) != NULL &&
	    !has_service(services, s->name))
		warn(w, s, "warning: master.conf has no such transport");
}

void
conf_warnings(const char *conf_dir, const struct services *services,
    conf_warning_fn *say, void *arg)
{
	const struct warner w = { say, arg };
	CLEAN_BUF struct buf errors = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	struct settings all;

	if (!settings_read(&a, conf_dir, "main.conf", false, &all, &errors))
		return; /* whoever loads it has said so */
	for (size_t i = 0; i < all.n; i++)
		look_at(&w, &all, &all.at[i], services);
}

/* ---- transports ---- */

static bool
listens_as(const struct service *s, struct slice name)
{
	struct slice rest = slice_of(s->listen), item;
	struct listen_item parsed;
	const char *why;

	while (s->enabled && slice_next_item(&rest, &item))
		if (listen_parse(item, &parsed, &why) &&
		    slice_eq(name, parsed.name))
			return true;
	return false;
}

static bool
has_transport(const struct services *services, struct slice name)
{
	static const char *const inside[] = { "error", "retry", "discard" };

	for (size_t i = 0; i < ARRAY_LEN(inside); i++)
		if (slice_eq(name, inside[i]))
			return true;
	for (size_t i = 0; i < services->n; i++)
		if (listens_as(&services->at[i], name))
			return true;
	return false;
}

size_t
conf_transports(const struct services *services, conf_transport_fn *missing,
    void *arg)
{
	const struct {
		const char *parameter, *value;
	} rows[] = {
		{ "default_transport", params.default_transport },
		{ "fallback_transport", params.fallback_transport },
		{ "local_transport", params.local_transport },
		{ "mailbox_transport", params.mailbox_transport },
		{ "relay_transport", params.relay_transport },
		{ "virtual_transport", params.virtual_transport },
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = slice_of(rows[i].value), name;

		if (slice_next_part(&rest, ':', &name) && name.len > 0 &&
		    !has_transport(services, name)) {
			missing(arg, rows[i].parameter, name);
			n++;
		}
	}
	return n;
}
