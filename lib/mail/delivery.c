/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "delivery.h"

#include <string.h>

#include "addr.h"
#include "clock.h"
#include "log.h"
#include "str.h"

#define TEXT_MAX 2048

void
delivery_show_time(struct buf *out, int64_t ms)
{
	int64_t step = ms < SECOND ? 10 : ms < 10 * SECOND ? 100 : SECOND;
	int64_t rounded = (MAX(ms, (int64_t)0) + step / 2) / step * step;
	int64_t hundredths = rounded % SECOND / 10;

	buf_addf(out, "%lld", (long long)(rounded / SECOND));
	if (hundredths % 10 != 0)
		buf_addf(out, ".%02d", (int)hundredths);
	else if (hundredths != 0)
		buf_addf(out, ".%d", (int)(hundredths / 10));
}

static void
show_times(struct buf *out, const struct delivery *d)
{
	/* A stage that was not reached took no time. */
	int64_t over = d->over;
	int64_t queued = d->queued != 0 ? d->queued : over;
	int64_t started = d->started != 0 ? d->started : over;
	int64_t ready = d->ready != 0 ? d->ready : over;

	buf_adds(out, LOG_SEP "delay=");
	delivery_show_time(out, over - d->arrived);
	buf_adds(out, LOG_SEP "delays=");
	delivery_show_time(out, queued - d->arrived);
	buf_addc(out, '/');
	delivery_show_time(out, started - queued);
	buf_addc(out, '/');
	delivery_show_time(out, ready - started);
	buf_addc(out, '/');
	delivery_show_time(out, over - ready);
}

void
delivery_show(struct buf *out, const struct delivery *d)
{
	buf_addf(out, "%s: to=<", d->id);
	str_printable(out, d->to, strlen(d->to), ADDR_MAX);
	buf_addc(out, '>');
	if (d->orig_to[0] != '\0' && !str_eq(d->orig_to, d->to)) {
		buf_adds(out, LOG_SEP "orig_to=<");
		str_printable(out, d->orig_to, strlen(d->orig_to), ADDR_MAX);
		buf_addc(out, '>');
	}
	buf_addf(out, LOG_SEP "relay=%s", d->relay != NULL ? d->relay : "none");
	show_times(out, d);
	buf_addf(out, LOG_SEP "dsn=%s" LOG_SEP "status=%s (", d->fate->status,
	    dsn_word(d->fate->outcome));
	str_printable(out, d->fate->text, strlen(d->fate->text), TEXT_MAX);
	buf_addc(out, ')');
}

void
delivery_log(const struct delivery *d)
{
	CLEAN_BUF struct buf line = { 0 };

	delivery_show(&line, d);
	log_info("%s", buf_str(&line));
}
