/*
 * header - the header of a message: finding its end in content that arrives
 * cut anywhere, and walking over its fields.
 *
 *	struct header h = { 0 };
 *	while (h.end == HEADER_MORE && more)
 *		taken = header_feed(&h, bytes, n);    the rest is body
 *	header_finish(&h);
 *
 *	struct slice rest = header_text(&h);
 *	struct header_field f;
 *	while (header_next(&rest, &f))
 *		if (header_is(&f, "Date"))
 *			...
 *	header_free(&h);
 *
 * Lines end in CRLF or LF.  All bits zero is a header of which nothing has
 * come.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

#define HEADER_MAX ((size_t)262144)

enum header_end {
	HEADER_MORE,      /* it goes on */
	HEADER_BLANK,     /* an empty line, which was taken */
	HEADER_NO_FIELD,  /* a line of the body: neither field nor empty */
	HEADER_TOO_LONG,  /* HEADER_MAX bytes and no end */
	HEADER_EXHAUSTED, /* header_finish() was called */
};

struct header {
	struct buf text; /* the fields, and behind them what belongs to the
			    body although it was taken (HEADER_NO_FIELD) */
	size_t len;      /* of the fields, in whole lines */
	enum header_end end;
};

#define CLEAN_HEADER CLEANUP(header_free)

struct header_field {
	struct slice name;  /* as written */
	struct slice value; /* behind the colon, folds and all, without the last
			       line end */
	struct slice text;  /* the whole field with its line end */
};

/* Takes bytes up to the end of the header; gives how many it took. */
size_t header_feed(struct header *h, const char *bytes, size_t n);

/* The content is over: a last line without its end counts. */
void header_finish(struct header *h);

void header_free(struct header *h);

/* The fields that have come whole. */
struct slice header_text(const struct header *h);

/* What was taken and belongs to the body. */
struct slice header_body_start(const struct header *h);

/* The next field, which is taken off `rest`; false at the end. */
bool header_next(struct slice *rest, struct header_field *f);

/* Compares names without case. */
bool header_is(const struct header_field *f, const char *name);

/* Appends the value on one line: line ends are left out, blanks at both ends
 * too. */
void header_unfold(struct buf *out, struct slice value);
