/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "http.h"

#include <string.h>

#include "num.h"

/* ---- the request ---- */

static void
begin(struct http *h, const char *verb, const char *host, const char *path,
    size_t limit)
{
	*h = (struct http){ .limit = limit };
	buf_addf(&h->port.out,
	    "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Posthouse\r\n"
	    "Accept-Encoding: identity\r\nConnection: close\r\n",
	    verb, path, host);
}

void
http_get(struct http *h, const char *host, const char *path, size_t limit)
{
	begin(h, "GET", host, path, limit);
	buf_adds(&h->port.out, "\r\n");
}

void
http_post(struct http *h, const char *host, const char *path, const char *type,
    struct slice body)
{
	begin(h, "POST", host, path, 0);
	h->headed = true;
	buf_addf(&h->port.out,
	    "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", type, body.len);
	buf_add(&h->port.out, body.at, body.len);
}

/* ---- ends ---- */

static void
finish(struct http *h, enum http_state state, const char *why)
{
	h->state = state;
	h->why = why;
	h->port.closing = true;
}

static bool
fail(struct http *h, const char *why)
{
	finish(h, HTTP_FAILED, why);
	return false;
}

/* All of the body is here. */
static bool
whole(struct http *h)
{
	finish(h, HTTP_DONE, NULL);
	return false;
}

/* ---- the head ---- */

/* HTTP-version SP 3DIGIT SP [reason] (RFC 9112 4) */
static bool
read_status(struct http *h, struct slice line)
{
	int64_t status;

	if (line.len < 12 || memcmp(line.at, "HTTP/1.", 7) != 0 ||
	    !char_is_digit(line.at[7]) || line.at[8] != ' ' ||
	    !num_parse_len(line.at + 9, 3, 100, 599, &status) ||
	    (line.len > 12 && line.at[12] != ' '))
		return fail(h, "the answer does not begin as HTTP does");
	h->status = (int)status;
	h->step = HTTP_FIELDS;
	h->chunked = h->measured = h->typed = false;
	return true;
}

static bool
is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!char_is_alpha(s.at[i]) && !char_is_digit(s.at[i]) &&
		    (s.at[i] == '\0' ||
			strchr("!#$%&'*+-.^_`|~", s.at[i]) == NULL))
			return false;
	return s.len > 0;
}

static bool
read_length(struct http *h, struct slice value)
{
	int64_t length;

	if (h->measured ||
	    !num_parse_len(value.at, value.len, 0, INT64_MAX, &length))
		return fail(h, "Content-Length is malformed or stands twice");
	h->measured = true;
	h->left = (uint64_t)length;
	return true;
}

static bool
read_transfer(struct http *h, struct slice value)
{
	if (h->chunked || !slice_eq_nocase(value, "chunked"))
		return fail(h, "Transfer-Encoding is not chunked alone");
	h->chunked = true;
	return true;
}

static bool
read_encoding(struct http *h, struct slice value)
{
	return slice_eq_nocase(value, "identity") ||
	    fail(h, "the content is encoded, which was not asked for");
}

static bool
read_type(struct http *h, struct slice value)
{
	struct slice type;

	if (h->typed)
		return fail(h, "Content-Type stands twice");
	h->typed = true;
	buf_reset(&h->type);
	if (!slice_next_part(&value, ';', &type))
		return true;
	type = slice_trim(type);
	buf_add(&h->type, type.at, type.len);
	if (h->type.len > 0)
		str_lower(h->type.text);
	return true;
}

static bool
read_field(struct http *h, struct slice line)
{
	static const struct {
		const char *name;
		bool (*read)(struct http *h, struct slice value);
	} fields[] = {
		{ "Content-Length", read_length },
		{ "Transfer-Encoding", read_transfer },
		{ "Content-Encoding", read_encoding },
		{ "Content-Type", read_type },
	};
	const char *colon = memchr(line.at, ':', line.len);
	struct slice name = { line.at,
		colon != NULL ? (size_t)(colon - line.at) : 0 };

	if (!is_token(name))
		return fail(h, "a field of the head is malformed");
	struct slice value = slice_trim(
	    (struct slice){ line.at + name.len + 1, line.len - name.len - 1 });
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (slice_eq_nocase(name, fields[i].name))
			return fields[i].read(h, value);
	return true;
}

