/*
 * callout: the cache's records and file, the limits, and questions with smtpd
 * and smtp at the other ends.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "callout_cache.h"
#include "callout_entry.h"
#include "callout_limit.h"
#include "callout_vet.h"
#include "clock.h"
#include "log.h"
#include "param.h"
#include "program.h"

#define NOW (20000 * DAY)

static struct chan to_smtpd, to_smtp;
static int smtpd = -1, smtp = -1;
static char folder[64], path[80];
static struct buf logged;

struct chan *
program_next_peer(enum role role, struct chan *after)
{
	return role == ROLE_SMTP && after == NULL && to_smtp.open ? &to_smtp
								  : NULL;
}

static void
sink(enum log_level level __attribute__((unused)), const char *line)
{
	buf_addf(&logged, "%s\n", line);
}

static void
set_params(void)
{
	params.address_verify_cache_limit = 100;
	params.address_verify_negative_cache = true;
	params.address_verify_negative_expire_time = 3 * DAY;
	params.address_verify_negative_refresh_time = 3 * 3600 * SECOND;
	params.address_verify_positive_expire_time = 31 * DAY;
	params.address_verify_positive_refresh_time = 7 * DAY;
	params.address_verify_poll_count = 3;
	params.address_verify_poll_delay = 100;
	params.address_verify_sender = xstrdup("");
	params.backup_verify_rate_limit = 60;
}

/* ---- records ---- */

static const struct callout_entry good = {
	.verdict = VETTED_GOOD,
	.when = NOW,
	.code = 250,
	.status = "2.1.5",
	.text = "host h[1] said: 250 2.1.5 Ok",
};

START_TEST(an_entry_comes_back_and_no_part_of_it_does)
{
	CLEAN_BUF struct buf b = { 0 };
	struct callout_entry e = { 0 };

	callout_entry_put(&b, &good);
	for (size_t n = 0; n < b.len; n++) {
		char *part = malloc(n + 1); /* of this size, for sanitizers */

		memcpy(part, b.text, n);
		ck_assert(!callout_entry_parse(part, n, &e));
		free(part);
	}
	ck_assert(callout_entry_parse(b.text, b.len, &e));
	ck_assert_int_eq(e.verdict, VETTED_GOOD);
	ck_assert_int_eq(e.when, NOW);
	ck_assert_int_eq(e.code, 250);
	ck_assert_str_eq(e.status, "2.1.5");
	ck_assert_str_eq(e.text, good.text);
	buf_addc(&b, 'x');
	ck_assert(!callout_entry_parse(b.text, b.len, &e));
}
END_TEST

START_TEST(no_other_byte_in_front_is_an_entry_of_ours)
{
	CLEAN_BUF struct buf b = { 0 };
	struct callout_entry e;

	callout_entry_put(&b, &good);
	b.text[0] = 2; /* the version */
	ck_assert(!callout_entry_parse(b.text, b.len, &e));
	b.text[0] = 1;
	b.text[1] = VETTED_LIMITED;
	ck_assert(!callout_entry_parse(b.text, b.len, &e));
}
END_TEST

/* clang-format off */
static const struct {
	enum vetted verdict;
	int64_t age;
	enum callout_age want;
} ages[] = {
	{ VETTED_GOOD, 0,                      AGE_FRESH },
	{ VETTED_GOOD, 7 * DAY - 1,            AGE_FRESH },
	{ VETTED_GOOD, 7 * DAY,                AGE_STALE },
	{ VETTED_GOOD, 31 * DAY - 1,           AGE_STALE },
	{ VETTED_GOOD, 31 * DAY,               AGE_OVER },
	{ VETTED_BAD,  3 * 3600 * SECOND - 1,  AGE_FRESH },
	{ VETTED_BAD,  3 * 3600 * SECOND,      AGE_STALE },
	{ VETTED_BAD,  3 * DAY,                AGE_OVER },
	{ VETTED_GOOD, -1,                     AGE_STALE },
	{ VETTED_GOOD, -40 * DAY,              AGE_OVER },
};

static const struct {
	const char *address, *key;
} keys[] = {
	{ "User@Example.ORG",  "User@example.org" },
	{ "\"a@B\"@Example.ORG", "\"a@B\"@example.org" },
	{ "nobody",            "nobody" },
	{ "",                  NULL },
};
/* clang-format on */

START_TEST(an_entry_holds_for_its_time)
{
	struct callout_entry e = { .verdict = ages[_i].verdict, .when = NOW };

	set_params();
	ck_assert_int_eq(callout_entry_age(&e, NOW + ages[_i].age),
	    ages[_i].want);
}
END_TEST

