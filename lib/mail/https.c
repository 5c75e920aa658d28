/*
 * Functions stand in the order of events.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "https.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns_answer.h"
#include "fd.h"
#include "num.h"
#include "param.h"
#include "tls.h"

static SSL_CTX *ctx;

bool
https_open(const char *ca_file, const char **why)
{
	ctx = tls_context(TLS_client_method(), ">=TLSv1.2",
	    &(struct tls_ciphers){ .grade = "medium" });
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (ca_file[0] == '\0' || SSL_CTX_load_verify_file(ctx, ca_file) == 1)
		return true;
	*why = tls_reason();
	return false;
}

/* ---- the end ---- */

static void
finish(struct https *r, bool ok, enum https_fault fault, const char *why)
{
	if (r->over)
		return;
	r->over = true;
	r->ok = ok;
	r->fault = fault;
	r->why = why;
	loop_cancel(&r->timer);
	dns_drop(&r->queries[0]);
	dns_drop(&r->queries[1]);
	r->done(r->owner);
}

static void
on_late(struct loop_timer *t)
{
	struct https *r = container_of(t, struct https, timer);

	finish(r, false, HTTPS_TOO_LATE,
	    r->shook ? "the answer takes too long"
		     : "the connection takes too long");
}

/* ---- a connection ---- */

static void try_next(struct https *r);

static size_t
on_input(void *engine, const char *bytes, size_t n)
{
	struct https *r = engine;

	http_input(&r->http, bytes, n);
	return n;
}

static const char *
name_status(struct https *r, const char *why)
{
	if (r->http.status == 0)
		return why;
	return arena_printf(&r->arena, "HTTP status %d: %s", r->http.status,
	    why);
}

/* The certificate is looked at in the handshake, so what fails there with a
 * judgement on it is its fault. */
static void
handshake_failed(struct https *r)
{
	long verdict = r->ssl != NULL ? SSL_get_verify_result(r->ssl)
				      : X509_V_OK;

	if (verdict != X509_V_OK)
		finish(r, false, HTTPS_BAD_CERT,
		    X509_verify_cert_error_string(verdict));
	else
		finish(r, false, HTTPS_NO_TLS,
		    r->pump.why != NULL ? r->pump.why
					: "the connection was lost");
}

static void
on_ended(void *engine, enum pump_end how, int error)
{
	struct https *r = engine;

	if (r->ssl == NULL && how != PUMP_END_TLS) {
		r->trouble = arena_printf(&r->arena, "connect to %s: %s",
		    r->addresses[r->next - 1], strerror(error));
		try_next(r);
		return;
	}
	if (!r->shook) {
		handshake_failed(r);
		return;
	}
	http_lost(&r->http);
	if (r->http.state == HTTP_DONE)
		finish(r, true, HTTPS_NO_ANSWER, "");
	else
		finish(r, false, HTTPS_NO_ANSWER, name_status(r, r->http.why));
}

