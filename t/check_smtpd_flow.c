/*
 * smtpd: connections over real sockets, with the test in the place of cleanup
 * and lookup at the other ends of the channels.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "check_conf.h"

#include <check.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "clock.h"
#include "dns.h"
#include "log.h"
#include "loop.h"
#include "program.h"
#include "query.h"
#include "smtpd_ask.h"
#include "smtpd_conn.h"
#include "smtpd_feed.h"
#include "smtpd_policy.h"
#include "smtpd_space.h"
#include "spf_record.h"

#define CONF                                                  \
	"myhostname = mx.test\n"                              \
	"mydestination = mx.test\n"                           \
	"local_recipient_maps = inline:{{alice=x}}\n"         \
	"relocated_maps = inline:{{gone@mx.test=g@x.test}}\n" \
	"alias_maps =\n"                                      \
	"mynetworks = 10.0.0.0/8\n"                           \
	"smtpd_peername_lookup = no\n"                        \
	"run_directory = /tmp\n"                              \
	"queue_directory = /tmp\n"                            \
	"queue_minfree = 1\n"

#define PASSWD_CONF                         \
	"myhostname = mx.test\n"            \
	"mydestination = mx.test\n"         \
	"local_recipient_maps = passwd:x\n" \
	"alias_maps =\n"                    \
	"smtpd_peername_lookup = no\n"      \
	"run_directory = /tmp\n"            \
	"queue_directory = /tmp\n"          \
	"queue_minfree = 1\n"

/* ---- the place of the program ---- */

static struct chan to_cleanup, to_lookup, to_seal;
static int cleanup = -1, lookup = -1, seal = -1; /* the test's ends */
static int client = -1;
static struct buf heard;
static struct buf log_lines;

struct chan *
program_peer(enum role role)
{
	struct chan *c = role == ROLE_CLEANUP ? &to_cleanup
	    : role == ROLE_VERIFY             ? &to_seal
					      : &to_lookup;

	return c->open ? c : NULL;
}

uint32_t
program_slot(void)
{
	return 1;
}

const char *
program_service(void)
{
	return "smtp";
}

bool
program_has_section(enum role role)
{
	return role == ROLE_VERIFY;
}

static const struct chan_rule rules[] = {
	{ MSG_mail_done, 1u << ROLE_CLEANUP, smtpd_feed_done },
	{ MSG_answer, 1u << ROLE_LOOKUP, smtpd_ask_answered },
	{ MSG_spf_done, 1u << ROLE_VERIFY, smtpd_verify_answered },
};

static void
on_ended(struct chan *c)
{
	smtpd_feed_peer_ended(c);
	query_peer_ended(c);
	smtpd_verify_peer_ended(c);
}

static int
start_peer(struct chan *c, enum role role)
{
	int fds[2];

	ck_assert_int_eq(chan_pair(fds), 0);
	chan_start(c, fds[0], (uint32_t)role, role_name(role), rules,
	    ARRAY_LEN(rules), on_ended);
	return fds[1];
}

static void
keep_line(enum log_level level, const char *line)
{
	(void)level;
	buf_addf(&log_lines, "%s\n", line);
}

static void
turn(void)
{
	for (int i = 0; i < 20; i++)
		loop_once(1);
}

/* ---- the place of the client ---- */

static void
connect_client(const char *addr, uint32_t uid)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX,
			     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			     fds),
	    0);
	client = fds[1];
	if (addr != NULL) {
		struct fd_address from = { .port = 1234 };

		ck_assert(str_copy(from.text, sizeof(from.text), addr));
		smtpd_conn_open(fds[0], from);
	} else
		smtpd_conn_open_local(fds[0], uid);
	turn();
}

/* The counts of clients are nobody else's: the file has no name after this. */
static void
open_policy(void)
{
	char service[32], path[64];

	snprintf(service, sizeof(service), "check.%d", (int)getpid());
	snprintf(path, sizeof(path), "/tmp/clients.%s", service);
	smtpd_policy_open(service);
	smtpd_verify_open();
	ck_assert_int_eq(unlink(path), 0);
}

