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
    restrict_unknown_name, restrict_auth_destination,
    restrict_unauth_destination, restrict_unauth_defer, restrict_helo_fqdn,
    restrict_helo_invalid, restrict_sender_fqdn, restrict_rcpt_fqdn,
    restrict_rcpt_unverified;

/* restrict_owner.c: whose sender it is. */
restrict_fn restrict_owner, restrict_owner_if_in, restrict_owner_if_known,
    restrict_owner_if_out;

/* restrict_access.c: what a table says. */
restrict_fn restrict_client_access, restrict_helo_access,
    restrict_sender_access, restrict_rcpt_access, restrict_etrn_access,
    restrict_cert_access, restrict_known_cert;
