/*
 * list - a doubly linked ring of links that stand inside the objects.
 *
 *	struct thing { int n; struct list link; };
 *	struct list things;
 *
 *	list_init(&things);
 *	list_append(&things, &t->link);
 *	LIST_EACH(struct thing, t, &things, link)
 *		use(t);
 *
 * A zeroed link is in no list, and a zeroed head is an empty list: the first
 * append makes it a ring.  LIST_EACH allows the current object to be dropped.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

struct list {
	struct list *next;
	struct list *prev;
};

void list_init(struct list *head);
bool list_empty(const struct list *head);

/* True while the link is in a list. */
bool list_linked(const struct list *link);

void list_append(struct list *head, struct list *link);
void list_prepend(struct list *head, struct list *link);

/* Puts the link in front of another one. */
void list_insert(struct list *before, struct list *link);

/* Takes the link out of whatever list it is in; none is well too. */
void list_drop(struct list *link);

/* The first link after taking it out, or NULL. */
struct list *list_take(struct list *head);

#define LIST_EACH(type, it, head, member)                                \
	for (struct list *it##_l = (head)->next ? (head)->next : (head), \
			 *it##_n = it##_l->next;                         \
	     it##_l != (head) && it##_l != NULL;                         \
	     it##_l = it##_n, it##_n = it##_l->next)                     \
		for (type *it = container_of(it##_l, type, member);      \
		     it != NULL; it = NULL)
