/*
 * Fuzz: what an HTTPS server says.  The first byte says how the input is cut.
 * Whatever it says, the body stays within its limit and the engine comes to an
 * end; and however it is cut, the end is the same.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdint.h>
#include <string.h>

#include "http.h"
#include "https.h"
#include "log.h"

#define LIMIT ((size_t)1000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
talk(struct http *h, const char *bytes, size_t n, size_t step)
{
	http_get(h, "x.example", "/y", LIMIT);
	for (size_t at = 0; at < n; at += step)
		http_input(h, bytes + at, MIN(step, n - at));
	http_lost(h);
	if (h->state == HTTP_BUSY || !h->port.closing)
		log_panic("no end");
	if (h->body.len > LIMIT)
		log_panic("too long");
	if (h->state == HTTP_FAILED && h->why == NULL)
		log_panic("no reason");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct http whole = { 0 }, cut = { 0 };
	struct https_want want;

	if (n < 2)
		return 0;
	const char *text = (const char *)bytes + 1;
	talk(&whole, text, n - 1, n - 1);
	talk(&cut, text, n - 1, MAX((size_t)bytes[0], 1));
	if (whole.state != cut.state || whole.body.len != cut.body.len)
		log_panic("the cut counts");
	http_free(&whole);
	http_free(&cut);
	if (https_parse_url(&a, (struct slice){ text, n - 1 }, &want) &&
	    (want.path[0] != '/' || strpbrk(want.path, "\r\n ") != NULL ||
		want.host[0] == '\0'))
		log_panic("a URL");
	return 0;
}
