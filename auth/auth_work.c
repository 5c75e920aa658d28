/*
 * What waits and what is done lies in two lists under one lock; a thread takes
 * one piece from the first, works without the lock, puts it into the second and
 * writes to an eventfd that the loop watches.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "auth_work.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "list.h"
#include "log.h"
#include "loop.h"
#include "map.h"

#define THREADS_MAX 4
#define CLIENT_MAX  8
#define LOWEST      19 /* of nice(2) */

/* After a stranger's wrong password a thread lets strangers wait for so many
 * times what it took, and so many milliseconds at most. */
#define REST_TIMES 9
#define REST_MAX   SECOND

/* How long a right password is known, and how many are. */
#define KNOWN_TIME ((int64_t)600000)
#define KNOWN_MAX  4096

#define FRIENDS_MAX 16384

enum rank {
	FRIENDS, /* who has had a right password before */
	STRANGERS,
	RANKS,
};

/* So many may wait.  Behind more strangers nobody would have an answer in time
 * while passwords are tried. */
static const size_t waiting_max[RANKS] = { [FRIENDS] = 256, [STRANGERS] = 64 };

struct auth_work {
	struct list link;
	char *password;
	char *hash;
	char *client;
	void *owner; /* NULL: nobody waits any more */
	enum rank rank;
	bool never;
	bool right; /* the thread's answer */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t some = PTHREAD_COND_INITIALIZER;
static struct list waiting[RANKS], finished; /* under the lock */
static struct map clients;      /* address to how many wait, as a number in the
			      pointer; the loop's */
static struct map friends;      /* addresses; the loop's */
static size_t n_waiting[RANKS]; /* and under way; the loop's */
static struct map known;        /* keyed hash to an int64_t, the time when
					 it is forgotten */
static uint8_t secret[SHA256_DIGEST_LENGTH];
static struct loop_watch watch;
static auth_work_fn *tell;

static void
wipe(char *text)
{
	OPENSSL_cleanse(text, strlen(text));
	free(text);
}

static void
free_work(struct auth_work *w)
{
	wipe(w->password);
	wipe(w->hash);
	free(w->client);
	free(w);
}

/* ---- the threads ---- */

static bool
matches(struct crypt_data *room, const char *password, const char *hash)
{
	const char *made = crypt_rn(password, hash, room, (int)sizeof(*room));
	size_t len = strlen(hash);
	bool same = made != NULL && strlen(made) == len &&
	    CRYPTO_memcmp(made, hash, len) == 0;

	OPENSSL_cleanse(room, sizeof(*room));
	return same;
}

/* Under the lock.  A stranger's work is given from that time on. */
static struct list *
take_work(int64_t strangers_from)
{
	struct list *link = list_take(&waiting[FRIENDS]);

	return link == NULL && clock_mono() >= strangers_from
	    ? list_take(&waiting[STRANGERS])
	    : link;
}

static struct auth_work *
next_work(int64_t strangers_from)
{
	const struct timespec until = {
		.tv_sec = (time_t)(strangers_from / SECOND),
		.tv_nsec = (long)(strangers_from % SECOND) * 1000000,
	};
	struct list *link;

	(void)pthread_mutex_lock(&lock);
	while ((link = take_work(strangers_from)) == NULL)
		if (list_empty(&waiting[STRANGERS]))
			(void)pthread_cond_wait(&some, &lock);
		else
			(void)pthread_cond_clockwait(&some, &lock,
			    CLOCK_MONOTONIC, &until);
	(void)pthread_mutex_unlock(&lock);
	return container_of(link, struct auth_work, link);
}

static bool
is_tried(const struct auth_work *w)
{
	return w->rank == STRANGERS && !w->right;
}

/* When strangers have their turn again. */
static int64_t
rest_after(int64_t began)
{
	int64_t now = clock_mono();

	return now + MIN(REST_TIMES * (now - began), REST_MAX);
}

static void *
run_thread(void *arg)
{
	const uint64_t one = 1;
	struct crypt_data *room = arg;
	int64_t strangers_from = 0;

	if (setpriority(PRIO_PROCESS, 0, LOWEST) < 0)
		log_panic("the priority of a thread: %m");
	for (;;) {
		struct auth_work *w = next_work(strangers_from);
		int64_t began = clock_mono();

		w->right = matches(room, w->password, w->hash) && !w->never;
		if (is_tried(w))
			strangers_from = rest_after(began);
		(void)pthread_mutex_lock(&lock);
		list_append(&finished, &w->link);
		(void)pthread_mutex_unlock(&lock);
		if (write(watch.fd, &one, sizeof(one)) != sizeof(one))
			log_panic("the end of a check cannot be told: %m");
	}
	return NULL;
}

/* Signals are the loop's. */
static void
start_thread(void)
{
	pthread_t thread;
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, NULL, run_thread,
	    xcalloc(1, sizeof(struct crypt_data)));
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		log_fatal("a thread that checks passwords: %s",
		    strerror(error));
	(void)pthread_detach(thread);
}

