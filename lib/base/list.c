/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "list.h"

#include <assert.h>

void
list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

bool
list_empty(const struct list *head)
{
	return head->next == NULL || head->next == head;
}

bool
list_linked(const struct list *link)
{
	return link->next != NULL;
}

void
list_insert(struct list *before, struct list *link)
{
	assert(!list_linked(link));
	if (before->next == NULL)
		list_init(before);
	link->next = before;
	link->prev = before->prev;
	before->prev->next = link;
	before->prev = link;
}

void
list_append(struct list *head, struct list *link)
{
	list_insert(head, link);
}

void
list_prepend(struct list *head, struct list *link)
{
	if (head->next == NULL)
		list_init(head);
	list_insert(head->next, link);
}

void
list_drop(struct list *link)
{
	if (!list_linked(link))
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	*link = (struct list){ 0 };
}

struct list *
list_take(struct list *head)
{
	if (list_empty(head))
		return NULL;

	struct list *first = head->next;
	list_drop(first);
	return first;
}
