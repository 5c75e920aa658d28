/*
 * sts_entry - a domain's policy as it lies in the cache.
 *
 * An entry of another version, or a damaged one, is none.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "msg.h"
#include "sts_policy.h"

/* One that nobody has asked for in this time is not kept fresh any more. */
#define ENTRY_UNUSED_MAX (30 * (int64_t)86400000)

struct sts_entry {
	struct sts_policy policy;
	const char *id;  /* of the record under which it was fetched */
	int64_t fetched; /* wall clock */
	int64_t used;    /* the same: when it was asked for, by the day */
};

void sts_entry_put(struct buf *out, const struct sts_entry *e);

/* Strings point into the bytes. */
MUST_CHECK bool sts_entry_parse(const void *bytes, size_t len,
    struct sts_entry *out);

/* When its max_age is over; one from the future (the clock was set back)
 * counts from now. */
int64_t sts_entry_expires(const struct sts_entry *e, int64_t now);

/* It is to be fetched again although its id is the same: after a day (RFC 8461
 * 10.2), or half of its time. */
bool sts_entry_is_stale(const struct sts_entry *e, int64_t now);
