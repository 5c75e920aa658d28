/*
 * smtp_encode - content transfer encodings (RFC 2045 6.7 and 6.8), bytes in as
 * they come, lines out.
 *
 * All zero is a fresh encoder.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

#define ENCODED_LINE_MAX 76

struct smtp_encoder {
	size_t column;
	char blank; /* quoted-printable: a blank that may end its line */
	uint8_t held[3];
	size_t n_held; /* base64: bytes that are no whole group yet */
};

/* A piece of a line, without its end; and the end of the line. */
void smtp_qp_put(struct smtp_encoder *e, const char *bytes, size_t n,
    struct buf *out);
void smtp_qp_line_end(struct smtp_encoder *e, struct buf *out);

/* Bytes, line ends among them; and the end of all, which ends the line too. */
void smtp_base64_put(struct smtp_encoder *e, const char *bytes, size_t n,
    struct buf *out);
void smtp_base64_end(struct smtp_encoder *e, struct buf *out);
