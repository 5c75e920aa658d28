/*
 * deliver: line ends and From_ lines, argument lists, Maildir, mbox, commands
 * and .forward files, as an unprivileged user in a folder of its own.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "deliver.h"
#include "deliver_command.h"
#include "deliver_text.h"
#include "fd.h"
#include "param.h"
#include "wire.h"

#define USER "nobody"
#define HEAD "Return-Path: <s@a>\nDelivered-To: u@b\n"
#define CONTENT                                                     \
	"Subject: hi\r\n\r\nFrom the start\r\n>From not\r\nFro\r\n" \
	"From \r\nend\r\n"

/* ---- text ---- */

static const struct {
	const char *in;
	bool quote;
	const char *out;
} texts[] = {
	{ "a\r\nb\r\n", false, "a\nb\n" },
	{ "a\r\nb", false, "a\nb\n" },
	{ "", true, "" },
	{ "\r\n\r\n", true, "\n\n" },
	{ "From x\r\n", false, "From x\n" },
	{ "From x\r\n", true, ">From x\n" },
	{ "a\r\nFrom x\r\n", true, "a\n>From x\n" },
	{ "From\r\nFrom", true, "From\nFrom\n" },
	{ "From ", true, ">From \n" },
	{ "FroFrom x\r\n", true, "FroFrom x\n" },
	{ ">From x\r\n", true, ">From x\n" },
	{ "a From b\r\n", true, "a From b\n" },
	{ "a\rb\r\n", true, "a\rb\n" },
	{ "a\r", true, "a\n" },
	{ "Fr\rom\r\n", true, "Fr\rom\n" },
	{ "a\nb\n", true, "a\nb\n" },
};

START_TEST(text_is_converted_wherever_it_is_cut)
{
	size_t n = strlen(texts[_i].in);

	for (size_t first = 0; first <= n; first++)
		for (size_t second = first; second <= n; second++) {
			struct deliver_text t = { .quote = texts[_i].quote };
			CLEAN_BUF struct buf out = { 0 };

			deliver_text_add(&t, texts[_i].in, first, &out);
			deliver_text_add(&t, texts[_i].in + first,
			    second - first, &out);
			deliver_text_add(&t, texts[_i].in + second, n - second,
			    &out);
			deliver_text_end(&t, &out);
			ck_assert_str_eq(buf_str(&out), texts[_i].out);
		}
}
END_TEST

START_TEST(a_from_line_is_one_line)
{
	CLEAN_BUF struct buf out = { 0 };

	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	clock_start();
	deliver_text_from_line(&out, "a b\n@c", 1795286169 * SECOND);
	ck_assert_str_eq(buf_str(&out),
	    "From a_b_@c  Sat Nov 21 18:36:09 2026\n");
	buf_reset(&out);
	deliver_text_from_line(&out, "", 0);
	ck_assert_str_eq(buf_str(&out),
	    "From MAILER-DAEMON  Thu Jan  1 00:00:00 1970\n");
}
END_TEST

/* ---- arguments ---- */

static const struct {
	const char *line;
	const char *argv; /* each with a bar behind it */
} commands[] = {
	{ "/bin/true", "/bin/true|" },
	{ "  procmail -a  x\ty ", "procmail|-a|x|y|" },
	{ "", "" },
	{ "  ", "" },
	{ "cat > /tmp/x", "/bin/sh|-c|cat > /tmp/x|" },
	{ "a 'b c'", "/bin/sh|-c|a 'b c'|" },
	{ "a $SENDER", "/bin/sh|-c|a $SENDER|" },
	{ "a;b", "/bin/sh|-c|a;b|" },
};

START_TEST(a_line_becomes_arguments)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf got = { 0 };
	const char *argv[DELIVER_ARGS_MAX + 1];

	deliver_split_command(&a, commands[_i].line, argv);
	for (size_t i = 0; argv[i] != NULL; i++)
		buf_addf(&got, "%s|", argv[i]);
	ck_assert_str_eq(buf_str(&got), commands[_i].argv);
}
END_TEST

START_TEST(too_many_arguments_are_cut)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf line = { 0 };
	const char *argv[DELIVER_ARGS_MAX + 1];

	for (int i = 0; i < 500; i++)
		buf_adds(&line, "a ");
	deliver_split_command(&a, buf_str(&line), argv);
	ck_assert_ptr_null(argv[DELIVER_ARGS_MAX]);
}
END_TEST