static void
start_conf(const char *conf)
{
	load_conf(conf);
	buf_reset(&heard);
	buf_reset(&log_lines);
	log_sink(keep_line);
	loop_start();
	smtpd_space_open();
	open_policy();
	loop_each_round(smtpd_feed_each_round);
	cleanup = start_peer(&to_cleanup, ROLE_CLEANUP);
	lookup = start_peer(&to_lookup, ROLE_LOOKUP);
}

static void
start(const char *addr)
{
	start_conf(CONF);
	connect_client(addr, 0);
}

static void
hear(void)
{
	ssize_t n;

	turn();
	while ((n = recv(client, buf_room(&heard, 4096), 4096, 0)) > 0)
		buf_grown(&heard, (size_t)n);
}

static void
say(const char *text)
{
	buf_reset(&heard);
	ck_assert_int_eq(send(client, text, strlen(text), 0),
	    (ssize_t)strlen(text));
	hear();
}

#define HEARD(text)                                          \
	ck_assert_msg(strstr(buf_str(&heard), text) != NULL, \
	    "no \"%s\" in \"%s\"", text, buf_str(&heard))
#define LOGGED(text)                                             \
	ck_assert_msg(strstr(buf_str(&log_lines), text) != NULL, \
	    "no \"%s\" in \"%s\"", text, buf_str(&log_lines))

/* ---- the place of cleanup and lookup ---- */

/* The next packet's type; its body stays in `packet`. */
static uint32_t
get(int sock, struct buf *packet)
{
	int fd;

	ck_assert_int_eq(chan_get_now(sock, packet, &fd, 1000), 0);
	ck_assert_int_eq(fd, -1);
	struct wire w = wire_open(packet->text, packet->len);
	return wire_get_u32(&w);
}

static uint32_t
get_mail(struct buf *out)
{
	CLEAN_BUF struct buf packet = { 0 };
	uint32_t type = get(cleanup, &packet);

	msg_show(out, packet.text, packet.len);
	return type;
}

static void
answer_mail(uint32_t stream, uint16_t code, const char *status,
    const char *text)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_mail_done m = {
		.stream = stream,
		.code = code,
		.status = status,
		.text = text,
	};

	msg_put_mail_done(&packet, &m);
	ck_assert_int_eq(chan_send_now(cleanup, &packet, -1), 0);
	hear();
}

static void
answer_user_named(const char *name, enum found found, const char *value)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_ask ask;

	ck_assert_uint_eq(get(lookup, &packet), MSG_ask);
	ck_assert(msg_get_ask(&ask, packet.text + 4, packet.len - 4));
	if (name != NULL)
		ck_assert_str_eq(ask.key, name);
	struct msg_answer m = {
		.stream = ask.stream,
		.found = (uint8_t)found,
		.value = value,
	};
	CLEAN_BUF struct buf answer = { 0 };
	msg_put_answer(&answer, &m);
	ck_assert_int_eq(chan_send_now(lookup, &answer, -1), 0);
	hear();
}

static void
answer_user(enum found found, const char *value)
{
	answer_user_named(NULL, found, value);
}

#define ENVELOPE \
	"MAIL FROM:<s@x.test> SIZE=77\r\nRCPT TO:<alice@mx.test>\r\nDATA\r\n"

static void
say_envelope(void)
{
	say("EHLO me\r\n");
	say(ENVELOPE);
	HEARD("354 ");
}

