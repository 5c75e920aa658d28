/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "forward.h"

#include <string.h>

#include "msg_words.h"
#include "param.h"
#include "str.h"

static const char *
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

bool
forward_is(uint8_t kind, const char *address, const char *orig, const char *via)
{
	const char *domain = domain_of(orig);

	if (kind != RCPT_ADDRESS)
		return false;
	if (via[0] != '\0')
		return true;
	/* A name without a dot was completed. */
	return strchr(domain, '.') != NULL &&
	    !str_eq_nocase(domain, domain_of(address));
}

bool
forward_is_changed(void)
{
	return params.srs_domain[0] != '\0' ||
	    (params.arc_seal && params.dkim_signing_table[0] != '\0');
}
