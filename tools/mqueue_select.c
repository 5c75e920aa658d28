/*
 * All that is asked for must be true of a message; what is said of recipients,
 * of one of them at least.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <fnmatch.h>
#include <string.h>

#include "mqueue.h"
#include "str.h"

static bool
fits(const char *pattern, const char *text)
{
	return pattern == NULL || fnmatch(pattern, text, FNM_CASEFOLD) == 0;
}

static bool
sender_fits(const char *pattern, const char *sender)
{
	if (pattern != NULL && (str_eq(pattern, "<>") || pattern[0] == '\0'))
		return sender[0] == '\0';
	return fits(pattern, sender);
}

static bool
domain_fits(const char *pattern, const char *address)
{
	const char *at = strrchr(address, '@');

	return pattern == NULL || (at != NULL && fits(pattern, at + 1));
}

bool
choice_is_empty(const struct choice *c)
{
	return c->from == NULL && c->to == NULL && c->domain == NULL &&
	    c->reason == NULL && c->older == 0;
}

bool
choice_has(const struct choice *c, const struct item *item, int64_t now)
{
	if (!sender_fits(c->from, item->mail.sender))
		return false;
	if (c->older > 0 && now - item->mail.arrived < c->older)
		return false;
	if (c->to == NULL && c->domain == NULL && c->reason == NULL)
		return true;
	for (size_t i = 0; i < item->n; i++) {
		const struct rec_q_rcpt *r = &item->rcpts[i];

		if ((fits(c->to, r->address) ||
			(r->orig[0] != '\0' && fits(c->to, r->orig))) &&
		    domain_fits(c->domain, r->address) &&
		    (c->reason == NULL ||
			strcasestr(r->reason, c->reason) != NULL))
			return true;
	}
	return false;
}
