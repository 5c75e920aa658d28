/*
 * seal's two roles, each in a process of its own with cleanup at the other end:
 * what one signs the other one verifies, a big message holds up no small one,
 * and memory stays as it is.  With POSTHOUSE_LONG that is 100,000 messages.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_conf.h"
#include "clock.h"
#include "dkim_key.h"
#include "dns.h"
#include "fd.h"
#include "msg.h"
#include "program.h"
#include "seal_dkim.h"
#include "seal_forward.h"
#include "seal_judge.h"
#include "seal_keys.h"
#include "seal_verdict.h"

#define SHORT_RUN 300
#define LONG_RUN  100000
#define AT_A_TIME 16 /* messages on their way */
#define BIG       (10 * 1024 * 1024)
#define PATIENCE  (60 * SECOND)
#define GROWTH    2048 /* KiB that are no leak */

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

static struct buf records[2]; /* of the keys */
static const char *const names[] = { "\3rsa\12_domainkey\1x\4test",
	"\2ed\12_domainkey\1x\4test" };
static char folder[] = "/tmp/check_seal.XXXXXX";
static pid_t server, signer, verifier;
static int to_signer, to_verifier;

/* ---- the DNS: a key, or nothing ---- */

#define DNS_HEAD 12 /* bytes in front of the question */

static void
put_txt(struct buf *out, const struct buf *text)
{
	size_t half = text->len / 2;

	buf_add(out, "\300\14\0\20\0\1\0\0\16\20", 10); /* an hour */
	buf_addc(out, (char)((text->len + 2) >> 8));
	buf_addc(out, (char)(text->len + 2));
	buf_addc(out, (char)half);
	buf_add(out, text->text, half);
	buf_addc(out, (char)(text->len - half));
	buf_add(out, text->text + half, text->len - half);
}

static void
answer_dns(const char *asked, size_t len, struct buf *out)
{
	size_t name = strnlen(asked + DNS_HEAD, len - DNS_HEAD) + 1;
	int key = -1;

	for (int i = 0; i < 2; i++)
		if (strcasecmp(asked + DNS_HEAD, names[i]) == 0)
			key = i;
	if (strcasecmp(asked + DNS_HEAD, "\3rsa\12_domainkey\3old\4test") == 0)
		key = 0; /* what the file old becomes */
	buf_add(out, asked, 2);
	buf_add(out, key < 0 ? "\204\203" : "\204\200", 2);
	buf_add(out, "\0\1\0", 3);
	buf_addc(out, key < 0 ? 0 : 1);
	buf_add(out, "\0\0\0\0", 4);
	buf_add(out, asked + DNS_HEAD, name + 4);
	if (key >= 0)
		put_txt(out, &records[key]);
}

static void
serve_dns(int fd)
{
	for (;;) {
		CLEAN_BUF struct buf out = { 0 };
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		char asked[512 + 1] = { 0 };
		ssize_t n = recvfrom(fd, asked, sizeof(asked) - 1, 0,
		    (struct sockaddr *)&from, &from_len);

		if (n <= DNS_HEAD)
			continue;
		answer_dns(asked, (size_t)n, &out);
		(void)sendto(fd, out.text, out.len, 0, (struct sockaddr *)&from,
		    from_len);
	}
}

static uint16_t
start_dns(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	server = fork();
	if (server == 0)
		serve_dns(fd);
	close_fd(&fd);
	return ntohs(at.sin_port);
}

/* ---- the roles ---- */

static void
on_ended(struct chan *c __attribute__((unused)))
{
	_exit(0);
}

/* As master hands over a file that has changed. */
static bool
on_file(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int file = fd;
	struct msg_ctl_file m;

	(void)c;
	if (!msg_get_ctl_file(&m, body, len))
		return false;
	seal_keys_changed(m.path, file);
	return true;
}

