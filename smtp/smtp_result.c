/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_result.h"

#include <string.h>

#include "dane.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "smtp_outcome.h"
#include "smtp_sts.h"

/* The policy as it was fetched, as far as it is kept. */
static void
put_sts(struct buf *out, const struct sts_policy *p)
{
	struct slice rest = slice_of(p->mx), mx;

	buf_addf(out, "version: STSv1\nmode: %s\n", sts_mode_name(p->mode));
	while (slice_next_part(&rest, ' ', &mx))
		buf_addf(out, "mx: %.*s\n", (int)mx.len, mx.at);
	buf_addf(out, "max_age: %lld", (long long)p->max_age);
}

/* RFC 6698 2.2 */
static void
put_tlsa(struct buf *out, const struct dane *d)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct dane_record *r = &d->records[i];

		buf_addf(out, "%s%u %u %u ", i > 0 ? "\n" : "", r->usage,
		    r->selector, r->matching);
		for (size_t k = 0; k < r->data.len; k++)
			buf_addf(out, "%02x", (unsigned char)r->data.at[k]);
	}
}

static void
tell(const struct smtp_tls_outcome *o, const char *domain, struct chan *c)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf strings = { 0 };
	CLEAN_BUF struct buf reason = { 0 };
	const struct smtp_sts *sts = o->policy->origin == SMTP_TLS_BY_STS
	    ? smtp_sts_of(domain)
	    : NULL;
	struct msg_tls_result m = {
		.domain = domain,
		.policy = o->policy->origin == SMTP_TLS_BY_STS ? TLS_POLICY_STS
		    : o->policy->origin == SMTP_TLS_BY_DANE    ? TLS_POLICY_TLSA
							    : TLS_POLICY_NONE,
		.mx = "",
		.result = smtp_tls_result_name(o->result),
		.our_ip = o->our_address,
		.host = o->host->name,
		.helo = "",
		.host_ip = o->host->address,
	};

	if (sts != NULL && sts->id[0] != '\0') {
		put_sts(&strings, &sts->policy);
		m.mx = sts->policy.mx;
	}
	if (o->policy->origin == SMTP_TLS_BY_DANE && o->policy->dane != NULL)
		put_tlsa(&strings, o->policy->dane);
	str_printable(&reason, o->reason, strlen(o->reason), 200);
	m.strings = buf_str(&strings);
	m.reason = buf_str(&reason);
	msg_put_tls_result(&packet, &m);
	chan_send(c, &packet, -1, false);
}

/* What we ask for ourselves is nothing that the owner of a domain has to mend,
 * and a host that was named is nobody's MX. */
static void
on_outcome(const struct smtp_tls_outcome *o)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct chan *c = program_peer(ROLE_REPORT);
	bool ours = o->policy->origin == SMTP_TLS_OURS &&
	    o->policy->level != SMTP_TLS_MAY;
	struct smtp_target t;
	const char *why;

	if (c == NULL || ours || o->host->port != SMTP_PORT ||
	    !smtp_target_parse(&a, o->nexthop, &t, &why) || !t.mx)
		return;
	tell(o, t.host, c);
}

void
smtp_result_open(void)
{
	if (params.smtp_tlsrpt)
		smtp_outcome_to(on_outcome);
}
