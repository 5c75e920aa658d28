/*
 * spf_second - libspf2's opinion of a case, for comparison in tests.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "spf_world.h"

/* Was it built with libspf2? */
bool spf_second_is_there(void);

/* True where it says the same; prints a line where not. */
bool spf_second_agrees(const struct spf_world *w, const struct spf_case *c,
    const struct spf_verdict *v);
