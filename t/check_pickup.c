/*
 * pickup: files of maildrop/, good and bad, and what becomes of them.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "loop.h"
#include "maildrop.h"
#include "param.h"
#include "pickup_folder.h"
#include "pickup_job.h"
#include "queueid.h"

#define CONTENT "Subject: x\r\n\r\nhello\r\n"

static char root[64], path[80];
static int folder = -1, cleanup = -1, bounce = -1;
static struct chan to_cleanup, to_bounce;
static const char *sender = "alice";
static struct buf logged;

static void
sink(enum log_level level __attribute__((unused)), const char *line)
{
	buf_adds(&logged, line);
	buf_addc(&logged, '\n');
}

/* pickup asks for its peers by these; here there are at most two. */
struct chan *
program_peer(enum role role)
{
	if (role == ROLE_BOUNCE && to_bounce.open)
		return &to_bounce;
	return role == ROLE_CLEANUP && to_cleanup.open ? &to_cleanup : NULL;
}

struct chan *
program_next_peer(enum role role, struct chan *after)
{
	return after == NULL ? program_peer(role) : NULL;
}

uint32_t
program_slot(void)
{
	return 5;
}

bool
program_draining(void)
{
	return false;
}

/* Gives the peer's end. */
static int
connect_peer(struct chan *c, enum role role)
{
	int fds[2];

	ck_assert_int_eq(chan_pair(fds), 0);
	chan_start(c, fds[0], role, role_name(role), pickup_job_calls.rules,
	    pickup_job_calls.n_rules, pickup_job_calls.peer_ended);
	pickup_job_calls.peer(c);
	return fds[1];
}

static void
connect_cleanup(void)
{
	cleanup = connect_peer(&to_cleanup, ROLE_CLEANUP);
}

static void
start(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/check_pickup.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	(void)snprintf(path, sizeof(path), "%s/maildrop", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(folder, 0);
	loop_start();
	log_sink(sink);
	pickup_folder_open(root);
	pickup_job_calls.go();
	connect_cleanup();
}

/* Files whose names begin so; each is removed where that is wished. */
static int
count(const char *first, bool remove)
{
	int n = 0;
	DIR *dir = opendir(path);
	struct dirent *e;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' ||
		    (first[0] != '\0' && e->d_name[0] != first[0]))
			continue;
		n++;
		if (remove)
			ck_assert_int_eq(unlinkat(folder, e->d_name, 0), 0);
	}
	(void)closedir(dir);
	return n;
}

static void
stop(void)
{
	chan_stop(&to_cleanup);
	close_fd(&cleanup);
	if (bounce >= 0)
		chan_stop(&to_bounce);
	close_fd(&bounce);
	(void)count("", true);
	(void)rmdir(path); /* a leftover shows below */
	ck_assert_int_eq(rmdir(root), 0);
	close_fd(&folder);
	buf_free(&logged);
	log_sink(NULL);
	loop_free();
}

/* As sendmail does. */
static void
leave(const char *rcpt, const char *content)
{
	const char *rcpts[] = { rcpt };
	struct maildrop m = { .sender = sender, .rcpts = rcpts, .n_rcpts = 1 };
	CLEAN_MAILDROP struct maildrop_draft d = { 0 };

	ck_assert_int_eq(maildrop_start(&d, folder, &m), 0);
	ck_assert_int_eq(maildrop_add(&d, content, strlen(content)), 0);
	ck_assert_int_eq(maildrop_commit(&d), 0);
}

/* A good one, renamed to a known name. */
static void
good(void)
{
	DIR *dir;
	struct dirent *e;

	leave("bob@example.org", CONTENT);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] == 'm')
			ck_assert_int_eq(renameat(folder, e->d_name, folder,
					     "m1"),
			    0);
	(void)closedir(dir);
}

/* ---- cleanup's side ---- */

/* The next packet, which is of this type; its body is left in b. */
static void
hear(uint32_t type, struct buf *b)
{
	int fd = -1;

	for (int i = 0; i < 100; i++) {
		buf_reset(b);
		if (chan_get_now(cleanup, b, &fd, 0) >= 0) {
			struct wire w = wire_open(buf_str(b), b->len);
			uint32_t got = wire_get_u32(&w);

			ck_assert_msg(got == type, "%s", msg_name(got));
			buf_drop(b, 4);
			return;
		}
		loop_once(10);
	}
	ck_abort_msg("nothing was said");
}

