/*
 * smtp_job: whole deliveries over real sockets.  The test stands in qmgr's
 * place at the other end of the channel, and children of it are the hosts: they
 * play a script, and what they heard is compared.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../smtp/smtp_conn.h"
#include "../smtp/smtp_job.h"
#include "clock.h"
#include "dns.h"
#include "fd.h"
#include "log.h"
#include "msg.h"
#include "own.h"
#include "param.h"

#define LINES "Subject: x\r\n\r\nhello\r\n"

static struct chan agent, qmgr;

/* ---- a host ---- */

struct host {
	uint16_t port;
	int heard; /* pipe of what the client said */
	pid_t pid;
};

/* Plays for each connection: greets, then answers each line with the next
 * reply; after 354 the lines up to the dot are one.  A reply "!" closes. */
static void
play(int fd, int heard, const char *const *replies)
{
	FILE *in = fdopen(fd, "r+");
	char line[2048];
	bool data = false;

	if (in == NULL)
		abort();
	for (; *replies != NULL && **replies != '!'; replies++) {
		(void)fputs(*replies, in);
		(void)fflush(in);
		data = strncmp(*replies, "354", 3) == 0;
		do {
			if (fgets(line, sizeof(line), in) == NULL)
				return;
			(void)!write(heard, line, strlen(line));
		} while (data && strcmp(line, ".\r\n") != 0);
		(void)fseek(in, 0, SEEK_CUR);
	}
	(void)fclose(in);
}

/* scripts: one a connection, each ends in NULL; the last is empty. */
static struct host
start_host(const char *const *const *scripts)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int heard[2];
	struct host h;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len),
	    0);
	ck_assert_int_eq(pipe(heard), 0);
	h.port = ntohs(at.sin_port);
	h.heard = heard[0];
	h.pid = fork();
	if (h.pid == 0) {
		(void)close(qmgr.fd);
		for (; *scripts != NULL; scripts++) {
			int fd = accept(listener, NULL, NULL);

			play(fd, heard[1], *scripts);
		}
		_exit(0);
	}
	(void)close(listener);
	(void)close(heard[1]);
	return h;
}

static void
stop_host(struct host *h, struct buf *heard)
{
	char bytes[4096];
	ssize_t n;

	smtp_conn_drain();
	for (int i = 0; i < 5; i++)
		loop_once(10);
	(void)kill(h->pid, SIGTERM);
	(void)waitpid(h->pid, NULL, 0);
	while ((n = read(h->heard, bytes, sizeof(bytes))) > 0)
		buf_add(heard, bytes, (size_t)n);
	(void)close(h->heard);
}

/* ---- qmgr ---- */

static const struct chan_rule agent_rules[] = {
	{ MSG_job, 1u << ROLE_QMGR, smtp_job_start },
	{ MSG_job_go, 1u << ROLE_QMGR, smtp_job_go },
	{ MSG_job_cancel, 1u << ROLE_QMGR, smtp_job_cancel },
};

static struct buf results;
static int done;

static bool
on_result(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job_result m;

	(void)c;
	ck_assert_int_eq(fd, -1);
	ck_assert(msg_get_job_result(&m, body, len));
	buf_addf(&results, "%u %u %u %u %s %s\n", m.stream, m.index, m.outcome,
	    m.fault, m.status, m.text);
	return true;
}

static bool
on_done(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_job_done m;

	(void)c;
	(void)fd;
	ck_assert(msg_get_job_done(&m, body, len));
	done++;
	return true;
}

static uint32_t job_flags; /* of the next job */
static bool ask_hosts, let_go;

static bool
on_hosts(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_job_hosts m;
	struct rec_job_host r;

	ck_assert_int_eq(fd, -1);
	ck_assert(msg_get_job_hosts(&m, body, len));
	struct wire w = wire_open(m.hosts.at, m.hosts.len);
	while (wire_more(&w)) {
		ck_assert(rec_get_job_host(&r, &w));
		buf_addf(&results, "host %s %s %u\n", r.name, r.address,
		    r.port > 0);
	}
	ck_assert(wire_done(&w));
	msg_put_job_go(&packet,
	    &(struct msg_job_go){ .stream = m.stream, .go = let_go });
	chan_send(c, &packet, -1, false);
	return true;
}

static const struct chan_rule qmgr_rules[] = {
	{ MSG_job_hosts, 1u << ROLE_SMTP, on_hosts },
	{ MSG_job_result, 1u << ROLE_SMTP, on_result },
	{ MSG_job_done, 1u << ROLE_SMTP, on_done },
};

static void
on_ended(struct chan *c)
{
	smtp_job_peer_ended(c);
}

static struct buf log_lines;

