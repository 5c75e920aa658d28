/*
 * cleanup_mail: what feeders say becomes a queue file, or is refused.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup_mail.h"
#include "cleanup_world.h"

static const struct msg_mail_begin remote = {
	.id = WORLD_ID,
	.sender = "sender@example.net",
	.client_name = "client.example.net",
	.client_addr = "192.0.2.7",
	.client_port = 4711,
	.helo = "client",
	.protocol = "ESMTP",
	.auth_user = "",
	.tls = "",
	.user = "",
	.envid = "",
	.notice_of = "",
};

static const struct msg_mail_begin local = {
	.id = WORLD_ID,
	.flags = MAIL_LOCAL,
	.sender = "root",
	.client_name = "localhost",
	.client_addr = "",
	.helo = "",
	.protocol = "",
	.auth_user = "",
	.tls = "",
	.uid = 1000,
	.user = "alice",
	.envid = "",
	.notice_of = "",
};

static const char *conf = "";

static void
start(void)
{
	world_start(conf, NULL);
	cleanup_mail_open(world_queue());
}

static struct cleanup_mail *
begin(const struct msg_mail_begin *b)
{
	struct cleanup_mail *m = cleanup_mail_begin(b,
	    (b->flags & MAIL_LOCAL) != 0 ? ROLE_PICKUP : ROLE_SMTPD);

	ck_assert_ptr_nonnull(m);
	return m;
}

static void
rcpt(struct cleanup_mail *m, const char *address)
{
	struct msg_mail_rcpt r = { .address = address,
		.orcpt = "",
		.orig = "" };

	cleanup_mail_rcpt(m, &r);
}

static void
data(struct cleanup_mail *m, const char *text)
{
	cleanup_mail_data(m, slice_of(text));
}

/* It is safe now: gives it back as it will be read. */
static void
take(struct cleanup_mail *m, struct arena *a, struct spool_message *out,
    struct buf *text)
{
	CLEAN_FD int fd = cleanup_mail_safe(m);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(m->reply.code, 250);
	ck_assert_str_eq(m->reply.text, "Ok: queued as " WORLD_ID);
	cleanup_mail_destroy(&m);
	ck_assert_ptr_null(m);
	ck_assert_int_eq(world_count(SPOOL_TMP), 0);
	world_read(a, SPOOL_NEW, WORLD_ID, out, text);
	ck_assert_uint_eq(cleanup_mail_memory(), 0);
}

static void
finish(struct cleanup_mail *m, struct arena *a, struct spool_message *out,
    struct buf *text)
{
	ck_assert_msg(cleanup_mail_end(m), "%u %s", m->reply.code,
	    m->reply.text);
	take(m, a, out, text);
}

/* It was lost with this reply, and nothing is left. */
static void
lost(struct cleanup_mail *m, uint16_t code, const char *status)
{
	ck_assert(!cleanup_mail_end(m));
	ck_assert_msg(m->reply.code == code, "%u %s", m->reply.code,
	    m->reply.text);
	ck_assert_str_eq(m->reply.status, status);
	cleanup_mail_destroy(&m);
	ck_assert_int_eq(world_count(SPOOL_TMP), 0);
	ck_assert_int_eq(world_count(SPOOL_NEW), 0);
	ck_assert_uint_eq(cleanup_mail_memory(), 0);
}

/* The text without the date that ends its Received field. */
static const char *
without_date(struct buf *text)
{
	char *date = strstr(text->text, "Received: ");

	ck_assert_ptr_nonnull(date);
	date = strchr(date, ';');
	ck_assert_ptr_nonnull(date);
	char *end = strstr(date, "\r\n");
	ck_assert_ptr_nonnull(end);
	ck_assert_msg(end - date > 30, "no date in: %s", text->text);
	memmove(date + 1, end, strlen(end) + 1);
	return text->text;
}

/* ---- mail from outside ---- */

#define RESULTS "Authentication-Results: mx.example.org;\r\n\t"
#define FRONT                                                        \
	RESULTS                                                      \
	"none\r\n"                                                   \
	"Received: from client (client.example.net [192.0.2.7])\r\n" \
	"\tby mx.example.org (Posthouse) with ESMTP id " WORLD_ID

