/*
 * smtp_content - a message's content as it goes over the wire after 354.
 *
 * The prepended header fields and then the content, dot-stuffed (RFC 5321
 * 4.5.2), with ".CRLF" behind.  Content without a line that needs a dot goes
 * out as it lies in the file (port.file).  Lines longer than
 * smtp_line_length_limit are broken by CRLF and a blank, as Postfix does.
 * Content with bytes above 127 is converted where the server wants 7 bits
 * (smtp_mime.h).
 *
 * Output comes in pieces, so that a big message takes no memory and the time
 * limit counts from the last piece.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "pump.h"
#include "smtp_mime.h"
#include "str.h"

#define CONTENT_PIECE      ((size_t)65536)
#define CONTENT_FILE_PIECE ((uint64_t)1 << 20)

/* Where a message lies; borrowed. */
struct smtp_source {
	int fd;
	uint64_t data_at, data_len; /* canonical lines */
	const char *data;           /* the same, where it is in memory already;
				       NULL: in the file alone */
	struct slice head;          /* to stand in front */
	uint32_t flags;             /* enum mail_flag */
	uint64_t max_line;
};

/* Adds the dots, the line breaks for lines over `limit` (0: none), and counts
 * where it is.  All zero stands at the start of a line. */
struct smtp_dots {
	size_t column;
	size_t limit;
};

void smtp_dots_put(struct smtp_dots *d, const char *bytes, size_t n,
    struct buf *out);

struct smtp_content {
	struct smtp_source from;
	uint64_t at, left;
	struct smtp_dots dots;
	struct smtp_mime mime;
	bool convert;
	bool in_line; /* conversion: the last piece did not end its line */
	bool over;    /* the end of data is in the port */
};

/* Whether the source can be converted to 7 bits: reads it all.  False with why;
 * an error of the file is OUTCOME_DEFER, else OUTCOME_BOUNCE. */
MUST_CHECK bool smtp_content_can_convert(struct smtp_content *c,
    const struct smtp_source *from, const char **why, bool *broken_file);

/* Begins; after smtp_content_can_convert() gave true, with conversion. */
void smtp_content_start(struct smtp_content *c, const struct smtp_source *from);

/* Puts the next piece in the port; c->over after the last.  False where the
 * file cannot be read: the connection must end, or a torn message would be
 * taken for a whole one. */
MUST_CHECK bool smtp_content_next(struct smtp_content *c, struct port *port);

void smtp_content_free(struct smtp_content *c);
