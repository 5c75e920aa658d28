/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "auth_login.h"

#include <stdlib.h>
#include <string.h>

#include "auth_source.h"
#include "list.h"
#include "log.h"
#include "loop.h"
#include "map.h"
#include "msg.h"
#include "sasl.h"

#define MAGIC 0x61757468u

/* A client that says nothing for so long has been given up by smtpd. */
#define PATIENCE ((int64_t)600000)

/* Dialogues at a time; beyond, later. */
#define LOGINS_MAX 20000

struct key {
	const struct chan *from;
	uint64_t stream;
};

struct login {
	uint32_t magic;
	struct key key;
	struct list link; /* the one that was heard of last at the end */
	struct chan *from;
	struct auth_source *source;
	struct sasl_server *server; /* NULL: Dovecot decides */
	struct auth_work *work;
	uint32_t asked; /* its number with Dovecot, or 0 */
	bool relayed;   /* Dovecot is to answer now */
	char *client;
	int64_t heard;
};

static struct list logins;
static struct map by_key;
static struct map by_number; /* those that Dovecot decides */
static uint32_t last_number;
static struct loop_timer timer;

static void
drop(struct login *l)
{
	list_drop(&l->link);
	(void)map_drop(&by_key, &l->key, sizeof(l->key));
	if (l->asked != 0)
		(void)map_drop(&by_number, &l->asked, sizeof(l->asked));
	auth_work_drop(&l->work);
	sasl_server_destroy(&l->server);
	free(l->client);
	l->magic = 0;
	free(l);
}

static struct login *
find(const struct chan *c, uint32_t stream)
{
	struct key key = { .from = c, .stream = stream };

	return map_get(&by_key, &key, sizeof(key));
}

/* ---- answers ---- */

static void
answer(struct chan *c, const struct msg_auth_reply *m)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_auth_reply(&packet, m);
	chan_send(c, &packet, -1, false);
}

/* The last word of a dialogue; frees it. */
static void
conclude_as(struct login *l, enum auth_verdict verdict, const char *user,
    const char *why)
{
	answer(l->from,
	    &(struct msg_auth_reply){
		.stream = (uint32_t)l->key.stream,
		.verdict = (uint8_t)verdict,
		.user = user,
		.why = why,
	    });
	drop(l);
}

static void
conclude(struct login *l, enum auth_verdict verdict, const char *why)
{
	conclude_as(l, verdict, sasl_server_user(l->server), why);
}

static void
ask_more(struct login *l, struct slice challenge)
{
	answer(l->from,
	    &(struct msg_auth_reply){
		.stream = (uint32_t)l->key.stream,
		.verdict = AUTH_MORE,
		.challenge = challenge,
	    });
}

/* ---- passwords ---- */

void
auth_login_checked(void *owner, bool right)
{
	struct login *l = owner;

	if (l->magic != MAGIC)
		log_panic("auth_login: not a dialogue");
	l->work = NULL;
	const struct auth_user *user = auth_users_find(&l->source->users,
	    sasl_server_user(l->server));
	conclude(l, right ? AUTH_OK : AUTH_NO,
	    user != NULL ? "wrong password" : "unknown user");
}

static void
check_password(struct login *l)
{
	const struct auth_users *users = &l->source->users;
	const struct auth_user *user = auth_users_find(users,
	    sasl_server_user(l->server));
	bool none = user == NULL || passfile_is_locked(slice_of(user->hash));
	struct auth_check check = {
		.password = sasl_server_password(l->server),
		.hash = none ? auth_users_nobody(users) : user->hash,
		.client = l->client,
		.never = none,
	};

	if (!none && auth_work_knows(check.password, check.hash, loop_now())) {
		conclude(l, AUTH_OK, "");
		return;
	}
	l->work = auth_work_add(&check, l);
	if (l->work == NULL)
		conclude(l, AUTH_LATER, "too many passwords to check");
}

/* A certificate is good for a user whom the file has. */
static void
conclude_known(struct login *l)
{
	const char *user = sasl_server_user(l->server);

	if (auth_users_find(&l->source->users, user) != NULL)
		conclude(l, AUTH_OK, "");
	else
		conclude(l, AUTH_NO, "unknown user");
}

static void
touch(struct login *l)
{
	l->heard = loop_now();
	list_drop(&l->link);
	list_append(&logins, &l->link);
}

static void
take(struct login *l, const struct slice *response)
{
	CLEAN_BUF struct buf challenge = { 0 };

	touch(l);
	switch (sasl_server_next(l->server, response, &challenge)) {
	case SASL_MORE:
		ask_more(l,
		    (struct slice){ buf_str(&challenge), challenge.len });
		break;
	case SASL_CHECK:
		check_password(l);
		break;
	case SASL_DONE:
		conclude_known(l);
		break;
	case SASL_FAILED:
		conclude(l, AUTH_NO, sasl_server_why(l->server));
	}
}

/* ---- Dovecot ---- */

static void
relay_begin(struct login *l, const struct msg_auth_begin *m)
{
	do
		l->asked = ++last_number;
	while (l->asked == 0 ||
	    map_get(&by_number, &l->asked, sizeof(l->asked)) != NULL);
	*map_put(&by_number, &l->asked, sizeof(l->asked)) = l;

	touch(l);
	const char *why = auth_relay_begin(l->source->relay, l->asked, m);
	l->relayed = why == NULL;
	if (why != NULL)
		conclude_as(l, AUTH_LATER, "", why);
}