static void
hear_nothing(void)
{
	CLEAN_BUF struct buf b = { 0 };
	int fd = -1;

	for (int i = 0; i < 5; i++)
		loop_once(5);
	ck_assert_int_eq(chan_get_now(cleanup, &b, &fd, 0), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
}

/* A whole message; gives its stream, and its content in b. */
static uint32_t
hear_message(const char *rcpt, struct buf *content)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_begin begin;
	struct msg_mail_rcpt r;

	hear(MSG_mail_begin, &b);
	ck_assert(msg_get_mail_begin(&begin, buf_str(&b), b.len));
	ck_assert(queueid_valid(begin.id));
	ck_assert_uint_eq(begin.flags, MAIL_LOCAL);
	ck_assert_uint_eq(begin.uid, geteuid());
	ck_assert_str_eq(begin.sender, sender);
	uint32_t stream = begin.stream;
	uint64_t left = begin.size_hint;

	hear(MSG_mail_rcpt, &b);
	ck_assert(msg_get_mail_rcpt(&r, buf_str(&b), b.len));
	ck_assert_str_eq(r.address, rcpt);
	while (left > 0) {
		struct msg_mail_data data;

		hear(MSG_mail_data, &b);
		ck_assert(msg_get_mail_data(&data, buf_str(&b), b.len));
		ck_assert_uint_eq(data.stream, stream);
		ck_assert_uint_le(data.bytes.len, left);
		left -= data.bytes.len;
		buf_add(content, data.bytes.at, data.bytes.len);
	}
	hear(MSG_mail_end, &b);
	return stream;
}

static void
answer(uint32_t stream, uint16_t code)
{
	CLEAN_BUF struct buf b = { 0 };
	struct msg_mail_done done = { .stream = stream,
		.code = code,
		.status = "x.y.z",
		.text = "because" };

	msg_put_mail_done(&b, &done);
	ck_assert_int_eq(chan_send_now(cleanup, &b, -1), 0);
	for (int i = 0; i < 3; i++)
		loop_once(5);
}

/* ---- what becomes of files ---- */

START_TEST(a_file_is_taken_up_and_removed)
{
	CLEAN_BUF struct buf content = { 0 };

	leave("bob@example.org", CONTENT);
	uint32_t stream = hear_message("bob@example.org", &content);
	ck_assert_str_eq(buf_str(&content), CONTENT);
	ck_assert_int_eq(count("m", false), 1);
	answer(stream, 250);
	ck_assert_int_eq(count("", false), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&logged), " from=<alice>\n"));
	ck_assert_uint_eq(pickup_job_calls.busy(), 0);
}
END_TEST

START_TEST(what_lay_there_before_is_taken_up)
{
	CLEAN_BUF struct buf content = { 0 };

	close_fd(&cleanup);
	loop_once(5);
	leave("bob@example.org", CONTENT);
	loop_once(5);
	connect_cleanup();
	answer(hear_message("bob@example.org", &content), 250);
	ck_assert_int_eq(count("", false), 0);
}
END_TEST

/* As after a reload, when the old one has not ended yet. */
START_TEST(what_another_pickup_has_in_hand_is_left_alone)
{
	CLEAN_BUF struct buf content = { 0 };

	good();
	CLEAN_FD int fd = openat(folder, "m1", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	hear_nothing();
	ck_assert_int_eq(count("m", false), 1);
	leave("carol@example.org", CONTENT);
	answer(hear_message("carol@example.org", &content), 250);
	ck_assert_int_eq(count("m", false), 1);
}
END_TEST

START_TEST(a_refusal_for_now_keeps_the_file)
{
	CLEAN_BUF struct buf content = { 0 };

	leave("bob@example.org", CONTENT);
	answer(hear_message("bob@example.org", &content), 451);
	hear_nothing();
	ck_assert_int_eq(count("m", false), 1);
	ck_assert_uint_eq(pickup_job_calls.busy(), 0);
}
END_TEST

/* ---- what cleanup refuses for ever ---- */

/* Leaves a message, which is refused. */
static void
leave_refused(void)
{
	CLEAN_BUF struct buf content = { 0 };

	params.append_at_myorigin = true;
	params.myorigin = "here.test";
	bounce = connect_peer(&to_bounce, ROLE_BOUNCE);
	leave("bob", CONTENT);
	answer(hear_message("bob", &content), 552);
}

/* As bounce: what is asked for, and the answer to it. */
static void
answer_notice(bool ok, const char *id)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_BUF struct buf answer = { 0 };
	CLEAN_FD int fd = -1;
	char text[sizeof(CONTENT)] = "";
	struct rec_notice_rcpt rcpt;
	struct msg_notice m;

	ck_assert_int_ge(chan_get_now(bounce, &b, &fd, 100), 0);
	ck_assert(msg_get_notice(&m, b.text + 4, b.len - 4));
	ck_assert_uint_eq(m.kind, NOTICE_BOUNCE);
	ck_assert_str_eq(m.to, "alice@here.test");
	ck_assert_uint_eq(m.data_len, strlen(CONTENT));
	ck_assert_int_eq(fd_pread_all(fd, text, strlen(CONTENT),
			     (off_t)m.data_at),
	    0);
	ck_assert_str_eq(text, CONTENT);

	struct wire w = wire_open(m.rcpts.at, m.rcpts.len);
	ck_assert(rec_get_notice_rcpt(&rcpt, &w));
	ck_assert_str_eq(rcpt.address, "bob@here.test");
	ck_assert_str_eq(rcpt.action, "failed");
	ck_assert_str_eq(rcpt.status, "x.y.z");
	ck_assert_str_eq(rcpt.text, "because");
	ck_assert(wire_done(&w));

	msg_put_notice_done(&answer,
	    &(struct msg_notice_done){
		.stream = m.stream,
		.ok = ok,
		.notice_id = id,
	    });
	ck_assert_int_eq(chan_send_now(bounce, &answer, -1), 0);
	hear_nothing();
	ck_assert_uint_eq(pickup_job_calls.busy(), 0);
}

