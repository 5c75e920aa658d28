/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_mime.h"

#include <stdlib.h>
#include <string.h>

#include "header.h"
#include "str.h"

/* Why a leaf must be encoded. */
enum need {
	NEED_8BIT = 1 << 0,
	NEED_LINES = 1 << 1, /* they are too long */
};

/* What a header says about its body. */
enum body_kind {
	BODY_TEXT,
	BODY_OTHER,
	BODY_MULTIPART,
	BODY_MESSAGE,
};

struct body_label {
	enum body_kind kind;
	bool opaque;             /* its bytes must stay as they are */
	bool has_version;        /* MIME-Version */
	bool has_type;           /* Content-Type */
	struct mime_level level; /* of a multipart */
};

/* ---- labels ---- */

/* The value on one line, without comments (RFC 5322 3.2.2), which may stand
 * anywhere but in quotes. */
static void
clean_value(struct buf *out, struct slice value)
{
	CLEAN_BUF struct buf line = { 0 };
	int depth = 0;
	bool quoted = false;

	header_unfold(&line, value);
	for (const char *p = buf_str(&line); *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			if (depth == 0)
				buf_add(out, p, 2);
			p++;
		} else if (*p == '"' && depth == 0) {
			quoted = !quoted;
			buf_addc(out, *p);
		} else if (!quoted && *p == '(') {
			depth++;
		} else if (!quoted && *p == ')' && depth > 0) {
			depth--;
		} else if (depth == 0) {
			buf_addc(out, *p);
		}
	}
}

/* The next parameter of a value, up to a semicolon outside of quotes. */
static bool
next_param(struct slice *rest, struct slice *param)
{
	bool quoted = false;
	size_t n = 0;

	if (rest->len == 0)
		return false;
	for (; n < rest->len && (quoted || rest->at[n] != ';'); n++) {
		if (rest->at[n] == '\\' && n + 1 < rest->len)
			n++;
		else if (rest->at[n] == '"')
			quoted = !quoted;
	}
	*param = slice_trim((struct slice){ rest->at, n });
	n += n < rest->len;
	rest->at += n;
	rest->len -= n;
	return true;
}

/* boundary := token / quoted-string (RFC 2046 5.1.1) */
static bool
read_boundary(struct slice value, struct mime_level *level)
{
	bool quoted = value.len > 1 && value.at[0] == '"';
	size_t end = quoted ? value.len - 1 : value.len;

	level->len = 0;
	for (size_t i = quoted; i < end; i++) {
		if (quoted && value.at[i] == '\\' && i + 1 < end)
			i++;
		if (level->len == sizeof(level->boundary))
			return false;
		level->boundary[level->len++] = value.at[i];
	}
	return level->len > 0;
}

static bool
find_boundary(struct slice params, struct mime_level *level)
{
	struct slice param, name, value;

	while (next_param(&params, &param)) {
		value = param;
		if (!slice_next_part(&value, '=', &name))
			continue;
		if (slice_eq_nocase(slice_trim(name), "boundary"))
			return read_boundary(slice_trim(value), level);
	}
	return false;
}

static bool
type_starts(struct slice type, const char *start)
{
	size_t n = strlen(start);

	return type.len >= n &&
	    slice_eq_nocase((struct slice){ type.at, n }, start);
}

static void
read_type(struct slice value, struct body_label *label)
{
	CLEAN_BUF struct buf text = { 0 };
	struct slice type;

	label->has_type = true;
	clean_value(&text, value);
	struct slice rest = { buf_str(&text), text.len };
	if (!next_param(&rest, &type))
		return;
	if (type_starts(type, "multipart/")) {
		label->level.digest = slice_eq_nocase(type, "multipart/digest");
		label->kind = BODY_MULTIPART;
		if (!find_boundary(rest, &label->level)) {
			label->kind = BODY_OTHER;
			label->opaque = true;
		}
	} else if (slice_eq_nocase(type, "message/rfc822") ||
	    slice_eq_nocase(type, "message/global")) {
		label->kind = BODY_MESSAGE;
	} else {
		label->kind = type_starts(type, "text/") ? BODY_TEXT
							 : BODY_OTHER;
		/* The other message types are 7bit (RFC 2046 5.2). */
		label->opaque = type_starts(type, "message/");
	}
}

static void
read_encoding(struct slice value, struct body_label *label)
{
	CLEAN_BUF struct buf text = { 0 };

	clean_value(&text, value);
	struct slice name = slice_trim(slice_of(buf_str(&text)));
	if (!slice_eq_nocase(name, "7bit") && !slice_eq_nocase(name, "8bit") &&
	    !slice_eq_nocase(name, "binary"))
		label->opaque = true;
}

