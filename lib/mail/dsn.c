/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dsn.h"

#include <string.h>

#include "log.h"
#include "str.h"

#define DIGITS_MAX 3 /* of a subject or detail: RFC 3463 2 */

/*
 *	status-code = class "." subject "." detail
 *	class = "2" / "4" / "5"
 *	subject = 1*3digit
 *	detail = 1*3digit
 *
 * How long it is at the start of the text, or 0 (RFC 3463 2).
 */
static size_t
status_len(const char *text)
{
	size_t n = 1;

	if (text[0] != '2' && text[0] != '4' && text[0] != '5')
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;

		if (text[n] != '.')
			return 0;
		n++;
		while (char_is_digit(text[n + digits]))
			digits++;
		if (digits == 0 || digits > DIGITS_MAX)
			return 0;
		n += digits;
	}
	return n;
}

bool
dsn_is_status(const char *status)
{
	size_t n = status_len(status);

	return n > 0 && status[n] == '\0';
}

struct dsn
dsn_of(enum outcome outcome, enum fault fault, const char *status,
    const char *text)
{
	struct dsn dsn = { .outcome = outcome, .fault = fault, .text = text };

	if (!dsn_is_status(status) ||
	    !str_copy(dsn.status, sizeof(dsn.status), status))
		log_panic("%s is no enhanced status code", status);
	return dsn;
}

enum match
dsn_split(const char *text, char status[DSN_STATUS_MAX], const char **rest)
{
	size_t n = status_len(text);

	if (n == 0 || (text[n] != ' ' && text[n] != '\0'))
		return MATCH_NO;
	memcpy(status, text, n);
	status[n] = '\0';
	*rest = text + n + strspn(text + n, " ");
	return MATCH_YES;
}

enum outcome
dsn_outcome_of_code(int code)
{
	switch (code / 100) {
	case 2:
		return OUTCOME_SENT;
	case 5:
		return OUTCOME_BOUNCE;
	default:
		return OUTCOME_DEFER;
	}
}

const char *
dsn_status_of_code(int code)
{
	switch (code / 100) {
	case 2:
		return "2.0.0";
	case 5:
		return "5.0.0";
	default:
		return "4.0.0";
	}
}

const char *
dsn_word(enum outcome outcome)
{
	static const char *const words[] = {
		[OUTCOME_NONE] = "none",
		[OUTCOME_SENT] = "sent",
		[OUTCOME_DEFER] = "deferred",
		[OUTCOME_BOUNCE] = "bounced",
	};

	return words[outcome];
}
