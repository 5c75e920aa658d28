/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "addr.h"
#include "param.h"
#include "restrict_parts.h"
#include "str.h"

/* ---- refusals ---- */

/* An address as it stood in the command, or another name. */
static void
put_name(struct buf *out, const char *name)
{
	buf_addc(out, '<');
	if (strchr(name, '@') != NULL)
		addr_put_internal(out, name);
	else
		buf_adds(out, name);
	buf_addc(out, '>');
}

enum restrict_answer
restrict_refuse(struct restrict_reply *reply, int code, const char *status,
    const char *name, const char *class, const char *text)
{
	reply->code = code;
	(void)snprintf(reply->status, sizeof(reply->status), "%s", status);
	put_name(&reply->text, name);
	buf_addf(&reply->text, ": %s rejected: %s", class, text);
	return RESTRICT_REFUSE;
}

enum restrict_answer
restrict_later(struct restrict_reply *reply, const char *status,
    const char *name, const char *text)
{
	reply->code = 451;
	(void)snprintf(reply->status, sizeof(reply->status), "%s", status);
	put_name(&reply->text, name);
	buf_addf(&reply->text, ": %s", text);
	return RESTRICT_REFUSE;
}

/* ---- whoever it is ---- */

enum restrict_answer
restrict_permit(const struct restrict_item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i; /* whoever it is */
	(void)c;
	(void)reply;
	return RESTRICT_PERMIT;
}

enum restrict_answer
restrict_reject(const struct restrict_item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	return restrict_refuse(reply, 554, "5.7.1", c->subject, c->stage,
	    "Access denied");
}

enum restrict_answer
restrict_defer(const struct restrict_item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	return restrict_refuse(reply, 450, "4.3.2", c->subject, c->stage,
	    "Try again later");
}

enum restrict_answer
restrict_mynetworks(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	switch (c->trusted) {
	case FOUND_ONE:
		return RESTRICT_PERMIT;
	case FOUND_NONE:
		return RESTRICT_NONE;
	case FOUND_FAILED:
		break;
	}
	return restrict_later(reply, "4.3.0", c->client_addr,
	    "Temporary lookup failure");
}

enum restrict_answer
restrict_authenticated(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	(void)reply;
	return c->user != NULL ? RESTRICT_PERMIT : RESTRICT_NONE;
}

enum restrict_answer
restrict_trusted_cert(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	(void)reply;
	return c->cert_trusted ? RESTRICT_PERMIT : RESTRICT_NONE;
}

enum restrict_answer
restrict_in_clear(const struct restrict_item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	if (c->tls)
		return RESTRICT_NONE;
	reply->code = (int)params.plaintext_reject_code;
	(void)snprintf(reply->status, sizeof(reply->status), "%d.7.1",
	    reply->code / 100);
	buf_adds(&reply->text, "Session encryption is required");
	return RESTRICT_REFUSE;
}

/* ---- where it goes ---- */

enum restrict_answer
restrict_auth_destination(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	(void)reply;
	return c->ours ? RESTRICT_PERMIT : RESTRICT_NONE;
}

static enum restrict_answer
refuse_relay(const struct restrict_case *c, struct restrict_reply *reply,
    int code, const char *status)
{
	if (c->ours)
		return RESTRICT_NONE;
	(void)restrict_later(reply, status,
	    c->rcpt != NULL ? c->rcpt : c->subject, "Relay access denied");
	reply->code = code;
	return RESTRICT_REFUSE;
}

enum restrict_answer
restrict_unauth_destination(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return refuse_relay(c, reply, 554, "5.7.1");
}

enum restrict_answer
restrict_unauth_defer(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return refuse_relay(c, reply, 454, "4.7.1");
}

/* The caller asks, unless it is a recipient that this host itself has, which it
 * looks for anyway. */
enum restrict_answer
restrict_rcpt_unverified(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	(void)reply;
	return c->rcpt != NULL ? RESTRICT_ASK_RCPT : RESTRICT_NONE;
}

/* ---- names that are whole ---- */

/* Labels of letters, digits, - and _, parted by dots, and not digits alone. */
static bool
is_hostname(const char *name)
{
	size_t label = 0;
	bool letters = false;

	for (const char *c = name; *c != '\0'; c++) {
		bool edge = c[1] == '\0' || c[1] == '.';

		if (*c == '.' ? label == 0 : label > 62)
			return false;
		if (*c == '-' && (label == 0 || edge))
			return false;
		if (*c != '.' && *c != '-' && *c != '_' && !char_is_digit(*c) &&
		    !char_is_alpha(*c))
			return false;
		letters |= *c != '.' && !char_is_digit(*c);
		label = *c == '.' ? 0 : label + 1;
	}
	return letters;
}

/* An address in brackets is as good as a name. */
static bool
is_literal(const char *name)
{
	return name[0] == '[' && str_ends(name, "]");
}

static bool
is_fqdn(const char *name)
{
	const char *dot = strchr(name, '.');

	return is_literal(name) ||
	    (dot != NULL && dot[1] != '\0' && is_hostname(name));
}

enum restrict_answer
restrict_helo_fqdn(const struct restrict_item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	if (c->helo == NULL || is_fqdn(c->helo))
		return RESTRICT_NONE;
	return restrict_refuse(reply, 504, "5.5.2", c->helo, "Helo command",
	    "need fully-qualified hostname");
}

enum restrict_answer
restrict_helo_invalid(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	if (c->helo == NULL || is_literal(c->helo) || is_hostname(c->helo))
		return RESTRICT_NONE;
	return restrict_refuse(reply, 501, "5.5.2", c->helo, "Helo command",
	    "Invalid name");
}

/* The null sender has no domain, and postmaster needs none (RFC 5321 4.5.1). */
static enum restrict_answer
need_fqdn(const char *address, const char *class, struct restrict_reply *reply)
{
	const char *at;

	if (address == NULL || address[0] == '\0' ||
	    str_eq_nocase(address, "postmaster"))
		return RESTRICT_NONE;
	at = strrchr(address, '@');
	if (at != NULL && is_fqdn(at + 1))
		return RESTRICT_NONE;
	return restrict_refuse(reply, 504, "5.5.2", address, class,
	    "need fully-qualified address");
}

enum restrict_answer
restrict_sender_fqdn(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return need_fqdn(c->sender, "Sender address", reply);
}

enum restrict_answer
restrict_rcpt_fqdn(const struct restrict_item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	(void)i;
	return need_fqdn(c->rcpt, "Recipient address", reply);
}
