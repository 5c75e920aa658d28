/*
 * pump under TLS: a real socket pair, a line-echoing engine at one end, and at
 * the other OpenSSL by itself, whose bytes pass through memory, so that they
 * can be cut anywhere.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "pump.h"

static struct engine {
	struct port port;
	struct pump pump;
	struct buf heard;
	int file;
	int ended, how, secured;
} e;
static SSL_CTX *ctx;
static int wire; /* the peer's socket */
static SSL *peer;
static BIO *to_peer, *from_peer;
static struct buf outbox; /* of the peer, not yet sent */

static void
obey(const char *line, size_t len)
{
	buf_add(&e.heard, line, len);
	buf_addc(&e.heard, '|');
	if (len == 8 && memcmp(line, "starttls", 8) == 0) {
		buf_adds(&e.port.out, "go\n");
		e.port.tls = true;
	} else if (len == 5 && memcmp(line, "pause", 5) == 0) {
		e.port.paused = true;
	} else if (len == 4 && memcmp(line, "quit", 4) == 0) {
		buf_adds(&e.port.out, "bye\n");
		e.port.closing = true;
	} else if (len == 4 && memcmp(line, "file", 4) == 0) {
		buf_adds(&e.port.out, "<");
		e.port.file = e.file;
		e.port.file_left = (uint64_t)lseek(e.file, 0, SEEK_END);
		buf_adds(&e.port.out_tail, ">\n");
	} else {
		buf_addf(&e.port.out, "[%.*s]\n", (int)len, line);
	}
}

static size_t
on_input(void *engine __attribute__((unused)), const char *bytes, size_t n)
{
	size_t taken = 0;

	while (!e.port.paused && !e.port.closing && !e.port.tls) {
		const char *nl = memchr(bytes + taken, '\n', n - taken);

		if (nl == NULL)
			break;
		obey(bytes + taken, (size_t)(nl - bytes) - taken);
		taken = (size_t)(nl - bytes) + 1;
	}
	return taken;
}

static SSL *
on_secure(void *engine __attribute__((unused)))
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_accept_state(ssl);
	return ssl;
}

static SSL *
on_secure_client(void *engine __attribute__((unused)))
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_connect_state(ssl);
	return ssl;
}

static void
on_secured(void *engine __attribute__((unused)))
{
	e.secured++;
}

static void
on_ended(void *engine __attribute__((unused)), enum pump_end how,
    int error __attribute__((unused)))
{
	e.ended++;
	e.how = (int)how;
}

static const struct pump_engine calls = {
	.input = on_input,
	.secure = on_secure,
	.secured = on_secured,
	.ended = on_ended,
};

static const struct pump_engine client_calls = {
	.input = on_input,
	.secure = on_secure_client,
	.secured = on_secured,
	.ended = on_ended,
};

/* A key and a certificate that lives an hour. */
static SSL_CTX *
make_ctx(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	ck_assert_int_eq(SSL_CTX_use_certificate(c, cert), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(c, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	return c;
}

static void
start_with(const struct pump_engine *with, bool peer_accepts)
{
	int fds[2];

	memset(&e, 0, sizeof(e));
	clock_start();
	loop_start();
	ctx = make_ctx();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     fds),
	    0);
	wire = fds[1];
	peer = SSL_new(ctx);
	to_peer = BIO_new(BIO_s_mem());
	from_peer = BIO_new(BIO_s_mem());
	SSL_set_bio(peer, to_peer, from_peer);
	if (peer_accepts)
		SSL_set_accept_state(peer);
	else
		SSL_set_connect_state(peer);
	pump_start(&e.pump, fds[0], &e.port, with, &e);
}

static void
start(void)
{
	start_with(&calls, false);
}

static void
stop(void)
{
	pump_abort(&e.pump);
	buf_free(&e.heard);
	buf_free(&outbox);
	SSL_free(peer);
	SSL_CTX_free(ctx);
	close_fd(&wire);
	loop_free();
}

/* What the peer has to say goes over, so many bytes at a time, and what came
 * back is given to it. */
static void
exchange(size_t piece)
{
	char bytes[4096];
	int n;

	while ((n = BIO_read(from_peer, bytes, sizeof(bytes))) > 0)
		buf_add(&outbox, bytes, (size_t)n);
	while (outbox.len > 0) {
		ssize_t sent = send(wire, outbox.text, MIN(piece, outbox.len),
		    MSG_NOSIGNAL);
		if (sent < 0)
			break;
		buf_drop(&outbox, (size_t)sent);
		loop_once(0);
	}
	loop_once(0);
	ssize_t got = recv(wire, bytes, sizeof(bytes), 0);
	if (got > 0)
		BIO_write(to_peer, bytes, (int)got);
}

static void
shake(size_t piece)
{
	for (int i = 0; i < 50; i++) {
		if (SSL_do_handshake(peer) == 1)
			break;
		exchange(piece);
	}
	ck_assert(SSL_is_init_finished(peer));
	exchange(piece);
}