START_TEST(mail_of_others_passes_as_it_came)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	data(mail, "Subject: x\r\nTo: nobody\r\nMessage-Id:\r\n <1@x>\r\n");
	data(mail, "\r\n..\r\nbody\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_str_eq(without_date(&text),
	    FRONT "\r\n\tfor <bob@example.org>;\r\n"
		  "Subject: x\r\nTo: nobody\r\nMessage-Id:\r\n <1@x>\r\n"
		  "\r\n..\r\nbody\r\n");
	ck_assert_str_eq(m.env.id, WORLD_ID);
	ck_assert_str_eq(m.env.sender, "sender@example.net");
	ck_assert_str_eq(m.env.message_id, "<1@x>");
	ck_assert_str_eq(m.env.client_addr, "192.0.2.7");
	ck_assert_uint_eq(m.env.client_port, 4711);
	ck_assert_uint_eq(m.env.flags, MAIL_DOTS);
	ck_assert_uint_eq(m.n_rcpts, 1);
	ck_assert_str_eq(m.rcpts[0].env.address, "bob@example.org");
	ck_assert_str_eq(m.rcpts[0].env.orig, "");
	ck_assert_str_eq(world_log(), WORLD_ID ": message-id=<1@x>\n");
}
END_TEST

/* Each cut of the content gives the same file. */
START_TEST(the_content_may_be_cut_anywhere)
{
	static const char content[] =
	    "Bcc: secret@x\r\nSubject: x\r\n"
	    "Return-Path: <x>\r\nX: y\r\n\r\nbody\r\n";

	for (size_t cut = 0; cut < strlen(content); cut++) {
		CLEAN_ARENA struct arena a = { 0 };
		CLEAN_BUF struct buf text = { 0 };
		struct spool_message m;
		struct cleanup_mail *mail = begin(&remote);

		rcpt(mail, "bob@example.org");
		cleanup_mail_data(mail, (struct slice){ content, cut });
		data(mail, content + cut);
		finish(mail, &a, &m, &text);
		ck_assert_str_eq(without_date(&text),
		    FRONT "\r\n\tfor <bob@example.org>;\r\n"
			  "Subject: x\r\nX: y\r\n\r\nbody\r\n");
		ck_assert_int_eq(unlinkat(world_queue(), "new/" WORLD_ID, 0),
		    0);
	}
}
END_TEST

START_TEST(received_names_one_recipient_at_most)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	rcpt(mail, "carol@example.org");
	data(mail, "\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_str_eq(without_date(&text), FRONT ";\r\n\r\n");
}
END_TEST

START_TEST(what_a_client_says_of_itself_ends_no_field)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct msg_mail_begin b = remote;

	b.helo = "evil)\r\nBcc: x";
	b.client_addr = "2001:db8::1";
	b.tls = "using TLSv1.3";
	struct cleanup_mail *mail = begin(&b);
	rcpt(mail, "a b@example.org");
	data(mail, "\r\n");
	ck_assert_uint_eq(mail->reply.code, 0);
	finish(mail, &a, &m, &text);
	ck_assert_msg(str_starts(buf_str(&text),
			  RESULTS
			  "none\r\n"
			  "Received: from evil???Bcc:?x (client.example.net "
			  "[IPv6:2001:db8::1])\r\n\t(using TLSv1.3)\r\n\tby"),
	    "%s", buf_str(&text));
}
END_TEST

START_TEST(a_user_is_named_where_that_is_wished)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct msg_mail_begin b = remote;

	b.auth_user = "a (b)\r\n\\\xc3\xa9@c";
	struct cleanup_mail *mail = begin(&b);
	rcpt(mail, "bob@example.org");
	data(mail, "\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_msg(strstr(buf_str(&text),
			  "[192.0.2.7])\r\n"
			  "\t(Authenticated sender: a ?b??????@c)\r\n"
			  "\tby ") != NULL,
	    "%s", buf_str(&text));
}
END_TEST

START_TEST(results_stand_on_top)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	data(mail, "\r\n");
	cleanup_mail_results(mail,
	    &(struct msg_mail_end){
		.flags = MAIL_SPF_FAIL | MAIL_LOCAL,
		.results = "; spf=fail smtp.mailfrom=x.test; spf=pass\r\nX: y",
		.spf_domain = "",
	    });
	finish(mail, &a, &m, &text);
	ck_assert_msg(str_starts(buf_str(&text),
			  RESULTS "spf=fail smtp.mailfrom=x.test;\r\n"
				  "\tspf=pass??X: y\r\nReceived: "),
	    "%s", buf_str(&text));
	ck_assert_uint_eq(m.env.flags, MAIL_SPF_FAIL);
}
END_TEST

