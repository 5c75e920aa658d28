/*
 * qmgr_stood - when the resolver was away, for after a restart.
 *
 * Mail does not expire while names cannot be resolved.  The scheduler knows
 * that of its own life; the spans of a minute and more are kept in the file
 * cur/stood too, so that a message has the same time after a restart.  Where
 * the file is missing or damaged, mail has its time by its age alone.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr.h"

/* Reads the file. */
void stood_open(void);

/* To be called often: takes note of how it is now. */
void stood_note(void);

/* For how long a message that arrived then (wall clock) had no resolver. */
int64_t stood_since(int64_t arrived);