START_TEST(a_small_message_goes_whole)
{
	CLEAN_BUF struct buf got = { 0 };

	start("192.0.2.1");
	say_envelope();
	say("Subject: x\r\n\r\n..\r\n.\r\n");
	ck_assert_str_eq(buf_str(&heard), "");
	ck_assert_uint_eq(get_mail(&got), MSG_mail_begin);
	ck_assert(strstr(buf_str(&got), "sender=\"s@x.test\"") != NULL);
	ck_assert(strstr(buf_str(&got), "client_addr=\"192.0.2.1\"") != NULL);
	ck_assert(strstr(buf_str(&got), "protocol=\"ESMTP\"") != NULL);
	ck_assert(strstr(buf_str(&got), "size_hint=77") != NULL);
	ck_assert_uint_eq(get_mail(&got), MSG_mail_rcpt);
	ck_assert(strstr(buf_str(&got), "address=\"alice@mx.test\"") != NULL);
	ck_assert_uint_eq(get_mail(&got), MSG_mail_data);
	ck_assert_uint_eq(get_mail(&got), MSG_mail_end);
	answer_mail(1, 250, "2.0.0", "Ok: queued as ID");
	ck_assert_str_eq(buf_str(&heard), "250 2.0.0 Ok: queued as ID\r\n");
	LOGGED(": client=unknown[192.0.2.1]");
	say("QUIT\r\n");
	HEARD("221 ");
	ck_assert_uint_eq(smtpd_conn_count(), 0);
	LOGGED("disconnect from unknown[192.0.2.1] ehlo=1 mail=1 rcpt=1 "
	       "data=1 quit=1 commands=5");
}
END_TEST

/* Content beyond what is collected: it streams, and the client waits while
 * cleanup does not read. */
START_TEST(a_large_message_streams_with_back_pressure)
{
	static char bulk[60000];
	uint64_t sent = 0, got = 0;

	memset(bulk, 'x', sizeof(bulk));
	for (size_t i = 78; i + 1 < sizeof(bulk); i += 80)
		memcpy(bulk + i, "\r\n", 2);
	start("192.0.2.1");
	say_envelope();
	for (int i = 0; i < 300; i++) {
		ssize_t n = send(client, bulk, sizeof(bulk), 0);
		if (n > 0)
			sent += (uint64_t)n;
		loop_once(0);
	}
	ck_assert_uint_gt(sent, 1 << 20);
	ck_assert_uint_lt(sent, 8 << 20);
	ck_assert_uint_lt(chan_waiting(&to_cleanup), 2 << 20);

	bool ended = false;
	for (int i = 0; i < 10000 && !ended; i++) {
		CLEAN_BUF struct buf packet = { 0 };
		struct msg_mail_data m;

		turn();
		uint32_t type = get(cleanup, &packet);
		ended = type == MSG_mail_end;
		if (type == MSG_mail_data &&
		    msg_get_mail_data(&m, packet.text + 4, packet.len - 4))
			got += m.bytes.len;
		if (got == sent)
			say("\r\n.\r\n");
	}
	ck_assert(ended);
	ck_assert_uint_eq(got, sent + 2);
	answer_mail(1, 250, "2.0.0", "Ok");
	HEARD("250 2.0.0 Ok");
}
END_TEST

START_TEST(without_cleanup_mail_is_put_off)
{
	start("192.0.2.1");
	chan_stop(&to_cleanup);
	say("EHLO me\r\n");
	say(ENVELOPE);
	HEARD("451 4.3.0 Error: queue file write error\r\n");
	ck_assert_ptr_null(strstr(buf_str(&heard), "354"));
}
END_TEST

START_TEST(a_cleanup_that_dies_after_the_content_puts_it_off)
{
	start("192.0.2.1");
	say_envelope();
	say("x\r\n.\r\n");
	close(cleanup);
	hear();
	ck_assert_str_eq(buf_str(&heard),
	    "451 4.3.0 Error: queue file write error\r\n");
	cleanup = start_peer(&to_cleanup, ROLE_CLEANUP);
	say(ENVELOPE);
	HEARD("354 ");
}
END_TEST

/* More than is collected before it streams: in one go, as every turn of the
 * loop waits. */
static void
say_much(void)
{
	CLEAN_BUF struct buf lines = { 0 };

	for (int i = 0; i < 400; i++)
		buf_adds(&lines,
		    "0123456789012345678901234567890123456789012345678\r\n");
	say(buf_str(&lines));
}

