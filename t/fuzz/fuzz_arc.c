/*
 * Fuzz: a header with ARC sets, judged with a DNS that has one key for all; and
 * the results of its fields.  Whatever it is, it ends, and passes only with
 * whole sets.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "arc.h"
#include "authres.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
tell_keys(struct arc *a)
{
	static const char key[] = "v=DKIM1; k=ed25519; "
				  "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHU"
				  "Ro=";
	struct dns_record record = { .data = SLICE(key) };
	struct dns_answer answer = { .records = &record, .n = 1 };

	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i <= ARC_SETS_MAX; i++)
			if (arc_need(a, i) != NULL)
				arc_key(a, i, &answer);
	if (a->open > 0)
		__builtin_trap();
}

static void
read_results(struct slice text)
{
	CLEAN_ARENA struct arena arena = { 0 };
	struct authres_reader r = { .rest = text };
	struct authres_word word;

	if (!authres_enter(&r))
		return;
	while (authres_next(&r, &arena, &word))
		if (strlen(word.name) + strlen(word.value) > text.len)
			__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_STR char *text = xcalloc(1, size + 1);
	CLEAN_BUF struct buf out = { 0 };
	struct arc a;

	/* Behind the slice stands no NUL, so reading on is seen. */
	if (size > 0)
		memcpy(text, data, size);
	arc_start(&a, (struct slice){ text, size }, 1700000000000);
	tell_keys(&a);
	arc_body(&a, text, size);
	arc_end(&a, false);
	if (a.status == ARC_PASS && (a.n == 0 || a.n > ARC_SETS_MAX))
		__builtin_trap();
	arc_put(&a, "192.0.2.1", &out);
	arc_free(&a);
	read_results((struct slice){ text, size });
	return 0;
}
