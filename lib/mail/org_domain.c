/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "org_domain.h"

#include <libpsl.h>
#include <stdlib.h>

#include "log.h"

static psl_ctx_t *list;

void
org_domain_start(void)
{
	list = psl_latest(NULL);
	if (list == NULL)
		log_fatal("the public suffix list cannot be read: install the "
			  "package publicsuffix");
}

const char *
org_domain_source(void)
{
	return psl_dist_filename();
}

const char *
org_domain(const char *domain)
{
	const char *registered = psl_registrable_domain(list, domain);

	return registered != NULL ? registered : domain;
}
