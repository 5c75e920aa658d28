/*
 * forward - mail that goes to another host for a recipient of ours.
 *
 * An alias, a .forward file or a virtual alias has sent it on.  Its sender did
 * not send it there, and his domain does not name this host: so it goes out
 * with a sender of ours (srs.h), and apart from mail of the same message that
 * is not forwarded.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <stdint.h>

#include "util.h"

/* Whether a recipient is one that mail is forwarded to: kind is enum rcpt_kind,
 * `orig` is whom it was for ("": him), and `via` the local address that sent it
 * on, "" where none did.  Another address of the same domain is no forwarding,
 * nor is the mailbox of a user of ours, wherever it is. */
bool forward_is(uint8_t kind, const char *address, const char *orig,
    const char *via);

/* True where what is forwarded is changed at all. */
bool forward_is_changed(void);
