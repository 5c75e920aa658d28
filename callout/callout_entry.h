/*
 * callout_entry - one answer about a recipient, as it lies in the cache, and
 * how long it holds.
 *
 * An entry of another version, or a damaged one, is none.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "msg.h"

#define ENTRY_TEXT_MAX ((size_t)512)

struct callout_entry {
	enum vetted verdict; /* VETTED_GOOD or VETTED_BAD */
	int64_t when;        /* wall clock */
	uint16_t code;
	const char *status;
	const char *text;
};

void callout_entry_put(struct buf *out, const struct callout_entry *e);

/* Strings point into the bytes. */
MUST_CHECK bool callout_entry_parse(const void *bytes, size_t len,
    struct callout_entry *out);

/* What an entry is worth at a time of the wall clock. */
enum callout_age {
	AGE_OVER,  /* nothing */
	AGE_STALE, /* holds, and is to be asked for again */
	AGE_FRESH,
};
enum callout_age callout_entry_age(const struct callout_entry *e, int64_t now);

/* The key of an address: its domain in lower case, as the local part is the
 * host's own affair (RFC 5321 2.4).  False where it is longer than any key. */
MUST_CHECK bool callout_entry_key(struct buf *out, const char *address);
