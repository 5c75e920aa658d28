/*
 * qmgr_scan - what the disk holds at the start, read at a bounded pace.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr.h"

/* The folders are there and ours; ends in log_fatal else. */
void scan_check_folders(void);

/* Begins: new/, cur/, hold/, then tmp/, which is looked at again every hour. */
void scan_start(void);

/* Ends: the queue is a successor's. */
void scan_stop(void);

/* A file could not be read now: look again in a while. */
void scan_again(void);

/* Somebody who commits messages is gone, perhaps before he told of the last:
 * look into new/. */
void scan_new(void);

/* The scan may have found this id before cleanup told of it. */
bool scan_may_have(const char *id);

/* "" when it is over, else how far it is, for the status. */
const char *scan_stage(void);