/* ---- what is known ---- */

static bool
name_of(const char *password, const char *hash, uint8_t out[sizeof(secret)])
{
	struct buf text = { 0 };
	unsigned int len = sizeof(secret);

	/* The hash has no NUL, so two pairs never look the same; room first,
	 * so that no copy of a password stays behind. */
	(void)buf_room(&text, strlen(hash) + strlen(password) + 2);
	buf_add(&text, hash, strlen(hash) + 1);
	buf_adds(&text, password);
	bool ok = HMAC(EVP_sha256(), secret, sizeof(secret),
		      (const unsigned char *)text.text, text.len, out,
		      &len) != NULL;
	OPENSSL_cleanse(text.text, text.room);
	buf_free(&text);
	return ok;
}

static void
forget_known(void)
{
	MAP_EACH(&known, e)
		free(e->value);
	map_free(&known);
}

static void
remember(const struct auth_work *w, int64_t now)
{
	uint8_t name[sizeof(secret)];

	if (known.len >= KNOWN_MAX)
		forget_known();
	if (!name_of(w->password, w->hash, name))
		return;
	void **place = map_put(&known, name, sizeof(name));
	int64_t *until = *place != NULL ? *place : xcalloc(1, sizeof(*until));
	*until = now + KNOWN_TIME;
	*place = until;
}

bool
auth_work_knows(const char *password, const char *hash, int64_t now)
{
	uint8_t name[sizeof(secret)];

	if (!name_of(password, hash, name))
		return false;
	const int64_t *until = map_get(&known, name, sizeof(name));
	return until != NULL && *until > now;
}

/* ---- the loop ---- */

/* One more or one fewer of a client. */
static void
count(const struct auth_work *w, intptr_t change)
{
	void **place = map_puts(&clients, w->client);

	*place = (void *)((intptr_t)*place + change);
	if (*place == NULL)
		(void)map_drops(&clients, w->client);
	n_waiting[w->rank] += (size_t)change;
}

static void
befriend(const char *client)
{
	if (friends.len >= FRIENDS_MAX)
		map_free(&friends);
	*map_puts(&friends, client) = &friends;
}

static void
conclude(struct auth_work *w)
{
	count(w, -1);
	if (w->right) {
		remember(w, loop_now());
		befriend(w->client);
	}
	if (w->owner != NULL)
		tell(w->owner, w->right);
	free_work(w);
}

static void
on_finished(struct loop_watch *l, int what)
{
	struct list *link;
	uint64_t times;

	(void)what;
	if (read(l->fd, &times, sizeof(times)) != sizeof(times))
		return;
	do {
		(void)pthread_mutex_lock(&lock);
		link = list_take(&finished);
		(void)pthread_mutex_unlock(&lock);
		if (link != NULL)
			conclude(container_of(link, struct auth_work, link));
	} while (link != NULL);
}

static size_t
half_of_processors(void)
{
	cpu_set_t set;
	int n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return (size_t)MIN(MAX(n / 2, 1), THREADS_MAX);
}

void
auth_work_start(auth_work_fn *done)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		log_fatal("eventfd: %m");
	if (RAND_bytes(secret, sizeof(secret)) != 1)
		log_fatal("no random numbers");
	tell = done;
	loop_watch(&watch, fd, LOOP_READ, on_finished);
	for (size_t n = half_of_processors(); n > 0; n--)
		start_thread();
}

struct auth_work *
auth_work_add(const struct auth_check *check, void *owner)
{
	const void *held = map_gets(&clients, check->client);
	enum rank rank = map_gets(&friends, check->client) != NULL ? FRIENDS
								   : STRANGERS;

	if (n_waiting[rank] >= waiting_max[rank] ||
	    (intptr_t)held >= CLIENT_MAX)
		return NULL;

	struct auth_work *w = xcalloc(1, sizeof(*w));
	w->password = xstrdup(check->password);
	w->hash = xstrdup(check->hash);
	w->client = xstrdup(check->client);
	w->never = check->never;
	w->owner = owner;
	w->rank = rank;
	count(w, 1);
	(void)pthread_mutex_lock(&lock);
	list_append(&waiting[rank], &w->link);
	(void)pthread_cond_broadcast(&some);
	(void)pthread_mutex_unlock(&lock);
	return w;
}

/* One that a thread has is freed when it comes back. */
void
auth_work_drop(struct auth_work **w)
{
	struct auth_work *mine = NULL;

	if (*w == NULL)
		return;
	(*w)->owner = NULL;
	(void)pthread_mutex_lock(&lock);
	LIST_EACH(struct auth_work, at, &waiting[(*w)->rank], link)
		if (at == *w)
			mine = at;
	if (mine != NULL)
		list_drop(&mine->link);
	(void)pthread_mutex_unlock(&lock);
	if (mine != NULL) {
		count(mine, -1);
		free_work(mine);
	}
	*w = NULL;
}

size_t
auth_work_waiting(void)
{
	return n_waiting[FRIENDS] + n_waiting[STRANGERS];
}
