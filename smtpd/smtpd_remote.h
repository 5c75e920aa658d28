/*
 * smtpd_remote - recipients of domains that this host only keeps mail for: are
 * they known where the mail goes?
 *
 * relay_recipient_maps decide where they are set, and then a list that was
 * imported for the domain (recipients.h).  Else, for the domains that
 * backup_verify_recipients and relay_verify_recipients mean, callout is asked:
 * a recipient that its host does not have is refused, and one that nothing is
 * known of is accepted or put off (backup_unverified_recipients).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_conn.h"

/* A recipient of class ROUTE_RELAY that route_rcpt_known() has let pass.
 * Perhaps answered later, by smtpd_conn_judged(). */
struct smtpd_verdict smtpd_remote_rcpt(struct smtpd_conn *c,
    const char *address);

/* reject_unverified_recipient: whatever the parameters say, the host that has
 * the recipient is asked, and where nothing is known it is put off. */
struct smtpd_verdict smtpd_remote_verify(struct smtpd_conn *c,
    const char *address);
