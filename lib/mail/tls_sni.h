/*
 * tls_sni - which key and certificates belong to the name that a client asks
 * for (RFC 6066 3), by the tables of tls_server_sni_maps.
 *
 * A key of theirs is a name, or ".domain" for all names below it; the value is
 * a list of files, as in smtpd_tls_chain_files.  keys walks through all of them
 * when it starts, smtpd asks for one.  So the tables must be of a type that can
 * be listed.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "table.h"

/* The tables, NULL in `at` where there are none; false with why. */
MUST_CHECK bool tls_sni_open(struct tables *ts, const char **why);

/* All names and their files, paths parted by blanks.  False with why where a
 * table cannot be walked through. */
typedef void tls_sni_fn(void *arg, const char *name, const char *files);
MUST_CHECK bool tls_sni_each(const struct tables *ts, tls_sni_fn *fn, void *arg,
    const char **why);

/* The files of a name, appended to out. */
enum found tls_sni_find(const struct tables *ts, const char *name,
    struct buf *out);