/* What follows the head (RFC 9112 6.3). */
static bool
end_head(struct http *h)
{
	if (h->status / 100 == 1) {
		h->step = HTTP_STATUS;
		return true;
	}
	if (h->status / 100 != 2)
		return fail(h, "the server does not answer with success");
	if (h->status == 204 || h->headed)
		return whole(h);
	if (h->chunked && h->measured)
		return fail(h, "the answer has two lengths");
	if (!h->chunked && !h->measured)
		return fail(h, "the answer does not tell its length");
	if (h->chunked) {
		h->step = HTTP_CHUNK_SIZE;
		return true;
	}
	if (h->left > h->limit)
		return fail(h, "the answer is too long");
	h->step = HTTP_BODY;
	return h->left > 0 || whole(h);
}

/* ---- the body ---- */

/* chunk-size [chunk-ext] (RFC 9112 7.1) */
static bool
read_chunk_size(struct http *h, struct slice line)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t size = 0;
	size_t n = 0;

	for (; n < line.len && line.at[n] != ';' && line.at[n] != ' '; n++) {
		const char *digit = line.at[n] != '\0'
		    ? strchr(digits, char_lower(line.at[n]))
		    : NULL;

		if (digit == NULL || n == 8)
			return fail(h, "the size of a chunk is malformed");
		size = 16 * size + (uint64_t)(digit - digits);
	}
	if (n == 0)
		return fail(h, "the size of a chunk is malformed");
	if (size > h->limit - h->body.len)
		return fail(h, "the answer is too long");
	h->left = size;
	h->step = size > 0 ? HTTP_CHUNK : HTTP_TRAILER;
	return true;
}

static bool
read_chunk_end(struct http *h, struct slice line)
{
	h->step = HTTP_CHUNK_SIZE;
	return line.len == 0 || fail(h, "a chunk is longer than its size");
}

/* False where nothing more is to be read. */
static bool
read_line(struct http *h, struct slice line)
{
	switch (h->step) {
	case HTTP_STATUS:
		return read_status(h, line);
	case HTTP_FIELDS:
		return line.len > 0 ? read_field(h, line) : end_head(h);
	case HTTP_CHUNK_SIZE:
		return read_chunk_size(h, line);
	case HTTP_CHUNK_END:
		return read_chunk_end(h, line);
	case HTTP_TRAILER:
		return line.len > 0 || whole(h);
	case HTTP_BODY:
	case HTTP_CHUNK:
		break;
	}
	return false;
}

/* The bytes of a line that are here; a whole one is read.  Gives how many were
 * taken. */
static size_t
take_line(struct http *h, const char *bytes, size_t n)
{
	const char *end = memchr(bytes, '\n', n);
	size_t taken = end != NULL ? (size_t)(end - bytes) + 1 : n;

	h->head += taken;
	if (h->head > HTTP_HEAD_MAX) {
		(void)fail(h, "the answer's head is too long");
		return n;
	}
	buf_add(&h->line, bytes, taken);
	if (end == NULL)
		return taken;
	if (h->line.len < 2 || h->line.text[h->line.len - 2] != '\r' ||
	    memchr(h->line.text, '\0', h->line.len) != NULL) {
		(void)fail(h, "a line of the answer is malformed");
		return n;
	}
	bool more = read_line(h,
	    (struct slice){ h->line.text, h->line.len - 2 });
	buf_reset(&h->line);
	return more ? taken : n;
}

static size_t
take_body(struct http *h, const char *bytes, size_t n)
{
	size_t taken = h->left < n ? (size_t)h->left : n;

	buf_add(&h->body, bytes, taken);
	h->left -= taken;
	if (h->left > 0)
		return taken;
	if (h->step == HTTP_BODY)
		(void)whole(h);
	else
		h->step = HTTP_CHUNK_END;
	return taken;
}

void
http_input(struct http *h, const char *bytes, size_t n)
{
	while (n > 0 && h->state == HTTP_BUSY) {
		bool in_body = h->step == HTTP_BODY || h->step == HTTP_CHUNK;
		size_t taken = in_body ? take_body(h, bytes, n)
				       : take_line(h, bytes, n);

		bytes += taken;
		n -= taken;
	}
}

void
http_lost(struct http *h)
{
	if (h->state == HTTP_BUSY)
		(void)fail(h, "the connection ended before the answer");
}

void
http_free(struct http *h)
{
	buf_free(&h->port.out);
	buf_free(&h->body);
	buf_free(&h->type);
	buf_free(&h->line);
	*h = (struct http){ 0 };
}
