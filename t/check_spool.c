/*
 * spool: a queue file is what was put into it, or it is nothing.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "spool.h"
#include "wire.h"

#define ID      "11111122223BC"
#define HEADERS "Received: from a by b; today\r\n"
#define CONTENT                                   \
	"Subject: x\r\nFrom: <a@example.org>\r\n" \
	"\r\n..\r\n.dot\r\nthe longest of all these lines\r\nend\r\n"

static char folder[64];
static int queue;

static void
start(void)
{
	static const char *const dirs[] = { "tmp", "new", "cur", "hold" };

	(void)snprintf(folder, sizeof(folder), "/tmp/check_spool.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	queue = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(queue, 0);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		ck_assert_int_eq(mkdirat(queue, dirs[i], 0700), 0);
}

/* Removes the files of one folder and gives their number. */
static int
empty(const char *name)
{
	int fd = openat(queue, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.') {
			ck_assert_int_eq(unlinkat(fd, e->d_name, 0), 0);
			n++;
		}
	(void)closedir(dir);
	return n;
}

static void
stop(void)
{
	static const char *const dirs[] = { "tmp", "new", "cur", "hold" };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		(void)empty(dirs[i]);
		ck_assert_int_eq(unlinkat(queue, dirs[i], AT_REMOVEDIR), 0);
	}
	ck_assert_int_eq(rmdir(folder), 0);
	(void)close(queue);
}

static const struct rec_env the_env = {
	.id = "",
	.flags = MAIL_AUTH,
	.arrived = 1234567890123,
	.sender = "sender@example.org",
	.client_name = "client.example",
	.client_addr = "192.0.2.1",
	.client_port = 2525,
	.helo = "client",
	.protocol = "ESMTP",
	.auth_user = "user",
	.tls = "",
	.uid = 1000,
	.user = "",
	.message_id = "<1@example.org>",
	.envid = "env",
	.ret = 1,
	.notice_of = "",
};

static const struct rec_env_rcpt the_rcpts[] = {
	{ .address = "one@example.org",
	    .orig = "alias@example.org",
	    .orcpt = "rfc822;alias@example.org",
	    .notify = NOTIFY_FAILURE },
	{ .address = "two@example.org",
	    .kind = RCPT_COMMAND,
	    .depth = 3,
	    .via = "list@example.org",
	    .user = "alice",
	    .sender = "owner@x" },
};

static int
write_message(const char *content, size_t len, size_t piece)
{
	CLEAN_BUF struct buf headers = { 0 };
	CLEAN_DRAFT struct spool_draft d = { 0 };

	buf_adds(&headers, HEADERS);
	spool_draft_start(&d, queue, ID);
	for (size_t i = 0; i < len; i += piece)
		spool_draft_data(&d, content + i, MIN(piece, len - i));
	ck_assert_int_eq(spool_draft_finish(&d, &headers, &the_env, the_rcpts,
			     ARRAY_LEN(the_rcpts), SPOOL_NEW),
	    0);
	return spool_draft_take(&d);
}

static int
write_usual(void)
{
	return write_message(CONTENT, strlen(CONTENT), SIZE_MAX);
}

/* The bytes of the file, in b; the file goes. */
static void
take_bytes(int fd, struct buf *b)
{
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(fd_read_all(fd, b, (size_t)1 << 30), 0);
	(void)close(fd);
	(void)empty("new");
}

/* A file with these bytes, for reading and appending. */
static int
file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("queue file", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, bytes, n), 0);
	return fd;
}

/* What is wrong with these bytes, or NULL. */
static const char *
verdict(const void *bytes, size_t n)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_FD int fd = file_of(bytes, n);
	struct spool_message m;
	const char *why = NULL;

	if (spool_read(fd, &a, &m, true, &why))
		return NULL;
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_ptr_nonnull(why);
	return why;
}

