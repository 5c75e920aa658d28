/*
 * Fuzz: an answer of a name server.  The first byte says which type was asked
 * for, the rest is the packet; the question is always ex.org.
 *
 * Whatever is believed: names are names, addresses are addresses, and what is
 * believed once is believed again (the cache reads packets twice).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdlib.h>

#include "dns_answer.h"
#include "log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_PTR,
	DNS_TXT, DNS_TLSA, DNS_CNAME };

static void
check_record(enum dns_type type, const struct dns_record *r)
{
	bool named = type == DNS_MX || type == DNS_PTR || type == DNS_CNAME;

	if (named && r->name[0] == '\0' && type == DNS_MX)
		return;
	if (named && !dns_name_valid(r->name))
		log_panic("believed the name %s", r->name);
	if ((type == DNS_A || type == DNS_AAAA) && r->address == NULL)
		log_panic("no address");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct dns_reply reply, again;
	const char *why;

	if (n == 0)
		return 0;
	enum dns_type type = types[bytes[0] % ARRAY_LEN(types)];
	if (!dns_parse(&a, bytes + 1, n - 1, "ex.org", type, &reply, &why))
		return 0;
	for (size_t i = 0; i < reply.answer.n; i++)
		check_record(type, &reply.answer.records[i]);
	if (!dns_parse(&a, bytes + 1, n - 1, "EX.ORG", type, &again, &why) ||
	    again.answer.n != reply.answer.n)
		log_panic("believed once and not again");
	return 0;
}
