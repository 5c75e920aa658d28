/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cleanup_header.h"

#include <string.h>
#include <time.h>

#include "addr.h"
#include "authres.h"
#include "canonical.h"
#include "date.h"
#include "log.h"
#include "own.h"
#include "param.h"
#include "rewrite.h"

/* Fields with a meaning here; all others are kept.  Those that are dropped are
 * Postfix's message_drop_headers. */
static const struct field {
	const char *name;
	bool drop;
	uint32_t seen; /* enum cleanup_seen */
} fields[] = {
	{ "Bcc", true, 0 },
	{ "Content-Length", true, 0 },
	{ "Date", false, SEEN_DATE },
	{ "From", false, SEEN_FROM },
	{ "Message-ID", false, SEEN_MESSAGE_ID },
	{ "Resent-Bcc", true, SEEN_RESENT },
	{ "Resent-Cc", false, SEEN_RESENT },
	{ "Resent-Date", false, SEEN_RESENT | SEEN_RESENT_DATE },
	{ "Resent-From", false, SEEN_RESENT | SEEN_RESENT_FROM },
	{ "Resent-Message-ID", false, SEEN_RESENT | SEEN_RESENT_MESSAGE_ID },
	{ "Resent-Sender", false, SEEN_RESENT },
	{ "Resent-To", false, SEEN_RESENT },
	{ "Return-Path", true, 0 },
};

static const struct field *
field_of(const struct header_field *f)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (header_is(f, fields[i].name))
			return &fields[i];
	return NULL;
}

/* ---- what came ---- */

static void
learn_message_id(struct cleanup_mail *m, const struct header_field *f)
{
	CLEAN_BUF struct buf value = { 0 }, clean = { 0 };

	header_unfold(&value, f->value);
	str_printable(&clean, buf_str(&value), value.len, 1000);
	m->env.message_id = arena_strdup(&m->arena, buf_str(&clean));
}

/* RFC 8689 4.3; the sender's REQUIRETLS is stronger. */
static void
learn_tls_required(struct cleanup_mail *m, const struct header_field *f)
{
	if (slice_eq_nocase(slice_trim(f->value), "No") &&
	    (m->env.flags & MAIL_REQUIRETLS) == 0)
		m->env.flags |= MAIL_TLS_OPTIONAL;
}

/* Only hosts of ours may say what we found out (RFC 8601 5). */
static bool
is_forged(const struct cleanup_mail *m, const struct header_field *f)
{
	uint32_t who = m->env.flags & (MAIL_LOCAL | MAIL_AUTH | MAIL_TRUSTED);

	return m->from != ROLE_BOUNCE && who != MAIL_TRUSTED &&
	    header_is(f, "Authentication-Results") &&
	    authres_claims(f->value, params.authserv_id);
}

/* What the field says about the message; gives whether it stays. */
static bool
learn_field(struct cleanup_mail *m, const struct header_field *f)
{
	const struct field *known = field_of(f);

	if (header_is(f, "Received"))
		m->hops++;
	if (header_is(f, "TLS-Required"))
		learn_tls_required(m, f);
	if (known == NULL)
		return !is_forged(m, f);
	if (known->seen == SEEN_MESSAGE_ID && (m->seen & SEEN_MESSAGE_ID) == 0)
		learn_message_id(m, f);
	m->seen |= known->seen;
	return !known->drop;
}

static void
put(struct cleanup_mail *m, const char *from, const char *to)
{
	spool_draft_data(&m->draft, from, (size_t)(to - from));
}

/* The field with its addresses completed, and as others are to see them; names,
 * comments and folds stay. */
static void
put_rewritten(struct cleanup_mail *m, const struct header_field *f)
{
	CLEAN_BUF struct buf value = { 0 }, canonical = { 0 };
	const struct buf *out = &value;

	rewrite_field_value(&value, f->value);
	switch (canonical_field(&canonical, f,
	    (struct slice){ buf_str(&value), value.len })) {
	case FOUND_ONE:
		out = &canonical;
		break;
	case FOUND_FAILED:
		log_warn("%s: canonical addresses of the header: a table could "
			 "not be asked, or its value is no address: refused "
			 "for now",
		    m->env.id);
		cleanup_mail_lose(m, 451, "4.3.0",
		    "Error: canonical look-up failed");
		return;
	case FOUND_NONE:
		break;
	}
	put(m, f->text.at, f->value.at);
	spool_draft_data(&m->draft, buf_str(out), out->len);
	put(m, f->value.at + f->value.len, f->text.at + f->text.len);
}

