/*
 * A record as a line: text as syslog writes it, or JSON (posthouse-log(5)).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "log.h"

/* Who speaks: "posthouse/smtpd" on which host. */
struct line_source {
	const char *host;
	const char *label;
};

/* "Nov 21 19:00:00 host posthouse/smtpd[123]: text" and a newline. */
void line_text(struct buf *out, const struct line_source *from,
    const struct log_record *r);

/* One JSON object and a newline. */
void line_json(struct buf *out, const struct line_source *from,
    const struct log_record *r);

/* "<22>Nov 21 19:00:00 posthouse/smtpd[123]: text" (RFC 3164), the text perhaps
 * the object of JSON, without a newline; facility is syslog's number, already
 * shifted. */
void line_syslog(struct buf *out, const struct line_source *from,
    const struct log_record *r, int facility, bool json);
