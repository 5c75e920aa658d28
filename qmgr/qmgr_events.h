/*
 * qmgr_events - carries out what the scheduler says.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

/* Does what is due, a bounded number of things at once, and sets the timer for
 * the next. */
void events_run(void);
