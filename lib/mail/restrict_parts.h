/*
 * restrict_parts - what the files of restrict share.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "restrict.h"

struct restrict_kind;

struct restrict_item {
	const struct restrict_kind *kind;
	struct tables tables; /* of those with one */
	char *domain;         /* of a list in the DNS */
	char *filter;         /* which of its addresses count; NULL: all */
	bool warn;            /* behind warn_if_reject */
};

typedef enum restrict_answer restrict_fn(const struct restrict_item *i,
    const struct restrict_case *c, struct restrict_reply *reply);

/* "<name>: class rejected: text", and "<name>: text" with 451. */
enum restrict_answer restrict_refuse(struct restrict_reply *reply, int code,
    const char *status, const char *name, const char *class, const char *text);
enum restrict_answer restrict_later(struct restrict_reply *reply,
    const char *status, const char *name, const char *text);

/* restrict_words.c: those without a table. */
restrict_fn restrict_permit, restrict_reject, restrict_defer,
    restrict_mynetworks, restrict_authenticated, restrict_trusted_cert,
    restrict_auth_destination, restrict_unauth_destination,
    restrict_unauth_defer, restrict_helo_fqdn, restrict_helo_invalid,
    restrict_sender_fqdn, restrict_rcpt_fqdn, restrict_rcpt_unverified,
    restrict_in_clear;

/* restrict_dns.c: what the DNS knows. */
restrict_fn restrict_unknown_name, restrict_unknown_reverse,
    restrict_unknown_helo, restrict_unknown_sender, restrict_unknown_rcpt,
    restrict_listed_client, restrict_listed_good, restrict_listed_name,
    restrict_listed_reverse, restrict_listed_helo, restrict_listed_sender,
    restrict_listed_rcpt;

/* "127.0.0.[2..11;13].[1]": whether it can be read; whether an address is
 * meant. */
MUST_CHECK bool restrict_filter_ok(const char *filter);
bool restrict_filter_has(const char *filter, const char *address);

/* restrict_owner.c: whose sender it is. */
restrict_fn restrict_owner, restrict_owner_if_in, restrict_owner_if_known,
    restrict_owner_if_out;

/* restrict_access.c: what a table says. */
restrict_fn restrict_client_access, restrict_reverse_access,
    restrict_user_access, restrict_helo_access, restrict_sender_access,
    restrict_rcpt_access, restrict_etrn_access, restrict_cert_access,
    restrict_known_cert;
