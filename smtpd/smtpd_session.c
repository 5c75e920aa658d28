/*
 * Order of the functions is the order of events: start, greeting, lines and
 * content, answers, waking up, end.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_session.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "param.h"
#include "smtpd_auth.h"
#include "smtpd_commands.h"
#include "smtpd_content.h"
#include "smtpd_mail.h"
#include "smtpd_reply.h"

/* Content that comes slower than this runs into the time limit, however
 * steadily it drips (Postfix's smtpd_min_data_rate). */
#define BYTES_A_SECOND 500

void
smtpd_start(struct smtpd_session *s, const struct smtpd_calls *calls,
    void *owner)
{
	s->calls = calls;
	s->owner = owner;
	s->state = SMTPD_CONNECT;
	s->where = "CONNECT";
}

static void
renew_deadline(struct smtpd_session *s)
{
	s->port.deadline = s->calls->now() + params.smtpd_timeout;
}

/* What the state and the port have to do with each other, after anything that
 * may have changed the state. */
static void
settle(struct smtpd_session *s)
{
	if (s->state == SMTPD_QUIT && !s->held_back)
		s->port.closing = true;
	if (s->asked != NULL)
		s->port.paused = true;
	if (s->port.paused && !s->held_back)
		s->port.deadline = 0;
}

void
smtpd_greet(struct smtpd_session *s)
{
	if (s->state != SMTPD_CONNECT)
		return;
	if (!s->client.quiet)
		log_info("connect from %s", s->client.peer);
	smtpd_reply(s, 220, "", "%s", params.smtpd_banner);
	s->state = params.smtpd_helo_required ? SMTPD_START : SMTPD_HELLO;
	s->port.paused = false;
	renew_deadline(s);
}

void
smtpd_turn_away(struct smtpd_session *s, struct smtpd_verdict v)
{
	if (s->state == SMTPD_CONNECT && !s->client.quiet)
		log_info("connect from %s", s->client.peer);
	smtpd_reply(s, v.code, v.status, "%s", v.text);
	s->port.linger = s->state != SMTPD_CONNECT;
	s->state = SMTPD_QUIT;
	settle(s);
}

/* The client did not wait for the greeting: it is kept for later, or
 * refused. */
static size_t
too_early(struct smtpd_session *s, const char *bytes, size_t n)
{
	if (smtpd_commands_improper(s, (struct slice){ bytes, n }, false))
		return n;
	s->port.paused = true;
	return 0;
}

/* The rest of a line that is too long. */
static size_t
pass_over(struct smtpd_session *s, const char *bytes, size_t n)
{
	const char *lf = memchr(bytes, '\n', n);

	if (lf == NULL)
		return n;
	s->too_long = false;
	smtpd_commands_bad(s, "Error: command line too long");
	return (size_t)(lf + 1 - bytes);
}

/* True where the line, with its end, may be read at all. */
static bool
line_is_sound(struct smtpd_session *s, const char *bytes, size_t n)
{
	const char *lf = bytes + n - 1;
	const char *cr = memchr(bytes, '\r', n);

	if ((cr == NULL && !smtpd_lf_is_line()) ||
	    (cr != NULL && cr + 1 != lf)) {
		smtpd_bare(s, cr == NULL ? "<LF>" : "<CR>");
		return false;
	}
	if (memchr(bytes, '\0', n) != NULL) {
		smtpd_commands_bad(s, "Error: NUL in command");
		return false;
	}
	return true;
}

/* What AUTH says may be longer than other commands. */
static size_t
line_max(const struct smtpd_session *s, const char *bytes, size_t n)
{
	size_t max = (size_t)params.line_length_limit;

	return s->authenticates &&
		(s->state == SMTPD_AUTH || smtpd_is_auth(bytes, n))
	    ? MAX(max, SMTPD_AUTH_LINE_MAX)
	    : max;
}

/* One line: gives how many bytes it had, 0 where it is not whole. */
static size_t
take_line(struct smtpd_session *s, const char *bytes, size_t n)
{
	static struct buf line; /* kept for the next command of any session */
	size_t max = line_max(s, bytes, n);
	const char *lf = memchr(bytes, '\n', MIN(n, max));

	if (lf == NULL) {
		s->too_long = n >= max;
		return s->too_long ? max : 0;
	}
	size_t used = (size_t)(lf + 1 - bytes);
	if (!line_is_sound(s, bytes, used))
		return used;

	size_t len = used - 1;
	while (len > 0 && char_is_space(bytes[len - 1]))
		len--;
	buf_reset(&line);
	buf_add(&line, bytes, len);
	trace_heard(s->trace, (struct slice){ bytes, len });
	smtpd_commands_line(s, buf_str(&line),
	    (struct slice){ bytes + used, n - used });
	OPENSSL_cleanse(line.text, line.len); /* it may be a password */
	return used;
}

static size_t
take_content(struct smtpd_session *s, const char *bytes, size_t n)
{
	int64_t now = s->calls->now();
	bool ended = false;

	size_t used = smtpd_content(s, bytes, n, &ended);
	int64_t credit = (int64_t)used * SECOND / BYTES_A_SECOND;
	s->port.deadline = MIN(now + params.smtpd_timeout,
	    s->port.deadline + credit);
	if (ended) {
		renew_deadline(s);
		trace_content(s->trace, s->tx.size);
		smtpd_commands_data_end(s);
	}
	return used;
}

