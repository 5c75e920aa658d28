/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "pump_parts.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "log.h"

/* What TLS puts into one record at most (RFC 8446 5.1). */
#define RECORD ((size_t)16384)

bool
pump_tls_start(struct pump *p, SSL *ssl)
{
	if (ssl == NULL)
		return false;
	if (SSL_set_fd(ssl, p->fd) != 1) {
		SSL_free(ssl);
		return false;
	}
	/* A record that had to wait may lie elsewhere when it is given again:
	 * the same bytes, from p->stuck. */
	SSL_set_mode(ssl,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Who closes without a word has said all: a message has an end of its
	 * own.  Keys are agreed on once. */
	SSL_set_options(ssl,
	    SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION |
		SSL_OP_NO_COMPRESSION);
	SSL_set_read_ahead(ssl, 1);
	p->ssl = ssl;
	p->shaking = true;
	p->tls_reads = LOOP_READ;
	p->tls_writes = LOOP_WRITE;
	return true;
}

/* The first error is the cause; those behind it say where it was noticed. */
static const char *
reason(void)
{
	unsigned long code = ERR_get_error();
	const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return text != NULL ? text : "connection lost";
}

/* What a call that gave no bytes means: -1 with errno, or 0 at the end.
 * `wants` becomes what the call waits for. */
static int
judge(struct pump *p, int result, uint8_t *wants)
{
	switch (SSL_get_error(p->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*wants = LOOP_READ;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*wants = LOOP_WRITE;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		if (errno == 0)
			errno = ECONNRESET;
		return -1;
	default:
		p->why = reason();
		errno = EPROTO;
		return -1;
	}
}

enum match
pump_tls_shake(struct pump *p)
{
	ERR_clear_error();
	errno = 0;
	int result = SSL_do_handshake(p->ssl);

	if (result == 1) {
		p->tls_reads = LOOP_READ;
		/* What came with the last word of it. */
		p->more = SSL_has_pending(p->ssl) == 1;
		return MATCH_YES;
	}
	if (judge(p, result, &p->tls_reads) < 0 && errno == EAGAIN)
		return MATCH_NO;
	if (p->why == NULL)
		p->why = "the connection was lost in the handshake";
	return MATCH_BAD;
}

/* Reads until TLS holds nothing more, because only then an event will tell of
 * more; or until there is no room.  A call that would only hear that nothing
 * more is there yet is not made. */
ssize_t
pump_tls_recv(struct pump *p, char *bytes, size_t n)
{
	size_t got = 0;
	int result = 1;

	p->more = false;
	ERR_clear_error();
	while (got < n) {
		errno = 0;
		result = SSL_read(p->ssl, bytes + got, (int)(n - got));
		if (result <= 0)
			break;
		got += (size_t)result;
		if (SSL_has_pending(p->ssl) == 0)
			break;
	}
	p->tls_reads = LOOP_READ;
	if (result > 0) {
		p->more = SSL_has_pending(p->ssl) == 1;
		return (ssize_t)got;
	}
	int meaning = judge(p, result, &p->tls_reads);
	if (got == 0)
		return meaning;
	/* What was read counts first; the end is met again. */
	if (meaning == 0 || errno != EAGAIN)
		p->more = true;
	return (ssize_t)got;
}

/* Gives n where it was sent, -1 where not. */
static ssize_t
write_record(struct pump *p, const char *bytes, size_t n)
{
	ERR_clear_error();
	errno = 0;
	int result = SSL_write(p->ssl, bytes, (int)n);

	if (result > 0)
		return result;
	if (judge(p, result, &p->tls_writes) == 0)
		errno = EPIPE;
	return -1;
}

static size_t
gather(char *record, const struct iovec *parts, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n && len < RECORD; i++) {
		size_t some = MIN(parts[i].iov_len, RECORD - len);

		memcpy(record + len, parts[i].iov_base, some);
		len += some;
	}
	return len;
}

ssize_t
pump_tls_send(struct pump *p, const struct iovec *parts, size_t n)
{
	static char record[RECORD];
	size_t len = gather(record, parts, n);
	ssize_t sent = write_record(p, record, len);

	if (sent < 0 && errno == EAGAIN) {
		buf_add(&p->stuck, record, len);
		return (ssize_t)len;
	}
	return sent;
}

ssize_t
pump_tls_flush(struct pump *p)
{
	ssize_t sent = write_record(p, p->stuck.text, p->stuck.len);

	if (sent < 0)
		return -1;
	buf_drop(&p->stuck, (size_t)sent);
	if (p->stuck.len == 0)
		buf_free(&p->stuck);
	return 0; /* counted when it got stuck */
}

void
pump_tls_goodbye(struct pump *p)
{
	if (p->ssl == NULL || p->shaking || p->why != NULL)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(p->ssl); /* whether it could be said or not */
	ERR_clear_error();
}

void
pump_tls_free(struct pump *p)
{
	pump_tls_drop(p->ssl);
	p->ssl = NULL;
}

void
pump_tls_drop(SSL *ssl)
{
	SSL_free(ssl);
}
