/*
 * Fuzz: content that is converted to 7 bits.
 *
 * A part that can be converted has no byte above 127 in its body after (those
 * in headers pass); and the second reading finds the parts that the first
 * found.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "log.h"
#include "smtp_mime.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
give(struct smtp_mime *m, struct slice text, struct buf *out)
{
	struct slice line;

	while (text.len > 0 && slice_next_part(&text, '\n', &line))
		smtp_mime_line(m, line.at, line.len, true, true, out);
	smtp_mime_end(m, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEAN_BUF struct buf text = { 0 }, out = { 0 };
	struct smtp_mime m = { .limit = n > 0 ? (uint8_t)bytes[0] : 0 };
	const char *why;

	/* A fixed header, so that everything else is body. */
	buf_adds(&text, "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n");
	buf_add(&text, bytes, n);
	give(&m, (struct slice){ text.text, text.len }, &out);
	buf_reset(&out);
	if (smtp_mime_convert(&m, &why)) {
		size_t leaves = m.needs.len;

		give(&m, (struct slice){ text.text, text.len }, &out);
		if (m.leaf != leaves)
			log_panic("%zu leaves, then %zu", leaves, m.leaf);
		if (memmem(bytes, n, "--b", 3) == NULL &&
		    !str_is_ascii(out.text, out.len))
			log_panic("bytes above 127 are left");
	}
	smtp_mime_free(&m);
	return 0;
}
