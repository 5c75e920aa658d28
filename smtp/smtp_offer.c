/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_offer.h"

#include <string.h>

#include "num.h"
#include "sasl.h"

/* clang-format off */
static const struct {
	const char *keyword;
	uint32_t bit;
} extensions[] = {
	{ "SIZE",       SMTP_EXT_SIZE       },
	{ "PIPELINING", SMTP_EXT_PIPELINING },
	{ "8BITMIME",   SMTP_EXT_8BITMIME   },
	{ "ETRN",       SMTP_EXT_ETRN       },
	{ "STARTTLS",   SMTP_EXT_STARTTLS   },
	{ "REQUIRETLS", SMTP_EXT_REQUIRETLS },
	{ "AUTH",       SMTP_EXT_AUTH       },
};
/* clang-format on */

/* The mechanisms behind AUTH; old servers write "AUTH=" (as Postfix does for
 * old clients with broken_sasl_auth_clients). */
static void
read_mechs(struct smtp_offer *o, struct slice rest)
{
	struct slice name;

	while (slice_next_item(&rest, &name)) {
		enum sasl_mech mech = sasl_mech(name);

		if (mech != SASL_NONE)
			o->mechs |= 1u << mech;
	}
}

/* ehlo-line = ehlo-keyword *( SP ehlo-param ) (RFC 5321 4.1.1.1) */
static void
read_line(struct smtp_offer *o, struct slice line)
{
	struct slice keyword, rest = line;
	int64_t limit;

	if (!slice_next_part(&rest, ' ', &keyword))
		return;
	if (memchr(keyword.at, '=', keyword.len) != NULL) {
		rest = line;
		(void)slice_next_part(&rest, '=', &keyword); /* there is one */
	}
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		if (slice_eq_nocase(keyword, extensions[i].keyword))
			o->extensions |= extensions[i].bit;
	rest = slice_trim(rest);
	if (slice_eq_nocase(keyword, "AUTH"))
		read_mechs(o, rest);
	if (slice_eq_nocase(keyword, "SIZE") &&
	    num_parse_len(rest.at, rest.len, 1, INT64_MAX, &limit))
		o->size_limit = (uint64_t)limit;
}

void
smtp_offer_read(struct smtp_offer *o, struct slice lines)
{
	struct slice line;

	while (slice_next_part(&lines, '\n', &line))
		read_line(o, slice_trim(line));
}
