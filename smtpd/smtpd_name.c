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
	char name[];
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
remember(const char *addr, const char *name)
{
	size_t size = strlen(name) + 1;
	struct known *k = xcalloc(1, sizeof(*k) + size);

	if (names.len >= KNOWN)
		forget_all();
	k->until = loop_now() + KEEP;
	memcpy(k->name, name, size);
	void **place = map_puts(&names, addr);
	free(*place);
	*place = k;
}

static void
tell(struct smtpd_name *n, const char *name)
{
	void (*found)(struct smtpd_name * n, const char *name) = n->found;

	remember(n->addr, name);
	smtpd_name_drop(n);
	found(n, name);
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
	tell(container_of(t, struct smtpd_name, timer), NAME_UNKNOWN);
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
	if (!confirmed) {
		tell(n, NAME_UNKNOWN);
		return;
	}

	CLEAN_STR char *name = TAKE_PTR(n->name);
	tell(n, name);
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
		tell(n, NAME_UNKNOWN);
		return;
	}
	n->name = xstrdup(answer->records[0].name);
	ask(n, n->name, type, on_addresses);
}

void
smtpd_name_ask(struct smtpd_name *n, const char *addr,
    void (*found)(struct smtpd_name *n, const char *name))
{
	const struct known *k = map_gets(&names, addr);
	char reverse[80];

	/* As hosts(5) has it; many a name server does not (RFC 6761 6.3). */
	if (str_eq(addr, "127.0.0.1") || str_eq(addr, "::1")) {
		found(n, "localhost");
		return;
	}
	if (k != NULL && k->until > loop_now()) {
		found(n, k->name);
		return;
	}
	n->found = found;
	n->addr = xstrdup(addr);
	if (!dns_reverse_name(addr, reverse)) {
		tell(n, NAME_UNKNOWN);
		return;
	}
	loop_timer(&n->timer, NAME_PATIENCE, on_patience_ended);
	ask(n, reverse, DNS_PTR, on_name);
}
