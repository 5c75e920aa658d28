/*
 * report_tls - TLSRPT (RFC 8460): results of TLS with the hosts of a domain, as
 * facts, and the report that is made of them.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "report_store.h"

/* The rule's handler: tls_result, of smtp. */
bool report_tls_result(struct chan *c, const void *body, size_t len, int fd);

/* The report, as JSON (RFC 8460 4.4), of what the store has. */
void report_tls_write(struct buf *out, const struct report_due *due,
    const char *id);
