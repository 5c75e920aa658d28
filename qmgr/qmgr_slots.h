/*
 * qmgr_slots - numbers for what is under way.
 *
 * A number stands for a pointer until it is dropped, and may then be given
 * again.  All zero is an empty table; 0 is never a number.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

struct slots {
	void **at;
	uint32_t *free; /* numbers to be given again */
	uint32_t n, room, n_free;
};

/* what must not be NULL. */
uint32_t slots_put(struct slots *s, void *what);

/* NULL where the number stands for nothing. */
void *slots_get(const struct slots *s, uint32_t number);

void slots_drop(struct slots *s, uint32_t number);
