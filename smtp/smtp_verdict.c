/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_verdict.h"

#include <string.h>

#include "str.h"

/* What is said of clients and not of mailboxes, where a server has no enhanced
 * codes.  Lower case; parts of words count. */
static const char *const about_us[] = {
	"relay",
	"block",
	"black",
	"listed",
	"denied",
	"spam",
	"greylist",
	"reputation",
	"authenticat",
	"spf",
};

static bool
speaks_of_us(const char *text)
{
	CLEAN_STR char *folded = xstrdup(text);

	str_lower(folded);
	for (size_t i = 0; i < ARRAY_LEN(about_us); i++)
		if (strstr(folded, about_us[i]) != NULL)
			return true;
	return false;
}

/* RFC 3463 3.2: X.1.7 and X.1.8 are the sender's address. */
static bool
is_about_recipient(const char *status)
{
	return str_starts(status, "5.1.") && !str_eq(status, "5.1.7") &&
	    !str_eq(status, "5.1.8");
}

enum vetted
smtp_verdict(const struct smtp_reply *r)
{
	if (r->code / 100 == 2)
		return VETTED_GOOD;
	if (r->code != 550 && r->code != 551 && r->code != 553)
		return VETTED_UNKNOWN;
	if (r->has_status)
		return is_about_recipient(r->status) ? VETTED_BAD
						     : VETTED_UNKNOWN;
	return r->code == 550 && !speaks_of_us(buf_str(&r->lines))
	    ? VETTED_BAD
	    : VETTED_UNKNOWN;
}
