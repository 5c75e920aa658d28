/*
 * Order of events: smtp_conn_start() works out what is asked of the host;
 * on_planned() connects; on_connected() starts the
 * engine, which expects the greeting; on_input() feeds it; after each event
 * settle() looks what became of the mail; on_ended() is the last.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "map.h"
#include "param.h"
#include "smtp_cert.h"
#include "smtp_memory.h"
#include "smtp_resume.h"
#include "smtp_socket.h"
#include "smtp_tls.h"
#include "str.h"
#include "tls.h"

struct smtp_pool {
	struct list idle; /* the longest idle first */
	char *nexthop;
};

static struct map pools; /* next hop to struct smtp_pool */
static bool draining;

/* ---- idle connections ---- */

static bool
may_be_kept(const struct smtp_conn *c)
{
	int64_t count = params.smtp_connection_reuse_count_limit;

	return !draining && !c->once && !c->plan.tls.no_reuse &&
	    !c->client.setup.nameless &&
	    params.smtp_connection_cache_time_limit > 0 &&
	    (count == 0 || c->mails < count) &&
	    loop_now() - c->born < params.smtp_connection_reuse_time_limit;
}

static void
pool_put(struct smtp_conn *c)
{
	void **place = map_puts(&pools, c->nexthop);

	if (*place == NULL) {
		struct smtp_pool *p = xcalloc(1, sizeof(*p));

		p->nexthop = xstrdup(c->nexthop);
		*place = p;
	}
	c->pool = *place;
	list_append(&c->pool->idle, &c->link);
	c->client.port.deadline = loop_now() +
	    params.smtp_connection_cache_time_limit;
}

static void
pool_drop(struct smtp_conn *c)
{
	struct smtp_pool *p = c->pool;

	if (p == NULL)
		return;
	c->pool = NULL;
	list_drop(&c->link);
	if (!list_empty(&p->idle))
		return;
	(void)map_drops(&pools, p->nexthop);
	free_str(&p->nexthop);
	free(p);
}

/* ---- events ---- */

static void
conn_free(struct smtp_conn *c)
{
	pool_drop(c);
	smtp_plan_stop(&c->plan);
	smtp_login_drop(c);
	smtp_client_free(&c->client);
	arena_free(&c->arena);
	free(c);
}

/* Tells the owner where there is something to tell, and decides what becomes of
 * a connection that has none. */
static void
settle(struct smtp_conn *c)
{
	smtp_login_look(c);
	void *owner = c->owner;
	if (owner != NULL && c->mail->over) {
		c->owner = NULL;
		c->mails++;
		c->calls->over(owner);
	}
	if (c->owner != NULL || c->client.state != SMTP_IDLE || c->pool != NULL)
		return;
	if (may_be_kept(c))
		pool_put(c);
	else
		smtp_client_quit(&c->client);
}

static void note_clear(struct smtp_conn *c);

static size_t
on_input(void *engine, const char *bytes, size_t n)
{
	struct smtp_conn *c = engine;

	c->client.now = loop_now();
	smtp_client_input(&c->client, bytes, n);
	note_clear(c);
	if (c->client.state == SMTP_CLOSED)
		pool_drop(c);
	settle(c);
	return n;
}

static void
on_drained(void *engine)
{
	struct smtp_conn *c = engine;

	c->client.now = loop_now();
	smtp_client_drained(&c->client);
	settle(c);
}

static void
on_timeout(void *engine)
{
	struct smtp_conn *c = engine;

	c->client.now = loop_now();
	pool_drop(c);
	if (c->client.state == SMTP_IDLE)
		smtp_client_quit(&c->client);
	else
		smtp_client_timeout(&c->client);
	settle(c);
}

static void
not_connected(struct smtp_conn *c, int error)
{
	smtp_memory_failed(c->host.address, c->host.port, loop_now());
	c->calls->unreachable(c->owner, error);
}

/* ---- TLS ---- */

static struct smtp_tls_peer
peer_of(const struct smtp_conn *c)
{
	return (struct smtp_tls_peer){
		.policy = &c->plan.tls,
		.host = &c->host,
		.nexthop = c->nexthop,
		.relay = c->relay,
	};
}

