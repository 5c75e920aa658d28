/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_world.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "param.h"

int64_t world_now = 1000000;
struct buf world_log;

static const struct smtpd_verdict unknown = {
	.code = 550,
	.status = "5.1.1",
	.text = "Recipient address rejected: User unknown",
};

static int64_t
now(void)
{
	return world_now;
}

static void
on_mechs(const struct smtpd_session *s, struct buf *out)
{
	(void)s;
	buf_adds(out, " PLAIN LOGIN");
}

static enum smtpd_offer
on_offers(const struct smtpd_session *s, const char *mech)
{
	(void)s;
	if (str_eq_nocase(mech, "plain") || str_eq_nocase(mech, "login"))
		return SMTPD_OFFER_YES;
	return str_eq_nocase(mech, "safe") ? SMTPD_OFFER_TLS : SMTPD_OFFER_NO;
}

/* The secret is "user:pass"; whatever else is said is wrong, but "later". */
static struct smtpd_verdict
judge_secret(struct world *w, struct slice said)
{
	w->later = (struct smtpd_verdict){
		.code = 535,
		.status = "5.7.8",
		.text = "Error: authentication failed",
	};
	if (slice_eq(said, "later"))
		w->later = (struct smtpd_verdict){
			.code = 454,
			.status = "4.7.0",
			.text = "Temporary authentication failure",
		};
	if (slice_eq(said, "user:pass")) {
		w->s.user = xstrdup("user");
		w->s.mech = xstrdup("PLAIN");
		w->later = (struct smtpd_verdict){
			.code = 235,
			.status = "2.7.0",
			.text = "Authentication successful",
		};
	}
	return SMTPD_LATER;
}

static struct smtpd_verdict
on_auth(struct smtpd_session *s, const char *mech, const struct slice *response)
{
	struct world *w = s->owner;

	(void)mech;
	w->later = (struct smtpd_verdict){ .code = 334, .text = "Pz8=" };
	return response != NULL ? judge_secret(w, *response) : SMTPD_LATER;
}

static struct smtpd_verdict
on_auth_next(struct smtpd_session *s, struct slice response)
{
	return judge_secret(s->owner, response);
}

static void
on_auth_drop(struct smtpd_session *s)
{
	struct world *w = s->owner;

	w->auth_drops++;
}

static struct smtpd_verdict
on_mail(struct smtpd_session *s)
{
	(void)s;
	return SMTPD_FINE;
}

static struct smtpd_verdict
on_rcpt(struct smtpd_session *s, const struct addr *rcpt)
{
	struct world *w = s->owner;

	if (str_eq(rcpt->local, "unknown"))
		return unknown;
	w->later = SMTPD_FINE;
	if (str_eq(rcpt->local, "slow"))
		return SMTPD_LATER;
	if (str_eq(rcpt->local, "slowly-unknown")) {
		w->later = unknown;
		return SMTPD_LATER;
	}
	return SMTPD_FINE;
}

static struct smtpd_verdict
on_etrn(struct smtpd_session *s, const char *node)
{
	struct world *w = s->owner;

	w->later = (struct smtpd_verdict){
		.code = str_eq(node, "other.test") ? 459 : 253,
		.status = str_eq(node, "other.test") ? "4.7.1" : "2.0.0",
		.text = arena_printf(&s->tx.arena, "node %s", node),
	};
	return str_eq(node, "slow.test") ? SMTPD_LATER : w->later;
}

static struct smtpd_verdict
on_data(struct smtpd_session *s)
{
	if (strstr(s->tx.sender, "full") == NULL)
		return SMTPD_FINE;
	return (struct smtpd_verdict){
		.code = 452,
		.status = "4.3.1",
		.text = "Insufficient system storage",
	};
}

static void
on_content(struct smtpd_session *s, const char *bytes, size_t n)
{
	struct world *w = s->owner;

	buf_add(&w->content, bytes, n);
	if (w->spoil)
		smtpd_spoil(s,
		    (struct smtpd_verdict){
			.code = 451,
			.status = "4.3.0",
			.text = "Error: queue file write error",
		    });
}

static struct smtpd_verdict
on_end(struct smtpd_session *s)
{
	struct world *w = s->owner;

	buf_addf(&w->mails, "<%s> ", s->tx.sender);
	buf_add(&w->mails, buf_str(&w->content), w->content.len);
	buf_addc(&w->mails, '|');
	w->later = (struct smtpd_verdict){
		.code = 250,
		.status = "2.0.0",
		.text = "Ok: queued as TEST",
	};
	return w->end_later ? SMTPD_LATER : w->later;
}

