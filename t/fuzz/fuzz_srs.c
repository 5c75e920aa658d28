/*
 * Fuzz: an address on the way back, one on the way out, and a file of secrets.
 * What was written for a sender leads back to it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "srs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *text = arena_memdup(&a, data, size);
	const int64_t now = 20000 * DAY;
	struct srs s = {
		.domain = "srs.example",
		.secrets = { .at = { "first", "second" }, .n = 2 },
		.max_age = 21,
	};
	struct srs_secrets secrets;
	const char *made, *back, *why;

	if (srs_secrets_parse(&a, (struct slice){ (const char *)data, size },
		&secrets, &why))
		s.secrets = secrets;
	(void)srs_back(&a, &s, now, text, &back);
	if (!srs_forward(&a, &s, now, text, &made))
		return 0;
	/* A forwarder before us is known by what he wrote, and only where his
	 * domain is one is there a way back. */
	struct addr sender = addr_split(&a, text);
	enum srs_verdict v = srs_back(&a, &s, now, made, &back);
	if (srs_is(text) || !addr_domain_valid(slice_of(sender.domain)) ||
	    strchr(sender.domain, '=') != NULL)
		return 0;
	if (v != SRS_GOOD || !str_eq(back, text))
		abort();
	return 0;
}
