/*
 * The table is the protocol.  A handler never looks at the state of the
 * session: it is only called in a state its row allows, and when it answers
 * 2xx or 3xx the session moves to the row's next state.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_commands.h"

#include <string.h>

#include "log.h"
#include "param.h"
#include "smtpd_args.h"
#include "smtpd_auth.h"
#include "smtpd_mail.h"
#include "smtpd_reply.h"

typedef int say_fn(struct smtpd_session *s, const char *args);
typedef int hear_fn(struct smtpd_session *s, struct smtpd_verdict v);

enum kind {
	PLAIN = 0,
	LAST = 1 << 0,  /* must end a pipelined group (RFC 2920 3.1) */
	JUNK = 1 << 1,  /* moves nothing: too many of them are errors */
	BARE = 1 << 2,  /* takes no argument */
	CLEAR = 1 << 3, /* may be said in clear where TLS is a must */
	SLOW = 1 << 4,  /* its refusals are always delayed */
};

struct smtpd_command {
	const char *verb;
	uint32_t when; /* states in which it may be said */
	enum smtpd_state next;
	uint32_t kind;
	say_fn *say;
	hear_fn *hear;     /* where the answer may come later */
	const char *order; /* what is said out of order */
};

static say_fn say_helo, say_ehlo, say_rset, say_noop, say_vrfy, say_expn,
    say_etrn, say_help, say_quit, say_starttls, say_auth;
static hear_fn hear_vrfy, hear_etrn;

#define GREETED (SMTPD_HELLO | SMTPD_MAIL | SMTPD_RCPT)
#define ANY     (SMTPD_START | GREETED)
#define MAILING (SMTPD_MAIL | SMTPD_RCPT)
#define SAME    0

static const char hello_first[] = "send HELO/EHLO first";

/* clang-format off */
static const struct smtpd_command commands[] = {
	/* verb   may be said in  leads to     kind         handler         answer           out of order */
	{ "HELO", ANY,            SMTPD_HELLO, LAST | JUNK, say_helo,       NULL,            NULL },
	{ "EHLO", ANY,            SMTPD_HELLO, LAST | JUNK | CLEAR, say_ehlo,       NULL,            NULL },
	{ "STARTTLS", SMTPD_HELLO, SAME,       LAST | BARE | CLEAR, say_starttls, NULL,      "MAIL transaction in progress" },
	{ "AUTH", SMTPD_HELLO,    SAME,        LAST | SLOW, say_auth,       smtpd_hear_auth, "MAIL transaction in progress" },
	{ "MAIL", SMTPD_HELLO,    SMTPD_MAIL,  PLAIN,       smtpd_say_mail, smtpd_hear_mail, "nested MAIL command" },
	{ "RCPT", MAILING,        SMTPD_RCPT,  PLAIN,       smtpd_say_rcpt, smtpd_hear_rcpt, "need MAIL command" },
	{ "DATA", MAILING,        SMTPD_DATA,  LAST | BARE, smtpd_say_data, smtpd_hear_data, "need RCPT command" },
	{ "RSET", ANY,            SAME,        JUNK | BARE, say_rset,       NULL,            NULL },
	{ "NOOP", ANY,            SAME,        JUNK | CLEAR,        say_noop,       NULL,            NULL },
	{ "VRFY", GREETED,        SAME,        LAST | JUNK, say_vrfy,       hear_vrfy,       hello_first },
	{ "EXPN", ANY,            SAME,        LAST | JUNK, say_expn,       NULL,            NULL },
	{ "ETRN", SMTPD_HELLO,    SAME,        JUNK,        say_etrn,       hear_etrn,       "MAIL transaction in progress" },
	{ "HELP", ANY,            SAME,        JUNK,        say_help,       NULL,            NULL },
	{ "QUIT", ANY,            SMTPD_QUIT,  BARE | CLEAR,        say_quit,       NULL,            NULL },
};

/* Not a command: what the end of the data does. */
static const struct smtpd_command end_of_data =
	{ "END-OF-MESSAGE", SMTPD_DATA, SMTPD_HELLO, PLAIN, smtpd_say_end,  smtpd_hear_end,  NULL };

/* What EHLO offers; a keyword may be taken back by
 * smtpd_discard_ehlo_keywords. */
