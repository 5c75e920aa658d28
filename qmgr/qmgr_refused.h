/*
 * qmgr_refused - mail that we accepted for others, and that they refuse.
 *
 * Its sender would be told that it failed, and whoever forged that sender would
 * have us tell somebody else.  So where the sender is null, or the message did
 * not pass SPF or DMARC, backup_refused_action decides.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr.h"

enum refused {
	REFUSED_BOUNCE, /* its sender is told, as of any other */
	REFUSED_HOLD,   /* it is kept for the administrator */
	REFUSED_DISCARD,
};

/* What is to be done about a recipient that was refused; why says the reason
 * where that is not REFUSED_BOUNCE. */
enum refused refused_action(const struct mail *mail, uint32_t index,
    const char **why);

/* The recipient was refused and waits for the administrator: it is tried no
 * more than others of its message need. */
bool refused_waits(const struct spool_rcpt *r);
