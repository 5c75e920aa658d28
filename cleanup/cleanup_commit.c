/*
 * The thread sleeps on a semaphore, syncs what `job` names and writes to an
 * eventfd that the loop watches.  There is one job at a time, and it belongs to
 * the thread from sem_post() until the eventfd was read.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cleanup_commit.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"

/* Up to so many files are flushed each by itself, as syncfs costs as much as
 * that and waits for what others write to the file system. */
#define FEW 3

static struct {
	int queue; /* for syncfs */
	int files[FEW];
	size_t n; /* of files; 0: all of the file system */
	int error;
	sem_t begin;
	int finished; /* eventfd */
} job = { .queue = -1, .finished = -1 };

static struct list gathering, under_way;
static size_t n_gathering, n_under_way;
static struct loop_watch watch;
static void (*tell)(struct cleanup_mail *m, int error);

/* ---- the thread ---- */

static int
sync_job(void)
{
	if (job.n == 0)
		return syncfs(job.queue) < 0 ? errno : 0;
	for (size_t i = 0; i < job.n; i++)
		if (fsync(job.files[i]) < 0)
			return errno;
	return 0;
}

static void *
run_thread(void *arg __attribute__((unused)))
{
	const uint64_t one = 1;

	for (;;) {
		while (sem_wait(&job.begin) < 0)
			;
		job.error = sync_job();
		if (write(job.finished, &one, sizeof(one)) != sizeof(one))
			log_panic("the end of a sync cannot be told: %m");
	}
	return NULL;
}

/* ---- the loop ---- */

static void
start_job(void)
{
	struct list *link;

	if (n_under_way > 0 || n_gathering == 0)
		return;
	job.n = 0;
	while ((link = list_take(&gathering)) != NULL) {
		struct cleanup_mail *m = container_of(link, struct cleanup_mail,
		    link);

		list_append(&under_way, &m->link);
		if (n_gathering <= FEW)
			job.files[job.n++] = m->draft.fd;
	}
	n_under_way = n_gathering;
	n_gathering = 0;
	(void)sem_post(&job.begin); /* fails at SEM_VALUE_MAX alone */
}

static void
on_finished(struct loop_watch *w, int what __attribute__((unused)))
{
	struct list *link;
	uint64_t times;

	if (read(w->fd, &times, sizeof(times)) != sizeof(times))
		return;
	n_under_way = 0;
	while ((link = list_take(&under_way)) != NULL)
		tell(container_of(link, struct cleanup_mail, link), job.error);
}

/* Signals are the loop's. */
static void
start_thread(void)
{
	pthread_t thread;
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, NULL, run_thread, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		errno = error;
		log_fatal("the thread that flushes the disk: %m");
	}
	(void)pthread_detach(thread);
	loop_watch(&watch, job.finished, LOOP_READ, on_finished);
	loop_each_round(start_job);
}

void
cleanup_commit_open(int queue_fd,
    void (*done)(struct cleanup_mail *m, int error))
{
	job.queue = queue_fd;
	tell = done;
	job.finished = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job.finished < 0 || sem_init(&job.begin, 0, 0) < 0)
		log_fatal("eventfd: %m");
}

void
cleanup_commit_add(struct cleanup_mail *m)
{
	static bool started;

	if (!started)
		start_thread();
	started = true;
	list_append(&gathering, &m->link);
	n_gathering++;
}

size_t
cleanup_commit_waiting(void)
{
	return n_gathering + n_under_way;
}
