/*
 * A part is a hash table with open addressing: a client stands in one of
 * PROBES places behind the one that its hash names, or is not counted.  A place
 * is free again when its client has no connection and its window is over.
 *
 * Numbers are read and written in one piece each (relaxed atomics); sums may be
 * a moment old, which limits can bear.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtpd_limit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

#define PARTS   64
#define CLIENTS 4096 /* a part; a power of two */
#define PROBES  16

/* A process that has not shown itself for so long is taken for dead. */
#define SILENT (6 * LIMIT_BEAT)

#define IPV6_BITS 84

struct key {
	uint64_t high, low;
};

struct client {
	_Atomic uint64_t high, low; /* the address; all zero: free */
	_Atomic uint32_t connections;
	_Atomic uint32_t window; /* the number of the counts' window */
	_Atomic uint32_t rates[RATES];
	_Atomic uint32_t unused;
};

struct part {
	_Atomic int64_t owner; /* process id, 0 none */
	_Atomic int64_t beat;
	struct client clients[CLIENTS];
};

struct smtpd_limits {
	struct part *parts; /* PARTS of them, or one where we count alone */
	size_t n;
	struct part *mine;
};

/* ---- the shared file ---- */

static struct part *
map_file(const char *path, const char **why)
{
	CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	size_t size = PARTS * sizeof(struct part);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0) {
		*why = strerror(errno);
		return NULL;
	}
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		*why = strerror(errno);
		return NULL;
	}
	return at;
}

static bool
owner_is_gone(int64_t owner)
{
	return owner == 0 || (kill((pid_t)owner, 0) < 0 && errno == ESRCH);
}

/* A part that nobody has, emptied. */
static struct part *
take_part(struct part *parts)
{
	for (size_t i = 0; i < PARTS; i++) {
		struct part *p = &parts[i];
		int64_t owner = atomic_load(&p->owner);

		if (!owner_is_gone(owner) ||
		    !atomic_compare_exchange_strong(&p->owner, &owner,
			(int64_t)getpid()))
			continue;
		memset(p->clients, 0, sizeof(p->clients));
		return p;
	}
	return NULL;
}

struct smtpd_limits *
smtpd_limits_open(const char *path, int64_t now, const char **why)
{
	struct smtpd_limits *l = xcalloc(1, sizeof(*l));

	*why = NULL;
	l->parts = map_file(path, why);
	if (l->parts != NULL) {
		l->n = PARTS;
		l->mine = take_part(l->parts);
		if (l->mine == NULL) {
			*why = "too many processes";
			munmap(l->parts, PARTS * sizeof(struct part));
		}
	}
	if (l->mine == NULL) {
		l->n = 1;
		l->parts = xcalloc(1, sizeof(struct part));
		l->mine = l->parts;
	}
	smtpd_limits_beat(l, now);
	return l;
}

void
smtpd_limits_close(struct smtpd_limits **l)
{
	if (*l == NULL)
		return;
	atomic_store(&(*l)->mine->beat, 0);
	atomic_store(&(*l)->mine->owner, 0);
	if ((*l)->n == PARTS)
		munmap((*l)->parts, PARTS * sizeof(struct part));
	else
		free((*l)->parts);
	free(*l);
	*l = NULL;
}

void
smtpd_limits_beat(struct smtpd_limits *l, int64_t now)
{
	atomic_store_explicit(&l->mine->beat, now, memory_order_relaxed);
}

/* ---- clients ---- */

