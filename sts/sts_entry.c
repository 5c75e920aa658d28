/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sts_entry.h"

#include <string.h>

#include "clock.h"

#define ENTRY_VERSION 1

void
sts_entry_put(struct buf *out, const struct sts_entry *e)
{
	struct rec_sts_entry r = {
		.version = ENTRY_VERSION,
		.id = e->id,
		.mode = (uint8_t)e->policy.mode,
		.max_age = (uint64_t)e->policy.max_age,
		.mx = e->policy.mx,
		.fetched = e->fetched,
		.used = e->used,
	};

	rec_put_sts_entry(out, &r);
}

bool
sts_entry_parse(const void *bytes, size_t len, struct sts_entry *out)
{
	struct wire w = wire_open(bytes, len);
	struct rec_sts_entry r;

	if (!rec_get_sts_entry(&r, &w) || !wire_done(&w) ||
	    r.version != ENTRY_VERSION || r.mode > STS_ENFORCE ||
	    r.max_age > (uint64_t)STS_MAX_AGE_TOP || r.fetched < 0 ||
	    strlen(r.id) > STS_ID_MAX)
		return false;
	*out = (struct sts_entry){
		.policy = {
			.mode = (enum sts_mode)r.mode,
			.max_age = (int64_t)r.max_age,
			.mx = r.mx,
		},
		.id = r.id,
		.fetched = r.fetched,
		.used = r.used,
	};
	return true;
}

int64_t
sts_entry_expires(const struct sts_entry *e, int64_t now)
{
	return MIN(e->fetched, now) + e->policy.max_age * SECOND;
}

bool
sts_entry_is_stale(const struct sts_entry *e, int64_t now)
{
	int64_t fresh = MIN(DAY, e->policy.max_age * SECOND / 2);

	return now - e->fetched >= fresh || e->fetched > now;
}
