/*
 * table - look-ups named TYPE:NAME: lmdb inline static texthash cidr regexp
 * pcre fail (posthouse-tables(5)).
 *
 * Opened before a program gives up its rights; afterwards a look-up opens
 * nothing.  An lmdb table that is rebuilt in place is seen at once; the other
 * files are read when they are opened, and again after a reload.  A look-up has
 * three outcomes; FOUND_FAILED means later.  Keys of lmdb, texthash and inline
 * are compared in lower case (ASCII).
 *
 * `passwd:` and whatever can block is answered by the lookup program.  For such
 * a table table_is_remote() is true and table_get() says FOUND_FAILED: its user
 * asks over a channel.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

struct table;

/* NULL with why (static or in the table module's own store until the next
 * call), naming the file and line where one is wrong. */
MUST_CHECK struct table *table_open(const char *spec, const char **why);
void table_close(struct table **t);

const char *table_spec(const struct table *t);

/* True for a table that only the lookup program can answer. */
bool table_is_remote(const struct table *t);

/* True where the key is matched as a whole only (regexp, pcre, cidr): no
 * partial keys, as in Postfix. */
bool table_whole_keys(const struct table *t);

/* The value is appended to out, which is untouched else.  A key that is empty
 * or longer than any table holds is not found. */
enum found table_get(struct table *t, const char *key, struct buf *out);

/* A list of tables as a parameter holds it, asked in order. */
struct tables {
	struct table **at;
	size_t n;
};

MUST_CHECK bool tables_open(struct tables *ts, const char *list,
    const char **why);
void tables_free(struct tables *ts);

/* The first value; where no table has one and one of them is remote, that is
 * FOUND_FAILED, because only the lookup program knows. */
enum found tables_get(const struct tables *ts, const char *key,
    struct buf *out);

/* The same without the remote ones; and with none that wants whole keys (for a
 * part of an address or domain). */
enum found tables_get_here(const struct tables *ts, const char *key,
    struct buf *out);
enum found tables_get_part(const struct tables *ts, const char *key,
    struct buf *out);
bool tables_any_remote(const struct tables *ts);

/* The address look-up of virtual(5), in this order: user+ext@domain,
 * user@domain, then (with `local`) user+ext and user, then @domain.  ext (may
 * be NULL) gets the "+ext" that is to be put into a result where the match was
 * made without it.  A value "@other" means the same local part there; the
 * caller puts it in. */
enum found tables_get_address(const struct tables *ts, const char *address,
    bool local, struct buf *out, struct buf *ext);

/* The domain look-up of transport(5) and access(5): domain, then its parents
 * (".parent" or, with parent_domain_matches_subdomains, "parent"). */
enum found tables_get_domain(const struct tables *ts, const char *domain,
    bool parents_match, struct buf *out);

/* A list such as mydestination: names, "/file", TYPE:TABLE (its keys), "!not";
 * `parents`: an entry matches subdomains too. */
struct namelist;
MUST_CHECK struct namelist *namelist_open(const char *list, const char **why);
void namelist_close(struct namelist **n);
enum found namelist_has(struct namelist *n, const char *name, bool parents);

/* A list of networks such as mynetworks: ADDR, ADDR/BITS, [v6]/BITS, "/file",
 * cidr:TABLE, "!not".  addr is numeric, as inet_ntop(3) writes it. */
struct netlist;
MUST_CHECK struct netlist *netlist_open(const char *list, const char **why);
void netlist_close(struct netlist **n);
enum found netlist_has(struct netlist *n, const char *addr);
