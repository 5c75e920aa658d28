/*
 * The order of the elements is that of the schema, which also those readers
 * understand who do not care.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dmarc_report.h"

#include <arpa/inet.h>
#include <string.h>

#include "dkim_signature.h"
#include "dmarc.h"

/* Longer is no domain, and no reason of ours. */
#define TEXT_MAX ((size_t)1000)

/* ---- elements ---- */

static void
put_text(struct buf *xml, const char *text)
{
	CLEAN_BUF struct buf clean = { 0 };

	str_printable(&clean, text, strlen(text), TEXT_MAX);
	for (size_t i = 0; i < clean.len; i++)
		switch (clean.text[i]) {
		case '&':
			buf_adds(xml, "&amp;");
			break;
		case '<':
			buf_adds(xml, "&lt;");
			break;
		case '>':
			buf_adds(xml, "&gt;");
			break;
		default:
			buf_addc(xml, clean.text[i]);
		}
}

static void
put(struct buf *xml, int depth, const char *name, const char *text)
{
	buf_addf(xml, "%*s<%s>", 2 * depth, "", name);
	put_text(xml, text);
	buf_addf(xml, "</%s>\n", name);
}

static void
put_number(struct buf *xml, int depth, const char *name, int64_t n)
{
	buf_addf(xml, "%*s<%s>%lld</%s>\n", 2 * depth, "", name, (long long)n,
	    name);
}

static void
open_element(struct buf *xml, int depth, const char *name)
{
	buf_addf(xml, "%*s<%s>\n", 2 * depth, "", name);
}

static void
close_element(struct buf *xml, int depth, const char *name)
{
	buf_addf(xml, "%*s</%s>\n", 2 * depth, "", name);
}

/* ---- the head ---- */

static void
put_metadata(struct buf *xml, const struct dmarc_report *r)
{
	open_element(xml, 1, "report_metadata");
	put(xml, 2, "org_name", r->org);
	put(xml, 2, "email", r->email);
	put(xml, 2, "report_id", r->id);
	open_element(xml, 2, "date_range");
	put_number(xml, 3, "begin", r->begin);
	put_number(xml, 3, "end", r->end);
	close_element(xml, 2, "date_range");
	close_element(xml, 1, "report_metadata");
}

static void
put_policy(struct buf *xml, const struct dmarc_report *r)
{
	const struct dmarc_record *p = r->record;
	CLEAN_BUF struct buf fo = { 0 };

	buf_add(&fo, p->fo.at, p->fo.len);
	open_element(xml, 1, "policy_published");
	put(xml, 2, "domain", r->domain);
	put(xml, 2, "adkim", p->strict_dkim ? "s" : "r");
	put(xml, 2, "aspf", p->strict_spf ? "s" : "r");
	put(xml, 2, "p", dmarc_policy_name(p->p));
	put(xml, 2, "sp", dmarc_policy_name(p->sp));
	put_number(xml, 2, "pct", p->pct);
	put(xml, 2, "fo", fo.len > 0 ? buf_str(&fo) : "0");
	close_element(xml, 1, "policy_published");
}

void
dmarc_report_begin(struct buf *xml, const struct dmarc_report *r)
{
	buf_adds(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	open_element(xml, 0, "feedback");
	put(xml, 1, "version", "1.0");
	put_metadata(xml, r);
	put_policy(xml, r);
}

void
dmarc_report_end(struct buf *xml)
{
	close_element(xml, 0, "feedback");
}

/* ---- rows ---- */

/* The schema's pattern knows an IPv6 address in its long form alone. */
static void
put_client(struct buf *xml, const char *client)
{
	CLEAN_BUF struct buf text = { 0 };
	uint8_t bits[16];

	if (inet_pton(AF_INET6, client, bits) != 1) {
		put(xml, 3, "source_ip", client);
		return;
	}
	for (size_t i = 0; i < sizeof(bits); i += 2)
		buf_addf(&text, "%s%x", i > 0 ? ":" : "",
		    (unsigned int)bits[i] << 8 | bits[i + 1]);
	put(xml, 3, "source_ip", buf_str(&text));
}

static void
put_evaluated(struct buf *xml, const struct rec_dmarc_row *row)
{
	enum dmarc_policy disposition = (enum dmarc_policy)row->disposition;

	open_element(xml, 3, "policy_evaluated");
	put(xml, 4, "disposition", dmarc_policy_name(disposition));
	put(xml, 4, "dkim", row->dkim_aligned != 0 ? "pass" : "fail");
	put(xml, 4, "spf", row->spf_aligned != 0 ? "pass" : "fail");
	if (row->reason[0] != '\0') {
		open_element(xml, 4, "reason");
		put(xml, 5, "type", row->reason);
		if (row->comment[0] != '\0')
			put(xml, 5, "comment", row->comment);
		close_element(xml, 4, "reason");
	}
	close_element(xml, 3, "policy_evaluated");
}

static void
put_signature(struct buf *xml, const struct rec_dmarc_signed *s)
{
	if (s->domain[0] == '\0' || s->result > DKIM_PERMERROR)
		return;
	open_element(xml, 3, "dkim");
	put(xml, 4, "domain", s->domain);
	if (s->selector[0] != '\0')
		put(xml, 4, "selector", s->selector);
	put(xml, 4, "result", dkim_result_name((enum dkim_result)s->result));
	close_element(xml, 3, "dkim");
}

static void
put_results(struct buf *xml, const struct rec_dmarc_row *row)
{
	struct wire w = wire_open(row->signatures.at, row->signatures.len);
	struct rec_dmarc_signed s;
	enum spf_result spf = (enum spf_result)row->spf;

	open_element(xml, 2, "auth_results");
	while (wire_more(&w) && rec_get_dmarc_signed(&s, &w))
		put_signature(xml, &s);
	open_element(xml, 3, "spf");
	put(xml, 4, "domain", row->spf_domain);
	put(xml, 4, "scope", row->helo != 0 ? "helo" : "mfrom");
	put(xml, 4, "result",
	    spf_result_name(spf <= SPF_PERMERROR ? spf : SPF_NONE));
	close_element(xml, 3, "spf");
	close_element(xml, 2, "auth_results");
}

void
dmarc_report_row(struct buf *xml, const struct rec_dmarc_row *row,
    uint32_t count)
{
	open_element(xml, 1, "record");
	open_element(xml, 2, "row");
	put_client(xml, row->client);
	put_number(xml, 3, "count", count);
	put_evaluated(xml, row);
	close_element(xml, 2, "row");
	open_element(xml, 2, "identifiers");
	put(xml, 3, "envelope_from", row->envelope_from);
	put(xml, 3, "header_from", row->header_from);
	close_element(xml, 2, "identifiers");
	put_results(xml, row);
	close_element(xml, 1, "record");
}

/* ---- names ---- */

void
dmarc_report_file(struct buf *out, const struct dmarc_report *r)
{
	buf_addf(out, "%s!%s!%lld!%lld!%s.xml", r->receiver, r->domain,
	    (long long)r->begin, (long long)r->end, r->id);
}

void
dmarc_report_subject(struct buf *out, const struct dmarc_report *r)
{
	buf_addf(out, "Report Domain: %s Submitter: %s Report-ID: <%s>",
	    r->domain, r->receiver, r->id);
}

void
dmarc_report_consent(struct buf *out, const char *about, const char *to)
{
	buf_addf(out, "%s._report._dmarc.%s", about, to);
}

bool
dmarc_report_is_own(const char *about, const char *to)
{
	return dmarc_aligned(to, about, false);
}
