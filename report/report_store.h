/*
 * report_store - what is to be reported, gathered for a period of time: facts
 * about a domain, counted.
 *
 * A fact is bytes that only its kind of report understands; the same fact again
 * is one more.  Facts are counted in memory and go to the disk together, in
 * report_store_flush(); a crash loses what came since.  With the first fact of
 * a (period, kind, domain) a report is due, some time after the period's end;
 * who takes it puts it off at the same time, so that it comes again where it
 * was not sent.
 *
 * Bounded: so many domains in all, and so many different facts of a domain in a
 * period.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

#define REPORT_DOMAINS_MAX ((size_t)50000) /* reports that wait */
#define REPORT_FACTS_MAX   200u            /* of one */
#define REPORT_PENDING_MAX ((size_t)20000) /* facts before a flush */

enum report_kind {
	REPORT_TLS = 1,
	REPORT_DMARC,
	REPORT_KINDS,
};

/* One report that is due. */
struct report_due {
	enum report_kind kind;
	int64_t begin, end; /* the period, wall clock */
	const char *domain;
	uint32_t attempts; /* those before this one */
	const char *done;  /* where it has gone already, parted by blanks */
	uint32_t facts;
	int64_t when; /* it is due; the key of its place */
};

/* Before the rights are given up.  False: what is gathered is lost at the end;
 * why is static. */
bool report_store_open(const char *path, const char **why);
void report_store_close(void);

/* Counts a fact of the period that `now` is in.  `coarse` is what is counted
 * instead where the domain has too many different ones already. */
void report_store_count(enum report_kind kind, const char *domain, int64_t now,
    struct slice fact, struct slice coarse);

/* Facts that wait in memory. */
size_t report_store_pending(void);
bool report_store_flush(const char **why);

/* The report that is due first, if it is due now, put off until `next`; strings
 * are in room.  Its `when` is the new one. */
enum found report_store_take(int64_t now, int64_t next, struct buf *room,
    struct report_due *out);

/* Calls fn with each fact and its count. */
void report_store_each(const struct report_due *due,
    void (*fn)(void *owner, struct slice fact, uint64_t count), void *owner);

/* It has gone there too. */
void report_store_done(const struct report_due *due, const char *where,
    struct buf *room, struct report_due *out);

/* All is sent, or nobody wants it: forgotten with its facts. */
void report_store_forget(const struct report_due *due);

/* Reports that wait. */
size_t report_store_waiting(void);

/* When a report is sent: some time after the period's end, a sixth of it and
 * four hours at most, the same each time for a domain. */
int64_t report_store_due_at(enum report_kind kind, const char *domain,
    int64_t end);
