/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_spf.h"

#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "param.h"
#include "seal_line.h"
#include "spf_check.h"

/* At one time, since each may hold much of what the DNS has said; and those
 * that wait.  More than this is a flood. */
#define OPEN_MAX    500
#define WAITING_MAX 5000

/* Who has so many bytes of answers waiting, and asks on, does not read. */
#define ANSWERS_MAX ((size_t)4 << 20)

struct request {
	struct list link;
	struct seal_place place;
	struct arena arena;
	struct chan *from;
	uint32_t stream;
	struct spf_question helo, mail;
	struct spf_check helo_check, mail_check;
	uint32_t open; /* checks */
};

static void serve(struct seal_place *p);
static void refuse(struct seal_place *p);

static struct list requests;
static uint32_t n_requests;
static struct seal_line line = {
	.most = OPEN_MAX,
	.length_max = WAITING_MAX,
	.patience = SEAL_SPF_PATIENCE,
	.serve = serve,
	.refuse = refuse,
};

static void
answer(struct chan *c, const struct msg_spf_done *m)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_spf_done(&packet, m);
	chan_send(c, &packet, -1, false);
}

static void
drop(struct request *r)
{
	spf_check_stop(&r->helo_check);
	spf_check_stop(&r->mail_check);
	seal_line_leave(&line, &r->place);
	list_drop(&r->link);
	arena_free(&r->arena);
	free(r);
	n_requests--;
}

/* A HELO name that may not be used decides, unless the sender may be. */
static void
conclude(struct request *r)
{
	const struct spf_verdict *helo = &r->helo_check.spf.verdict;
	const struct spf_verdict *mail = &r->mail_check.spf.verdict;
	bool null = r->mail.sender[0] == '\0';
	const struct spf_verdict *decides = null ||
		(helo->result == SPF_FAIL && mail->result != SPF_PASS &&
		    mail->result != SPF_FAIL)
	    ? helo
	    : mail;
	struct msg_spf_done m = {
		.stream = r->stream,
		.helo = (uint8_t)helo->result,
		.mail = (uint8_t)(null ? helo->result : mail->result),
		.result = (uint8_t)decides->result,
		.domain = decides->domain,
		.mechanism = decides->mechanism,
		.explanation = decides->explanation,
		.why = decides->why,
	};

	answer(r->from, &m);
	drop(r);
}

static void
over(struct request *r)
{
	if (--r->open == 0)
		conclude(r);
}

static void
on_helo(struct spf_check *c)
{
	over(container_of(c, struct request, helo_check));
}

static void
on_mail(struct spf_check *c)
{
	over(container_of(c, struct request, mail_check));
}

static void
serve(struct seal_place *p)
{
	struct request *r = container_of(p, struct request, place);

	/* One more than there are, so that an answer at once ends nothing. */
	r->open = r->mail.sender[0] != '\0' ? 3 : 2;
	spf_check_start(&r->helo_check, &r->helo, on_helo);
	if (r->mail.sender[0] != '\0')
		spf_check_start(&r->mail_check, &r->mail, on_mail);
	over(r);
}

static void
refuse(struct seal_place *p)
{
	struct request *r = container_of(p, struct request, place);

	answer(r->from,
	    &(struct msg_spf_done){
		.stream = r->stream,
		.helo = SPF_TEMPERROR,
		.mail = SPF_TEMPERROR,
		.result = SPF_TEMPERROR,
		.why = "too many evaluations at one time",
	    });
	drop(r);
}

bool
seal_spf_ask(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int unasked = fd;
	struct msg_spf_ask m;

	if (!msg_get_spf_ask(&m, body, len) || unasked >= 0 ||
	    chan_waiting(c) > ANSWERS_MAX)
		return false;
	struct request *r = xcalloc(1, sizeof(*r));
	r->from = c;
	r->stream = m.stream;
	r->helo = (struct spf_question){
		.client = arena_strdup(&r->arena, m.client),
		.helo = arena_strdup(&r->arena, m.helo),
		.sender = "",
		.receiver = params.myhostname,
		.wall = loop_wall(),
	};
	r->mail = r->helo;
	r->mail.sender = arena_strdup(&r->arena, m.sender);
	list_append(&requests, &r->link);
	n_requests++;
	seal_line_enter(&line, &r->place);
	return true;
}

void
seal_spf_peer_ended(struct chan *c)
{
	LIST_EACH(struct request, r, &requests, link)
		if (r->from == c)
			drop(r);
}

uint32_t
seal_spf_busy(void)
{
	return n_requests;
}
