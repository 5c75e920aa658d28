/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim_key_cache.h"

#include <stdlib.h>

#include "list.h"
#include "map.h"

struct kept {
	struct list link; /* the one used last is the last */
	struct dkim_key key;
	struct buf record;
};

static struct map all;
static struct list used;

bool
dkim_cache_get(struct slice record, struct dkim_key *out)
{
	struct kept *k = map_get(&all, record.at, record.len);

	if (k == NULL || EVP_PKEY_up_ref(k->key.pkey) != 1)
		return false;
	list_drop(&k->link);
	list_append(&used, &k->link);
	*out = k->key;
	return true;
}

static void
forget_oldest(void)
{
	struct kept *k = container_of(list_take(&used), struct kept, link);

	(void)map_drop(&all, k->record.text, k->record.len); /* it is k */
	dkim_key_free(&k->key);
	buf_free(&k->record);
	free(k);
}

void
dkim_cache_put(struct slice record, const struct dkim_key *key)
{
	if (record.len > DKIM_CACHE_BYTES || EVP_PKEY_up_ref(key->pkey) != 1)
		return;
	struct kept *k = xcalloc(1, sizeof(*k));

	k->key = *key;
	buf_add(&k->record, record.at, record.len);
	*map_put(&all, record.at, record.len) = k;
	list_append(&used, &k->link);
	if (all.len > DKIM_CACHE_KEYS)
		forget_oldest();
}
