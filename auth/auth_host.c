/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "auth_host.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "sasl.h"
#include "table.h"

struct dialogue {
	struct list link;
	const struct chan *from;
	uint32_t stream;
	enum sasl_mech mech;
	struct sasl_client *engine;
};

static struct tables passwords;
static struct list dialogues;
static size_t count;

void
auth_host_open(void)
{
	const char *why;

	if (!tables_open(&passwords, params.smtp_sasl_password_maps, &why))
		log_fatal("smtp_sasl_password_maps: %s", why);
}

/* ---- dialogues ---- */

static struct dialogue *
find(const struct chan *c, uint32_t stream)
{
	LIST_EACH(struct dialogue, d, &dialogues, link)
		if (d->from == c && d->stream == stream)
			return d;
	return NULL;
}

static void
drop(struct dialogue *d)
{
	if (d == NULL)
		return;
	list_drop(&d->link);
	count--;
	sasl_client_destroy(&d->engine);
	free(d);
}

/* ---- what is said to smtp ---- */

static void
answer(struct chan *c, const struct msg_login_say *m)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_login_say(&packet, m);
	chan_send(c, &packet, -1, false);
	OPENSSL_cleanse(packet.text, packet.len);
}

static void
refuse(struct chan *c, uint32_t stream, enum login_verdict verdict,
    const char *text)
{
	answer(c,
	    &(struct msg_login_say){
		.stream = stream,
		.verdict = (uint8_t)verdict,
		.mech = "",
		.bytes = { "", 0 },
		.text = text,
	    });
}

static void
go_on(struct chan *c, struct dialogue *d, const struct slice *challenge)
{
	CLEAN_BUF struct buf said = { 0 };
	enum sasl_step step = sasl_client_next(d->engine, challenge, &said);

	if (step == SASL_FAILED)
		refuse(c, d->stream, LOGIN_FAILED, sasl_client_why(d->engine));
	else
		answer(c,
		    &(struct msg_login_say){
			.stream = d->stream,
			.verdict = LOGIN_SAY,
			.mech = sasl_name(d->mech),
			.bytes = { buf_str(&said), said.len },
			.proved = step == SASL_DONE,
			.text = "",
		    });
	if (said.len > 0)
		OPENSSL_cleanse(said.text, said.len);
}

/* ---- how to log in ---- */

/* As Postfix looks for it: the sender, the host, the next hop. */
static enum found
find_login(const struct msg_login *m, struct buf *value)
{
	CLEAN_BUF struct buf ext = { 0 };
	enum found found = FOUND_NONE;

	if (m->sender[0] != '\0')
		found = tables_get_address(&passwords, m->sender, false, value,
		    &ext);
	if (found == FOUND_NONE)
		found = tables_get(&passwords, m->host, value);
	if (found == FOUND_NONE)
		found = tables_get(&passwords, m->nexthop, value);
	return found;
}

/* The strongest: who listens learns least. */
static enum sasl_mech
choose(uint32_t mechs)
{
	static const enum sasl_mech order[] = { SASL_SCRAM_PLUS, SASL_SCRAM,
		SASL_PLAIN, SASL_LOGIN };

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if ((mechs & 1u << order[i]) != 0)
			return order[i];
	return SASL_NONE;
}

/* "user:password", taken apart in place. */
static void
begin(struct chan *c, const struct msg_login *m, struct buf *value)
{
	char *password = strchr(value->text, ':');
	struct dialogue *d = xcalloc(1, sizeof(*d));
	struct sasl_login login = {
		.bindings = { .exporter = m->exporter,
		    .end_point = m->end_point },
		.user = value->text,
		.password = "",
	};

	if (password != NULL) {
		*password = '\0';
		login.password = password + 1;
	}
	d->from = c;
	d->stream = m->stream;
	d->mech = choose(m->mechs);
	d->engine = sasl_client_create(d->mech, &login);
	list_append(&dialogues, &d->link);
	count++;
	go_on(c, d, NULL);
}

bool
auth_host_login(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf value = { 0 };
	struct msg_login m;

	close_fd(&fd);
	if (!msg_get_login(&m, body, len) || find(c, m.stream) != NULL)
		return false;
	switch (find_login(&m, &value)) {
	case FOUND_NONE:
		refuse(c, m.stream, LOGIN_STRANGERS, "");
		return true;
	case FOUND_FAILED:
		refuse(c, m.stream, LOGIN_FAILED,
		    "the table of passwords does not answer");
		return true;
	case FOUND_ONE:
		break;
	}
	buf_addc(&value, '\0'); /* an empty value has a text too */
	if (choose(m.mechs) == SASL_NONE)
		refuse(c, m.stream, LOGIN_NO_MECH, "");
	else
		begin(c, &m, &value);
	OPENSSL_cleanse(value.text, value.len);
	return true;
}

bool
auth_host_next(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_login_next m;

	close_fd(&fd);
	if (!msg_get_login_next(&m, body, len))
		return false;
	struct dialogue *d = find(c, m.stream);
	if (d != NULL)
		go_on(c, d, &m.challenge);
	else
		refuse(c, m.stream, LOGIN_FAILED, "no such dialogue");
	return true;
}

bool
auth_host_drop(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_login_drop m;

	close_fd(&fd);
	if (!msg_get_login_drop(&m, body, len))
		return false;
	drop(find(c, m.stream));
	return true;
}

void
auth_host_peer_ended(const struct chan *c)
{
	LIST_EACH(struct dialogue, d, &dialogues, link)
		if (d->from == c)
			drop(d);
}

size_t
auth_host_count(void)
{
	return count;
}