/* What others have written is theirs, and perhaps signed. */
static bool
is_rewritten(const struct cleanup_mail *m)
{
	const char *clients = params.local_header_rewrite_clients;
	const char *addr = m->env.client_addr;
	uint32_t flags = m->env.flags;

	if ((flags & MAIL_LOCAL) != 0)
		return true;
	if (m->from != ROLE_SMTPD)
		return false;
	return ((flags & MAIL_TRUSTED) != 0 &&
		   param_has_word(clients, "permit_mynetworks")) ||
	    ((flags & MAIL_AUTH) != 0 &&
		param_has_word(clients, "permit_sasl_authenticated")) ||
	    ((flags & MAIL_TRUSTED) != 0 && own_has(addr) &&
		param_has_word(clients, "permit_inet_interfaces"));
}

/* What stays as it is goes out in runs: nearly always all of it in one. */
static void
put_fields(struct cleanup_mail *m, struct slice text)
{
	bool rewrite = is_rewritten(m);
	struct slice rest = text;
	const char *from = text.at;
	struct header_field f;

	while (header_next(&rest, &f)) {
		bool stays = learn_field(m, &f);
		bool changes = rewrite && rewrite_is_address_field(&f);

		if (stays && !changes)
			continue;
		put(m, from, f.text.at);
		from = f.text.at + f.text.len;
		if (stays)
			put_rewritten(m, &f);
		if (m->reply.code != 0)
			return;
	}
	put(m, from, text.at + text.len);
}

void
cleanup_header_end(struct cleanup_mail *m)
{
	struct slice body = header_body_start(&m->header);

	put_fields(m, header_text(&m->header));
	if (m->reply.code != 0)
		return;
	if (m->draft.line > 0)
		spool_draft_data(&m->draft, "\r\n", 2);
	spool_draft_data(&m->draft, "\r\n", 2);
	spool_draft_data(&m->draft, body.at, body.len);
	header_free(&m->header);
	m->in_body = true;
	if (m->hops > params.hopcount_limit)
		cleanup_mail_lose(m, 554, "5.4.6", "Error: too many hops");
}

/* ---- what stands in front ---- */

/* A word of a Received field: what would end it or begin something else
 * becomes a question mark. */
static void
put_word(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		buf_addc(out, strchr(" <>()\\\";@", *p) != NULL ? '?' : *p);
}

/* One comment, in two lines where it is long. */
static void
put_comment(const char *text, size_t len, struct buf *out)
{
	static const char exchange[] = " key-exchange ";
	const char *more = memmem(text, len, exchange, sizeof(exchange) - 1);
	size_t first = more != NULL ? (size_t)(more - text) : len;

	buf_addf(out, "(%.*s%s%.*s)\r\n\t", (int)first, text,
	    more != NULL ? "\r\n\t" : "", (int)(len - first), text + first);
}

/* "using TLSv1.3 ...) (Client CN ..." */
static void
put_tls(const char *tls, struct buf *out)
{
	const char *end;

	for (; (end = strstr(tls, ") (")) != NULL; tls = end + 3)
		put_comment(tls, (size_t)(end - tls), out);
	if (tls[0] != '\0')
		put_comment(tls, strlen(tls), out);
}

/* RFC 5322 3.2.2: what would end the comment, or is not ASCII, becomes a
 * question mark. */
static void
put_user(const char *user, struct buf *out)
{
	buf_adds(out, "(Authenticated sender: ");
	for (const char *p = user; *p != '\0'; p++)
		buf_addc(out,
		    *p < ' ' || *p > '~' || strchr("()\\", *p) != NULL ? '?'
								       : *p);
	buf_adds(out, ")\r\n\t");
}

static void
put_client(const struct rec_env *env, struct buf *out)
{
	bool v6 = strchr(env->client_addr, ':') != NULL;

	buf_adds(out, "from ");
	put_word(out, env->helo[0] != '\0' ? env->helo : env->client_name);
	buf_adds(out, " (");
	put_word(out, env->client_name);
	buf_addf(out, " [%s%s])\r\n\t", v6 ? "IPv6:" : "", env->client_addr);
	if (params.smtpd_tls_received_header)
		put_tls(env->tls, out);
	if (params.smtpd_sasl_authenticated_header && env->auth_user[0] != '\0')
		put_user(env->auth_user, out);
}

