/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_auth.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "smtpd_mail.h"
#include "smtpd_reply.h"

/* sasl-mech = 1*20mech-char (RFC 4422 3.1) */
#define MECH_MAX 20

static bool
is_mech(const char *name)
{
	size_t len = strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

	return len > 0 && len <= MECH_MAX && name[len] == '\0';
}

static int
undecoded(struct smtpd_session *s)
{
	return smtpd_reply(s, 501, "5.5.2", "Error: invalid base64 data");
}

static void
wipe(struct buf *b)
{
	if (b->text != NULL)
		OPENSSL_cleanse(b->text, b->room);
	buf_free(b);
}

/* RFC 4954 4: "=" is a response of no octets; none is another thing. */
static int
begin(struct smtpd_session *s, const char *mech, const char *initial)
{
	struct buf octets = { 0 };
	struct smtpd_verdict v;

	if (!str_eq(initial, "=") && !base64_get(&octets, slice_of(initial)))
		return undecoded(s);
	struct slice response = { buf_str(&octets), octets.len };
	v = s->calls->auth(s, mech, initial[0] != '\0' ? &response : NULL);
	wipe(&octets);
	return smtpd_hear_auth(s, v);
}

static int
refuse_mech(struct smtpd_session *s, enum smtpd_offer offer)
{
	if (offer == SMTPD_OFFER_TLS)
		return smtpd_reply(s, 538, "5.7.11",
		    "Encryption required for requested authentication "
		    "mechanism");
	return smtpd_reply(s, 504, "5.5.4",
	    "Error: unrecognized authentication mechanism");
}

int
smtpd_auth_disabled(struct smtpd_session *s)
{
	return smtpd_reply(s, 503, "5.5.1",
	    "Error: authentication not enabled");
}

int
smtpd_say_auth(struct smtpd_session *s, const char *args)
{
	size_t len = strcspn(args, " ");
	const char *initial = args + len + strspn(args + len, " ");
	char mech[MECH_MAX + 1];

	if (s->helo == NULL)
		return smtpd_reply(s, 503, "5.5.1",
		    "Error: send HELO/EHLO first");
	if (!s->authenticates)
		return smtpd_auth_disabled(s);
	if (s->user != NULL)
		return smtpd_reply(s, 503, "5.5.1",
		    "Error: already authenticated");
	if (len > MECH_MAX || strchr(initial, ' ') != NULL)
		return smtpd_reply(s, 501, "5.5.4",
		    "Syntax: AUTH mechanism [initial-response]");
	memcpy(mech, args, len);
	mech[len] = '\0';
	if (!is_mech(mech))
		return smtpd_reply(s, 501, "5.5.4",
		    "Syntax: AUTH mechanism [initial-response]");
	enum smtpd_offer offer = s->calls->offers(s, mech);
	return offer == SMTPD_OFFER_YES ? begin(s, mech, initial)
					: refuse_mech(s, offer);
}

int
smtpd_hear_auth(struct smtpd_session *s, struct smtpd_verdict v)
{
	if (v.code == 0)
		return 0;
	if (v.code == 334) {
		s->state = SMTPD_AUTH;
		/* It may be longer than other replies, and is base64. */
		buf_addf(&s->port.out, "334 %s\r\n", v.text);
		return 334;
	}
	if (v.code == 421)
		s->state = SMTPD_QUIT;
	smtpd_reply(s, v.code, v.status, "%s", v.text);
	smtpd_forget(s); /* the memory of the text */
	return v.code;
}

/* The state is what it was before AUTH, whatever comes of it. */
int
smtpd_auth_answer(struct smtpd_session *s, const char *line)
{
	struct buf octets = { 0 };

	s->state = SMTPD_HELLO;
	if (str_eq(line, "*")) {
		smtpd_auth_drop(s);
		return smtpd_reply(s, 501, "5.7.0", "Authentication aborted");
	}
	if (!base64_get(&octets, slice_of(line))) {
		smtpd_auth_drop(s);
		wipe(&octets);
		return undecoded(s);
	}
	struct smtpd_verdict v = s->calls->auth_next(s,
	    (struct slice){ buf_str(&octets), octets.len });
	wipe(&octets);
	return smtpd_hear_auth(s, v);
}

void
smtpd_auth_drop(struct smtpd_session *s)
{
	if (s->state == SMTPD_AUTH)
		s->state = SMTPD_HELLO;
	s->calls->auth_drop(s);
}

void
smtpd_auth_forget(struct smtpd_session *s)
{
	free(s->user);
	free(s->mech);
	s->user = NULL;
	s->mech = NULL;
}

bool
smtpd_is_auth(const char *bytes, size_t n)
{
	return n >= 5 && slice_eq_nocase((struct slice){ bytes, 5 }, "AUTH ");
}
