/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "clock.h"
#include "log.h"
#include "map.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "sasl.h"
#include "smtpd_policy.h"
#include "table.h"
#include "tls_binding.h"

/* For one answer of auth. */
#define PATIENCE (30 * SECOND)

/* Bytes of a user's name in the log. */
#define SHOWN_MAX 100

struct login {
	struct list link; /* among those that wait, oldest first */
	struct smtpd_conn *conn;
	const struct chan *to;
	char *mech;
	int64_t deadline;
	uint32_t stream;
};

struct mech {
	struct mech *next;
	char *name;
	uint32_t traits;
};

struct wish {
	uint32_t without, with;
};

static struct wish in_clear, under_tls;
static struct namelist *filter; /* NULL: all */
static struct mech *mechs;      /* what auth has told; in its order */
static struct list waiting;
static struct map streams; /* number to login */
static struct loop_timer timer;
static uint32_t last_stream;

static const struct smtpd_verdict later = {
	.code = 454,
	.status = "4.7.0",
	.text = "Temporary authentication failure",
};

static void
read_options(const char *list, struct wish *w)
{
	const char *why;

	if (!sasl_parse_options(list, &w->without, &w->with, &why))
		log_panic("security options that were checked: %s", why);
}

void
smtpd_login_open(void)
{
	const char *why;

	read_options(params.smtpd_sasl_security_options, &in_clear);
	read_options(params.smtpd_sasl_tls_security_options, &under_tls);
	if (params.smtpd_sasl_mechanism_filter[0] == '\0')
		return;
	filter = namelist_open(params.smtpd_sasl_mechanism_filter, &why);
	if (filter == NULL)
		log_fatal("smtpd_sasl_mechanism_filter: %s", why);
}

/* ---- mechanisms ---- */

static bool
fits(const struct mech *m, const struct wish *w)
{
	return (m->traits & w->without) == 0 &&
	    (m->traits & w->with) == w->with;
}

/* What a certificate says that smtpd_tls_CAfile vouches for, or NULL. */
static const char *
proved_name(const struct smtpd_conn *c)
{
	return c->cert != NULL && c->cert->trusted &&
		c->cert->subject[0] != '\0'
	    ? c->cert->subject
	    : NULL;
}

/* Whether this client may use it, with TLS or without. */
static bool
is_offered(const struct smtpd_conn *c, const struct mech *m, bool tls)
{
	enum sasl_mech mech = sasl_mech(slice_of(m->name));

	if (mech == SASL_SCRAM_PLUS && !tls)
		return false;
	if (mech == SASL_EXTERNAL && proved_name(c) == NULL)
		return false;
	/* A list that cannot be read allows nothing. */
	if (filter != NULL && namelist_has(filter, m->name, false) != FOUND_ONE)
		return false;
	if (!tls &&
	    (params.smtpd_tls_auth_only || c->s.tls_policy == SMTPD_TLS_MUST))
		return false;
	return fits(m, tls ? &under_tls : &in_clear);
}

void
smtpd_login_mechs(const struct smtpd_conn *c, struct buf *out)
{
	for (const struct mech *m = mechs; m != NULL; m = m->next)
		if (is_offered(c, m, c->s.tls != NULL))
			buf_addf(out, " %s", m->name);
}

enum smtpd_offer
smtpd_login_offers(const struct smtpd_conn *c, const char *mech)
{
	const struct mech *m = mechs;

	while (m != NULL && !str_eq_nocase(m->name, mech))
		m = m->next;
	if (m == NULL)
		return SMTPD_OFFER_NO;
	if (is_offered(c, m, c->s.tls != NULL))
		return SMTPD_OFFER_YES;
	return c->s.tls == NULL && is_offered(c, m, true) ? SMTPD_OFFER_TLS
							  : SMTPD_OFFER_NO;
}

static void
forget_mechs(void)
{
	while (mechs != NULL) {
		struct mech *m = mechs;

		mechs = m->next;
		free(m->name);
		free(m);
	}
}

