/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "rewrite.h"

#include <string.h>

#include "buf.h"
#include "param.h"
#include "route.h"

/* ---- completion ---- */

/* What is missing at the end of the address, "" where nothing is. */
static const char *
missing(struct arena *a, const struct addr *addr)
{
	if (addr->local[0] == '\0' && addr->domain[0] == '\0')
		return "";
	if (addr->domain[0] == '\0')
		return params.append_at_myorigin
		    ? arena_printf(a, "@%s", params.myorigin)
		    : "";
	if (!params.append_dot_mydomain || addr->domain[0] == '[' ||
	    strchr(addr->domain, '.') != NULL)
		return "";
	return arena_printf(a, ".%s", params.mydomain);
}

struct addr
rewrite_complete(struct arena *a, struct addr addr)
{
	const char *more = missing(a, &addr);

	if (more[0] != '\0') {
		char *domain = arena_printf(a, "%s%s", addr.domain,
		    more[0] == '@' ? more + 1 : more);

		str_lower(domain);
		addr.domain = domain;
	}
	return addr;
}

/* ---- header fields ---- */

static const char *const address_fields[] = {
	"From",
	"Sender",
	"Reply-To",
	"To",
	"Cc",
	"Bcc",
	"Errors-To",
	"Return-Receipt-To",
	"Disposition-Notification-To",
	"Mail-Followup-To",
	"Mail-Reply-To",
};

bool
rewrite_is_address_field(const struct header_field *f)
{
	static const char resent[] = "Resent-";
	struct slice name = f->name;
	size_t n = strlen(resent);

	if (name.len > n &&
	    slice_eq_nocase((struct slice){ name.at, n }, resent))
		name = (struct slice){ name.at + n, name.len - n };
	for (size_t i = 0; i < ARRAY_LEN(address_fields); i++)
		if (slice_eq_nocase(name, address_fields[i]))
			return true;
	return false;
}

void
rewrite_field_value(struct buf *out, struct slice value)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct addr_list list = addr_parse_list(&a, value);
	size_t from = 0;

	for (size_t i = 0; i < list.n; i++) {
		buf_add(out, value.at + from, list.ends[i] - from);
		buf_adds(out, missing(&a, &list.at[i]));
		from = list.ends[i];
	}
	buf_add(out, value.at + from, value.len - from);
}

/* ---- sets of addresses ---- */

static void **
place_of(struct map *set, const char *address)
{
	CLEAN_STR char *key = xstrdup(address);

	str_lower(key);
	return map_puts(set, key);
}

bool
rewrite_is_new(struct map *seen, const char *address)
{
	void **place = place_of(seen, address);
	bool is_new = *place == NULL;

	*place = seen; /* any value that is not NULL */
	return is_new;
}

/* ---- virtual aliases ---- */

struct expansion {
	struct arena *arena;
	struct rewrite_members members;
	size_t room;
	struct map whole; /* addresses that stay although they have an alias */
	const char *why;
};

static void
add_member(struct expansion *x, const char *address)
{
	if (x->members.n == x->room) {
		size_t room = MAX(x->room * 2, (size_t)4);
		const char **at = arena_new(x->arena, room * sizeof(*at));

		if (x->members.n > 0)
			memcpy(at, x->members.at, x->members.n * sizeof(*at));
		x->members.at = at;
		x->room = room;
	}
	x->members.at[x->members.n++] = address;
}

/* A table's value may part plain addresses with blanks alone. */
static struct slice
with_commas(struct arena *a, const struct buf *value)
{
	struct slice s = { arena_memdup(a, buf_str(value), value->len),
		value->len };
	char *text = arena_memdup(a, s.at, s.len);

	if (strpbrk(text, "\"<>(),:;[") != NULL)
		return s;
	s = slice_trim(s);
	text = arena_memdup(a, s.at, s.len);
	for (size_t i = 0; i < s.len; i++)
		if (char_is_space(text[i]))
			text[i] = ',';
	return (struct slice){ text, s.len };
}

static const char *
member_address(struct expansion *x, const struct addr *addr, const char *ext)
{
	struct addr full = rewrite_complete(x->arena, *addr);

	if (ext[0] != '\0')
		full.local = arena_printf(x->arena, "%s%s", full.local, ext);
	return addr_internal(x->arena, &full);
}

/* "@other": the same local part there (virtual(5)). */
static void
put_local_part(struct expansion *x, struct buf *value, const char *address)
{
	struct addr addr = addr_split(x->arena, address);
	CLEAN_BUF struct buf domain = { 0 };
	struct slice s = slice_trim(
	    (struct slice){ buf_str(value), value->len });

	if (s.len < 2 || s.at[0] != '@' || strpbrk(s.at, ", \t") != NULL)
		return;
	buf_add(&domain, s.at, s.len);
	buf_reset(value);
	addr_put(value, &(struct addr){ addr.local, "" });
	buf_add(value, buf_str(&domain), domain.len);
}

/* Puts the alias's first member in the place of the address and the others at
 * the end. */
static bool
replace(struct expansion *x, size_t i, struct buf *value, const char *ext)
{
	const char *was = x->members.at[i];

	put_local_part(x, value, was);
	struct addr_list list = addr_parse_list(x->arena,
	    with_commas(x->arena, value));

	if (list.n == 0 || list.bad > 0) {
		x->why = "malformed value in virtual_alias_maps";
		return false;
	}
	if (x->members.n + list.n - 1 >
	    (size_t)params.virtual_alias_expansion_limit) {
		x->why = "virtual_alias_expansion_limit exceeded";
		return false;
	}
	for (size_t k = 0; k < list.n; k++) {
		const char *address = member_address(x, &list.at[k], ext);

		if (str_eq_nocase(address, was))
			*place_of(&x->whole, was) = x;
		if (k == 0)
			x->members.at[i] = address;
		else
			add_member(x, address);
	}
	return true;
}

/* Follows one member until it has no alias. */
static enum found
expand_member(struct expansion *x, size_t i)
{
	enum found result = FOUND_NONE;

	for (int64_t depth = 0;; depth++) {
		CLEAN_BUF struct buf value = { 0 };
		CLEAN_BUF struct buf ext = { 0 };
		const char *address = x->members.at[i];

		if (*place_of(&x->whole, address) != NULL)
			return result;
		enum found f = route_virtual_alias(x->arena, address, &value,
		    &ext);
		if (f == FOUND_NONE)
			return result;
		if (f == FOUND_ONE &&
		    depth >= params.virtual_alias_recursion_limit) {
			x->why = "virtual_alias_recursion_limit exceeded";
			return FOUND_FAILED;
		}
		if (f == FOUND_FAILED || !replace(x, i, &value, buf_str(&ext)))
			return FOUND_FAILED;
		result = FOUND_ONE;
	}
}

enum found
rewrite_virtual(struct arena *a, const char *address,
    struct rewrite_members *out, const char **why)
{
	struct expansion x = {
		.arena = a,
		.why = "virtual_alias_maps could not be asked",
	};
	enum found result = FOUND_NONE;

	add_member(&x, arena_strdup(a, address));
	for (size_t i = 0; i < x.members.n && result != FOUND_FAILED; i++) {
		enum found f = expand_member(&x, i);

		if (f != FOUND_NONE)
			result = f;
	}
	map_free(&x.whole);
	*out = x.members;
	*why = x.why;
	return result;
}