START_TEST(a_cleanup_that_dies_within_the_content_puts_it_off)
{
	CLEAN_BUF struct buf got = { 0 };

	start("192.0.2.1");
	say_envelope();
	say_much();
	ck_assert_uint_eq(get_mail(&got), MSG_mail_begin);
	close(cleanup);
	cleanup = -1;
	hear();
	ck_assert_str_eq(buf_str(&heard), "");
	/* Another one is there by then, but it knows nothing of the start. */
	cleanup = start_peer(&to_cleanup, ROLE_CLEANUP);
	say("the end\r\n.\r\n");
	ck_assert_str_eq(buf_str(&heard),
	    "451 4.3.0 Error: queue file write error\r\n");
}
END_TEST

START_TEST(what_cleanup_refuses_early_is_said_at_the_end)
{
	start("192.0.2.1");
	say_envelope();
	say_much();
	answer_mail(1, 452, "4.3.1", "Insufficient system storage");
	ck_assert_str_eq(buf_str(&heard), "");
	say("the end\r\n.\r\n");
	ck_assert_str_eq(buf_str(&heard),
	    "452 4.3.1 Insufficient system storage\r\n");
}
END_TEST

START_TEST(a_client_that_goes_before_the_end_aborts)
{
	CLEAN_BUF struct buf got = { 0 };

	start("192.0.2.1");
	say_envelope();
	say_much();
	close(client);
	turn();
	ck_assert_uint_eq(get_mail(&got), MSG_mail_begin);
	ck_assert_uint_eq(get_mail(&got), MSG_mail_rcpt);
	ck_assert_uint_eq(get_mail(&got), MSG_mail_data);
	ck_assert_uint_eq(get_mail(&got), MSG_mail_abort);
	ck_assert_uint_eq(smtpd_conn_count(), 0);
	LOGGED("lost connection after DATA (20400 bytes) from");
}
END_TEST

START_TEST(a_client_that_goes_after_the_end_changes_nothing)
{
	start("192.0.2.1");
	say_envelope();
	say("x\r\n.\r\n");
	close(client);
	turn();
	/* The pump waits for the answer before it looks at the client. */
	answer_mail(1, 250, "2.0.0", "Ok");
	turn();
	ck_assert_uint_eq(smtpd_conn_count(), 0);
	ck_assert_uint_eq(smtpd_feed_orphans(), 0);
}
END_TEST

/* What strangers are told, and what those of mynetworks. */
static const struct {
	const char *addr, *rcpt, *want;
} recipients[] = {
	{ "192.0.2.1", "alice@mx.test", "250 2.1.5 Ok" },
	{ "192.0.2.1", "nobody@mx.test",
	    "550 5.1.1 <nobody@mx.test>: Recipient address rejected: User "
	    "unknown in local recipient table" },
	{ "192.0.2.1", "gone@mx.test",
	    "550 5.1.6 <gone@mx.test>: Recipient address rejected: User has "
	    "moved to g@x.test" },
	{ "192.0.2.1", "x@elsewhere.test",
	    "554 5.7.1 <x@elsewhere.test>: Relay access denied" },
	{ "192.0.2.1", "x%elsewhere.test@mx.test",
	    "554 5.7.1 <x%elsewhere.test@mx.test>: Relay access denied" },
	{ "192.0.2.1", "\"x@elsewhere.test\"@mx.test",
	    "554 5.7.1 <\"x@elsewhere.test\"@mx.test>: Relay access denied" },
	{ "192.0.2.1", "elsewhere!x@mx.test", "554 5.7.1 " },
	{ "192.0.2.1", "alice", "250 2.1.5 Ok" },
	{ "192.0.2.1", "PostMaster", "250 2.1.5 Ok" },
	{ "192.0.2.1", "postmaster@mx.test", "250 2.1.5 Ok" },
	{ "192.0.2.1", "postmaster@elsewhere.test", "554 5.7.1 " },
	{ "10.1.2.3", "x@elsewhere.test", "250 2.1.5 Ok" },
	{ "10.1.2.3", "x%y@elsewhere.test", "250 2.1.5 Ok" },
	{ "10.1.2.3", "nobody@mx.test", "550 5.1.1 " },
};