/* RFC 5321 4.4. */
static void
put_received(const struct cleanup_mail *m, struct buf *out)
{
	const struct rec_env *env = &m->env;
	bool remote = env->client_addr[0] != '\0';

	buf_adds(out, "Received: ");
	if (remote)
		put_client(env, out);
	buf_addf(out, "by %s (%s", params.myhostname, params.mail_name);
	if ((env->flags & MAIL_LOCAL) != 0)
		buf_addf(out, ", from userid %u", env->uid);
	buf_addc(out, ')');
	if (remote)
		buf_addf(out, " with %s id %s", env->protocol, m->env.id);
	else
		buf_addf(out, "\r\n\tid %s", m->env.id);
	if (remote && m->n_rcpts == 1) {
		const struct rec_env_rcpt *r = &m->rcpts[0];

		buf_adds(out, "\r\n\tfor <");
		addr_put_internal(out,
		    r->orig[0] != '\0' ? r->orig : r->address);
		buf_addc(out, '>');
	}
	buf_adds(out, "; ");
	date_put(out, env->arrived);
	buf_adds(out, "\r\n");
}

/* One result a line. */
static void
put_results(const struct cleanup_mail *m, struct buf *out)
{
	const char *text = m->results;

	buf_addf(out, "Authentication-Results: %s", params.authserv_id);
	if (text == NULL || text[0] == '\0')
		text = "; none";
	for (; *text != '\0'; text++)
		if (text[0] == ';' && text[1] == ' ') {
			buf_adds(out, ";\r\n\t");
			text++;
		} else {
			buf_addc(out, *text);
		}
	buf_adds(out, "\r\n");
}

static void
put_date(struct cleanup_mail *m, struct buf *out)
{
	date_put(out, m->env.arrived);
}

static void
put_from(struct cleanup_mail *m, struct buf *out)
{
	if (m->env.sender[0] == '\0')
		buf_addf(out, "MAILER-DAEMON@%s (Mail Delivery System)",
		    params.myhostname);
	else
		addr_put_internal(out, m->env.sender);
}

static void
put_message_id(struct cleanup_mail *m, struct buf *out)
{
	time_t when = (time_t)(m->env.arrived / 1000);
	struct tm tm;
	char stamp[16] = "";

	if (gmtime_r(&when, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &tm);
	m->env.message_id = arena_printf(&m->arena, "<%s.%s@%s>", stamp,
	    m->env.id, params.myhostname);
	buf_adds(out, m->env.message_id);
}

/* Added where it is missing; of a message that was sent on (Resent-), those
 * that say by whom and when. */
static const struct addition {
	const char *name;
	bool resent;
	uint32_t seen;
	void (*put)(struct cleanup_mail *m, struct buf *out);
} additions[] = {
	{ "Date", false, SEEN_DATE, put_date },
	{ "From", false, SEEN_FROM, put_from },
	{ "Message-ID", false, SEEN_MESSAGE_ID, put_message_id },
	{ "Resent-Date", true, SEEN_RESENT_DATE, put_date },
	{ "Resent-From", true, SEEN_RESENT_FROM, put_from },
	{ "Resent-Message-ID", true, SEEN_RESENT_MESSAGE_ID, put_message_id },
};

void
cleanup_header_missing(struct cleanup_mail *m, struct buf *out)
{
	bool resent = (m->seen & SEEN_RESENT) != 0;

	if ((m->env.flags & (MAIL_LOCAL | MAIL_AUTH)) == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(additions); i++) {
		const struct addition *add = &additions[i];

		if (add->resent != resent || (m->seen & add->seen) != 0)
			continue;
		buf_addf(out, "%s: ", add->name);
		add->put(m, out);
		buf_adds(out, "\r\n");
	}
}

void
cleanup_header_front(const struct cleanup_mail *m, struct buf *out)
{
	buf_add(out, m->sealed.at, m->sealed.len);
	if (cleanup_mail_is_foreign(m))
		put_results(m, out);
	put_received(m, out);
	buf_add(out, buf_str(&m->added), m->added.len);
}
