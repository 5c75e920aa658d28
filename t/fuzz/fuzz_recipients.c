/*
 * Fuzz: lists of recipients, and entries of callout's cache.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "callout_entry.h"
#include "recipients.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_entry(const uint8_t *data, size_t size)
{
	CLEAN_BUF struct buf again = { 0 };
	struct callout_entry e, back;

	if (!callout_entry_parse(data, size, &e))
		return;
	callout_entry_put(&again, &e);
	if (!callout_entry_parse(again.text, again.len, &back) ||
	    back.when != e.when || back.verdict != e.verdict ||
	    strlen(back.text) > ENTRY_TEXT_MAX + 3)
		__builtin_trap();
}

/* What was read and is written is read again as the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_BUF struct buf once = { 0 };
	CLEAN_BUF struct buf twice = { 0 };
	struct slice text = { (const char *)data, size };
	CLEAN_RECIPIENTS struct recipients r = { 0 };
	CLEAN_RECIPIENTS struct recipients back = { 0 };
	const char *why = NULL;
	size_t line;

	read_entry(data, size);
	if (!recipients_parse(&r, text, &line, &why)) {
		if (why == NULL)
			__builtin_trap();
		return 0;
	}
	recipients_put(&once, &r);
	if (!recipients_parse(&back, (struct slice){ buf_str(&once), once.len },
		&line, &why))
		__builtin_trap();
	recipients_put(&twice, &back);
	if (once.len != twice.len ||
	    memcmp(once.text, twice.text, once.len) != 0)
		__builtin_trap();
	return 0;
}