START_TEST(only_the_domain_is_folded)
{
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf longest = { 0 };

	ck_assert_int_eq(callout_entry_key(&key, keys[_i].address),
	    keys[_i].key != NULL);
	if (keys[_i].key != NULL)
		ck_assert_str_eq(buf_str(&key), keys[_i].key);
	for (int i = 0; i < 501; i++)
		buf_addc(&longest, 'x');
	ck_assert(!callout_entry_key(&key, buf_str(&longest)));
}
END_TEST

/* ---- the cache ---- */

static void
make_folder(void)
{
	set_params();
	snprintf(folder, sizeof(folder), "/tmp/check_callout.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	/* As root the file is opened by the folder's owner. */
	if (geteuid() == 0)
		ck_assert_int_eq(chown(folder, 65534, 65534), 0);
	snprintf(path, sizeof(path), "%s/verify", folder);
}

static void
remove_folder(void)
{
	CLEAN_BUF struct buf name = { 0 };

	callout_cache_close();
	buf_addf(&name, "%s.lmdb", path);
	(void)unlink(buf_str(&name));
	buf_adds(&name, "-lock");
	(void)unlink(buf_str(&name));
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
open_cache(void)
{
	const char *why = "";
	bool open = callout_cache_open(path, &why);

	ck_assert_msg(open, "%s", why);
}

static void
put_one(const char *key, enum vetted verdict, int64_t when)
{
	struct callout_entry e = good;
	const char *why;

	e.verdict = verdict;
	e.when = when;
	callout_cache_put(key, &e);
	ck_assert(callout_cache_commit(&why));
}

static enum found
get_one(const char *key, int64_t now)
{
	CLEAN_BUF struct buf room = { 0 };
	struct callout_entry e;

	return callout_cache_get(key, now, &room, &e);
}

START_TEST(an_answer_outlives_the_process)
{
	make_folder();
	open_cache();
	put_one("a@x", VETTED_GOOD, NOW);
	callout_cache_close();
	open_cache();
	ck_assert_int_eq(get_one("a@x", NOW + DAY), FOUND_ONE);
	ck_assert_int_eq(get_one("b@x", NOW + DAY), FOUND_NONE);
	ck_assert_int_eq(get_one("a@x", NOW + 40 * DAY), FOUND_NONE);
	remove_folder();
}
END_TEST

START_TEST(the_oldest_go_when_there_are_too_many)
{
	char key[32];

	make_folder();
	open_cache();
	for (int i = 0; i < 150; i++) {
		snprintf(key, sizeof(key), "u%d@x", i);
		put_one(key, VETTED_GOOD, NOW + i);
	}
	put_one("u149@x", VETTED_BAD, NOW + 200); /* replaced, not added */
	ck_assert_uint_eq(callout_cache_count(), 100);
	ck_assert_int_eq(get_one("u49@x", NOW + DAY), FOUND_NONE);
	ck_assert_int_eq(get_one("u50@x", NOW + DAY), FOUND_ONE);
	ck_assert_int_eq(get_one("u149@x", NOW + DAY), FOUND_ONE);
	remove_folder();
}
END_TEST

START_TEST(what_was_not_committed_was_not_said)
{
	make_folder();
	open_cache();
	put_one("a@x", VETTED_GOOD, NOW);
	callout_cache_put("b@x", &good);
	ck_assert_int_eq(get_one("b@x", NOW), FOUND_ONE); /* in this round */
	callout_cache_close();
	open_cache();
	ck_assert_int_eq(get_one("a@x", NOW), FOUND_ONE);
	ck_assert_int_eq(get_one("b@x", NOW), FOUND_NONE);
	remove_folder();
}
END_TEST

/* Two processes have the file open; one is killed with its transaction open,
 * the other sees what it had committed and goes on. */
START_TEST(two_generations_share_it_and_one_may_be_killed)
{
	char byte;
	int ready[2];

	make_folder();
	ck_assert_int_eq(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		const char *why;

		if (!callout_cache_open(path, &why))
			_exit(1);
		callout_cache_put("a@x", &good);
		if (!callout_cache_commit(&why))
			_exit(1);
		callout_cache_put("b@x", &good);
		(void)!write(ready[1], "x", 1);
		pause();
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	open_cache();
	ck_assert_int_eq(get_one("a@x", NOW), FOUND_ONE);
	ck_assert_int_eq(get_one("b@x", NOW), FOUND_NONE);
	put_one("c@x", VETTED_GOOD, NOW);
	ck_assert_int_eq(get_one("c@x", NOW), FOUND_ONE);
	remove_folder();
}
END_TEST

static const struct {
	const char *what;
	off_t length;
} damages[] = {
	{ "empty", 0 },
	{ "no LMDB", 10000 },
	{ "cut short", -4096 },
};

START_TEST(a_damaged_file_is_begun_anew)
{
	CLEAN_BUF struct buf name = { 0 };

	make_folder();
	open_cache();
	put_one("a@x", VETTED_GOOD, NOW);
	callout_cache_close();
	buf_addf(&name, "%s.lmdb", path);
	int fd = open(buf_str(&name), O_RDWR | O_CLOEXEC);
	off_t length = damages[_i].length;
	ck_assert_int_eq(ftruncate(fd,
			     length >= 0 ? 0 : lseek(fd, 0, SEEK_END) + length),
	    0);
	if (length > 0)
		ck_assert_int_eq(ftruncate(fd, length), 0);
	close(fd);
	open_cache();
	ck_assert_int_eq(get_one("a@x", NOW), FOUND_NONE);
	put_one("b@x", VETTED_GOOD, NOW);
	ck_assert_int_eq(get_one("b@x", NOW), FOUND_ONE);
	remove_folder();
}
END_TEST

/* ---- limits ---- */

START_TEST(a_burst_is_let_pass_and_then_one_a_second)
{
	struct callout_limit l = { 0 };
	int64_t now = NOW;
	int asked = 0;

	for (int i = 0; i < 100; i++) {
		if (callout_limit_ask(&l, 60, now) == LEAVE_ASK) {
			callout_limit_over(&l, true, now);
			asked++;
		}
	}
	ck_assert_int_eq(asked, 15);
	ck_assert_int_eq(callout_limit_ask(&l, 60, now), LEAVE_TOO_MUCH);
	for (asked = 0; now < NOW + 60 * SECOND; now += 100) {
		if (callout_limit_ask(&l, 60, now) == LEAVE_ASK) {
			callout_limit_over(&l, true, now);
			asked++;
		}
	}
	ck_assert_int_ge(asked, 58);
	ck_assert_int_le(asked, 60);
	ck_assert(!callout_limit_idle(&l, 60, now));
	ck_assert(callout_limit_idle(&l, 60, now + 60 * SECOND));
}
END_TEST

START_TEST(few_at_a_time_and_rest_after_no_answer)
{
	struct callout_limit l = { 0 };

	for (int i = 0; i < LIMIT_AT_A_TIME; i++)
		ck_assert_int_eq(callout_limit_ask(&l, 0, NOW), LEAVE_ASK);
	ck_assert_int_eq(callout_limit_ask(&l, 0, NOW), LEAVE_WAIT);
	callout_limit_over(&l, false, NOW);
	ck_assert_int_eq(callout_limit_ask(&l, 0, NOW + 1), LEAVE_RESTING);
	ck_assert_int_eq(callout_limit_ask(&l, 0, NOW + LIMIT_REST), LEAVE_ASK);
	callout_limit_slow(&l, NOW + LIMIT_REST);
	ck_assert_int_eq(callout_limit_ask(&l, 0, NOW + LIMIT_REST + 1),
	    LEAVE_RESTING);
	callout_limit_over(&l, true, NOW + LIMIT_REST + 2);
	ck_assert_int_eq(callout_limit_ask(&l, 0, NOW + LIMIT_REST + 3),
	    LEAVE_ASK);
}
END_TEST

/* ---- questions ---- */

static const struct chan_rule rules[] = {
	{ MSG_vet, 1u << ROLE_SMTPD, callout_vet_ask },
	{ MSG_probe_done, 1u << ROLE_SMTP, callout_vet_probed },
};

static int
start_peer(struct chan *c, enum role role, const char *name)
{
	int fds[2];

	ck_assert_int_eq(chan_pair(fds), 0);
	chan_start(c, fds[0], (uint32_t)role, name, rules, ARRAY_LEN(rules),
	    callout_vet_peer_ended);
	return fds[1];
}

static void
start(void)
{
	make_folder();
	open_cache();
	log_sink(sink);
	loop_start();
	smtpd = start_peer(&to_smtpd, ROLE_SMTPD, "smtp");
	smtp = start_peer(&to_smtp, ROLE_SMTP, "relay");
}

static void
turn(void)
{
	const char *why;

	for (int i = 0; i < 5; i++)
		loop_once(1);
	ck_assert(callout_cache_commit(&why));
}

static void
ask(uint32_t stream, const char *address)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_vet m = {
		.stream = stream,
		.address = address,
		.transport = "relay",
		.nexthop = "x",
	};

	msg_put_vet(&packet, &m);
	ck_assert_int_eq(chan_send_now(smtpd, &packet, -1), 0);
	turn();
}

/* What callout has sent there, as text; "" where nothing came. */
static const char *
heard(int sock)
{
	static struct buf shown;
	CLEAN_BUF struct buf packet = { 0 };
	int fd;

	buf_reset(&shown);
	if (chan_get_now(sock, &packet, &fd, 50) == 0)
		msg_show(&shown, packet.text, packet.len);
	return buf_str(&shown);
}

#define HEARD(sock, part)                                                 \
	do {                                                              \
		const char *text_ = heard(sock);                          \
		ck_assert_msg(strstr(text_, part) != NULL, "no %s in %s", \
		    part, text_);                                         \
	} while (0)
#define SILENT(sock) ck_assert_str_eq(heard(sock), "")

static void
say(uint32_t number, enum vetted verdict, uint16_t code, bool best)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_probe_done m = {
		.stream = number,
		.verdict = (uint8_t)verdict,
		.best = best,
		.code = code,
		.status = code >= 500 ? "5.1.1" : "2.1.5",
		.text = "host h[1] said: so",
		.relay = "h[1]:25",
	};

	msg_put_probe_done(&packet, &m);
	ck_assert_int_eq(chan_send_now(smtp, &packet, -1), 0);
	turn();
}

START_TEST(many_questions_about_one_address_are_one_probe)
{
	start();
	ask(1, "a@x");
	ask(2, "a@X");
	HEARD(smtp, "address=\"a@x\"");
	SILENT(smtp);
	SILENT(smtpd);
	say(1, VETTED_GOOD, 250, true);
	HEARD(smtpd, "stream=1 verdict=1");
	HEARD(smtpd, "stream=2 verdict=1");
	ck_assert(strstr(buf_str(&logged), "to=<a@x>, relay=h[1]:25") != NULL);
	ck_assert(strstr(buf_str(&logged), "status=deliverable") != NULL);
	ask(3, "a@x"); /* from the cache */
	HEARD(smtpd, "stream=3 verdict=1");
	SILENT(smtp);
	ck_assert_uint_eq(callout_vet_open(), 0);
	remove_folder();
}
END_TEST

START_TEST(a_refusal_is_kept_and_carries_its_text)
{
	start();
	ask(1, "a@x");
	HEARD(smtp, "probe_rcpt");
	say(1, VETTED_BAD, 550, true);
	HEARD(smtpd,
	    "verdict=2 code=550 status=\"5.1.1\" "
	    "text=\"host h[1] said: so\"");
	ask(2, "a@x");
	HEARD(smtpd, "stream=2 verdict=2 code=550");
	SILENT(smtp);
	remove_folder();
}
END_TEST

START_TEST(what_a_lesser_host_says_is_not_kept)
{
	start();
	ask(1, "a@x");
	HEARD(smtp, "stream=1");
	say(1, VETTED_GOOD, 250, false);
	HEARD(smtpd, "verdict=1");
	ask(2, "a@x");
	HEARD(smtp, "stream=2");
	remove_folder();
}
END_TEST

START_TEST(later_is_unknown_and_not_asked_again_at_once)
{
	start();
	ask(1, "a@x");
	HEARD(smtp, "stream=1");
	say(1, VETTED_UNKNOWN, 450, true);
	HEARD(smtpd, "stream=1 verdict=0");
	ask(2, "a@x");
	HEARD(smtpd, "stream=2 verdict=0");
	SILENT(smtp);
	ask(3, "b@x"); /* the host is there */
	HEARD(smtp, "address=\"b@x\"");
	remove_folder();
}
END_TEST

START_TEST(a_dead_host_is_asked_once)
{
	start();
	ask(1, "a@x");
	HEARD(smtp, "stream=1");
	say(1, VETTED_UNKNOWN, 0, false);
	HEARD(smtpd, "stream=1 verdict=0");
	ask(2, "b@x");
	HEARD(smtpd, "stream=2 verdict=0");
	SILENT(smtp);
	remove_folder();
}
END_TEST

START_TEST(an_old_refusal_is_asked_again_and_holds_without_an_answer)
{
	start();
	put_one("a@x", VETTED_BAD, loop_wall() - 4 * 3600 * SECOND);
	ask(1, "a@x");
	HEARD(smtp, "address=\"a@x\"");
	SILENT(smtpd);
	say(1, VETTED_UNKNOWN, 0, false);
	HEARD(smtpd, "stream=1 verdict=2 code=250");
	remove_folder();
}
END_TEST

START_TEST(an_old_yes_is_used_and_asked_again)
{
	start();
	put_one("a@x", VETTED_GOOD, loop_wall() - 8 * DAY);
	ask(1, "a@x");
	HEARD(smtpd, "stream=1 verdict=1");
	HEARD(smtp, "address=\"a@x\"");
	say(1, VETTED_BAD, 550, true);
	SILENT(smtpd);
	ask(2, "a@x");
	HEARD(smtpd, "stream=2 verdict=2");
	remove_folder();
}
END_TEST

START_TEST(who_waits_too_long_is_told_that_nothing_is_known)
{
	start();
	ask(1, "a@x");
	HEARD(smtp, "stream=1");
	usleep(220000);
	turn();
	HEARD(smtpd, "stream=1 verdict=0");
	say(1, VETTED_GOOD, 250, true); /* late, and kept */
	ask(2, "a@x");
	HEARD(smtpd, "stream=2 verdict=1");
	remove_folder();
}
END_TEST

START_TEST(a_guesser_of_names_is_put_off)
{
	char address[32];
	int limited = 0, probes = 0;

	start();
	params.address_verify_poll_delay = 10 * SECOND;
	for (uint32_t i = 1; i <= 40; i++) {
		snprintf(address, sizeof(address), "u%u@x", i);
		ask(i, address);
	}
	for (uint32_t number = 1; heard(smtp)[0] != '\0'; number++) {
		probes++;
		say(number, VETTED_BAD, 550, true);
	}
	for (const char *text; (text = heard(smtpd))[0] != '\0';)
		limited += strstr(text, "verdict=3") != NULL;
	ck_assert_int_eq(probes, 15);
	ck_assert_int_eq(limited, 25);
	ck_assert_uint_eq(callout_vet_open(), 0);
	remove_folder();
}
END_TEST

START_TEST(an_agent_that_dies_loses_its_questions)
{
	start();
	ask(1, "a@x");
	HEARD(smtp, "stream=1");
	close(smtp);
	turn();
	HEARD(smtpd, "stream=1 verdict=0");
	ask(2, "a@x");
	HEARD(smtpd, "stream=2 verdict=0");
	ck_assert_uint_eq(callout_vet_open(), 0);
	remove_folder();
}
END_TEST

START_TEST(an_asker_that_dies_is_forgotten)
{
	start();
	ask(1, "a@x");
	HEARD(smtp, "stream=1");
	close(smtpd);
	turn();
	say(1, VETTED_GOOD, 250, true);
	ck_assert_uint_eq(callout_vet_open(), 0);
	remove_folder();
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("callout");
	TCase *t = tcase_create("callout");

	tcase_add_test(t, an_entry_comes_back_and_no_part_of_it_does);
	tcase_add_test(t, no_other_byte_in_front_is_an_entry_of_ours);
	tcase_add_loop_test(t, an_entry_holds_for_its_time, 0,
	    (int)ARRAY_LEN(ages));
	tcase_add_loop_test(t, only_the_domain_is_folded, 0,
	    (int)ARRAY_LEN(keys));
	tcase_add_test(t, an_answer_outlives_the_process);
	tcase_add_test(t, the_oldest_go_when_there_are_too_many);
	tcase_add_test(t, what_was_not_committed_was_not_said);
	tcase_add_test(t, two_generations_share_it_and_one_may_be_killed);
	tcase_add_loop_test(t, a_damaged_file_is_begun_anew, 0,
	    (int)ARRAY_LEN(damages));
	tcase_add_test(t, a_burst_is_let_pass_and_then_one_a_second);
	tcase_add_test(t, few_at_a_time_and_rest_after_no_answer);
	tcase_add_test(t, many_questions_about_one_address_are_one_probe);
	tcase_add_test(t, a_refusal_is_kept_and_carries_its_text);
	tcase_add_test(t, what_a_lesser_host_says_is_not_kept);
	tcase_add_test(t, later_is_unknown_and_not_asked_again_at_once);
	tcase_add_test(t, a_dead_host_is_asked_once);
	tcase_add_test(t,
	    an_old_refusal_is_asked_again_and_holds_without_an_answer);
	tcase_add_test(t, an_old_yes_is_used_and_asked_again);
	tcase_add_test(t, who_waits_too_long_is_told_that_nothing_is_known);
	tcase_add_test(t, a_guesser_of_names_is_put_off);
	tcase_add_test(t, an_agent_that_dies_loses_its_questions);
	tcase_add_test(t, an_asker_that_dies_is_forgotten);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
