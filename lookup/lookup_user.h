/*
 * lookup_user - what the system knows of a user, by nsswitch.conf(5).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

/* Appends "name:uid:gid:home:shell:gecos".  A name that no account can have is
 * FOUND_NONE without asking; FOUND_FAILED is a source of users that does not
 * answer, with its reason in why. */
enum found lookup_user(const char *name, struct buf *out, const char **why);

/* The same for a uid in decimal. */
enum found lookup_uid(const char *number, struct buf *out, const char **why);
