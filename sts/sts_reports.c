/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sts_reports.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dns.h"
#include "dns_answer.h"
#include "fd.h"
#include "https.h"
#include "msg.h"
#include "tlsrpt.h"

#define POST_TIME MINUTE

/* One of both kinds. */
struct work {
	struct list link;
	struct chan *from;
	uint32_t stream;
	struct dns_query *query;
	struct https post;
};

static struct list all;
static size_t n_all;

static struct work *
work_new(struct chan *c, uint32_t stream)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->from = c;
	w->stream = stream;
	list_append(&all, &w->link);
	n_all++;
	return w;
}

static void
work_free(struct work *w)
{
	dns_drop(&w->query);
	https_free(&w->post);
	list_drop(&w->link);
	n_all--;
	free(w);
}

/* ---- who wants reports ---- */

static void
say_rua(struct work *w, enum found found, const char *uris)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_rua_said(&packet,
	    &(struct msg_rua_said){
		.stream = w->stream,
		.found = (uint8_t)found,
		.uris = uris,
	    });
	chan_send(w->from, &packet, -1, false);
	work_free(w);
}

static void
on_record(void *owner, const struct dns_answer *answer)
{
	CLEAN_BUF struct buf uris = { 0 };
	const struct dns_record *ours = NULL;
	struct work *w = owner;
	const char *why;
	size_t n = 0;

	w->query = NULL;
	for (size_t i = 0; i < answer->n; i++)
		if (tlsrpt_is_ours(answer->records[i].data)) {
			ours = &answer->records[i];
			n++;
		}
	if (answer->status == DNS_FAILED)
		say_rua(w, FOUND_FAILED, "");
	else if (n == 1 && tlsrpt_parse(ours->data, &uris, &why) &&
	    uris.len > 0)
		say_rua(w, FOUND_ONE, buf_str(&uris));
	else
		say_rua(w, FOUND_NONE, "");
}

bool
sts_reports_rua(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf name = { 0 };
	struct msg_rua_ask m;

	close_fd(&fd);
	if (!msg_get_rua_ask(&m, body, len))
		return false;
	buf_addf(&name, "_smtp._tls.%s", m.domain);
	struct work *w = work_new(c, m.stream);
	struct dns_query *q = dns_ask(buf_str(&name), DNS_TXT, on_record, w);
	if (q != NULL) /* else w is gone */
		w->query = q;
	return true;
}

/* ---- the way there ---- */

static void
say_posted(struct work *w, bool ok, const char *why)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf text = { 0 };

	str_printable(&text, why, strlen(why), 200);
	msg_put_posted(&packet,
	    &(struct msg_posted){
		.stream = w->stream,
		.ok = ok,
		.why = buf_str(&text),
	    });
	chan_send(w->from, &packet, -1, false);
	work_free(w);
}

static void
on_posted(void *owner)
{
	struct work *w = owner;

	say_posted(w, w->post.ok, w->post.why);
}

bool
sts_reports_post(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct https_want want = { .time = POST_TIME };
	struct msg_post m;

	close_fd(&fd);
	if (!msg_get_post(&m, body, len))
		return false;
	struct work *w = work_new(c, m.stream);
	if (!https_parse_url(&a, slice_of(m.url), &want)) {
		say_posted(w, false, "its URL is not one of HTTPS");
		return true;
	}
	want.type = m.type;
	want.body = m.body;
	https_start(&w->post, &want, on_posted, w); /* w may be gone */
	return true;
}

void
sts_reports_peer_ended(struct chan *c)
{
	LIST_EACH(struct work, w, &all, link)
		if (w->from == c)
			work_free(w);
}

size_t
sts_reports_open(void)
{
	return n_all;
}
