/*
 * Functions stand in the order of events: a question, the record, the policy,
 * the answer; what keeps policies fresh without questions comes last.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sts_find.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dns.h"
#include "https.h"
#include "log.h"
#include "map.h"
#include "sts_cache.h"
#include "sts_look.h"

#define DOMAINS_MAX   ((size_t)10000) /* in memory */
#define ASKERS_MAX    ((size_t)10000)
#define FETCHES_MAX   ((size_t)50) /* at a time; others wait */
#define REFRESH_EVERY ((int64_t)5000)
#define REFRESH_STEP  100 /* entries that are looked at each time */

struct sts_domain {
	struct list link;    /* among all, the longest unused first */
	struct list waiting; /* for its turn to fetch */
	struct list askers;
	char *name;
	struct dns_query *look;
	int64_t looked;                 /* monotonic; 0: never */
	char announced[STS_ID_MAX + 1]; /* the record's id, or "" */
	bool fetching;
	struct https fetch;
	int64_t retry_at;            /* monotonic, after a failure */
	char failed[STS_ID_MAX + 1]; /* the id under which it failed */
	enum sts_fault fault;
	char *why;
	struct buf room; /* what entry points to */
	struct sts_entry entry;
	bool has; /* an entry, which may be over */
};

static struct map domains;             /* by name */
static struct list all;                /* of them */
static struct list waiting;            /* to fetch */
static struct list patient, impatient; /* askers, the oldest first */
static struct loop_timer due, refresh;
static struct buf refreshed; /* the last domain that was looked at */
static size_t n_askers, n_fetches;

static void start_waiting(void);

/* ---- domains ---- */

static bool
is_idle(const struct sts_domain *d)
{
	return d->look == NULL && !d->fetching && list_empty(&d->askers) &&
	    !list_linked(&d->waiting);
}

static void
domain_free(struct sts_domain *d)
{
	list_drop(&d->link);
	(void)map_drops(&domains, d->name);
	free(d->name);
	free(d->why);
	buf_free(&d->room);
	free(d);
}

/* The longest unused one that nothing happens with. */
static bool
drop_one(void)
{
	LIST_EACH(struct sts_domain, d, &all, link)
		if (is_idle(d)) {
			domain_free(d);
			return true;
		}
	return false;
}

/* NULL where there are too many. */
static struct sts_domain *
domain_of(const char *name)
{
	struct sts_domain *d = map_gets(&domains, name);

	if (d == NULL) {
		if (domains.len >= DOMAINS_MAX && !drop_one())
			return NULL;
		d = xcalloc(1, sizeof(*d));
		d->name = xstrdup(name);
		d->has = sts_cache_get(name, &d->room, &d->entry) == FOUND_ONE;
		*map_puts(&domains, name) = d;
	}
	list_drop(&d->link);
	list_append(&all, &d->link);
	return d;
}

static bool
is_in_force(const struct sts_domain *d)
{
	return d->has &&
	    sts_entry_expires(&d->entry, loop_wall()) > loop_wall();
}

/* ---- answers ---- */

static struct sts_known
known_of(const struct sts_domain *d)
{
	struct sts_known k = { .known = true,
		.id = "",
		.why = "",
		.policy = { .mx = "" } };

	if (is_in_force(d)) {
		k.policy = d->entry.policy;
		k.id = d->entry.id;
	}
	/* What is in force is what counts, while there is something. */
	if (k.policy.mode == STS_NONE && d->announced[0] != '\0' &&
	    str_eq(d->failed, d->announced)) {
		k.fault = d->fault;
		k.why = d->why;
	}
	return k;
}

static void
tell(struct sts_asker *a, const struct sts_known *k)
{
	sts_find_stop(a);
	a->told(a, k);
}

static void
tell_all(struct sts_domain *d)
{
	while (!list_empty(&d->askers)) {
		struct sts_known k = known_of(d);

		tell(container_of(d->askers.next, struct sts_asker, link), &k);
	}
}

/* ---- the policy ---- */

static bool
may_retry(const struct sts_domain *d)
{
	return loop_now() >= d->retry_at || !str_eq(d->failed, d->announced);
}

static void
log_policy(const struct sts_domain *d)
{
	const struct sts_policy *p = &d->entry.policy;

	log_info("%s: MTA-STS policy: mode=%s" LOG_SEP "max_age=%lld" LOG_SEP
		 "id=%s" LOG_SEP "mx=%s",
	    d->name, sts_mode_name(p->mode), (long long)p->max_age, d->entry.id,
	    p->mx);
}