static void
take_line(enum log_level level, const char *line)
{
	(void)level;
	buf_addf(&log_lines, "%s\n", line);
}

static void
set_up(void)
{
	static char no_servers[] = "127.0.0.1:1";
	static char loopback[] = "127.0.0.0/8";
	const char *why;
	int fds[2];

	(void)signal(SIGPIPE, SIG_IGN);
	done = 0;
	job_flags = 0;
	ask_hosts = let_go = false;
	agent = qmgr = (struct chan){ 0 };
	clock_start();
	loop_start();
	log_sink(take_line);
	params.smtp_helo_timeout = params.smtp_mail_timeout = 5 * SECOND;
	params.smtp_rcpt_timeout = params.smtp_rset_timeout = 5 * SECOND;
	params.smtp_data_init_timeout = 5 * SECOND;
	params.smtp_data_xfer_timeout = 5 * SECOND;
	params.smtp_data_done_timeout = 5 * SECOND;
	params.smtp_quit_timeout = 5 * SECOND;
	params.smtp_connect_timeout = 5 * SECOND;
	params.smtp_line_length_limit = 998;
	params.srs_domain = "";
	params.smtp_connection_cache_time_limit = 2 * SECOND;
	params.smtp_connection_reuse_time_limit = 300 * SECOND;
	params.smtp_helo_name = params.myhostname = "me.test";
	params.smtp_address_preference = "any";
	params.smtp_tls_security_level = "none";
	params.inet_protocols = "all";
	params.inet_interfaces = "all";
	params.proxy_interfaces = "";
	params.smtp_bind_address = params.smtp_bind_address6 = "";
	params.dns_servers = no_servers;
	params.dns_trusted_servers = loopback;
	dns_start();
	ck_assert_msg(own_open(&why), "%s", why);
	ck_assert_int_eq(chan_pair(fds), 0);
	chan_start(&agent, fds[0], ROLE_QMGR, "qmgr", agent_rules,
	    ARRAY_LEN(agent_rules), on_ended);
	chan_start(&qmgr, fds[1], ROLE_SMTP, "smtp", qmgr_rules,
	    ARRAY_LEN(qmgr_rules), on_ended);
}

static void
tear_down(void)
{
	chan_stop(&agent);
	chan_stop(&qmgr);
	dns_stop();
	own_close();
	loop_free();
	buf_free(&results);
	buf_free(&log_lines);
	log_sink(NULL);
}

static void
send_forwarded(uint32_t stream, const char *nexthop, const char *const *rcpts,
    const char *via)
{
	CLEAN_BUF struct buf packet = { 0 }, records = { 0 };
	CLEAN_FD int fd = memfd_create("message", MFD_CLOEXEC);

	ck_assert_int_eq(fd_write_all(fd, LINES, strlen(LINES)), 0);
	ck_assert_int_eq(fd_write_all(fd, "Received: y\r\n", 13), 0);
	for (uint32_t i = 0; rcpts[i] != NULL; i++) {
		struct rec_job_rcpt r = {
			.index = i,
			.address = rcpts[i],
			.orig = "",
			.via = via,
		};
		rec_put_job_rcpt(&records, &r);
	}
	struct msg_job m = {
		.stream = stream,
		.id = "ID",
		.transport = "smtp",
		.nexthop = nexthop,
		.sender = "s@x",
		.flags = job_flags,
		.hosts = ask_hosts,
		.data_len = strlen(LINES),
		.head_at = strlen(LINES),
		.head_len = 13,
		.max_line = 10,
		.arrived = loop_wall(),
		.queued = loop_wall(),
		.rcpts = { buf_str(&records), records.len },
	};
	msg_put_job(&packet, &m);
	chan_send(&qmgr, &packet, fd, false);
	chan_flush(&qmgr);
}

static void
send_job(uint32_t stream, const char *nexthop, const char *const *rcpts)
{
	send_forwarded(stream, nexthop, rcpts, "");
}

static void
wait_done(int n)
{
	int64_t end = clock_mono() + 20 * SECOND;

	while (done < n && clock_mono() < end)
		loop_once(50);
	ck_assert_int_eq(done, n);
}

static const char *
hop(struct arena *a, const struct host *h)
{
	return arena_printf(a, "[127.0.0.1]:%u", h->port);
}

/* ---- cases ---- */

static const char *const ab[] = { "a@x", "b@x", NULL };

static const char *const good[] = { "220 h\r\n", "250 h\r\n", "250 s\r\n",
	"250 a\r\n", "550 5.1.1 b\r\n", "354 go\r\n", "250 2.0.0 taken\r\n",
	"250 s\r\n", "250 a\r\n", "250 b\r\n", "354 go\r\n", "250 again\r\n",
	"221 bye\r\n", NULL };
