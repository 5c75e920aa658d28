/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_verify.h"

#include <string.h>

#include "authres.h"
#include "domain_ascii.h"
#include "log.h"
#include "map.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "smtpd_conn.h"
#include "spf_record.h"
#include "table.h"

/* Of what a domain has to say; more would not fit into a reply. */
#define EXPLANATION_MAX 400

static struct netlist *exempt;
static bool nobody_to_ask;   /* master.conf has no section for seal */
static struct map questions; /* number to struct smtpd_conn */
static uint32_t last_question;

static bool
enforcing(void)
{
	return str_eq(params.spf_policy, "reject");
}

bool
smtpd_verify_holds(void)
{
	return str_eq(params.spf_policy, "hold");
}

void
smtpd_verify_open(void)
{
	const char *why;

	exempt = netlist_open(params.spf_exempt_clients, &why);
	if (exempt == NULL)
		log_fatal("spf_exempt_clients: %s", why);
	/* A section that is not there is a program that is not wanted: then
	 * mail is not marked.  One that should run and does not is another
	 * thing. */
	nobody_to_ask = !program_has_section(ROLE_VERIFY);
	if (nobody_to_ask && (enforcing() || smtpd_verify_holds()))
		log_fatal("spf_policy = %s, but no section of master.conf "
			  "runs seal: add [verify] with program = seal",
		    params.spf_policy);
}

/* DMARC is made of SPF too: without it, mail would be refused that it
 * proves. */
static bool
is_wanted(void)
{
	return !str_eq(params.spf_policy, "off") ||
	    !str_eq(params.dmarc_policy, "off");
}

static enum found
is_exempt(const struct smtpd_conn *c)
{
	const char *addr = c->s.client.addr;

	if (!is_wanted() || nobody_to_ask || c->local ||
	    smtpd_conn_is_ours(c) || str_starts(addr, "127.") ||
	    str_eq(addr, "::1"))
		return FOUND_ONE;
	return c->networks == FOUND_FAILED ? FOUND_FAILED
					   : netlist_has(exempt, addr);
}

/* ---- the answer ---- */

static void
close_question(struct smtpd_conn *c)
{
	(void)map_drop(&questions, &c->verify.question,
	    sizeof(c->verify.question));
	c->verify.to = NULL;
	loop_cancel(&c->verify.timer);
}

/* In A-labels, where it is not ASCII: as it was looked up. */
static const char *
sender_domain(struct smtpd_conn *c)
{
	const char *at = strrchr(c->s.tx.sender, '@');
	const char *domain = at != NULL ? at + 1 : "";

	if (str_is_ascii(domain, strlen(domain)))
		return domain;
	const char *ascii = domain_ascii(&c->s.tx.arena, slice_of(domain));
	return ascii != NULL ? ascii : domain;
}

/* The results as the header says them: that of the HELO name beside MAIL FROM
 * only where its domain says anything. */
static void
keep_results(struct smtpd_conn *c, const struct msg_spf_done *m)
{
	CLEAN_BUF struct buf out = { 0 };
	const char *sender = c->s.tx.sender;
	const char *helo = c->s.helo != NULL ? c->s.helo : "";

	if (sender[0] != '\0')
		authres_put(&out, "spf",
		    spf_result_name((enum spf_result)m->mail), "smtp.mailfrom",
		    sender_domain(c));
	if (sender[0] == '\0' || m->helo != SPF_NONE)
		authres_put(&out, "spf",
		    spf_result_name((enum spf_result)m->helo), "smtp.helo",
		    helo);
	c->verify.results = arena_strdup(&c->s.tx.arena, buf_str(&out));
	c->verify.failed = m->result == SPF_FAIL;
	c->verify.result = m->mail;
	c->verify.domain = arena_strdup(&c->s.tx.arena,
	    sender[0] != '\0' ? sender_domain(c) : helo);
}

static struct smtpd_verdict
refuse(struct smtpd_conn *c, const struct msg_spf_done *m)
{
	const char *says = "";

	if (m->explanation[0] != '\0')
		says = arena_printf(&c->s.tx.arena, "; %s explains: %.*s",
		    m->domain, EXPLANATION_MAX, m->explanation);
	return (struct smtpd_verdict){
		.code = 550,
		.status = "5.7.23",
		.text = arena_printf(&c->s.tx.arena,
		    "SPF: %s may not send mail for %s%s", c->s.client.addr,
		    m->domain, says),
	};
}

static struct smtpd_verdict
judge(struct smtpd_conn *c, const struct msg_spf_done *m)
{
	if (!enforcing())
		return SMTPD_FINE;
	if (m->result == SPF_FAIL)
		return refuse(c, m);
	if (m->result == SPF_TEMPERROR)
		return (struct smtpd_verdict){
			.code = 451,
			.status = "4.7.24",
			.text = "SPF: temporary error, try again later",
		};
	return SMTPD_FINE;
}

