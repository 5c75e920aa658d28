/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

#include "base64.h"
#include "num.h"

static const char scheme[] = "SCRAM-SHA-256";

bool
scram_hmac(const uint8_t key[SCRAM_KEY], struct slice text,
    uint8_t out[SCRAM_KEY])
{
	unsigned int len = SCRAM_KEY;

	return HMAC(EVP_sha256(), key, SCRAM_KEY,
		   (const unsigned char *)text.at, text.len, out, &len) != NULL;
}

bool
scram_keys(struct slice password, struct slice salt, uint32_t count,
    uint8_t client[SCRAM_KEY], struct scram_verifier *out)
{
	uint8_t salted[SCRAM_KEY];

	if (salt.len > SCRAM_SALT_MAX || count > SCRAM_COUNT_MAX)
		return false;
	bool ok = PKCS5_PBKDF2_HMAC(password.at, (int)password.len,
		      (const unsigned char *)salt.at, (int)salt.len, (int)count,
		      EVP_sha256(), SCRAM_KEY, salted) == 1 &&
	    scram_hmac(salted, SLICE("Client Key"), client) &&
	    scram_hmac(salted, SLICE("Server Key"), out->server) &&
	    SHA256(client, SCRAM_KEY, out->stored) != NULL;
	OPENSSL_cleanse(salted, sizeof(salted));
	memcpy(out->salt, salt.at, salt.len);
	out->salt_len = salt.len;
	out->count = count;
	return ok;
}

void
scram_put(struct buf *out, const struct scram_verifier *v)
{
	buf_addf(out, "%s$%u:", scheme, v->count);
	base64_put(out, v->salt, v->salt_len);
	buf_addc(out, '$');
	base64_put(out, v->stored, SCRAM_KEY);
	buf_addc(out, ':');
	base64_put(out, v->server, SCRAM_KEY);
}

/* base64 of at most `max` octets; how many, 0 where it is no such thing. */
static size_t
get_octets(struct slice text, uint8_t *out, size_t max)
{
	CLEAN_BUF struct buf bytes = { 0 };

	if (text.len > (max + 2) / 3 * 4 || !base64_get(&bytes, text) ||
	    bytes.len > max)
		return 0;
	memcpy(out, buf_str(&bytes), bytes.len);
	return bytes.len;
}

bool
scram_parse(const char *text, struct scram_verifier *out, const char **why)
{
	struct slice rest = slice_of(text), name, count, salt, stored;
	struct scram_verifier v = { 0 };
	int64_t n;

	*why = "is no SCRAM verifier";
	if (!slice_next_part(&rest, '$', &name) || !slice_eq(name, scheme) ||
	    !slice_next_part(&rest, ':', &count) ||
	    !slice_next_part(&rest, '$', &salt) ||
	    !slice_next_part(&rest, ':', &stored))
		return false;
	*why = "has a SCRAM verifier with a bad iteration count";
	if (!num_parse_len(count.at, count.len, SCRAM_COUNT_MIN,
		SCRAM_COUNT_MAX, &n))
		return false;
	*why = "has a SCRAM verifier with a bad salt or key";
	v.count = (uint32_t)n;
	v.salt_len = get_octets(salt, v.salt, SCRAM_SALT_MAX);
	if (v.salt_len == 0 ||
	    get_octets(stored, v.stored, SCRAM_KEY) != SCRAM_KEY ||
	    get_octets(rest, v.server, SCRAM_KEY) != SCRAM_KEY)
		return false;
	*out = v;
	return true;
}

bool
scram_mask(const uint8_t stored[SCRAM_KEY], struct slice text,
    const uint8_t in[SCRAM_KEY], uint8_t out[SCRAM_KEY])
{
	uint8_t signature[SCRAM_KEY];

	if (!scram_hmac(stored, text, signature))
		return false;
	for (size_t i = 0; i < SCRAM_KEY; i++)
		out[i] = in[i] ^ signature[i];
	return true;
}

bool
scram_is_key(const uint8_t client[SCRAM_KEY], const uint8_t stored[SCRAM_KEY])
{
	uint8_t hash[SCRAM_KEY];

	return SHA256(client, SCRAM_KEY, hash) != NULL &&
	    CRYPTO_memcmp(hash, stored, SCRAM_KEY) == 0;
}
