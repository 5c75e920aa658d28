/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cleanup_seal.h"

#include <errno.h>
#include <string.h>

#include "cleanup_convert.h"
#include "log.h"
#include "map.h"
#include "param.h"
#include "program.h"

/* A message that ends two of them will end the third as well. */
#define TRIES 2

static void (*tell)(struct cleanup_mail *m);
static const enum role asked[] = { ROLE_VERIFY, ROLE_SIGN };
static bool has_section[ROLES]; /* master.conf names it */
static struct map questions;    /* number to struct cleanup_mail */
static uint32_t last_question;

static bool
enforcing(void)
{
	return str_eq(params.dmarc_policy, "enforce") ||
	    str_eq(params.dkim_verify, "reject");
}

/* There is something to be found out about mail from outside. */
static bool
is_verified(void)
{
	return !str_eq(params.dkim_verify, "no") || params.arc_verify ||
	    !str_eq(params.dmarc_policy, "off");
}

void
cleanup_seal_open(void (*done)(struct cleanup_mail *m))
{
	tell = done;
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		has_section[asked[i]] = program_has_section(asked[i]);
	if (!has_section[ROLE_VERIFY] &&
	    (enforcing() || str_eq(params.dkim_verify, "hold")))
		log_fatal("dmarc_policy = %s, dkim_verify = %s, but no section "
			  "of master.conf verifies: add [verify] with program "
			  "= seal",
		    params.dmarc_policy, params.dkim_verify);
	if (params.dkim_signing_table[0] != '\0' && !has_section[ROLE_SIGN])
		log_fatal("dkim_signing_table is set, but no section of "
			  "master.conf signs: add [sign] with program = seal");
}

/* ---- the question ---- */

static enum role
whom_to_ask(const struct cleanup_mail *m)
{
	enum role role = ROLE_NONE;

	if (cleanup_mail_is_foreign(m))
		role = is_verified() ? ROLE_VERIFY : ROLE_NONE;
	else if (params.dkim_signing_table[0] != '\0')
		role = ROLE_SIGN;
	return has_section[role] ? role : ROLE_NONE;
}

static void
put_judge(const struct cleanup_mail *m, struct slice content,
    struct buf *packet)
{
	struct msg_judge ask = {
		.stream = m->question.number,
		.id = m->env.id,
		.client = m->env.client_addr,
		.helo = m->env.helo,
		.sender = m->env.sender,
		.spf = m->spf,
		.spf_domain = m->spf_domain,
		.data_at = m->draft.head.data_at,
		.data_len = m->draft.head.data_len,
		.content = content,
	};

	msg_put_judge(packet, &ask);
}

static void
put_seal(const struct cleanup_mail *m, struct slice content, struct buf *packet)
{
	uint64_t limit = (uint64_t)params.smtp_line_length_limit;
	struct msg_seal ask = {
		.stream = m->question.number,
		.id = m->env.id,
		.front = { buf_str(&m->added), m->added.len },
		.data_at = m->draft.head.data_at,
		.data_len = m->draft.head.data_len,
		.content = content,
		.long_lines = limit > 0 && m->draft.head.max_line > limit,
		.as_it_is = m->question.as_it_is,
	};

	msg_put_seal(packet, &ask);
}

/* Asks a seal, or waits for one. */
static void
ask(struct cleanup_mail *m)
{
	struct chan *to = program_peer(m->question.role);
	CLEAN_BUF struct buf packet = { 0 };
	struct slice content;
	int fd;

	m->question.to = to;
	if (to == NULL)
		return;
	if (!spool_draft_show(&m->draft, &content, &fd)) {
		cleanup_mail_fail(m, errno);
		return;
	}
	m->question.tries++;
	if (m->question.role == ROLE_VERIFY)
		put_judge(m, content, &packet);
	else
		put_seal(m, content, &packet);
	chan_send(to, &packet, fd, fd >= 0);
}

void
cleanup_seal_drop(struct cleanup_mail *m)
{
	if (m->question.number == 0)
		return;
	(void)map_drop(&questions, &m->question.number,
	    sizeof(m->question.number));
	loop_cancel(&m->question.timer);
	m->question.number = 0;
}

static void
end(struct cleanup_mail *m)
{
	cleanup_seal_drop(m);
	tell(m);
}