/* Kept when auth ends: what it offers is offered, and answered with later. */
bool
smtpd_login_told(struct chan *c, const void *body, size_t len, int fd)
{
	struct mech **end = &mechs;
	struct msg_auth_mechs m;
	struct rec_auth_mech r;

	(void)c;
	close_fd(&fd);
	if (!msg_get_auth_mechs(&m, body, len))
		return false;
	forget_mechs();
	struct wire w = wire_open(m.mechs.at, m.mechs.len);
	while (wire_more(&w) && rec_get_auth_mech(&r, &w)) {
		*end = xcalloc(1, sizeof(**end));
		(*end)->name = xstrdup(r.name);
		(*end)->traits = r.traits;
		end = &(*end)->next;
	}
	return wire_done(&w);
}

/* ---- questions ---- */

static void
free_login(struct login *l)
{
	list_drop(&l->link);
	(void)map_drop(&streams, &l->stream, sizeof(l->stream));
	l->conn->login = NULL;
	free(l->mech);
	free(l);
}

/* NAME[ADDR]: SASL PLAIN authentication failed: why, sasl_username=x: as
 * Postfix says it, so that those who read logs to shut clients out see it. */
static void
log_failure(const struct login *l, const char *why, const char *user)
{
	CLEAN_BUF struct buf shown = { 0 };

	if (user[0] != '\0') {
		buf_adds(&shown, LOG_SEP "sasl_username=");
		str_printable(&shown, user, strlen(user), SHOWN_MAX);
	}
	log_warn("%s: SASL %s authentication failed: %s%s",
	    l->conn->s.client.peer, l->mech, why, buf_str(&shown));
}

/* Nobody could say; frees the login. */
static struct smtpd_verdict
put_off(struct login *l, const char *why)
{
	log_warn("%s: SASL %s authentication put off: %s",
	    l->conn->s.client.peer, l->mech, why);
	free_login(l);
	return later;
}

static void
give_up(struct login *l, const char *why)
{
	struct smtpd_conn *c = l->conn;

	smtpd_conn_answer(c, put_off(l, why));
}

static void
on_due(struct loop_timer *t)
{
	while (!list_empty(&waiting)) {
		struct login *l = container_of(waiting.next, struct login,
		    link);

		if (l->deadline > loop_now()) {
			loop_timer(t, l->deadline - loop_now(), on_due);
			return;
		}
		give_up(l, "the program auth does not answer");
	}
}

static struct smtpd_verdict
wait_for(struct login *l)
{
	l->deadline = loop_now() + PATIENCE;
	if (list_empty(&waiting))
		loop_timer(&timer, PATIENCE, on_due);
	list_append(&waiting, &l->link);
	return SMTPD_LATER;
}

static struct login *
new_login(struct smtpd_conn *c, const struct chan *to, const char *mech)
{
	struct login *l = xcalloc(1, sizeof(*l));

	l->conn = c;
	l->to = to;
	l->mech = xstrdup(mech);
	for (char *p = l->mech; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	l->stream = ++last_stream;
	*map_put(&streams, &l->stream, sizeof(l->stream)) = l;
	c->login = l;
	return l;
}

/* Where it has connected to; nowhere, if that cannot be told. */
static struct fd_address
local_address(const struct smtpd_conn *c)
{
	struct fd_address local = { 0 };

	return fd_local_address(c->pump.fd, &local) < 0
	    ? (struct fd_address){ 0 }
	    : local;
}

static void
send_begin(struct chan *to, const struct login *l, const struct slice *response)
{
	CLEAN_BUF struct buf packet = { 0 }, exporter = { 0 }, cert = { 0 };
	const struct smtpd_conn *c = l->conn;
	const struct fd_address local = local_address(c);
	const char *asked = NULL;
	SSL *ssl = c->pump.ssl;
	char session[40];

	/* As the log names this process. */
	(void)snprintf(session, sizeof(session), "%d.%u", (int)getpid(),
	    l->stream);
	if (ssl != NULL) {
		asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
		tls_binding_exporter(&exporter, ssl);
		/* Of a resumed session nobody knows by which of our
		 * certificates it began. */
		if (!SSL_session_reused(ssl) && SSL_get_certificate(ssl))
			tls_binding_end_point(&cert, SSL_get_certificate(ssl));
	}
	struct msg_auth_begin m = {
		.stream = l->stream,
		.mech = l->mech,
		.initial = response != NULL,
		.client = c->s.client.addr,
		.port = c->s.client.port,
		.local = local.text,
		.local_port = local.port,
		.session = session,
		.helo = c->s.helo,
		.secured = ssl != NULL,
		.exporter = { exporter.text, exporter.len },
		.end_point = { cert.text, cert.len },
		.certificate = proved_name(c),
		.asked = asked,
	};
	if (response != NULL)
		m.response = *response;
	msg_put_auth_begin(&packet, &m);
	chan_send(to, &packet, -1, false);
}

struct smtpd_verdict
smtpd_login_begin(struct smtpd_conn *c, const char *mech,
    const struct slice *response)
{
	struct smtpd_verdict v = smtpd_policy_auth(c);
	struct chan *to = program_peer(ROLE_AUTH);

	if (v.code != 250)
		return v;
	struct login *l = new_login(c, to, mech);
	if (to == NULL)
		return put_off(l, "Connection lost to authentication server");
	send_begin(to, l, response);
	return wait_for(l);
}

struct smtpd_verdict
smtpd_login_next(struct smtpd_conn *c, struct slice response)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct login *l = c->login;

	/* auth has died while the client thought. */
	if (l == NULL || l->to != program_peer(ROLE_AUTH)) {
		smtpd_login_drop(c);
		return later;
	}
	msg_put_auth_next(&packet,
	    &(struct msg_auth_next){
		.stream = l->stream,
		.response = response,
	    });
	chan_send(program_peer(ROLE_AUTH), &packet, -1, false);
	return wait_for(l);
}

