/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_remote.h"

#include "param.h"
#include "recipients.h"
#include "route.h"
#include "smtpd_policy.h"
#include "smtpd_vet.h"

static struct smtpd_verdict
verdict(struct smtpd_conn *c, int code, const char *detail, const char *what,
    const char *text)
{
	struct arena *a = &c->s.tx.arena;
	CLEAN_BUF struct buf shown = { 0 };

	addr_put_internal(&shown, c->asked);
	return (struct smtpd_verdict){
		.code = code,
		.status = arena_printf(a, "%d.%s", code / 100, detail),
		.text = arena_printf(a,
		    "<%s>: Recipient address rejected: %s%s", buf_str(&shown),
		    what, text),
	};
}

static struct smtpd_verdict
refuse(struct smtpd_conn *c, const char *said)
{
	const char *reason = params.unverified_recipient_reject_reason;
	int code = (int)params.unverified_recipient_reject_code;

	if (reason[0] != '\0')
		return verdict(c, code, "1.1", "", reason);
	return verdict(c, code, "1.1", "undeliverable address: ", said);
}

static struct smtpd_verdict
put_off(struct smtpd_conn *c, const char *why)
{
	return verdict(c, (int)params.unverified_recipient_defer_code, "1.1",
	    "unverified address: ", why);
}

/* Of a recipient that nothing is known of.  One that an imported list does not
 * have is perhaps newer than the list, and hardly worth a notification: its
 * sender comes back. */
static struct smtpd_verdict
unknown(struct smtpd_conn *c, const char *why)
{
	return !c->unlisted && !c->passing.asks &&
		str_eq(params.backup_unverified_recipients, "accept")
	    ? SMTPD_FINE
	    : put_off(c, why);
}

static struct smtpd_verdict
judge(struct smtpd_conn *c, const struct msg_vetted *said)
{
	switch ((enum vetted)said->verdict) {
	case VETTED_GOOD:
		return SMTPD_FINE;
	case VETTED_BAD:
		return refuse(c, said->text);
	case VETTED_LIMITED: /* its host is there: who is told "later" loses
				nothing, and who guesses names wins nothing */
		return put_off(c, said->text);
	case VETTED_UNKNOWN:
		break;
	}
	return unknown(c, said->text);
}

/* What a restriction asked is answered well. */
static struct smtpd_verdict
passed(struct smtpd_conn *c)
{
	struct smtpd_verdict v = smtpd_restrict_go_on(c);

	return v.code == 250 ? smtpd_policy_passed(c) : v;
}

static void
on_vetted(void *owner, const struct msg_vetted *said)
{
	struct smtpd_conn *c = owner;

	struct smtpd_verdict v = judge(c, said);
	bool go_on = c->passing.asks && v.code == 250;

	c->vetting = NULL;
	c->asked = NULL;
	c->passing.asks = false;
	if (go_on)
		v = passed(c);
	if (v.code != 0)
		smtpd_conn_judged(c, v);
}

/* An address that an alias here leads elsewhere is none of that host's. */
static enum found
is_aliased(struct smtpd_conn *c, const char *address)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf ext = { 0 };

	return route_virtual_alias(&c->s.tx.arena, address, &value, &ext);
}

static bool
is_verified(const struct route *r)
{
	return r->backup ? params.backup_verify_recipients
			 : params.relay_verify_recipients;
}

static struct smtpd_verdict
fail(struct smtpd_conn *c)
{
	return verdict(c, 451, "3.0", "", "Temporary lookup failure");
}

static struct smtpd_verdict
refuse_unlisted(struct smtpd_conn *c)
{
	return verdict(c, 550, "1.1", "",
	    "User unknown in the list of its domain");
}

/* What its domain's hosts say of it, if they are to be asked. */
static struct smtpd_verdict
ask_hosts(struct smtpd_conn *c, const char *address)
{
	struct route route;
	struct dsn why;

	switch (route_resolve(&c->s.tx.arena, c->s.tx.sender, address, &route,
	    &why)) {
	case FOUND_ONE:
		break;
	case FOUND_NONE: /* qmgr says the same of the mail */
		return SMTPD_FINE;
	case FOUND_FAILED:
		return fail(c);
	}
	if (!is_verified(&route))
		return c->unlisted ? refuse_unlisted(c) : SMTPD_FINE;
	c->vetting = smtpd_vet(address, &route, on_vetted, c);
	return c->vetting != NULL ? SMTPD_LATER
				  : unknown(c, "its host could not be asked");
}

/* Of those that this host has itself it knows without asking. */
struct smtpd_verdict
smtpd_remote_verify(struct smtpd_conn *c, const char *address)
{
	struct route route;
	struct dsn why;

	c->asked = address;
	c->unlisted = false;
	if (c->class != ROUTE_RELAY && c->class != ROUTE_OTHER)
		return SMTPD_FINE;
	switch (route_resolve(&c->s.tx.arena, c->s.tx.sender, address, &route,
	    &why)) {
	case FOUND_ONE:
		c->vetting = smtpd_vet(address, &route, on_vetted, c);
		return c->vetting != NULL
		    ? SMTPD_LATER
		    : put_off(c, "its host could not be asked");
	case FOUND_NONE: /* qmgr says the same of the mail */
		return SMTPD_FINE;
	case FOUND_FAILED:
		break;
	}
	return fail(c);
}

struct smtpd_verdict
smtpd_remote_rcpt(struct smtpd_conn *c, const char *address)
{
	c->asked = address;
	c->unlisted = false;
	if (params.relay_recipient_maps[0] != '\0')
		return SMTPD_FINE;
	switch (is_aliased(c, address)) {
	case FOUND_NONE:
		break;
	case FOUND_ONE:
		return SMTPD_FINE;
	case FOUND_FAILED:
		return fail(c);
	}
	switch (recipients_find(&c->s.tx.arena, address)) {
	case LISTED_YES:
		return SMTPD_FINE;
	case LISTED_NEVER:
		return refuse_unlisted(c);
	case LISTED_FAILED:
		return fail(c);
	case LISTED_NO:
		c->unlisted = true;
		break;
	case LISTED_NO_LIST:
		break;
	}
	return ask_hosts(c, address);
}
