/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_encode.h"

static void
qp_room(struct smtp_encoder *e, size_t n, struct buf *out)
{
	/* One column stays free for the "=" of a soft line break. */
	if (e->column + n > ENCODED_LINE_MAX - 1) {
		buf_adds(out, "=\r\n");
		e->column = 0;
	}
	e->column += n;
}

static void
qp_literal(struct smtp_encoder *e, char c, struct buf *out)
{
	qp_room(e, 1, out);
	buf_addc(out, c);
}

static void
qp_escape(struct smtp_encoder *e, char c, struct buf *out)
{
	qp_room(e, 3, out);
	buf_addf(out, "=%02X", (unsigned int)(uint8_t)c);
}

void
smtp_qp_put(struct smtp_encoder *e, const char *bytes, size_t n,
    struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];

		if (e->blank != 0)
			qp_literal(e, e->blank, out);
		e->blank = 0;
		if (c == ' ' || c == '\t')
			e->blank = c;
		else if (c > ' ' && c <= '~' && c != '=')
			qp_literal(e, c, out);
		else
			qp_escape(e, c, out);
	}
}

void
smtp_qp_line_end(struct smtp_encoder *e, struct buf *out)
{
	if (e->blank != 0)
		qp_escape(e, e->blank, out);
	buf_adds(out, "\r\n");
	*e = (struct smtp_encoder){ 0 };
}

static void
base64_group(struct smtp_encoder *e, struct buf *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t group = (uint32_t)e->held[0] << 16 |
	    (uint32_t)e->held[1] << 8 | e->held[2];
	char text[4] = {
		digits[group >> 18],
		digits[group >> 12 & 63],
		e->n_held > 1 ? digits[group >> 6 & 63] : '=',
		e->n_held > 2 ? digits[group & 63] : '=',
	};

	buf_add(out, text, sizeof(text));
	e->column += sizeof(text);
	if (e->column == ENCODED_LINE_MAX) {
		buf_adds(out, "\r\n");
		e->column = 0;
	}
	e->n_held = 0;
	e->held[0] = e->held[1] = e->held[2] = 0;
}

void
smtp_base64_put(struct smtp_encoder *e, const char *bytes, size_t n,
    struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		e->held[e->n_held++] = (uint8_t)bytes[i];
		if (e->n_held == sizeof(e->held))
			base64_group(e, out);
	}
}

void
smtp_base64_end(struct smtp_encoder *e, struct buf *out)
{
	if (e->n_held > 0)
		base64_group(e, out);
	if (e->column > 0)
		buf_adds(out, "\r\n");
	*e = (struct smtp_encoder){ 0 };
}
