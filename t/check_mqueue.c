/*
 * mqueue: choosing messages, and how they are written.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "mqueue.h"

#define ID "B0C1D2F3G4H5J"

static struct item item;

static void
make_item(const char *queue, const char *sender)
{
	CLEAN_BUF struct buf b = { 0 };

	rec_put_q_mail(&b,
	    &(struct rec_q_mail){
		.queue = queue,
		.id = ID,
		.arrived = 1700000000 * SECOND,
		.size = 2048,
		.sender = sender,
	    });
	ck_assert(item_begin(&item, (struct slice){ b.text, b.len }));
}

static void
add_rcpt(const char *address, const char *reason)
{
	CLEAN_BUF struct buf b = { 0 };

	rec_put_q_rcpt(&b,
	    &(struct rec_q_rcpt){
		.address = address,
		.orig = "list@here.test",
		.transport = "smtp",
		.nexthop = "y.test",
		.reason = reason,
		.dsn = "4.4.1",
		.relay = "none",
		.attempts = 3,
		.next_retry = 1700000600 * SECOND,
	    });
	ck_assert(item_add(&item, (struct slice){ b.text, b.len }));
}

static void
setup(void)
{
	(void)setenv("TZ", "UTC", 1); /* cannot fail with this name */
	tzset();
	make_item("deferred", "s@x.test");
	add_rcpt("a@Y.test", "connect to h.y.test[192.0.2.1]:25: refused");
	add_rcpt("b@z.test", "mailbox \"full\"");
}

static void
teardown(void)
{
	item_free(&item);
}

static const struct {
	struct choice choice;
	bool has;
} choices[] = {
	{ { 0 }, true },
	{ { .from = "s@x.test" }, true },
	{ { .from = "*@X.TEST" }, true },
	{ { .from = "s@x" }, false },
	{ { .from = "<>" }, false },
	{ { .to = "b@z.test" }, true },
	{ { .to = "list@*" }, true },
	{ { .to = "c@z.test" }, false },
	{ { .domain = "y.test" }, true },
	{ { .domain = "test" }, false },
	{ { .reason = "REFUSED" }, true },
	{ { .reason = "timed out" }, false },
	{ { .domain = "z.test", .reason = "refused" }, false },
	{ { .older = HOUR }, true },
	{ { .older = 3 * HOUR }, false },
	{ { .from = "s@x.test", .older = 3 * HOUR }, false },
};

START_TEST(a_choice_holds_as_a_whole)
{
	int64_t now = 1700000000 * SECOND + 2 * HOUR;

	ck_assert_int_eq(choice_has(&choices[_i].choice, &item, now),
	    choices[_i].has);
	ck_assert_int_eq(choice_is_empty(&choices[_i].choice), _i == 0);
}
END_TEST

START_TEST(the_null_sender_is_chosen_by_its_brackets)
{
	make_item("active", "");
	ck_assert(choice_has(&(struct choice){ .from = "<>" }, &item, 0));
	ck_assert(choice_has(&(struct choice){ .from = "" }, &item, 0));
	ck_assert(!choice_has(&(struct choice){ .from = "s@*" }, &item, 0));
}
END_TEST

START_TEST(the_list_is_what_mailq_users_know)
{
	CLEAN_BUF struct buf out = { 0 };
	struct show_list l = { 0 };

	show_list_item(&out, &l, &item);
	show_list_end(&out, &l);
	ck_assert_str_eq(buf_str(&out),
	    "----Queue ID----- --Size-- ---Arrival Time---- "
	    "--Sender/Recipient------\n" ID
	    "         2048 Tue Nov 14 22:13:20 s@x.test\n"
	    "                                  "
	    "(connect to h.y.test[192.0.2.1]:25: refused)\n"
	    "                                               a@Y.test\n"
	    "                                                              "
	    "(mailbox \"full\")\n"
	    "                                               b@z.test\n"
	    "\n"
	    "-- 2 Kbytes in 1 Request.\n");
}
END_TEST

START_TEST(an_empty_queue_is_said)
{
	CLEAN_BUF struct buf out = { 0 };

	show_list_end(&out, &(struct show_list){ 0 });
	ck_assert_str_eq(buf_str(&out), "Mail queue is empty\n");
}
END_TEST

START_TEST(active_and_held_mail_is_marked)
{
	CLEAN_BUF struct buf out = { 0 };
	struct show_list l = { 0 };

	make_item("active", "");
	show_list_item(&out, &l, &item);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), ID "* "));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), " MAILER-DAEMON\n"));
	make_item("hold", "");
	show_list_item(&out, &l, &item);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), ID "! "));
}
END_TEST