/* ---- places ---- */

static char folder[] = "/tmp/check_deliver.XXXXXX";
static int mail = -1;
static struct deliver_result result;
static struct buf path;

static void
set_up(void)
{
	static char name[] = "/tmp/check_deliver_mail.XXXXXX";
	const struct passwd *pw = getpwnam(USER);

	ck_assert_ptr_nonnull(pw);
	ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR); /* as deliver does */
	clock_start();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	if (geteuid() == 0)
		ck_assert_int_eq(chown(folder, pw->pw_uid, pw->pw_gid), 0);
	mail = mkostemp(name, O_CLOEXEC);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(fd_write_all(mail, "junk" CONTENT,
			     4 + strlen(CONTENT)),
	    0);
	params.mailbox_delivery_lock = "fcntl, dotlock";
	params.mail_spool_directory = "/var/mail";
	params.deliver_lock_attempts = 2;
	params.deliver_lock_delay = 10;
	params.stale_lock_time = 500 * SECOND;
	params.myhostname = "host.example";
}

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(name);
}

static void
tear_down(void)
{
	ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	buf_free(&result.text);
	buf_free(&result.answer);
	buf_free(&path);
}

static struct msg_deliver
request(enum deliver_kind kind, const char *name)
{
	buf_reset(&path);
	if (kind == DELIVER_COMMAND)
		buf_adds(&path, name);
	else
		buf_addf(&path, "%s/%s", folder, name);
	return (struct msg_deliver){
		.kind = (uint8_t)kind,
		.id = "ID",
		.user = USER,
		.target = buf_str(&path),
		.head = HEAD,
		.sender = "s@a",
		.forward = "",
		.data_at = 4,
		.data_len = strlen(CONTENT),
		.deadline = clock_mono() + 10 * SECOND,
		.env = SLICE("\0\0\0\x0fSENDER=s@a b c\0"),
	};
}

/* As root the test becomes the user with the first delivery, and stays it. */
static void
deliver_mails(struct deliver_mail *mails, size_t n)
{
	const struct deliver_user user = { USER, folder, "/bin/sh", geteuid(),
		getegid() };
	struct deliver_user named;

	if (geteuid() != 0)
		deliver_as(mails, n, &user);
	else if (deliver_become(&mails[0].m, &named, &mails[0].result))
		deliver_as(mails, n, &named);
}

static void
deliver(const struct msg_deliver *m)
{
	struct deliver_mail one = { .m = *m, .file = mail, .result = result };

	one.result.outcome = OUTCOME_NONE;
	one.result.by_forward = false;
	buf_reset(&one.result.answer);
	deliver_mails(&one, 1);
	result = one.result;
}

static void
assert_result(enum outcome outcome, const char *status, const char *text)
{
	ck_assert_msg(result.outcome == outcome &&
		strcmp(result.status, status) == 0 &&
		strstr(buf_str(&result.text), text) != NULL,
	    "got %s %s %s", dsn_word(result.outcome), result.status,
	    buf_str(&result.text));
}

static size_t
count_files(const char *name)
{
	size_t n = 0;

	DIR *d = opendir(name);
	ck_assert_ptr_nonnull(d);
	for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		n += e->d_name[0] != '.';
	ck_assert_int_eq(closedir(d), 0);
	return n;
}

/* The content of the one file whose name begins so. */
static void
read_only_file(const char *sub, struct buf *out)
{
	CLEAN_BUF struct buf name = { 0 };
	size_t n = 0;

	buf_addf(&name, "%s/%s", folder, sub);
	DIR *d = opendir(buf_str(&name));
	ck_assert_ptr_nonnull(d);
	for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		if (e->d_name[0] != '.') {
			buf_addf(&name, "/%s", e->d_name);
			n++;
		}
	ck_assert_int_eq(closedir(d), 0);
	ck_assert_uint_eq(n, 1);
	CLEAN_FD int fd = fd_open_regular(buf_str(&name));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_read_all(fd, out, 100000), 0);
}

static void
read_file(const char *name, struct buf *out)
{
	CLEAN_BUF struct buf full = { 0 };

	buf_addf(&full, "%s/%s", folder, name);
	CLEAN_FD int fd = fd_open_regular(buf_str(&full));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_read_all(fd, out, 100000), 0);
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	CLEAN_BUF struct buf full = { 0 };

	buf_addf(&full, "%s/%s", folder, name);
	ck_assert_int_eq(fd_replace_file(buf_str(&full), text, strlen(text),
			     mode),
	    0);
}

