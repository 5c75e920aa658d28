/*
 * qmgr_list - what mqueue is told of a message.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qline.h"
#include "qmgr.h"

/* Takes the fields of one q_line. */
typedef void list_fn(void *arg, enum qline_kind kind, const struct buf *fields);

/* Says a message and its recipients; false where its file cannot be read. */
bool list_mail(const struct sched_msg *m, bool hidden, list_fn *say, void *arg);