/* The pump frees its own reference before it tells how it ended. */
static SSL *
on_secure(void *engine)
{
	struct https *r = engine;
	CLEAN_STR char *name = xstrdup(r->want.host);
	SSL *ssl = SSL_new(ctx);

	if (ssl == NULL || SSL_set_tlsext_host_name(ssl, name) != 1 ||
	    SSL_set1_host(ssl, name) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	/* RFC 8461 3.3: the name is a DNS-ID; the subject is not looked at. */
	SSL_set_hostflags(ssl,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	SSL_set_connect_state(ssl);
	if (SSL_up_ref(ssl) == 1)
		r->ssl = ssl;
	return ssl;
}

static void
on_secured(void *engine)
{
	struct https *r = engine;
	const struct https_want *w = &r->want;

	r->shook = true;
	r->http.port.deadline = 0; /* that of the whole is left */
	if (w->type != NULL)
		http_post(&r->http, w->host, w->path, w->type, w->body);
	else
		http_get(&r->http, w->host, w->path, w->limit);
}

static void
on_connected(void *engine)
{
	struct https *r = engine;

	r->http.port.tls = true;
}

static const struct pump_engine pump_calls = {
	.input = on_input,
	.secure = on_secure,
	.secured = on_secured,
	.ended = on_ended,
};

union endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The socket on its way, or -1 with errno. */
static int
begin_connect(const char *address, uint16_t port)
{
	union endpoint at = { 0 };
	socklen_t len = sizeof(at.v4);

	if (inet_pton(AF_INET, address, &at.v4.sin_addr) == 1) {
		at.v4.sin_family = AF_INET;
		at.v4.sin_port = htons(port);
	} else {
		len = sizeof(at.v6);
		(void)inet_pton(AF_INET6, address, &at.v6.sin6_addr);
		at.v6.sin6_family = AF_INET6;
		at.v6.sin6_port = htons(port);
	}
	CLEAN_FD int fd = socket(at.any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (connect(fd, &at.any, len) < 0 && errno != EINPROGRESS))
		return -1;
	return TAKE_FD(fd);
}

static void
try_next(struct https *r)
{
	while (r->next < r->n) {
		const char *address = r->addresses[r->next++];
		int fd = begin_connect(address, r->want.port);

		if (fd < 0) {
			r->trouble = arena_printf(&r->arena,
			    "connect to %s: %s", address, strerror(errno));
			continue;
		}
		http_free(&r->http);
		/* The others have their share of the time too. */
		r->http.port.deadline = loop_now() +
		    r->want.time / (int64_t)(r->n + 1);
		pump_start_connecting(&r->pump, fd, &r->http.port, &pump_calls,
		    r, on_connected);
		return;
	}
	finish(r, false, HTTPS_NO_CONNECT, r->trouble);
}

/* ---- addresses ---- */

static void
on_addresses(struct https *r, const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->n && r->n < HTTPS_ADDRESSES; i++)
		r->addresses[r->n++] = arena_strdup(&r->arena,
		    answer->records[i].address);
	if (answer->status != DNS_OK && r->trouble == NULL)
		r->trouble = arena_printf(&r->arena, "%s: %s", r->want.host,
		    answer->text);
	if (--r->waiting > 0)
		return;
	if (r->n == 0)
		finish(r, false, HTTPS_NO_HOST, r->trouble);
	else
		try_next(r);
}

static void
on_ipv6(void *owner, const struct dns_answer *answer)
{
	struct https *r = owner;

	r->queries[0] = NULL;
	on_addresses(r, answer);
}

static void
on_ipv4(void *owner, const struct dns_answer *answer)
{
	struct https *r = owner;

	r->queries[1] = NULL;
	on_addresses(r, answer);
}

static bool
family_is_used(const char *family)
{
	struct slice rest = slice_of(params.inet_protocols), word;

	while (slice_next_item(&rest, &word))
		if (slice_eq_nocase(word, "all") ||
		    slice_eq_nocase(word, family))
			return true;
	return false;
}

/* Both at once; answers may come before dns_ask() returns, so one more is
 * counted for ourselves. */
static void
ask_addresses(struct https *r)
{
	static const struct dns_answer none = { .status = DNS_NODATA,
		.text = "no address of a protocol that is used" };

	r->waiting = 1;
	if (family_is_used("ipv6")) {
		r->waiting++;
		r->queries[0] = dns_ask(r->want.host, DNS_AAAA, on_ipv6, r);
	}
	if (family_is_used("ipv4")) {
		r->waiting++;
		r->queries[1] = dns_ask(r->want.host, DNS_A, on_ipv4, r);
	}
	on_addresses(r, &none);
}

/* ---- the interface ---- */

void
https_start(struct https *r, const struct https_want *want, https_fn *done,
    void *owner)
{
	struct arena *a = &r->arena;

	r->want = *want;
	r->want.host = arena_strdup(a, want->host);
	r->want.path = arena_strdup(a, want->path);
	if (want->port == 0)
		r->want.port = HTTPS_PORT;
	if (want->type != NULL) {
		r->want.type = arena_strdup(a, want->type);
		r->want.body.at = arena_memdup(a, want->body.at,
		    want->body.len);
	}
	r->done = done;
	r->owner = owner;
	loop_timer(&r->timer, want->time, on_late);
	ask_addresses(r);
}

void
https_free(struct https *r)
{
	if (r->done == NULL)
		return;
	loop_cancel(&r->timer);
	dns_drop(&r->queries[0]);
	dns_drop(&r->queries[1]);
	pump_abort(&r->pump);
	SSL_free(r->ssl);
	http_free(&r->http);
	arena_free(&r->arena);
	*r = (struct https){ 0 };
}

/* Only what URLs of reports and policies need: no user, no literal address, no
 * fragment (RFC 3986). */
bool
https_parse_url(struct arena *a, struct slice url, struct https_want *out)
{
	static const char scheme[] = "https://";
	size_t n = sizeof(scheme) - 1;

	if (url.len <= n ||
	    !slice_eq_nocase((struct slice){ url.at, n }, scheme))
		return false;
	struct slice rest = { url.at + n, url.len - n };
	const char *slash = memchr(rest.at, '/', rest.len);
	struct slice host = { rest.at,
		slash != NULL ? (size_t)(slash - rest.at) : rest.len };
	const char *colon = memchr(host.at, ':', host.len);
	int64_t port = HTTPS_PORT;
	if (colon != NULL &&
	    !num_parse_len(colon + 1, (size_t)(host.at + host.len - colon) - 1,
		1, UINT16_MAX, &port))
		return false;
	char *name = arena_memdup(a, host.at,
	    colon != NULL ? (size_t)(colon - host.at) : host.len);
	for (size_t i = host.len; i < rest.len; i++)
		if (rest.at[i] <= ' ' || rest.at[i] > '~' || rest.at[i] == '#')
			return false;
	str_lower(name);
	if (!dns_name_valid(name))
		return false;
	out->host = name;
	out->port = (uint16_t)port;
	out->path = slash != NULL ? arena_memdup(a, slash, rest.len - host.len)
				  : "/";
	return true;
}
