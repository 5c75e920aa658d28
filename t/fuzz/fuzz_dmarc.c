/*
 * Fuzz: a DMARC record with its places of reports, and a From field, from one
 * input; what comes out is a domain name, or an address.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "dmarc_from.h"
#include "dmarc_record.h"
#include "dns_answer.h"
#include "org_domain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_record(struct arena *a, struct slice text)
{
	struct dmarc_record r;
	struct dmarc_uri uri;
	const char *why;

	if (!dmarc_record_parse(text, &r, &why))
		return;
	if (r.pct > 100)
		__builtin_trap();
	while (r.rua.at != NULL && dmarc_uri_next(a, &r.rua, &uri))
		if (strchr(uri.address, '@') == NULL)
			__builtin_trap();
}

static void
read_from(struct arena *a, struct slice text)
{
	struct dmarc_from from;
	const char *why;

	const char *first = dmarc_from_first(a, text);
	if (first != NULL && !dns_name_valid(first))
		__builtin_trap();
	if (!dmarc_from_value(a, text, &from, &why) &&
	    !dmarc_from_read(a, text, &from, &why))
		return;
	for (size_t i = 0; i < from.n; i++)
		if (!dns_name_valid(from.domains[i]) ||
		    !dns_name_valid(org_domain(from.domains[i])))
			__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_STR char *text = xcalloc(1, size + 1);
	static bool started;

	if (!started)
		org_domain_start();
	started = true;
	/* Behind the slice stands no NUL, so reading on is seen. */
	if (size > 0)
		memcpy(text, data, size);
	read_record(&a, (struct slice){ text, size });
	read_from(&a, (struct slice){ text, size });
	return 0;
}