static void
assert_content(int fd, const struct spool_head *h, const char *content)
{
	size_t len = strlen(content);
	char *got = xcalloc(len + 1, 1);

	ck_assert_uint_eq(h->data_len, len);
	ck_assert_int_eq(fd_pread_all(fd, got, len, (off_t)h->data_at), 0);
	ck_assert_str_eq(got, content);
	free(got);
}

/* ---- writing and reading ---- */

START_TEST(what_was_written_is_read)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_FD int fd = write_usual();
	struct spool_message m;
	const char *why = "";
	char headers[sizeof(HEADERS)] = "";

	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s", why);
	assert_content(fd, &m.head, CONTENT);
	ck_assert_uint_eq(m.head.head_len, strlen(HEADERS));
	ck_assert_int_eq(fd_pread_all(fd, headers, strlen(HEADERS),
			     (off_t)m.head.head_at),
	    0);
	ck_assert_str_eq(headers, HEADERS);

	ck_assert_str_eq(m.env.id, ID);
	ck_assert_uint_eq(m.env.flags, MAIL_AUTH | MAIL_DOTS);
	ck_assert_int_eq(m.env.arrived, 1234567890123);
	ck_assert_int_eq(m.head.arrived, 1234567890123);
	ck_assert_str_eq(m.env.sender, "sender@example.org");
	ck_assert_str_eq(m.env.client_name, "client.example");
	ck_assert_uint_eq(m.env.client_port, 2525);
	ck_assert_uint_eq(m.env.uid, 1000);
	ck_assert_str_eq(m.env.message_id, "<1@example.org>");
	ck_assert_uint_eq(m.env.size, strlen(CONTENT) + strlen(HEADERS));

	ck_assert_uint_eq(m.n_rcpts, 2);
	ck_assert_str_eq(m.rcpts[0].env.address, "one@example.org");
	ck_assert_str_eq(m.rcpts[0].env.orcpt, "rfc822;alias@example.org");
	ck_assert_str_eq(m.rcpts[0].env.via, "");
	ck_assert_uint_eq(m.rcpts[1].env.kind, RCPT_COMMAND);
	ck_assert_uint_eq(m.rcpts[1].env.depth, 3);
	ck_assert_str_eq(m.rcpts[1].env.sender, "owner@x");
	ck_assert_int_eq(m.rcpts[1].state, RCPT_QUEUED);
	ck_assert_str_eq(m.rcpts[1].last.text, "");
	ck_assert_str_eq(m.rcpts[1].relay, "");

	ck_assert_uint_eq(m.attempts, 0);
	ck_assert(!m.warned);
	ck_assert(!m.torn);
	ck_assert_uint_eq(m.journal_end, m.head.journal_at);
}
END_TEST

START_TEST(the_head_alone_can_be_read)
{
	CLEAN_FD int fd = write_usual();
	struct spool_head h;
	const char *why = "";

	ck_assert_msg(spool_read_head(fd, &h, &why), "%s", why);
	ck_assert_uint_eq(h.n_rcpt, 2);
	ck_assert_uint_eq(h.max_line, strlen("the longest of all these lines"));
}
END_TEST

START_TEST(the_content_may_be_cut_anywhere)
{
	CLEAN_BUF struct buf whole = { 0 };

	take_bytes(write_usual(), &whole);
	for (size_t piece = 1; piece < strlen(CONTENT); piece++) {
		CLEAN_BUF struct buf b = { 0 };

		take_bytes(write_message(CONTENT, strlen(CONTENT), piece), &b);
		ck_assert_uint_eq(b.len, whole.len);
		ck_assert_mem_eq(buf_str(&b), buf_str(&whole), b.len);
	}
}
END_TEST

START_TEST(an_empty_message_is_a_message)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_FD int fd = write_message("", 0, 1);
	struct spool_message m;
	const char *why = "";

	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s", why);
	ck_assert_uint_eq(m.head.data_len, 0);
}
END_TEST

/* Lines of 76 bytes: around the chunk's size, and far beyond. */
static const size_t sizes[] = { SPOOL_CHUNK - 400, SPOOL_CHUNK - 192,
	SPOOL_CHUNK, 3 * SPOOL_CHUNK, 3000000 };

