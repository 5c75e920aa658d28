/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param_rows.h"

#include <stdio.h>
#include <string.h>

#include "param.h"

#define NAME_LONGEST 64 /* longer ones resemble nothing */

/* A name that begins with a digit has an underscore in front in C. */
#define NAME(name) (#name[0] == '_' ? &#name[1] : #name)

#define ROW(k, n, d, u, lo, hi, w, t)                 \
	{ .name = NAME(n),                            \
		.def = (d),                           \
		.min = (lo),                          \
		.max = (hi),                          \
		.words = (w),                         \
		.text = (t),                          \
		.offset = offsetof(struct params, n), \
		.kind = PARAM_KIND_##k,               \
		.unit = (u) },

/* clang-format off */
static const struct param_row rows[] = {
#define PARAM_SECTION(title)            { .text = (title) },
#define PARAM_INT(n, d, lo, hi, t)      ROW(INT, n, d, 0, lo, hi, "", t)
#define PARAM_TIME(n, u, d, lo, hi, t)  ROW(TIME, n, d, u, lo, hi, "", t)
#define PARAM_SIZE(n, d, lo, hi, t)     ROW(SIZE, n, d, 0, lo, hi, "", t)
#define PARAM_BOOL(n, d, t)             ROW(BOOL, n, d, 0, "", "", "", t)
#define PARAM_ENUM(n, d, w, t)          ROW(ENUM, n, d, 0, "", "", w, t)
#define PARAM_WORDS(n, d, w, t)         ROW(WORDS, n, d, 0, "", "", w, t)
#define PARAM_LIST(n, d, t)             ROW(LIST, n, d, 0, "", "", "", t)
#define PARAM_TABLES(n, d, t)           ROW(TABLES, n, d, 0, "", "", "", t)
#define PARAM_NAMES(n, d, t)            ROW(NAMES, n, d, 0, "", "", "", t)
#define PARAM_NETS(n, d, t)             ROW(NETS, n, d, 0, "", "", "", t)
#define PARAM_PEERS(n, d, t)            ROW(PEERS, n, d, 0, "", "", "", t)
#define PARAM_RESTRICT(n, d, t)         ROW(RESTRICT, n, d, 0, "", "", "", t)
#define PARAM_PATH(n, d, t)             ROW(PATH, n, d, 0, "", "", "", t)
#define PARAM_STR(n, d, t)              ROW(STR, n, d, 0, "", "", "", t)
#define PARAM_RAW(n, d, t)              ROW(RAW, n, d, 0, "", "", "", t)
#include "param.def"
};
/* clang-format on */

/* What may follow TRANSPORT_.  The row with these rules has the name itself,
 * or default_ in front. */
const char *const param_suffixes[] = {
	"destination_concurrency_limit",
	"destination_rate_delay",
	"destination_recipient_limit",
	"initial_destination_concurrency",
	"provider_concurrency_limit",
	NULL,
};

const struct param_row *
param_next(const struct param_row *row)
{
	row = row == NULL ? rows : row + 1;
	while (row < rows + ARRAY_LEN(rows) && row->name == NULL)
		row++;
	return row < rows + ARRAY_LEN(rows) ? row : NULL;
}

const char *
param_heading(const struct param_row *row)
{
	return row > rows && row[-1].name == NULL ? row[-1].text : NULL;
}

const struct param_row *
param_find(const char *name)
{
	PARAM_EACH(row)
		if (str_eq(row->name, name))
			return row;
	return NULL;
}

const struct param_row *
param_find_suffix(const char *suffix)
{
	char name[NAME_LONGEST + sizeof("default_")];

	(void)snprintf(name, sizeof(name), "default_%s", suffix);
	const struct param_row *row = param_find(name);
	return row != NULL ? row : param_find(suffix);
}

const struct param_row *
param_find_transport(const char *name)
{
	for (size_t i = 0; param_suffixes[i] != NULL; i++) {
		size_t all = strlen(name);
		size_t n = strlen(param_suffixes[i]);
		if (all > n + 1 && name[all - n - 1] == '_' &&
		    str_ends(name, param_suffixes[i]))
			return param_find_suffix(param_suffixes[i]);
	}
	return NULL;
}

/*
 * How many letters must be put in, left out or changed (Levenshtein); some
 * number from `enough` up when it is so many or more.
 */
static size_t
distance(const char *a, const char *b, size_t enough)
{
	size_t row[NAME_LONGEST + 1];
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t left_above = row[0];
		size_t least = row[0] = i + 1;

		for (size_t j = 0; j < n; j++) {
			size_t above = row[j + 1];
			size_t change = left_above + (a[i] != b[j]);
			row[j + 1] = MIN(change, MIN(above, row[j]) + 1);
			least = MIN(least, row[j + 1]);
			left_above = above;
		}
		if (least >= enough)
			return least; /* it never gets less again */
	}
	return row[n];
}

const char *
param_nearest(const char *name)
{
	size_t len = strlen(name);
	size_t least = len / 4 + 2;
	const char *nearest = NULL;

	if (len > NAME_LONGEST)
		return NULL;
	PARAM_EACH(row) {
		size_t n = strlen(row->name);
		if (n > NAME_LONGEST || n >= len + least || len >= n + least)
			continue; /* what is missing alone is too much */
		size_t far = distance(name, row->name, least);
		if (far >= least)
			continue;
		least = far;
		nearest = row->name;
	}
	return nearest;
}
