/*
 * Addresses and domains by their parts.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "addr.h"
#include "arena.h"
#include "param.h"
#include "table.h"

/* One of the keys that are tried for an address. */
struct attempt {
	const char *key;
	bool skip;      /* there is no such key for this address */
	bool part;      /* not the whole address */
	bool propagate; /* the extension goes to the result */
};

static enum found
try_all(const struct tables *ts, const struct attempt *attempts, size_t n,
    const char *extension, struct buf *out, struct buf *ext)
{
	for (size_t i = 0; i < n; i++) {
		const struct attempt *try = &attempts[i];
		if (try->skip)
			continue;
		enum found found = try->part
		    ? tables_get_part(ts, try->key, out)
		    : tables_get_here(ts, try->key, out);
		if (found == FOUND_ONE && try->propagate && ext != NULL)
			buf_adds(ext, extension);
		if (found != FOUND_NONE)
			return found;
	}
	return tables_any_remote(ts) ? FOUND_FAILED : FOUND_NONE;
}

enum found
tables_get_address(const struct tables *ts, const char *address, bool local,
    struct buf *out, struct buf *ext)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct addr addr = addr_split(&a, address);
	const char *user, *detail;

	addr_split_extension(&a, addr.local, params.recipient_delimiter, &user,
	    &detail);
	const char *extension = addr.local + strlen(user);
	bool plain = extension[0] == '\0';
	bool no_domain = addr.domain[0] == '\0';
	const struct attempt attempts[] = {
		{ .key = address },
		{ .key = arena_printf(&a, "%s@%s", user, addr.domain),
		    .skip = plain || no_domain,
		    .part = true,
		    .propagate = true },
		{ .key = addr.local,
		    .skip = !local || no_domain,
		    .part = true },
		{ .key = user,
		    .skip = plain || !(local || no_domain),
		    .part = true,
		    .propagate = true },
		{ .key = arena_printf(&a, "@%s", addr.domain),
		    .skip = no_domain,
		    .part = true },
	};

	return try_all(ts, attempts, ARRAY_LEN(attempts), extension, out, ext);
}

enum found
tables_get_domain(const struct tables *ts, const char *domain,
    bool parents_match, struct buf *out)
{
	enum found found = tables_get_here(ts, domain, out);
	const char *dot = domain;

	if (domain[0] == '[') /* an address has no parents */
		dot = "";
	while (found == FOUND_NONE && dot[0] != '\0' &&
	    (dot = strchr(dot + 1, '.')) != NULL)
		found = tables_get_part(ts, parents_match ? dot + 1 : dot, out);
	if (found == FOUND_NONE && tables_any_remote(ts))
		return FOUND_FAILED;
	return found;
}
