/*
 * cleanup_rcpt - addresses of the envelope: checked, completed, expanded, each
 * once.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "cleanup_mail.h"

/* An envelope address in internal form, checked and completed, in the arena; ""
 * for the null address.  False with why where it is none. */
MUST_CHECK bool cleanup_address(struct cleanup_mail *m, const char *given,
    const char **out, const char **why);

/* What canonical_maps and masquerading make of it.  A table that cannot say
 * loses the message for now. */
void cleanup_canonical(struct cleanup_mail *m, bool sender,
    const char **address);

/* Adds the recipients of always_bcc, sender_bcc_maps and recipient_bcc_maps. */
void cleanup_copies(struct cleanup_mail *m);

/* Expands virtual aliases, and leaves each address once, in the order in which
 * they came.  A table that cannot say loses the message for now. */
void cleanup_expand(struct cleanup_mail *m);