static void
relay_next(struct login *l, struct slice response)
{
	touch(l);
	const char *why = auth_relay_next(l->source->relay, l->asked, response);
	l->relayed = why == NULL;
	if (why != NULL)
		conclude_as(l, AUTH_LATER, "", why);
}

/* A verdict that comes while the client thinks (Dovecot has its own patience)
 * ends the dialogue, and what the client says then comes too late. */
void
auth_login_answered(struct auth_relay *r, const struct dovecot_answer *a)
{
	struct login *l = map_get(&by_number, &a->id, sizeof(a->id));

	/* One that was dropped is no fault of Dovecot's. */
	if (l == NULL || l->source->relay != r)
		return;
	if (!l->relayed) {
		drop(l);
		return;
	}
	l->relayed = false;
	if (a->verdict == AUTH_MORE)
		ask_more(l, a->challenge);
	else
		conclude_as(l, a->verdict, a->user, a->why);
}

bool
auth_login_idle(const struct auth_relay *r)
{
	LIST_EACH(struct login, l, &logins, link)
		if (l->source->relay == r)
			return false;
	return true;
}

void
auth_login_lost(struct auth_relay *r)
{
	LIST_EACH(struct login, l, &logins, link) {
		if (l->source->relay != r)
			continue;
		if (l->relayed)
			conclude_as(l, AUTH_LATER, "",
			    "connection to Dovecot lost");
		else
			drop(l);
	}
}

/* ---- what is asked ---- */

/* Nobody wants to know any more. */
static void
give_up(struct login *l)
{
	if (l->asked != 0)
		auth_relay_cancel(l->source->relay, l->asked);
	drop(l);
}

static bool
find_verifier(void *arg, const char *user, struct scram_verifier *out)
{
	const struct login *l = arg;

	return auth_users_verifier(&l->source->users, user, out);
}

static void
on_patience(struct loop_timer *t)
{
	while (!list_empty(&logins)) {
		struct login *l = container_of(logins.next, struct login, link);
		int64_t left = l->heard + PATIENCE - loop_now();

		if (left > 0) {
			loop_timer(t, left, on_patience);
			return;
		}
		give_up(l);
	}
}

static struct login *
new_login(struct chan *c, const struct msg_auth_begin *m, enum sasl_mech mech,
    struct auth_source *source)
{
	struct login *l = xcalloc(1, sizeof(*l));
	struct sasl_serving facts = {
		.bindings = { m->exporter, m->end_point },
		.certificate = m->certificate,
		.find = find_verifier,
		.arg = l,
	};

	l->magic = MAGIC;
	l->key = (struct key){ .from = c, .stream = m->stream };
	l->from = c;
	l->source = source;
	l->client = xstrdup(m->client);
	if (source->relay == NULL)
		l->server = sasl_server_create(mech, &facts);
	if (list_empty(&logins))
		loop_timer(&timer, PATIENCE, on_patience);
	list_append(&logins, &l->link);
	*map_put(&by_key, &l->key, sizeof(l->key)) = l;
	return l;
}

static void
refuse(struct chan *c, uint32_t stream, enum auth_verdict verdict,
    const char *why)
{
	answer(c,
	    &(struct msg_auth_reply){
		.stream = stream,
		.verdict = (uint8_t)verdict,
		.why = why,
	    });
}

static void
begin(struct chan *c, const struct msg_auth_begin *m,
    struct auth_source *source)
{
	enum sasl_mech mech = sasl_mech(slice_of(m->mech));

	if (source == NULL || source->error != 0)
		refuse(c, m->stream, AUTH_LATER, "no password file");
	else if (by_key.len >= LOGINS_MAX)
		refuse(c, m->stream, AUTH_LATER, "too many dialogues");
	else if (source->relay != NULL)
		relay_begin(new_login(c, m, mech, source), m);
	else if (mech == SASL_NONE)
		refuse(c, m->stream, AUTH_NO, "unknown mechanism");
	else
		take(new_login(c, m, mech, source),
		    m->initial ? &m->response : NULL);
}

bool
auth_login_begin(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_auth_begin m;

	close_fd(&fd);
	if (!msg_get_auth_begin(&m, body, len) || find(c, m.stream) != NULL)
		return false;
	begin(c, &m, auth_source_of(c->name));
	return true;
}

/* A dialogue that is over for us was given up for its silence. */
bool
auth_login_next(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_auth_next m;

	close_fd(&fd);
	if (!msg_get_auth_next(&m, body, len))
		return false;
	struct login *l = find(c, m.stream);
	if (l == NULL) {
		refuse(c, m.stream, AUTH_LATER, "it has taken too long");
		return true;
	}
	if (l->work != NULL || l->relayed)
		return false;
	if (l->source->relay != NULL)
		relay_next(l, m.response);
	else
		take(l, &m.response);
	return true;
}

bool
auth_login_abort(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_auth_abort m;

	close_fd(&fd);
	if (!msg_get_auth_abort(&m, body, len))
		return false;
	struct login *l = find(c, m.stream);
	if (l != NULL)
		give_up(l);
	return true;
}

void
auth_login_peer_ended(const struct chan *c)
{
	LIST_EACH(struct login, l, &logins, link)
		if (l->from == c)
			give_up(l);
}

size_t
auth_login_count(void)
{
	return by_key.len;
}
