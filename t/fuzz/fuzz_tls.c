/*
 * Fuzz: what strangers have a say in of TLS, and what an administrator writes.
 * The first byte says which: the data of a TLSA record, a certificate, a file
 * of keys and certificates, a policy.
 *
 * What is accepted keeps its bounds; what is shown of it fits into a log line.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dane.h"
#include "log.h"
#include "param.h"
#include "smtp_policy.h"
#include "tls_binding.h"
#include "tls_chain.h"
#include "tls_tell.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define NOW ((int64_t)1795000000 * 1000)

static void
check_dane(struct slice rdata)
{
	CLEAN_BUF struct buf text = { 0 };
	struct dane_record r = { .usage = 77 };

	if (dane_parse(rdata, &r) != MATCH_YES) {
		if (r.usage != 77)
			log_panic("a failure");
		return;
	}
	if ((r.usage != DANE_TA && r.usage != DANE_EE) || r.selector > 1 ||
	    r.matching > 2 || r.data.len != rdata.len - 3 ||
	    (r.matching > 0 && r.data.len != (r.matching == 1 ? 32 : 64)))
		log_panic("bounds");
	dane_put(&text, &r);
	if (text.len != strlen("3 1 1 ") + 2 * r.data.len)
		log_panic("a text");
}

static void
check_name(char *name)
{
	if (strpbrk(name, "\r\n()\\\"") != NULL)
		log_panic("a name");
	free(name);
}

static void
check_cert(struct slice der)
{
	CLEAN_BUF struct buf print = { 0 };
	CLEAN_BUF struct buf key = { 0 };
	CLEAN_BUF struct buf end = { 0 };
	const unsigned char *at = (const unsigned char *)der.at;
	X509 *cert = d2i_X509(NULL, &at, (long)der.len);
	struct dane_record r = { .usage = DANE_EE, .matching = 1 };
	uint8_t name[TLS_DIGEST];

	(void)tls_reason();
	if (cert == NULL)
		return;
	check_name(tls_subject(cert));
	check_name(tls_issuer(cert));
	tls_fingerprint(&print, cert, "sha256");
	if (print.len != 3 * 32 - 1)
		log_panic("a fingerprint");
	tls_key_fingerprint(&key, cert, "sha256");
	tls_binding_end_point(&end, cert);
	(void)tls_key_name(cert, name);
	r.data = slice_of(buf_str(&print));
	if (dane_names(&r, cert))
		log_panic("a text is no digest");
	X509_free(cert);
}

static void
check_chain(struct slice text)
{
	CLEAN_BUF struct buf file = { 0 };
	struct tls_chain c = { 0 };
	const char *why = NULL;

	buf_add(&file, text.at, text.len);
	if (!tls_chain_read(&c, &file, &why)) {
		if (why == NULL || c.n != 0)
			log_panic("a failure");
		return;
	}
	if (c.n == 0 || c.n > TLS_LEAVES)
		log_panic("leaves");
	(void)tls_fault_text(tls_chain_faults(&c, "mx.example.org", NOW));
	(void)tls_chain_days(&c, NOW);
	tls_chain_free(&c);
}

static void
check_policy(struct slice text)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct smtp_tls_policy p = { .text = "untouched" };
	const char *why = NULL;
	const char *line = arena_memdup(&a, text.at, text.len);

	if (!smtp_policy_parse(&a, line, &p, &why)) {
		if (why == NULL || strcmp(p.text, "untouched") != 0)
			log_panic("a failure");
		return;
	}
	if (p.level >= SMTP_TLS_FINGERPRINT && p.match[0] == '\0')
		log_panic("nothing to match");
	if (p.anchors != NULL && p.level < SMTP_TLS_VERIFY)
		log_panic("anchors");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static void (*const checks[])(struct slice) = { check_dane, check_cert,
		check_chain, check_policy };

	params.smtp_tls_fingerprint_cert_match = "";
	params.smtp_tls_verify_cert_match = "hostname";
	params.smtp_tls_secure_cert_match = "nexthop, dot-nexthop";
	if (n == 0)
		return 0;
	checks[bytes[0] % ARRAY_LEN(checks)](
	    (struct slice){ (const char *)bytes + 1, n - 1 });
	return 0;
}
