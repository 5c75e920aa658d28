/*
 * All is forgotten together, so nothing has a clock of its own.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_known.h"

#include <stdlib.h>

#include "loop.h"
#include "map.h"

#define KNOWN_MAX 10000

static struct map users; /* name to what lookup says */
static int64_t since;

static void
forget_old(void)
{
	if (users.len < KNOWN_MAX && loop_now() - since < KNOWN_TIME)
		return;
	MAP_EACH(&users, e)
		free(e->value);
	map_free(&users);
	since = loop_now();
}

const char *
known_user(const char *name)
{
	forget_old();
	return map_gets(&users, name);
}

void
known_user_is(const char *name, const char *value)
{
	forget_old();
	void **place = map_puts(&users, name);
	free(*place);
	*place = xstrdup(value);
}