static void
keep(struct sts_domain *d, const struct sts_policy *p)
{
	struct buf bytes = { 0 };
	struct sts_entry e = {
		.policy = *p,
		.id = d->announced[0] != '\0' ? d->announced
		    : d->has                  ? d->entry.id
					      : "",
		.fetched = loop_wall(),
		.used = d->has ? d->entry.used : loop_wall(),
	};
	bool same = d->has && str_eq(e.id, d->entry.id) &&
	    e.policy.mode == d->entry.policy.mode &&
	    str_eq(e.policy.mx, d->entry.policy.mx);

	sts_cache_put(d->name, &e);
	sts_entry_put(&bytes, &e);
	buf_free(&d->room);
	d->room = bytes;
	d->has = sts_entry_parse(bytes.text, bytes.len, &d->entry);
	if (!same)
		log_policy(d);
}

/* An administrator of a domain whose policy cannot be had would want to know;
 * ours may tell him, or report does (TLSRPT). */
static void
note_failure(struct sts_domain *d, enum sts_fault fault, const char *why)
{
	CLEAN_BUF struct buf text = { 0 };

	str_printable(&text, why, strlen(why), 200);
	d->retry_at = loop_now() + FIND_RETRY;
	memcpy(d->failed, d->announced, sizeof(d->failed));
	d->fault = fault;
	free(d->why);
	d->why = buf_take(&text);
	log_info("%s: MTA-STS policy cannot be %s: %s%s", d->name,
	    fault == STS_FAULT_INVALID ? "used" : "fetched", d->why,
	    is_in_force(d) ? ": the last one stays in force" : "");
}

static enum sts_fault
fault_of(const struct https *fetch)
{
	if (fetch->ok)
		return fetch->http.status == 200 ? STS_FAULT_INVALID
						 : STS_FAULT_FETCH;
	return fetch->fault == HTTPS_BAD_CERT ? STS_FAULT_WEBPKI
					      : STS_FAULT_FETCH;
}

static void
read_policy(struct sts_domain *d)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct sts_policy p;
	const char *why;

	if (sts_look_judge(&a, &d->fetch, &p, &why))
		keep(d, &p);
	else
		note_failure(d, fault_of(&d->fetch), why);
}

static void
on_fetched(void *owner)
{
	struct sts_domain *d = owner;

	read_policy(d);
	https_free(&d->fetch);
	d->fetching = false;
	n_fetches--;
	tell_all(d);
	start_waiting();
}

static void
fetch(struct sts_domain *d)
{
	CLEAN_BUF struct buf host = { 0 };

	buf_addf(&host, "mta-sts.%s", d->name);
	n_fetches++;
	https_start(&d->fetch,
	    &(struct https_want){
		.host = buf_str(&host),
		.path = STS_POLICY_PATH,
		.limit = STS_POLICY_MAX,
		.time = FIND_FETCH_TIME,
	    },
	    on_fetched, d);
}

static void
start_waiting(void)
{
	while (n_fetches < FETCHES_MAX && !list_empty(&waiting))
		fetch(container_of(list_take(&waiting), struct sts_domain,
		    waiting));
}

static void
want_policy(struct sts_domain *d)
{
	if (d->fetching)
		return;
	d->fetching = true;
	list_append(&waiting, &d->waiting);
	start_waiting();
}

/* ---- the record ---- */

/* Of the records there must be one alone (RFC 8461 3.1); where there is not,
 * nothing is announced, and nothing else is said. */
static void
read_record(struct sts_domain *d, const struct dns_answer *answer)
{
	const struct dns_record *ours = NULL;
	const char *why;
	size_t n = 0;

	d->announced[0] = '\0';
	for (size_t i = 0; i < answer->n; i++)
		if (sts_txt_is_ours(answer->records[i].data)) {
			ours = &answer->records[i];
			n++;
		}
	if (n != 1 || !sts_txt_parse(ours->data, d->announced, &why))
		d->announced[0] = '\0';
}

/* The record announces another policy than the one that is in force. */
static bool
is_other(const struct sts_domain *d)
{
	return d->announced[0] != '\0' &&
	    !(is_in_force(d) && str_eq(d->announced, d->entry.id));
}

/* Tells those who have nothing to wait for. */
static void
settle(struct sts_domain *d)
{
	if (d->look == NULL && !(d->fetching && is_other(d)))
		tell_all(d);
}

/* What is in force is kept fresh even where the record is gone. */
static void
on_looked(void *owner, const struct dns_answer *answer)
{
	struct sts_domain *d = owner;

	d->look = NULL;
	d->looked = loop_now();
	read_record(d, answer);
	bool stale = is_in_force(d) && d->entry.policy.mode != STS_NONE &&
	    sts_entry_is_stale(&d->entry, loop_wall());
	if ((is_other(d) || stale) && may_retry(d))
		want_policy(d);
	settle(d);
}

