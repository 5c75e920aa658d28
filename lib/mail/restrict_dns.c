/*
 * Restrictions that the DNS decides: names that must be there, and lists of
 * hosts and domains, good or bad (RFC 5782).
 *
 * Each says first what is to be asked, and when it is judged again, with what
 * was found, what comes of it.  What the DNS does not say refuses for now, but
 * for a list: that its servers are down says nothing about a client, and a list
 * of bad ones would stop all mail.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <string.h>

#include "dns.h"
#include "num.h"
#include "param.h"
#include "restrict_parts.h"
#include "str.h"

/* Bytes of what a list says of a client. */
#define TEXT_MAX 200

static enum restrict_answer
ask(struct restrict_reply *reply, enum restrict_question question,
    const char *name)
{
	reply->question = question;
	buf_adds(&reply->text, name);
	return RESTRICT_ASK_DNS;
}

static void
set_code(struct restrict_reply *reply, int code, const char *detail)
{
	reply->code = code;
	(void)snprintf(reply->status, sizeof(reply->status), "%d.%s",
	    code / 100, detail);
}

/* ---- the client ---- */

static enum restrict_answer
refuse_client(const struct restrict_case *c, bool doubt, const char *what,
    struct restrict_reply *reply)
{
	set_code(reply, doubt ? 450 : (int)params.unknown_client_reject_code,
	    "7.25");
	buf_addf(&reply->text,
	    "Client host rejected: cannot find your %s, [%s]", what,
	    c->client_addr);
	return RESTRICT_REFUSE;
}

enum restrict_answer
restrict_unknown_name(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return str_eq(c->client_name, "unknown")
	    ? refuse_client(c, c->name_doubt, "hostname", reply)
	    : RESTRICT_NONE;
}

enum restrict_answer
restrict_unknown_reverse(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return str_eq(c->reverse_name, "unknown")
	    ? refuse_client(c, c->reverse_doubt, "reverse hostname", reply)
	    : RESTRICT_NONE;
}

/* ---- names ---- */

/* Addresses in brackets are asked about nowhere, nor are names that are not
 * ASCII. */
static bool
can_be_asked(const char *name)
{
	return name[0] != '\0' && name[0] != '[' &&
	    str_is_ascii(name, strlen(name));
}

enum restrict_answer
restrict_unknown_helo(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	if (c->helo == NULL || !can_be_asked(c->helo))
		return RESTRICT_NONE;
	if (c->found == NULL)
		return ask(reply, RESTRICT_HOST, c->helo);
	if (c->found->found == FOUND_ONE)
		return RESTRICT_NONE;
	(void)restrict_refuse(reply, 450, "4.7.1", c->helo, "Helo command",
	    "Host not found");
	if (c->found->found == FOUND_NONE)
		set_code(reply, (int)params.unknown_hostname_reject_code,
		    "7.1");
	return RESTRICT_REFUSE;
}

/* What is said of an address whose domain takes no mail, by what it is. */
struct mailbox {
	const char *class;
	const char *unknown; /* status, without its class */
	const char *null_status;
	int null_code;
};

static const struct mailbox sender = { "Sender address", "1.8", "7.27", 550 };
static const struct mailbox rcpt = { "Recipient address", "1.2", "1.10", 556 };

static const char *
domain_of(const char *address)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;

	return at != NULL ? at + 1 : "";
}

static enum restrict_answer
refuse_null_mx(const char *address, const struct mailbox *what,
    struct restrict_reply *reply)
{
	CLEAN_BUF struct buf text = { 0 };

	buf_addf(&text, "Domain %s does not accept mail (nullMX)",
	    domain_of(address));
	(void)restrict_refuse(reply, what->null_code, "", address, what->class,
	    buf_str(&text));
	set_code(reply, what->null_code, what->null_status);
	return RESTRICT_REFUSE;
}

static enum restrict_answer
need_domain(const char *address, const struct mailbox *what,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	if (!can_be_asked(domain_of(address)))
		return RESTRICT_NONE;
	if (c->found == NULL)
		return ask(reply, RESTRICT_MAIL_DOMAIN, domain_of(address));
	if (c->found->found == FOUND_ONE)
		return RESTRICT_NONE;
	if (c->found->null_mx)
		return refuse_null_mx(address, what, reply);
	(void)restrict_refuse(reply, 450, "", address, what->class,
	    "Domain not found");
	set_code(reply,
	    c->found->found == FOUND_NONE
		? (int)params.unknown_address_reject_code
		: 450,
	    what->unknown);
	return RESTRICT_REFUSE;
}

enum restrict_answer
restrict_unknown_sender(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return need_domain(c->sender, &sender, c, reply);
}

enum restrict_answer
restrict_unknown_rcpt(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	(void)i;
	return need_domain(c->rcpt, &rcpt, c, reply);
}

/* ---- which answers of a list count ---- */

static bool
take_number(const char **at, int64_t *n)
{
	size_t len = strspn(*at, "0123456789");

	if (!num_parse_len(*at, len, 0, 255, n))
		return false;
	*at += len;
	return true;
}

/* "2", or "2..11" */
static bool
take_range(const char **at, int64_t value, bool *has)
{
	int64_t from, to;

	if (!take_number(at, &from))
		return false;
	to = from;
	if (str_starts(*at, "..")) {
		*at += 2;
		if (!take_number(at, &to) || to < from)
			return false;
	}
	*has |= from <= value && value <= to;
	return true;
}

