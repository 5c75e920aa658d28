/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "posthouse_tls.h"

#include "buf.h"
#include "dane.h"
#include "param.h"
#include "smtp_policy.h"

#define ROUND 1000 /* milliseconds that the loop waits at most */

static void
on_done(void *owner)
{
	bool *done = owner;

	*done = true;
}

static struct dane
look_up(struct arena *a, const struct smtp_host *host)
{
	struct dane_lookup l = { 0 };
	bool done = false;

	dane_start(&l, a, host, on_done, &done);
	while (!done)
		loop_once(ROUND);
	return l.result;
}

static void
put_records(struct buf *out, const struct dane *d)
{
	for (size_t i = 0; i < d->n; i++) {
		buf_adds(out, i == 0 ? "dane: " : ", ");
		dane_put(out, &d->records[i]);
	}
	buf_addf(out, " at %s", d->base);
}

static void
put_without(struct buf *out, bool must, const char *why)
{
	if (must)
		buf_addf(out, "not used by dane-only: %s", why);
	else
		buf_addf(out, "may, as %s", why);
}

static void
put_dane(struct buf *out, const struct dane *d, const struct smtp_host *host,
    bool must)
{
	const char *mx = params.smtp_tls_dane_insecure_mx_policy;

	switch (d->found) {
	case DANE_NONE:
		put_without(out, must, d->why);
		break;
	case DANE_UNUSABLE:
		if (must)
			put_without(out, must, "no TLSA record is usable");
		else
			buf_adds(out, "encrypt, as no TLSA record is usable");
		break;
	case DANE_FAILED:
		buf_addf(out, "not used now: %s", d->why);
		break;
	case DANE_RECORDS:
		if (host->mx_secure || (!must && str_eq(mx, "dane")))
			put_records(out, d);
		else if (must || str_eq(mx, "may"))
			put_without(out, must, "the MX record is not signed");
		else
			buf_adds(out,
			    "encrypt, as the MX record is not "
			    "signed");
		break;
	}
}

void
posthouse_tls_show(struct buf *out, struct arena *a, const char *nexthop,
    const struct smtp_host *host)
{
	struct smtp_tls_policy p;
	const char *why;

	if (smtp_policy_find(a, nexthop, &p, &why) != FOUND_ONE) {
		buf_addf(out, "not known: %s", why);
		return;
	}
	bool dane = p.level == SMTP_TLS_DANE || p.level == SMTP_TLS_DANE_ONLY;
	if (dane && str_eq(params.smtp_dns_support_level, "dnssec")) {
		struct dane d = look_up(a, host);

		put_dane(out, &d, host, p.level == SMTP_TLS_DANE_ONLY);
	} else if (dane) {
		put_without(out, p.level == SMTP_TLS_DANE_ONLY,
		    "smtp_dns_support_level is not dnssec");
	} else {
		buf_adds(out, p.text);
	}
}
