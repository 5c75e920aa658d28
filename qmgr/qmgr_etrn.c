/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_etrn.h"

#include <string.h>

#include "addr.h"
#include "log.h"
#include "map.h"
#include "msg.h"
#include "param.h"
#include "program.h"

/* A name that the DNS may have MX records of: no pattern, file or table, and
 * not this host's name for itself. */
static bool
is_domain(struct slice item)
{
	return item.at[0] != '.' && memchr(item.at, '.', item.len) != NULL &&
	    addr_domain_valid(item) && item.at[0] != '[' &&
	    !str_starts_nocase(item.at, "localhost.");
}

static void
add(struct map *seen, struct slice item, struct buf *out)
{
	CLEAN_BUF struct buf name = { 0 };
	void **place;

	buf_add(&name, item.at, item.len);
	str_lower(name.text);
	place = map_puts(seen, buf_str(&name));
	if (*place == NULL)
		wire_put_str(out, buf_str(&name));
	*place = seen;
}

/* A name behind "!" is not ours, whatever stands later in the list. */
static void
add_list(struct map *seen, const char *list, struct buf *out)
{
	struct slice rest = slice_of(list), item;
	bool no = false;

	while (seen->len < ETRN_OWN_MAX && slice_next_item(&rest, &item)) {
		for (; item.len > 0 && item.at[0] == '!'; no = !no)
			item = (struct slice){ item.at + 1, item.len - 1 };
		if (item.len == 0)
			continue; /* the "!" stands alone before it */
		if (!no && is_domain(item))
			add(seen, item, out);
		no = false;
	}
}

void
etrn_own_domains(struct buf *out)
{
	struct map seen = { 0 };

	add_list(&seen, params.mydestination, out);
	add_list(&seen, params.virtual_mailbox_domains, out);
	add_list(&seen, params.virtual_alias_domains, out);
	if (seen.len >= ETRN_OWN_MAX)
		log_info("etrn_on_start: mail is asked for %d of our domains, "
			 "and not for the others",
		    ETRN_OWN_MAX);
	map_free(&seen);
}

static void
put_hosts(struct buf *out)
{
	struct slice rest = slice_of(params.etrn_on_start), item;

	while (slice_next_item(&rest, &item)) {
		CLEAN_BUF struct buf host = { 0 };

		buf_add(&host, item.at, item.len);
		wire_put_str(out, buf_str(&host));
	}
}

/* The one of the transport smtp, or any. */
static struct chan *
find_agent(void)
{
	struct chan *any = NULL;

	for (struct chan *c = program_next_peer(ROLE_SMTP, NULL); c != NULL;
	     c = program_next_peer(ROLE_SMTP, c)) {
		if (str_eq(c->name, "smtp"))
			return c;
		any = c;
	}
	return any;
}

void
etrn_start(void)
{
	CLEAN_BUF struct buf domains = { 0 };
	CLEAN_BUF struct buf hosts = { 0 };
	CLEAN_BUF struct buf packet = { 0 };
	struct chan *agent = find_agent();

	put_hosts(&hosts);
	if (hosts.len == 0 || agent == NULL)
		return;
	etrn_own_domains(&domains);
	msg_put_etrn_ask(&packet,
	    &(struct msg_etrn_ask){
		.domains = { buf_str(&domains), domains.len },
		.hosts = { buf_str(&hosts), hosts.len },
	    });
	chan_send(agent, &packet, -1, false);
}