static const struct chan_rule rules[] = {
	{ MSG_seal, 1U << ROLE_CLEANUP, seal_dkim_ask },
	{ MSG_forward, 1U << ROLE_CLEANUP, seal_forward_ask },
	{ MSG_ctl_file, 1U << ROLE_CLEANUP, on_file },
	{ MSG_judge, 1U << ROLE_CLEANUP, seal_judge_ask },
};

static pid_t
start_role(enum role role, int *sock)
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
	if (role == ROLE_SIGN)
		seal_keys_load();
	else
		dns_start();
	seal_verdict_open();
	chan_start(&c, fds[1], ROLE_CLEANUP, "cleanup", rules, ARRAY_LEN(rules),
	    on_ended);
	loop_run();
	_exit(1);
}

static void
make_key(const char *name, bool rsa, struct buf *record)
{
	char path[sizeof(folder) + 16];
	EVP_PKEY *key = rsa ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
			    : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fchmod(fileno(f), 0600), 0);
	ck_assert_int_eq(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL,
			     NULL),
	    1);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert(dkim_key_record(record, key));
	EVP_PKEY_free(key);
}

static void
start_all(void)
{
	CLEAN_BUF struct buf unpublished = { 0 };
	char conf[512];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	make_key("rsa", true, &records[0]);
	make_key("ed", false, &records[1]);
	make_key("old", true, &unpublished);
	(void)snprintf(conf, sizeof(conf),
	    "myhostname = mx.test\ndns_servers = 127.0.0.1:%u\n"
	    "dkim_signing_table = inline:{{x.test = rsa:%s/rsa, ed:%s/ed}"
	    " {old.test = rsa:%s/old}}\narc_seal_domain = old.test\n",
	    start_dns(), folder, folder, folder);
	load_conf(conf);
	signer = start_role(ROLE_SIGN, &to_signer);
	verifier = start_role(ROLE_VERIFY, &to_verifier);
}

static void
remove_file(const char *name)
{
	char path[sizeof(folder) + 16];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)unlink(path); /* only a temporary file */
}

static void
stop_all(void)
{
	int status;

	close_fd(&to_signer);
	close_fd(&to_verifier);
	ck_assert_int_eq(waitpid(signer, &status, 0), signer);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(waitpid(verifier, &status, 0), verifier);
	ck_assert_int_eq(status, 0);
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	buf_free(&records[0]);
	buf_free(&records[1]);
	remove_file("rsa");
	remove_file("ed");
	remove_file("old");
	(void)rmdir(folder);
}

/* ---- cleanup ---- */

static void
put_message(struct buf *out, unsigned int number, size_t size)
{
	buf_addf(out,
	    "From: A <a@x.test>\r\nTo: b@y.test\r\nSubject: number %u\r\n"
	    "Date: Sun, 22 Nov 2026 00:00:00 +0000\r\n\r\n",
	    number);
	for (size_t n = 0; out->len < size; n++)
		buf_addf(out, "Line %zu  of\tmessage %u \r\n", n, number);
}

/* A descriptor of a message too big for a packet, or -1. */
static int
content_of(const struct buf *message)
{
	if (message->len < CHAN_PACKET_MAX / 2)
		return -1;
	int fd = memfd_create("message", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, message->text, message->len), 0);
	return fd;
}

static struct slice
inline_part(const struct buf *message, int fd)
{
	return fd < 0 ? (struct slice){ message->text, message->len }
		      : (struct slice){ "", 0 };
}

static void
ask_to_sign(unsigned int number, const struct buf *message)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_FD int fd = content_of(message);

	msg_put_seal(&packet,
	    &(struct msg_seal){
		.stream = number,
		.id = "ID",
		.front = { "", 0 },
		.data_len = message->len,
		.content = inline_part(message, fd),
	    });
	ck_assert_int_eq(chan_send_now(to_signer, &packet, fd), 0);
}

static void
ask_to_judge(unsigned int number, const struct buf *message)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_FD int fd = content_of(message);

	msg_put_judge(&packet,
	    &(struct msg_judge){
		.stream = number,
		.id = "ID",
		.client = "192.0.2.1",
		.helo = "x.test",
		.sender = "a@x.test",
		.spf_domain = "",
		.data_len = message->len,
		.content = inline_part(message, fd),
	    });
	ck_assert_int_eq(chan_send_now(to_verifier, &packet, fd), 0);
}

