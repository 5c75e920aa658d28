/*
 * maildrop - the file that sendmail leaves for pickup while the system is
 * down.
 *
 *	magic        8 bytes, with the version
 *	fields       32 bits: length of the fields
 *	content      64 bits: length of the content
 *	(fields)     u32 flags, str sender, blob of str recipients, as wire.h
 *	             has them
 *	(content)    to the end of the file
 *
 * Written under a name that begins with 't', made durable, and renamed to one
 * that begins with 'm': what pickup sees is whole.  The folder lets everybody
 * write and nobody read, so nothing in a file is to be trusted; that the user
 * is the file's owner is.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"

#define MAILDROP_NAME_MAX   48
#define MAILDROP_FIELDS_MAX ((size_t)16 << 20)
#define MAILDROP_RCPTS_MAX  ((size_t)50000)

struct maildrop {
	uint32_t flags;           /* MAIL_BODY_8BIT or 0 */
	const char *sender;       /* internal form, "" is the null sender */
	const char *const *rcpts; /* internal form, at least one */
	size_t n_rcpts;
	uint64_t content_at, content_len; /* canonical lines, unchecked */
};

/* ---- writing (sendmail): undoes itself unless committed ---- */

struct maildrop_draft {
	int dir; /* the folder, borrowed */
	int fd;
	char name[MAILDROP_NAME_MAX]; /* "" while there is none */
	struct maildrop head;
};

#define CLEAN_MAILDROP CLEANUP(maildrop_free)

/* All three wrap system calls: -1 with errno. */
MUST_CHECK int maildrop_start(struct maildrop_draft *d, int dir_fd,
    const struct maildrop *m);
MUST_CHECK int maildrop_add(struct maildrop_draft *d, const void *bytes,
    size_t n);
MUST_CHECK int maildrop_commit(struct maildrop_draft *d);
void maildrop_free(struct maildrop_draft *d);

/* ---- reading (pickup) ---- */

/* Names of whole files, and of drafts, which are rubbish when they are old. */
bool maildrop_name_is_whole(const char *name);
bool maildrop_name_is_draft(const char *name);

/* Everything but the content, checked: a plain file with one name, of the
 * very length it says, with addresses that are addresses.  Strings in the
 * arena. */
MUST_CHECK bool maildrop_read(int fd, struct arena *a, struct maildrop *out,
    const char **why);
