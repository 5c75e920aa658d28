/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sts_look.h"

static void
finish(struct sts_look *l, enum found found, const char *why)
{
	l->found = found;
	l->why = why;
	l->done(l->owner);
}

bool
sts_look_judge(struct arena *a, const struct https *fetch,
    struct sts_policy *out, const char **why)
{
	const struct http *h = &fetch->http;

	*why = fetch->why;
	if (!fetch->ok)
		return false;
	*why = "the HTTP status is not 200";
	if (h->status != 200)
		return false;
	*why = "it is not text/plain";
	if (!str_eq(buf_str(&h->type), "text/plain"))
		return false;
	return sts_policy_parse(a,
	    (struct slice){ buf_str(&h->body), h->body.len }, out, why);
}

static void
on_fetched(void *owner)
{
	struct sts_look *l = owner;
	const char *why;

	if (sts_look_judge(&l->arena, &l->fetch, &l->policy, &why))
		finish(l, FOUND_ONE, "");
	else
		finish(l, FOUND_FAILED, arena_strdup(&l->arena, why));
}

static void
fetch(struct sts_look *l)
{
	https_start(&l->fetch,
	    &(struct https_want){
		.host = arena_printf(&l->arena, "mta-sts.%s", l->domain),
		.path = STS_POLICY_PATH,
		.limit = STS_POLICY_MAX,
		.time = l->time,
	    },
	    on_fetched, l);
}

static void
on_record(void *owner, const struct dns_answer *answer)
{
	struct sts_look *l = owner;
	const struct dns_record *ours = NULL;
	const char *why = "there are several records";
	size_t n = 0;

	l->query = NULL;
	for (size_t i = 0; i < answer->n; i++)
		if (sts_txt_is_ours(answer->records[i].data)) {
			ours = &answer->records[i];
			n++;
		}
	if (answer->status == DNS_FAILED)
		finish(l, FOUND_FAILED, arena_strdup(&l->arena, answer->text));
	else if (n == 0)
		finish(l, FOUND_NONE, "");
	else if (n > 1 || !sts_txt_parse(ours->data, l->id, &why))
		finish(l, FOUND_FAILED, why);
	else
		fetch(l);
}

void
sts_look_start(struct sts_look *l, const char *domain, int64_t time,
    sts_look_fn *done, void *owner)
{
	*l = (struct sts_look){ .time = time, .done = done, .owner = owner };
	l->domain = arena_strdup(&l->arena, domain);
	struct dns_query *q = dns_ask(arena_printf(&l->arena, "_mta-sts.%s",
					  domain),
	    DNS_TXT, on_record, l);
	if (q != NULL) /* else l may be gone */
		l->query = q;
}

void
sts_look_free(struct sts_look *l)
{
	dns_drop(&l->query);
	https_free(&l->fetch);
	arena_free(&l->arena);
	*l = (struct sts_look){ 0 };
}