/* In clear; what comes behind the answer is the peer's first word of TLS. */
static void
clear(const char *text, const char *answer)
{
	size_t len = strlen(answer);
	char got[1024] = "";

	ck_assert_int_eq(send(wire, text, strlen(text), 0),
	    (ssize_t)strlen(text));
	loop_once(0);
	loop_once(0);
	ssize_t n = recv(wire, got, sizeof(got) - 1, 0);
	ck_assert_int_ge(n, (ssize_t)len);
	ck_assert_int_eq(memcmp(got, answer, len), 0);
	if ((size_t)n > len)
		BIO_write(to_peer, got + len, (int)((size_t)n - len));
}

/* Says it, and waits for so many bytes of answer. */
static void
say(const char *text, const char *answer, size_t piece)
{
	char got[256] = "";
	int len = 0;

	ck_assert_int_eq(SSL_write(peer, text, (int)strlen(text)),
	    (int)strlen(text));
	for (int i = 0; i < 50 && len < (int)strlen(answer); i++) {
		exchange(piece);
		int n = SSL_read(peer, got + len, (int)sizeof(got) - 1 - len);
		len += MAX(n, 0);
	}
	ck_assert_str_eq(got, answer);
}

static const size_t pieces[] = { 4096, 1, 2, 3, 5, 7, 100 };

START_TEST(a_session_turns_to_tls)
{
	size_t piece = pieces[_i];

	start();
	clear("hello\nstarttls\n", "[hello]\ngo\n");
	shake(piece);
	ck_assert_int_eq(e.secured, 1);
	say("one\n", "[one]\n", piece);
	say("two\nthree\n", "[two]\n[three]\n", piece);
	say("quit\n", "bye\n", piece);
	loop_once(0);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_CLOSED);
	stop();
}
END_TEST

START_TEST(tls_may_begin_at_once)
{
	start();
	e.port.tls = true;
	pump_kick(&e.pump);
	shake(4096);
	say("one\n", "[one]\n", 4096);
	stop();
}
END_TEST

START_TEST(the_client_side_does_it_too)
{
	start_with(&client_calls, true);
	clear("starttls\n", "go\n");
	shake(pieces[_i]);
	say("one\n", "[one]\n", pieces[_i]);
	stop();
}
END_TEST

static const char *const injected[] = {
	"starttls\nx",
	"starttls\nevil\n",
	"starttls\n\n",
	"a\nstarttls\nevil\nquit\n",
};

START_TEST(clear_text_behind_the_agreement_ends_it)
{
	start_with(_i % 2 == 0 ? &calls : &client_calls, false);
	ck_assert_int_gt(send(wire, injected[_i / 2], strlen(injected[_i / 2]),
			     0),
	    0);
	loop_once(0);
	loop_once(0);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_TLS);
	ck_assert_ptr_nonnull(strstr(e.pump.why, "plaintext"));
	ck_assert_ptr_null(strstr(buf_str(&e.heard), "evil"));
	ck_assert_int_eq(e.secured, 0);
	stop();
}
END_TEST

/* It comes later, where a handshake is due. */
START_TEST(clear_text_instead_of_a_handshake_ends_it)
{
	start();
	clear("starttls\n", "go\n");
	ck_assert_int_eq(send(wire, "MAIL FROM:<>\r\n", 14, 0), 14);
	loop_once(0);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_TLS);
	ck_assert_str_eq(buf_str(&e.heard), "starttls|");
	stop();
}
END_TEST

START_TEST(a_second_agreement_ends_it)
{
	start();
	clear("starttls\n", "go\n");
	shake(4096);
	ck_assert_int_eq(SSL_write(peer, "starttls\n", 9), 9);
	exchange(4096);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_TLS);
	stop();
}
END_TEST

START_TEST(a_silent_handshake_is_timed_out)
{
	start();
	e.port.deadline = loop_now() + 50;
	clear("starttls\n", "go\n");
	for (int i = 0; i < 50 && e.ended == 0; i++)
		loop_once(10);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_TIMEOUT);
	stop();
}
END_TEST

/* The peer goes away after so many bytes of its first word. */
START_TEST(every_prefix_of_a_handshake_ends_well)
{
	char hello[1024];

	start();
	clear("starttls\n", "go\n");
	ck_assert_int_ne(SSL_do_handshake(peer), 1);
	int n = BIO_read(from_peer, hello, sizeof(hello));
	ck_assert_int_gt(n, _i);
	ck_assert_int_eq(send(wire, hello, (size_t)_i, 0), _i);
	loop_once(0);
	ck_assert_int_eq(e.ended, 0);
	close_fd(&wire);
	loop_once(0);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_TLS);
	stop();
}
END_TEST

START_TEST(the_end_is_told)
{
	start();
	clear("starttls\n", "go\n");
	shake(4096);
	if (_i == 0)
		SSL_shutdown(peer);
	exchange(4096);
	shutdown(wire, SHUT_WR);
	loop_once(0);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_PEER);
	stop();
}
END_TEST

