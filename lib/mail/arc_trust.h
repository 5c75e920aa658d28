/*
 * arc_trust - what those who handled a message found, where we believe them
 * (RFC 8617 7.2.1).
 *
 * Only the newest sealers count, as long as we trust each: whoever comes behind
 * one whom we do not could have changed what the older ones saw.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arc.h"
#include "dmarc_record.h"
#include "table.h"

typedef enum found arc_trusted_fn(const char *domain);

/* Of a chain that passes and covers the whole body: found where one whom we
 * trust saw the From domain proved: as DMARC's pass, or as an SPF or DKIM
 * identity that is aligned with it in the way of its record; failed where it is
 * not known whom we trust, or whether such a chain passes. */
enum found arc_vouches(const struct arc *a, arc_trusted_fn *trusted,
    const char *from, const struct dmarc_record *record);
