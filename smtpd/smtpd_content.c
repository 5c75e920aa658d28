/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_content.h"

#include <string.h>

#include "log.h"
#include "param.h"
#include "smtpd_reply.h"

bool
smtpd_lf_is_line(void)
{
	return !str_eq(params.smtpd_forbid_bare_newline, "reject");
}

void
smtpd_bare(struct smtpd_session *s, const char *what)
{
	log_info("%s: bare %s received after %s from %s", smtpd_id(s), what,
	    s->where, s->client.peer);
	smtpd_reply(s, 521, "5.5.2", "%s Error: bare %s received",
	    params.myhostname, what);
	s->port.linger = true; /* more is under way: the reply must survive */
	s->state = SMTPD_QUIT;
}

static void
give(struct smtpd_session *s, const char *from, const char *to)
{
	struct smtpd_transaction *tx = &s->tx;
	size_t n = (size_t)(to - from);

	if (n == 0)
		return;
	tx->size += n;
	if (params.message_size_limit > 0 &&
	    tx->size > (uint64_t)params.message_size_limit)
		smtpd_spoil(s,
		    (struct smtpd_verdict){
			.code = 552,
			.status = "5.3.4",
			.text = "Error: message file too big",
		    });
	if (tx->spoilt.code == 0)
		s->calls->content(s, from, n);
}

/* The rest of a line: up to its LF, or all there is.  NULL where a CR or an LF
 * stands alone. */
static const char *
pass_text(struct smtpd_session *s, const char *at, const char *end)
{
	const char *lf = memchr(at, '\n', (size_t)(end - at));
	const char *stop = lf != NULL ? lf : end;
	const char *cr = memchr(at, '\r', (size_t)(stop - at));

	if (cr == NULL && lf == NULL)
		return end;
	if (cr == NULL && smtpd_lf_is_line()) {
		s->place = AT_LF;
		return lf + 1;
	}
	if (cr == NULL) {
		smtpd_bare(s, "<LF>");
		return NULL;
	}
	if (cr + 1 < stop) {
		smtpd_bare(s, "<CR>");
		return NULL;
	}
	s->place = lf != NULL ? AT_START : AT_CR;
	return lf != NULL ? lf + 1 : end;
}

/* One step of reading: the place decides what the next byte means.  Gives
 * where the next step begins, or NULL at a bare CR or LF. */
static const char *
step(struct smtpd_session *s, const char *at, const char *end)
{
	switch ((enum smtpd_place)s->place) {
	case AT_START:
		s->place = *at == '.' ? AT_DOT : AT_TEXT;
		return *at == '.' ? at + 1 : at;
	case AT_DOT:
		/* The dot was put in front by the client (RFC 5321 4.5.2),
		 * unless the line ends here. */
		s->place = *at == '\r' ? AT_DOT_CR : AT_TEXT;
		return *at == '\r' ? at + 1 : at;
	case AT_TEXT:
	case AT_LF:
		s->place = AT_TEXT;
		return pass_text(s, at, end);
	case AT_DOT_CR:
	case AT_CR:
		if (*at == '\n') {
			s->place = AT_START;
			return at + 1;
		}
		smtpd_bare(s, "<CR>");
		return NULL;
	}
	return NULL;
}

static void
refuse_nul(struct smtpd_session *s)
{
	smtpd_spoil(s,
	    (struct smtpd_verdict){
		.code = 554,
		.status = "5.6.0",
		.text = "Error: NUL byte in the message",
	    });
}

static const char crlf[] = "\r\n";

size_t
smtpd_content(struct smtpd_session *s, const char *bytes, size_t n, bool *ended)
{
	const char *end = bytes + n;
	const char *keep = bytes; /* from here on nothing was given on */
	const char *at = bytes;

	if (s->tx.spoilt.code == 0 && memchr(bytes, '\0', n) != NULL)
		refuse_nul(s);
	while (at < end) {
		uint8_t was = s->place;
		const char *next = step(s, at, end);

		if (next == NULL)
			return n;
		if (was == AT_DOT_CR) {
			*ended = true;
			return (size_t)(next - bytes);
		}
		/* A dot at the start of a line: what stands before it goes
		 * out, and the dot stays behind. */
		if (was == AT_START && s->place == AT_DOT) {
			give(s, keep, at);
			keep = next;
		}
		if (s->place == AT_LF) {
			give(s, keep, next - 1);
			give(s, crlf, crlf + 2);
			keep = next;
		}
		at = next;
	}
	/* The CR behind a lone dot belongs to the end, or to nothing. */
	if (s->place != AT_DOT_CR)
		give(s, keep, end);
	return n;
}
