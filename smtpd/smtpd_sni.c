/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_sni.h"

#include <stdlib.h>

#include "log.h"
#include "map.h"
#include "tls_sni.h"

static struct tables names;
static struct map chains; /* files to struct tls_chain */

void
smtpd_sni_open(void)
{
	const char *why;

	if (!tls_sni_open(&names, &why))
		log_fatal("tls_server_sni_maps: %s", why);
}

void
smtpd_sni_take(const char *files, struct tls_chain *chain)
{
	if (names.n == 0) {
		tls_chain_free(chain);
		return;
	}
	void **place = map_puts(&chains, files);
	if (*place == NULL)
		*place = xcalloc(1, sizeof(struct tls_chain));
	struct tls_chain *mine = *place;
	tls_chain_free(mine);
	*mine = *chain;
	*chain = (struct tls_chain){ 0 };
}

/* In place of those of the service. */
static bool
use(SSL *ssl, const struct tls_chain *c)
{
	SSL_certs_clear(ssl);
	for (size_t i = 0; i < c->n; i++)
		if (SSL_use_cert_and_key(ssl, c->leaves[i].cert,
			c->leaves[i].key, c->leaves[i].more, 1) != 1)
			return false;
	return true;
}

/* OpenSSL calls it before it chooses a certificate. */
static int
on_name(SSL *ssl, int *alert, void *arg)
{
	CLEAN_BUF struct buf files = { 0 };
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	enum found found = FOUND_NONE;

	(void)arg;
	if (name != NULL)
		found = tls_sni_find(&names, name, &files);
	if (found == FOUND_NONE)
		return SSL_TLSEXT_ERR_NOACK;

	const struct tls_chain *c = map_gets(&chains, buf_str(&files));
	if (found == FOUND_ONE && c == NULL)
		return SSL_TLSEXT_ERR_NOACK; /* keys has said why */
	if (found == FOUND_ONE && use(ssl, c))
		return SSL_TLSEXT_ERR_OK;
	log_warn("tls_server_sni_maps: %s: a handshake is refused",
	    found == FOUND_FAILED ? "temporary lookup failure" : tls_reason());
	*alert = SSL_AD_INTERNAL_ERROR;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void
smtpd_sni_use(SSL_CTX *ctx)
{
	if (names.n > 0)
		SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
}