void
smtpd_login_drop(struct smtpd_conn *c)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct chan *to = program_peer(ROLE_AUTH);

	if (c->login == NULL)
		return;
	msg_put_auth_abort(&packet,
	    &(struct msg_auth_abort){ .stream = c->login->stream });
	if (to != NULL && to == c->login->to)
		chan_send(to, &packet, -1, false);
	free_login(c->login);
}

/* ---- answers ---- */

static struct smtpd_verdict
go_on(struct login *l, struct slice challenge, struct buf *text)
{
	list_drop(&l->link);
	base64_put(text, challenge.at, challenge.len);
	return (struct smtpd_verdict){ .code = 334, .text = buf_str(text) };
}

static struct smtpd_verdict
succeed(struct login *l, const char *user)
{
	struct smtpd_session *s = &l->conn->s;

	s->user = xstrdup(user);
	s->mech = xstrdup(l->mech);
	free_login(l);
	return (struct smtpd_verdict){
		.code = 235,
		.status = "2.7.0",
		.text = "Authentication successful",
	};
}

static struct smtpd_verdict
fail(struct login *l, const char *why, const char *user)
{
	log_failure(l, why, user);
	smtpd_policy_auth_failed(l->conn);
	free_login(l);
	return (struct smtpd_verdict){
		.code = 535,
		.status = "5.7.8",
		.text = "Error: authentication failed",
	};
}

bool
smtpd_login_answered(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf text = { 0 };
	struct msg_auth_reply m;

	close_fd(&fd);
	if (!msg_get_auth_reply(&m, body, len) || m.verdict > AUTH_NO)
		return false;
	struct login *l = map_get(&streams, &m.stream, sizeof(m.stream));
	/* One that was dropped is no fault of auth's. */
	if (l == NULL || l->to != c)
		return true;
	if (!list_linked(&l->link) || (m.verdict == AUTH_OK && !m.user[0]))
		return false;

	struct smtpd_conn *conn = l->conn;
	if (m.verdict == AUTH_MORE)
		smtpd_conn_answer(conn, go_on(l, m.challenge, &text));
	else if (m.verdict == AUTH_OK)
		smtpd_conn_answer(conn, succeed(l, m.user));
	else if (m.verdict == AUTH_NO)
		smtpd_conn_answer(conn, fail(l, m.why, m.user));
	else
		give_up(l, m.why);
	return true;
}

void
smtpd_login_peer_ended(const struct chan *c)
{
	bool more = true;

	/* An answer may lead to other questions, so each step begins anew. */
	while (more) {
		more = false;
		LIST_EACH(struct login, l, &waiting, link) {
			if (l->to != c)
				continue;
			give_up(l, "Connection lost to authentication server");
			more = true;
			break;
		}
	}
}
