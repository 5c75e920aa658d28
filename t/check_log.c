/*
 * log: lines to scribe in packets, a bounded wait, what is lost is said.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "log.h"

static int pair[2];

static void
open_pair(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			     pair),
	    0);
	log_open(pair[0]);
}

/* All the texts that have arrived, each followed by a bar. */
static void
receive(struct buf *out, size_t *lines)
{
	static char packet[131072];
	ssize_t n;

	while ((n = recv(pair[1], packet, sizeof(packet), 0)) > 0) {
		const char *at = packet;
		size_t left = (size_t)n;
		struct log_record r;

		while (log_next_record(&at, &left, &r)) {
			buf_addf(out, "%u:%s|", r.level, r.text);
			ck_assert_int_gt(r.time, INT64_C(1700000000000000));
			++*lines;
		}
		ck_assert_ptr_nonnull(at);
	}
}

START_TEST(lines_go_out_at_the_flush)
{
	CLEAN_BUF struct buf got = { 0 };
	size_t lines = 0;

	open_pair();
	ck_assert(!log_waits());
	log_info("%s: from=<%s>" LOG_SEP "size=%d", "ID", "a@b", 7);
	ck_assert(log_waits() && !log_is_urgent());
	log_warn("two\nlines");
	ck_assert(log_waits() && log_is_urgent());
	log_debug("unheard");
	receive(&got, &lines);
	ck_assert_uint_eq(lines, 0);
	ck_assert(log_flush());
	receive(&got, &lines);
	ck_assert_str_eq(buf_str(&got),
	    "0:ID: from=<a@b>" LOG_SEP "size=7|1:two?lines|");
	log_verbose(true);
	log_debug("heard");
	ck_assert(log_flush());
	receive(&got, &lines);
	ck_assert_uint_eq(lines, 3);
}
END_TEST

START_TEST(a_long_line_is_cut_and_says_so)
{
	CLEAN_BUF struct buf got = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	size_t lines = 0;

	for (int i = 0; i < 3000; i++)
		buf_adds(&text, "0123456789");
	open_pair();
	log_info("%s", buf_str(&text));
	ck_assert(log_flush());
	receive(&got, &lines);
	ck_assert_uint_eq(lines, 1);
	ck_assert_uint_eq(got.len, LOG_LINE_MAX + 3);
	ck_assert_ptr_nonnull(strstr(buf_str(&got), "... (line cut)|"));
}
END_TEST

START_TEST(what_is_lost_is_counted)
{
	CLEAN_BUF struct buf got = { 0 };
	char text[1001] = { 0 };
	size_t lines = 0;
	unsigned int lost = 0;

	memset(text, 'x', sizeof(text) - 1);
	open_pair();
	for (int i = 0; i < 6000; i++)
		log_info("%s", text);
	ck_assert(!log_flush());
	while (!log_flush())
		receive(&got, &lines);
	receive(&got, &lines);
	ck_assert(log_flush());
	receive(&got, &lines);

	const char *said = strstr(buf_str(&got), "|1:");
	ck_assert_ptr_nonnull(said);
	ck_assert_int_eq(sscanf(said, "|1:%u log lines are missing", &lost), 1);
	ck_assert_uint_gt(lost, 100);
	ck_assert_uint_eq(lines - 1 + lost, 6000);
}
END_TEST

START_TEST(every_prefix_of_a_packet_is_malformed)
{
	char packet[1000];
	size_t whole = 0;

	open_pair();
	log_info("a line");
	ck_assert(log_flush());
	ssize_t n = recv(pair[1], packet, sizeof(packet), 0);
	ck_assert_int_gt(n, 0);
	for (size_t cut = 1; cut <= (size_t)n; cut++) {
		const char *at = packet;
		size_t left = cut;
		struct log_record r;

		if (log_next_record(&at, &left, &r))
			whole++;
		else
			ck_assert_ptr_null(at);
	}
	ck_assert_uint_eq(whole, 1);
}
END_TEST

START_TEST(a_closed_end_does_not_stop_us)
{
	open_pair();
	ck_assert_int_eq(close(pair[1]), 0);
	log_info("nobody hears this");
	ck_assert(log_flush());
}
END_TEST

START_TEST(the_last_words_are_heard)
{
	CLEAN_BUF struct buf got = { 0 };
	size_t lines = 0;
	int status;

	open_pair();
	pid_t pid = fork();
	if (pid == 0)
		log_fatal("no disk");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	pid = fork();
	if (pid == 0)
		log_panic("a bug");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	receive(&got, &lines);
	ck_assert_str_eq(buf_str(&got), "2:no disk|3:a bug|");
}
END_TEST

static struct buf heard;

static void
hear(enum log_level level, const char *line)
{
	buf_addf(&heard, "%d:%s|", (int)level, line);
}

START_TEST(a_sink_takes_plain_lines)
{
	log_sink(hear);
	log_info("ID: to=<a>" LOG_SEP "relay=local");
	log_sink(NULL);
	ck_assert_str_eq(buf_str(&heard), "0:ID: to=<a>, relay=local|");
	buf_free(&heard);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_test(t, lines_go_out_at_the_flush);
	tcase_add_test(t, a_long_line_is_cut_and_says_so);
	tcase_add_test(t, what_is_lost_is_counted);
	tcase_add_test(t, every_prefix_of_a_packet_is_malformed);
	tcase_add_test(t, a_closed_end_does_not_stop_us);
	tcase_add_test(t, the_last_words_are_heard);
	tcase_add_test(t, a_sink_takes_plain_lines);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