START_TEST(a_recipient_is_judged)
{
	CLEAN_BUF struct buf line = { 0 };

	start(recipients[_i].addr);
	buf_addf(&line, "EHLO me\r\n");
	say(buf_str(&line));
	buf_reset(&line);
	buf_addf(&line, "MAIL FROM:<s@x.test>\r\nRCPT TO:<%s>\r\n",
	    recipients[_i].rcpt);
	say(buf_str(&line));
	HEARD(recipients[_i].want);
}
END_TEST

START_TEST(lookup_is_asked_about_users)
{
	start_conf(PASSWD_CONF);
	connect_client("192.0.2.1", 0);
	say("EHLO me\r\n");
	say("MAIL FROM:<s@x.test>\r\nRCPT TO:<bob@mx.test>\r\nNOOP\r\n");
	ck_assert_str_eq(buf_str(&heard), "250 2.1.0 Ok\r\n");
	answer_user(FOUND_NONE, "");
	HEARD("550 5.1.1 <bob@mx.test>: ");
	HEARD("250 2.0.0 Ok");
	say("RCPT TO:<bob@mx.test>\r\n");
	answer_user(FOUND_FAILED, "");
	HEARD("451 4.3.0 <bob@mx.test>: Temporary lookup failure");
	say("RCPT TO:<bob@mx.test>\r\n");
	answer_user(FOUND_ONE, "bob:1000:1000:/home/bob:/bin/sh:");
	HEARD("250 2.1.5 Ok");
	/* Now it is known. */
	say("RCPT TO:<bob@mx.test>\r\nVRFY bob\r\n");
	HEARD("250 2.1.5 Ok");
	HEARD("252 2.0.0 ");
	say("RCPT TO:<carol@mx.test>\r\n");
	close(lookup);
	hear();
	HEARD("451 4.3.0 <carol@mx.test>: Temporary lookup failure");
	say("RCPT TO:<dave@mx.test>\r\n");
	HEARD("451 4.3.0 <dave@mx.test>: Temporary lookup failure");
}
END_TEST

START_TEST(the_whole_local_part_is_asked_about_first)
{
	start_conf(PASSWD_CONF "recipient_delimiter = -\n");
	connect_client("192.0.2.1", 0);
	say("EHLO me\r\n");
	say("MAIL FROM:<s@x.test>\r\nRCPT TO:<Web-Data@mx.test>\r\n");
	answer_user_named("web-data", FOUND_ONE, "web-data:7:7:/h:/bin/sh:");
	HEARD("250 2.1.5 Ok");
	say("RCPT TO:<bob-x@mx.test>\r\n");
	answer_user_named("bob-x", FOUND_NONE, "");
	answer_user_named("bob", FOUND_ONE, "bob:1000:1000:/h:/bin/sh:");
	HEARD("250 2.1.5 Ok");
	/* Now it is known who bob is. */
	say("RCPT TO:<bob-y@mx.test>\r\n");
	answer_user_named("bob-y", FOUND_NONE, "");
	HEARD("250 2.1.5 Ok");
	say("RCPT TO:<no-body@mx.test>\r\n");
	answer_user_named("no-body", FOUND_NONE, "");
	answer_user_named("no", FOUND_NONE, "");
	HEARD("550 5.1.1 <no-body@mx.test>: ");
	say("RCPT TO:<bob-z@mx.test>\r\n");
	answer_user_named("bob-z", FOUND_FAILED, "");
	HEARD("451 4.3.0 <bob-z@mx.test>: Temporary lookup failure");
}
END_TEST

