/*
 * A fact is a rec_tls_fact.  The report groups them by the policy that was in
 * force: each has a summary and its failures.
 *
 * The JSON has one fixed form of few fields, and lib/base/json.h writes the
 * strings, so no library does it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "report_tls.h"

#include <string.h>
#include <time.h>

#include "arena.h"
#include "clock.h"
#include "fd.h"
#include "json.h"
#include "msg.h"
#include "param.h"

/* ---- facts ---- */

bool
report_tls_result(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf fact = { 0 };
	CLEAN_BUF struct buf coarse = { 0 };
	struct msg_tls_result m;

	(void)c;
	close_fd(&fd);
	if (!msg_get_tls_result(&m, body, len) || m.policy > TLS_POLICY_TLSA ||
	    m.domain[0] == '\0')
		return false;
	struct rec_tls_fact f = {
		.policy = m.policy,
		.strings = m.strings,
		.mx = m.mx,
		.result = m.result,
	};
	rec_put_tls_fact(&coarse, &f);
	if (m.result[0] != '\0') { /* of successes only the number counts */
		f.our_ip = m.our_ip;
		f.host = m.host;
		f.helo = m.helo;
		f.host_ip = m.host_ip;
		f.reason = m.reason;
	}
	rec_put_tls_fact(&fact, &f);
	report_store_count(REPORT_TLS, m.domain, loop_wall(),
	    (struct slice){ fact.text, fact.len },
	    (struct slice){ coarse.text, coarse.len });
	return true;
}

/* ---- the report ---- */

struct failure {
	struct list link;
	struct rec_tls_fact fact;
	uint64_t count;
};

struct policy {
	struct list link;
	struct rec_tls_fact fact; /* its policy, strings and mx */
	uint64_t good, bad;
	struct list failures;
};

struct report {
	struct arena arena;
	struct list policies;
};

static struct policy *
policy_of(struct report *r, const struct rec_tls_fact *f)
{
	LIST_EACH(struct policy, p, &r->policies, link)
		if (p->fact.policy == f->policy &&
		    str_eq(p->fact.strings, f->strings) &&
		    str_eq(p->fact.mx, f->mx))
			return p;

	struct policy *p = arena_new(&r->arena, sizeof(*p));
	p->fact = *f;
	list_append(&r->policies, &p->link);
	return p;
}

static void
add_fact(void *owner, struct slice bytes, uint64_t count)
{
	struct report *r = owner;
	const char *copy = arena_memdup(&r->arena, bytes.at, bytes.len);
	struct wire w = wire_open(copy, bytes.len);
	struct rec_tls_fact f;

	if (!rec_get_tls_fact(&f, &w) || !wire_done(&w))
		return;
	struct policy *p = policy_of(r, &f);
	if (f.result[0] == '\0') {
		p->good += count;
		return;
	}
	p->bad += count;
	struct failure *fail = arena_new(&r->arena, sizeof(*fail));
	fail->fact = f;
	fail->count = count;
	list_append(&p->failures, &fail->link);
}

/* ---- JSON ---- */

static void
put_time(struct buf *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / SECOND);
	struct tm tm;
	char text[32];

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = '\0';
	json_put_str(out, text);
}

/* ,"name":"value" where there is one. */
static void
put_member(struct buf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	buf_addf(out, ",\"%s\":", name);
	json_put_str(out, value);
}

/* ,"name":[...] of a text's parts, where there are any. */
static void
put_list(struct buf *out, const char *name, const char *text, char separator)
{
	struct slice rest = slice_of(text), part;
	const char *comma = "";

	if (text[0] == '\0')
		return;
	buf_addf(out, ",\"%s\":[", name);
	while (slice_next_part(&rest, separator, &part)) {
		buf_adds(out, comma);
		json_put_text(out, part.at, part.len);
		comma = ",";
	}
	buf_addc(out, ']');
}

static void
put_failure(struct buf *out, const struct failure *f)
{
	buf_adds(out, "{\"result-type\":");
	json_put_str(out, f->fact.result);
	put_member(out, "sending-mta-ip", f->fact.our_ip);
	put_member(out, "receiving-mx-hostname", f->fact.host);
	put_member(out, "receiving-mx-helo", f->fact.helo);
	put_member(out, "receiving-ip", f->fact.host_ip);
	buf_addf(out, ",\"failed-session-count\":%llu",
	    (unsigned long long)f->count);
	put_member(out, "failure-reason-code", f->fact.reason);
	buf_addc(out, '}');
}

static void
put_policy(struct buf *out, struct policy *p, const char *domain)
{
	static const char *const types[] = {
		[TLS_POLICY_NONE] = "no-policy-found",
		[TLS_POLICY_STS] = "sts",
		[TLS_POLICY_TLSA] = "tlsa",
	};
	const char *comma = "";

	buf_adds(out, "{\"policy\":{\"policy-type\":");
	json_put_str(out, types[p->fact.policy]);
	put_list(out, "policy-string", p->fact.strings, '\n');
	put_member(out, "policy-domain", domain);
	put_list(out, "mx-host", p->fact.mx, ' ');
	buf_addf(out,
	    "},\"summary\":{\"total-successful-session-count\":%llu,"
	    "\"total-failure-session-count\":%llu}",
	    (unsigned long long)p->good, (unsigned long long)p->bad);
	if (p->bad > 0) {
		buf_adds(out, ",\"failure-details\":[");
		LIST_EACH(struct failure, f, &p->failures, link) {
			buf_adds(out, comma);
			put_failure(out, f);
			comma = ",";
		}
		buf_addc(out, ']');
	}
	buf_addc(out, '}');
}

void
report_tls_write(struct buf *out, const struct report_due *due, const char *id)
{
	struct report r = { 0 };
	const char *comma = "";

	report_store_each(due, add_fact, &r);
	buf_adds(out, "{\"organization-name\":");
	json_put_str(out, params.report_organization);
	buf_adds(out, ",\"date-range\":{\"start-datetime\":");
	put_time(out, due->begin);
	buf_adds(out, ",\"end-datetime\":");
	put_time(out, due->end - SECOND);
	buf_addc(out, '}');
	put_member(out, "contact-info", params.report_contact);
	put_member(out, "report-id", id);
	buf_adds(out, ",\"policies\":[");
	LIST_EACH(struct policy, p, &r.policies, link) {
		buf_adds(out, comma);
		put_policy(out, p, due->domain);
		comma = ",";
	}
	buf_adds(out, "]}\n");
	arena_free(&r.arena);
}