static const char *const *const one_good[] = { good, NULL };

#define ENVELOPE "MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"
#define MESSAGE  "Received: y\r\n" LINES ".\r\n"

START_TEST(two_messages_go_over_one_connection)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf heard = { 0 };
	struct host h = start_host(one_good);

	send_job(7, hop(&a, &h), ab);
	wait_done(1);
	ck_assert_str_eq(buf_str(&results),
	    "7 0 1 0 2.0.0 250 2.0.0 taken\n"
	    "7 1 3 0 5.1.1 host 127.0.0.1[127.0.0.1] said: 550 5.1.1 b (in "
	    "reply to RCPT TO command)\n");
	ck_assert_uint_eq(smtp_job_count(), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&log_lines),
	    "ID: to=<a@x>, relay=127.0.0.1[127.0.0.1]:"));

	send_job(8, hop(&a, &h), ab);
	wait_done(2);
	ck_assert_ptr_nonnull(strstr(buf_str(&results),
	    "8 0 1 0 2.0.0 250 again\n8 1 1 0 2.0.0 250 again\n"));
	stop_host(&h, &heard);
	ck_assert_str_eq(buf_str(&heard),
	    "EHLO me.test\r\n" ENVELOPE MESSAGE ENVELOPE MESSAGE "QUIT\r\n");
}
END_TEST

/* The host hangs up after the first message; the second takes a new connection
 * and nobody hears of it. */
static const char *const hangs_up[] = { "220 h\r\n", "250 h\r\n", "250 s\r\n",
	"250 a\r\n", "250 b\r\n", "354 go\r\n", "250 first\r\n", "!", NULL };
static const char *const takes[] = { "220 h\r\n", "250 h\r\n", "250 s\r\n",
	"250 a\r\n", "250 b\r\n", "354 go\r\n", "250 second\r\n", NULL };
static const char *const *const stale[] = { hangs_up, takes, NULL };

START_TEST(a_stale_connection_is_replaced)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf heard = { 0 };
	struct host h = start_host(stale);

	send_job(1, hop(&a, &h), ab);
	wait_done(1);
	send_job(2, hop(&a, &h), ab);
	wait_done(2);
	ck_assert_str_eq(buf_str(&results),
	    "1 0 1 0 2.0.0 250 first\n1 1 1 0 2.0.0 250 first\n"
	    "2 0 1 0 2.0.0 250 second\n2 1 1 0 2.0.0 250 second\n");
	stop_host(&h, &heard);
}
END_TEST

START_TEST(what_was_forwarded_says_by_whom)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf heard = { 0 };
	struct host h = start_host(one_good);

	send_forwarded(1, hop(&a, &h), ab, "alice@me.test");
	wait_done(1);
	stop_host(&h, &heard);
	ck_assert_ptr_nonnull(strstr(buf_str(&heard),
	    "DATA\r\nDelivered-To: alice@me.test\r\nReceived: y\r\n"));
}
END_TEST

START_TEST(a_host_that_is_not_there)
{
	send_job(1, "[127.0.0.1]:1", ab);
	wait_done(1);
	ck_assert_str_eq(buf_str(&results),
	    "1 0 2 2 4.4.1 connect to 127.0.0.1[127.0.0.1]:1: Connection "
	    "refused\n"
	    "1 1 2 2 4.4.1 connect to 127.0.0.1[127.0.0.1]:1: Connection "
	    "refused\n");
	ck_assert_ptr_nonnull(strstr(buf_str(&log_lines),
	    "connect to 127.0.0.1[127.0.0.1]:1: Connection refused\n"));
}
END_TEST

/* localhost has two addresses here; on one of them nobody listens. */
START_TEST(another_address_is_tried)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf heard = { 0 };
	struct host h = start_host(one_good);

	params.smtp_address_preference = "ipv6";
	send_job(1, arena_printf(&a, "[localhost]:%u", h.port), ab);
	wait_done(1);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&log_lines), "connect to localhost[::1]:"));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&results), "1 0 1 0 2.0.0 250 2.0.0 taken\n"));
	stop_host(&h, &heard);
}
END_TEST

START_TEST(without_a_resolver_it_is_the_resolver)
{
	send_job(1, "example.org", ab);
	wait_done(1);
	ck_assert_ptr_nonnull(strstr(buf_str(&results),
	    "1 0 2 3 4.4.3 Host or domain name not found. Name service error "
	    "for name=example.org type=MX: Host not found, try again\n"));
}
END_TEST