START_TEST(a_refusal_for_ever_goes_back_to_the_sender)
{
	leave_refused();
	ck_assert_int_eq(count("m", false), 1);
	answer_notice(true, "1BCDFGHJKLMN0");
	ck_assert_int_eq(count("", false), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&logged),
	    "refused: 552 x.y.z because: returned to sender"));
}
END_TEST

START_TEST(what_cannot_go_back_now_is_kept)
{
	leave_refused();
	answer_notice(false, "");
	ck_assert_int_eq(count("m", false), 1);
}
END_TEST

START_TEST(what_never_goes_back_is_set_aside)
{
	leave_refused();
	answer_notice(true, "");
	ck_assert_int_eq(count("b", false), 1);
	ck_assert_int_eq(count("m", false), 0);
}
END_TEST

START_TEST(a_bounce_that_dies_leaves_the_file)
{
	leave_refused();
	close_fd(&bounce);
	hear_nothing();
	ck_assert_int_eq(count("m", false), 1);
	ck_assert_uint_eq(pickup_job_calls.busy(), 0);
}
END_TEST

START_TEST(without_bounce_the_file_is_kept)
{
	CLEAN_BUF struct buf content = { 0 };

	leave("bob@example.org", CONTENT);
	answer(hear_message("bob@example.org", &content), 552);
	hear_nothing();
	ck_assert_int_eq(count("m", false), 1);
	ck_assert_uint_eq(pickup_job_calls.busy(), 0);
}
END_TEST

START_TEST(what_has_no_sender_is_set_aside)
{
	sender = "";
	leave_refused();
	hear_nothing();
	ck_assert_int_eq(count("m", false), 0);
	ck_assert_int_eq(count("b", false), 1);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&logged), "refused: 552 x.y.z because: kept as"));
}
END_TEST

/* Whether it had been committed is not known. */
START_TEST(a_cleanup_that_dies_leaves_the_file)
{
	CLEAN_BUF struct buf content = { 0 };

	leave("bob@example.org", CONTENT);
	(void)hear_message("bob@example.org", &content);
	close_fd(&cleanup);
	loop_once(5);
	ck_assert_int_eq(count("m", false), 1);
	ck_assert_uint_eq(pickup_job_calls.busy(), 0);
}
END_TEST

START_TEST(many_files_and_big_ones_go_at_a_bounded_pace)
{
	enum {
		FILES = 50
	};
	CLEAN_BUF struct buf big = { 0 };

	while (big.len < 300000)
		buf_addf(&big, "%074zu\r\n", big.len);
	for (int i = 0; i < FILES; i++)
		leave("bob@example.org", i % 10 == 0 ? buf_str(&big) : CONTENT);
	for (int done = 0; done < FILES;) {
		CLEAN_BUF struct buf b = { 0 };
		struct msg_mail_end end;
		int fd = -1;

		ck_assert_uint_le(pickup_job_calls.busy(), 20);
		if (chan_get_now(cleanup, &b, &fd, 0) < 0) {
			loop_once(5);
			continue;
		}
		buf_drop(&b, 0);
		if (msg_get_mail_end(&end, b.text + 4, b.len - 4) &&
		    b.text[3] == MSG_mail_end) {
			answer(end.stream, 250);
			done++;
		}
	}
	ck_assert_int_eq(count("", false), 0);
}
END_TEST

