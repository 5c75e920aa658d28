/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_mail.h"

#include <stdio.h>
#include <string.h>

#include "msg.h"
#include "param.h"
#include "str.h"

void
smtp_mail_begin(struct smtp_mail *m)
{
	m->over = m->stale = false;
	m->began = 0;
	for (size_t i = 0; i < m->n_rcpts; i++) {
		struct smtp_rcpt *r = &m->rcpts[i];

		r->accepted = false;
		r->tried = r->fate.outcome == OUTCOME_NONE;
	}
}

size_t
smtp_mail_next(const struct smtp_mail *m, size_t i)
{
	while (i < m->n_rcpts && !m->rcpts[i].tried)
		i++;
	return i;
}

void
smtp_mail_decide(struct smtp_mail *m, struct smtp_rcpt *r, enum outcome outcome,
    enum fault fault, const char *status, const char *text)
{
	if (!r->tried || r->fate.outcome != OUTCOME_NONE)
		return;
	r->fate = (struct dsn){
		.outcome = outcome,
		.fault = fault,
		.text = arena_strdup(m->arena, text),
	};
	(void)snprintf(r->fate.status, DSN_STATUS_MAX, "%s", status);
}

void
smtp_mail_decide_rest(struct smtp_mail *m, enum outcome outcome,
    enum fault fault, const char *status, const char *text)
{
	for (size_t i = 0; i < m->n_rcpts; i++)
		smtp_mail_decide(m, &m->rcpts[i], outcome, fault, status, text);
}

/* ---- what can be said before ---- */

static bool
any_left(const struct smtp_mail *m)
{
	for (size_t i = 0; i < m->n_rcpts; i++)
		if (m->rcpts[i].tried &&
		    m->rcpts[i].fate.outcome == OUTCOME_NONE)
			return true;
	return false;
}

static void
check_size(struct smtp_mail *m, uint64_t limit, const char *host)
{
	if (limit == 0 || m->size <= limit)
		return;
	smtp_mail_decide_rest(m, OUTCOME_BOUNCE, FAULT_NONE, "5.3.4",
	    arena_printf(m->arena,
		"message size %llu exceeds size limit %llu of server %s",
		(unsigned long long)m->size, (unsigned long long)limit, host));
}

static void
check_8bit(struct smtp_mail *m, uint32_t extensions, const char *host,
    struct smtp_content *content)
{
	const char *why;
	bool broken;

	if ((m->source.flags & MAIL_8BIT) == 0 ||
	    (extensions & SMTP_EXT_8BITMIME) != 0 ||
	    params.disable_mime_output_conversion)
		return;
	if (smtp_content_can_convert(content, &m->source, &why, &broken))
		return;
	smtp_mail_decide_rest(m, broken ? OUTCOME_DEFER : OUTCOME_BOUNCE,
	    broken ? FAULT_LOCAL : FAULT_NONE, broken ? "4.3.0" : "5.6.3",
	    arena_printf(m->arena,
		"host %s does not take 8-bit content, and the message cannot "
		"be converted: %s",
		host, why));
}

/* A recipient whose address has no form without SMTPUTF8 (RFC 6531 3.2) is not
 * tried; nor is anybody where the sender has none. */
static void
check_addresses(struct smtp_mail *m, const char *host)
{
	const char *text = arena_printf(m->arena,
	    "SMTPUTF8 is required, but was not offered by host %s", host);

	if (!str_is_ascii(smtp_mail_from(m), strlen(smtp_mail_from(m))))
		smtp_mail_decide_rest(m, OUTCOME_BOUNCE, FAULT_NONE, "5.6.7",
		    text);
	for (size_t i = 0; i < m->n_rcpts; i++) {
		struct smtp_rcpt *r = &m->rcpts[i];

		if (str_is_ascii(smtp_mail_to(r), strlen(smtp_mail_to(r))))
			continue;
		smtp_mail_decide(m, r, OUTCOME_BOUNCE, FAULT_NONE, "5.6.7",
		    text);
		r->tried = false;
	}
}

static void
check_etrn(struct smtp_mail *m, uint32_t extensions, const char *host)
{
	if (m->etrn && (extensions & SMTP_EXT_ETRN) == 0)
		smtp_mail_decide_rest(m, OUTCOME_BOUNCE, FAULT_NONE, "5.5.1",
		    arena_printf(m->arena, "host %s does not offer ETRN",
			host));
}

bool
smtp_mail_insists(const struct smtp_mail *m)
{
	return (m->source.flags & MAIL_REQUIRETLS) != 0 && m->sender[0] != '\0';
}

enum smtp_wish
smtp_mail_wish(const struct smtp_mail *m)
{
	if (smtp_mail_insists(m))
		return SMTP_WISH_REQUIRE;
	return (m->source.flags & MAIL_TLS_OPTIONAL) != 0 ? SMTP_WISH_OPTIONAL
							  : SMTP_WISH_USUAL;
}

bool
smtp_mail_lacks(const struct smtp_mail *m)
{
	for (size_t i = 0; i < m->n_rcpts; i++) {
		const char *status = m->rcpts[i].fate.status;

		if (m->rcpts[i].tried &&
		    (str_eq(status, SMTP_MAIL_LACKS) ||
			str_eq(status, "4.7.4")))
			return smtp_mail_insists(m);
	}
	return false;
}

static void
check_requiretls(struct smtp_mail *m, uint32_t extensions, const char *host)
{
	if (smtp_mail_insists(m) && (extensions & SMTP_EXT_REQUIRETLS) == 0)
		smtp_mail_decide_rest(m, OUTCOME_DEFER, FAULT_MESSAGE,
		    SMTP_MAIL_LACKS,
		    arena_printf(m->arena,
			"REQUIRETLS is required, but was not offered by host "
			"%s",
			host));
}

bool
smtp_mail_check(struct smtp_mail *m, const struct smtp_offer *offer,
    const char *host, struct smtp_content *content)
{
	check_etrn(m, offer->extensions, host);
	check_requiretls(m, offer->extensions, host);
	check_size(m, offer->size_limit, host);
	check_8bit(m, offer->extensions, host, content);
	check_addresses(m, host);
	return any_left(m);
}