static void
on_forget(struct smtpd_session *s)
{
	struct world *w = s->owner;

	buf_reset(&w->content);
}

static bool
can_tls(const struct smtpd_session *s)
{
	const struct world *w = s->owner;

	return !w->no_tls;
}

static const struct smtpd_calls calls = {
	.now = now,
	.can_tls = can_tls,
	.mechs = on_mechs,
	.offers = on_offers,
	.auth = on_auth,
	.auth_next = on_auth_next,
	.auth_drop = on_auth_drop,
	.mail = on_mail,
	.rcpt = on_rcpt,
	.vrfy = on_rcpt,
	.etrn = on_etrn,
	.data = on_data,
	.content = on_content,
	.end = on_end,
	.forget = on_forget,
};

void
world_params(void)
{
	params = (struct params){
		.line_length_limit = 2048,
		.mail_name = "Posthouse",
		.message_size_limit = 10240000,
		.myhostname = "mx.test",
		.smtpd_banner = "mx.test ESMTP Posthouse",
		.smtpd_discard_ehlo_keywords = "",
		.smtpd_error_sleep_time = SECOND,
		.smtpd_starttls_timeout = 60 * SECOND,
		.smtpd_forbid_bare_newline = "reject",
		.smtpd_forbid_unauth_pipelining = true,
		.smtpd_hard_error_limit = 20,
		.smtpd_junk_command_limit = 100,
		.smtpd_recipient_limit = 1000,
		.smtpd_soft_error_limit = 10,
		.smtpd_timeout = 300 * SECOND,
	};
}

static void
keep_line(enum log_level level, const char *line)
{
	(void)level;
	buf_addf(&world_log, "%s\n", line);
}

void
world_log_clear(void)
{
	log_sink(keep_line);
	buf_reset(&world_log);
}

static void
hear(struct world *w)
{
	buf_add(&w->said, buf_str(&w->s.port.out), w->s.port.out.len);
	buf_reset(&w->s.port.out);
}

void
world_open(struct world *w)
{
	world_log_clear();
	smtpd_start(&w->s, &calls, w);
	w->s.client.name = xstrdup("client.test");
	w->s.client.addr = xstrdup("192.0.2.1");
	w->s.client.peer = xstrdup("client.test[192.0.2.1]");
	smtpd_greet(&w->s);
	hear(w);
}

/* What the pump does: gives what there is until it is taken or refused. */
static void
feed(struct world *w)
{
	for (;;) {
		if (w->s.asked != NULL)
			smtpd_answer(&w->s, w->later);
		hear(w);
		if (w->s.port.paused || w->kept.len == 0)
			return;
		size_t n = smtpd_input(&w->s, buf_str(&w->kept), w->kept.len);
		hear(w);
		buf_drop(&w->kept, n);
		if (n == 0 && !w->s.port.paused)
			return;
	}
}

void
world_send(struct world *w, const char *bytes, size_t n, size_t piece)
{
	while (n > 0) {
		size_t some = piece == 0 ? n : MIN(piece, n);
		buf_add(&w->kept, bytes, some);
		feed(w);
		bytes += some;
		n -= some;
	}
}

void
world_say(struct world *w, const char *text, size_t piece)
{
	world_send(w, text, strlen(text), piece);
}

void
world_wait(struct world *w, int64_t ms)
{
	world_now += ms;
	if (w->s.port.deadline != 0 && w->s.port.deadline <= world_now)
		smtpd_timeout(&w->s);
	feed(w);
}

void
world_codes(struct world *w, struct buf *out)
{
	const char *at = buf_str(&w->said);

	while (*at != '\0') {
		const char *end = strstr(at, "\r\n");
		if (at[3] == ' ')
			buf_addf(out, "%s%.3s", out->len > 0 ? " " : "", at);
		at = end + 2;
	}
	buf_reset(&w->said);
}

void
world_close(struct world *w)
{
	smtpd_end(&w->s, w->s.port.closing ? PUMP_END_CLOSED : PUMP_END_PEER);
	buf_free(&w->kept);
	buf_free(&w->said);
	buf_free(&w->content);
	buf_free(&w->mails);
}