/* Who says it, and whether what he says of us stays. */
static const struct {
	uint32_t flags;
	bool stays;
} forgers[] = {
	{ 0, false },
	{ MAIL_AUTH, false },
	{ MAIL_LOCAL | MAIL_TRUSTED, false },
	{ MAIL_TRUSTED, true },
};

START_TEST(forged_results_are_removed)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct msg_mail_begin b = remote;

	b.flags = forgers[_i].flags;
	struct cleanup_mail *mail = begin(&b);
	rcpt(mail, "bob@example.org");
	data(mail,
	    "Subject: x\r\n"
	    "Authentication-Results: mx.example.org; a=1\r\n"
	    "AUTHENTICATION-results:(of)\r\n \"MX.Example\\.org\"\r\n"
	    " 1; a=2\r\n"
	    "Authentication-Results: other.example; a=3\r\n"
	    "\r\nAuthentication-Results: mx.example.org; a=4\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_int_eq(strstr(buf_str(&text), "a=1") != NULL,
	    forgers[_i].stays);
	ck_assert_int_eq(strstr(buf_str(&text), "a=2") != NULL,
	    forgers[_i].stays);
	ck_assert(strstr(buf_str(&text), "other.example; a=3") != NULL);
	ck_assert(strstr(buf_str(&text), "a=4") != NULL);
}
END_TEST

/* Content, and what is stored of it. */
static const struct {
	const char *given, *stored;
} shapes[] = {
	{ "", "\r\n" },
	{ "\r\n", "\r\n" },
	{ "A: b\r\n", "A: b\r\n\r\n" },
	{ "A: b", "A: b\r\n\r\n" },
	{ "no header at all\r\n", "\r\nno header at all\r\n" },
	{ "A: b\r\nno field\r\n", "A: b\r\n\r\nno field\r\n" },
	{ "A: b\r\n\r\nno end", "A: b\r\n\r\nno end\r\n" },
	{ "BCC: a,\r\n b\r\n\r\n", "\r\n" },
	{ "Content-Length: 3\r\nA: b\r\n\r\n", "A: b\r\n\r\n" },
	{ "A: b\r\nReturn-Path: <>\r\nResent-Bcc: x\r\nC: d\r\n\r\n",
	    "A: b\r\nC: d\r\n\r\n" },
};

START_TEST(content_of_any_shape_has_header_and_body)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	rcpt(mail, "carol@example.org");
	data(mail, shapes[_i].given);
	finish(mail, &a, &m, &text);
	const char *received = strstr(without_date(&text), "Received: ");
	ck_assert_str_eq(strchr(received, ';') + 3, shapes[_i].stored);
}
END_TEST

/* ---- mail from here ---- */

START_TEST(local_mail_is_completed)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 }, want = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&local);

	rcpt(mail, "bob");
	data(mail,
	    "To: Bob <bob>, carol (C.),\r\n dave@example.net\r\n"
	    "Subject: bob\r\n\r\nhello\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_ptr_nonnull(strstr(without_date(&text), "\r\nDate: "));
	ck_assert(str_starts(text.text,
	    "Received: by mx.example.org (Posthouse, from userid 1000)\r\n"
	    "\tid " WORLD_ID ";\r\nDate: "));
	buf_addf(&want,
	    "\r\nFrom: root@mx.example.org\r\nMessage-ID: %s\r\n"
	    "To: Bob <bob@mx.example.org>, carol@mx.example.org (C.),\r\n"
	    " dave@example.net\r\nSubject: bob\r\n\r\nhello\r\n",
	    m.env.message_id);
	const char *rest = strstr(text.text, "\r\nFrom:");
	ck_assert_ptr_nonnull(rest);
	ck_assert_str_eq(rest, buf_str(&want));
	ck_assert(str_ends(m.env.message_id, "." WORLD_ID "@mx.example.org>"));
	ck_assert_str_eq(m.env.sender, "root@mx.example.org");
	ck_assert_str_eq(m.rcpts[0].env.address, "bob@mx.example.org");
	ck_assert_str_eq(m.rcpts[0].env.orig, "bob");
	ck_assert_uint_eq(m.env.uid, 1000);
}
END_TEST