START_TEST(any_size_is_read_back)
{
	CLEAN_BUF struct buf content = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m;
	const char *why = "";

	while (content.len < sizes[_i])
		buf_addf(&content, "%074zu\r\n", content.len);
	CLEAN_FD int fd = write_message(buf_str(&content), content.len, 5000);
	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s", why);
	assert_content(fd, &m.head, buf_str(&content));
	ck_assert_uint_eq(m.head.max_line, 74);
	ck_assert_uint_eq(m.n_rcpts, 2);
}
END_TEST

START_TEST(many_recipients_are_read_back)
{
	enum {
		MANY = 50000
	};
	CLEAN_BUF struct buf none = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_DRAFT struct spool_draft d = { 0 };
	struct rec_env_rcpt *rcpts = xcalloc(MANY, sizeof(*rcpts));
	struct spool_message m;
	const char *why = "";

	for (size_t i = 0; i < MANY; i++)
		rcpts[i].address = arena_printf(&a, "user%zu@example.org", i);
	spool_draft_start(&d, queue, ID);
	spool_draft_data(&d, CONTENT, strlen(CONTENT));
	ck_assert_int_eq(spool_draft_finish(&d, &none, &the_env, rcpts, MANY,
			     SPOOL_HOLD),
	    0);
	CLEAN_FD int fd = spool_draft_take(&d);

	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s", why);
	ck_assert_uint_eq(m.n_rcpts, MANY);
	for (size_t i = 0; i < MANY; i++)
		ck_assert_str_eq(m.rcpts[i].env.address, rcpts[i].address);
	ck_assert_int_eq(empty("hold"), 1);
	free(rcpts);
}
END_TEST

/* ---- what the content is like ---- */

static const struct {
	const char *label, *content;
	uint32_t flags;
	uint64_t max_line;
} kinds[] = {
	{ "plain", "A: b\r\n\r\nhello\r\n", 0, 5 },
	{ "8-bit in the body", "A: b\r\n\r\nh\xe4llo\r\n", MAIL_8BIT, 5 },
	{ "8-bit in the header", "A: \xc3\xa4\r\n\r\nhi\r\n",
	    MAIL_8BIT | MAIL_UTF8_HEADER, 5 },
	{ "a dot alone", "\r\n.\r\n", MAIL_DOTS, 1 },
	{ "a dot in the first line", ".A: b\r\n", MAIL_DOTS, 5 },
	{ "dots within lines", "a.\r\n\r\nb.c\r\n", 0, 3 },
	{ "no line end at the end", "A: b\r\n\r\nlonger than that", 0, 16 },
	{ "empty lines", "\r\n\r\n\r\n", 0, 0 },
};

START_TEST(the_content_is_described)
{
	size_t len = strlen(kinds[_i].content);

	for (size_t piece = 1; piece <= len; piece++) {
		CLEAN_FD int fd = write_message(kinds[_i].content, len, piece);
		struct spool_head h;
		const char *why = "";

		ck_assert_msg(spool_read_head(fd, &h, &why), "%s", why);
		ck_assert_msg(h.flags == (kinds[_i].flags | MAIL_AUTH),
		    "%s: flags 0x%x", kinds[_i].label, h.flags);
		ck_assert_uint_eq(h.max_line, kinds[_i].max_line);
		(void)empty("new");
	}
}
END_TEST

static const char *const not_canonical[] = { "a\nb\r\n", "a\rb\r\n", "a\r\r\n",
	"\n", "\r", "a\r\n\n", "a\r\n.\n.\r\n", "a\r" };

START_TEST(a_line_end_by_half_is_refused)
{
	const char *text = not_canonical[_i];
	CLEAN_BUF struct buf none = { 0 };

	for (size_t piece = 1; piece <= strlen(text); piece++) {
		CLEAN_DRAFT struct spool_draft d = { 0 };

		spool_draft_start(&d, queue, ID);
		for (size_t i = 0; i < strlen(text); i += piece)
			spool_draft_data(&d, text + i,
			    MIN(piece, strlen(text) - i));
		ck_assert_int_eq(spool_draft_finish(&d, &none, &the_env,
				     the_rcpts, 1, SPOOL_NEW),
		    -1);
		ck_assert_int_eq(errno, EILSEQ);
	}
}
END_TEST

