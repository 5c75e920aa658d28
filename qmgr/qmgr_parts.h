/*
 * qmgr_parts - which recipients go where.
 *
 * Routes are worked out anew each time a message is loaded, and the scheduler's
 * parts are mended where they differ.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr.h"

/* Gives every queued recipient that is not busy its part and its mark.
 * Recipients that no route will ever take have failed after. */
void parts_sort(struct mail *mail);

/* The same for recipients that were added, from this one on: ready at once. */
void parts_add(struct mail *mail, size_t first);

/* Marks so many of a part's recipients as ready and the rest as waiting: never
 * tried ones before others. */
void parts_mark(struct mail *mail, struct sched_part *p, uint32_t ready);

/* The recipient, whose part is known, is marked as ready. */
void parts_ready(struct mail *mail, uint32_t i);

/* Where a recipient of a message that is not loaded would go now; NULL where
 * that is not known, or nobody else goes there. */
struct dest *parts_find(struct mail *mail, uint32_t i);

/* The scheduler's transport of that name, made with the parameters' limits. */
struct transport *parts_transport(const char *name);

/* "error", "retry", "discard": answered by us. */
bool parts_is_own(const char *transport);
