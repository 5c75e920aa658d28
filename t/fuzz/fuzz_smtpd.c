/*
 * Fuzz: a whole SMTP session.  The first byte says how the input is cut.
 *
 * Whatever the client sends: replies are well-formed lines, and no more
 * messages are taken in than the input has ends (CR LF dot CR LF).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "smtpd_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_replies(const struct buf *said)
{
	const char *at = buf_str(said);

	while (*at != '\0') {
		const char *end = strstr(at, "\r\n");

		if (end == NULL || end - at < 4 || at[0] < '2' || at[0] > '5' ||
		    (at[3] != ' ' && at[3] != '-'))
			log_panic("not a reply: %s", at);
		at = end + 2;
	}
}

static size_t
count_ends(const char *bytes, size_t n)
{
	size_t ends = 0;

	for (size_t i = 0; i + 2 < n; i++)
		if (memcmp(bytes + i, ".\r\n", 3) == 0 &&
		    (i == 0 || bytes[i - 1] == '\n'))
			ends++;
	return ends;
}

/* Each message ends in a bar that its content may hold too, so the queue ids
 * are counted. */
static size_t
count_queued(const struct buf *said)
{
	size_t n = 0;

	for (const char *at = buf_str(said);
	     (at = strstr(at, "Ok: queued as")) != NULL; at++)
		n++;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { 0 };

	if (size == 0)
		return 0;
	world_params();
	world_open(&w);
	w.end_later = (data[0] & 1) != 0;
	world_send(&w, (const char *)data + 1, size - 1, data[0] / 2);
	world_wait(&w, 1000);
	check_replies(&w.said);
	if (count_queued(&w.said) >
	    count_ends((const char *)data + 1, size - 1))
		log_panic("more messages than ends");
	world_close(&w);
	return 0;
}
