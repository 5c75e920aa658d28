/*
 * pickup_return - a message that cleanup will never take goes back to who sent
 * it, in a notification by bounce.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "msg.h"
#include "pickup_folder.h"

/* Where it goes back to, complete; "" where the sender is the null one, and
 * nobody is to be told. */
const char *pickup_return_to(struct arena *a, const struct pickup_file *file);

/* What bounce is asked: `refusal` is cleanup's, of the message with this
 * id. */
void pickup_return_notice(struct buf *out, uint32_t stream, const char *id,
    const struct pickup_file *file, const struct msg_mail_done *refusal);
