/*
 * seal_report - what the program report is told for DMARC's aggregate reports
 * (RFC 7489 7.2), and who wants them.
 *
 * A place outside of the domain's own must consent (7.1): its name says so in
 * the DNS, or nothing goes there.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "seal_verdict.h"

/* Of a message that was judged; nothing where dmarc_report is off, or its From
 * domain has no record that asks for reports. */
struct seal_report_facts {
	const struct seal_case *c;
	const struct seal_dmarc_verdict *verdict;
	enum dmarc_policy done;
	const char *reason;  /* of the schema, or "" */
	const char *comment; /* "" */
};
void seal_report_tell(const struct seal_report_facts *f);

/* report's question, answered with places such as "mailto:a@x.example!10240",
 * parted by blanks. */
chan_fn seal_report_rua;
void seal_report_peer_ended(const struct chan *c);
uint32_t seal_report_busy(void);
