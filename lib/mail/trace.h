/*
 * trace - what is said to chosen peers, and heard from them, in the log
 * (debug_peer_list), as Postfix writes it:
 *
 *	< client.example.org[192.0.2.1]: MAIL FROM:<a@example.org>
 *	> client.example.org[192.0.2.1]: 250 2.1.0 Ok
 *
 * What AUTH carries is not logged, and of a message only its size.  A session's
 * trace ends after TRACE_LINES lines.  At debug_peer_level 1 only the last line
 * of each reply is logged.
 *
 * The same can be kept as text, for a notice; what goes by before that is not
 * in it.
 *
 * NULL is a peer that is not traced: all calls do nothing.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

#define TRACE_KEPT_MAX ((size_t)16384) /* bytes that are kept */
#define TRACE_LINES    1000
#define TRACE_LINE_MAX 500 /* bytes of one that are logged */

struct trace;

enum trace_side {
	TRACE_SERVER, /* we are: what we say are replies */
	TRACE_CLIENT,
};

/* Before the rights are given up.  Ends in log_fatal where the list is
 * wrong. */
void trace_open(void);

/* A session with that peer begins; NULL where it is not to be traced.  shown
 * names it in the log. */
struct trace *trace_start(enum trace_side side, const char *name,
    const char *addr, const char *shown);
void trace_stop(struct trace **t);

/* From now on lines are kept, "Out: 220 ..." and " In:  EHLO ...", each with
 * CRLF; a zeroed pointer becomes a trace that does nothing else.  trace_kept()
 * is "" where nothing is. */
void trace_keep(struct trace **t, enum trace_side side);
const char *trace_kept(const struct trace *t);

/* Text as it goes over the wire: one line or more, with or without their
 * ends. */
void trace_said(struct trace *t, struct slice text);
void trace_heard(struct trace *t, struct slice text);

/* A message's content went by. */
void trace_content(struct trace *t, uint64_t bytes);
