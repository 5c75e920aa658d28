/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "queueid.h"

#include <string.h>

#include "clock.h"

/* In the order of ASCII, so that ids sort by time; no vowels, so that none is a
 * word. */
static const char alphabet[] =
    "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";

#define BASE       ((uint64_t)sizeof(alphabet) - 1)
#define SECONDS    6 /* digits: until the year 2596 */
#define MICROS     4 /* digits: 52^4 is more than a million */
#define SLOT       3
#define PER_SECOND ((int64_t)1000000)

_Static_assert(SECONDS + MICROS + SLOT == QUEUEID_LEN, "digits of an id");

static void
put_digits(char *to, size_t n, uint64_t value)
{
	while (n-- > 0) {
		to[n] = alphabet[value % BASE];
		value /= BASE;
	}
}

static uint64_t
get_digits(const char *from, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		const char *digit = strchr(alphabet, from[i]);

		value = value * BASE + (uint64_t)(digit - alphabet);
	}
	return value;
}

struct queueid
queueid_new(uint32_t slot)
{
	static int64_t last;
	int64_t now = clock_wall_us();
	struct queueid id = { 0 };

	now = MAX(now, last + 1);
	last = now;
	put_digits(id.text, SECONDS, (uint64_t)(now / PER_SECOND));
	put_digits(id.text + SECONDS, MICROS, (uint64_t)(now % PER_SECOND));
	put_digits(id.text + SECONDS + MICROS, SLOT, slot);
	return id;
}

bool
queueid_valid(const char *text)
{
	return strnlen(text, QUEUEID_LEN + 1) == QUEUEID_LEN &&
	    strspn(text, alphabet) == QUEUEID_LEN;
}

int64_t
queueid_time(const char *text)
{
	if (!queueid_valid(text))
		return 0;
	return (int64_t)get_digits(text, SECONDS) * SECOND +
	    (int64_t)get_digits(text + SECONDS, MICROS) / 1000;
}
