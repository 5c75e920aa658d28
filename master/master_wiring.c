/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "master_wiring.h"

#include "util.h"

/* clang-format off */
static const struct wire_row {
	enum role from, to;
	bool hands_over;
} rows[] = {
	/* from          to            old to new */
	{ ROLE_SMTPD,   ROLE_CLEANUP, false },
	{ ROLE_BOUNCE,  ROLE_CLEANUP, false },
	{ ROLE_PICKUP,  ROLE_CLEANUP, false },
	{ ROLE_PICKUP,  ROLE_BOUNCE,  false },
	{ ROLE_CLEANUP, ROLE_QMGR,    true  },
	{ ROLE_QMGR,    ROLE_SMTP,    false },
	{ ROLE_QMGR,    ROLE_LOCAL,   false },
	{ ROLE_QMGR,    ROLE_BOUNCE,  false },
	{ ROLE_LOCAL,   ROLE_DELIVER, false },
	{ ROLE_LOCAL,   ROLE_LOOKUP,  false },
	{ ROLE_SMTPD,   ROLE_LOOKUP,  false },
	{ ROLE_SMTPD,   ROLE_CALLOUT, false },
	{ ROLE_CALLOUT, ROLE_SMTP,    false },
	{ ROLE_SMTPD,   ROLE_KEYS,    false },
	{ ROLE_SMTP,    ROLE_KEYS,    false },
	{ ROLE_SMTPD,   ROLE_VERIFY,  false },
	{ ROLE_SMTP,    ROLE_AUTH,    false },
	{ ROLE_SMTPD,   ROLE_AUTH,    false },
	{ ROLE_SMTPD,   ROLE_QMGR,    true  },
	{ ROLE_SMTP,    ROLE_STS,     false },
	{ ROLE_SMTP,    ROLE_REPORT,  false },
	{ ROLE_REPORT,  ROLE_STS,     false },
	{ ROLE_VERIFY,  ROLE_REPORT,  false },
	{ ROLE_REPORT,  ROLE_CLEANUP, false },
	{ ROLE_CLEANUP, ROLE_VERIFY,  false },
	{ ROLE_CLEANUP, ROLE_SIGN,    false },
	{ ROLE_SMTP,    ROLE_SIGN,    false },
	{ ROLE_SMTPD,   ROLE_SIGN,    false },
};
/* clang-format on */

static const struct wire_row *
find(enum role from, enum role to)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].from == from && rows[i].to == to)
			return &rows[i];
	return NULL;
}

bool
wiring_has(enum role from, enum role to)
{
	return find(from, to) != NULL;
}

bool
wiring_hands_over(enum role from, enum role to)
{
	const struct wire_row *row = find(from, to);

	return row != NULL && row->hands_over;
}
