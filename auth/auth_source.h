/*
 * auth_source - where passwords come from, by service: a password file, or
 * Dovecot.
 *
 * Services name their source by their parameters; those that name the same
 * share it.  Files are read while root's rights are there, and again whenever
 * master hands one over because it has changed.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "auth_relay.h"
#include "auth_users.h"
#include "buf.h"
#include "list.h"

struct auth_source {
	struct list link;
	char *path;
	struct auth_relay *relay; /* to Dovecot; NULL: a file */
	struct auth_users users;
	int error; /* errno where it could not be read */
	bool read; /* it was, or that was tried */
};

/* At the start: what the parameters say, as they are for this service.  Ends in
 * log_fatal where they cannot be meant. */
void auth_source_want(const char *service);

/* Reads all files, while root's rights are there. */
void auth_source_read(void);

/* The source that has this connection to Dovecot, or this path of a socket. */
struct auth_source *auth_source_of_relay(const struct auth_relay *r);
struct auth_source *auth_source_at(const char *socket);

/* The next file that is used, after this one (NULL: the first), or NULL. */
const char *auth_source_path(const char *after);

/* A file is another one now; -1 is one that cannot be opened.  Takes the
 * descriptor.  NULL where it is none of ours. */
struct auth_source *auth_source_changed(const char *path, int fd);

/* The service's, or NULL. */
struct auth_source *auth_source_of(const char *service);

/* Its mechanisms, as records auth_mech. */
void auth_source_mechs(const struct auth_source *s, struct buf *out);

/* How many users there are. */
size_t auth_source_count(void);
