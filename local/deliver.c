/*
 * deliver: does what local asks for with the rights of the user it is for.
 *
 * This is the one program beside master that stays root, with the capabilities
 * to change ids and to kill alone.  It parses nothing that came from the
 * network and opens no file: a request is given to a child, which becomes the
 * user for good and then does the one thing (deliver_worker.c and
 * deliver_child.c).  The child says what became of it; a child that dies
 * silently is later.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "deliver_worker.h"
#include "list.h"
#include "log.h"
#include "program.h"

#define GRACE (10 * SECOND) /* beyond a request's own deadline */

struct work {
	struct loop_timer timer;
	struct list link;
	struct chan *from; /* NULL: who asked is gone */
	struct buf request;
	struct msg_deliver m; /* in the request */
	struct errand errand;
	int mail;
};

static struct list running, waiting;
static uint32_t n_running;

static void start_some(void);

static void
work_destroy(struct work *w)
{
	list_drop(&w->link);
	loop_cancel(&w->timer);
	close_fd(&w->mail);
	buf_free(&w->request);
	free(w);
}

/* The child's own packet, where it is one, or that it is not known. */
static void
answer(struct work *w, struct slice packet, const char *trouble)
{
	struct msg_delivered m;
	CLEAN_BUF struct buf out = { 0 };
	struct wire wire = wire_open(packet.at, packet.len);
	bool whole = wire_get_u32(&wire) == MSG_delivered &&
	    msg_get_delivered(&m, wire.at, wire.left);

	if (!whole || m.stream != w->m.stream) {
		struct deliver_result r = { 0 };

		deliver_say(&r, OUTCOME_DEFER, "4.3.0", "%s", trouble);
		deliver_put_result(&out, w->m.stream, &r);
		buf_free(&r.text);
	} else {
		buf_add(&out, packet.at, packet.len);
	}
	if (w->from != NULL)
		chan_send(w->from, &out, -1, false);
	work_destroy(w);
}

static void
stop_running(struct work *w)
{
	list_drop(&w->link);
	loop_cancel(&w->timer);
	n_running--;
}

static void
on_over(struct errand *e, struct slice packet)
{
	struct work *w = container_of(e, struct work, errand);

	stop_running(w);
	if (packet.at == NULL && w->from != NULL)
		list_append(&waiting, &w->link);
	else
		answer(w, packet, "the delivery process died");
	start_some();
}

static void
on_late(struct loop_timer *timer)
{
	struct work *w = container_of(timer, struct work, timer);

	log_warn("%s: delivery of user %s takes too long: killed", w->m.id,
	    w->m.user);
	worker_kill(w->errand.worker); /* its end is told by on_over() */
}

/* False where it has to wait. */
static bool
start_one(struct work *w)
{
	int64_t left = w->m.deadline - loop_now();

	/* Who asked waits not much longer, and would have it done again. */
	if (left <= 0) {
		answer(w, ERRAND_NOT_BEGUN, "there was no time for it");
		return true;
	}
	w->errand = (struct errand){
		.m = &w->m,
		.request = &w->request,
		.file = &w->mail,
		.over = on_over,
	};
	if (worker_give(&w->errand)) {
		list_append(&running, &w->link);
		n_running++;
		loop_timer(&w->timer, left + GRACE, on_late);
		return true;
	}
	if (errno == EAGAIN && worker_count() > 0) {
		list_prepend(&waiting, &w->link);
		return false;
	}
	answer(w, ERRAND_NOT_BEGUN, strerror(errno));
	return true;
}

static void
start_some(void)
{
	struct list *first;

	while ((first = list_take(&waiting)) != NULL)
		if (!start_one(container_of(first, struct work, link)))
			return;
}

static bool
answer_deliver(struct chan *c, const void *body, size_t len, int fd)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->mail = fd;
	w->from = c;
	buf_add(&w->request, body, len);
	if (!msg_get_deliver(&w->m, buf_str(&w->request), len) ||
	    w->m.kind > DELIVER_INCLUDE ||
	    (fd < 0 && w->m.kind < DELIVER_FORWARD)) {
		work_destroy(w);
		return false;
	}
	list_append(&waiting, &w->link);
	start_some();
	return true;
}

/* What waits is not begun; what runs ends by itself and nobody hears of it. */
static void
peer_ended(struct chan *c)
{
	LIST_EACH(struct work, w, &waiting, link)
		if (w->from == c)
			work_destroy(w);
	LIST_EACH(struct work, w, &running, link)
		if (w->from == c)
			w->from = NULL;
}

static uint32_t
busy(void)
{
	return n_running + (list_empty(&waiting) ? 0 : 1);
}

static const struct chan_rule rules[] = {
	{ MSG_deliver, 1U << ROLE_LOCAL, answer_deliver },
};

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = peer_ended,
	.busy = busy,
	.feeders = 1U << ROLE_LOCAL,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_DELIVER, argc, argv);
	/* What this loads and reads, no child has to. */
	(void)getpwnam("root");
	(void)getgrnam("mail");
	worker_on_room(start_some);
	program_confine();
	program_run(&calls);
}
