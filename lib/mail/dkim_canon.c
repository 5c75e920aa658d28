/*
 * A line end of the body is held back until something follows it, for those at
 * the end of the body do not count (RFC 6376 3.4.3, 3.4.4); so is white space,
 * in the relaxed form.  Lines end in CRLF; a CR or LF alone is like any other
 * byte.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <openssl/rand.h>
#include <string.h>

#include "dkim.h"
#include "log.h"

const char *
dkim_canon_name(enum dkim_canon canon)
{
	return canon == DKIM_RELAXED ? "relaxed" : "simple";
}

const EVP_MD *
dkim_sha256(void)
{
	static EVP_MD *md;

	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (md == NULL)
		log_fatal("OpenSSL has no SHA-256");
	return md;
}

void
dkim_start(void)
{
	unsigned char byte;

	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
		    OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		NULL) != 1 ||
	    dkim_sha256() == NULL || RAND_bytes(&byte, 1) != 1)
		log_fatal("OpenSSL does not start");
}

/* ---- header fields ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_white(char c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

/* RFC 6376 3.4.2.  Only ASCII is made lower case, as of names of fields. */
static void
relax_field(struct buf *out, struct slice field)
{
	const char *colon = memchr(field.at, ':', field.len);
	size_t name = colon != NULL ? (size_t)(colon - field.at) : field.len;
	size_t i = name + 1;
	bool blank = false;

	while (name > 0 && is_blank(field.at[name - 1]))
		name--;
	for (size_t n = 0; n < name; n++)
		buf_addc(out, char_lower(field.at[n]));
	buf_addc(out, ':');
	while (i < field.len && is_white(field.at[i]))
		i++;
	for (; i < field.len; i++) {
		if (is_white(field.at[i])) {
			blank = true;
			continue;
		}
		if (blank)
			buf_addc(out, ' ');
		blank = false;
		buf_addc(out, field.at[i]);
	}
}

void
dkim_canon_field(struct buf *out, enum dkim_canon canon, struct slice field)
{
	bool ended = field.len >= 2 && field.at[field.len - 1] == '\n' &&
	    field.at[field.len - 2] == '\r';

	if (canon == DKIM_SIMPLE) {
		buf_add(out, field.at, field.len);
		return;
	}
	relax_field(out, field);
	if (ended)
		buf_adds(out, "\r\n");
}

/* ---- the body ---- */

static void
must(int result)
{
	if (result != 1)
		log_fatal("OpenSSL cannot hash");
}

void
dkim_body_start(struct dkim_body *b, enum dkim_canon canon)
{
	*b = (struct dkim_body){ .canon = canon, .md = EVP_MD_CTX_new() };
	must(b->md != NULL && EVP_DigestInit_ex(b->md, dkim_sha256(), NULL));
}

bool
dkim_body_cut(struct dkim_body *b, uint64_t at, size_t *number)
{
	for (size_t i = 0; i < b->n_cuts; i++)
		if (b->cuts[i].at == at) {
			*number = i;
			return true;
		}
	if (b->n_cuts == DKIM_CUTS_MAX)
		return false;
	*number = b->n_cuts;
	b->cuts[b->n_cuts++].at = at;
	return true;
}

static void
take_hash(const struct dkim_body *b, uint8_t hash[DKIM_HASH])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();

	must(copy != NULL && EVP_MD_CTX_copy_ex(copy, b->md) &&
	    EVP_DigestFinal_ex(copy, hash, NULL));
	EVP_MD_CTX_free(copy);
}

/* How far the next cut is, at most n. */
static size_t
up_to_cut(const struct dkim_body *b, size_t n)
{
	for (size_t i = 0; i < b->n_cuts; i++)
		if (!b->cuts[i].reached && b->cuts[i].at - b->len < n)
			n = (size_t)(b->cuts[i].at - b->len);
	return n;
}

static void
make_cuts(struct dkim_body *b)
{
	for (size_t i = 0; i < b->n_cuts; i++) {
		struct dkim_cut *cut = &b->cuts[i];

		if (cut->reached || cut->at != b->len)
			continue;
		cut->reached = true;
		take_hash(b, cut->hash);
	}
}

static void
hash(struct dkim_body *b, const char *bytes, size_t n)
{
	while (n > 0) {
		size_t some;

		make_cuts(b);
		some = up_to_cut(b, n);
		must(EVP_DigestUpdate(b->md, bytes, some));
		b->len += some;
		bytes += some;
		n -= some;
	}
}

static void
flush(struct dkim_body *b)
{
	hash(b, b->out, b->n_out);
	b->n_out = 0;
}

static void
put(struct dkim_body *b, const char *bytes, size_t n)
{
	if (n > sizeof(b->out) - b->n_out)
		flush(b);
	if (n > sizeof(b->out)) {
		hash(b, bytes, n);
	} else {
		memcpy(b->out + b->n_out, bytes, n);
		b->n_out += n;
	}
}

/* What was held back is not the end, for something comes. */
static void
put_held(struct dkim_body *b)
{
	static const char ends[] = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";

	while (b->ends > 0) {
		size_t n = (size_t)MIN(b->ends, (sizeof(ends) - 1) / 2);

		put(b, ends, 2 * n);
		b->ends -= n;
	}
	if (b->blank)
		put(b, " ", 1);
	b->blank = false;
	b->any = true;
}

/* How many bytes from here on stay as they are: up to a CR, and in the relaxed
 * form up to white space that is not one space within a line. */
static size_t
plain(const struct dkim_body *b, const char *p, const char *end)
{
	const char *at = p;

	if (b->canon == DKIM_SIMPLE) {
		at = memchr(p, '\r', (size_t)(end - p));
		return (size_t)((at != NULL ? at : end) - p);
	}
	for (; at < end; at++) {
		if (*at == '\r' || *at == '\t')
			break;
		if (*at == ' ' && (at + 1 == end || is_white(at[1])))
			break;
	}
	return (size_t)(at - p);
}

/* White space in front of a line end, or of more white space. */
static bool
is_held(const struct dkim_body *b, const char *p, const char *end)
{
	return b->canon == DKIM_RELAXED && is_blank(*p) &&
	    (b->blank || plain(b, p, end) == 0);
}

void
dkim_body_feed(struct dkim_body *b, const void *bytes, size_t n)
{
	const char *p = bytes, *end = p + n;

	while (p < end) {
		size_t same = 1;

		if (b->cr && *p == '\n') {
			b->cr = b->blank = false;
			b->ends++;
		} else if (b->cr) {
			put_held(b);
			put(b, "\r", 1);
			b->cr = false;
			continue;
		} else if (*p == '\r') {
			b->cr = true;
		} else if (is_held(b, p, end)) {
			b->blank = true;
		} else {
			same = plain(b, p, end);
			put_held(b);
			put(b, p, same);
		}
		p += same;
	}
}

/* RFC 6376 3.4.3: an empty body is a line end; 3.4.4: or nothing. */
void
dkim_body_end(struct dkim_body *b)
{
	if (b->cr) {
		put_held(b);
		put(b, "\r", 1);
	}
	if (b->any || b->canon == DKIM_SIMPLE)
		put(b, "\r\n", 2);
	flush(b);
	make_cuts(b);
	take_hash(b, b->hash);
}

void
dkim_body_free(struct dkim_body *b)
{
	EVP_MD_CTX_free(b->md);
	b->md = NULL;
}
