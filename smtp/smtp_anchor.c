/*
 * To the library the anchors are like TLSA records of usage 2 that have the
 * whole certificate or key (RFC 7671 5.2).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>

#include "dane.h"
#include "fd.h"
#include "list.h"
#include "log.h"
#include "map.h"
#include "smtp_policy.h"
#include "str.h"
#include "tls.h"

#define FILE_MAX ((size_t)1 << 20)

enum selector {
	WHOLE = 0, /* the certificate */
	KEY = 1,   /* its public key, or one without a certificate */
};

struct anchor {
	struct list link;
	struct buf der;
	enum selector selector;
};

struct file {
	struct list anchors;
	const char *why; /* it cannot be used; else NULL */
};

static struct map files; /* from the path */
static struct arena words;

/* ---- before the rights are given up ---- */

static bool
is_sound(enum selector selector, const struct buf *der)
{
	const unsigned char *at = (const unsigned char *)der->text;
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;

	if (selector == WHOLE)
		cert = d2i_X509(NULL, &at, (long)der->len);
	else
		key = d2i_PUBKEY(NULL, &at, (long)der->len);
	bool ok = cert != NULL || key != NULL;
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

/* What is of another kind may stand there too. */
static void
add_object(struct file *f, const char *name, const unsigned char *der, long len)
{
	bool key = str_eq(name, PEM_STRING_PUBLIC);
	struct anchor *a;

	if (!key && !str_eq(name, PEM_STRING_X509) &&
	    !str_eq(name, PEM_STRING_X509_OLD))
		return;
	a = xcalloc(1, sizeof(*a));
	a->selector = key ? KEY : WHOLE;
	buf_add(&a->der, der, (size_t)len);
	if (!is_sound(a->selector, &a->der))
		f->why = "an anchor in it cannot be read";
	list_append(&f->anchors, &a->link);
}

static void
read_anchors(struct file *f, const struct buf *text)
{
	BIO *in = BIO_new_mem_buf(buf_str(text), (int)text->len);
	char *name, *header;
	unsigned char *der;
	long len;

	while (
	    in != NULL && PEM_read_bio(in, &name, &header, &der, &len) == 1) {
		add_object(f, name, der, len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	(void)tls_reason(); /* the end of the text counts as an error */
	BIO_free(in);
	if (list_empty(&f->anchors))
		f->why = "neither a certificate nor a public key is in it";
}

static void
read_file(void *arg, const char *path)
{
	CLEAN_BUF struct buf text = { 0 };
	void **place = map_puts(&files, path);

	(void)arg;
	if (*place != NULL)
		return;
	struct file *f = *place = xcalloc(1, sizeof(*f));
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fd_read_all(fd, &text, FILE_MAX) < 0)
		f->why = arena_strdup(&words, strerror(errno));
	else
		read_anchors(f, &text);
	if (f->why != NULL)
		log_warn("trust anchors: %s: %s: mail for which it is asked "
			 "waits",
		    path, f->why);
}

void
smtp_anchor_open(void)
{
	const char *why;

	if (!smtp_policy_each_file(read_file, NULL, &why))
		log_fatal("smtp_tls_policy_maps: %s", why);
}

/* ---- a policy ---- */

bool
smtp_anchor_has(struct arena *a, const char *list, const char **why)
{
	struct slice rest = slice_of(list), item;

	while (slice_next_item(&rest, &item)) {
		const struct file *f = map_get(&files, item.at, item.len);

		if (f != NULL && f->why == NULL)
			continue;
		*why = arena_printf(a,
		    "TLS policy error: trust anchors: "
		    "%.*s: %s",
		    (int)item.len, item.at,
		    f != NULL ? f->why : "it was not read at the start");
		return false;
	}
	return true;
}

/* ---- a connection ---- */

/* Nothing stands above an anchor, so it is the top of the chain. */
static int
on_verdict(int ok, X509_STORE_CTX *ctx)
{
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	int depth = X509_STORE_CTX_get_error_depth(ctx);
	int error = X509_STORE_CTX_get_error(ctx);

	if (ok == 1 || depth == 0 || depth != sk_X509_num(chain) - 1 ||
	    (error != X509_V_ERR_CERT_HAS_EXPIRED &&
		error != X509_V_ERR_CERT_NOT_YET_VALID))
		return ok;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

static bool
use_file(SSL *ssl, struct file *f)
{
	LIST_EACH(struct anchor, a, &f->anchors, link)
		if (SSL_dane_tlsa_add(ssl, DANE_TA, (uint8_t)a->selector, 0,
			(unsigned char *)a->der.text, a->der.len) != 1)
			return false;
	return true;
}

bool
smtp_anchor_use(SSL *ssl, const char *list)
{
	struct slice rest = slice_of(list), item;
	bool ok = SSL_dane_enable(ssl, NULL) == 1;

	while (ok && slice_next_item(&rest, &item)) {
		struct file *f = map_get(&files, item.at, item.len);

		ok = f != NULL && use_file(ssl, f);
	}
	SSL_set_verify(ssl, SSL_VERIFY_NONE, on_verdict);
	return ok;
}
