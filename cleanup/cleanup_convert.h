/*
 * cleanup_convert - a message made fit for hosts that take only 7 bits, before
 * it is signed (RFC 6376 5.3): whoever converted it later would break the
 * signature.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "cleanup_mail.h"

/* Replaces the content.  What cannot be converted stays as it is; a file that
 * cannot be read or written loses the message. */
void cleanup_convert(struct cleanup_mail *m);
