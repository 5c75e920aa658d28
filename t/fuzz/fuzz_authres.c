/*
 * Fuzz: an Authentication-Results field of anybody.  What can be read as an id
 * claims that id, what cannot claims ours, and no word of it ends a result
 * where it is put into a field of ours.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "authres.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_words(struct slice text)
{
	CLEAN_ARENA struct arena arena = { 0 };
	struct authres_reader r = { .rest = text };
	struct authres_word word;

	if (!authres_enter(&r))
		return;
	while (authres_next(&r, &arena, &word)) {
		CLEAN_BUF struct buf out = { 0 };

		if (strlen(word.name) + strlen(word.value) > text.len)
			__builtin_trap();
		authres_put(&out, "spf", "pass", "smtp.helo", word.value);
		if (strpbrk(buf_str(&out) + 2, ";\r\n\"()") != NULL)
			__builtin_trap();
	}
}

static void
check_claim(struct slice text)
{
	CLEAN_BUF struct buf id = { 0 };

	if (!authres_id(text, &id)) {
		if (!authres_claims(text, "mx.example"))
			__builtin_trap();
		return;
	}
	struct slice own = slice_trim((struct slice){ buf_str(&id), id.len });
	while (own.len > 0 && own.at[own.len - 1] == '.')
		own.len--;
	CLEAN_STR char *name = xcalloc(1, own.len + 1);
	memcpy(name, own.at, own.len);
	if (strlen(name) == own.len && !authres_claims(text, name))
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_STR char *text = xcalloc(1, size + 1);

	if (size > 0)
		memcpy(text, data, size);
	check_claim((struct slice){ text, size });
	read_words((struct slice){ text, size });
	return 0;
}
