/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "mconf.h"
#include "param.h"
#include "param_rows.h"
#include "tool.h"

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
warn(const struct setting *s, const char *text, size_t line)
{
	if (line != 0)
		tool_say("%s:%zu: %s: warning: %s %zu", s->file, s->line,
		    s->name, text, line);
	else
		tool_say("%s:%zu: %s: warning: %s", s->file, s->line, s->name,
		    text);
}

/* What does no harm but was hardly meant. */
static void
warn_about(const struct settings *all, const struct services *services)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct setting *s = &all->at[i];
		const struct setting *last = settings_find(all, s->section,
		    s->name);

		if (last != s)
			warn(s, "is set again, which counts, in line",
			    last->line);
		if (param_find(s->name) == NULL &&
		    param_find_transport(s->name) != NULL &&
		    !has_service(services, s->name))
			warn(s, "master.conf has no such transport", 0);
	}
}

int
mconf_check(void)
{
	const char *dir = tool_conf_dir();
	CLEAN_BUF struct buf errors = { 0 };
	CLEAN_BUF struct buf said = { 0 };
	struct services services;
	struct settings all;
	struct arena a = { 0 };

	bool ok = param_load(dir, NULL, &errors);
	ok &= services_load(dir, &services, &errors);
	ok &= param_check_files(dir, &errors);
	tool_say_lines(&errors);
	if (settings_read(&a, dir, "main.conf", false, &all, &said))
		warn_about(&all, &services);
	services_free(&services);
	arena_free(&a);
	return ok ? EX_OK : EX_CONFIG;
}
