/*
 * posthouse_export - the recipients of this host's own domains, listed.
 *
 * Those that can be listed: accounts, and the keys of tables that are not
 * patterns and can be read here.  Where one cannot, the domain's list is
 * partial, with a line on standard error.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "recipients.h"

/* Adds all own domains, or the one that is named: false where that is none of
 * ours. */
void export_own_domains(struct recipients *r);
bool export_domain(struct recipients *r, const char *domain);
