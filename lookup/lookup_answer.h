/*
 * lookup_answer - what may be asked, and by whom.
 *
 * Who asks and does not read the answers is closed: they must not fill our
 * memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "rights.h"

#define ASKERS (1U << ROLE_SMTPD | 1U << ROLE_LOCAL | 1U << ROLE_CLEANUP)

#define ANSWER_RULES 1
extern const struct chan_rule answer_rules[ANSWER_RULES];