/* Not while a policy is fetched, which is to have the id that announced it. */
static void
look(struct sts_domain *d)
{
	CLEAN_BUF struct buf name = { 0 };

	if (d->look != NULL || d->fetching ||
	    (d->looked != 0 && loop_now() - d->looked < FIND_LOOK))
		return;
	buf_addf(&name, "_mta-sts.%s", d->name);
	struct dns_query *q = dns_ask(buf_str(&name), DNS_TXT, on_looked, d);
	if (q != NULL)
		d->look = q;
}

/* ---- questions ---- */

static void on_due(struct loop_timer *t);

static struct sts_asker *
first_of(const struct list *askers)
{
	return list_empty(askers)
	    ? NULL
	    : container_of(askers->next, struct sts_asker, in_time);
}

static void
set_timer(void)
{
	const struct sts_asker *a = first_of(&patient);
	const struct sts_asker *b = first_of(&impatient);

	if (a == NULL || (b != NULL && b->deadline < a->deadline))
		a = b;
	if (a != NULL)
		loop_timer(&due, MAX(a->deadline - loop_now(), 0), on_due);
	else
		loop_cancel(&due);
}

/* What is known by now is the answer. */
static void
give_up(struct list *askers)
{
	struct sts_asker *a;

	while ((a = first_of(askers)) != NULL && a->deadline <= loop_now()) {
		struct sts_known k = known_of(a->domain);

		tell(a, &k);
	}
}

static void
on_due(struct loop_timer *t __attribute__((unused)))
{
	give_up(&patient);
	give_up(&impatient);
	set_timer();
}

/* By the day, as it is written each time. */
static void
note_used(struct sts_domain *d)
{
	int64_t now = loop_wall();

	if (!d->has || (now - d->entry.used < DAY && now >= d->entry.used))
		return;
	d->entry.used = now;
	sts_cache_put(d->name, &d->entry);
}

static void
ask(struct sts_asker *a, struct sts_domain *d)
{
	bool old = is_in_force(d);

	a->domain = d;
	a->deadline = loop_now() + (old ? FIND_PATIENCE_OLD : FIND_PATIENCE);
	list_append(&d->askers, &a->link);
	list_append(old ? &impatient : &patient, &a->in_time);
	n_askers++;
	note_used(d);
	look(d);
	settle(d);
	if (n_askers > 0)
		set_timer();
}

void
sts_find(struct sts_asker *a, const char *domain,
    void (*told)(struct sts_asker *a, const struct sts_known *known))
{
	static const struct sts_known too_much = { .id = "",
		.why = "",
		.policy = { .mx = "" } };
	struct sts_domain *d = n_askers < ASKERS_MAX ? domain_of(domain) : NULL;

	*a = (struct sts_asker){ .told = told };
	if (d == NULL)
		told(a, &too_much);
	else
		ask(a, d); /* a may be gone */
}

void
sts_find_stop(struct sts_asker *a)
{
	if (!list_linked(&a->link))
		return;
	list_drop(&a->link);
	list_drop(&a->in_time);
	n_askers--;
}

size_t
sts_find_open(void)
{
	return n_askers + n_fetches;
}

/* ---- without a question ---- */

/* One entry of the cache; true where it is to be fetched. */
static bool
refresh_one(const char *name, const struct sts_entry *e)
{
	int64_t now = loop_wall();

	if (sts_entry_expires(e, now) <= now) {
		sts_cache_drop(name);
		return false;
	}
	if (now - e->used > ENTRY_UNUSED_MAX || !sts_entry_is_stale(e, now))
		return false;
	struct sts_domain *d = domain_of(name);
	if (d != NULL)
		look(d);
	return d != NULL;
}

/* Goes round the cache slowly: one fetch each time at most. */
static void
on_refresh(struct loop_timer *t)
{
	CLEAN_BUF struct buf name = { 0 };
	CLEAN_BUF struct buf room = { 0 };
	struct sts_entry e;

	for (int i = 0; i < REFRESH_STEP; i++) {
		if (sts_cache_next(buf_str(&refreshed), &name, &room, &e) !=
		    FOUND_ONE) {
			buf_reset(&refreshed);
			break;
		}
		buf_reset(&refreshed);
		buf_adds(&refreshed, buf_str(&name));
		if (refresh_one(buf_str(&name), &e))
			break;
	}
	loop_timer(t, REFRESH_EVERY, on_refresh);
}

void
sts_find_refresh(void)
{
	loop_timer(&refresh, REFRESH_EVERY, on_refresh);
}
