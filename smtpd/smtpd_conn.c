/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "loop.h"
#include "param.h"
#include "smtpd_ask.h"
#include "smtpd_feed.h"
#include "smtpd_login.h"
#include "smtpd_notice.h"
#include "smtpd_policy.h"
#include "smtpd_srs.h"
#include "smtpd_tls.h"
#include "smtpd_vet.h"
#include "smtpd_wake.h"
#include "tls.h"
#include "tls_tell.h"

#define MAGIC 0x736d7470u

static struct list all;
static size_t count;
static struct smtpd_conn *opening; /* its pump is being started */

static struct smtpd_conn *
conn_of(void *owner)
{
	struct smtpd_conn *c = owner;

	if (c->magic != MAGIC)
		log_panic("smtpd_conn: not a connection");
	return c;
}

/* ---- what the engine asks ---- */

static bool
can_tls(const struct smtpd_session *s)
{
	(void)s;
	return smtpd_tls_ready();
}

static void
on_mechs(const struct smtpd_session *s, struct buf *out)
{
	smtpd_login_mechs(conn_of(s->owner), out);
}

static enum smtpd_offer
on_offers(const struct smtpd_session *s, const char *mech)
{
	return smtpd_login_offers(conn_of(s->owner), mech);
}

static struct smtpd_verdict
on_auth(struct smtpd_session *s, const char *mech, const struct slice *response)
{
	return smtpd_login_begin(conn_of(s->owner), mech, response);
}

static struct smtpd_verdict
on_auth_next(struct smtpd_session *s, struct slice response)
{
	return smtpd_login_next(conn_of(s->owner), response);
}

static void
on_auth_drop(struct smtpd_session *s)
{
	smtpd_login_drop(conn_of(s->owner));
}

static struct smtpd_verdict
on_mail(struct smtpd_session *s)
{
	struct smtpd_conn *c = conn_of(s->owner);
	struct smtpd_verdict v = smtpd_policy_mail(c);

	return v.code == 250 ? smtpd_verify_mail(c) : v;
}

/* A recipient that may have mail becomes one of the message's. */
static struct smtpd_verdict
taken(struct smtpd_conn *c, struct smtpd_verdict v)
{
	if (v.code == 250)
		smtpd_feed_rcpt(c);
	return v;
}

static struct smtpd_verdict
on_rcpt(struct smtpd_session *s, const struct addr *rcpt)
{
	struct smtpd_conn *c = conn_of(s->owner);

	c->verifying = false;
	c->stands_for = NULL;
	return taken(c, smtpd_policy_rcpt(c, rcpt));
}

static struct smtpd_verdict
on_vrfy(struct smtpd_session *s, const struct addr *rcpt)
{
	struct smtpd_conn *c = conn_of(s->owner);

	c->verifying = true;
	return smtpd_policy_rcpt(c, rcpt);
}

static void
on_woken(void *owner, struct smtpd_verdict v)
{
	struct smtpd_conn *c = conn_of(owner);

	c->wake = 0;
	smtpd_conn_answer(c, v);
}

static struct smtpd_verdict
on_etrn(struct smtpd_session *s, const char *node)
{
	struct smtpd_conn *c = conn_of(s->owner);
	struct smtpd_verdict v = smtpd_policy_etrn(c, node);

	if (v.code != 250)
		return v;
	c->wake = smtpd_wake_etrn(node, s->client.addr, on_woken, c);
	return c->wake != 0 ? SMTPD_LATER : smtpd_wake_unable();
}

static struct smtpd_verdict
on_data(struct smtpd_session *s)
{
	struct smtpd_verdict v = smtpd_policy_data(conn_of(s->owner));

	return v.code == 250 ? smtpd_feed_ready(conn_of(s->owner)) : v;
}

static void
on_content(struct smtpd_session *s, const char *bytes, size_t n)
{
	smtpd_feed_content(conn_of(s->owner), bytes, n);
}

static struct smtpd_verdict
on_end(struct smtpd_session *s)
{
	struct smtpd_conn *c = conn_of(s->owner);
	struct smtpd_verdict v = smtpd_verify_end(c);

	return v.code == 250 ? smtpd_feed_end(c) : v;
}

static void
on_forget(struct smtpd_session *s)
{
	struct smtpd_conn *c = conn_of(s->owner);

	smtpd_ask_drop(&c->question);
	smtpd_vet_drop(&c->vetting);
	smtpd_srs_drop(c);
	smtpd_wake_drop(&c->wake);
	smtpd_login_drop(c);
	smtpd_verify_drop(c);
	smtpd_domain_drop(&c->domain);
	smtpd_feed_drop(c);
}