static void
log_trouble(const struct smtpd_conn *c, const struct msg_spf_done *m)
{
	CLEAN_BUF struct buf line = { 0 };
	const char *why = m->why;

	if (m->result == SPF_FAIL && smtpd_verify_holds())
		why = "the message will be held";
	else if (m->result != SPF_TEMPERROR && m->result != SPF_PERMERROR)
		return;
	buf_addf(&line, "%s: spf=%s from %s: ", smtpd_id(&c->s),
	    spf_result_name((enum spf_result)m->result), c->s.client.peer);
	str_printable(&line, why, strlen(why), 300);
	buf_adds(&line, "; from=<");
	str_printable(&line, c->s.tx.sender, strlen(c->s.tx.sender), ADDR_MAX);
	buf_adds(&line, ">");
	log_info("%s", buf_str(&line));
}

static void
settle(struct smtpd_conn *c, const struct msg_spf_done *m)
{
	enum verify_wait waits = c->verify.waits;

	c->verify.waits = VERIFY_NOBODY;
	close_question(c);
	keep_results(c, m);
	log_trouble(c, m);
	if (waits == VERIFY_MAIL)
		smtpd_conn_answer(c, judge(c, m));
	else if (waits == VERIFY_END)
		smtpd_conn_verified(c);
}

/* No answer is "don't know", and so is a list that cannot be read. */
#define DONT_KNOW(because)                                              \
	{                                                               \
		.helo = SPF_TEMPERROR, .mail = SPF_TEMPERROR,           \
		.result = SPF_TEMPERROR, .domain = "", .mechanism = "", \
		.explanation = "", .why = because,                      \
	}
static const struct msg_spf_done silence = DONT_KNOW(
    "the program that knows does not answer");
static const struct msg_spf_done unlisted = DONT_KNOW(
    "mynetworks or spf_exempt_clients cannot be read");

static void
on_due(struct loop_timer *t)
{
	settle(container_of(t, struct smtpd_conn, verify.timer), &silence);
}

bool
smtpd_verify_answered(struct chan *chan, const void *body, size_t len, int fd)
{
	struct msg_spf_done m;

	(void)chan;
	close_fd(&fd);
	if (!msg_get_spf_done(&m, body, len) || m.result > SPF_PERMERROR ||
	    m.helo > SPF_PERMERROR || m.mail > SPF_PERMERROR)
		return false;
	/* An answer may come after its question was dropped. */
	struct smtpd_conn *c = map_get(&questions, &m.stream, sizeof(m.stream));
	if (c != NULL)
		settle(c, &m);
	return true;
}

void
smtpd_verify_peer_ended(const struct chan *chan)
{
	bool more = true;

	/* An answer may lead to other questions, so each step begins anew. */
	while (more) {
		more = false;
		MAP_EACH(&questions, e) {
			struct smtpd_conn *c = e->value;

			if (c->verify.to != chan)
				continue;
			settle(c, &silence);
			more = true;
			break;
		}
	}
}

/* ---- the question ---- */

static void
ask(struct smtpd_conn *c, struct chan *to)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_spf_ask m = {
		.stream = ++last_question,
		.client = c->s.client.addr,
		.helo = c->s.helo,
		.sender = c->s.tx.sender,
	};

	c->verify.question = m.stream;
	c->verify.to = to;
	*map_put(&questions, &m.stream, sizeof(m.stream)) = c;
	msg_put_spf_ask(&packet, &m);
	chan_send(to, &packet, -1, false);
	if (enforcing())
		loop_timer(&c->verify.timer, VERIFY_PATIENCE, on_due);
}

static struct smtpd_verdict
be_in_doubt(struct smtpd_conn *c, const struct msg_spf_done *doubt)
{
	keep_results(c, doubt);
	log_trouble(c, doubt);
	return judge(c, doubt);
}

struct smtpd_verdict
smtpd_verify_mail(struct smtpd_conn *c)
{
	struct chan *to = program_peer(ROLE_VERIFY);
	enum found listed = is_exempt(c);

	if (listed == FOUND_ONE)
		return SMTPD_FINE;
	if (listed == FOUND_FAILED)
		return be_in_doubt(c, &unlisted);
	if (to == NULL)
		return be_in_doubt(c, &silence);
	ask(c, to);
	if (!enforcing())
		return SMTPD_FINE;
	c->verify.waits = VERIFY_MAIL;
	return SMTPD_LATER;
}

/* A mark may be missed, for the sake of speed; what decides about the message
 * may not. */
static int64_t
patience_at_end(void)
{
	return smtpd_verify_holds() || str_eq(params.dmarc_policy, "enforce")
	    ? VERIFY_PATIENCE
	    : VERIFY_MARK_PATIENCE;
}

struct smtpd_verdict
smtpd_verify_end(struct smtpd_conn *c)
{
	if (c->verify.to == NULL)
		return SMTPD_FINE;
	c->verify.waits = VERIFY_END;
	loop_timer(&c->verify.timer, patience_at_end(), on_due);
	return SMTPD_LATER;
}

void
smtpd_verify_drop(struct smtpd_conn *c)
{
	if (c->verify.to != NULL)
		close_question(c);
	c->verify.waits = VERIFY_NOBODY;
	c->verify.failed = false;
	c->verify.results = NULL;
	c->verify.result = SPF_NONE;
	c->verify.domain = NULL;
}
