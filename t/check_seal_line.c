/*
 * seal_line: who is served, who waits, who is turned away; and seal with a slow
 * DNS and more questions than it has open at one time.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "check_conf.h"
#include "clock.h"
#include "dkim.h"
#include "dns.h"
#include "fd.h"
#include "msg.h"
#include "program.h"
#include "seal_judge.h"
#include "seal_line.h"
#include "seal_spf.h"
#include "seal_verdict.h"
#include "spf_record.h"

#define GUESTS   5
#define CROWD    10000
#define MANY     1200 /* questions; seal has 500 open at one time */
#define SLOW     200  /* milliseconds that a name server takes */
#define PATIENCE (40 * SECOND)

/* seal_srs.c has no master to watch a file, and seal_report.c tells nobody. */
void
program_watch(const char *path __attribute__((unused)))
{
}

struct chan *
program_peer(enum role role __attribute__((unused)))
{
	return NULL;
}

/* ---- the line ---- */

static struct seal_place places[CROWD];
static char said[64];
static size_t n_served;

static void
note(char what, const struct seal_place *p)
{
	size_t len = strlen(said);

	ck_assert_uint_lt(len + 2, sizeof(said));
	said[len] = what;
	said[len + 1] = (char)('0' + (p - places));
}

static void
serve_one(struct seal_place *p)
{
	note('s', p);
}

static void
refuse_one(struct seal_place *p)
{
	note('r', p);
}

static struct seal_line line;

static void
setup(void)
{
	loop_start();
	memset(places, 0, sizeof(places));
	memset(said, 0, sizeof(said));
	n_served = 0;
	line = (struct seal_line){
		.most = 2,
		.length_max = 2,
		.patience = 50,
		.serve = serve_one,
		.refuse = refuse_one,
	};
}

static void
teardown(void)
{
	loop_cancel(&line.turn);
	loop_cancel(&line.due);
	loop_free();
}

START_TEST(in_the_order_of_coming)
{
	for (size_t i = 0; i < GUESTS; i++)
		seal_line_enter(&line, &places[i]);
	ck_assert_str_eq(said, "s0s1r4"); /* the line is full then */
	seal_line_leave(&line, &places[4]);
	seal_line_leave(&line, &places[1]);
	loop_once(0);
	ck_assert_str_eq(said, "s0s1r4s2");
	/* One that goes away while it waits takes nobody's turn. */
	seal_line_leave(&line, &places[3]);
	seal_line_leave(&line, &places[3]);
	seal_line_leave(&line, &places[0]);
	loop_once(0);
	ck_assert_str_eq(said, "s0s1r4s2");
	seal_line_enter(&line, &places[3]);
	ck_assert_str_eq(said, "s0s1r4s2s3");
}
END_TEST

START_TEST(patience_ends)
{
	for (size_t i = 0; i < 4; i++)
		seal_line_enter(&line, &places[i]);
	int64_t began = clock_mono();
	while (strchr(said, 'r') == NULL)
		loop_once(1000);
	ck_assert_int_ge(clock_mono() - began, 50);
	ck_assert_str_eq(said, "s0s1r2r3");
	seal_line_leave(&line, &places[2]);
	seal_line_leave(&line, &places[3]);
	seal_line_enter(&line, &places[2]);
	seal_line_leave(&line, &places[0]);
	loop_once(0);
	ck_assert_str_eq(said, "s0s1r2r3s2");
}
END_TEST

static void
serve_at_once(struct seal_place *p)
{
	if (++n_served > 1)
		seal_line_leave(&line, p);
}

START_TEST(a_long_line_is_no_deep_stack)
{
	line.most = 1;
	line.length_max = CROWD;
	line.patience = PATIENCE;
	line.serve = serve_at_once;
	for (size_t i = 0; i < CROWD; i++)
		seal_line_enter(&line, &places[i]);
	ck_assert_uint_eq(n_served, 1);
	seal_line_leave(&line, &places[0]);
	loop_once(0);
	ck_assert_uint_eq(n_served, CROWD);
	ck_assert_uint_eq(line.open, 0);
	ck_assert_uint_eq(line.length, 0);
}
END_TEST

/* ---- a slow name server, which knows nothing ---- */

struct asked {
	char bytes[512];
	size_t len;
	struct sockaddr_in from;
};

static struct asked waiting[2 * MANY];
static size_t n_waiting;

static void
say_nothing_found(int fd)
{
	for (size_t i = 0; i < n_waiting; i++) {
		struct asked *a = &waiting[i];

		a->bytes[2] = (char)0x84;
		a->bytes[3] = (char)0x83;
		(void)sendto(fd, a->bytes, a->len, 0,
		    (struct sockaddr *)&a->from, sizeof(a->from));
	}
	n_waiting = 0;
}

