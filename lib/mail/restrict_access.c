/*
 * Restrictions that ask a table (access(5)).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "addr.h"
#include "num.h"
#include "param.h"
#include "restrict_parts.h"
#include "str.h"

/* "550", "450 4.2.1 text" */
static enum restrict_answer
obey_code(int code, const char *rest, const char *name, const char *class,
    struct restrict_reply *reply)
{
	char status[DSN_STATUS_MAX];
	const char *text = rest;

	(void)snprintf(status, sizeof(status), "%d.7.1", code / 100);
	if (dsn_split(rest, status, &text) != MATCH_YES)
		text = rest;
	text += strspn(text, " \t");
	return restrict_refuse(reply, code, status, name, class,
	    text[0] != '\0' ? text : "Access denied");
}

static enum restrict_answer
obey(const char *value, const char *name, const char *class,
    struct restrict_reply *reply)
{
	struct slice rest = slice_of(value), word = { 0 };
	int64_t code = 0;
	const char *text;

	(void)slice_next_item(&rest, &word); /* none is no action */
	text = value + (word.len > 0 ? (size_t)(word.at - value) : 0) +
	    word.len;
	text += strspn(text, " \t");
	if (slice_eq_nocase(word, "DUNNO"))
		return RESTRICT_NONE;
	if (slice_eq_nocase(word, "OK"))
		return RESTRICT_PERMIT;
	if (slice_eq_nocase(word, "REJECT"))
		return obey_code(554, text, name, class, reply);
	if (slice_eq_nocase(word, "DEFER"))
		return obey_code(450, text, name, class, reply);
	if (!num_parse_len(word.at, word.len, 0, INT64_MAX, &code))
		return restrict_later(reply, "4.3.5", name,
		    "Server configuration error");
	if (word.len == 3 && code >= 400 && code <= 599)
		return obey_code((int)code, text, name, class, reply);
	return RESTRICT_PERMIT;
}

static bool
parents_match(void)
{
	return param_has_word(params.parent_domain_matches_subdomains,
	    "smtpd_access_maps");
}

/* The address, then the networks that it lies in, by its parts: 192.0.2.1,
 * 192.0.2, 192.0, 192. */
static enum found
find_address(const struct tables *ts, const char *address, struct buf *value)
{
	char separator = strchr(address, ':') != NULL ? ':' : '.';
	CLEAN_BUF struct buf key = { 0 };
	enum found found = tables_get_here(ts, address, value);
	const char *cut;

	buf_adds(&key, address);
	while (found == FOUND_NONE &&
	    (cut = strrchr(buf_str(&key), separator)) != NULL) {
		buf_cut(&key, (size_t)(cut - buf_str(&key)));
		found = tables_get_part(ts, buf_str(&key), value);
	}
	return found;
}

static void
put_client(struct buf *out, const struct restrict_case *c)
{
	buf_addf(out, "%s[%s]", c->client_name, c->client_addr);
}

enum restrict_answer
restrict_client_access(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf who = { 0 };
	enum found found = tables_get_domain(&i->tables, c->client_name,
	    parents_match(), &value);

	put_client(&who, c);
	if (found == FOUND_NONE)
		found = find_address(&i->tables, c->client_addr, &value);
	if (found == FOUND_FAILED)
		return restrict_later(reply, "4.3.0", buf_str(&who),
		    "Temporary lookup failure");
	return found == FOUND_NONE
	    ? RESTRICT_NONE
	    : obey(buf_str(&value), buf_str(&who), "Client host", reply);
}

/* ---- certificates ---- */

/* By the fingerprint of the certificate, then by that of its key. */
static enum found
find_cert(const struct tables *ts, const struct restrict_case *c,
    struct buf *value)
{
	if (c->cert == NULL)
		return FOUND_NONE;
	enum found found = tables_get_here(ts, c->cert, value);
	return found == FOUND_NONE ? tables_get_here(ts, c->key, value) : found;
}