static const struct smtpd_calls calls = {
	.now = loop_now,
	.can_tls = can_tls,
	.mechs = on_mechs,
	.offers = on_offers,
	.auth = on_auth,
	.auth_next = on_auth_next,
	.auth_drop = on_auth_drop,
	.mail = on_mail,
	.rcpt = on_rcpt,
	.vrfy = on_vrfy,
	.etrn = on_etrn,
	.data = on_data,
	.content = on_content,
	.end = on_end,
	.forget = on_forget,
};

/* ---- what the pump calls ---- */

static size_t
on_input(void *engine, const char *bytes, size_t n)
{
	return smtpd_input(&conn_of(engine)->s, bytes, n);
}

static void
on_step(void *arg, const char *step)
{
	const struct smtpd_conn *c = arg;

	log_info("%s: %s", c->s.client.peer, step);
}

static SSL *
on_secure(void *engine)
{
	SSL *ssl = smtpd_tls_new();

	if (ssl != NULL && params.smtpd_tls_loglevel > 1)
		tls_tell_steps(ssl, on_step, conn_of(engine));
	return ssl;
}

static void
log_tls(const struct smtpd_conn *c)
{
	if (params.smtpd_tls_loglevel > 0)
		log_info("%s TLS connection established from %s: %s",
		    smtpd_cert_word(c->cert), c->s.client.peer, c->s.tls);
	if (params.smtpd_tls_loglevel > 1 && SSL_session_reused(c->pump.ssl))
		log_info("%s: Reusing old session", c->s.client.peer);
	if (params.smtpd_tls_loglevel > 1 && c->cert != NULL)
		log_info("%s: subject_CN=%s, issuer=%s, fingerprint=%s, "
			 "pkey_fingerprint=%s",
		    c->s.client.peer, c->cert->subject, c->cert->issuer,
		    c->cert->print, c->cert->key);
}

/* Where certificates are a must: without one that is trusted the session is
 * over before it began. */
static void
judge_certificate(struct smtpd_conn *c)
{
	const char *why = c->cert == NULL ? "No client certificate presented"
					  : "Client certificate not trusted";

	if (!smtpd_tls_requires_certificates() ||
	    (c->cert != NULL && c->cert->trusted))
		return;
	log_info("NOQUEUE: abort: TLS from %s: %s", c->s.client.peer, why);
	smtpd_turn_away(&c->s,
	    (struct smtpd_verdict){
		.code = 421,
		.status = "4.7.1",
		.text = arena_printf(&c->s.tx.arena, "%s Error: %s",
		    params.myhostname, why),
	    });
}

/* What the handshake has shown.  Where TLS comes first, the client's name may
 * not be known yet: then this waits for it. */
static void
note_tls(struct smtpd_conn *c)
{
	log_tls(c);
	judge_certificate(c);
}

static void
on_secured(void *engine)
{
	CLEAN_BUF struct buf how = { 0 };
	struct smtpd_conn *c = conn_of(engine);

	tls_describe(&how, c->pump.ssl);
	smtpd_cert_destroy(&c->cert);
	c->cert = smtpd_cert_new(c->pump.ssl);
	smtpd_secured(&c->s, buf_str(&how));
	if (c->s.state != SMTPD_CONNECT)
		note_tls(c);
}

static void
on_timeout(void *engine)
{
	smtpd_timeout(&conn_of(engine)->s);
}

static void
on_ended(void *engine, enum pump_end how, int error)
{
	struct smtpd_conn *c = conn_of(engine);

	(void)error; /* the log says that it is lost, as for every client */
	if (how == PUMP_END_TLS)
		log_info("SSL_accept error from %s: %s", c->s.client.peer,
		    c->pump.why);
	if (opening == c)
		opening = NULL;
	smtpd_policy_leave(c);
	smtpd_name_drop(&c->name);
	smtpd_notice_send(c);
	smtpd_end(&c->s, how);
	smtpd_ask_drop(&c->question);
	smtpd_vet_drop(&c->vetting);
	smtpd_srs_drop(c);
	smtpd_wake_drop(&c->wake);
	smtpd_login_drop(c);
	smtpd_verify_drop(c);
	smtpd_domain_drop(&c->domain);
	list_drop(&c->choked);
	list_drop(&c->link);
	count--;
	smtpd_cert_destroy(&c->cert);
	free(c->user);
	c->magic = 0;
	free(c);
}

static const struct pump_engine engine = {
	.input = on_input,
	.secure = on_secure,
	.secured = on_secured,
	.timeout = on_timeout,
	.ended = on_ended,
};

/* ---- the start ---- */

static void
set_peer(struct smtpd_client *client, const char *name)
{
	CLEAN_BUF struct buf peer = { 0 };

	buf_addf(&peer, "%s[%s]", name, client->addr);
	free(client->name);
	free(client->peer);
	client->name = xstrdup(name);
	client->peer = buf_take(&peer);
}

static void
begin_trace(struct smtpd_conn *c)
{
	const struct smtpd_client *client = &c->s.client;

	c->s.trace = trace_start(TRACE_SERVER, client->name, client->addr,
	    client->peer);
	if (!c->local)
		smtpd_notice_begin(&c->s);
}