enum extra {
	ALONE, WITH_SIZE, WITH_VRFY, WITH_TLS, UNDER_TLS, WITH_MECHS,
	WITH_OLD_MECHS
};
static const struct {
	const char *keyword;
	enum extra extra;
} offers[] = {
	{ "PIPELINING",          ALONE },     /* RFC 2920 */
	{ "SIZE",                WITH_SIZE }, /* RFC 1870 */
	{ "VRFY",                WITH_VRFY },
	{ "ETRN",                ALONE },     /* RFC 1985 */
	{ "STARTTLS",            WITH_TLS },  /* RFC 3207 */
	{ "AUTH",                WITH_MECHS },     /* RFC 4954 */
	{ "AUTH",                WITH_OLD_MECHS }, /* of a draft of it */
	{ "ENHANCEDSTATUSCODES", ALONE },     /* RFC 2034 */
	{ "8BITMIME",            ALONE },     /* RFC 6152 */
	{ "REQUIRETLS",          UNDER_TLS }, /* RFC 8689 */
};
/* clang-format on */

_Static_assert(ARRAY_LEN(commands) <= SMTPD_COMMANDS, "counts are too few");

/* The first words of clients that took us for something else (HTTP, FTP, POP),
 * or were led to us by somebody who wants them to. */
static const char *const not_mail[] = { "CONNECT", "DELETE", "GET", "HEAD",
	"OPTIONS", "PATCH", "POST", "PRI", "PUT", "TRACE", "USER" };

static int
say_hello(struct smtpd_session *s, const char *verb, const char *args)
{
	CLEAN_BUF struct buf name = { 0 };

	if (args[0] == '\0')
		return smtpd_reply(s, 501, "", "Syntax: %s hostname", verb);
	smtpd_forget(s);
	str_printable(&name, args, strlen(args), ADDR_DOMAIN_MAX);
	free(s->helo);
	s->helo = buf_take(&name);
	s->esmtp = verb[0] == 'E';
	return 250;
}

static int
say_helo(struct smtpd_session *s, const char *args)
{
	int code = say_hello(s, "HELO", args);

	if (code == 250)
		smtpd_reply(s, code, "", "%s", params.myhostname);
	return code;
}

/* RFC 3207; not to a program of this host, and not twice. */
static bool
offers_tls(const struct smtpd_session *s)
{
	return s->tls_policy != SMTPD_TLS_NONE && s->tls == NULL &&
	    s->calls->can_tls(s);
}

static bool
is_discarded(const char *keyword)
{
	struct slice rest = slice_of(params.smtpd_discard_ehlo_keywords), item;

	while (slice_next_item(&rest, &item))
		if (slice_eq_nocase(item, keyword))
			return true;
	return false;
}

static bool
is_offered(const struct smtpd_session *s, const char *keyword, enum extra extra,
    const char *mechs)
{
	if ((extra == WITH_VRFY && params.disable_vrfy_command) ||
	    (extra == WITH_TLS && !offers_tls(s)) ||
	    (extra == UNDER_TLS && s->tls == NULL) ||
	    (extra == WITH_MECHS && mechs[0] == '\0') ||
	    (extra == WITH_OLD_MECHS &&
		(mechs[0] == '\0' || !params.broken_sasl_auth_clients)))
		return false;
	return !is_discarded(keyword);
}

static void
offer(struct smtpd_session *s, const char *keyword, enum extra extra,
    const char *mechs)
{
	if (extra == WITH_SIZE)
		smtpd_reply_more(s, 250, "SIZE %lld",
		    (long long)params.message_size_limit);
	else if (extra == WITH_MECHS)
		smtpd_reply_more(s, 250, "AUTH%s", mechs);
	else if (extra == WITH_OLD_MECHS)
		smtpd_reply_more(s, 250, "AUTH=%s", mechs + 1);
	else
		smtpd_reply_more(s, 250, "%s", keyword);
}

