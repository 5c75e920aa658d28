/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim_world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

int64_t world_now = WORLD_NOW;

static struct {
	const char *name, *text;
} records[64];
static size_t n_records;

EVP_PKEY *
world_key(int ed25519)
{
	static EVP_PKEY *keys[2];
	size_t bits = getenv("POSTHOUSE_LONG") != NULL ? 2048 : 1024;

	if (keys[ed25519] == NULL)
		keys[ed25519] = ed25519
		    ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
		    : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
	ck_assert_ptr_nonnull(keys[ed25519]);
	return keys[ed25519];
}

void
world_publish(const char *name, const char *text)
{
	ck_assert_uint_lt(n_records, ARRAY_LEN(records));
	records[n_records].name = name;
	records[n_records++].text = text;
}

void
world_reset(void)
{
	n_records = 0;
}

static void
look_up(struct dkim_verify *v, size_t i)
{
	static const char *const own[] = { "rsa._domainkey.x.test",
		"ed._domainkey.x.test" };
	CLEAN_BUF struct buf mine = { 0 };
	const char *name = dkim_verify_need(v, i);
	struct dns_record found[8];
	struct dns_answer answer = {
		.status = DNS_NXDOMAIN,
		.records = found,
	};

	for (int k = 0; k < 2; k++)
		if (str_eq(name, own[k])) {
			ck_assert(dkim_key_record(&mine, world_key(k)));
			found[answer.n++] = (struct dns_record){
				.data = { mine.text, mine.len },
			};
		}
	for (size_t n = 0; n < n_records; n++) {
		if (!str_eq(records[n].name, name))
			continue;
		if (records[n].text == NULL)
			answer.status = DNS_FAILED;
		else
			found[answer.n++].data = slice_of(records[n].text);
	}
	if (answer.n > 0)
		answer.status = DNS_OK;
	dkim_verify_key(v, i, &answer);
}

void
world_judge(struct dkim_verify *v, struct slice message, size_t piece)
{
	CLEAN_HEADER struct header h = { 0 };
	size_t taken = header_feed(&h, message.at, message.len);

	header_finish(&h);
	/* The header outlives the judgement, which borrows it. */
	struct slice text = { message.at, h.len };
	dkim_verify_start(v, text, world_now);
	for (size_t i = 0; i < v->n; i++)
		if (dkim_verify_need(v, i) != NULL)
			look_up(v, i);
	/* A line that is none of a header begins the body. */
	struct slice body = header_body_start(&h);
	dkim_verify_body(v, body.at, body.len);
	for (size_t at = taken; at < message.len;) {
		size_t n = piece > 0 ? MIN(piece, message.len - at)
				     : message.len - at;

		dkim_verify_body(v, message.at + at, n);
		at += n;
	}
	dkim_verify_end(v, false);
}

void
world_sign(struct buf *message, int ed25519, enum dkim_canon header,
    enum dkim_canon body)
{
	CLEAN_BUF struct buf out = { 0 };
	CLEAN_HEADER struct header h = { 0 };
	struct dkim_fields fields = { 0 };
	struct dkim_body b;
	struct dkim_signer s = {
		.domain = "x.test",
		.selector = ed25519 ? "ed" : "rsa",
		.pkey = world_key(ed25519),
		.header = header,
		.body = body,
		.names = "From To Subject Date X-Any",
		.oversigned = "From Subject",
	};
	size_t taken = header_feed(&h, message->text, message->len);

	header_finish(&h);
	dkim_fields_add(&fields, header_text(&h));
	dkim_body_start(&b, body);
	dkim_body_feed(&b, message->text + taken, message->len - taken);
	dkim_body_end(&b);
	ck_assert(dkim_sign(&s, &fields, b.hash, WORLD_NOW, &out));
	buf_add(&out, message->text, message->len);
	dkim_body_free(&b);
	dkim_fields_free(&fields);
	buf_reset(message);
	buf_add(message, out.text, out.len);
}