#define BODY "Subject: hi\n\nFrom the start\n>From not\nFro\nFrom \nend\n"
#define MBOX_BODY \
	"Subject: hi\n\n>From the start\n>From not\nFro\n>From \nend\n"

START_TEST(a_maildir_gets_one_file)
{
	CLEAN_BUF struct buf got = { 0 };
	struct msg_deliver m = request(DELIVER_MAILDIR, "Maildir/");

	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "delivered to maildir");
	read_only_file("Maildir/new", &got);
	ck_assert_str_eq(buf_str(&got), HEAD BODY);
	ck_assert_int_ne(geteuid(), 0);
}
END_TEST

/* They share the flushes, and nothing else. */
START_TEST(a_maildir_gets_many_at_once)
{
	struct msg_deliver m = request(DELIVER_MAILDIR, "Maildir/");
	struct deliver_mail mails[6] = { 0 };
	CLEAN_BUF struct buf sub = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(mails); i++)
		mails[i] = (struct deliver_mail){ .m = m, .file = mail };
	mails[1].m.limit = 20;
	mails[2].file = -1;
	mails[3].result.outcome = OUTCOME_SENT;
	mails[4].m.forward = buf_str(&path); /* a folder */
	deliver_mails(mails, ARRAY_LEN(mails));
	ck_assert_int_eq(mails[0].result.outcome, OUTCOME_SENT);
	ck_assert_str_eq(mails[0].result.status, "2.0.0");
	ck_assert_str_eq(mails[1].result.status, "5.2.2");
	ck_assert_str_eq(mails[2].result.status, "4.2.0");
	ck_assert_str_eq(mails[3].result.status, "");
	ck_assert_str_eq(mails[4].result.status, "2.0.0");
	ck_assert_int_eq(mails[5].result.outcome, OUTCOME_SENT);
	buf_addf(&sub, "%s/Maildir/new", folder);
	ck_assert_uint_eq(count_files(buf_str(&sub)), 3);
	buf_reset(&sub);
	buf_addf(&sub, "%s/Maildir/tmp", folder);
	ck_assert_uint_eq(count_files(buf_str(&sub)), 0);
	for (size_t i = 0; i < ARRAY_LEN(mails); i++)
		buf_free(&mails[i].result.text);
}
END_TEST

START_TEST(a_maildir_of_somebody_else_is_later)
{
	struct msg_deliver m = request(DELIVER_MAILDIR, "x/");

	m.target = "/root/Maildir/";
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.2.0", "Permission denied");
}
END_TEST

START_TEST(a_large_message_is_refused)
{
	struct msg_deliver m = request(DELIVER_MAILDIR, "Maildir/");

	m.limit = 20;
	deliver(&m);
	assert_result(OUTCOME_BOUNCE, "5.2.2", "limit");
	m = request(DELIVER_MBOX, "mbox");
	m.limit = 20;
	deliver(&m);
	assert_result(OUTCOME_BOUNCE, "5.2.2", "limit");
}
END_TEST

START_TEST(an_mbox_grows)
{
	CLEAN_BUF struct buf got = { 0 };
	struct msg_deliver m = request(DELIVER_MBOX, "mbox");

	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "delivered to mailbox");
	deliver(&m);
	read_file("mbox", &got);
	const char *at = buf_str(&got);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(strncmp(at, "From s@a  ", 10), 0);
		at = strchr(at, '\n') + 1;
		ck_assert_int_eq(strncmp(at, HEAD MBOX_BODY "\n",
				     strlen(HEAD MBOX_BODY) + 1),
		    0);
		at += strlen(HEAD MBOX_BODY) + 1;
	}
	ck_assert_str_eq(at, "");
}
END_TEST

START_TEST(a_piece_of_a_message_does_not_swallow_the_next)
{
	CLEAN_BUF struct buf got = { 0 };
	struct msg_deliver m = request(DELIVER_MBOX, "mbox");

	deliver(&m);
	ck_assert_int_eq(truncate(m.target, 20), 0);
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "delivered to mailbox");
	read_file("mbox", &got);
	ck_assert_int_eq(strncmp(buf_str(&got) + 20, "\n\nFrom s@a  ", 12), 0);
}
END_TEST