START_TEST(a_nul_is_refused)
{
	CLEAN_DRAFT struct spool_draft d = { 0 };

	spool_draft_start(&d, queue, ID);
	spool_draft_data(&d, "a\0b\r\n", 5);
	ck_assert_int_eq(d.error, EILSEQ);
}
END_TEST

/* ---- damage ---- */

/* A whole file with a journal: each entry with its end. */
static void
with_journal(struct buf *file, size_t *ends, size_t n_ends)
{
	struct dsn later = { .outcome = OUTCOME_DEFER,
		.fault = FAULT_DESTINATION,
		.status = "4.4.1",
		.text = "connection refused" };
	struct dsn sent = { .outcome = OUTCOME_SENT,
		.status = "2.0.0",
		.text = "250 ok" };

	ck_assert_uint_eq(n_ends, 5);
	take_bytes(write_usual(), file);
	spool_entry_rcpt(file, 0, RCPT_QUEUED, &later, "mx.example[192.0.2.2]",
	    1000);
	ends[0] = file->len;
	spool_entry_rcpt(file, 1, RCPT_SENT, &sent, "none", 1001);
	ends[1] = file->len;
	spool_entry_more(file, &the_rcpts[0]);
	ends[2] = file->len;
	spool_entry_retry(file, 7, 123456);
	ends[3] = file->len;
	spool_entry_notice(file, 99);
	ends[4] = file->len;
}

START_TEST(the_journal_is_applied)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	size_t ends[5];
	struct spool_message m;
	const char *why = "";

	with_journal(&b, ends, ARRAY_LEN(ends));
	CLEAN_FD int fd = file_of(buf_str(&b), b.len);
	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s", why);
	ck_assert_int_eq(m.rcpts[0].state, RCPT_QUEUED);
	ck_assert_int_eq(m.rcpts[0].last.outcome, OUTCOME_DEFER);
	ck_assert_int_eq(m.rcpts[0].last.fault, FAULT_DESTINATION);
	ck_assert_str_eq(m.rcpts[0].last.status, "4.4.1");
	ck_assert_str_eq(m.rcpts[0].last.text, "connection refused");
	ck_assert_str_eq(m.rcpts[0].relay, "mx.example[192.0.2.2]");
	ck_assert_int_eq(m.rcpts[0].last_attempt, 1000);
	ck_assert_int_eq(m.rcpts[1].state, RCPT_SENT);
	ck_assert_uint_eq(m.n_rcpts, 3);
	ck_assert_str_eq(m.rcpts[2].env.address, "one@example.org");
	ck_assert_int_eq(m.rcpts[2].state, RCPT_QUEUED);
	ck_assert_uint_eq(m.attempts, 7);
	ck_assert_int_eq(m.next_retry, 123456);
	ck_assert(m.warned);
	ck_assert(!m.torn);
	ck_assert_uint_eq(m.journal_end, b.len);
}
END_TEST

/* Cut in the journal, it is torn and says what came before; cut before it, the
 * file is none. */
START_TEST(every_prefix_is_known_as_one)
{
	CLEAN_BUF struct buf b = { 0 };
	size_t ends[5], start;

	take_bytes(write_usual(), &b);
	start = b.len;
	buf_free(&b);
	with_journal(&b, ends, ARRAY_LEN(ends));
	for (size_t n = 0; n < start; n++)
		ck_assert_msg(verdict(buf_str(&b), n) != NULL, "%zu bytes", n);

	for (size_t n = start, i = 0, last = start; n <= b.len; n++) {
		CLEAN_ARENA struct arena a = { 0 };
		CLEAN_FD int fd = file_of(buf_str(&b), n);
		struct spool_message m;
		const char *why = "";

		if (n == ends[i])
			last = ends[i++];
		ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%zu: %s", n,
		    why);
		ck_assert_uint_eq(m.journal_end, last);
		ck_assert_int_eq(m.torn, n != last);
		ck_assert_uint_eq(m.attempts, i > 3 ? 7 : 0);
	}
}
END_TEST