/* A number, or "[2;4..6]" */
static bool
take_part(const char **at, int64_t value, bool *has)
{
	int64_t n;

	*has = false;
	if (**at != '[') {
		bool good = take_number(at, &n);

		*has = good && n == value;
		return good;
	}
	do {
		(*at)++;
		if (!take_range(at, value, has))
			return false;
	} while (**at == ';');
	return *(*at)++ == ']';
}

/* Whether the filter can be read; whether it has the address. */
static bool
match_filter(const char *filter, const uint8_t address[4], bool *has)
{
	const char *at = filter;
	bool part;

	*has = true;
	for (size_t i = 0; i < 4; i++) {
		if ((i > 0 && *at++ != '.') ||
		    !take_part(&at, address[i], &part))
			return false;
		*has &= part;
	}
	return *at == '\0';
}

bool
restrict_filter_ok(const char *filter)
{
	const uint8_t none[4] = { 0 };
	bool has;

	return match_filter(filter, none, &has);
}

bool
restrict_filter_has(const char *filter, const char *address)
{
	uint8_t bytes[4];
	bool has;

	return inet_pton(AF_INET, address, bytes) == 1 &&
	    match_filter(filter, bytes, &has) && has;
}

/* ---- lists ---- */

/* One of the addresses that the list gave counts.  What is not in 127.0.0.0/8
 * is no answer of a list (RFC 5782 2.1): it comes from whoever has bought the
 * name of one that is no more. */
static bool
is_listed(const struct restrict_item *i, const struct restrict_found *found)
{
	struct slice rest = slice_of(found->addresses), word;

	while (slice_next_item(&rest, &word)) {
		CLEAN_BUF struct buf address = { 0 };

		buf_add(&address, word.at, word.len);
		if (i->filter != NULL
			? restrict_filter_has(i->filter, buf_str(&address))
			: str_starts(buf_str(&address), "127."))
			return true;
	}
	return false;
}

static enum restrict_answer
refuse_listed(const struct restrict_item *i, const struct restrict_case *c,
    const char *class, const char *what, struct restrict_reply *reply)
{
	const char *text = c->found->text;

	set_code(reply, (int)params.maps_rbl_reject_code, "7.1");
	buf_addf(&reply->text, "Service unavailable; %s [%s] blocked using %s",
	    class, what, i->domain);
	if (text[0] != '\0') {
		buf_adds(&reply->text, "; ");
		str_printable(&reply->text, text, strlen(text), TEXT_MAX);
	}
	return RESTRICT_REFUSE;
}

/* NAME.DOMAIN of a list of domains. */
static enum restrict_answer
check_name(const struct restrict_item *i, const struct restrict_case *c,
    const char *name, const char *class, const char *what,
    struct restrict_reply *reply)
{
	CLEAN_BUF struct buf question = { 0 };

	if (name == NULL || !can_be_asked(name) || strchr(name, '.') == NULL ||
	    str_eq(name, "unknown"))
		return RESTRICT_NONE;
	buf_addf(&question, "%s.%s", name, i->domain);
	if (c->found == NULL)
		return ask(reply, RESTRICT_LISTED, buf_str(&question));
	return is_listed(i, c->found) ? refuse_listed(i, c, class, what, reply)
				      : RESTRICT_NONE;
}

/* Asks for 4.3.2.1.DOMAIN; NONE where that cannot be, else what it gives is of
 * no meaning but that. */
static enum restrict_answer
ask_address(const struct restrict_item *i, const struct restrict_case *c,
    struct restrict_reply *reply)
{
	CLEAN_BUF struct buf question = { 0 };
	char name[80];

	if (!dns_reverse_name(c->client_addr, name))
		return RESTRICT_NONE;
	*strstr(name,
	    strchr(c->client_addr, ':') != NULL ? ".ip6." : ".in-") = '\0';
	buf_addf(&question, "%s.%s", name, i->domain);
	return ask(reply, RESTRICT_LISTED, buf_str(&question));
}

enum restrict_answer
restrict_listed_client(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	if (c->found == NULL)
		return ask_address(i, c, reply);
	return is_listed(i, c->found)
	    ? refuse_listed(i, c, "Client host", c->client_addr, reply)
	    : RESTRICT_NONE;
}

/* In doubt what comes behind must not refuse for good, so nothing does. */
enum restrict_answer
restrict_listed_good(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	if (c->found == NULL)
		return ask_address(i, c, reply);
	if (c->found->found == FOUND_FAILED)
		return restrict_later(reply, "4.7.1", c->client_addr,
		    "Temporary lookup failure");
	return is_listed(i, c->found) ? RESTRICT_PERMIT : RESTRICT_NONE;
}

enum restrict_answer
restrict_listed_name(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_name(i, c, c->client_name, "Client host", c->client_name,
	    reply);
}

enum restrict_answer
restrict_listed_reverse(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_name(i, c, c->reverse_name, "Unverified Client host",
	    c->reverse_name, reply);
}

enum restrict_answer
restrict_listed_helo(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_name(i, c, c->helo, "Helo command", c->helo, reply);
}

enum restrict_answer
restrict_listed_sender(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_name(i, c, domain_of(c->sender), "Sender address",
	    c->sender, reply);
}

enum restrict_answer
restrict_listed_rcpt(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply)
{
	return check_name(i, c, domain_of(c->rcpt), "Recipient address",
	    c->rcpt, reply);
}
