/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_conf.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "rights.h"
#include "str.h"

static void
keep_params(struct conf *c)
{
	c->run_directory = xstrdup(params.run_directory);
	c->queue_directory = xstrdup(params.queue_directory);
	c->data_directory = xstrdup(params.data_directory);
	c->maillog_file = xstrdup(params.maillog_file);
	c->syslog_name = xstrdup(params.syslog_name);
	c->inet_interfaces = xstrdup(params.inet_interfaces);
	c->inet_protocols = xstrdup(params.inet_protocols);
}

void
conf_free(struct conf *c)
{
	free(c->run_directory);
	free(c->queue_directory);
	free(c->data_directory);
	free(c->maillog_file);
	free(c->syslog_name);
	free(c->inet_interfaces);
	free(c->inet_protocols);
	services_free(&c->services);
	*c = (struct conf){ 0 };
}

/* The accounts that the service will run with. */
static bool
check_accounts(const struct service *s, struct buf *errors)
{
	const struct rights *r = rights_of(role_of(s->program, s->name));
	const char *user = s->user[0] != '\0' ? s->user : r->user;
	bool ok = true;

	if (r->user != NULL && getpwnam(user) == NULL) {
		buf_addf(errors,
		    "master.conf: [%s]: there is no user %s: run posthouse "
		    "setup\n",
		    s->name, user);
		ok = false;
	}
	if (s->group[0] != '\0' && getgrnam(s->group) == NULL) {
		buf_addf(errors, "master.conf: [%s]: there is no group %s\n",
		    s->name, s->group);
		ok = false;
	}
	return ok;
}

/* Each service reads main.conf with its own section on top. */
static bool
check_services(const char *dir, const struct services *all, struct buf *errors)
{
	bool ok = true;

	for (size_t i = 0; i < all->n; i++) {
		const struct service *s = &all->at[i];

		if (!s->enabled)
			continue;
		ok &= param_load(dir, s->name, errors);
		ok &= check_accounts(s, errors);
	}
	return ok;
}

bool
conf_load(struct conf *out, const char *dir, struct buf *errors)
{
	struct conf c = { 0 };

	bool ok = param_load(dir, NULL, errors);
	if (ok)
		keep_params(&c);
	ok &= services_load(dir, &c.services, errors);
	ok = ok && check_services(dir, &c.services, errors) &&
	    param_check_files(dir, errors);
	if (!ok) {
		conf_free(&c);
		return false;
	}
	*out = c;
	return true;
}

bool
conf_has(const struct conf *c, enum role role)
{
	for (size_t i = 0; i < c->services.n; i++) {
		const struct service *s = &c->services.at[i];

		if (s->enabled && role_of(s->program, s->name) == role)
			return true;
	}
	return false;
}

char *
conf_override(const struct service *s, const char *name)
{
	struct slice rest = slice_of(s->overrides);
	size_t len = strlen(name);
	struct slice line;

	while (slice_next_part(&rest, '\n', &line))
		if (line.len > len && line.at[len] == '=' &&
		    memcmp(line.at, name, len) == 0)
			return strndup(line.at + len + 1, line.len - len - 1);
	return NULL;
}