START_TEST(json_is_one_line)
{
	CLEAN_BUF struct buf out = { 0 };

	show_json(&out, &item);
	ck_assert_str_eq(buf_str(&out),
	    "{\"queue_name\": \"deferred\", \"queue_id\": \"" ID
	    "\", \"arrival_time\": 1700000000, \"message_size\": 2048, "
	    "\"forced_expire\": false, \"sender\": \"s@x.test\", "
	    "\"recipients\": [{\"address\": \"a@Y.test\", \"delay_reason\": "
	    "\"connect to h.y.test[192.0.2.1]:25: refused\", "
	    "\"orig_address\": \"list@here.test\", \"dsn\": \"4.4.1\", "
	    "\"relay\": \"none\", \"transport\": \"smtp\", \"nexthop\": "
	    "\"y.test\", \"attempts\": 3, \"next_retry\": 1700000600}, "
	    "{\"address\": \"b@z.test\", \"delay_reason\": "
	    "\"mailbox \\\"full\\\"\", \"orig_address\": \"list@here.test\", "
	    "\"dsn\": \"4.4.1\", \"relay\": \"none\", \"transport\": "
	    "\"smtp\", \"nexthop\": \"y.test\", \"attempts\": 3, "
	    "\"next_retry\": 1700000600}]}\n");
}
END_TEST

START_TEST(json_holds_any_bytes)
{
	CLEAN_BUF struct buf out = { 0 };

	make_item("deferred", "\x01\\\xff@x");
	show_json(&out, &item);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&out), "\"sender\": \"\\u0001\\\\\\u00ff@x\""));
	buf_reset(&out);
	make_item("deferred", "j\xc3\xb6rg@x");
	show_json(&out, &item);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "j\xc3\xb6rg@x"));
}
END_TEST

START_TEST(the_summary_counts_messages_not_recipients)
{
	CLEAN_BUF struct buf out = { 0 };
	struct show_summary s = { 0 };

	show_summary_item(&s, &item);
	show_summary_item(&s, &item);
	show_summary_end(&out, &s, 1700000300 * SECOND, false);
	ck_assert_ptr_nonnull(strstr(buf_str(&out),
	    "smtp:y.test                             2       4096 up          "
	    "-       5m        3       5m connect to"));
}
END_TEST

START_TEST(the_summary_says_what_is_down)
{
	CLEAN_BUF struct buf out = { 0 };
	struct show_summary s = { 0 }, j = { 0 };

	for (size_t i = 0; i < item.n; i++)
		item.rcpts[i].down = 1700000100 * SECOND;
	show_summary_item(&s, &item);
	show_summary_item(&j, &item);
	show_summary_end(&out, &s, 1700000300 * SECOND, false);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&out), "2048 down       3m       5m        3 "));
	buf_reset(&out);
	show_summary_end(&out, &j, 1700000300 * SECOND, true);
	ck_assert_str_eq(buf_str(&out),
	    "{\"next_hop\": \"smtp:y.test\", \"state\": \"down\", "
	    "\"down_since\": 1700000100, \"messages\": 1, \"bytes\": 2048, "
	    "\"oldest\": 1700000000, \"attempts\": 3, \"next_retry\": "
	    "1700000600, \"reason\": \"connect to h.y.test[192.0.2.1]:25: "
	    "refused\"}\n");
}
END_TEST

START_TEST(every_prefix_of_a_line_is_refused)
{
	CLEAN_BUF struct buf b = { 0 };

	rec_put_q_rcpt(&b, &(struct rec_q_rcpt){ .address = "a@b" });
	for (size_t i = 1; i < b.len; i++)
		ck_assert(!item_add(&item, (struct slice){ b.text, i }));
	buf_reset(&b);
	rec_put_q_mail(&b, &(struct rec_q_mail){ .id = ID });
	for (size_t i = 0; i < b.len; i++)
		ck_assert(!item_begin(&item, (struct slice){ b.text, i }));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("mqueue");
	TCase *t = tcase_create("mqueue");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_choice_holds_as_a_whole, 0,
	    ARRAY_LEN(choices));
	tcase_add_test(t, the_null_sender_is_chosen_by_its_brackets);
	tcase_add_test(t, the_list_is_what_mailq_users_know);
	tcase_add_test(t, an_empty_queue_is_said);
	tcase_add_test(t, active_and_held_mail_is_marked);
	tcase_add_test(t, json_is_one_line);
	tcase_add_test(t, json_holds_any_bytes);
	tcase_add_test(t, the_summary_counts_messages_not_recipients);
	tcase_add_test(t, the_summary_says_what_is_down);
	tcase_add_test(t, every_prefix_of_a_line_is_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
