/*
 * Fuzz: the sources of alias and of other tables.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };

	for (int form = SOURCE_TABLE; form <= SOURCE_ALIASES; form++) {
		CLEAN_SOURCE struct source s = { 0 };
		CLEAN_BUF struct buf messages = { 0 };
		bool ok = source_parse(&s, (enum source_form)form, "text", text,
		    &messages);

		if (!ok && messages.len == 0)
			__builtin_trap();
		for (size_t i = 0; i < s.n; i++)
			if (map_gets(&s.keys, s.at[i]->key) != s.at[i] ||
			    s.at[i]->value[0] == '\0')
				__builtin_trap();
	}
	return 0;
}