START_TEST(a_failed_delivery_is_taken_back)
{
	CLEAN_BUF struct buf got = { 0 };
	struct msg_deliver m = request(DELIVER_MBOX, "mbox");

	deliver(&m);
	read_file("mbox", &got);
	size_t before = got.len;
	m.data_len += 100; /* the file ends before */
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.2.0", "cannot update mailbox");
	buf_reset(&got);
	read_file("mbox", &got);
	ck_assert_uint_eq(got.len, before);
}
END_TEST

START_TEST(a_locked_mbox_is_later)
{
	struct msg_deliver m = request(DELIVER_MBOX, "mbox");

	deliver(&m);
	write_file("mbox.lock", "", 0600);
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.2.0", "temporarily unavailable");
	params.stale_lock_time = -SECOND;
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "delivered to mailbox");
}
END_TEST

static const struct {
	const char *text;
	bool stale;
	enum outcome outcome;
} lock_files[] = {
	{ "", false, OUTCOME_DEFER },
	{ "123\n", false, OUTCOME_DEFER },
	{ "123:host.example\n", true, OUTCOME_SENT },
	{ "Fro", true, OUTCOME_SENT },
	{ "From s@a  Sat Nov 21", false, OUTCOME_DEFER },
	{ "From s@a  Sat Nov 21", true, OUTCOME_DEFER },
};

START_TEST(what_holds_mail_is_no_stale_lock)
{
	CLEAN_BUF struct buf got = { 0 };
	struct msg_deliver m = request(DELIVER_MBOX, "mbox");

	deliver(&m);
	write_file("mbox.lock", lock_files[_i].text, 0600);
	if (lock_files[_i].stale)
		params.stale_lock_time = -SECOND;
	deliver(&m);
	if (lock_files[_i].outcome == OUTCOME_SENT) {
		assert_result(OUTCOME_SENT, "2.0.0", "delivered to mailbox");
		return;
	}
	assert_result(OUTCOME_DEFER, "4.2.0", "temporarily unavailable");
	read_file("mbox.lock", &got);
	ck_assert_str_eq(buf_str(&got), lock_files[_i].text);
}
END_TEST

/* The mailbox of a user x.lock, beside that of x. */
START_TEST(a_mailbox_may_be_called_like_a_lock)
{
	CLEAN_BUF struct buf got = { 0 };
	struct msg_deliver m = request(DELIVER_MBOX, "mbox");

	deliver(&m);
	m = request(DELIVER_MBOX, "mbox.lock");
	write_file("mbox.lock", "", 0600);
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.2.0", "temporarily unavailable");
	params.stale_lock_time = -SECOND;
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "delivered to mailbox");
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "delivered to mailbox");
	read_file("mbox.lock", &got);
	ck_assert_uint_gt(got.len, 2 * strlen(HEAD MBOX_BODY));
	write_file("mbox.lock", "123\n", 0600);
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.2.0", "temporarily unavailable");
}
END_TEST

START_TEST(a_linked_mbox_is_not_touched)
{
	CLEAN_BUF struct buf other = { 0 };
	struct msg_deliver m = request(DELIVER_FILE, "file");

	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "delivered to file: ");
	buf_addf(&other, "%s/other", folder);
	ck_assert_int_eq(link(m.target, buf_str(&other)), 0);
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.2.0", "more than one name");
	ck_assert_int_eq(unlink(m.target), 0);
	ck_assert_int_eq(symlink("other", m.target), 0);
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.2.0", "cannot update mailbox");
}
END_TEST

START_TEST(a_named_file_may_be_anybodys)
{
	struct msg_deliver m = request(DELIVER_FILE, "file");

	if (geteuid() != 0)
		return;
	write_file("file", "", 0666); /* root's */
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "delivered to file: ");
	m.kind = DELIVER_MBOX;
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.2.0", "not owned by the recipient");
}
END_TEST

START_TEST(dev_null_takes_all)
{
	struct msg_deliver m = request(DELIVER_FILE, "x");

	m.target = "/dev/null";
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "/dev/null");
}
END_TEST

