/*
 * Fuzz: paths and address lists.  What is accepted is written and read again,
 * and must be the same.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_same(struct arena *a, const struct addr *addr)
{
	CLEAN_BUF struct buf out = { 0 };
	struct addr again;
	const char *why;

	if (addr->local[0] == '\0' && addr->domain[0] == '\0')
		return;
	buf_addc(&out, '<');
	addr_put(&out, addr);
	buf_addc(&out, '>');
	const char *at = buf_str(&out);
	if (!addr_parse_path(a, &at, true, &again, &why) || *at != '\0' ||
	    strcmp(addr->local, again.local) != 0 ||
	    strcmp(addr->domain, again.domain) != 0)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *text = arena_memdup(&a, data, size);
	struct addr_list list = addr_parse_list(&a,
	    (struct slice){ text, size });
	struct addr addr;
	const char *why = NULL;

	for (size_t i = 0; i < list.n; i++) {
		if (list.ends[i] > size)
			__builtin_trap();
		check_same(&a, &list.at[i]);
	}
	for (int strict = 0; strict <= 1; strict++) {
		const char *at = text;

		if (addr_parse_path(&a, &at, strict == 1, &addr, &why))
			check_same(&a, &addr);
		else if (why == NULL || at != text)
			__builtin_trap();
	}
	return 0;
}
