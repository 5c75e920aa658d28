/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spf_world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "dns_answer.h"

#define FIELDS 8

static int
hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = strchr(digits, char_lower(c));

	return at != NULL && c != '\0' ? (int)(at - digits) : 0;
}

/* A field without its \xNN. */
static struct slice
plain(struct arena *a, struct slice field)
{
	CLEAN_BUF struct buf out = { 0 };

	for (size_t i = 0; i < field.len; i++)
		if (field.at[i] == '\\' && i + 3 < field.len &&
		    field.at[i + 1] == 'x') {
			buf_addc(&out,
			    (char)(hex(field.at[i + 2]) << 4 |
				hex(field.at[i + 3])));
			i += 3;
		} else {
			buf_addc(&out, field.at[i]);
		}
	return (struct slice){
		arena_memdup(a, buf_str(&out), out.len),
		out.len,
	};
}

static void
read_line(struct spf_world *w, struct slice line, size_t *zone)
{
	const char *f[FIELDS];
	struct slice field, data = SLICE("");
	size_t n = 0;

	for (size_t i = 0; i < FIELDS; i++)
		f[i] = "";
	while (n < FIELDS && slice_next_part(&line, '\t', &field)) {
		data = plain(&w->arena, field);
		f[n++] = data.at;
	}
	if (n == 0 || f[0][0] == '#')
		return;
	if (str_eq(f[0], "zone")) {
		*zone = w->n_rrs;
	} else if (str_eq(f[0], "rr")) {
		w->rrs[w->n_rrs++] = (struct spf_rr){ f[1], f[2], data };
	} else {
		ck_assert_msg(str_eq(f[0], "case") && n >= 6, "%s", f[0]);
		w->cases[w->n_cases++] = (struct spf_case){
			.id = f[1],
			.client = f[2],
			.helo = f[3],
			.sender = f[4],
			.results = f[5],
			.explanation = f[6][0] != '\0' ? f[6] : "*",
			.first_rr = *zone,
		};
	}
}

void
spf_world_read(struct spf_world *w, const char *text)
{
	struct slice rest = slice_of(text), line;
	size_t lines = 1, zone = 0;

	for (const char *p = text; *p != '\0'; p++)
		lines += *p == '\n';
	w->rrs = xcalloc(lines, sizeof(*w->rrs));
	w->cases = xcalloc(lines, sizeof(*w->cases));
	while (slice_next_part(&rest, '\n', &line)) {
		size_t before = zone, n = w->n_cases;

		read_line(w, line, &zone);
		/* A case sees the records of its zone, before it and behind. */
		for (size_t i = 0; i < n; i++)
			if (zone == before && w->cases[i].first_rr == zone)
				w->cases[i].end_rr = w->n_rrs;
		if (w->n_cases > n)
			w->cases[n].end_rr = w->n_rrs;
	}
}

void
spf_world_free(struct spf_world *w)
{
	free(w->rrs);
	free(w->cases);
	arena_free(&w->arena);
	*w = (struct spf_world){ 0 };
}

static const char *
type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_MX:
		return "MX";
	case DNS_PTR:
		return "PTR";
	case DNS_TXT:
		return "TXT";
	case DNS_NS:
	case DNS_CNAME:
	case DNS_TLSA:
		break;
	}
	return "";
}

static void
add_record(struct dns_answer *out, struct dns_record *records,
    enum dns_type type, struct slice data)
{
	struct dns_record *r = &records[out->n++];

	if (type == DNS_TXT) {
		r->data = data;
	} else if (type == DNS_A || type == DNS_AAAA) {
		r->address = data.at;
	} else if (type == DNS_MX) {
		r->preference = (uint16_t)strtoul(data.at, NULL, 10);
		r->name = strchr(data.at, ' ') + 1;
	} else {
		r->name = data.at;
	}
	out->status = DNS_OK;
}

/* The name as bytes. */
static const char *
unescape(struct arena *a, const char *name)
{
	CLEAN_BUF struct buf out = { 0 };

	while (*name != '\0') {
		int byte = dns_name_escape(&name);

		buf_addc(&out, byte >= 0 ? (char)byte : *name++);
	}
	return arena_memdup(a, buf_str(&out), out.len);
}

void
spf_world_answer(const struct spf_world *w, const struct spf_case *c,
    const struct spf_need *need, struct arena *a, struct dns_answer *out)
{
	size_t n = c->end_rr - c->first_rr;
	struct dns_record *records = arena_new(a, (n + 1) * sizeof(*records));
	const char *name = unescape(a, need->name);
	int hops = 0;

	*out = (struct dns_answer){
		.status = DNS_NXDOMAIN,
		.text = "not found",
		.records = records,
		.ttl = 60,
	};
	for (size_t i = c->first_rr; i < c->end_rr; i++) {
		const struct spf_rr *rr = &w->rrs[i];

		if (!str_eq_nocase(rr->name, name))
			continue;
		if (str_eq(rr->type, "CNAME")) {
			name = rr->data.at;
			if (++hops > DNS_CHAIN_MAX) {
				out->status = DNS_FAILED;
				return;
			}
			i = c->first_rr - 1;
			continue;
		}
		if (out->status == DNS_NXDOMAIN)
			out->status = DNS_NODATA;
		if (str_eq(rr->type, "TIMEOUT") && out->n == 0)
			out->status = DNS_FAILED;
		if (str_eq(rr->type, type_name(need->type)))
			add_record(out, records, need->type, rr->data);
	}
}

size_t
spf_world_run(const struct spf_world *w, const struct spf_case *c,
    struct spf *e)
{
	struct spf_question q = {
		.client = c->client,
		.helo = c->helo,
		.sender = c->sender,
		.receiver = "mx.receiver.example",
		.trace = true,
	};
	size_t asked = 0;

	spf_start(e, &q, 1);
	while (!spf_run(e, 1)) {
		ck_assert_uint_gt(e->n_needs, 0);
		for (size_t i = 0; i < e->n_needs; i++) {
			CLEAN_ARENA struct arena a = { 0 };
			struct dns_answer answer;

			spf_world_answer(w, c, &e->needs[i], &a, &answer);
			spf_tell(e, &e->needs[i], &answer);
			asked++;
		}
		ck_assert_uint_lt(asked, 300);
	}
	return asked;
}

const char *
spf_world_judge(const struct spf_case *c, const struct spf_verdict *v,
    struct arena *a)
{
	struct slice rest = slice_of(c->results), one;
	bool right = false;

	while (slice_next_part(&rest, ',', &one))
		right = right || slice_eq(one, spf_result_name(v->result));
	if (!right)
		return arena_printf(a, "%s: %s, not %s (%s %s)", c->id,
		    spf_result_name(v->result), c->results, v->mechanism,
		    v->why != NULL ? v->why : "");
	if (str_eq(c->explanation, "*") || v->result != SPF_FAIL)
		return NULL;
	if (!str_eq(str_eq(c->explanation, "-") ? "" : c->explanation,
		v->explanation))
		return arena_printf(a, "%s: says \"%s\", not \"%s\"", c->id,
		    v->explanation, c->explanation);
	return NULL;
}
