/*
 * The children of place p are 2p and 2p + 1; at[0] holds place 1.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_heap.h"

#include <assert.h>
#include <stdlib.h>

static struct heap_node *
at_place(const struct heap *h, uint32_t place)
{
	return h->at[place - 1];
}

static void
set_place(struct heap *h, uint32_t place, struct heap_node *node)
{
	h->at[place - 1] = node;
	node->place = place;
}

static void
rise(struct heap *h, struct heap_node *node)
{
	uint32_t p = node->place;

	while (p > 1 && at_place(h, p / 2)->key > node->key) {
		set_place(h, p, at_place(h, p / 2));
		p /= 2;
	}
	set_place(h, p, node);
}

static void
sink(struct heap *h, struct heap_node *node)
{
	uint32_t p = node->place;

	while (p <= h->n / 2) {
		uint32_t child = 2 * p;

		if (child < h->n &&
		    at_place(h, child + 1)->key < at_place(h, child)->key)
			child++;
		if (at_place(h, child)->key >= node->key)
			break;
		set_place(h, p, at_place(h, child));
		p = child;
	}
	set_place(h, p, node);
}

void
heap_put(struct heap *h, struct heap_node *node, int64_t key)
{
	node->key = key;
	if (node->place == 0) {
		if (h->n == h->room) {
			h->room = h->room == 0 ? 1 : 2 * h->room;
			h->at = xrealloc(h->at, h->room, sizeof(h->at[0]));
		}
		h->n++;
		set_place(h, h->n, node);
	}
	assert(node->place <= h->n && at_place(h, node->place) == node);
	rise(h, node);
	sink(h, node);
}

void
heap_drop(struct heap *h, struct heap_node *node)
{
	uint32_t place = node->place;

	if (place == 0)
		return;
	assert(place <= h->n && at_place(h, place) == node);
	struct heap_node *last = at_place(h, h->n);
	h->n--;
	node->place = 0;
	if (last == node)
		return;
	set_place(h, place, last);
	rise(h, last);
	sink(h, last);
}

struct heap_node *
heap_top(const struct heap *h)
{
	return h->n > 0 ? h->at[0] : NULL;
}

void
heap_free(struct heap *h)
{
	free(h->at);
	*h = (struct heap){ 0 };
}