/* Once a session; what comes later follows from it. */
static void
tell_outcome(struct smtp_conn *c, enum smtp_tls_result result,
    const char *reason)
{
	if (c->told || c->plan.tls.level == SMTP_TLS_NONE)
		return;
	c->told = true;
	if (c->owner != NULL && (c->mail->source.flags & MAIL_REPORT) != 0)
		return; /* or each report would lead to another one */
	if (result == SMTP_TLS_GOOD && c->plan.unlisted) {
		result = SMTP_TLS_FAILED;
		reason = "the policy does not name the host";
	}
	smtp_outcome_tell(&(struct smtp_tls_outcome){
	    .nexthop = c->nexthop,
	    .host = &c->host,
	    .our_address = c->our_address,
	    .policy = &c->plan.tls,
	    .result = result,
	    .reason = reason,
	});
}

/* The host has said that there will be no TLS. */
static void
note_clear(struct smtp_conn *c)
{
	const struct smtp_client *client = &c->client;
	bool offered = (client->offer.extensions & SMTP_EXT_STARTTLS) != 0;

	if (c->told || !client->greeted || client->secured ||
	    client->hearing == SMTP_STARTTLS)
		return;
	tell_outcome(c, SMTP_TLS_NOT_OFFERED,
	    offered ? "STARTTLS was refused" : "");
	if (offered && c->plan.tls.level == SMTP_TLS_NONE &&
	    params.smtp_tls_note_starttls_offer)
		log_info("Host offered STARTTLS: [%s]", c->host.name);
	c->told = true;
}

/* A mail that anybody may read is better than none, where the policy says
 * so. */
static bool
clear_will_do(const struct smtp_conn *c)
{
	return c->plan.tls.level == SMTP_TLS_MAY || c->plan.tls.testing;
}

/* A reason to give nothing to the host, with whose wish it is. */
static const char *
by_whom(struct smtp_conn *c, const char *why)
{
	if (c->plan.tls.origin != SMTP_TLS_BY_STS)
		return why;
	return arena_printf(&c->arena,
	    "%s, as the MTA-STS policy of the domain asks for", why);
}

static void begin(struct smtp_conn *c);

/* Once more, without TLS. */
static void
retry_in_clear(struct smtp_conn *c)
{
	log_info("%s: TLS failed: trying again in clear text", c->relay);
	c->note = "in clear text, as TLS failed";
	smtp_login_drop(c);
	smtp_client_free(&c->client);
	c->in_clear = true;
	c->connected = false;
	begin(c);
}

static void
handshake_failed(struct smtp_conn *c, enum pump_end how)
{
	const char *why = how == PUMP_END_TLS ? c->pump.why
	    : how == PUMP_END_TIMEOUT         ? "timed out"
					      : "lost connection";

	log_info("SSL_connect error to %s: %s", c->relay, why);
	tell_outcome(c, SMTP_TLS_FAILED, why);
	if (c->owner != NULL && clear_will_do(c)) {
		retry_in_clear(c);
		return;
	}
	c->client.now = loop_now();
	smtp_client_fail(&c->client, "4.7.5",
	    by_whom(c, "Cannot start TLS: handshake failure"));
	settle(c);
	conn_free(c);
}

static SSL *
on_secure(void *engine)
{
	struct smtp_conn *c = engine;
	struct smtp_tls_peer peer = peer_of(c);
	SSL *ssl = smtp_tls_new(&peer);

	c->client.setup.nameless = smtp_cert_is_wanted() &&
	    !smtp_cert_is_ready();
	return ssl;
}

static void
log_proof(const struct smtp_conn *c, const struct smtp_tls_proof *proof)
{
	struct smtp_tls_peer peer = peer_of(c);
	CLEAN_BUF struct buf how = { 0 };

	tls_describe(&how, c->pump.ssl);
	if (params.smtp_tls_loglevel > 0)
		log_info("%s TLS connection established to %s: %s", proof->word,
		    c->relay, buf_str(&how));
	if (params.smtp_tls_loglevel > 1 && SSL_session_reused(c->pump.ssl))
		log_info("%s: Reusing old session", c->relay);
	if (params.smtp_tls_loglevel > 1)
		smtp_tls_tell(&peer, c->pump.ssl);
	if (proof->why != NULL)
		log_info("certificate verification failed for %s: %s", c->relay,
		    proof->reason);
}