static const struct {
	const char *label, *header, *has, *has_not;
	uint32_t flags;
	const char *sender;
} missing[] = {
	{ "all there", "Date: x\r\nFrom: y\r\nMessage-ID: <z>\r\n", "Date: x",
	    "Date: S", MAIL_LOCAL, "a@b.c" },
	{ "with authentication", "Subject: x\r\n", "\r\nFrom: a@b.c\r\n",
	    "Resent-", MAIL_AUTH, "a@b.c" },
	{ "trusted, but from outside", "Subject: x\r\n", "Subject: x",
	    "Date:", MAIL_TRUSTED, "a@b.c" },
	{ "sent on", "Date: x\r\nResent-To: q@x.y\r\n",
	    "\r\nResent-From: a@b.c\r\nResent-Message-ID: <",
	    "\r\nFrom:", MAIL_LOCAL, "a@b.c" },
	{ "sent on, complete",
	    "Resent-Date: x\r\nResent-From: q@x.y\r\n"
	    "Resent-Message-Id: <z>\r\n",
	    "Resent-From: q@x.y\r\n", "From: a@b.c", MAIL_LOCAL, "a@b.c" },
	{ "null sender", "To: x@y.z\r\n",
	    "From: MAILER-DAEMON@mx.example.org (Mail Delivery System)\r\n",
	    "From: \r\n", MAIL_LOCAL, "" },
};

START_TEST(missing_fields_are_added_to_what_is_submitted)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct msg_mail_begin b = remote;

	b.flags = missing[_i].flags;
	b.sender = missing[_i].sender;
	struct cleanup_mail *mail = begin(&b);
	rcpt(mail, "bob@example.org");
	data(mail, missing[_i].header);
	data(mail, "\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_msg(strstr(buf_str(&text), missing[_i].has) != NULL, "%s: %s",
	    missing[_i].label, buf_str(&text));
	ck_assert_msg(strstr(buf_str(&text), missing[_i].has_not) == NULL,
	    "%s: %s", missing[_i].label, buf_str(&text));
}
END_TEST

START_TEST(a_feeder_cannot_claim_what_it_does_not_know)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct msg_mail_begin b = remote;

	b.flags = MAIL_NOTICE | MAIL_AUTH | MAIL_8BIT | MAIL_DOTS;
	struct cleanup_mail *mail = begin(&b);
	rcpt(mail, "bob@example.org");
	data(mail, "\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_uint_eq(m.env.flags, MAIL_AUTH);
}
END_TEST

/* ---- recipients ---- */

START_TEST(each_recipient_is_kept_once)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	rcpt(mail, "carol@example.org");
	rcpt(mail, "BOB@example.org");
	rcpt(mail, "bob@example.org");
	data(mail, "\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_uint_eq(m.n_rcpts, 2);
	ck_assert_str_eq(m.rcpts[0].env.address, "bob@example.org");
	ck_assert_str_eq(m.rcpts[1].env.address, "carol@example.org");
}
END_TEST

START_TEST(virtual_aliases_are_expanded)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "all@alias.example");
	rcpt(mail, "carol@example.org");
	data(mail, "\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_uint_eq(m.n_rcpts, 2);
	ck_assert_str_eq(m.rcpts[0].env.address, "bob@example.org");
	ck_assert_str_eq(m.rcpts[0].env.orig, "all@alias.example");
	ck_assert_str_eq(m.rcpts[1].env.address, "carol@example.org");
	ck_assert_str_eq(m.rcpts[1].env.orig, "all@alias.example");
}
END_TEST

static void
assert_rcpt(const struct spool_message *m, size_t i, const char *address,
    uint8_t notify)
{
	ck_assert_uint_lt(i, m->n_rcpts);
	ck_assert_str_eq(m->rcpts[i].env.address, address);
	ck_assert_uint_eq(m->rcpts[i].env.notify, notify);
}

/* Copies come last, through the aliases too, each once. */
START_TEST(copies_go_where_the_tables_say)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob+x@example.org");
	rcpt(mail, "carol@example.org");
	data(mail, "Subject: x\r\n\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_uint_eq(m.n_rcpts, 5);
	assert_rcpt(&m, 0, "bob+x@example.org", 0);
	assert_rcpt(&m, 1, "carol@example.org", 0);
	assert_rcpt(&m, 2, "boss@example.org", NOTIFY_NEVER);
	assert_rcpt(&m, 3, "watch@example.org", NOTIFY_NEVER);
	assert_rcpt(&m, 4, "keeper@example.org", NOTIFY_NEVER);
	ck_assert_ptr_null(strstr(buf_str(&text), "keeper"));
}
END_TEST