/* Whoever vouches for it, or nobody: the fingerprint is enough. */
enum restrict_answer
restrict_known_cert(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf who = { 0 };

	switch (find_cert(&i->tables, c, &value)) {
	case FOUND_ONE:
		return RESTRICT_PERMIT;
	case FOUND_NONE:
		return RESTRICT_NONE;
	case FOUND_FAILED:
		break;
	}
	put_client(&who, c);
	return restrict_later(reply, "4.3.0", buf_str(&who),
	    "Temporary lookup failure");
}

enum restrict_answer
restrict_cert_access(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };
	CLEAN_BUF struct buf who = { 0 };
	enum found found = find_cert(&i->tables, c, &value);

	put_client(&who, c);
	if (found == FOUND_FAILED)
		return restrict_later(reply, "4.3.0", buf_str(&who),
		    "Temporary lookup failure");
	return found == FOUND_NONE
	    ? RESTRICT_NONE
	    : obey(buf_str(&value), buf_str(&who), "Client certificate", reply);
}

/* ---- names and addresses ---- */

/* What was found of a name. */
static enum restrict_answer
follow(enum found found, const struct buf *value, const char *name,
    const char *class, struct restrict_reply *reply)
{
	if (found == FOUND_FAILED)
		return restrict_later(reply, "4.3.0", name,
		    "Temporary lookup failure");
	return found == FOUND_NONE ? RESTRICT_NONE
				   : obey(buf_str(value), name, class, reply);
}

static enum restrict_answer
check_domain(const struct restrict_item *i, const char *domain,
    const char *class, struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };

	if (domain == NULL)
		return RESTRICT_NONE;
	return follow(tables_get_domain(&i->tables, domain, parents_match(),
			  &value),
	    &value, domain, class, reply);
}

enum restrict_answer
restrict_etrn_access(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_domain(i, c->subject, c->stage, reply);
}

/* The name that is not confirmed. */
enum restrict_answer
restrict_reverse_access(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_domain(i, c->reverse_name, "Unverified Client host",
	    reply);
}

enum restrict_answer
restrict_user_access(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };

	if (c->user == NULL)
		return RESTRICT_NONE;
	return follow(tables_get_here(&i->tables, c->user, &value), &value,
	    c->user, "SASL login name", reply);
}

enum restrict_answer
restrict_helo_access(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_domain(i, c->helo, "Helo command", reply);
}

/* user+ext@domain and user@domain, then the domain and its parents, then
 * user+ext@ and user@; "<>" is the null address. */
static enum found
find_mailbox(const struct tables *ts, const char *address, struct buf *value)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct addr addr = addr_split(&a, address);
	const char *user, *ext;
	enum found found;

	addr_split_extension(&a, addr.local, params.recipient_delimiter, &user,
	    &ext);
	found = tables_get_here(ts, address[0] != '\0' ? address : "<>", value);
	if (found == FOUND_NONE && ext[0] != '\0')
		found = tables_get_part(ts,
		    arena_printf(&a, "%s@%s", user, addr.domain), value);
	if (found == FOUND_NONE && addr.domain[0] != '\0')
		found = tables_get_domain(ts, addr.domain, parents_match(),
		    value);
	if (found == FOUND_NONE && address[0] != '\0')
		found = tables_get_part(ts, arena_printf(&a, "%s@", addr.local),
		    value);
	if (found == FOUND_NONE && ext[0] != '\0')
		found = tables_get_part(ts, arena_printf(&a, "%s@", user),
		    value);
	return found;
}

static enum restrict_answer
check_mailbox(const struct restrict_item *i, const char *address,
    const char *class, struct restrict_reply *reply)
{
	CLEAN_BUF struct buf value = { 0 };

	if (address == NULL)
		return RESTRICT_NONE;
	return follow(find_mailbox(&i->tables, address, &value), &value,
	    address, class, reply);
}

enum restrict_answer
restrict_sender_access(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_mailbox(i, c->sender, "Sender address", reply);
}

enum restrict_answer
restrict_rcpt_access(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_mailbox(i, c->rcpt, "Recipient address", reply);
}