/* Never all zero, which marks a free place. */
static struct key
key_of(const char *addr)
{
	struct key k = { 0, 0 };
	uint8_t bytes[16] = { 0 }, digest[SHA256_DIGEST_LENGTH];

	if (inet_pton(AF_INET6, addr, bytes) == 1) {
		for (size_t i = IPV6_BITS; i < 128; i++)
			bytes[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
	} else if (inet_pton(AF_INET, addr, bytes + 12) == 1) {
		bytes[11] = 0xff;
	} else { /* a user: among the groups, where no client can be */
		(void)SHA256((const uint8_t *)addr, strlen(addr), digest);
		memcpy(bytes, digest, sizeof(bytes));
		bytes[0] = 0xff;
	}
	for (size_t i = 0; i < 8; i++) {
		k.high = k.high << 8 | bytes[i];
		k.low = k.low << 8 | bytes[8 + i];
	}
	if (k.high == 0 && k.low == 0)
		k.low = 1;
	return k;
}

/* The same in all processes. */
static size_t
hash(struct key k)
{
	uint64_t h = (k.high ^ (k.low * 0x9e3779b97f4a7c15u)) *
	    0xbf58476d1ce4e5b9u;

	return (size_t)(h ^ (h >> 31));
}

static struct client *
place(struct part *p, struct key k, size_t probe)
{
	return &p->clients[(hash(k) + probe) & (CLIENTS - 1)];
}

static bool
is_client(const struct client *c, struct key k)
{
	return atomic_load_explicit(&c->high, memory_order_relaxed) == k.high &&
	    atomic_load_explicit(&c->low, memory_order_relaxed) == k.low;
}

static struct client *
find(struct part *p, struct key k)
{
	for (size_t i = 0; i < PROBES; i++)
		if (is_client(place(p, k, i), k))
			return place(p, k, i);
	return NULL;
}

/* The client's place in our part, a new one where it has none; NULL where there
 * is no room. */
static struct client *
find_or_add(struct part *p, struct key k, uint32_t window)
{
	struct client *c = find(p, k);

	for (size_t i = 0; c == NULL && i < PROBES; i++) {
		struct client *at = place(p, k, i);

		uint32_t last = atomic_load(&at->window);
		if (atomic_load(&at->connections) > 0 ||
		    (last != 0 && last == window))
			continue;
		memset(at, 0, sizeof(*at));
		atomic_store(&at->high, k.high);
		atomic_store(&at->low, k.low);
		c = at;
	}
	if (c != NULL && atomic_load(&c->window) != window) {
		for (size_t i = 0; i < RATES; i++)
			atomic_store(&c->rates[i], 0);
		atomic_store(&c->window, window);
	}
	return c;
}

/* ---- counts ---- */

static uint32_t
number(const struct client *c, int rate, uint32_t window)
{
	if (rate < 0)
		return atomic_load_explicit(&c->connections,
		    memory_order_relaxed);
	if (atomic_load_explicit(&c->window, memory_order_relaxed) != window)
		return 0;
	return atomic_load_explicit(&c->rates[rate], memory_order_relaxed);
}

/* A rate's count, or with -1 the connections. */
static uint32_t
sum(struct smtpd_limits *l, struct key k, int rate, uint32_t window,
    int64_t now)
{
	uint64_t total = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct part *p = &l->parts[i];
		int64_t beat = atomic_load_explicit(&p->beat,
		    memory_order_relaxed);

		if (p != l->mine && (beat == 0 || now - beat > SILENT))
			continue;
		struct client *c = find(p, k);
		if (c != NULL)
			total += number(c, rate, window);
	}
	return (uint32_t)MIN(total, UINT32_MAX);
}

/* The number of the window that `now` is in, never 0. */
static uint32_t
window_at(int64_t unit, int64_t now)
{
	return (uint32_t)(now / unit) + 1;
}

uint32_t
smtpd_limits_join(struct smtpd_limits *l, const char *addr, int64_t unit,
    int64_t now)
{
	struct key k = key_of(addr);
	struct client *c = find_or_add(l->mine, k, window_at(unit, now));

	if (c == NULL)
		return 0;
	atomic_fetch_add_explicit(&c->connections, 1, memory_order_relaxed);
	return sum(l, k, -1, 0, now);
}

void
smtpd_limits_leave(struct smtpd_limits *l, const char *addr)
{
	struct client *c = find(l->mine, key_of(addr));

	if (c != NULL && atomic_load(&c->connections) > 0)
		atomic_fetch_sub_explicit(&c->connections, 1,
		    memory_order_relaxed);
}

uint32_t
smtpd_limits_count(struct smtpd_limits *l, const char *addr,
    enum smtpd_rate rate, int64_t unit, int64_t now)
{
	struct key k = key_of(addr);
	uint32_t window = window_at(unit, now);
	struct client *c = find_or_add(l->mine, k, window);

	if (c == NULL)
		return 0;
	atomic_fetch_add_explicit(&c->rates[rate], 1, memory_order_relaxed);
	return sum(l, k, (int)rate, window, now);
}

uint32_t
smtpd_limits_look(struct smtpd_limits *l, const char *addr,
    enum smtpd_rate rate, int64_t unit, int64_t now)
{
	return sum(l, key_of(addr), (int)rate, window_at(unit, now), now);
}
