/*
 * smtp_generic - our own addresses as other hosts are to see them: generic(5)
 * of Postfix.
 *
 * The envelope and the header change on the wire alone; the queue, the log and
 * look-ups by sender keep what is ours.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtp_request.h"

/* Opens smtp_generic_maps, before the rights are given up; fatal where that
 * cannot be. */
void smtp_generic_open(void);

/* Rewrites what the job will say, once its message is read and its sender is
 * known.  False where a table could not be asked, or the message not be
 * read. */
MUST_CHECK bool smtp_generic_show(struct job *j);

/* The same for a header: the fields in front of the content and the content's
 * own are put before it, and it begins behind them. */
MUST_CHECK bool smtp_generic_header(struct arena *a, struct smtp_source *from);