static const struct {
	const char *line;
	enum outcome outcome;
	const char *status;
	const char *text;
} runs[] = {
	{ "/bin/true", OUTCOME_SENT, "2.0.0", "delivered to command: /bin/tr" },
	{ "/bin/cat", OUTCOME_SENT, "2.0.0", "delivered to command: /bin/cat" },
	{ "/bin/false", OUTCOME_BOUNCE, "5.3.0",
	    "Command died with status 1: \"/bin/false\"" },
	{ "exit 75", OUTCOME_DEFER, "4.3.0", "temporary failure" },
	{ "nosuchprogram -x", OUTCOME_BOUNCE, "5.3.0", "not found" },
	{ "(exit 75)", OUTCOME_DEFER, "4.3.0", "temporary failure" },
	{ "(echo gone; exit 67)", OUTCOME_BOUNCE, "5.1.1",
	    "user unknown. Command output: gone" },
	{ "(echo 4.7.1 wait; exit 1)", OUTCOME_DEFER, "4.7.1", "wait" },
	{ "(echo 5.7.1 no; exit 75)", OUTCOME_BOUNCE, "5.7.1", "no" },
	{ "kill -9 $$", OUTCOME_DEFER, "4.3.0", "Command died with signal 9" },
	{ "/no/such/file", OUTCOME_BOUNCE, "5.3.0",
	    "Command died with status 127: \"/no/such/file\". Command output: "
	    "cannot run: No such file" },
	{ "test \"$SENDER-$USER\" = \"s@a b c-nobody\"", OUTCOME_SENT, "2.0.0",
	    "delivered" },
	{ "test $(id -u) -ne 0 && head -c4 | grep -q From", OUTCOME_SENT,
	    "2.0.0", "delivered" },
	{ "test $(env | wc -l) -lt 12", OUTCOME_SENT, "2.0.0", "delivered" },
	{ "exec >&- 2>&-; cat >/dev/null", OUTCOME_SENT, "2.0.0", "delivered" },
};

START_TEST(a_command_has_a_fate)
{
	struct msg_deliver m = request(DELIVER_COMMAND, runs[_i].line);

	deliver(&m);
	assert_result(runs[_i].outcome, runs[_i].status, runs[_i].text);
}
END_TEST

START_TEST(a_command_reads_all_and_says_little)
{
	struct msg_deliver m = request(DELIVER_COMMAND,
	    "test $(wc -c) -gt 900000 && yes no | head -c 200000; exit 69");
	CLEAN_BUF struct buf big = { 0 };

	for (int i = 0; i < 50000; i++)
		buf_adds(&big, "a line of some length\r\n");
	ck_assert_int_eq(fd_pwrite_all(mail, big.text, big.len, 4), 0);
	m.data_len = big.len;
	deliver(&m);
	assert_result(OUTCOME_BOUNCE, "5.3.0",
	    "service unavailable. Command output: no?no");
	ck_assert_uint_lt(result.text.len, 1200);
}
END_TEST

START_TEST(a_command_has_its_time)
{
	struct msg_deliver m = request(DELIVER_COMMAND, "sleep 60 & sleep 60");

	m.deadline = clock_mono() + SECOND;
	int64_t start = clock_mono();
	deliver(&m);
	assert_result(OUTCOME_BOUNCE, "5.3.0", "Command time limit exceeded");
	ck_assert_int_lt(clock_mono() - start, 10 * SECOND);
}
END_TEST

START_TEST(a_forward_file_is_read)
{
	struct msg_deliver m = request(DELIVER_FORWARD, ".forward+ext");

	buf_addf(&path, "\n%s/.forward", folder);
	m.target = buf_str(&path);
	deliver(&m);
	if (result.outcome != OUTCOME_NONE) /* as root, by deliver_become() */
		assert_result(OUTCOME_BOUNCE, "5.0.0", "");
	ck_assert_uint_eq(result.text.len, 0);
	ck_assert(!result.by_forward);
	write_file(".forward", "b@c\n", 0644);
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "/.forward");
	ck_assert_str_eq(buf_str(&result.answer), "b@c\n");
	write_file(".forward+ext", "\\u\n", 0600);
	deliver(&m);
	ck_assert_str_eq(buf_str(&result.answer), "\\u\n");
}
END_TEST

