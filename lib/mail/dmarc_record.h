/*
 * dmarc_record - what a domain wishes of those who get mail in its name
 * (RFC 7489 6.3, 6.4).
 *
 *	record = "v" *WSP "=" *WSP "DMARC1" *( *WSP ";" *WSP tag )
 *	tag    = name *WSP "=" *WSP value
 *
 * A text that does not begin like that is no DMARC record.  Of one that does,
 * tags that are unknown or malformed are passed over, each with its default in
 * their place; without a policy that can be read only one that asks for reports
 * is of use (6.6.3, step 6).  A tag that is there twice makes the record an
 * error, as in every list of tags (RFC 6376 3.2).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "str.h"

struct buf;

enum dmarc_policy {
	DMARC_NONE,
	DMARC_QUARANTINE,
	DMARC_REJECT,
};

/* A place where reports go (6.2). */
struct dmarc_uri {
	const char *address; /* of a mailto: as its author meant it */
	uint64_t limit;      /* bytes; 0: none was given */
};

/* The slices lie in the text. */
struct dmarc_record {
	enum dmarc_policy p;
	enum dmarc_policy sp; /* of subdomains; p where it is not given */
	enum dmarc_policy
	    np;           /* of those that do not exist (RFC 9091); else sp */
	bool strict_dkim; /* adkim=s */
	bool strict_spf;  /* aspf=s */
	unsigned int pct;
	uint32_t interval; /* ri, in seconds */
	struct slice rua;
	struct slice ruf;
	struct slice fo;
};

/* Whether the text is to be counted as a DMARC record. */
bool dmarc_record_is(struct slice text);

/* False where nothing can come of it, with the reason in *why. */
MUST_CHECK bool dmarc_record_parse(struct slice text, struct dmarc_record *out,
    const char **why);

/* The next place of rua or ruf to which mail can be sent; those of other kinds
 * and malformed ones are passed over.  False at the end. */
bool dmarc_uri_next(struct arena *a, struct slice *rest, struct dmarc_uri *out);

/* Appends a place in the form of a URI without its scheme, as dmarc_uri_next()
 * reads it: only what must be is escaped. */
void dmarc_uri_put(struct buf *out, const struct dmarc_uri *uri);

const char *dmarc_policy_name(enum dmarc_policy policy);
