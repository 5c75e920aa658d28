/*
 * smtp_offer - what a server says it can, in its reply to EHLO.
 *
 * Zero is a server that can nothing but RFC 821.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "str.h"

/* RFC 5321 2.2 */
enum smtp_extension {
	SMTP_EXT_SIZE = 1 << 0,
	SMTP_EXT_PIPELINING = 1 << 1,
	SMTP_EXT_8BITMIME = 1 << 2,
	SMTP_EXT_ETRN = 1 << 3,
	SMTP_EXT_STARTTLS = 1 << 4,
	SMTP_EXT_REQUIRETLS = 1 << 9,
	SMTP_EXT_AUTH = 1 << 5,
};

struct smtp_offer {
	uint32_t extensions;
	uint64_t size_limit; /* 0: none was said */
	uint32_t mechs;      /* of AUTH, bits 1 << enum sasl_mech: those that
				we know */
};

/* Reads the lines behind the first, parted by newlines.  What is not known or
 * malformed is passed over. */
void smtp_offer_read(struct smtp_offer *o, struct slice lines);
