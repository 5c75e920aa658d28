/*
 * qmgr_heap - what is due first.
 *
 * A binary heap of nodes that stand inside their owners, smallest key on top.
 * All zero is an empty heap, and a zeroed node is in none.  A node is in at
 * most one heap at a time.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

struct heap_node {
	int64_t key;
	uint32_t place; /* in the heap, counted from 1; 0: in none */
};

struct heap {
	struct heap_node **at;
	uint32_t n;
	uint32_t room;
};

/* Puts the node in, or gives it another key where it already is in. */
void heap_put(struct heap *h, struct heap_node *node, int64_t key);

/* Takes the node out; one that is in no heap is well too. */
void heap_drop(struct heap *h, struct heap_node *node);

/* The node with the smallest key, or NULL. */
struct heap_node *heap_top(const struct heap *h);

void heap_free(struct heap *h);
