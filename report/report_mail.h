/*
 * report_mail - a report as a message (RFC 8460 5.3; RFC 6522 for its parts).
 *
 * Pure: the report in, canonical lines out, all of them short and ASCII.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "report_store.h"

/* What the kinds of reports have in common. */
struct report_form {
	const char *word;      /* "TLS", for the log */
	const char *type;      /* of the report's part, compressed */
	const char *name;      /* of report-type in the header, or NULL for a
				  plain multipart/mixed */
	const char *extension; /* of the file */
	const char *text;      /* for who reads it */
};

struct report_letter {
	const struct report_form *form;
	const struct report_due *due;
	const char *id;      /* of the report */
	const char *mail_id; /* of the message */
	const char *to;      /* internal form */
	int64_t now;
	struct slice packed; /* the report, compressed */
};

void report_mail_write(struct buf *out, const struct report_letter *l);

/* "our.name!domain!begin!end.json.gz" (RFC 8460 5.1). */
void report_mail_file(struct buf *out, const struct report_form *form,
    const struct report_due *due);