static void
on_name(struct smtpd_name *n, const struct smtpd_name_found *found)
{
	struct smtpd_conn *c = container_of(n, struct smtpd_conn, name);

	set_peer(&c->s.client, found->name);
	if (!str_eq(found->name, found->reverse))
		c->s.client.reverse = xstrdup(found->reverse);
	c->s.client.name_doubt = found->doubt;
	c->s.client.reverse_doubt = found->reverse_doubt;
	begin_trace(c);
	smtpd_greet(&c->s);
	if (c->s.tls != NULL)
		note_tls(c);
	pump_kick(&c->pump);
}

/* The name of the local user, where it has one. */
static void
on_user(void *owner, enum found found, const char *value)
{
	struct smtpd_conn *c = conn_of(owner);
	struct slice rest = slice_of(value), name;

	c->question = NULL;
	if (found == FOUND_ONE && slice_next_part(&rest, ':', &name)) {
		CLEAN_BUF struct buf b = { 0 };

		buf_add(&b, name.at, name.len);
		c->user = buf_take(&b);
	}
	begin_trace(c);
	smtpd_greet(&c->s);
	pump_kick(&c->pump);
}

static struct smtpd_conn *
new_conn(const char *addr, const char *name, enum smtpd_tls_policy tls)
{
	struct smtpd_conn *c = xcalloc(1, sizeof(*c));

	c->magic = MAGIC;
	c->uid = SMTPD_NO_UID;
	c->s.client.addr = xstrdup(addr);
	set_peer(&c->s.client, name);
	smtpd_start(&c->s, &calls, c);
	c->s.tls_policy = tls;
	c->s.port.tls = tls != SMTPD_TLS_NONE && params.smtpd_tls_wrappermode;
	list_append(&all, &c->link);
	count++;
	return c;
}

/* False where it has ended already: what had come by then was no handshake. */
static bool
start_pump(struct smtpd_conn *c, int fd)
{
	opening = c;
	pump_start(&c->pump, fd, &c->s.port, &engine, c);
	bool there = opening != NULL;
	opening = NULL;
	return there;
}

void
smtpd_conn_open(int fd, struct fd_address from)
{
	struct smtpd_conn *c = new_conn(from.text, NAME_UNKNOWN,
	    smtpd_tls_policy());

	c->s.client.port = from.port;
	struct smtpd_verdict v = smtpd_policy_connect(c);
	/* Who is sent away at once costs no handshake. */
	c->s.port.tls = c->s.port.tls && v.code == 250;
	if (!start_pump(c, fd))
		return;
	smtpd_wake_client(from.text);
	if (v.code != 250) {
		begin_trace(c);
		smtpd_turn_away(&c->s, v);
		pump_kick(&c->pump);
	} else if (params.smtpd_peername_lookup) {
		smtpd_name_ask(&c->name, from.text, on_name);
	} else {
		on_name(&c->name, &NAME_NOTHING);
	}
}

void
smtpd_conn_open_local(int fd, uint32_t uid)
{
	struct smtpd_conn *c = new_conn("", "localhost", SMTPD_TLS_NONE);
	const char *value;
	enum found found;
	char key[16];

	if (!start_pump(c, fd))
		return;
	c->local = true;
	c->networks = FOUND_ONE;
	c->uid = uid;
	c->s.client.quiet = true;
	c->s.client.lenient = true;
	snprintf(key, sizeof(key), "%u", uid);
	c->question = smtpd_ask(LOOKUP_UID, key, on_user, c, &found, &value);
	if (c->question == NULL)
		on_user(c, found, value);
}

/* ---- later ---- */

void
smtpd_conn_answer(struct smtpd_conn *c, struct smtpd_verdict v)
{
	smtpd_answer(&c->s, v);
	pump_kick(&c->pump);
}

void
smtpd_conn_judged(struct smtpd_conn *c, struct smtpd_verdict v)
{
	smtpd_conn_answer(c, c->verifying ? v : taken(c, v));
}

void
smtpd_conn_verified(struct smtpd_conn *c)
{
	struct smtpd_verdict v = smtpd_feed_end(c);

	if (v.code != 0)
		smtpd_conn_answer(c, v);
}

void
smtpd_conn_resume(struct smtpd_conn *c)
{
	smtpd_resume(&c->s);
	pump_kick(&c->pump);
}

bool
smtpd_conn_is_ours(const struct smtpd_conn *c)
{
	return c->networks == FOUND_ONE || c->s.user != NULL;
}

size_t
smtpd_conn_count(void)
{
	return count;
}

void
smtpd_conn_dismiss_idle(void)
{
	LIST_EACH(struct smtpd_conn, c, &all, link) {
		if (!smtpd_is_idle(&c->s))
			continue;
		smtpd_dismiss(&c->s);
		pump_kick(&c->pump);
	}
}
