/*
 * A fact is a rec_dmarc_fact: a row of the report, and the record that was in
 * force.  The report says the record of its first row; where it changed within
 * the time, that is one of them.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "report_dmarc.h"

#include <string.h>

#include "arena.h"
#include "clock.h"
#include "dmarc_report.h"
#include "fd.h"
#include "loop.h"
#include "param.h"

/* It is kept with each fact; a longer one is made to fill the disk. */
#define RECORD_MAX ((size_t)2048)

/* ---- facts ---- */

/* What is left of a row where a domain has too many of them. */
static void
put_coarse(const struct msg_dmarc_seen *m, const struct rec_dmarc_row *row,
    struct buf *out)
{
	CLEAN_BUF struct buf bytes = { 0 };
	struct rec_dmarc_row coarse = {
		.client = "0.0.0.0",
		.header_from = m->domain,
		.envelope_from = "",
		.disposition = row->disposition,
		.dkim_aligned = row->dkim_aligned,
		.spf_aligned = row->spf_aligned,
		.reason = "other",
		.comment = "one of many clients",
		.spf = row->spf,
		.spf_domain = "",
	};

	rec_put_dmarc_row(&bytes, &coarse);
	rec_put_dmarc_fact(out,
	    &(struct rec_dmarc_fact){
		.record = m->record,
		.row = { bytes.text, bytes.len },
	    });
}

bool
report_dmarc_seen(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf fact = { 0 }, coarse = { 0 };
	struct msg_dmarc_seen m;
	struct rec_dmarc_row row;

	(void)c;
	close_fd(&fd);
	if (!msg_get_dmarc_seen(&m, body, len) || m.domain[0] == '\0')
		return false;
	struct wire w = wire_open(m.row.at, m.row.len);
	if (!rec_get_dmarc_row(&row, &w) || !wire_done(&w) ||
	    row.disposition > DMARC_REJECT)
		return false;
	if (strlen(m.record) > RECORD_MAX)
		return true;
	rec_put_dmarc_fact(&fact,
	    &(struct rec_dmarc_fact){ .record = m.record, .row = m.row });
	put_coarse(&m, &row, &coarse);
	report_store_count(REPORT_DMARC, m.domain, loop_wall(),
	    (struct slice){ fact.text, fact.len },
	    (struct slice){ coarse.text, coarse.len });
	return true;
}

/* ---- the report ---- */

struct writing {
	struct arena arena;
	struct buf *out;
	struct dmarc_report report;
	struct dmarc_record record;
	bool begun;
};

static void
begin(struct writing *w, const char *record)
{
	const char *why; /* it was one when it was counted */

	/* The slices of the record live as long as its text. */
	if (!dmarc_record_parse(slice_of(arena_strdup(&w->arena, record)),
		&w->record, &why))
		w->record = (struct dmarc_record){ .pct = 100 };
	w->report.record = &w->record;
	dmarc_report_begin(w->out, &w->report);
	w->begun = true;
}

static void
add_fact(void *owner, struct slice bytes, uint64_t count)
{
	struct writing *w = owner;
	struct wire fact = wire_open(bytes.at, bytes.len);
	struct rec_dmarc_fact f;
	struct rec_dmarc_row row;

	if (!rec_get_dmarc_fact(&f, &fact) || !wire_done(&fact))
		return;
	struct wire r = wire_open(f.row.at, f.row.len);
	if (!rec_get_dmarc_row(&row, &r) || !wire_done(&r))
		return;
	if (!w->begun)
		begin(w, f.record);
	dmarc_report_row(w->out, &row, (uint32_t)MIN(count, UINT32_MAX));
}

void
report_dmarc_write(struct buf *out, const struct report_due *due,
    const char *id)
{
	struct writing w = {
		.out = out,
		.report = {
		    .org = params.report_organization,
		    .email = params.report_contact,
		    .receiver = params.myhostname,
		    .id = id,
		    .domain = due->domain,
		    .begin = due->begin / SECOND,
		    .end = due->end / SECOND - 1,
		},
	};

	report_store_each(due, add_fact, &w);
	if (w.begun)
		dmarc_report_end(out);
	arena_free(&w.arena);
}

bool
report_dmarc_place(struct slice uri, size_t size, struct buf *address)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct dmarc_uri place;

	if (!dmarc_uri_next(&a, &uri, &place) ||
	    (place.limit > 0 && size > place.limit))
		return false;
	buf_adds(address, place.address);
	return true;
}