/* ---- what users may leave ---- */

static int
make(const char *name, const char *bytes, mode_t mode)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, bytes, strlen(bytes)), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	return fd;
}

static void
a_symlink(void)
{
	ck_assert_int_eq(symlinkat("/etc/shadow", folder, "m1"), 0);
}

static void
a_fifo(void)
{
	ck_assert_int_eq(mkfifoat(folder, "m1", 0640), 0);
}

static void
a_folder(void)
{
	/* Set aside it has another name, and is removed like a file would be:
	 * not at all. */
	ck_assert_int_eq(mkdirat(folder, "m1", 0700), 0);
}

static void
rubbish(void)
{
	(void)close(make("m1", "rubbish", 0640));
}

static void
nothing(void)
{
	(void)close(make("m1", "", 0640));
}

static void
two_names(void)
{
	good();
	ck_assert_int_eq(linkat(folder, "m1", folder, "x1", 0), 0);
}

static void
for_all_to_write(void)
{
	good();
	ck_assert_int_eq(fchmodat(folder, "m1", 0666, 0), 0);
}

static void
cut_short(void)
{
	struct stat st;

	good();
	ck_assert_int_eq(fstatat(folder, "m1", &st, 0), 0);
	CLEAN_FD int fd = openat(folder, "m1", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, st.st_size - 1), 0);
}

static void (*const tricks[])(void) = { a_symlink, a_fifo, a_folder, rubbish,
	nothing, two_names, for_all_to_write, cut_short };

START_TEST(what_is_no_file_of_sendmails_is_set_aside)
{
	CLEAN_BUF struct buf content = { 0 };

	tricks[_i]();
	leave("bob@example.org", CONTENT);
	answer(hear_message("bob@example.org", &content), 250);
	hear_nothing();
	ck_assert_int_eq(faccessat(folder, "b1", F_OK, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(faccessat(folder, "m1", F_OK, AT_SYMLINK_NOFOLLOW),
	    -1);
	ck_assert_ptr_nonnull(strstr(buf_str(&logged), "kept as maildrop/b1"));
	(void)unlinkat(folder, "b1", AT_REMOVEDIR); /* where it is a folder */
}
END_TEST

START_TEST(other_names_are_left_alone)
{
	(void)close(make("x", "", 0640));
	(void)close(make("t1", "", 0640));
	(void)close(make("m1.tmp", "", 0640));
	leave("bob@example.org", CONTENT);
	CLEAN_BUF struct buf content = { 0 };
	answer(hear_message("bob@example.org", &content), 250);
	ck_assert_int_eq(count("", false), 3);
}
END_TEST

START_TEST(an_old_draft_is_removed)
{
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	(void)close(make("t1", "", 0600));
	(void)close(make("t2", "", 0600));
	ck_assert_int_eq(utimensat(folder, "t1", old, 0), 0);
	leave("bob@example.org", CONTENT);
	CLEAN_BUF struct buf content = { 0 };
	answer(hear_message("bob@example.org", &content), 250);
	ck_assert_int_eq(count("t", false), 1);
}
END_TEST

/* A process a case, whatever was asked for: what is tested lives as long as its
 * process. */
static Suite *
suite_of_cases(void)
{
	(void)setenv("CK_FORK", "yes", 1); /* fails without memory alone */
	Suite *s = suite_create("pickup");
	TCase *t = tcase_create("pickup");

	tcase_add_checked_fixture(t, start, stop);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_file_is_taken_up_and_removed);
	tcase_add_test(t, what_lay_there_before_is_taken_up);
	tcase_add_test(t, what_another_pickup_has_in_hand_is_left_alone);
	tcase_add_test(t, a_refusal_for_now_keeps_the_file);
	tcase_add_test(t, a_refusal_for_ever_goes_back_to_the_sender);
	tcase_add_test(t, what_cannot_go_back_now_is_kept);
	tcase_add_test(t, what_never_goes_back_is_set_aside);
	tcase_add_test(t, a_bounce_that_dies_leaves_the_file);
	tcase_add_test(t, without_bounce_the_file_is_kept);
	tcase_add_test(t, what_has_no_sender_is_set_aside);
	tcase_add_test(t, a_cleanup_that_dies_leaves_the_file);
	tcase_add_test(t, many_files_and_big_ones_go_at_a_bounded_pace);
	tcase_add_loop_test(t, what_is_no_file_of_sendmails_is_set_aside, 0,
	    ARRAY_LEN(tricks));
	tcase_add_test(t, other_names_are_left_alone);
	tcase_add_test(t, an_old_draft_is_removed);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