static int
say_ehlo(struct smtpd_session *s, const char *args)
{
	CLEAN_BUF struct buf mechs = { 0 };
	int code = say_hello(s, "EHLO", args);
	size_t last = s->port.out.len;

	if (code != 250)
		return code;
	if (s->authenticates)
		s->calls->mechs(s, &mechs);
	smtpd_reply_more(s, code, "%s", params.myhostname);
	for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
		if (!is_offered(s, offers[i].keyword, offers[i].extra,
			buf_str(&mechs)))
			continue;
		last = s->port.out.len;
		offer(s, offers[i].keyword, offers[i].extra, buf_str(&mechs));
	}
	/* "250-" of the last line becomes "250 ". */
	s->port.out.text[last + 3] = ' ';
	return code;
}

/* Behind the reply the pump shakes hands; then comes smtpd_secured(). */
static int
say_starttls(struct smtpd_session *s, const char *args)
{
	(void)args; /* the table allows none */
	if (s->tls != NULL)
		return smtpd_reply(s, 554, "5.5.1",
		    "Error: TLS already active");
	if (s->tls_policy == SMTPD_TLS_NONE || is_discarded("STARTTLS"))
		return smtpd_reply(s, 502, "5.5.1",
		    "Error: command not implemented");
	if (!s->calls->can_tls(s))
		return smtpd_reply(s, 454, "4.7.0",
		    "TLS not available due to local problem");
	s->port.tls = true;
	return smtpd_reply(s, 220, "2.0.0", "Ready to start TLS");
}

/* What is taken back is not there either. */
static int
say_auth(struct smtpd_session *s, const char *args)
{
	if (is_discarded("AUTH"))
		return smtpd_auth_disabled(s);
	return smtpd_say_auth(s, args);
}

static int
say_rset(struct smtpd_session *s, const char *args)
{
	(void)args; /* the table allows none */
	smtpd_forget(s);
	return smtpd_reply(s, 250, "2.0.0", "Ok");
}

/* RFC 5321 4.1.1.9: an argument is ignored. */
static int
say_noop(struct smtpd_session *s, const char *args)
{
	(void)args;
	return smtpd_reply(s, 250, "2.0.0", "Ok");
}

static int
say_vrfy(struct smtpd_session *s, const char *args)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtpd_verdict v;
	struct addr rcpt;

	if (params.disable_vrfy_command)
		return smtpd_reply(s, 502, "5.5.1", "VRFY command is disabled");
	if (!smtpd_parse_vrfy(&a, args, &rcpt, &v))
		return smtpd_reply(s, v.code, v.status, "%s", v.text);
	return hear_vrfy(s, s->calls->vrfy(s, &rcpt));
}

static int
hear_vrfy(struct smtpd_session *s, struct smtpd_verdict v)
{
	if (v.code == 0)
		return 0;
	if (v.code >= 400)
		return smtpd_refuse(s, v);
	return smtpd_reply(s, 252, "2.0.0", "%s",
	    v.text != NULL ? v.text : "Cannot VRFY, but will take mail");
}

static int
say_expn(struct smtpd_session *s, const char *args)
{
	(void)args;
	return smtpd_reply(s, 502, "5.5.1", "Error: command not implemented");
}

static int
say_etrn(struct smtpd_session *s, const char *args)
{
	struct smtpd_verdict v;
	const char *node;

	if (!smtpd_parse_etrn(&s->tx.arena, args, &node, &v))
		return smtpd_reply(s, v.code, v.status, "%s", v.text);
	return hear_etrn(s, s->calls->etrn(s, node));
}

static int
hear_etrn(struct smtpd_session *s, struct smtpd_verdict v)
{
	if (v.code == 0)
		return 0;
	if (v.code >= 400) {
		(void)smtpd_refuse(s, v);
	} else {
		log_info("%s: etrn: ETRN from %s: %d %s %s", smtpd_id(s),
		    s->client.peer, v.code, v.status, v.text);
		(void)smtpd_reply(s, v.code, v.status, "%s", v.text);
	}
	smtpd_forget(s); /* the memory of the argument */
	return v.code;
}

static int
say_help(struct smtpd_session *s, const char *args)
{
	CLEAN_BUF struct buf list = { 0 };

	(void)args; /* the list is short enough to be said whole */
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].say != say_expn)
			buf_addf(&list, " %s", commands[i].verb);
	return smtpd_reply(s, 214, "2.0.0", "Commands:%s", buf_str(&list));
}

static int
say_quit(struct smtpd_session *s, const char *args)
{
	(void)args; /* the table allows none */
	smtpd_forget(s);
	return smtpd_reply(s, 221, "2.0.0", "Bye");
}

