/*
 * libevent's change list is not used: it puts off the removal of a descriptor
 * until after its close, and a descriptor that another process shares (a
 * listening socket in two generations of smtpd) would then stay in the epoll
 * set for good.  Changes of a watch are gathered here instead, but for
 * removals.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "loop.h"

#include <event2/event.h>
#include <signal.h>
#include <string.h>

#include "clock.h"
#include "log.h"

#define HOOKS_MAX   8
#define SIGNALS_MAX 8

struct loop_signal {
	struct event event;
	void (*got)(int number);
};

static struct {
	struct event_base *base;
	struct list changed;
	void (*hooks[HOOKS_MAX])(void);
	size_t n_hooks;
	struct loop_signal signals[SIGNALS_MAX];
	size_t n_signals;
	int64_t now, wall; /* 0: not read in this round */
	bool stop;
} loop;

void
loop_start(void)
{
	struct event_config *config = event_config_new();

	if (config == NULL ||
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) < 0)
		log_fatal("event loop: no memory");
	loop.base = event_base_new_with_config(config);
	event_config_free(config);
	if (loop.base == NULL)
		log_fatal("event loop: cannot make one: %m");
	list_init(&loop.changed);
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for a valid number */
}

void
loop_free(void)
{
	for (size_t i = 0; i < loop.n_signals; i++)
		(void)event_del(&loop.signals[i].event); /* was added */
	event_base_free(loop.base);
	memset(&loop, 0, sizeof(loop));
}

int64_t
loop_now(void)
{
	if (loop.now == 0)
		loop.now = clock_mono();
	return loop.now;
}

int64_t
loop_wall(void)
{
	if (loop.wall == 0)
		loop.wall = clock_wall();
	return loop.wall;
}

/* A handler earlier in the round may have paused this watch. */
static void
on_ready(evutil_socket_t fd __attribute__((unused)), short what, void *arg)
{
	struct loop_watch *w = arg;
	int can = LOOP_NOTHING;

	if ((what & EV_READ) != 0)
		can |= LOOP_READ;
	if ((what & EV_WRITE) != 0)
		can |= LOOP_WRITE;
	can &= w->want;
	if (can != LOOP_NOTHING)
		w->ready(w, can);
}

/* Tells the kernel what the watch wants by now. */
static void
arm(struct loop_watch *w)
{
	short what = EV_PERSIST;

	if (w->armed == w->want)
		return;
	if (w->armed != LOOP_NOTHING)
		(void)event_del(&w->event); /* was added */
	w->armed = w->want;
	if (w->want == LOOP_NOTHING)
		return;
	if ((w->want & LOOP_READ) != 0)
		what |= EV_READ;
	if ((w->want & LOOP_WRITE) != 0)
		what |= EV_WRITE;
	if (event_assign(&w->event, loop.base, w->fd, what, on_ready, w) < 0 ||
	    event_add(&w->event, NULL) < 0)
		log_fatal("event loop: cannot watch descriptor %d: %m", w->fd);
}

void
loop_want(struct loop_watch *w, int want)
{
	w->want = want;
	if (want == w->armed)
		list_drop(&w->changed);
	else if (!list_linked(&w->changed))
		list_append(&loop.changed, &w->changed);
}

void
loop_watch(struct loop_watch *w, int fd, int want,
    void (*ready)(struct loop_watch *w, int what))
{
	if (w->armed != LOOP_NOTHING && w->fd != fd)
		loop_unwatch(w);
	w->fd = fd;
	w->ready = ready;
	loop_want(w, want);
}

void
loop_unwatch(struct loop_watch *w)
{
	list_drop(&w->changed);
	w->want = LOOP_NOTHING;
	arm(w);
}

static void
add_timer(struct loop_timer *t, int64_t after)
{
	struct timeval tv = {
		.tv_sec = after / SECOND,
		.tv_usec = after % SECOND * 1000,
	};

	if (event_add(&t->event, &tv) < 0)
		log_fatal("event loop: cannot set a timer: %m");
}

/* libevent counts with the coarse clock, which lags by some milliseconds. */
static void
on_due(evutil_socket_t fd __attribute__((unused)),
    short what __attribute__((unused)), void *arg)
{
	struct loop_timer *t = arg;
	int64_t left = t->at - loop_now();

	if (left > 0) {
		add_timer(t, left);
		return;
	}
	t->at = 0;
	t->due(t);
}

void
loop_timer(struct loop_timer *t, int64_t after,
    void (*due)(struct loop_timer *t))
{
	after = MAX(after, 0);
	t->due = due;
	t->at = loop_now() + after;
	if (!t->made && evtimer_assign(&t->event, loop.base, on_due, t) < 0)
		log_fatal("event loop: cannot make a timer: %m");
	t->made = true;
	add_timer(t, after);
}

void
loop_cancel(struct loop_timer *t)
{
	if (t->at != 0)
		(void)event_del(&t->event); /* was added */
	t->at = 0;
}

static void
on_signal(evutil_socket_t number, short what __attribute__((unused)), void *arg)
{
	struct loop_signal *s = arg;

	s->got(number);
}

void
loop_signal(int number, void (*got)(int number))
{
	if (loop.n_signals == SIGNALS_MAX)
		log_panic("event loop: more than %d signals", SIGNALS_MAX);

	struct loop_signal *s = &loop.signals[loop.n_signals++];
	s->got = got;
	if (evsignal_assign(&s->event, loop.base, number, on_signal, s) < 0 ||
	    evsignal_add(&s->event, NULL) < 0)
		log_fatal("event loop: cannot watch signal %d: %m", number);
}

void
loop_each_round(void (*fn)(void))
{
	for (size_t i = 0; i < loop.n_hooks; i++)
		if (loop.hooks[i] == fn)
			return;
	if (loop.n_hooks == HOOKS_MAX)
		log_panic("event loop: more than %d hooks", HOOKS_MAX);
	loop.hooks[loop.n_hooks++] = fn;
}

/* What the last round left behind goes out; then comes the wait, after which
 * the clock is read anew by whoever asks first. */
static void
run_round(int flags)
{
	struct list *link;

	for (size_t i = 0; i < loop.n_hooks; i++)
		loop.hooks[i]();
	while ((link = list_take(&loop.changed)) != NULL)
		arm(container_of(link, struct loop_watch, changed));
	loop.now = 0;
	loop.wall = 0;
	if (!loop.stop && event_base_loop(loop.base, flags) < 0)
		log_fatal("event loop: waiting failed: %m");
}

void
loop_run(void)
{
	loop.stop = false;
	while (!loop.stop)
		run_round(EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
}

void
loop_stop(void)
{
	loop.stop = true;
}

static void
nothing_due(struct loop_timer *t __attribute__((unused)))
{
}

void
loop_once(int64_t wait)
{
	static struct loop_timer limit;
	int flags = EVLOOP_ONCE | (wait > 0 ? 0 : EVLOOP_NONBLOCK);

	loop.stop = false;
	limit = (struct loop_timer){ 0 };
	if (wait > 0)
		loop_timer(&limit, wait, nothing_due);
	run_round(flags);
	for (size_t i = 0; i < loop.n_hooks; i++)
		loop.hooks[i]();
	loop_cancel(&limit);
}
