/*
 * seal_keys - who signs with which keys (dkim_signing_table).
 *
 * All of the table is read at the start, with the files that it names, while
 * root's rights are there; keys are parsed once.  A file that changes comes
 * from master: a good key replaces the old one, and of another the log tells
 * while the old one stays.
 *
 * A key file that has the line DKIM_FILE_WAITS in front of the key is new: the
 * key is not used as yet, because the DNS may not have it (posthouse dkim
 * check).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/evp.h>

#include "buf.h"
#include "list.h"
#include "str.h"

#define SEAL_KEYS_MAX 4 /* of a domain */

struct seal_key {
	struct list link;
	char *selector;
	char *path;
	EVP_PKEY *pkey; /* NULL: not to be used, or not there */
};

struct seal_domain {
	char *name; /* as the signature has it */
	struct list keys;
	size_t n_keys;
};

/* Reads table and keys; ends in log_fatal where one is wrong. */
void seal_keys_load(void);

/* The next path that is used, after this one (NULL: the first), or NULL. */
const char *seal_keys_path(const char *after);

/* A file is another one now (-1: cannot be opened). */
void seal_keys_changed(const char *path, int fd);

/* Who signs for mail from this domain (in lower case), or NULL. */
struct seal_domain *seal_keys_find(const char *domain);

/* Keys in use. */
size_t seal_keys_count(void);
