/*
 * The defaults that depend on the system: who this host is, where main.conf is.
 *
 * Nothing here asks the network: the host's name is completed from hosts(5),
 * else from mydomain, else it ends in localdomain, as Postfix's.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param_rows.h"

#include <limits.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

/* The name in /etc/hosts that is host and a domain. */
static const char *
full_name_in_hosts(struct arena *a, const char *host)
{
	const char *found = NULL;
	size_t n = strlen(host);
	struct hostent *h;

	sethostent(1);
	while (found == NULL && (h = gethostent()) != NULL) {
		if (str_starts_nocase(h->h_name, host) && h->h_name[n] == '.')
			found = arena_strdup(a, h->h_name);
		for (char **s = h->h_aliases; *s != NULL; s++)
			if (str_starts_nocase(*s, host) && (*s)[n] == '.')
				found = arena_strdup(a, *s);
	}
	endhostent();
	return found;
}

static const char *
find_myhostname(struct param_view *v)
{
	char host[HOST_NAME_MAX + 1] = "";

	if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
		return "localhost.localdomain";
	if (strchr(host, '.') != NULL)
		return arena_strdup(v->arena, host);
	if (param_view_setting(v, "mydomain") != NULL)
		return arena_printf(v->arena, "%s.$mydomain", host);

	const char *full = full_name_in_hosts(v->arena, host);
	if (full != NULL)
		return full;
	return arena_printf(v->arena, "%s.localdomain", host);
}

/* Asked once, because many defaults are made of it. */
static const char *
default_myhostname(struct param_view *v)
{
	if (v->host == NULL)
		v->host = find_myhostname(v);
	return v->host;
}

static const char *
default_mydomain(struct param_view *v)
{
	CLEAN_BUF struct buf host = { 0 };
	const char *dot = NULL;

	v->depth++; /* part of whatever is being expanded */
	if (param_view_value(v, param_find("myhostname"), &host))
		dot = strchr(buf_str(&host), '.');
	v->depth--;
	return dot != NULL ? arena_strdup(v->arena, dot + 1) : "localdomain";
}

static const char *
default_config_directory(struct param_view *v)
{
	return v->conf_dir;
}

static const struct {
	const char *name;
	const char *(*text)(struct param_view *v);
} computed[] = {
	{ "config_directory", default_config_directory },
	{ "mydomain", default_mydomain },
	{ "myhostname", default_myhostname },
};

const char *
param_default(struct param_view *v, const struct param_row *row)
{
	for (size_t i = 0; i < ARRAY_LEN(computed); i++)
		if (str_eq(row->name, computed[i].name))
			return computed[i].text(v);
	return row->def;
}