START_TEST(a_malformed_next_hop_is_bounced)
{
	send_job(1, "[x]:nowhere", ab);
	wait_done(1);
	ck_assert_ptr_nonnull(strstr(buf_str(&results), "1 0 3 0 5.4.4 "));
}
END_TEST

START_TEST(mail_to_ourselves_is_a_loop)
{
	send_job(1, "[127.0.0.1]", ab);
	wait_done(1);
	ck_assert_ptr_nonnull(strstr(buf_str(&results),
	    "1 0 3 0 5.4.6 mail for [127.0.0.1] loops back to myself\n"));
}
END_TEST

START_TEST(a_backup_returns_what_loops)
{
	job_flags = MAIL_BACKUP;
	send_job(1, "[127.0.0.1]", ab);
	wait_done(1);
	ck_assert_ptr_nonnull(strstr(buf_str(&results),
	    "1 0 3 0 5.4.6 mail for [127.0.0.1] loops back to myself\n"));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&log_lines), "dsn=5.4.6, status=bounced (mail for"));
}
END_TEST

START_TEST(hosts_are_told_before_they_are_tried)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf heard = { 0 };
	struct host h = start_host(one_good);

	ask_hosts = true;
	send_job(1, hop(&a, &h), ab);
	wait_done(1);
	ck_assert_str_eq(buf_str(&results), "host 127.0.0.1 127.0.0.1 1\n");
	ck_assert_ptr_null(strstr(buf_str(&log_lines), "status="));

	let_go = true;
	send_job(2, hop(&a, &h), ab);
	wait_done(2);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&results), "2 0 1 0 2.0.0 250 2.0.0 taken\n"));
	/* And not on a connection that lies there. */
	send_job(3, hop(&a, &h), ab);
	wait_done(3);
	ck_assert_ptr_null(
	    strstr(strstr(buf_str(&results), "2 0 1"), "host 127.0.0.1 "));
	stop_host(&h, &heard);
}
END_TEST

static const char *const silent[] = { "220 h\r\n", "250 h\r\n", "250 s\r\n", "",
	NULL };
static const char *const *const one_silent[] = { silent, NULL };

START_TEST(a_delivery_can_be_stopped)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf heard = { 0 }, packet = { 0 };
	struct host h = start_host(one_silent);
	struct msg_job_cancel m = { .stream = 3 };

	send_job(3, hop(&a, &h), ab);
	for (int i = 0; i < 20; i++)
		loop_once(10);
	ck_assert_uint_eq(smtp_job_count(), 1);
	msg_put_job_cancel(&packet, &m);
	chan_send(&qmgr, &packet, -1, false);
	chan_flush(&qmgr);
	wait_done(1);
	ck_assert_ptr_nonnull(strstr(buf_str(&results),
	    "3 0 2 4 4.3.0 the delivery was stopped\n"));
	stop_host(&h, &heard);
}
END_TEST

START_TEST(a_queue_manager_that_dies_takes_its_jobs_along)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf heard = { 0 };
	struct host h = start_host(one_silent);

	send_job(3, hop(&a, &h), ab);
	for (int i = 0; i < 20; i++)
		loop_once(10);
	chan_stop(&qmgr);
	for (int i = 0; i < 5; i++)
		loop_once(10);
	ck_assert_uint_eq(smtp_job_count(), 0);
	stop_host(&h, &heard);
}
END_TEST

START_TEST(a_malformed_job_ends_the_channel)
{
	CLEAN_BUF struct buf packet = { 0 };

	wire_put_u32(&packet, MSG_job);
	wire_put_u32(&packet, 1);
	chan_send(&qmgr, &packet, -1, false);
	chan_flush(&qmgr);
	for (int i = 0; i < 5; i++)
		loop_once(10);
	ck_assert(!agent.open);
	ck_assert_uint_eq(smtp_job_count(), 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("smtp_job");
	TCase *t = tcase_create("smtp_job");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, two_messages_go_over_one_connection);
	tcase_add_test(t, a_stale_connection_is_replaced);
	tcase_add_test(t, what_was_forwarded_says_by_whom);
	tcase_add_test(t, a_host_that_is_not_there);
	tcase_add_test(t, another_address_is_tried);
	tcase_add_test(t, without_a_resolver_it_is_the_resolver);
	tcase_add_test(t, a_malformed_next_hop_is_bounced);
	tcase_add_test(t, mail_to_ourselves_is_a_loop);
	tcase_add_test(t, a_backup_returns_what_loops);
	tcase_add_test(t, hosts_are_told_before_they_are_tried);
	tcase_add_test(t, a_delivery_can_be_stopped);
	tcase_add_test(t, a_queue_manager_that_dies_takes_its_jobs_along);
	tcase_add_test(t, a_malformed_job_ends_the_channel);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
