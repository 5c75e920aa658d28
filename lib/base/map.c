/*
 * Chains of entries, as many slots as entries; the hash is SipHash-1-3 with a
 * key of the process's own.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define FIRST_ROOM ((size_t)16)

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t
rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void
sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* The seed of this process.  The kernel always has random bytes for us; were
 * it not so, an address and the pid are better than a constant. */
static const uint64_t *
seed(void)
{
	static uint64_t key[2];
	static bool made;

	if (!made) {
		if (getrandom(key, sizeof(key), 0) != sizeof(key)) {
			key[0] ^= (uint64_t)getpid();
			key[1] ^= (uint64_t)(uintptr_t)&key;
		}
		made = true;
	}
	return key;
}

uint64_t
map_hash(const void *key, size_t len)
{
	const uint64_t *k = seed();
	const uint8_t *at = key;
	struct sip s = {
		.v0 = k[0] ^ 0x736f6d6570736575,
		.v1 = k[1] ^ 0x646f72616e646f6d,
		.v2 = k[0] ^ 0x6c7967656e657261,
		.v3 = k[1] ^ 0x7465646279746573,
	};
	uint64_t word;
	size_t left = len;

	for (; left >= sizeof(word); at += sizeof(word), left -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sip_word(&s, word);
	}
	word = 0;
	if (left > 0)
		memcpy(&word, at, left);
	sip_word(&s, word | (uint64_t)len << 56);

	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static struct map_entry **
slot_of(const struct map *m, uint64_t hash)
{
	return &m->slots[hash & (m->room - 1)];
}

/* Where the pointer to the key's entry stands, or to the NULL at the end of its
 * chain; the map has slots. */
static struct map_entry **
find(const struct map *m, const void *key, size_t len, uint64_t hash)
{
	struct map_entry **at = slot_of(m, hash);

	while (*at != NULL &&
	    ((*at)->hash != hash || (*at)->len != len ||
		memcmp((*at)->key, key, len) != 0))
		at = &(*at)->next;
	return at;
}

static void
grow(struct map *m)
{
	struct map_entry **old = m->slots;
	size_t n = m->room;

	m->room = n == 0 ? FIRST_ROOM : n * 2;
	m->slots = xcalloc(m->room, sizeof(struct map_entry *));
	for (size_t i = 0; i < n; i++)
		while (old[i] != NULL) {
			struct map_entry *e = old[i];
			struct map_entry **slot = slot_of(m, e->hash);

			old[i] = e->next;
			e->next = *slot;
			*slot = e;
		}
	free(old);
}

void *
map_get(const struct map *m, const void *key, size_t len)
{
	if (m->len == 0)
		return NULL;

	const struct map_entry *e = *find(m, key, len, map_hash(key, len));
	return e != NULL ? e->value : NULL;
}

void **
map_put(struct map *m, const void *key, size_t len)
{
	if (m->len >= m->room)
		grow(m);

	uint64_t hash = map_hash(key, len);
	struct map_entry **at = find(m, key, len, hash);
	if (*at == NULL) {
		*at = xcalloc(1, sizeof(struct map_entry) + len + 1);
		(*at)->hash = hash;
		(*at)->len = len;
		if (len > 0)
			memcpy((*at)->key, key, len);
		m->len++;
	}
	return &(*at)->value;
}

void *
map_drop(struct map *m, const void *key, size_t len)
{
	if (m->len == 0)
		return NULL;

	struct map_entry **at = find(m, key, len, map_hash(key, len));
	struct map_entry *e = *at;
	if (e == NULL)
		return NULL;

	void *value = e->value;
	*at = e->next;
	free(e);
	m->len--;
	return value;
}

void *
map_gets(const struct map *m, const char *key)
{
	return map_get(m, key, strlen(key));
}

void **
map_puts(struct map *m, const char *key)
{
	return map_put(m, key, strlen(key));
}

void *
map_drops(struct map *m, const char *key)
{
	return map_drop(m, key, strlen(key));
}

struct map_entry *
map_next(const struct map *m, const struct map_entry *e)
{
	if (e != NULL && e->next != NULL)
		return e->next;

	size_t i = e != NULL ? (e->hash & (m->room - 1)) + 1 : 0;
	while (i < m->room && m->slots[i] == NULL)
		i++;
	return i < m->room ? m->slots[i] : NULL;
}

void
map_free(struct map *m)
{
	MAP_EACH(m, e)
		free(e);
	free(m->slots);
	*m = (struct map){ 0 };
}