/* Nobody is told in the Received field of who gets a copy. */
START_TEST(a_copy_does_not_change_the_received_field)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "carol@example.org");
	data(mail, "Subject: x\r\n\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_uint_eq(m.n_rcpts, 3);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&text), "for <carol@example.org>"));
}
END_TEST

START_TEST(notifications_have_no_copies)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct msg_mail_begin b = remote;

	b.sender = "";
	struct cleanup_mail *mail = cleanup_mail_begin(&b, ROLE_BOUNCE);
	rcpt(mail, "bob@example.org");
	data(mail, "Subject: returned\r\n\r\n");
	finish(mail, &a, &m, &text);
	ck_assert_uint_eq(m.n_rcpts, 1);
}
END_TEST

START_TEST(a_copy_to_nowhere_means_later)
{
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "broken@example.org");
	data(mail, "\r\n");
	lost(mail, 451, "4.3.0");
}
END_TEST

START_TEST(a_table_that_cannot_say_means_later)
{
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	data(mail, "\r\n");
	lost(mail, 451, "4.3.0");
}
END_TEST

/* ---- refusals ---- */

#define X32 "12345678901234567890123456789012"

static const char *const bad_rcpts[] = { "", "@example.org",
	"a\r\nRCPT TO:<x>@example.org", "a@b c", "a@-x.org",
	"a\x7f@example.org", "\xc3\xa4@example.org",
	X32 X32 X32 X32 X32 X32 X32 X32 "@example.org" };

START_TEST(a_recipient_that_is_no_address_is_refused)
{
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, bad_rcpts[_i]);
	data(mail, "\r\n");
	lost(mail, 553, "5.1.3");
}
END_TEST

START_TEST(a_sender_that_is_no_address_is_refused)
{
	struct msg_mail_begin b = remote;

	b.sender = "a\nb@example.org";
	lost(begin(&b), 553, "5.1.7");
}
END_TEST

/* smtpd speaks for itself. */
START_TEST(a_refusal_is_logged_where_nobody_else_does)
{
	struct msg_mail_begin b = remote;

	b.sender = "a\nb@example.org";
	lost(begin(&b), 553, "5.1.7");
	ck_assert_str_eq(world_log(), "");
	b.flags = MAIL_LOCAL;
	lost(begin(&b), 553, "5.1.7");
	ck_assert_str_eq(world_log(),
	    WORLD_ID
	    ": reject: END-OF-MESSAGE from pickup: 553 5.1.7 the "
	    "address has a control character; from=<a?b@example.org>\n");
}
END_TEST

static const char *const bad_ids[] = { "", "../../etc/cron", "1111112222BB",
	"1111112222BBCC", "1111112222BBe" };

START_TEST(a_name_that_is_no_id_is_not_accepted)
{
	struct msg_mail_begin b = remote;

	b.id = bad_ids[_i];
	ck_assert_ptr_null(cleanup_mail_begin(&b, ROLE_SMTPD));
}
END_TEST

START_TEST(an_id_that_exists_is_refused)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *one = begin(&remote), *two = begin(&remote);

	rcpt(one, "bob@example.org");
	rcpt(two, "carol@example.org");
	ck_assert(cleanup_mail_end(one));
	ck_assert(!cleanup_mail_end(two));
	ck_assert_uint_eq(two->reply.code, 451);
	cleanup_mail_destroy(&two);
	take(one, &a, &m, &text);
	ck_assert_str_eq(m.rcpts[0].env.address, "bob@example.org");
}
END_TEST

START_TEST(a_message_without_recipients_is_refused)
{
	struct cleanup_mail *mail = begin(&remote);

	data(mail, "\r\n");
	lost(mail, 554, "5.5.1");
}
END_TEST

START_TEST(too_many_hops_are_refused)
{
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	for (int i = 0; i < 51; i++)
		data(mail, "received: x\r\n");
	data(mail, "\r\n");
	lost(mail, 554, "5.4.6");
}
END_TEST

START_TEST(fifty_hops_are_not_too_many)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message m;
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	for (int i = 0; i < 50; i++)
		data(mail, "Received: x\r\n");
	finish(mail, &a, &m, &text);
}
END_TEST