START_TEST(a_client_may_go_while_lookup_is_asked)
{
	start_conf(PASSWD_CONF);
	connect_client("192.0.2.1", 0);
	say("EHLO me\r\n");
	say("MAIL FROM:<s@x.test>\r\nRCPT TO:<bob@mx.test>\r\n");
	close(client);
	turn();
	answer_user(FOUND_ONE, "bob:1000:1000:/home/bob:/bin/sh:");
	turn();
	ck_assert_uint_eq(smtpd_conn_count(), 0);
}
END_TEST

START_TEST(local_programs_may_send_to_all)
{
	CLEAN_BUF struct buf got = { 0 };

	start_conf(CONF);
	connect_client(NULL, 1000);
	answer_user(FOUND_ONE, "alice:1000:1000:/home/alice:/bin/sh:");
	say("EHLO me\r\n");
	say("MAIL FROM:<alice>\r\nRCPT TO:<x@elsewhere.test>\r\n"
	    "RCPT TO:<nobody@mx.test>\r\nDATA\r\n");
	HEARD("354 ");
	say("x\r\n.\r\n");
	ck_assert_uint_eq(get_mail(&got), MSG_mail_begin);
	ck_assert(strstr(buf_str(&got), "uid=1000") != NULL);
	ck_assert(strstr(buf_str(&got), "user=\"alice\"") != NULL);
	LOGGED(": uid=1000 from=<alice>");
	ck_assert_ptr_null(strstr(buf_str(&log_lines), "connect from"));
}
END_TEST

START_TEST(limits_of_a_client_hold)
{
	start_conf(CONF "smtpd_client_connection_count_limit = 2\n"
			"smtpd_client_message_rate_limit = 2\n"
			"smtpd_client_recipient_rate_limit = 3\n");
	connect_client("192.0.2.1", 0);
	connect_client("192.0.2.1", 0);
	connect_client("192.0.2.1", 0);
	hear();
	HEARD("421 4.7.0 Error: too many connections from 192.0.2.1\r\n");
	LOGGED("Connection concurrency limit exceeded: 3 from "
	       "unknown[192.0.2.1] for service smtp");
	connect_client("10.0.0.1", 0);
	connect_client("10.0.0.1", 0);
	connect_client("10.0.0.1", 0);
	hear();
	HEARD("220 ");
	connect_client("192.0.2.9", 0);
	say("EHLO me\r\n");
	say("MAIL FROM:<a@x>\r\nRCPT TO:<alice@mx.test>\r\n"
	    "RCPT TO:<alice@mx.test>\r\nRCPT TO:<alice@mx.test>\r\n");
	ck_assert_ptr_null(strstr(buf_str(&heard), "450"));
	say("RCPT TO:<alice@mx.test>\r\n");
	HEARD("450 4.7.1 Error: too many recipients from 192.0.2.9");
	say("RSET\r\nMAIL FROM:<a@x>\r\nRSET\r\nMAIL FROM:<a@x>\r\n");
	HEARD("450 4.7.1 Error: too much mail from 192.0.2.9");
}
END_TEST

START_TEST(a_full_disk_is_said_before_the_content)
{
	start_conf(CONF "queue_minfree = 1000000g\n");
	connect_client("192.0.2.1", 0);
	say("EHLO me\r\n");
	say(ENVELOPE);
	HEARD("452 4.3.1 Insufficient system storage");
	ck_assert_ptr_null(strstr(buf_str(&heard), "354"));
}
END_TEST

/* ---- SPF ---- */

static void
start_spf(const char *policy)
{
	CLEAN_BUF struct buf conf = { 0 };

	buf_addf(&conf,
	    CONF "spf_policy = %s\nspf_exempt_clients = 192.0.2.9\n", policy);
	start_conf(buf_str(&conf));
	seal = start_peer(&to_seal, ROLE_VERIFY);
	connect_client("192.0.2.1", 0);
	say("EHLO h.test\r\n");
}

