/*
 * dmarc_report - an aggregate report as its readers want it (RFC 7489 7.2,
 * appendix C).
 *
 *	dmarc_report_begin(&xml, &report);
 *	dmarc_report_row(&xml, &row, count);       for each kind of message
 *	dmarc_report_end(&xml);
 *
 * What strangers wrote is printed so that it is well-formed XML in UTF-8.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "dmarc_record.h"
#include "msg.h"

struct dmarc_report {
	const char *org;      /* who reports, in words */
	const char *email;    /* whom to ask */
	const char *receiver; /* our domain, in names of files */
	const char *id;       /* letters, digits, dots, hyphens */
	const char *domain;   /* whose record was found */
	const struct dmarc_record *record;
	int64_t begin, end; /* seconds since 1970 */
};

void dmarc_report_begin(struct buf *xml, const struct dmarc_report *r);
void dmarc_report_row(struct buf *xml, const struct rec_dmarc_row *row,
    uint32_t count);
void dmarc_report_end(struct buf *xml);

/* Appends the name of its file, without what says how it is packed. */
void dmarc_report_file(struct buf *out, const struct dmarc_report *r);

/* Appends the subject that its mail has. */
void dmarc_report_subject(struct buf *out, const struct dmarc_report *r);

/* Appends the name at which a domain says that it wants reports about another
 * one (7.1). */
void dmarc_report_consent(struct buf *out, const char *about, const char *to);

/* Whether reports about a domain may go to an address without asking there:
 * they have one organisational domain. */
bool dmarc_report_is_own(const char *about, const char *to);
