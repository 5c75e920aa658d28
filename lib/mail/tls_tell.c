/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "tls_tell.h"

#include <openssl/x509.h>
#include <string.h>

#include "buf.h"
#include "str.h"

#define NAME_MAX_SHOWN 256

/* ---- names ---- */

static char *
clean(const unsigned char *text, int len)
{
	CLEAN_BUF struct buf b = { 0 };

	str_printable(&b, (const char *)text, len > 0 ? (size_t)len : 0,
	    NAME_MAX_SHOWN);
	for (size_t i = 0; i < b.len; i++)
		if (strchr("()\\\"", b.text[i]) != NULL)
			b.text[i] = '?';
	return xstrdup(buf_str(&b));
}

/* The last value of that kind, as the most special one; NULL for none. */
static char *
part_of(const X509_NAME *name, int nid)
{
	unsigned char *text = NULL;
	int at = -1, last = -1;

	while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0)
		last = at;
	if (last < 0)
		return NULL;
	int len = ASN1_STRING_to_UTF8(&text,
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
	char *part = len >= 0 ? clean(text, len) : NULL;
	OPENSSL_free(text);
	return part;
}

char *
tls_subject(const X509 *cert)
{
	char *subject = part_of(X509_get_subject_name(cert), NID_commonName);

	return subject != NULL ? subject : xstrdup("");
}

char *
tls_issuer(const X509 *cert)
{
	const X509_NAME *name = X509_get_issuer_name(cert);
	char *issuer = part_of(name, NID_commonName);

	if (issuer == NULL)
		issuer = part_of(name, NID_organizationName);
	return issuer != NULL ? issuer : xstrdup("");
}

/* ---- steps ---- */

static tls_step_fn *tell;

/* A call that only waits for more is no step. */
static bool
put_step(struct buf *out, const SSL *ssl, int where, int result)
{
	const char *side = (where & SSL_ST_CONNECT) != 0 ? "SSL_connect"
							 : "SSL_accept";

	if ((where & SSL_CB_ALERT) != 0)
		buf_addf(out, "SSL3 alert %s:%s:%s",
		    (where & SSL_CB_READ) != 0 ? "read" : "write",
		    SSL_alert_type_string_long(result),
		    SSL_alert_desc_string_long(result));
	else if ((where & SSL_CB_LOOP) != 0)
		buf_addf(out, "%s:%s", side, SSL_state_string_long(ssl));
	else if ((where & SSL_CB_EXIT) != 0 && result == 0)
		buf_addf(out, "%s:failed in %s", side,
		    SSL_state_string_long(ssl));
	else if ((where & SSL_CB_EXIT) != 0 && result < 0 &&
	    SSL_get_error(ssl, result) == SSL_ERROR_SSL)
		buf_addf(out, "%s:error in %s", side,
		    SSL_state_string_long(ssl));
	return out->len > 0;
}

static void
on_info(const SSL *ssl, int where, int result)
{
	CLEAN_BUF struct buf step = { 0 };

	if (put_step(&step, ssl, where, result))
		tell(SSL_get_app_data(ssl), buf_str(&step));
}

void
tls_tell_steps(SSL *ssl, tls_step_fn *fn, void *arg)
{
	tell = fn;
	if (SSL_set_app_data(ssl, arg) == 1)
		SSL_set_info_callback(ssl, on_info);
}
