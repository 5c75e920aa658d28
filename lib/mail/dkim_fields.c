/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim_fields.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define NONE SIZE_MAX

struct dkim_field {
	struct header_field field;
	size_t before; /* the one of the same name above it */
};

struct dkim_name {
	size_t last;  /* the lowest one */
	size_t count; /* of this name */
	size_t next;  /* to be taken in this round */
	uint32_t round;
};

static void
name_key(struct buf *key, struct slice name)
{
	buf_reset(key);
	for (size_t i = 0; i < name.len; i++)
		buf_addc(key, char_lower(name.at[i]));
}

static struct dkim_name *
find(const struct dkim_fields *f, struct slice name)
{
	CLEAN_BUF struct buf key = { 0 };

	name_key(&key, name);
	return map_get(&f->names, buf_str(&key), key.len);
}

static void
add_field(struct dkim_fields *f, const struct header_field *field,
    struct buf *key)
{
	name_key(key, slice_trim(field->name));
	void **place = map_put(&f->names, buf_str(key), key->len);

	if (*place == NULL) {
		struct dkim_name *fresh = xcalloc(1, sizeof(*fresh));

		fresh->last = NONE;
		*place = fresh;
	}
	if (f->n == f->room) {
		f->room = MAX(2 * f->room, (size_t)32);
		f->at = xrealloc(f->at, f->room, sizeof(f->at[0]));
	}
	struct dkim_name *name = *place;
	f->at[f->n] = (struct dkim_field){ *field, name->last };
	name->last = f->n++;
	name->count++;
}

void
dkim_fields_add(struct dkim_fields *f, struct slice header)
{
	CLEAN_BUF struct buf key = { 0 };
	struct header_field field;

	while (header_next(&header, &field))
		add_field(f, &field, &key);
}

struct header_field
dkim_fields_get(const struct dkim_fields *f, size_t i)
{
	return f->at[i].field;
}

bool
dkim_fields_find(const struct dkim_fields *f, const char *name,
    struct header_field *out)
{
	const struct dkim_name *found = find(f, slice_of(name));

	if (found == NULL)
		return false;
	size_t i = found->last;
	while (f->at[i].before != NONE)
		i = f->at[i].before;
	*out = f->at[i].field;
	return true;
}

size_t
dkim_fields_count(const struct dkim_fields *f, const char *name)
{
	const struct dkim_name *found = find(f, slice_of(name));

	return found != NULL ? found->count : 0;
}

/* The next one of a name, from below; nothing where there is no more. */
static void
put_next(struct dkim_fields *f, enum dkim_canon canon, struct slice word)
{
	struct dkim_name *name = find(f, word);

	if (name == NULL)
		return;
	if (name->round != f->round)
		name->next = name->last;
	name->round = f->round;
	if (name->next == NONE)
		return;
	dkim_canon_field(&f->text, canon, f->at[name->next].field.text);
	name->next = f->at[name->next].before;
}

static void
put_own(struct dkim_fields *f, enum dkim_canon canon, struct slice own,
    struct slice b_raw)
{
	CLEAN_BUF struct buf without = { 0 };
	size_t before = (size_t)(b_raw.at - own.at);

	buf_add(&without, own.at, before);
	buf_add(&without, b_raw.at + b_raw.len, own.len - before - b_raw.len);
	while (without.len > 0 &&
	    (without.text[without.len - 1] == '\n' ||
		without.text[without.len - 1] == '\r'))
		buf_cut(&without, without.len - 1);
	dkim_canon_field(&f->text, canon,
	    (struct slice){ buf_str(&without), without.len });
}

void
dkim_fields_hash(struct dkim_fields *f, enum dkim_canon canon, struct slice h,
    struct slice own, struct slice b_raw, uint8_t digest[DKIM_HASH])
{
	struct slice word;

	f->round++;
	buf_reset(&f->text);
	while (dkim_next_word(&h, &word))
		put_next(f, canon, word);
	put_own(f, canon, own, b_raw);
	if (EVP_Digest(buf_str(&f->text), f->text.len, digest, NULL,
		dkim_sha256(), NULL) != 1)
		log_fatal("OpenSSL cannot hash");
}

/* A name is an entry of the map with its key, and what malloc() adds. */
size_t
dkim_fields_weight(const struct dkim_fields *f)
{
	const size_t name = sizeof(struct dkim_name) + 96;

	return f->room * sizeof(f->at[0]) + f->names.len * name + f->text.room;
}

void
dkim_fields_free(struct dkim_fields *f)
{
	MAP_EACH(&f->names, e)
		free(e->value);
	map_free(&f->names);
	free(f->at);
	buf_free(&f->text);
	*f = (struct dkim_fields){ 0 };
}
