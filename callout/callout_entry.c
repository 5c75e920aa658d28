/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "callout_entry.h"

#include <string.h>

#include "param.h"

#define ENTRY_VERSION 1
#define KEY_MAX       ((size_t)500) /* LMDB's 511, less what stands in front */

void
callout_entry_put(struct buf *out, const struct callout_entry *e)
{
	CLEAN_BUF struct buf text = { 0 };

	str_printable(&text, e->text, strlen(e->text), ENTRY_TEXT_MAX);
	struct rec_vet_entry r = {
		.version = ENTRY_VERSION,
		.verdict = (uint8_t)e->verdict,
		.when = e->when,
		.code = e->code,
		.status = e->status,
		.text = buf_str(&text),
	};
	rec_put_vet_entry(out, &r);
}

bool
callout_entry_parse(const void *bytes, size_t len, struct callout_entry *out)
{
	struct wire w = wire_open(bytes, len);
	struct rec_vet_entry r;

	if (!rec_get_vet_entry(&r, &w) || !wire_done(&w) ||
	    r.version != ENTRY_VERSION || r.when < 0 ||
	    (r.verdict != VETTED_GOOD && r.verdict != VETTED_BAD) ||
	    r.code < 200 || r.code > 599)
		return false;
	*out = (struct callout_entry){
		.verdict = (enum vetted)r.verdict,
		.when = r.when,
		.code = r.code,
		.status = r.status,
		.text = r.text,
	};
	return true;
}

/* One from the future was written before the clock was set back. */
enum callout_age
callout_entry_age(const struct callout_entry *e, int64_t now)
{
	bool good = e->verdict == VETTED_GOOD;
	int64_t expire = good ? params.address_verify_positive_expire_time
			      : params.address_verify_negative_expire_time;
	int64_t refresh = good ? params.address_verify_positive_refresh_time
			       : params.address_verify_negative_refresh_time;
	int64_t age = now - e->when;

	if (age >= expire || age < -expire)
		return AGE_OVER;
	return age >= refresh || age < 0 ? AGE_STALE : AGE_FRESH;
}

bool
callout_entry_key(struct buf *out, const char *address)
{
	size_t n = strlen(address);
	size_t from = out->len;

	if (n == 0 || n > KEY_MAX)
		return false;
	buf_adds(out, address);
	char *at = strrchr(out->text + from, '@');
	if (at != NULL)
		str_lower(at);
	return true;
}