static void
hear(int sock, struct buf *packet)
{
	int fd;

	buf_reset(packet);
	ck_assert_int_eq(chan_get_now(sock, packet, &fd, PATIENCE), 0);
	ck_assert_uint_gt(packet->len, sizeof(uint32_t));
}

/* What was signed, with its signatures on top; gives its number. */
static unsigned int
hear_sealed(struct buf *head)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_sealed m;

	hear(to_signer, &packet);
	ck_assert(msg_get_sealed(&m, packet.text + sizeof(uint32_t),
	    packet.len - sizeof(uint32_t)));
	ck_assert_uint_eq(m.verdict, SEAL_SIGNED);
	buf_add(head, m.head.at, m.head.len);
	return m.stream;
}

/* Both signatures are good; gives the message's number. */
static unsigned int
hear_judged(void)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_judged m;

	hear(to_verifier, &packet);
	ck_assert(msg_get_judged(&m, packet.text + sizeof(uint32_t),
	    packet.len - sizeof(uint32_t)));
	const char *one = strstr(m.results, "dkim=pass");
	ck_assert_msg(one != NULL && strstr(one + 1, "dkim=pass") != NULL, "%s",
	    m.results);
	return m.stream;
}

static void
make_signed(struct buf *out, unsigned int number, size_t size)
{
	CLEAN_BUF struct buf message = { 0 };

	put_message(&message, number, size);
	ask_to_sign(number, &message);
	ck_assert_uint_eq(hear_sealed(out), number);
	buf_add(out, message.text, message.len);
}

/* ---- many ---- */

/* KiB that are the process's own. */
static long
memory_of(pid_t pid)
{
	char path[64], line[128];
	long total = 0, one;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Private_Dirty: %ld", &one) == 1)
			total = one;
	ck_assert_int_eq(fclose(f), 0);
	return total;
}

static void
pass_some(unsigned int first)
{
	struct buf messages[AT_A_TIME] = { 0 };

	for (unsigned int i = 0; i < AT_A_TIME; i++) {
		put_message(&messages[i], first + i, 512 * (1 + i));
		ask_to_sign(i, &messages[i]);
	}
	for (unsigned int i = 0; i < AT_A_TIME; i++) {
		CLEAN_BUF struct buf whole = { 0 };
		unsigned int number = hear_sealed(&whole);

		ck_assert_uint_lt(number, AT_A_TIME);
		buf_add(&whole, messages[number].text, messages[number].len);
		ask_to_judge(number, &whole);
	}
	for (unsigned int i = 0; i < AT_A_TIME; i++)
		ck_assert_uint_lt(hear_judged(), AT_A_TIME);
	for (unsigned int i = 0; i < AT_A_TIME; i++)
		buf_free(&messages[i]);
}

START_TEST(what_one_signs_the_other_verifies_and_memory_stays)
{
	bool whole = getenv("POSTHOUSE_LONG") != NULL;
	unsigned int all = whole ? LONG_RUN : SHORT_RUN, step = all / 10;
	unsigned int done = 0;
	long before[2] = { 0 }, after[2] = { 0 };

	start_all();
	for (unsigned int tenth = 1; tenth <= 10; tenth++) {
		for (; done < step * tenth; done += AT_A_TIME)
			pass_some(done);
		after[0] = memory_of(signer);
		after[1] = memory_of(verifier);
		if (tenth == 1)
			memcpy(before, after, sizeof(before));
		if (whole)
			printf("# %u messages: signs %ld KiB, verifies %ld KiB"
			       "\n",
			    done, after[0], after[1]);
	}
	stop_all();
#ifndef WITH_SANITIZERS /* they keep what was freed */
	ck_assert_int_le(after[0], before[0] + GROWTH);
	ck_assert_int_le(after[1], before[1] + GROWTH);
#endif
}
END_TEST