static void
answer_spf(enum spf_result result)
{
	CLEAN_BUF struct buf packet = { 0 }, answer = { 0 };
	struct msg_spf_ask ask;

	ck_assert_uint_eq(get(seal, &packet), MSG_spf_ask);
	ck_assert(msg_get_spf_ask(&ask, packet.text + 4, packet.len - 4));
	ck_assert_str_eq(ask.client, "192.0.2.1");
	ck_assert_str_eq(ask.helo, "h.test");
	ck_assert_str_eq(ask.sender, "s@x.test");
	struct msg_spf_done m = {
		.stream = ask.stream,
		.helo = SPF_PASS,
		.mail = (uint8_t)result,
		.result = (uint8_t)result,
		.domain = "x.test",
		.explanation = "Go\r\naway.",
		.why = "because",
	};
	msg_put_spf_done(&answer, &m);
	ck_assert_int_eq(chan_send_now(seal, &answer, -1), 0);
	hear();
}

/* What the end of the message says of its sender. */
static void
ended_with(uint32_t flags, const char *results)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_mail_end m;

	while (get(cleanup, &packet) != MSG_mail_end)
		;
	ck_assert(msg_get_mail_end(&m, packet.text + 4, packet.len - 4));
	ck_assert_uint_eq(m.flags, flags);
	ck_assert_str_eq(m.results, results);
	if (flags == MAIL_SPF_FAIL) {
		ck_assert_uint_eq(m.spf, SPF_FAIL);
		ck_assert_str_eq(m.spf_domain, "x.test");
	}
}

START_TEST(a_mark_holds_nothing_up_before_the_end)
{
	start_spf("mark");
	say(ENVELOPE);
	HEARD("354 ");
	say("x\r\n.\r\n");
	ck_assert_str_eq(buf_str(&heard), "");
	answer_spf(SPF_FAIL);
	ended_with(MAIL_SPF_FAIL,
	    "; spf=fail smtp.mailfrom=x.test; spf=pass smtp.helo=h.test");
	answer_mail(1, 250, "2.0.0", "Ok");
	ck_assert_str_eq(buf_str(&heard), "250 2.0.0 Ok\r\n");
	/* And the next one anew. */
	say(ENVELOPE);
	answer_spf(SPF_SOFTFAIL);
	say("x\r\n.\r\n");
	ended_with(0,
	    "; spf=softfail smtp.mailfrom=x.test; spf=pass smtp.helo=h.test");
}
END_TEST

START_TEST(a_fail_can_be_held)
{
	start_spf("hold");
	say(ENVELOPE);
	HEARD("354 ");
	answer_spf(SPF_FAIL);
	LOGGED(": spf=fail from unknown[192.0.2.1]: the message will be held; "
	       "from=<s@x.test>");
	say("x\r\n.\r\n");
	ended_with(MAIL_SPF_FAIL | MAIL_HOLD,
	    "; spf=fail smtp.mailfrom=x.test; spf=pass smtp.helo=h.test");
	answer_mail(1, 250, "2.0.0", "Ok");
	say(ENVELOPE);
	answer_spf(SPF_TEMPERROR);
	say("x\r\n.\r\n");
	ended_with(0,
	    "; spf=temperror smtp.mailfrom=x.test; spf=pass smtp.helo=h.test");
}
END_TEST

START_TEST(a_fail_is_refused_in_the_domains_words)
{
	start_spf("reject");
	say("MAIL FROM:<s@x.test>\r\n");
	ck_assert_str_eq(buf_str(&heard), "");
	answer_spf(SPF_FAIL);
	ck_assert_str_eq(buf_str(&heard),
	    "550 5.7.23 SPF: 192.0.2.1 may not send mail for x.test; x.test "
	    "explains: Go??away.\r\n");
	say("MAIL FROM:<s@x.test>\r\n");
	answer_spf(SPF_TEMPERROR);
	HEARD("451 4.7.24 SPF: temporary error");
	LOGGED(
	    "spf=temperror from unknown[192.0.2.1]: because; from=<s@x.test>");
	say("MAIL FROM:<s@x.test>\r\n");
	answer_spf(SPF_PERMERROR);
	HEARD("250 2.1.0 Ok");
}
END_TEST