START_TEST(every_changed_byte_is_noticed)
{
	CLEAN_BUF struct buf b = { 0 };
	size_t ends[5];

	with_journal(&b, ends, ARRAY_LEN(ends));
	ck_assert_ptr_null(verdict(buf_str(&b), b.len));
	for (size_t i = 0; i < b.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			b.text[i] = (char)(b.text[i] ^ (1 << bit));
			ck_assert_msg(verdict(buf_str(&b), b.len) != NULL,
			    "byte %zu, bit %d", i, bit);
			b.text[i] = (char)(b.text[i] ^ (1 << bit));
		}
}
END_TEST

START_TEST(bytes_that_trade_places_are_noticed)
{
	CLEAN_BUF struct buf b = { 0 };
	size_t ends[5];

	with_journal(&b, ends, ARRAY_LEN(ends));
	for (size_t i = 0; i + 1 < b.len; i++) {
		char x = b.text[i], y = b.text[i + 1];

		if (x == y)
			continue;
		b.text[i] = y;
		b.text[i + 1] = x;
		ck_assert_msg(verdict(buf_str(&b), b.len) != NULL, "byte %zu",
		    i);
		b.text[i] = x;
		b.text[i + 1] = y;
	}
}
END_TEST

START_TEST(the_content_is_checked_on_wish_alone)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m;
	const char *why = "";

	take_bytes(write_usual(), &b);
	b.text[SPOOL_HEAD_SIZE] ^= 1;
	CLEAN_FD int fd = file_of(buf_str(&b), b.len);
	ck_assert(spool_read(fd, &a, &m, false, &why));
	ck_assert(!spool_read(fd, &a, &m, true, &why));
	ck_assert_str_eq(why, "the content is damaged");
}
END_TEST

START_TEST(zeros_behind_the_journal_are_a_torn_end)
{
	CLEAN_BUF struct buf b = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	size_t ends[5];
	struct spool_message m;
	const char *why = "";

	with_journal(&b, ends, ARRAY_LEN(ends));
	for (int i = 0; i < 20000; i++)
		buf_addc(&b, '\0');
	CLEAN_FD int fd = file_of(buf_str(&b), b.len);
	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s", why);
	ck_assert(m.torn);
	ck_assert_uint_eq(m.journal_end, ends[4]);

	b.text[ends[4] + 20] = 'x';
	ck_assert_str_eq(verdict(buf_str(&b), b.len), "the journal is damaged");
}
END_TEST

/* Of a write that was not synced any block may be missing. */
START_TEST(a_missing_block_of_the_journal_is_a_torn_end)
{
	CLEAN_BUF struct buf b = { 0 };
	struct dsn later = { .outcome = OUTCOME_DEFER,
		.fault = FAULT_DESTINATION,
		.status = "4.4.1" };
	char text[3000];
	size_t ends[5];

	memset(text, 't', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	later.text = text;
	with_journal(&b, ends, ARRAY_LEN(ends));
	for (int i = 0; i < 3; i++)
		spool_entry_rcpt(&b, 1, RCPT_QUEUED, &later, "none", 1000);
	for (size_t at = ends[4] / 512 * 512; at < b.len; at += 512) {
		CLEAN_ARENA struct arena a = { 0 };
		CLEAN_BUF struct buf holed = { 0 };
		struct spool_message m;
		const char *why = "";
		size_t from = MAX(at, ends[4]);

		buf_add(&holed, buf_str(&b), b.len);
		memset(holed.text + from, 0, MIN(at + 512, b.len) - from);
		CLEAN_FD int fd = file_of(buf_str(&holed), holed.len);
		ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%zu: %s", at,
		    why);
		ck_assert(m.torn);
		ck_assert_uint_ge(m.journal_end, ends[4]);
		ck_assert_uint_le(m.journal_end, from);
	}
}
END_TEST