START_TEST(a_forward_file_comes_before_the_mailbox)
{
	CLEAN_BUF struct buf forward = { 0 };
	struct msg_deliver m = request(DELIVER_MBOX, "mbox");

	if (geteuid() != 0)
		return; /* this is the child's work */
	buf_addf(&forward, "%s/.forward+x\n%s/.forward", folder, folder);
	m.forward = buf_str(&forward);
	write_file(".forward", "b@c\n", 0644);
	CLEAN_BUF struct buf path_of = { 0 };
	buf_addf(&path_of, "%s/.forward", folder);
	ck_assert_int_eq(chown(buf_str(&path_of), 0, 0), 0);
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "/.forward");
	ck_assert(result.by_forward);
	ck_assert_str_eq(buf_str(&result.answer), "b@c\n");
	ck_assert_int_eq(access(m.target, F_OK), -1);
}
END_TEST

START_TEST(without_a_forward_file_it_is_the_mailbox)
{
	struct msg_deliver m = request(DELIVER_MBOX, "mbox");

	m.forward = "/no/such/file";
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "delivered to mailbox");
	ck_assert(!result.by_forward);
}
END_TEST

START_TEST(an_unsafe_forward_file_is_not_used)
{
	struct msg_deliver m = request(DELIVER_FORWARD, ".forward");

	deliver(&m);
	write_file(".forward", "b@c\n", 0664);
	deliver(&m);
	assert_result(OUTCOME_BOUNCE, "5.7.0", "others may write it");
	ck_assert_int_eq(unlink(m.target), 0);
	ck_assert_int_eq(symlink("/etc/passwd", m.target), 0);
	deliver(&m);
	assert_result(OUTCOME_BOUNCE, "5.7.0", "not a regular file");
	CLEAN_BUF struct buf big = { 0 };
	while (big.len <= DELIVER_FORWARD_MAX)
		buf_adds(&big, "somebody@example.org\n");
	ck_assert_int_eq(unlink(m.target), 0);
	write_file(".forward", buf_str(&big), 0644);
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.3.5", "is longer than");
	ck_assert_uint_eq(result.answer.len, 0);
	m.kind = DELIVER_INCLUDE;
	m.target = "/etc/passwd";
	deliver(&m);
	assert_result(OUTCOME_SENT, "2.0.0", "/etc/passwd");
}
END_TEST

START_TEST(nobody_delivers_as_root)
{
	struct msg_deliver m = request(DELIVER_MBOX, "mbox");

	if (geteuid() != 0)
		return;
	m.user = "root";
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.3.5", "root's rights");
	m.user = "";
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.3.5", "root's rights");
	m.user = "no-such-user";
	deliver(&m);
	assert_result(OUTCOME_DEFER, "4.3.0", "no such user");
	ck_assert_int_eq(geteuid(), 0);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("deliver");
	TCase *text = tcase_create("text");
	TCase *t = tcase_create("places");

	tcase_add_loop_test(text, text_is_converted_wherever_it_is_cut, 0,
	    ARRAY_LEN(texts));
	tcase_add_test(text, a_from_line_is_one_line);
	tcase_add_loop_test(text, a_line_becomes_arguments, 0,
	    ARRAY_LEN(commands));
	tcase_add_test(text, too_many_arguments_are_cut);
	suite_add_tcase(s, text);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_maildir_gets_one_file);
	tcase_add_test(t, a_maildir_gets_many_at_once);
	tcase_add_test(t, a_maildir_of_somebody_else_is_later);
	tcase_add_test(t, a_large_message_is_refused);
	tcase_add_test(t, an_mbox_grows);
	tcase_add_test(t, a_piece_of_a_message_does_not_swallow_the_next);
	tcase_add_test(t, a_failed_delivery_is_taken_back);
	tcase_add_test(t, a_locked_mbox_is_later);
	tcase_add_loop_test(t, what_holds_mail_is_no_stale_lock, 0,
	    ARRAY_LEN(lock_files));
	tcase_add_test(t, a_mailbox_may_be_called_like_a_lock);
	tcase_add_test(t, a_linked_mbox_is_not_touched);
	tcase_add_test(t, a_named_file_may_be_anybodys);
	tcase_add_test(t, dev_null_takes_all);
	tcase_add_loop_test(t, a_command_has_a_fate, 0, ARRAY_LEN(runs));
	tcase_add_test(t, a_command_reads_all_and_says_little);
	tcase_add_test(t, a_command_has_its_time);
	tcase_add_test(t, a_forward_file_is_read);
	tcase_add_test(t, a_forward_file_comes_before_the_mailbox);
	tcase_add_test(t, without_a_forward_file_it_is_the_mailbox);
	tcase_add_test(t, an_unsafe_forward_file_is_not_used);
	tcase_add_test(t, nobody_delivers_as_root);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
