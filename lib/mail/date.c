/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "date.h"

#include <stdlib.h>
#include <time.h>

/* Not strftime(3), which speaks the language of the locale. */
static const char *const days[] = {
	"Sun",
	"Mon",
	"Tue",
	"Wed",
	"Thu",
	"Fri",
	"Sat",
};
static const char *const months[] = {
	"Jan",
	"Feb",
	"Mar",
	"Apr",
	"May",
	"Jun",
	"Jul",
	"Aug",
	"Sep",
	"Oct",
	"Nov",
	"Dec",
};

/* A zone's name fits for a comment where it is letters alone; others are
 * numbers, which the offset says already. */
static bool
is_name(const char *zone)
{
	for (const char *p = zone; *p != '\0'; p++)
		if ((*p < 'A' || *p > 'Z') && (*p < 'a' || *p > 'z'))
			return false;
	return zone[0] != '\0';
}

void
date_put(struct buf *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm t = { 0 };

	(void)localtime_r(&seconds, &t); /* fails beyond any year we see */

	long minutes = labs(t.tm_gmtoff) / 60;
	buf_addf(out, "%s, %d %s %d %02d:%02d:%02d %c%02ld%02ld",
	    days[t.tm_wday], t.tm_mday, months[t.tm_mon], 1900 + t.tm_year,
	    t.tm_hour, t.tm_min, t.tm_sec, t.tm_gmtoff < 0 ? '-' : '+',
	    minutes / 60, minutes % 60);
	if (t.tm_zone != NULL && is_name(t.tm_zone))
		buf_addf(out, " (%s)", t.tm_zone);
}
