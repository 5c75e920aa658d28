/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_backup.h"

#include "domains.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "smtp_resolve.h"

#define DOMAINS_MAX 1000 /* of a longer list the first ones are looked at */
#define PAUSE       10   /* milliseconds between two */

static struct {
	struct arena names;
	const char *at[DOMAINS_MAX];
	size_t n;
	size_t next; /* to be asked for */

	struct arena arena; /* of the question under way */
	struct smtp_resolve resolve;
	struct loop_timer timer;
} backup;

static void
add(void *arg, const char *name)
{
	(void)arg;
	if (backup.n < DOMAINS_MAX)
		backup.at[backup.n++] = arena_strdup(&backup.names, name);
}

void
smtp_backup_open(void)
{
	const char *why;

	/* Who routes by the list has refused to start with a broken one. */
	if (!domains_each(params.backup_mx_domains, add, NULL, NULL, &why))
		log_warn("backup_mx_domains: %s", why);
}

static void
judge(const char *domain, const struct smtp_resolve *r)
{
	const struct smtp_host *self = smtp_hosts_self(&r->hosts);

	if (self == NULL && r->hosts.n > 0)
		log_warn("backup_mx_domains: the DNS does not list this host "
			 "for %s, its best MX is %s: posthouse check says more",
		    domain, r->hosts.at[0].name);
	else if (self != NULL && r->hosts.n == 0)
		log_warn("backup_mx_domains: the DNS lists this host as best "
			 "for %s, so by its MX records mail for it has "
			 "nowhere to go: posthouse check says more",
		    domain);
	else if (r->fate.outcome == OUTCOME_BOUNCE)
		log_warn("backup_mx_domains: %s", r->fate.text);
}

static void ask_next(struct loop_timer *t);

static void
on_resolved(void *owner)
{
	(void)owner;
	judge(backup.at[backup.next++], &backup.resolve);
	if (backup.next < backup.n)
		loop_timer(&backup.timer, PAUSE, ask_next);
}

static void
ask_next(struct loop_timer *t)
{
	(void)t;
	smtp_resolve_stop(&backup.resolve);
	arena_reset(&backup.arena);
	smtp_resolve_start(&backup.resolve, &backup.arena,
	    backup.at[backup.next], true, on_resolved, NULL);
}

bool
smtp_backup_check(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_backup_check m;

	(void)c;
	if (!msg_get_backup_check(&m, body, len) || fd >= 0)
		return false;
	if (backup.n > 0 && backup.next == 0)
		loop_timer(&backup.timer, PAUSE, ask_next);
	return true;
}