static void
serve_dns(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t until = clock_mono() + SLOW;

	for (;;) {
		int64_t left = until - clock_mono();

		if (left <= 0) {
			say_nothing_found(fd);
			until = clock_mono() + SLOW;
			continue;
		}
		if (poll(&p, 1, (int)left) != 1 ||
		    n_waiting == ARRAY_LEN(waiting))
			continue;
		struct asked *a = &waiting[n_waiting];
		socklen_t from_len = sizeof(a->from);
		ssize_t n = recvfrom(fd, a->bytes, sizeof(a->bytes), 0,
		    (struct sockaddr *)&a->from, &from_len);
		if (n <= 0)
			continue;
		a->len = (size_t)n;
		n_waiting++;
	}
}

static pid_t
start_dns(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	pid_t pid = fork();
	if (pid == 0)
		serve_dns(fd);
	return pid;
}

/* ---- seal ---- */

static void
on_ended(struct chan *c __attribute__((unused)))
{
	_exit(0);
}

static const struct chan_rule rules[] = {
	{ MSG_spf_ask, 1U << ROLE_CLEANUP, seal_spf_ask },
	{ MSG_judge, 1U << ROLE_CLEANUP, seal_judge_ask },
};

static pid_t
start_seal(int *sock)
{
	static struct chan c;
	int fds[2];

	ck_assert_int_eq(chan_pair(fds), 0);
	*sock = fds[0];
	pid_t pid = fork();
	if (pid != 0) {
		close_fd(&fds[1]);
		return pid;
	}
	close_fd(&fds[0]);
	dkim_start();
	loop_start();
	dns_start();
	seal_verdict_open();
	chan_start(&c, fds[1], ROLE_CLEANUP, "smtpd", rules, ARRAY_LEN(rules),
	    on_ended);
	loop_run();
	_exit(1);
}

static void
put_spf(struct buf *packet, uint32_t number)
{
	CLEAN_ARENA struct arena a = { 0 };

	msg_put_spf_ask(packet,
	    &(struct msg_spf_ask){
		.stream = number,
		.client = "192.0.2.1",
		.helo = "x",
		.sender = arena_printf(&a, "a@d%u.test", number),
	    });
}

static void
hear_spf(const void *body, size_t len)
{
	struct msg_spf_done m;

	ck_assert(msg_get_spf_done(&m, body, len));
	ck_assert_msg(m.result == SPF_NONE, "%u: %s", m.result, m.why);
}

static void
put_judge(struct buf *packet, uint32_t number)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct slice message = slice_of(
	    arena_printf(&a, "From: <a@d%u.test>\r\n\r\nbody\r\n", number));

	msg_put_judge(packet,
	    &(struct msg_judge){
		.stream = number,
		.id = "ID",
		.client = "192.0.2.1",
		.helo = "x",
		.sender = "",
		.spf_domain = "",
		.data_len = message.len,
		.content = message,
	    });
}

static void
hear_judged(const void *body, size_t len)
{
	struct msg_judged m;

	ck_assert(msg_get_judged(&m, body, len));
	ck_assert_msg(strstr(m.results, "; dmarc=none") != NULL, "%s",
	    m.results);
}

static const struct {
	void (*put)(struct buf *packet, uint32_t number);
	void (*hear)(const void *body, size_t len);
} kinds[] = {
	{ put_spf, hear_spf },
	{ put_judge, hear_judged },
};

START_TEST(with_a_slow_dns_nobody_is_in_doubt)
{
	CLEAN_BUF struct buf packet = { 0 };
	char conf[128];
	uint16_t port;
	int sock, fd, status;

	pid_t server = start_dns(&port);
	(void)snprintf(conf, sizeof(conf),
	    "myhostname = mx.test\ndns_servers = 127.0.0.1:%u\n", port);
	load_conf(conf);
	pid_t seal = start_seal(&sock);
	for (uint32_t i = 0; i < MANY; i++) {
		buf_reset(&packet);
		kinds[_i].put(&packet, i);
		ck_assert_int_eq(chan_send_now(sock, &packet, -1), 0);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		buf_reset(&packet);
		ck_assert_int_eq(chan_get_now(sock, &packet, &fd, PATIENCE), 0);
		kinds[_i].hear(packet.text + sizeof(uint32_t),
		    packet.len - sizeof(uint32_t));
	}
	close_fd(&sock);
	ck_assert_int_eq(waitpid(seal, &status, 0), seal);
	ck_assert_int_eq(status, 0);
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("seal_line");
	TCase *c = tcase_create("line");
	TCase *slow = tcase_create("slow DNS");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, in_the_order_of_coming);
	tcase_add_test(c, patience_ends);
	tcase_add_test(c, a_long_line_is_no_deep_stack);
	suite_add_tcase(s, c);
	tcase_add_loop_test(slow, with_a_slow_dns_nobody_is_in_doubt, 0,
	    (int)ARRAY_LEN(kinds));
	suite_add_tcase(s, slow);
	return s;
}

#include "check_main.h"