static size_t
take_some(struct smtpd_session *s, const char *bytes, size_t n)
{
	size_t used;

	if (s->state == SMTPD_CONNECT)
		return too_early(s, bytes, n);
	if (s->state == SMTPD_DATA)
		return take_content(s, bytes, n);
	if (s->too_long)
		return pass_over(s, bytes, n);
	used = take_line(s, bytes, n);
	if (used > 0 && !s->held_back)
		renew_deadline(s);
	if (s->port.tls)
		s->port.deadline = s->calls->now() +
		    params.smtpd_starttls_timeout;
	return used;
}

size_t
smtpd_input(struct smtpd_session *s, const char *bytes, size_t n)
{
	size_t used = 0;

	while (used < n && s->state != SMTPD_QUIT && !s->port.paused &&
	    !s->port.tls) {
		size_t some = take_some(s, bytes + used, n - used);
		if (some == 0)
			break;
		used += some;
		settle(s);
	}
	/* Nothing is heard any more. */
	if (s->state == SMTPD_QUIT)
		used = n;
	settle(s);
	return used;
}

void
smtpd_resume(struct smtpd_session *s)
{
	s->port.paused = false;
	renew_deadline(s);
	settle(s);
}

void
smtpd_secured(struct smtpd_session *s, const char *how)
{
	free(s->tls);
	s->tls = xstrdup(how);
	if (s->state == SMTPD_QUIT || s->state == SMTPD_CONNECT)
		return;
	renew_deadline(s);
	/* RFC 3207 4.2: nothing that was said in clear counts. */
	smtpd_forget(s);
	smtpd_auth_forget(s);
	free(s->helo);
	s->helo = NULL;
	s->esmtp = false;
	s->state = params.smtpd_helo_required ? SMTPD_START : SMTPD_HELLO;
}

void
smtpd_answer(struct smtpd_session *s, struct smtpd_verdict v)
{
	s->port.paused = false;
	renew_deadline(s);
	smtpd_commands_heard(s, v);
	settle(s);
}

void
smtpd_spoil(struct smtpd_session *s, struct smtpd_verdict v)
{
	if (s->tx.spoilt.code != 0)
		return;
	s->tx.spoilt = v;
	s->calls->forget(s);
}

static void
wake_up(struct smtpd_session *s)
{
	s->held_back = false;
	s->port.paused = false;
	buf_add(&s->port.out, buf_str(&s->held), s->held.len);
	buf_free(&s->held);
	renew_deadline(s);
	settle(s);
}

void
smtpd_timeout(struct smtpd_session *s)
{
	if (s->held_back) {
		wake_up(s);
		return;
	}
	log_info("timeout after %s from %s", s->where, s->client.peer);
	smtpd_forget(s);
	smtpd_reply(s, 421, "4.4.2", "%s Error: timeout exceeded",
	    params.myhostname);
	s->state = SMTPD_QUIT;
	settle(s);
}

void
smtpd_dismiss(struct smtpd_session *s)
{
	smtpd_forget(s);
	smtpd_reply(s, 421, "4.3.2", "%s Service shutting down",
	    params.myhostname);
	s->state = SMTPD_QUIT;
	settle(s);
}

static void
log_end(struct smtpd_session *s, enum pump_end how)
{
	CLEAN_BUF struct buf line = { 0 };

	if (how == PUMP_END_TIMEOUT)
		log_info("timeout after %s from %s", s->where, s->client.peer);
	else if (s->state == SMTPD_DATA)
		log_info("lost connection after DATA (%llu bytes) from %s",
		    (unsigned long long)s->tx.size, s->client.peer);
	else if (s->state != SMTPD_QUIT)
		log_info("lost connection after %s from %s", s->where,
		    s->client.peer);
	if (s->client.quiet || s->state == SMTPD_CONNECT)
		return;
	smtpd_commands_counts(s, &line);
	log_info("disconnect from %s%s", s->client.peer, buf_str(&line));
}

void
smtpd_end(struct smtpd_session *s, enum pump_end how)
{
	log_end(s, how);
	smtpd_forget(s);
	trace_stop(&s->trace);
	buf_free(&s->held);
	buf_free(&s->port.out);
	buf_free(&s->port.out_tail);
	free(s->client.name);
	free(s->client.reverse);
	free(s->client.addr);
	free(s->client.peer);
	free(s->helo);
	free(s->tls);
	smtpd_auth_forget(s);
	memset(&s->client, 0, sizeof(s->client));
	s->helo = NULL;
	s->tls = NULL;
}

bool
smtpd_is_idle(const struct smtpd_session *s)
{
	return s->asked == NULL && !s->held_back &&
	    (s->state & (SMTPD_START | SMTPD_HELLO)) != 0;
}

const char *
smtpd_id(const struct smtpd_session *s)
{
	return s->tx.id != NULL ? s->tx.id : "NOQUEUE";
}

const char *
smtpd_protocol(const struct smtpd_session *s)
{
	return s->esmtp ? "ESMTP" : "SMTP";
}

const char *
smtpd_with(const struct smtpd_session *s)
{
	/* RFC 3848 */
	static const char *const esmtp[2][2] = {
		{ "ESMTP", "ESMTPA" },
		{ "ESMTPS", "ESMTPSA" },
	};

	return s->esmtp ? esmtp[s->tls != NULL][s->user != NULL]
			: smtpd_protocol(s);
}