START_TEST(a_seal_that_dies_is_a_temporary_error)
{
	start_spf("reject");
	say("MAIL FROM:<s@x.test>\r\n");
	close(seal);
	hear();
	HEARD("451 4.7.24 SPF: temporary error");
	/* Nobody to ask any more. */
	say("MAIL FROM:<s@x.test>\r\n");
	HEARD("451 4.7.24 SPF: temporary error");
}
END_TEST

START_TEST(a_mark_of_a_seal_that_dies_at_the_end_is_temperror)
{
	start_spf("mark");
	say(ENVELOPE);
	say("x\r\n.\r\n");
	close(seal);
	hear();
	ended_with(0,
	    "; spf=temperror smtp.mailfrom=x.test; spf=temperror "
	    "smtp.helo=h.test");
	answer_mail(1, 250, "2.0.0", "Ok");
	ck_assert_str_eq(buf_str(&heard), "250 2.0.0 Ok\r\n");
}
END_TEST

START_TEST(a_client_may_go_while_seal_is_asked)
{
	start_spf("reject");
	say("MAIL FROM:<s@x.test>\r\n");
	close(client);
	turn();
	answer_spf(SPF_FAIL);
	turn();
	ck_assert_uint_eq(smtpd_conn_count(), 0);
}
END_TEST

static const char *const nobodys_business[] = {
	"10.1.2.3",         /* of mynetworks */
	"127.0.0.1",        /* this host */
	"::1", "192.0.2.9", /* exempt */
};

START_TEST(seal_is_not_asked_about_ours)
{
	char byte;

	start_spf("reject");
	connect_client(nobodys_business[_i], 0);
	say("EHLO h.test\r\n");
	say(ENVELOPE);
	HEARD("354 ");
	ck_assert_int_lt(recv(seal, &byte, 1, MSG_DONTWAIT), 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtpd_flow");
	TCase *t = tcase_create("smtpd_flow");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_small_message_goes_whole);
	tcase_add_test(t, a_large_message_streams_with_back_pressure);
	tcase_add_test(t, without_cleanup_mail_is_put_off);
	tcase_add_test(t, a_cleanup_that_dies_after_the_content_puts_it_off);
	tcase_add_test(t, a_cleanup_that_dies_within_the_content_puts_it_off);
	tcase_add_test(t, what_cleanup_refuses_early_is_said_at_the_end);
	tcase_add_test(t, a_client_that_goes_before_the_end_aborts);
	tcase_add_test(t, a_client_that_goes_after_the_end_changes_nothing);
	tcase_add_loop_test(t, a_recipient_is_judged, 0, ARRAY_LEN(recipients));
	tcase_add_test(t, lookup_is_asked_about_users);
	tcase_add_test(t, the_whole_local_part_is_asked_about_first);
	tcase_add_test(t, a_client_may_go_while_lookup_is_asked);
	tcase_add_test(t, local_programs_may_send_to_all);
	tcase_add_test(t, limits_of_a_client_hold);
	tcase_add_test(t, a_full_disk_is_said_before_the_content);
	tcase_add_test(t, a_mark_holds_nothing_up_before_the_end);
	tcase_add_test(t, a_fail_can_be_held);
	tcase_add_test(t, a_fail_is_refused_in_the_domains_words);
	tcase_add_test(t, a_seal_that_dies_is_a_temporary_error);
	tcase_add_test(t, a_mark_of_a_seal_that_dies_at_the_end_is_temperror);
	tcase_add_test(t, a_client_may_go_while_seal_is_asked);
	tcase_add_loop_test(t, seal_is_not_asked_about_ours, 0,
	    ARRAY_LEN(nobodys_business));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
