/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "domain_ascii.h"

#include <idn2.h>
#include <string.h>

#include "dns_answer.h"

/* In bytes of UTF-8; more cannot become a name of 253. */
#define DOMAIN_TEXT_MAX 1024

static const char *
to_ascii(struct arena *a, const char *name)
{
	uint8_t *found = NULL;
	const char *out = NULL;

	if (idn2_lookup_u8((const uint8_t *)name, &found,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
		out = arena_strdup(a, (const char *)found);
	idn2_free(found);
	return out;
}

const char *
domain_ascii(struct arena *a, struct slice domain)
{
	if (domain.len > 0 && domain.at[domain.len - 1] == '.')
		domain.len--;
	if (domain.len == 0 || domain.len > DOMAIN_TEXT_MAX ||
	    memchr(domain.at, '\0', domain.len) != NULL)
		return NULL;

	char *name = arena_memdup(a, domain.at, domain.len);
	const char *out = name;
	if (str_is_ascii(domain.at, domain.len))
		str_lower(name);
	else
		out = to_ascii(a, name);
	return out != NULL && dns_name_valid(out) ? out : NULL;
}