/* ---- a big one ---- */

/* The verifier gets both at once.  Then small ones, one after the other, until
 * the big one is judged: none waits for more than a piece of it. */
START_TEST(a_big_message_holds_up_no_small_one)
{
	CLEAN_BUF struct buf big = { 0 }, small = { 0 };
	int64_t worst = 0;
	unsigned int n = 0;

	start_all();
	make_signed(&big, 1, BIG);
	make_signed(&small, 2, 2048);
	ask_to_judge(2, &small); /* the keys are known now */
	ck_assert_uint_eq(hear_judged(), 2);
	ck_assert_int_eq(kill(verifier, SIGSTOP), 0);
	ask_to_judge(1, &big);
	ask_to_judge(2, &small);
	ck_assert_int_eq(kill(verifier, SIGCONT), 0);

	int64_t began = clock_mono(), asked = began;
	while (hear_judged() == 2) {
		worst = MAX(worst, clock_mono() - asked);
		n++;
		asked = clock_mono();
		ask_to_judge(2, &small);
	}
	int64_t took = clock_mono() - began;
	ck_assert_uint_eq(hear_judged(), 2);
	stop_all();
	printf("# 10 MiB in %lld ms; meanwhile %u small ones, each within %lld "
	       "ms\n",
	    (long long)took, n, (long long)worst);
	ck_assert_uint_ge(n, 1);
}
END_TEST

/* ---- a key that changes meanwhile ---- */

static void
change_old_key(void)
{
	char path[sizeof(folder) + 16], fresh[sizeof(folder) + 16];
	CLEAN_BUF struct buf packet = { 0 };

	(void)snprintf(path, sizeof(path), "%s/old", folder);
	(void)snprintf(fresh, sizeof(fresh), "%s/rsa", folder);
	CLEAN_FD int fd = open(fresh, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	msg_put_ctl_file(&packet, &(struct msg_ctl_file){ .path = path });
	ck_assert_int_eq(chan_send_now(to_signer, &packet, fd), 0);
}

static void
ask_to_forward(const struct buf *message)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_FD int fd = content_of(message);

	msg_put_forward(&packet,
	    &(struct msg_forward){
		.stream = 1,
		.id = "ID",
		.sender = "a@x.test",
		.data_len = message->len,
	    });
	ck_assert_int_eq(chan_send_now(to_signer, &packet, fd), 0);
}

/* The seal is that of the key that there is when it is made. */
START_TEST(a_key_may_change_while_a_message_is_read)
{
	CLEAN_BUF struct buf message = { 0 }, packet = { 0 }, whole = { 0 };
	struct msg_forwarded m;
	struct msg_judged j;

	start_all();
	put_message(&message, 1, BIG);
	ask_to_forward(&message);
	change_old_key();
	hear(to_signer, &packet);
	ck_assert(msg_get_forwarded(&m, packet.text + sizeof(uint32_t),
	    packet.len - sizeof(uint32_t)));
	ck_assert_int_eq(m.ok, 1);
	ck_assert_uint_gt(m.head.len, 0);
	buf_add(&whole, m.head.at, m.head.len);
	buf_add(&whole, message.text, message.len);
	ask_to_judge(2, &whole);
	hear(to_verifier, &packet);
	ck_assert(msg_get_judged(&j, packet.text + sizeof(uint32_t),
	    packet.len - sizeof(uint32_t)));
	ck_assert_msg(strstr(j.results, "arc=pass") != NULL, "%s", j.results);
	stop_all();
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("seal");
	TCase *c = tcase_create("roles");

	tcase_add_test(c, what_one_signs_the_other_verifies_and_memory_stays);
	tcase_add_test(c, a_big_message_holds_up_no_small_one);
	tcase_add_test(c, a_key_may_change_while_a_message_is_read);
	if (getenv("POSTHOUSE_LONG") != NULL)
		tcase_set_timeout(c, 3600);
	suite_add_tcase(s, c);
	return s;
}

#include "check_main.h"
