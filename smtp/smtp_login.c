/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_login.h"

#include "log.h"
#include "map.h"
#include "param.h"
#include "program.h"
#include "sasl.h"
#include "smtp_conn.h"
#include "table.h"
#include "tls_binding.h"

/* Traits that a mechanism must not have, and must. */
struct options {
	uint32_t without, with;
};

static struct options in_clear, under_tls;
static struct namelist *filter; /* NULL: all */
static struct map logins;       /* stream to connection */
static uint32_t last_stream;

static const struct msg_login_say unable = {
	.verdict = LOGIN_FAILED,
	.text = "the program auth does not answer",
};

/* ---- what may be used ---- */

static struct options
read_options(const char *name, const char *list)
{
	struct options o = { 0 };
	const char *why;

	if (!sasl_parse_options(list, &o.without, &o.with, &why))
		log_fatal("%s: %s", name, why);
	return o;
}

void
smtp_login_open(void)
{
	const char *why;

	in_clear = read_options("smtp_sasl_security_options",
	    params.smtp_sasl_security_options);
	under_tls = read_options("smtp_sasl_tls_security_options",
	    params.smtp_sasl_tls_security_options);
	if (params.smtp_sasl_mechanism_filter[0] == '\0')
		return;
	filter = namelist_open(params.smtp_sasl_mechanism_filter, &why);
	if (filter == NULL)
		log_fatal("smtp_sasl_mechanism_filter: %s", why);
}

bool
smtp_login_is_wanted(void)
{
	return params.smtp_sasl_auth_enable &&
	    params.smtp_sasl_password_maps[0] != '\0';
}

/* A list that cannot be read allows nothing. */
static bool
may_be_used(enum sasl_mech mech, const struct options *o)
{
	uint32_t traits = sasl_traits(mech);

	return (traits & o->without) == 0 && (o->with & ~traits) == 0 &&
	    mech != SASL_EXTERNAL &&
	    (filter == NULL ||
		namelist_has(filter, sasl_name(mech), false) == FOUND_ONE);
}

static uint32_t
usable(const struct smtp_conn *c)
{
	const struct options *o = c->client.secured ? &under_tls : &in_clear;
	uint32_t mechs = 0;

	for (unsigned int i = SASL_NONE + 1; i < SASL_MECHS; i++)
		if ((c->client.offer.mechs & 1u << i) != 0 &&
		    may_be_used((enum sasl_mech)i, o))
			mechs |= 1u << i;
	return mechs;
}

/* ---- questions ---- */

static void
send_begin(struct smtp_conn *c)
{
	CLEAN_BUF struct buf packet = { 0 }, exporter = { 0 };
	struct buf end_point = { 0 };
	struct msg_login m = {
		.stream = c->login.stream,
		.sender = "",
		.host = c->host.name,
		.nexthop = c->nexthop,
		.mechs = usable(c),
	};
	const uint32_t plus = 1u << SASL_SCRAM_PLUS;

	if (params.smtp_sender_dependent_authentication && c->mail != NULL)
		m.sender = c->mail->sender;
	/* A host that could bind takes our word that it cannot for a trick of
	 * somebody in between. */
	if (c->client.secured &&
	    ((m.mechs & plus) != 0 || (c->client.offer.mechs & plus) == 0)) {
		tls_binding_exporter(&exporter, c->pump.ssl);
		tls_binding_end_point(&end_point,
		    SSL_get0_peer_certificate(c->pump.ssl));
	}
	if (exporter.len == 0 && end_point.len == 0)
		m.mechs &= ~plus;
	m.exporter = (struct slice){ buf_str(&exporter), exporter.len };
	m.end_point = (struct slice){ buf_str(&end_point), end_point.len };
	msg_put_login(&packet, &m);
	chan_send(c->login.to, &packet, -1, false);
	buf_free(&end_point);
}

static void
begin(struct smtp_conn *c)
{
	struct chan *to = program_peer(ROLE_AUTH);

	smtp_login_drop(c);
	if (to == NULL) {
		smtp_client_login(&c->client, &unable);
		return;
	}
	if (++last_stream == 0)
		last_stream = 1;
	c->login = (struct smtp_login){ .to = to, .stream = last_stream };
	*map_put(&logins, &c->login.stream, sizeof(c->login.stream)) = c;
	send_begin(c);
}

static void
go_on(struct smtp_conn *c)
{
	CLEAN_BUF struct buf packet = { 0 };
	const struct buf *challenge = &c->client.auth.challenge;
	struct msg_login_next m = {
		.stream = c->login.stream,
		.challenge = { buf_str(challenge), challenge->len },
	};

	if (c->login.to == NULL) {
		smtp_client_login(&c->client, &unable);
		return;
	}
	msg_put_login_next(&packet, &m);
	chan_send(c->login.to, &packet, -1, false);
}

void
smtp_login_look(struct smtp_conn *c)
{
	enum smtp_auth_wish wish = c->client.auth.wish;

	c->client.auth.wish = SMTP_AUTH_NOTHING;
	if (c->client.state == SMTP_CLOSED || c->client.hearing != SMTP_AUTH)
		smtp_login_drop(c);
	else if (wish == SMTP_AUTH_BEGIN)
		begin(c);
	else if (wish == SMTP_AUTH_NEXT)
		go_on(c);
}

void
smtp_login_drop(struct smtp_conn *c)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_login_drop m = { .stream = c->login.stream };

	if (c->login.stream == 0)
		return;
	(void)map_drop(&logins, &c->login.stream, sizeof(c->login.stream));
	if (c->login.to != NULL) {
		msg_put_login_drop(&packet, &m);
		chan_send(c->login.to, &packet, -1, false);
	}
	c->login = (struct smtp_login){ 0 };
}

/* ---- answers ---- */

/* One to a question that was dropped is no fault of auth's. */
bool
smtp_login_answered(struct chan *from, const void *body, size_t len, int fd)
{
	struct msg_login_say m;

	close_fd(&fd);
	if (!msg_get_login_say(&m, body, len) || m.verdict > LOGIN_FAILED)
		return false;
	struct smtp_conn *c = map_get(&logins, &m.stream, sizeof(m.stream));
	if (c != NULL && c->login.to == from)
		smtp_conn_login(c, &m);
	return true;
}

/* Each answer may end a connection, so each step begins anew. */
void
smtp_login_peer_ended(const struct chan *from)
{
	bool more = true;

	while (more) {
		more = false;
		MAP_EACH(&logins, e) {
			struct smtp_conn *c = e->value;

			if (c == NULL || c->login.to != from)
				continue;
			c->login.to = NULL;
			smtp_conn_login(c, &unable);
			more = true;
			break;
		}
	}
}
