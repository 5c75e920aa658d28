/*
 * report_dmarc - DMARC (RFC 7489): what became of mail in a domain's name, as
 * facts, and the aggregate report that is made of them.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "report_store.h"

/* The rule's handler: dmarc_seen, of seal. */
bool report_dmarc_seen(struct chan *c, const void *body, size_t len, int fd);

/* The report, as XML, of what the store has. */
void report_dmarc_write(struct buf *out, const struct report_due *due,
    const char *id);

/* A place that seal named: its address, and whether a report of that size may
 * go there. */
MUST_CHECK bool report_dmarc_place(struct slice uri, size_t size,
    struct buf *address);