/* Whole entries that cannot be meant. */
static void
add_entry_of_type(struct buf *b, uint32_t type)
{
	CLEAN_BUF struct buf entry = { 0 };

	spool_entry_notice(&entry, 1);
	entry.text[3] = (char)type;
	uint32_t crc = wire_crc(0, buf_str(&entry), 12);
	for (int i = 0; i < 4; i++)
		entry.text[12 + i] = (char)(crc >> (24 - 8 * i));
	buf_add(b, buf_str(&entry), entry.len);
}

START_TEST(entries_that_make_no_sense_are_refused)
{
	static const struct dsn none = { .status = "", .text = "" };
	CLEAN_BUF struct buf file = { 0 };

	take_bytes(write_usual(), &file);
	for (int i = 0; i < 6; i++) {
		CLEAN_BUF struct buf b = { 0 };

		buf_add(&b, buf_str(&file), file.len);
		if (i == 0)
			spool_entry_rcpt(&b, 2, RCPT_SENT, &none, "", 0);
		if (i == 1)
			spool_entry_rcpt(&b, 0, (enum rcpt_state)7, &none, "",
			    0);
		if (i == 2)
			add_entry_of_type(&b, 0);
		if (i == 3)
			add_entry_of_type(&b, 5);
		if (i == 4)
			add_entry_of_type(&b, SPOOL_ENTRY_RCPT);
		if (i == 5) {
			add_entry_of_type(&b, SPOOL_ENTRY_NOTICE);
			ck_assert_ptr_null(verdict(buf_str(&b), b.len));
			continue;
		}
		ck_assert_msg(verdict(buf_str(&b), b.len) != NULL, "case %d",
		    i);
	}
}
END_TEST

START_TEST(entries_are_appended)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf entries = { 0 };
	CLEAN_FD int fd = write_usual();
	struct spool_message m;
	const char *why = "";

	ck_assert(spool_read(fd, &a, &m, false, &why));
	for (uint32_t i = 1; i <= 100; i++) {
		buf_reset(&entries);
		spool_entry_more(&entries, &the_rcpts[0]);
		spool_entry_retry(&entries, i, i);
		ck_assert_int_eq(spool_append(fd, &m.journal_end, &entries), 0);
	}
	uint64_t end = m.journal_end;
	ck_assert_int_eq(ftruncate(fd, (off_t)end - 5), 0);
	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s", why);
	ck_assert_uint_eq(m.attempts, 99);
	ck_assert_uint_eq(m.n_rcpts, 102);
	ck_assert(m.torn);

	ck_assert_int_eq(spool_cut(fd, m.journal_end), 0);
	buf_reset(&entries);
	spool_entry_notice(&entries, 1);
	ck_assert_int_eq(spool_append(fd, &m.journal_end, &entries), 0);
	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s", why);
	ck_assert(m.warned);
	ck_assert(!m.torn);
}
END_TEST

START_TEST(a_text_without_end_is_cut)
{
	CLEAN_BUF struct buf text = { 0 }, entries = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_FD int fd = write_usual();
	struct spool_message m;
	const char *why = "";

	while (text.len < 2 * SPOOL_ENTRY_MAX)
		buf_adds(&text, "0123456789");
	struct dsn later = { .status = "4.0.0", .text = buf_str(&text) };
	spool_entry_rcpt(&entries, 0, RCPT_QUEUED, &later, buf_str(&text), 1);
	ck_assert(spool_read(fd, &a, &m, false, &why));
	ck_assert_int_eq(spool_append(fd, &m.journal_end, &entries), 0);
	ck_assert_msg(spool_read(fd, &a, &m, true, &why), "%s", why);
	ck_assert_uint_eq(strlen(m.rcpts[0].last.text), 16384);
}
END_TEST