static struct body_label
read_label(const struct smtp_mime *m)
{
	struct body_label label = { 0 };
	struct slice rest = { buf_str(&m->header), m->header.len };
	struct header_field f;

	if (m->in_part && m->depth > 0 && m->levels[m->depth - 1].digest)
		label.kind = BODY_MESSAGE;
	while (header_next(&rest, &f)) {
		if (header_is(&f, "Content-Type") && !label.has_type)
			read_type(f.value, &label);
		else if (header_is(&f, "Content-Transfer-Encoding"))
			read_encoding(f.value, &label);
		else if (header_is(&f, "MIME-Version"))
			label.has_version = true;
	}
	/* What holds parts must not be encoded itself (RFC 2045 6.4); where it
	 * says it is, its parts cannot be told. */
	if (label.opaque && label.kind >= BODY_MULTIPART)
		label.kind = BODY_OTHER;
	return label;
}

/* ---- headers ---- */

static void
put_header_without_encoding(struct smtp_mime *m, struct buf *out)
{
	struct slice rest = { buf_str(&m->header), m->header.len };
	const char *end = rest.at + rest.len;
	struct header_field f;

	while (header_next(&rest, &f))
		if (!header_is(&f, "Content-Transfer-Encoding"))
			buf_add(out, f.text.at, f.text.len);
	/* What is no field, if anything, passes. */
	buf_add(out, rest.at, (size_t)(end - rest.at));
}

/* RFC 1428 3 says how a message without MIME is labelled. */
static void
put_encoded_header(struct smtp_mime *m, const struct body_label *label,
    struct buf *out)
{
	bool text = label->kind == BODY_TEXT;

	put_header_without_encoding(m, out);
	if (!m->in_part && !label->has_version)
		buf_adds(out, "MIME-Version: 1.0\r\n");
	if (!m->in_part && !label->has_type)
		buf_addf(out, "Content-Type: text/plain; charset=%s\r\n",
		    (m->needs.text[m->leaf - 1] & NEED_8BIT) != 0
			? "unknown-8bit"
			: "us-ascii");
	buf_addf(out, "Content-Transfer-Encoding: %s\r\n",
	    text ? "quoted-printable" : "base64");
	m->where = text ? MIME_LEAF_QP : MIME_LEAF_B64;
	m->encoder = (struct smtp_encoder){ 0 };
	m->line_due = false;
}

static void
begin_leaf(struct smtp_mime *m, const struct body_label *label, struct buf *out)
{
	m->where = MIME_LEAF;
	m->opaque = label->opaque;
	if (!m->converting)
		buf_addc(&m->needs, 0);
	m->leaf++;
	if (m->converting && m->needs.text[m->leaf - 1])
		put_encoded_header(m, label, out);
	else
		buf_add(out, buf_str(&m->header), m->header.len);
}

static void
begin_multipart(struct smtp_mime *m, const struct mime_level *level)
{
	if (m->depth == MIME_DEPTH_MAX) {
		m->why = "its parts are nested too deeply";
		return;
	}
	m->levels = xrealloc(m->levels, m->depth + 1,
	    sizeof(struct mime_level));
	m->levels[m->depth++] = *level;
	m->where = MIME_BETWEEN;
}

/* The header is whole: says it, changed where it must be, and goes on to what
 * it tells. */
static void
end_header(struct smtp_mime *m, struct buf *out)
{
	struct body_label label = read_label(m);

	switch (label.kind) {
	case BODY_TEXT:
	case BODY_OTHER:
		begin_leaf(m, &label, out);
		break;
	case BODY_MULTIPART:
		put_header_without_encoding(m, out);
		begin_multipart(m, &label.level);
		break;
	case BODY_MESSAGE:
		put_header_without_encoding(m, out);
		m->where = MIME_HEADER;
		m->in_part = false;
		break;
	}
	buf_adds(out, "\r\n");
	buf_reset(&m->header);
}

static void
header_line(struct smtp_mime *m, const char *bytes, size_t n, bool first,
    bool last, struct buf *out)
{
	if (first && last && n == 0) {
		end_header(m, out);
		return;
	}
	buf_add(&m->header, bytes, n);
	if (last)
		buf_adds(&m->header, "\r\n");
	if (m->header.len > MIME_HEADER_MAX)
		m->why = "a header in it is too long";
}

/* ---- bodies ---- */

/* The leaf ends; at a boundary the line end before it is not the leaf's. */
static void
end_leaf(struct smtp_mime *m, bool at_boundary, struct buf *out)
{
	if (m->where == MIME_LEAF_B64) {
		if (m->line_due && !at_boundary)
			smtp_base64_put(&m->encoder, "\r\n", 2, out);
		smtp_base64_end(&m->encoder, out);
	}
	if (m->where == MIME_HEADER) { /* a part that is only a header */
		buf_add(out, buf_str(&m->header), m->header.len);
		buf_reset(&m->header);
	}
}

/* delimiter := "--" boundary, close-delimiter := delimiter "--", both with
 * blanks behind (RFC 2046 5.1.1).  Gives the depth of the multipart that it
 * delimits, the innermost that matches, or 0. */