/* Hands were shaken; whether that is enough is the policy's to say. */
static void
on_secured(void *engine)
{
	struct smtp_conn *c = engine;
	struct smtp_tls_peer peer = peer_of(c);
	struct smtp_tls_proof proof = smtp_tls_judge(&peer, c->pump.ssl);

	log_proof(c, &proof);
	tell_outcome(c, proof.result, proof.reason);
	c->client.now = loop_now();
	if (proof.why != NULL)
		smtp_resume_forget(c->pump.ssl);
	if (proof.why != NULL && !c->plan.tls.testing)
		smtp_client_fail(&c->client, "4.7.5", by_whom(c, proof.why));
	else
		smtp_client_secured(&c->client);
	settle(c);
}

static void
on_ended(void *engine, enum pump_end how, int error)
{
	struct smtp_conn *c = engine;

	if (c->connected && smtp_client_is_shaking(&c->client)) {
		handshake_failed(c, how);
		return;
	}
	if (c->connected) {
		c->client.now = loop_now();
		smtp_client_lost(&c->client);
		settle(c);
	} else {
		not_connected(c, error);
	}
	conn_free(c);
}

static enum smtp_client_tls
wanted_tls(const struct smtp_conn *c)
{
	if (c->in_clear || c->plan.tls.level == SMTP_TLS_NONE)
		return SMTP_CLIENT_CLEAR;
	return clear_will_do(c) ? SMTP_CLIENT_TLS_MAY : SMTP_CLIENT_TLS_MUST;
}

/* For who is told of the outcome of TLS. */
static void
note_our_address(struct smtp_conn *c)
{
	CLEAN_BUF struct buf text = { 0 };

	if (smtp_outcome_is_wanted() && smtp_socket_address(c->pump.fd, &text))
		c->our_address = arena_strdup(&c->arena, buf_str(&text));
}

static void
on_connected(void *engine)
{
	struct smtp_conn *c = engine;
	struct smtp_setup setup = {
		.host = c->name,
		.nexthop = c->nexthop,
		.helo = params.smtp_helo_name,
		.other_self = c->host.port == SMTP_PORT ? params.myhostname
							: NULL,
		.tls = wanted_tls(c),
		.tls_by = by_whom(c, ""),
		.wrapped = params.smtp_tls_wrappermode,
		.note = c->note,
		.log_in = smtp_login_is_wanted(),
		.nameless = c->in_clear && smtp_cert_is_wanted(),
	};

	c->connected = true;
	note_our_address(c);
	smtp_memory_reached(c->host.address, c->host.port);
	c->client.now = loop_now();
	c->client.trace = trace_start(TRACE_CLIENT, c->host.name,
	    c->host.address, c->relay);
	smtp_client_start(&c->client, &setup);
	smtp_client_send(&c->client, c->mail);
}

static const struct pump_engine pump_calls = {
	.input = on_input,
	.drained = on_drained,
	.timeout = on_timeout,
	.secure = on_secure,
	.secured = on_secured,
	.ended = on_ended,
};

/* ---- connecting ---- */

struct smtp_conn *
smtp_conn_new(const char *nexthop, const struct smtp_host *host,
    struct smtp_mail *mail, const struct smtp_conn_calls *calls, void *owner)
{
	struct smtp_conn *c = xcalloc(1, sizeof(*c));
	struct arena *a = &c->arena;

	c->calls = calls;
	c->owner = owner;
	c->mail = mail;
	c->born = loop_now();
	c->once = smtp_login_is_wanted() &&
	    params.smtp_sender_dependent_authentication;
	c->host = *host;
	c->host.name = arena_strdup(a, host->name);
	c->host.address = arena_strdup(a, host->address);
	if (host->canonical != NULL)
		c->host.canonical = arena_strdup(a, host->canonical);
	c->nexthop = arena_strdup(a, nexthop);
	c->name = arena_printf(a, "%s[%s]", host->name, host->address);
	c->relay = arena_printf(a, "%s:%u", c->name, host->port);
	c->our_address = "";
	return c;
}

