/*
 * Functions stand in the order of events.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dane.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "smtp_hosts.h"
#include "tls.h"

/* More than anybody publishes; the rest is not looked at. */
#define RECORDS_MAX ((size_t)32)

#define SHA256_SIZE 32
#define SHA512_SIZE 64

/* ---- records ---- */

/* What stands there in full and not as a digest: a certificate or a key. */
static bool
is_whole(unsigned int selector, struct slice data)
{
	const unsigned char *at = (const unsigned char *)data.at;
	const unsigned char *end = at + data.len;
	bool ok;

	if (selector == 0) {
		X509 *cert = d2i_X509(NULL, &at, (long)data.len);

		ok = cert != NULL && X509_get0_pubkey(cert) != NULL;
		X509_free(cert);
	} else {
		EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)data.len);

		ok = key != NULL;
		EVP_PKEY_free(key);
	}
	(void)tls_reason(); /* the record is bad, whatever is wrong with it */
	return ok && at == end;
}

/* RFC 6698 2.1: usage, selector, matching type, then the data, which has the
 * length of the digest that the matching type names. */
enum match
dane_parse(struct slice rdata, struct dane_record *out)
{
	static const size_t sizes[] = { 0, SHA256_SIZE, SHA512_SIZE };
	const uint8_t *at = (const uint8_t *)rdata.at;

	if (rdata.len < 4)
		return MATCH_BAD;
	struct dane_record r = {
		.usage = at[0],
		.selector = at[1],
		.matching = at[2],
		.data = { rdata.at + 3, rdata.len - 3 },
	};
	if (r.usage != DANE_TA && r.usage != DANE_EE)
		return MATCH_NO;
	if (r.selector > 1 || r.matching >= ARRAY_LEN(sizes))
		return MATCH_NO;
	if (r.matching == 0 ? !is_whole(r.selector, r.data)
			    : r.data.len != sizes[r.matching])
		return MATCH_BAD;
	*out = r;
	return MATCH_YES;
}

/* What the selector chooses of a certificate; the length, or 0. */
static size_t
select_part(unsigned int selector, X509 *cert, unsigned char **der)
{
	int len = selector == 0
	    ? i2d_X509(cert, der)
	    : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), der);

	return len > 0 ? (size_t)len : 0;
}

bool
dane_names(const struct dane_record *r, X509 *cert)
{
	unsigned char *der = NULL, sum[EVP_MAX_MD_SIZE];
	size_t len = select_part(r->selector, cert, &der);
	const unsigned char *have = der;
	unsigned int n = 0;

	if (r->matching > 0 && len > 0) {
		if (EVP_Digest(der, len, sum, &n,
			r->matching == 1 ? EVP_sha256() : EVP_sha512(),
			NULL) != 1)
			n = 0;
		have = sum;
		len = n;
	}
	bool same = len > 0 && len == r->data.len &&
	    memcmp(have, r->data.at, len) == 0;
	OPENSSL_free(der);
	return same;
}

void
dane_put(struct buf *out, const struct dane_record *r)
{
	buf_addf(out, "%u %u %u ", r->usage, r->selector, r->matching);
	for (size_t i = 0; i < r->data.len; i++)
		buf_addf(out, "%02x", (uint8_t)r->data.at[i]);
}

/* ---- the end ---- */

static void
end(struct dane_lookup *l, enum dane_found found, const char *why)
{
	l->result.found = found;
	l->result.why = why;
	l->done(l->owner);
}

static void
end_failed(struct dane_lookup *l, const char *type,
    const struct dns_answer *answer)
{
	l->result.resolver_down = answer->resolver_down;
	end(l, DANE_FAILED,
	    arena_printf(l->arena, "%s lookup error for %s: %s", type, l->name,
		answer->text));
}

/* ---- TLSA ---- */

static void ask_tlsa(struct dane_lookup *l, const char *base);

static void
keep_records(struct dane_lookup *l, const struct dns_answer *answer)
{
	size_t n = MIN(answer->n, RECORDS_MAX);
	struct dane_record *kept = arena_new(l->arena, n * sizeof(*kept));

	for (size_t i = 0; i < n; i++) {
		struct slice data = answer->records[i].data;

		data.at = arena_memdup(l->arena, data.at, data.len);
		if (dane_parse(data, &kept[l->result.n]) == MATCH_YES)
			l->result.n++;
	}
	l->result.records = kept;
	l->result.ttl = answer->ttl;
}

static void
on_tlsa(void *owner, const struct dns_answer *answer)
{
	struct dane_lookup *l = owner;
	const char *other = TAKE_PTR(l->other);

	l->query = NULL;
	if (answer->status == DNS_FAILED) {
		end_failed(l, "TLSA", answer);
	} else if (answer->status == DNS_OK && answer->authentic) {
		keep_records(l, answer);
		end(l, l->result.n > 0 ? DANE_RECORDS : DANE_UNUSABLE, "");
	} else if (other != NULL) {
		ask_tlsa(l, other);
	} else {
		end(l, DANE_NONE,
		    answer->status == DNS_OK ? "its TLSA records are not signed"
					     : "it has no TLSA records");
	}
}

static void
ask_tlsa(struct dane_lookup *l, const char *base)
{
	const char *name = arena_printf(l->arena, "_%u._tcp.%s", l->port, base);

	l->result.base = base;
	struct dns_query *q = dns_ask(name, DNS_TLSA, on_tlsa, l);
	if (q != NULL) /* else l may be gone */
		l->query = q;
}

/* ---- which name ---- */

/* An alias in a signed zone that leads out of it: the zone's word on the host's
 * own name still counts (RFC 7672 2.2.2). */
static void
on_alias(void *owner, const struct dns_answer *answer)
{
	struct dane_lookup *l = owner;

	l->query = NULL;
	if (answer->status == DNS_FAILED)
		end_failed(l, "CNAME", answer);
	else if (answer->status == DNS_OK && answer->authentic)
		ask_tlsa(l, l->name);
	else
		end(l, DANE_NONE, "its address is not signed");
}

static void
ask_alias(struct dane_lookup *l)
{
	struct dns_query *q = dns_ask(l->name, DNS_CNAME, on_alias, l);

	if (q != NULL)
		l->query = q;
}

void
dane_start(struct dane_lookup *l, struct arena *a, const struct smtp_host *host,
    dane_fn *done, void *owner)
{
	bool alias = host->canonical != NULL && host->canonical[0] != '\0' &&
	    !str_eq_nocase(host->canonical, host->name);

	*l = (struct dane_lookup){
		.arena = a,
		.name = arena_strdup(a, host->name),
		.port = host->port,
		.done = done,
		.owner = owner,
	};
	if (!dns_is_trusted()) {
		end(l, DANE_NONE,
		    "the name servers are not in dns_trusted_servers");
	} else if (host->secure && alias) {
		l->other = l->name;
		ask_tlsa(l, arena_strdup(a, host->canonical));
	} else if (host->secure) {
		ask_tlsa(l, l->name);
	} else if (alias) {
		ask_alias(l);
	} else {
		end(l, DANE_NONE, "its address is not signed");
	}
}

void
dane_stop(struct dane_lookup *l)
{
	dns_drop(&l->query);
}
