/*
 * Whether who logged in may use the sender (smtpd_sender_login_maps): the table
 * says which users an address belongs to.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "restrict_parts.h"
#include "str.h"

/* ONE: owned, and *mine says whether by the user. */
static enum found
find_owner(const struct restrict_case *c, bool *mine)
{
	CLEAN_BUF struct buf owners = { 0 };
	CLEAN_BUF struct buf ext = { 0 };
	struct slice rest, owner;

	*mine = false;
	if (c->owners == NULL)
		return FOUND_NONE;
	enum found found = tables_get_address(c->owners, c->sender, true,
	    &owners, &ext);
	rest = (struct slice){ buf_str(&owners), owners.len };
	while (found == FOUND_ONE && slice_next_item(&rest, &owner))
		if (c->user != NULL && slice_eq_nocase(owner, c->user))
			*mine = true;
	return found;
}

static bool
has_no_sender(const struct restrict_case *c)
{
	return c->sender == NULL || c->sender[0] == '\0';
}

static enum restrict_answer
fail(const struct restrict_case *c, struct restrict_reply *reply)
{
	return restrict_later(reply, "4.3.0", c->sender,
	    "Temporary lookup failure");
}

/* `unlisted`: an address that is nobody's may be used by everybody. */
static enum restrict_answer
judge_in(const struct restrict_case *c, bool unlisted,
    struct restrict_reply *reply)
{
	CLEAN_BUF struct buf text = { 0 };
	bool mine;

	if (c->user == NULL || has_no_sender(c))
		return RESTRICT_NONE;
	enum found found = find_owner(c, &mine);
	if (found == FOUND_FAILED)
		return fail(c, reply);
	if (mine || (found == FOUND_NONE && unlisted))
		return RESTRICT_NONE;
	buf_addf(&text, "not owned by user %s", c->user);
	return restrict_refuse(reply, 553, "5.7.1", c->sender, "Sender address",
	    buf_str(&text));
}

static enum restrict_answer
judge_out(const struct restrict_case *c, struct restrict_reply *reply)
{
	bool mine;

	if (c->user != NULL || has_no_sender(c))
		return RESTRICT_NONE;
	enum found found = find_owner(c, &mine);
	if (found == FOUND_FAILED)
		return fail(c, reply);
	return found == FOUND_NONE
	    ? RESTRICT_NONE
	    : restrict_refuse(reply, 553, "5.7.1", c->sender, "Sender address",
		  "not logged in");
}

enum restrict_answer
restrict_owner(const struct restrict_item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	return c->user != NULL ? judge_in(c, false, reply)
			       : judge_out(c, reply);
}

enum restrict_answer
restrict_owner_if_known(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return c->user != NULL ? judge_in(c, true, reply) : judge_out(c, reply);
}

enum restrict_answer
restrict_owner_if_in(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return judge_in(c, false, reply);
}

enum restrict_answer
restrict_owner_if_out(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return judge_out(c, reply);
}