static void
fill(struct cleanup_mail *mail, const char *line, size_t bytes)
{
	for (size_t n = 0; n < bytes; n += strlen(line))
		data(mail, line);
}

START_TEST(a_message_that_is_too_big_is_refused)
{
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	data(mail, "\r\n");
	fill(mail, "0123456789012345678901234567890123456789\r\n", 1000000);
	ck_assert_uint_eq(mail->reply.code, 552);
	lost(mail, 552, "5.3.4");
}
END_TEST

START_TEST(a_notification_is_not_too_big)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct spool_message message;
	struct msg_mail_begin b = remote;

	b.sender = "";
	b.size_hint = 1000100;
	struct cleanup_mail *mail = cleanup_mail_begin(&b, ROLE_BOUNCE);
	rcpt(mail, "bob@example.org");
	data(mail, "Subject: returned\r\n\r\n");
	fill(mail, "0123456789012345678901234567890123456789\r\n", 1000050);
	finish(mail, &a, &message, &text);
}
END_TEST

START_TEST(a_size_that_is_announced_too_big_is_refused)
{
	struct msg_mail_begin b = remote;

	b.size_hint = 1000001;
	lost(begin(&b), 552, "5.3.4");
}
END_TEST

START_TEST(a_header_that_is_too_long_is_refused)
{
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	fill(mail, "Subject: very long\r\n", HEADER_MAX + 100);
	lost(mail, 552, "5.3.4");
}
END_TEST

START_TEST(too_many_recipients_are_refused)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct cleanup_mail *mail = begin(&remote);

	for (int i = 0; i < CLEANUP_RCPT_MAX; i++)
		rcpt(mail, arena_printf(&a, "u%d@example.org", i));
	ck_assert_uint_eq(mail->reply.code, 0);
	rcpt(mail, "one@example.org");
	lost(mail, 452, "4.5.3");
}
END_TEST

START_TEST(memory_is_bounded)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct cleanup_mail *mails[40];
	size_t n = 0, most = 0;
	bool refused = false;

	while (n < ARRAY_LEN(mails) && !refused) {
		struct cleanup_mail *m = mails[n++] = begin(&remote);

		arena_reset(&a);
		for (int i = 0; i < CLEANUP_RCPT_MAX && !refused; i++) {
			rcpt(m,
			    arena_printf(&a,
				"user-of-some-length%d"
				"@example.org",
				i));
			most = MAX(most, cleanup_mail_memory());
			refused = m->reply.code == 452;
		}
	}
	ck_assert(refused);
	ck_assert_uint_lt(most, CLEANUP_MEMORY_MAX * 11 / 10);
	while (n > 0)
		cleanup_mail_destroy(&mails[--n]);
	ck_assert_uint_eq(cleanup_mail_memory(), 0);
}
END_TEST

START_TEST(a_bare_line_feed_is_refused)
{
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	data(mail, "\r\na\n.\nb\r\n");
	lost(mail, 554, "5.6.0");
}
END_TEST

START_TEST(a_full_disk_is_said_at_once)
{
	lost(begin(&remote), 452, "4.3.1");
}
END_TEST

START_TEST(a_folder_that_is_missing_means_later)
{
	struct cleanup_mail *mail = begin(&remote);

	ck_assert_int_eq(unlinkat(world_queue(), "tmp", AT_REMOVEDIR), 0);
	rcpt(mail, "bob@example.org");
	ck_assert(!cleanup_mail_end(mail));
	ck_assert_uint_eq(mail->reply.code, 451);
	cleanup_mail_destroy(&mail);
	ck_assert_int_eq(mkdirat(world_queue(), "tmp", 0700), 0);
}
END_TEST

START_TEST(a_message_that_is_dropped_leaves_nothing)
{
	struct cleanup_mail *mail = begin(&remote);

	rcpt(mail, "bob@example.org");
	data(mail, "\r\n");
	fill(mail, "0123456789012345678901234567890123456789\r\n", 200000);
	ck_assert_int_eq(world_count(SPOOL_TMP), 1);
	cleanup_mail_destroy(&mail);
	ck_assert_int_eq(world_count(SPOOL_TMP), 0);
}
END_TEST

/* ---- with other parameters ---- */

