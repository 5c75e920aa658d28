/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_name.h"

#include <stdlib.h>
#include <string.h>

#include "map.h"

/* Names are remembered for this long, whatever came of the question: also an
 * address whose name servers do not answer is not waited for each time. */
#define KEEP  ((int64_t)60000)
#define KNOWN 10000

struct known {
	int64_t until;
	bool doubt, reverse_doubt;
	bool confirmed;
	char reverse[];
};

static struct map names; /* address to struct known */

static void
forget_all(void)
{
	MAP_EACH(&names, e)
		free(e->value);
	map_free(&names);
}

static void
remember(const char *addr, const struct smtpd_name_found *f)
{
	size_t size = strlen(f->reverse) + 1;
	struct known *k = xcalloc(1, sizeof(*k) + size);

	if (names.len >= KNOWN)
		forget_all();
	k->until = loop_now() + KEEP;
	k->doubt = f->doubt;
	k->reverse_doubt = f->reverse_doubt;
	k->confirmed = str_eq(f->name, f->reverse);
	memcpy(k->reverse, f->reverse, size);
	void **place = map_puts(&names, addr);
	free(*place);
	*place = k;
}

static struct smtpd_name_found
recall(const struct known *k)
{
	return (struct smtpd_name_found){
		.name = k->confirmed ? k->reverse : NAME_UNKNOWN,
		.reverse = k->reverse,
		.doubt = k->doubt,
		.reverse_doubt = k->reverse_doubt,
	};
}

/* What the PTR record has said stays with the caller. */
static void
tell(struct smtpd_name *n, bool confirmed, bool doubt)
{
	CLEAN_STR char *reverse = TAKE_PTR(n->name);
	smtpd_name_fn *fn = n->found;
	struct smtpd_name_found f = {
		.name = confirmed ? reverse : NAME_UNKNOWN,
		.reverse = reverse != NULL ? reverse : NAME_UNKNOWN,
		.doubt = doubt,
		.reverse_doubt = doubt && reverse == NULL,
	};

	remember(n->addr, &f);
	smtpd_name_drop(n);
	fn(n, &f);
}

void
smtpd_name_drop(struct smtpd_name *n)
{
	dns_drop(&n->query);
	loop_cancel(&n->timer);
	free(n->addr);
	free(n->name);
	n->addr = NULL;
	n->name = NULL;
}

static void
on_patience_ended(struct loop_timer *t)
{
	tell(container_of(t, struct smtpd_name, timer), false, true);
}

/* An answer that comes at once may have ended the question, and whatever it was
 * part of. */
static void
ask(struct smtpd_name *n, const char *name, enum dns_type type, dns_fn *fn)
{
	struct dns_query *q = dns_ask(name, type, fn, n);

	if (q != NULL)
		n->query = q;
}

/* The addresses of the name: is the client's among them? */
static void
on_addresses(void *owner, const struct dns_answer *answer)
{
	struct smtpd_name *n = owner;
	bool confirmed = false;

	n->query = NULL;
	if (answer->status == DNS_OK)
		for (size_t i = 0; i < answer->n; i++)
			if (answer->records[i].address != NULL &&
			    str_eq(answer->records[i].address, n->addr))
				confirmed = true;
	tell(n, confirmed, answer->status == DNS_FAILED);
}

static void
on_name(void *owner, const struct dns_answer *answer)
{
	struct smtpd_name *n = owner;
	enum dns_type type = strchr(n->addr, ':') != NULL ? DNS_AAAA : DNS_A;

	n->query = NULL;
	if (answer->status != DNS_OK || answer->n == 0 ||
	    answer->records[0].name == NULL ||
	    answer->records[0].name[0] == '\0') {
		tell(n, false, answer->status == DNS_FAILED);
		return;
	}
	n->name = xstrdup(answer->records[0].name);
	ask(n, n->name, type, on_addresses);
}

void
smtpd_name_ask(struct smtpd_name *n, const char *addr, smtpd_name_fn *found)
{
	const struct known *k = map_gets(&names, addr);
	struct smtpd_name_found f = { .name = "localhost",
		.reverse = "localhost" };
	char reverse[80];

	/* As hosts(5) has it; many a name server does not (RFC 6761 6.3). */
	if (str_eq(addr, "127.0.0.1") || str_eq(addr, "::1")) {
		found(n, &f);
		return;
	}
	if (k != NULL && k->until > loop_now()) {
		f = recall(k);
		found(n, &f);
		return;
	}
	n->found = found;
	n->addr = xstrdup(addr);
	if (!dns_reverse_name(addr, reverse)) {
		tell(n, false, false);
		return;
	}
	loop_timer(&n->timer, NAME_PATIENCE, on_patience_ended);
	ask(n, reverse, DNS_PTR, on_name);
}