START_TEST(a_failing_read_is_not_called_damage)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m;
	const char *why = NULL;

	ck_assert(!spool_read(queue, &a, &m, false, &why));
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_ptr_nonnull(why);
}
END_TEST

/* ---- drafts ---- */

START_TEST(a_draft_that_is_dropped_leaves_nothing)
{
	for (size_t n = 0; n < 4 * SPOOL_CHUNK; n += SPOOL_CHUNK) {
		CLEAN_BUF struct buf content = { 0 };
		CLEAN_DRAFT struct spool_draft d = { 0 };

		while (content.len < n)
			buf_adds(&content, "0123456789\r\n");
		spool_draft_start(&d, queue, ID);
		spool_draft_data(&d, buf_str(&content), content.len);
	}
	ck_assert_int_eq(empty("tmp"), 0);
	ck_assert_int_eq(empty("new"), 0);
}
END_TEST

/* As after a sync that failed. */
START_TEST(a_finished_draft_that_is_not_taken_leaves_nothing)
{
	CLEAN_BUF struct buf none = { 0 };
	struct spool_draft d;

	spool_draft_start(&d, queue, ID);
	spool_draft_data(&d, CONTENT, strlen(CONTENT));
	ck_assert_int_eq(spool_draft_finish(&d, &none, &the_env, the_rcpts, 1,
			     SPOOL_NEW),
	    0);
	spool_draft_free(&d);
	spool_draft_free(&d);
	ck_assert_int_eq(empty("tmp"), 0);
	ck_assert_int_eq(empty("new"), 0);
}
END_TEST

START_TEST(a_taken_draft_stays)
{
	CLEAN_FD int fd = write_usual();

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(empty("tmp"), 0);
	ck_assert_int_eq(empty("new"), 1);
}
END_TEST

