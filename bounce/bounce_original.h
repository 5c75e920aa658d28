/*
 * bounce_original - what goes back of a message that a notification is about.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "msg.h"

#define BOUNCE_LINE_MAX ((size_t)998) /* RFC 5322 2.1.1, without CRLF */

struct bounce_original {
	struct buf text; /* canonical lines, none too long */
	bool whole;      /* header and body, not the header alone */
	bool high;       /* it has bytes above 127 */
};

/* What is not canonical (a file of pickup's may hold anything) is left out.
 * Reads all of the message where it failed, is within bounce_size_limit, its
 * sender did not ask for the header alone and no line is too long; else the
 * header, its long lines broken.  What cannot be read is left out. */
void bounce_original_read(struct bounce_original *o, int fd,
    const struct msg_notice *about);

void bounce_original_free(struct bounce_original *o);