/* ---- what follows each command ---- */

static void
say_too_many_errors(struct smtpd_session *s)
{
	log_info("too many errors after %s from %s", s->where, s->client.peer);
	smtpd_forget(s);
	smtpd_reply(s, 421, "4.7.0", "%s Error: too many errors",
	    params.myhostname);
	s->state = SMTPD_QUIT;
}

/* What this command said goes out after a while. */
static void
hold_back(struct smtpd_session *s, size_t said_from)
{
	struct buf *out = &s->port.out;

	buf_add(&s->held, out->text + said_from, out->len - said_from);
	buf_cut(out, said_from);
	s->held_back = true;
	s->port.paused = true;
	s->port.deadline = s->calls->now() + params.smtpd_error_sleep_time;
}

static void
count_junk(struct smtpd_session *s, const struct smtpd_command *cmd)
{
	if ((cmd->kind & JUNK) &&
	    s->junk++ > (uint64_t)params.smtpd_junk_command_limit)
		s->errors++;
}

static void
after_each(struct smtpd_session *s, int code, size_t said_from, bool slow)
{
	if (code >= 400 && !s->excused)
		s->errors++;
	s->excused = false;
	if (s->client.lenient || s->state == SMTPD_QUIT)
		return;
	if (s->errors >= (uint64_t)params.smtpd_hard_error_limit)
		say_too_many_errors(s);
	if ((slow || s->errors >= (uint64_t)params.smtpd_soft_error_limit) &&
	    code >= 400 && params.smtpd_error_sleep_time > 0)
		hold_back(s, said_from);
}

static void
finish(struct smtpd_session *s, const struct smtpd_command *cmd, int code,
    size_t said_from)
{
	s->asked = NULL;
	if (code == 334)
		return; /* AUTH goes on with the next line */
	if (cmd != &end_of_data) {
		size_t row = (size_t)(cmd - commands);
		s->counts[row].all++;
		if (code < 400)
			s->counts[row].good++;
	}
	if (code < 400 && cmd->next != SAME)
		s->state = (uint8_t)cmd->next;
	after_each(s, code, said_from, (cmd->kind & SLOW) != 0);
}

/* ---- one line ---- */

bool
smtpd_commands_improper(struct smtpd_session *s, struct slice what, bool always)
{
	CLEAN_BUF struct buf text = { 0 };

	if (!s->muddled) {
		str_printable(&text, what.at, what.len, 100);
		log_info("improper command pipelining after %s from %s: %s",
		    s->where, s->client.peer, buf_str(&text));
		s->muddled = true;
	}
	if (!always && !params.smtpd_forbid_unauth_pipelining)
		return false;
	smtpd_reply(s, 554, "5.5.0", "Error: SMTP protocol synchronization");
	s->port.linger = true;
	s->state = SMTPD_QUIT;
	return true;
}

static const struct smtpd_command *
find_command(struct slice verb)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (slice_eq_nocase(verb, commands[i].verb))
			return &commands[i];
	return NULL;
}

/* RFC 3207 4: STARTTLS has to come first. */
static bool
needs_tls(const struct smtpd_session *s)
{
	return s->tls_policy == SMTPD_TLS_MUST && s->tls == NULL;
}

static int
refuse_clear(struct smtpd_session *s)
{
	return smtpd_reply(s, 530, "5.7.0",
	    "Must issue a STARTTLS command first");
}

void
smtpd_commands_bad(struct smtpd_session *s, const char *text)
{
	size_t said_from = s->port.out.len;

	s->unknown++;
	s->where = "UNKNOWN";
	if (s->state == SMTPD_AUTH)
		smtpd_auth_drop(s);
	int code = needs_tls(s) ? refuse_clear(s)
				: smtpd_reply(s, 500, "5.5.2", "%s", text);
	after_each(s, code, said_from, false);
}

