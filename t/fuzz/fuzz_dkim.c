/*
 * Fuzz: what strangers write of DKIM, in one input parted by NULs: a header
 * with signatures, a body (cut in two ways, which must make no difference), and
 * the key records that all questions are answered with.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "dkim_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice
next_part(struct slice *rest)
{
	struct slice part = { "", 0 };

	(void)slice_next_part(rest, '\0', &part);
	return part;
}

static void
check_body(struct slice body, enum dkim_canon canon)
{
	struct dkim_body at_once, by_bytes;
	size_t cut;

	dkim_body_start(&at_once, canon);
	dkim_body_start(&by_bytes, canon);
	if (!dkim_body_cut(&by_bytes, body.len / 2, &cut))
		__builtin_trap();
	dkim_body_feed(&at_once, body.at, body.len);
	for (size_t i = 0; i < body.len; i++)
		dkim_body_feed(&by_bytes, body.at + i, 1);
	dkim_body_end(&at_once);
	dkim_body_end(&by_bytes);
	if (memcmp(at_once.hash, by_bytes.hash, DKIM_HASH) != 0 ||
	    at_once.len > body.len + 2)
		__builtin_trap();
	dkim_body_free(&at_once);
	dkim_body_free(&by_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_STR char *text = xcalloc(1, size + 1);
	CLEAN_BUF struct buf said = { 0 };
	struct slice rest = { text, size };
	struct dkim_verify v = { 0 };

	if (size > 0)
		memcpy(text, data, size);
	struct slice header = next_part(&rest), body = next_part(&rest);
	struct dns_record records[2] = {
		{ .data = next_part(&rest) },
		{ .data = next_part(&rest) },
	};
	struct dns_answer answer = { .records = records, .n = 2 };

	check_body(body, DKIM_SIMPLE);
	check_body(body, DKIM_RELAXED);
	dkim_verify_start(&v, header, 1);
	for (size_t i = 0; i < v.n; i++)
		if (dkim_verify_need(&v, i) != NULL)
			dkim_verify_key(&v, i, &answer);
	dkim_verify_body(&v, body.at, body.len);
	dkim_verify_end(&v, false);
	dkim_verify_results(&v, &said);
	if (v.n > DKIM_JUDGED_MAX || said.len > (v.n + 1) * 2000 ||
	    memchr(said.text, '\n', said.len) != NULL)
		__builtin_trap();
	dkim_verify_free(&v);
	return 0;
}
