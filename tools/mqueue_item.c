/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "mqueue.h"

#include <stdlib.h>
#include <string.h>

#include "str.h"

void
item_free(struct item *item)
{
	arena_free(&item->arena);
	free(item->rcpts);
	*item = (struct item){ 0 };
}

bool
item_begin(struct item *item, struct slice fields)
{
	arena_reset(&item->arena);
	item->n = 0;
	char *copy = arena_memdup(&item->arena, fields.at, fields.len);
	struct wire w = wire_open(copy, fields.len);
	return rec_get_q_mail(&item->mail, &w) && wire_done(&w);
}

bool
item_add(struct item *item, struct slice fields)
{
	char *copy = arena_memdup(&item->arena, fields.at, fields.len);
	struct wire w = wire_open(copy, fields.len);

	while (wire_more(&w)) {
		if (item->n == item->room) {
			item->room = MAX(2 * item->room, 16);
			item->rcpts = xrealloc(item->rcpts, item->room,
			    sizeof(item->rcpts[0]));
		}
		if (!rec_get_q_rcpt(&item->rcpts[item->n], &w))
			return false;
		item->n++;
	}
	return wire_done(&w);
}

void
ids_add(struct ids *ids, const char *id)
{
	if (!queueid_valid(id))
		return;
	if (ids->n == ids->room) {
		ids->room = MAX(2 * ids->room, 64);
		ids->at = xrealloc(ids->at, ids->room, sizeof(ids->at[0]));
	}
	memcpy(ids->at[ids->n++].text, id, QUEUEID_LEN + 1);
}

void
ids_free(struct ids *ids)
{
	free(ids->at);
	*ids = (struct ids){ 0 };
}