START_TEST(an_id_that_exists_is_refused)
{
	CLEAN_BUF struct buf none = { 0 }, before = { 0 }, after = { 0 };
	CLEAN_FD int fd = write_usual();
	struct spool_draft d;

	ck_assert_int_eq(fd_read_all(fd, &before, 10000), 0);
	spool_draft_start(&d, queue, ID);
	spool_draft_data(&d, "x\r\n", 3);
	ck_assert_int_eq(spool_draft_finish(&d, &none, &the_env, the_rcpts, 1,
			     SPOOL_NEW),
	    -1);
	ck_assert_int_eq(errno, EEXIST);
	spool_draft_free(&d);
	ck_assert_int_eq(empty("tmp"), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(fd_read_all(fd, &after, 10000), 0);
	ck_assert_uint_eq(before.len, after.len);
	ck_assert_mem_eq(buf_str(&before), buf_str(&after), after.len);
	ck_assert_int_eq(empty("new"), 1);
}
END_TEST

START_TEST(an_id_that_is_being_written_is_refused)
{
	CLEAN_DRAFT struct spool_draft one = { 0 }, two = { 0 };
	CLEAN_BUF struct buf content = { 0 }, none = { 0 };

	while (content.len < SPOOL_CHUNK)
		buf_adds(&content, "0123456789\r\n");
	spool_draft_start(&one, queue, ID);
	spool_draft_data(&one, buf_str(&content), content.len);
	spool_draft_start(&two, queue, ID);
	spool_draft_data(&two, buf_str(&content), content.len);
	ck_assert_int_eq(two.error, EEXIST);
	spool_draft_free(&two);
	ck_assert_int_eq(spool_draft_finish(&one, &none, &the_env, the_rcpts, 1,
			     SPOOL_NEW),
	    0);
}
END_TEST

static const char *const bad_ids[] = { "", "../new/x", "11111122223B",
	"11111122223BCD", "11111122223B/", "aeiou12345678" };

START_TEST(a_name_that_is_no_id_is_refused)
{
	CLEAN_BUF struct buf none = { 0 };
	CLEAN_DRAFT struct spool_draft d = { 0 };

	spool_draft_start(&d, queue, bad_ids[_i]);
	spool_draft_data(&d, "x\r\n", 3);
	ck_assert_int_eq(spool_draft_finish(&d, &none, &the_env, the_rcpts, 1,
			     SPOOL_NEW),
	    -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(a_folder_that_is_missing_is_an_error)
{
	CLEAN_BUF struct buf none = { 0 };
	CLEAN_DRAFT struct spool_draft d = { 0 };

	ck_assert_int_eq(unlinkat(queue, "tmp", AT_REMOVEDIR), 0);
	spool_draft_start(&d, queue, ID);
	spool_draft_data(&d, "x\r\n", 3);
	ck_assert_int_eq(spool_draft_finish(&d, &none, &the_env, the_rcpts, 1,
			     SPOOL_NEW),
	    -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(mkdirat(queue, "tmp", 0700), 0);
}
END_TEST

/* ---- the folder ---- */

START_TEST(paths_have_their_folder)
{
	char path[SPOOL_PATH_MAX];

	spool_path(path, SPOOL_NEW, ID);
	ck_assert_str_eq(path, "new/" ID);
	spool_path(path, SPOOL_MAILDROP, ID);
	ck_assert_str_eq(path, "maildrop/" ID);
	spool_path(path, SPOOL_CUR, ID);
	ck_assert_uint_eq(strlen(path), strlen("cur/00/" ID));
	ck_assert_str_eq(path + 7, ID);
}
END_TEST

START_TEST(the_disk_has_room)
{
	uint64_t bytes, inodes;

	ck_assert_int_eq(spool_free_space(queue, &bytes, &inodes), 0);
	ck_assert_uint_gt(bytes, 0);
	ck_assert_uint_gt(inodes, 0);
	ck_assert_int_eq(spool_free_space(-1, &bytes, &inodes), -1);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("spool");
	TCase *t = tcase_create("spool");

	tcase_add_checked_fixture(t, start, stop);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_was_written_is_read);
	tcase_add_test(t, the_head_alone_can_be_read);
	tcase_add_test(t, the_content_may_be_cut_anywhere);
	tcase_add_test(t, an_empty_message_is_a_message);
	tcase_add_loop_test(t, any_size_is_read_back, 0, ARRAY_LEN(sizes));
	tcase_add_test(t, many_recipients_are_read_back);
	tcase_add_loop_test(t, the_content_is_described, 0, ARRAY_LEN(kinds));
	tcase_add_loop_test(t, a_line_end_by_half_is_refused, 0,
	    ARRAY_LEN(not_canonical));
	tcase_add_test(t, a_nul_is_refused);
	tcase_add_test(t, the_journal_is_applied);
	tcase_add_test(t, every_prefix_is_known_as_one);
	tcase_add_test(t, every_changed_byte_is_noticed);
	tcase_add_test(t, bytes_that_trade_places_are_noticed);
	tcase_add_test(t, the_content_is_checked_on_wish_alone);
	tcase_add_test(t, zeros_behind_the_journal_are_a_torn_end);
	tcase_add_test(t, a_missing_block_of_the_journal_is_a_torn_end);
	tcase_add_test(t, entries_that_make_no_sense_are_refused);
	tcase_add_test(t, entries_are_appended);
	tcase_add_test(t, a_text_without_end_is_cut);
	tcase_add_test(t, a_failing_read_is_not_called_damage);
	tcase_add_test(t, a_draft_that_is_dropped_leaves_nothing);
	tcase_add_test(t, a_finished_draft_that_is_not_taken_leaves_nothing);
	tcase_add_test(t, a_taken_draft_stays);
	tcase_add_test(t, an_id_that_exists_is_refused);
	tcase_add_test(t, an_id_that_is_being_written_is_refused);
	tcase_add_loop_test(t, a_name_that_is_no_id_is_refused, 0,
	    ARRAY_LEN(bad_ids));
	tcase_add_test(t, a_folder_that_is_missing_is_an_error);
	tcase_add_test(t, paths_have_their_folder);
	tcase_add_test(t, the_disk_has_room);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