static size_t
find_delimited(const struct smtp_mime *m, struct slice line, bool *closes)
{
	if (line.len < 3 || line.at[0] != '-' || line.at[1] != '-')
		return 0;
	for (size_t depth = m->depth; depth > 0; depth--) {
		const struct mime_level *l = &m->levels[depth - 1];
		struct slice rest = { line.at + 2, line.len - 2 };

		if (rest.len < l->len ||
		    memcmp(rest.at, l->boundary, l->len) != 0)
			continue;
		rest = slice_trim((struct slice){
		    rest.at + l->len,
		    rest.len - l->len,
		});
		*closes = slice_eq(rest, "--");
		if (rest.len == 0 || *closes)
			return depth;
	}
	return 0;
}

static bool
boundary_line(struct smtp_mime *m, struct slice line, struct buf *out)
{
	bool closes = false;
	size_t depth = find_delimited(m, line, &closes);

	if (depth == 0)
		return false;
	end_leaf(m, true, out);
	m->depth = closes ? depth - 1 : depth;
	m->where = closes ? MIME_BETWEEN : MIME_HEADER;
	m->in_part = true;
	buf_add(out, line.at, line.len);
	buf_adds(out, "\r\n");
	return true;
}

/* Nobody reads what stands between the parts, but it must be 7 bits too. */
static void
put_between(struct smtp_mime *m, struct slice piece, bool last, struct buf *out)
{
	m->needed |= !str_is_ascii(piece.at, piece.len);
	for (size_t i = 0; i < piece.len; i++)
		buf_addc(out, (uint8_t)piece.at[i] > 127 ? '?' : piece.at[i]);
	if (last)
		buf_adds(out, "\r\n");
}

/* What is encoded already keeps its long lines: it cannot be told what they
 * mean. */
static void
scan_plain(struct smtp_mime *m, struct slice piece, bool first)
{
	bool high = !str_is_ascii(piece.at, piece.len);

	m->column = (first ? 0 : m->column) + piece.len;
	if (high && m->opaque)
		m->why = "it has 8-bit data where there must be none";
	if (high)
		m->needs.text[m->leaf - 1] |= NEED_8BIT;
	if (m->limit > 0 && m->column > m->limit && !m->opaque)
		m->needs.text[m->leaf - 1] |= NEED_LINES;
	m->needed |= m->needs.text[m->leaf - 1] != 0;
}

static void
put_plain(struct smtp_mime *m, struct slice piece, bool first, bool last,
    struct buf *out)
{
	if (!m->converting)
		scan_plain(m, piece, first);
	buf_add(out, piece.at, piece.len);
	if (last)
		buf_adds(out, "\r\n");
}

static void
put_qp(struct smtp_mime *m, struct slice piece, bool last, struct buf *out)
{
	smtp_qp_put(&m->encoder, piece.at, piece.len, out);
	if (last)
		smtp_qp_line_end(&m->encoder, out);
}

static void
put_base64(struct smtp_mime *m, struct slice piece, bool first, bool last,
    struct buf *out)
{
	if (first && m->line_due)
		smtp_base64_put(&m->encoder, "\r\n", 2, out);
	m->line_due = last;
	smtp_base64_put(&m->encoder, piece.at, piece.len, out);
}

/* ---- the interface ---- */

void
smtp_mime_line(struct smtp_mime *m, const char *bytes, size_t n, bool first,
    bool last, struct buf *out)
{
	struct slice piece = { bytes, n };

	if (m->why != NULL)
		return;
	if (first && last && boundary_line(m, piece, out))
		return;
	switch (m->where) {
	case MIME_HEADER:
		header_line(m, bytes, n, first, last, out);
		break;
	case MIME_BETWEEN:
		put_between(m, piece, last, out);
		break;
	case MIME_LEAF:
		put_plain(m, piece, first, last, out);
		break;
	case MIME_LEAF_QP:
		put_qp(m, piece, last, out);
		break;
	case MIME_LEAF_B64:
		put_base64(m, piece, first, last, out);
		break;
	}
}

/* The CR of a line's end may be the last byte of a piece, and is no text there
 * either. */
void
smtp_mime_bytes(struct smtp_mime *m, const char *bytes, size_t n, bool *in_line,
    struct buf *out)
{
	while (n > 0) {
		const char *lf = memchr(bytes, '\n', n);
		size_t len = lf != NULL ? (size_t)(lf - bytes) + 1 : n;
		size_t text = len - (lf != NULL);

		if (text > 0 && bytes[text - 1] == '\r')
			text--;
		smtp_mime_line(m, bytes, text, !*in_line, lf != NULL, out);
		*in_line = lf == NULL;
		bytes += len;
		n -= len;
	}
}

void
smtp_mime_end(struct smtp_mime *m, struct buf *out)
{
	if (m->why == NULL)
		end_leaf(m, false, out);
}

bool
smtp_mime_convert(struct smtp_mime *m, const char **why)
{
	struct buf needs = m->needs, header = m->header;

	if (m->why != NULL) {
		*why = m->why;
		return false;
	}
	free(m->levels);
	buf_reset(&header);
	*m = (struct smtp_mime){
		.converting = true,
		.needs = needs,
		.header = header,
	};
	return true;
}

void
smtp_mime_free(struct smtp_mime *m)
{
	buf_free(&m->header);
	buf_free(&m->needs);
	free(m->levels);
	*m = (struct smtp_mime){ 0 };
}
