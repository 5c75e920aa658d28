/*
 * posthouse_dkim - what the DNS says of a key, asked where nobody keeps old
 * answers: at each name server of the zone.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

enum dkim_published {
	KEY_PUBLISHED,
	KEY_ABSENT,  /* a server has no such record */
	KEY_DIFFERS, /* a server has another key */
	KEY_UNKNOWN, /* a server did not answer, or none could be found */
};

/* Whether all servers that answer for `name` have the key of `record`; appends
 * a line for each of them. */
enum dkim_published dkim_published(const char *name, const char *record,
    struct buf *told);