/* No answer is "don't know". */
static const struct msg_judged in_doubt = {
	.results = "; dkim=temperror; dmarc=temperror",
	.action = JUDGE_TAKE,
};

static void
give_up(struct cleanup_mail *m)
{
	if (m->question.role == ROLE_VERIFY) {
		log_warn("%s: seal does not answer: %s", m->env.id,
		    enforcing() ? "put off" : "not verified");
		cleanup_mail_judged(m, &in_doubt);
		if (enforcing())
			cleanup_mail_lose(m, 451, "4.7.0",
			    "Error: the message cannot be verified now");
	} else {
		log_warn("%s: seal does not answer: not signed: put off",
		    m->env.id);
		cleanup_mail_lose(m, 451, "4.7.0",
		    "Error: the message cannot be signed now");
	}
	end(m);
}

static void
on_due(struct loop_timer *t)
{
	give_up(container_of(t, struct cleanup_mail, question.timer));
}

bool
cleanup_seal_ask(struct cleanup_mail *m)
{
	enum role role = whom_to_ask(m);

	if (role == ROLE_NONE)
		return false;
	if (++last_question == 0)
		last_question = 1;
	m->question.number = last_question;
	m->question.role = role;
	*map_put(&questions, &last_question, sizeof(last_question)) = m;
	loop_timer(&m->question.timer, SEAL_PATIENCE, on_due);
	ask(m);
	if (m->reply.code == 0)
		return true;
	cleanup_seal_drop(m);
	return false;
}

/* ---- the answer ---- */

bool
cleanup_seal_judged(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int unasked = fd;
	struct msg_judged j;

	(void)c;
	if (!msg_get_judged(&j, body, len) || unasked >= 0 ||
	    j.action > JUDGE_LATER)
		return false;
	/* An answer may come after its question was dropped. */
	struct cleanup_mail *m = map_get(&questions, &j.stream,
	    sizeof(j.stream));
	if (m == NULL || m->question.role != ROLE_VERIFY)
		return true;
	cleanup_mail_judged(m, &j);
	end(m);
	return true;
}

/* What cannot be converted is signed as it is. */
static void
convert(struct cleanup_mail *m)
{
	m->question.as_it_is = 1;
	m->question.tries = 0;
	cleanup_convert(m);
	if (m->reply.code == 0)
		ask(m);
	if (m->reply.code != 0)
		end(m);
}

static void
signed_as(struct cleanup_mail *m, const struct msg_sealed *s)
{
	switch ((enum seal_verdict)s->verdict) {
	case SEAL_NONE:
		break;
	case SEAL_SIGNED:
		m->sealed = (struct slice){ arena_memdup(&m->arena, s->head.at,
						s->head.len),
			s->head.len };
		break;
	case SEAL_CONVERT:
		convert(m);
		return;
	case SEAL_FAILED:
		cleanup_mail_lose(m, 451, "4.7.0",
		    "Error: the message cannot be signed now");
		break;
	}
	end(m);
}

bool
cleanup_seal_sealed(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int unasked = fd;
	struct msg_sealed s;

	(void)c;
	if (!msg_get_sealed(&s, body, len) || unasked >= 0 ||
	    s.verdict > SEAL_FAILED)
		return false;
	struct cleanup_mail *m = map_get(&questions, &s.stream,
	    sizeof(s.stream));
	if (m != NULL && m->question.role == ROLE_SIGN)
		signed_as(m, &s);
	return true;
}

/* ---- seals that come and go ---- */

void
cleanup_seal_peer(struct chan *c)
{
	MAP_EACH(&questions, e) {
		struct cleanup_mail *m = e->value;

		if (m->question.to != NULL || m->question.role != c->role)
			continue;
		ask(m);
		/* It ends with its timer, outside of this walk. */
		if (m->reply.code != 0)
			loop_timer(&m->question.timer, 0, on_due);
	}
}

void
cleanup_seal_peer_ended(const struct chan *c)
{
	MAP_EACH(&questions, e) {
		struct cleanup_mail *m = e->value;

		if (m->question.to != c)
			continue;
		m->question.to = NULL;
		if (m->question.tries >= TRIES)
			loop_timer(&m->question.timer, 0, on_due);
	}
}
