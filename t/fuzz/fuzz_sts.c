/*
 * Fuzz: records and policies of MTA-STS, records of TLSRPT.  What is accepted
 * keeps its bounds.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "sts_policy.h"
#include "tlsrpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
check_policy(struct slice text)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct sts_policy p = { 0 };
	const char *why = NULL;

	if (!sts_policy_parse(&a, text, &p, &why)) {
		if (why == NULL || p.mx != NULL)
			log_panic("a failure");
		return;
	}
	if (p.max_age < 0 || p.max_age > STS_MAX_AGE_TOP ||
	    p.n_mx > STS_MX_MAX || (p.n_mx == 0 && p.mode != STS_NONE))
		log_panic("bounds");
	(void)sts_mx_matches(p.mx, "mx.example.org");
}

static void
check_reports(struct slice record)
{
	CLEAN_BUF struct buf uris = { 0 };
	CLEAN_BUF struct buf address = { 0 };
	const char *why;

	if (tlsrpt_parse(record, &uris, &why)) {
		struct slice rest = { buf_str(&uris), uris.len }, uri;

		while (slice_next_part(&rest, ' ', &uri))
			if (tlsrpt_mailto(uri, &address) &&
			    strchr(buf_str(&address), '@') == NULL)
				log_panic("an address");
	} else if (uris.len > 0) {
		log_panic("a failure");
	}
	(void)tlsrpt_mailto(record, &address);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct slice text = { (const char *)bytes, n };
	char id[STS_ID_MAX + 1];
	const char *why;

	if (sts_txt_parse(text, id, &why) &&
	    (strlen(id) == 0 || strlen(id) > STS_ID_MAX))
		log_panic("an id");
	check_policy(text);
	check_reports(text);
	return 0;
}
