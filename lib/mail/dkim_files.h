/*
 * dkim_files - keys of DKIM in files, and the entries of dkim_signing_table
 * that name them: for the program that signs, and posthouse dkim.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/evp.h>

#include "buf.h"
#include "str.h"

/* In front of a key that is not to be used until the DNS has it. */
#define DKIM_FILE_WAITS "Posthouse: waits for the DNS\n"

/* A key file's text.  NULL with why where it has no key that can sign; *waits
 * says that it is not to be used. */
MUST_CHECK EVP_PKEY *dkim_file_key(const struct buf *text, bool *waits,
    const char **why);

/* Walks through dkim_signing_table: for each key its table's key (a domain, or
 * ".domain"), its selector, and its path.  False with why where the table
 * cannot be read, or an entry is wrong (then why names it, until the next
 * call). */
typedef void dkim_files_fn(void *arg, const char *domain, const char *selector,
    const char *path);
MUST_CHECK bool dkim_files_each(dkim_files_fn *fn, void *arg, const char **why);
