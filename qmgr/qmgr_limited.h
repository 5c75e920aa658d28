/*
 * qmgr_limited - mail of users who send more than they may.
 *
 * Who sends thousands of messages has mostly lost his password.  smtpd marks
 * what goes beyond smtpd_user_message_rate_limit and
 * smtpd_user_recipient_rate_limit; it is kept in hold from the beginning, and
 * the postmaster is told once a day for each user, where notify_classes has
 * "resource".
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr.h"

/* Fresh mail that was marked. */
bool limited_is(const struct mail *mail);
void limited_hold(struct mail *mail);
