/*
 * Fuzz: an SPF record and the macros of an explanation, evaluated with a DNS
 * that says the same to every question.  Whatever it is, it ends after few
 * questions.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "spf.h"
#include "spf_macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
tell(struct spf *e, const struct spf_need *need, struct slice text)
{
	struct dns_record record = {
		.data = text,
		.name = "host.example",
		.address = need->type == DNS_AAAA ? "2001:db8::1" : "192.0.2.1",
	};
	struct dns_answer answer = { .records = &record, .n = 1, .text = "" };

	spf_tell(e, need, &answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_STR char *text = xcalloc(1, size + 1);
	bool v6 = size % 2 == 0;
	struct spf_question q = {
		.client = v6 ? "2001:db8::2" : "192.0.2.2",
		.helo = "helo.example",
		.sender = "some.body-else+tag@sender.example",
		.receiver = "receiver.example",
		.trace = true,
	};
	struct spf e = { 0 };
	size_t asked = 0;

	/* Behind the slice stands no NUL, so reading on is seen. */
	if (size > 0)
		memcpy(text, data, size);
	spf_start(&e, &q, 1);
	while (!spf_run(&e, 1))
		for (size_t i = 0; i < e.n_needs; i++)
			if (asked++ > 150)
				__builtin_trap();
			else
				tell(&e, &e.needs[i],
				    (struct slice){ text, size });
	if (strlen(e.verdict.explanation) > SPF_EXPANSION_MAX)
		__builtin_trap();
	spf_free(&e);
	return 0;
}