static void
obey_unknown(struct smtpd_session *s, const char *line, struct slice verb)
{
	CLEAN_BUF struct buf text = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(not_mail); i++) {
		if (!slice_eq_nocase(verb, not_mail[i]))
			continue;
		str_printable(&text, line, strlen(line), 100);
		log_warn("non-SMTP command from %s: %s", s->client.peer,
		    buf_str(&text));
		smtpd_reply(s, 221, "2.7.0",
		    "Error: I can break rules, too. Goodbye.");
		s->unknown++;
		s->state = SMTPD_QUIT;
		return;
	}
	smtpd_commands_bad(s, "Error: command not recognized");
}

static int
refuse_order(struct smtpd_session *s, const struct smtpd_command *cmd)
{
	return smtpd_reply(s, 503, "5.5.1", "Error: %s",
	    s->state == SMTPD_START ? hello_first : cmd->order);
}

static int
obey(struct smtpd_session *s, const struct smtpd_command *cmd, const char *args)
{
	if (needs_tls(s) && !(cmd->kind & CLEAR))
		return refuse_clear(s);
	if ((s->state & cmd->when) == 0)
		return refuse_order(s, cmd);
	if ((cmd->kind & BARE) && args[0] != '\0')
		return smtpd_reply(s, 501, "5.5.4", "Syntax: %s", cmd->verb);
	return cmd->say(s, args);
}

/* What stands behind STARTTLS was not said by whom TLS will prove. */
static bool
is_muddled(struct smtpd_session *s, const struct smtpd_command *cmd,
    struct slice more)
{
	if (more.len == 0 || ((cmd->kind & LAST) == 0 && s->esmtp))
		return false;
	return smtpd_commands_improper(s, more, cmd->say == say_starttls);
}

/* What a client says to a challenge. */
static void
take_answer(struct smtpd_session *s, const char *line, struct slice more)
{
	const struct smtpd_command *cmd = find_command(SLICE("AUTH"));
	size_t said_from = s->port.out.len;

	if (more.len > 0 && smtpd_commands_improper(s, more, false)) {
		s->calls->auth_drop(s);
		return;
	}
	s->asked = cmd;
	int code = smtpd_auth_answer(s, line);
	if (code != 0)
		finish(s, cmd, code, said_from);
}

void
smtpd_commands_line(struct smtpd_session *s, const char *line,
    struct slice more)
{
	if (s->state == SMTPD_AUTH) {
		take_answer(s, line, more);
		return;
	}

	size_t len = strcspn(line, " ");
	const char *args = line + len + strspn(line + len, " ");
	struct slice verb = { line, len };
	const struct smtpd_command *cmd = find_command(verb);
	size_t said_from = s->port.out.len;

	if (cmd == NULL) {
		obey_unknown(s, line, verb);
		return;
	}
	s->where = cmd->verb;
	if (is_muddled(s, cmd, more))
		return;
	count_junk(s, cmd);
	s->asked = cmd;
	int code = obey(s, cmd, args);
	if (code != 0)
		finish(s, cmd, code, said_from);
}

void
smtpd_commands_data_end(struct smtpd_session *s)
{
	size_t said_from = s->port.out.len;

	s->where = end_of_data.verb;
	s->asked = &end_of_data;
	int code = end_of_data.say(s, "");
	if (code != 0)
		finish(s, &end_of_data, code, said_from);
}

void
smtpd_commands_heard(struct smtpd_session *s, struct smtpd_verdict v)
{
	const struct smtpd_command *cmd = s->asked;
	size_t said_from = s->port.out.len;

	finish(s, cmd, cmd->hear(s, v), said_from);
}

/* " ehlo=1", " rcpt=0/1"; nothing where there was none. */
static void
add_count(struct buf *out, const char *name, uint32_t good, uint32_t all)
{
	if (all == 0)
		return;
	buf_addf(out, " %s=%u", name, good);
	if (good != all)
		buf_addf(out, "/%u", all);
}

void
smtpd_commands_counts(const struct smtpd_session *s, struct buf *out)
{
	uint32_t good = 0, all = s->unknown;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char name[12];

		if (!str_copy(name, sizeof(name), commands[i].verb))
			log_panic("%s is too long", commands[i].verb);
		str_lower(name);
		add_count(out, name, s->counts[i].good, s->counts[i].all);
		good += s->counts[i].good;
		all += s->counts[i].all;
	}
	add_count(out, "unknown", 0, s->unknown);
	if (all == 0)
		buf_adds(out, " commands=0");
	add_count(out, "commands", good, all);
}
