/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_peer.h"

#include "qmgr.h"
#include "qmgr_agent.h"
#include "qmgr_notice.h"
#include "qmgr_scan.h"
#include "qmgr_wake.h"
#include "rights.h"

#define AGENTS (1u << ROLE_SMTP | 1u << ROLE_LOCAL)

void
peer_come(struct chan *c)
{
	if ((1u << c->role & AGENTS) != 0)
		agent_come(c);
	else if (c->role == ROLE_SMTPD)
		wake_peer(c);
}

void
peer_gone(struct chan *c)
{
	if ((1u << c->role & AGENTS) != 0)
		agent_gone(c);
	else if (c->role == ROLE_BOUNCE)
		notice_lost(c);
	else if (c->role == ROLE_CLEANUP && qmgr.at_work && !qmgr.draining)
		scan_new();
}
