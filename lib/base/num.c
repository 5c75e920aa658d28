/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "num.h"

#include <string.h>

#include "clock.h"
#include "str.h"

#define MODE_MAX 07777U

/* Suffixes and what they are worth. */
struct unit {
	const char *name;
	int64_t value;
};

static const struct unit times[] = {
	{ "ms", 1 },
	{ "s", SECOND },
	{ "m", MINUTE },
	{ "h", HOUR },
	{ "d", DAY },
	{ "w", 7 * DAY },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "k", (int64_t)1 << 10 },
	{ "m", (int64_t)1 << 20 },
	{ "g", (int64_t)1 << 30 },
};

static const struct unit *
find_unit(const struct unit *units, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_nocase(name, units[i].name))
			return &units[i];
	return NULL;
}

/* The digits at the start of the text; the rest goes to *rest. */
static bool
parse_digits(struct slice text, int64_t *out, struct slice *rest)
{
	int64_t value = 0;
	size_t i = 0;

	for (; i < text.len && char_is_digit(text.at[i]); i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text.at[i] - '0', &value))
			return false;
	if (i == 0)
		return false;
	*out = value;
	*rest = (struct slice){ text.at + i, text.len - i };
	return true;
}

bool
num_parse_len(const char *text, size_t len, int64_t min, int64_t max,
    int64_t *out)
{
	bool minus = len > 0 && text[0] == '-';
	struct slice s = { text + minus, len - minus };
	struct slice rest;
	int64_t value;

	if (!parse_digits(s, &value, &rest) || rest.len > 0)
		return false;
	if (minus)
		value = -value;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

bool
num_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
	return num_parse_len(text, strlen(text), min, max, out);
}

bool
num_parse_time(const char *text, char unit, int64_t *out_ms)
{
	const struct unit *u;
	struct slice rest;
	int64_t value;

	if (!parse_digits(slice_of(text), &value, &rest))
		return false;
	if (rest.len == 0)
		rest = (struct slice){ &unit, 1 };
	u = find_unit(times, ARRAY_LEN(times), rest);
	if (u == NULL || __builtin_mul_overflow(value, u->value, &value))
		return false;
	*out_ms = value;
	return true;
}

bool
num_parse_size(const char *text, int64_t *out)
{
	const struct unit *u;
	struct slice rest;
	int64_t value;

	if (!parse_digits(slice_of(text), &value, &rest))
		return false;
	u = find_unit(sizes, ARRAY_LEN(sizes), rest);
	if (u == NULL || __builtin_mul_overflow(value, u->value, &value))
		return false;
	*out = value;
	return true;
}

bool
num_parse_mode(const char *text, unsigned int *out)
{
	unsigned int mode = 0;

	if (text[0] == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '7')
			return false;
		mode = mode * 8 + (unsigned int)(*text - '0');
		if (mode > MODE_MAX)
			return false;
	}
	*out = mode;
	return true;
}