/* Nothing is sent to a host of which is not known what to ask. */
static void
refuse(struct smtp_conn *c)
{
	tell_outcome(c, c->plan.result, c->plan.why);
	smtp_mail_begin(c->mail);
	smtp_mail_decide_rest(c->mail, OUTCOME_DEFER, c->plan.fault, "4.7.5",
	    arena_strdup(c->mail->arena, c->plan.why));
	c->mail->over = true;
	settle(c);
	conn_free(c);
}

static void
begin(struct smtp_conn *c)
{
	int fd = smtp_socket_begin(&c->host);
	if (fd < 0) {
		not_connected(c, errno);
		conn_free(c);
		return;
	}
	if (params.smtp_connect_timeout > 0)
		c->client.port.deadline = loop_now() +
		    params.smtp_connect_timeout;
	pump_start_connecting(&c->pump, fd, &c->client.port, &pump_calls, c,
	    on_connected);
}

static void
on_planned(void *owner)
{
	struct smtp_conn *c = owner;

	if (c->plan.why != NULL)
		refuse(c);
	else
		begin(c);
}

void
smtp_conn_start(struct smtp_conn *c)
{
	smtp_plan_start(&c->plan, &c->arena, &c->host, c->nexthop,
	    smtp_mail_wish(c->mail), on_planned, c);
}

/* ---- the rest of the interface ---- */

/* The host was proved to be what was asked of it then. */
static bool
policy_still_holds(const struct smtp_conn *c)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_tls_policy now;
	const char *why;

	return smtp_policy_find(&a, c->nexthop, &now, &why) == FOUND_ONE &&
	    str_eq(now.text, c->plan.tls.text);
}

/* What was asked of the host is enough for this mail. */
static bool
will_do(const struct smtp_conn *c, enum smtp_wish wish)
{
	if (wish == SMTP_WISH_REQUIRE)
		return c->plan.wish == SMTP_WISH_REQUIRE;
	return wish == SMTP_WISH_OPTIONAL || c->plan.wish != SMTP_WISH_OPTIONAL;
}

/* The last one that was used and will do. */
static struct smtp_conn *
idle_conn(const char *nexthop, enum smtp_wish wish)
{
	struct smtp_pool *p = map_gets(&pools, nexthop);
	struct smtp_conn *last = NULL;

	if (p == NULL)
		return NULL;
	LIST_EACH(struct smtp_conn, c, &p->idle, link)
		if (will_do(c, wish))
			last = c;
	return last;
}

struct smtp_conn *
smtp_conn_take(const char *nexthop, enum smtp_wish wish)
{
	struct smtp_conn *c;

	while ((c = idle_conn(nexthop, wish)) != NULL) {
		pool_drop(c);
		if (policy_still_holds(c))
			return c;
		smtp_client_quit(&c->client);
		pump_kick(&c->pump);
	}
	return NULL;
}

void
smtp_conn_send(struct smtp_conn *c, struct smtp_mail *mail,
    const struct smtp_conn_calls *calls, void *owner)
{
	c->calls = calls;
	c->owner = owner;
	c->mail = mail;
	c->client.now = loop_now();
	smtp_client_send(&c->client, mail);
	settle(c);
	pump_kick(&c->pump);
}

void
smtp_conn_login(struct smtp_conn *c, const struct msg_login_say *said)
{
	c->client.now = loop_now();
	smtp_client_login(&c->client, said);
	settle(c);
	pump_kick(&c->pump);
}

bool
smtp_conn_harmless(const struct smtp_conn *c)
{
	return !c->connected || c->client.hearing != SMTP_BODY;
}

void
smtp_conn_abort(struct smtp_conn *c)
{
	pump_abort(&c->pump);
	conn_free(c);
}

void
smtp_conn_drain(void)
{
	draining = true;
	MAP_EACH(&pools, e) {
		struct smtp_pool *p = e->value;

		while (p != NULL && !list_empty(&p->idle)) {
			struct smtp_conn *c = container_of(p->idle.next,
			    struct smtp_conn, link);
			bool last = c->link.next == &p->idle;

			pool_drop(c);
			smtp_client_quit(&c->client);
			pump_kick(&c->pump);
			if (last)
				p = NULL;
		}
	}
}