static void
start_aliases(void)
{
	conf = "virtual_alias_domains = alias.example\n"
	       "virtual_alias_maps = inline:{ { all@alias.example = "
	       "bob@example.org, carol@example.org } }\n";
	start();
}

static void
start_failing(void)
{
	conf = "virtual_alias_domains =\nvirtual_alias_maps = fail:later\n";
	start();
}

static void
start_copies(void)
{
	conf = "always_bcc = keeper@example.org\n"
	       "recipient_bcc_maps = inline:{"
	       " {bob@example.org = ceo@alias.example}"
	       " {broken@example.org = @} }\n"
	       "recipient_delimiter = +\n"
	       "sender_bcc_maps = inline:{"
	       " {@example.net = watch@example.org} }\n"
	       "virtual_alias_domains = alias.example\n"
	       "virtual_alias_maps = inline:{"
	       " {ceo@alias.example = boss@example.org} }\n";
	start();
}

static void
start_copies_later(void)
{
	conf = "recipient_bcc_maps = fail:later\n";
	start();
}

static void
start_named(void)
{
	conf = "smtpd_sasl_authenticated_header = yes\n";
	start();
}

static void
start_full(void)
{
	conf = "queue_minfree = 900000g\n";
	start();
}

#define LOOP(t, fn, array) tcase_add_loop_test(t, fn, 0, ARRAY_LEN(array))

static void
with(Suite *s, void (*setup)(void), const TTest *test)
{
	TCase *t = tcase_create(test->name);

	tcase_add_checked_fixture(t, setup, world_stop);
	tcase_add_test(t, test);
	suite_add_tcase(s, t);
}

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("cleanup_mail");
	TCase *t = tcase_create("cleanup_mail");

	tcase_add_checked_fixture(t, start, world_stop);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, mail_of_others_passes_as_it_came);
	tcase_add_test(t, the_content_may_be_cut_anywhere);
	tcase_add_test(t, received_names_one_recipient_at_most);
	tcase_add_test(t, what_a_client_says_of_itself_ends_no_field);
	LOOP(t, content_of_any_shape_has_header_and_body, shapes);
	tcase_add_test(t, results_stand_on_top);
	LOOP(t, forged_results_are_removed, forgers);
	tcase_add_test(t, local_mail_is_completed);
	LOOP(t, missing_fields_are_added_to_what_is_submitted, missing);
	tcase_add_test(t, a_feeder_cannot_claim_what_it_does_not_know);
	tcase_add_test(t, each_recipient_is_kept_once);
	LOOP(t, a_recipient_that_is_no_address_is_refused, bad_rcpts);
	tcase_add_test(t, a_sender_that_is_no_address_is_refused);
	tcase_add_test(t, a_refusal_is_logged_where_nobody_else_does);
	LOOP(t, a_name_that_is_no_id_is_not_accepted, bad_ids);
	tcase_add_test(t, an_id_that_exists_is_refused);
	tcase_add_test(t, a_message_without_recipients_is_refused);
	tcase_add_test(t, too_many_hops_are_refused);
	tcase_add_test(t, fifty_hops_are_not_too_many);
	tcase_add_test(t, a_message_that_is_too_big_is_refused);
	tcase_add_test(t, a_notification_is_not_too_big);
	tcase_add_test(t, a_size_that_is_announced_too_big_is_refused);
	tcase_add_test(t, a_header_that_is_too_long_is_refused);
	tcase_add_test(t, too_many_recipients_are_refused);
	tcase_add_test(t, memory_is_bounded);
	tcase_add_test(t, a_bare_line_feed_is_refused);
	tcase_add_test(t, a_folder_that_is_missing_means_later);
	tcase_add_test(t, a_message_that_is_dropped_leaves_nothing);
	suite_add_tcase(s, t);
	with(s, start_aliases, virtual_aliases_are_expanded);
	with(s, start_failing, a_table_that_cannot_say_means_later);
	with(s, start_copies, copies_go_where_the_tables_say);
	with(s, start_copies, a_copy_does_not_change_the_received_field);
	with(s, start_copies, notifications_have_no_copies);
	with(s, start_copies, a_copy_to_nowhere_means_later);
	with(s, start_copies_later, a_table_that_cannot_say_means_later);
	with(s, start_named, a_user_is_named_where_that_is_wished);
	with(s, start_full, a_full_disk_is_said_at_once);
	return s;
}

#include "check_main.h"