START_TEST(a_broken_record_ends_it)
{
	char record[256];

	start();
	clear("starttls\n", "go\n");
	shake(4096);
	ck_assert_int_eq(SSL_write(peer, "one\n", 4), 4);
	int n = BIO_read(from_peer, record, sizeof(record));
	record[n - 1] ^= 1;
	ck_assert_int_eq(send(wire, record, (size_t)n, 0), n);
	loop_once(0);
	ck_assert_int_eq(e.ended, 1);
	ck_assert_int_eq(e.how, PUMP_END_TLS);
	stop();
}
END_TEST

/* A file many times as large as the socket's buffer, and a slow reader. */
START_TEST(a_file_goes_out_by_records)
{
	size_t size = 600000, got = 0;
	char bytes[8192];

	start();
	int small = 4096;
	(void)setsockopt(e.pump.fd, SOL_SOCKET, SO_SNDBUF, &small,
	    sizeof(small));
	e.file = memfd_create("file", MFD_CLOEXEC);
	for (size_t i = 0; i < size / 4; i++)
		ck_assert_int_eq(write(e.file, &(uint32_t){ (uint32_t)i }, 4),
		    4);
	clear("starttls\n", "go\n");
	shake(4096);
	ck_assert_int_eq(SSL_write(peer, "file\n", 5), 5);
	uint8_t *all = xcalloc(size + 64, 1);
	for (int i = 0; i < 4000 && got < size + 3; i++) {
		exchange(4096);
		int n = SSL_read(peer, bytes, sizeof(bytes));
		if (n > 0) {
			ck_assert_uint_le(got + (size_t)n, size + 3);
			memcpy(all + got, bytes, (size_t)n);
			got += (size_t)n;
		}
	}
	ck_assert_uint_eq(got, size + 3);
	ck_assert_int_eq(all[0], '<');
	ck_assert_int_eq(memcmp(all + 1 + size, ">\n", 2), 0);
	for (size_t i = 0; i < size / 4; i++) {
		uint32_t value;
		memcpy(&value, all + 1 + i * 4, 4);
		ck_assert_uint_eq(value, i);
	}
	free(all);
	close_fd(&e.file);
	stop();
}
END_TEST

static size_t
count_lines(const char *line)
{
	const char *at = buf_str(&e.heard);
	size_t n = 0;

	while ((at = strstr(at, line)) != NULL) {
		n++;
		at += strlen(line);
	}
	return n;
}

/* More than the receive buffer of the process, in the middle of it a pause. */
START_TEST(input_in_a_pause_is_not_lost)
{
	static char lines[100001];

	for (size_t i = 0; i < 20000; i++)
		memcpy(lines + i * 5, "line\n", 5);
	start();
	clear("starttls\n", "go\n");
	shake(4096);
	ck_assert_int_eq(SSL_write(peer, "pause\n", 6), 6);
	ck_assert_int_eq(SSL_write(peer, lines, 100000), 100000);
	for (int i = 0; i < 20; i++)
		exchange(65536);
	ck_assert_str_eq(buf_str(&e.heard), "starttls|pause|");
	e.port.paused = false;
	pump_kick(&e.pump);
	ck_assert_int_eq(SSL_write(peer, "last\n", 5), 5);
	for (int i = 0; i < 2000 && count_lines("last|") == 0; i++) {
		char bytes[16384];

		exchange(65536);
		(void)SSL_read(peer, bytes, sizeof(bytes));
	}
	ck_assert_uint_eq(count_lines("last|"), 1);
	ck_assert_uint_eq(count_lines("line|"), 20000);
	ck_assert_int_eq(e.ended, 0);
	stop();
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("pump_tls");
	TCase *c = tcase_create("pump_tls");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, a_session_turns_to_tls, 0, ARRAY_LEN(pieces));
	tcase_add_test(c, tls_may_begin_at_once);
	tcase_add_loop_test(c, the_client_side_does_it_too, 0,
	    ARRAY_LEN(pieces));
	tcase_add_loop_test(c, clear_text_behind_the_agreement_ends_it, 0,
	    2 * ARRAY_LEN(injected));
	tcase_add_test(c, clear_text_instead_of_a_handshake_ends_it);
	tcase_add_test(c, a_second_agreement_ends_it);
	tcase_add_test(c, a_silent_handshake_is_timed_out);
	tcase_add_loop_test(c, every_prefix_of_a_handshake_ends_well, 0, 100);
	tcase_add_loop_test(c, the_end_is_told, 0, 2);
	tcase_add_test(c, a_broken_record_ends_it);
	tcase_add_test(c, a_file_goes_out_by_records);
	tcase_add_test(c, input_in_a_pause_is_not_lost);
	suite_add_tcase(s, c);
	return s;
}

#include "check_main.h"
