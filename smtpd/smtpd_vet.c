/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_vet.h"

#include <stdlib.h>

#include "param.h"
#include "program.h"
#include "query.h"

/* Beyond callout's own patience, in which it answers. */
#define SPARE ((int64_t)5000)

struct smtpd_vetting {
	struct query query;
	smtpd_vet_fn *fn;
	void *owner;
};

static void
tell(struct smtpd_vetting *v, const struct msg_vetted *said)
{
	smtpd_vet_fn *fn = v->fn;
	void *owner = v->owner;

	free(v);
	fn(owner, said);
}

static void
on_failed(struct query *q, const char *why)
{
	struct msg_vetted nothing = {
		.verdict = VETTED_UNKNOWN,
		.status = "",
		.text = "its host could not be asked",
	};

	(void)why; /* it is no matter for who sends the mail */
	tell(container_of(q, struct smtpd_vetting, query), &nothing);
}

static int64_t
patience(void)
{
	return params.address_verify_poll_count *
	    params.address_verify_poll_delay +
	    SPARE;
}

struct smtpd_vetting *
smtpd_vet(const char *address, const struct route *route, smtpd_vet_fn *fn,
    void *owner)
{
	CLEAN_BUF struct buf packet = { 0 };

	if (program_peer(ROLE_CALLOUT) == NULL)
		return NULL;
	struct smtpd_vetting *v = xcalloc(1, sizeof(*v));
	v->fn = fn;
	v->owner = owner;
	msg_put_vet(&packet,
	    &(struct msg_vet){
		.stream = query_open(&v->query, patience(), on_failed),
		.address = address,
		.transport = route->transport,
		.nexthop = route->nexthop,
	    });
	query_send(&v->query, ROLE_CALLOUT, &packet, -1);
	return v;
}

void
smtpd_vet_drop(struct smtpd_vetting **v)
{
	if (*v == NULL)
		return;
	query_drop(&(*v)->query);
	free(*v);
	*v = NULL;
}

/* An answer to a question that was dropped is no fault of the program's. */
bool
smtpd_vet_answered(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_vetted m;

	close_fd(&fd);
	if (!msg_get_vetted(&m, body, len) || m.verdict > VETTED_LIMITED)
		return false;
	struct query *q = query_take(c, m.stream);
	if (q != NULL)
		tell(container_of(q, struct smtpd_vetting, query), &m);
	return true;
}
