/*
 * In the order of Postfix's cleanup(8): the tables for senders or recipients
 * alone, those for both, masquerading.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "canonical.h"

#include <string.h>

#include "addr.h"
#include "param.h"
#include "rewrite.h"
#include "route.h"
#include "table.h"

/* How often one table may rewrite what it has rewritten. */
#define DEPTH_MAX 10

#define MAPS(maps, classes_)                                                \
	{                                                                   \
		.parameter = #maps, .value = offsetof(struct params, maps), \
		.classes = offsetof(struct params, classes_),               \
	}

static struct maps {
	const char *parameter;
	size_t value, classes; /* offsets in params */
	struct tables tables;
} maps[] = {
	MAPS(sender_canonical_maps, sender_canonical_classes),
	MAPS(recipient_canonical_maps, recipient_canonical_classes),
	MAPS(canonical_maps, canonical_classes),
};

static struct tables generic;

static struct buf fault;

static const char *
value_of(size_t offset)
{
	const char *const *at = (const void *)((const char *)&params + offset);

	return *at;
}

static bool
open_maps(struct tables *ts, const char *parameter, const char *list,
    const char **why)
{
	if (tables_open(ts, list, why))
		return true;
	buf_reset(&fault);
	buf_addf(&fault, "%s: %s", parameter, *why);
	*why = buf_str(&fault);
	return false;
}

bool
canonical_open(const char **why)
{
	canonical_close();
	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		if (!open_maps(&maps[i].tables, maps[i].parameter,
			value_of(maps[i].value), why))
			return false;
	return true;
}

bool
canonical_open_generic(const char **why)
{
	tables_free(&generic);
	return open_maps(&generic, "smtp_generic_maps",
	    params.smtp_generic_maps, why);
}

void
canonical_close(void)
{
	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		tables_free(&maps[i].tables);
	tables_free(&generic);
}

static bool
holds_for(const char *classes, enum canonical_class class)
{
	static const char *const words[] = {
		[CANONICAL_ENVELOPE_SENDER] = "envelope_sender",
		[CANONICAL_ENVELOPE_RCPT] = "envelope_recipient",
		[CANONICAL_HEADER_SENDER] = "header_sender",
		[CANONICAL_HEADER_RCPT] = "header_recipient",
	};

	return param_has_word(classes, words[class]);
}

/* ---- tables ---- */

/* One address, or "@domain", which keeps the local part. */
static bool
read_value(struct arena *a, const char *value, const char *ext, const char *was,
    const char **out)
{
	struct slice text = slice_trim(slice_of(value));
	struct addr addr = addr_split(a, was);

	if (text.len > 1 && text.at[0] == '@') {
		char *domain = arena_memdup(a, text.at + 1, text.len - 1);

		str_lower(domain);
		addr.domain = domain;
	} else {
		struct addr_list list = addr_parse_list(a, text);

		if (list.n != 1 || list.bad > 0)
			return false;
		addr = rewrite_complete(a, list.at[0]);
		addr.local = arena_printf(a, "%s%s", addr.local, ext);
	}
	*out = addr_internal(a, &addr);
	return addr_domain_valid(slice_of(addr.domain)) &&
	    strlen(addr.local) <= ADDR_LOCAL_MAX;
}

/* The extension of an address that is found without it goes to the new one, but
 * not where `ext` is NULL. */
static enum found
look_up(struct arena *a, const struct tables *ts, const char *address,
    struct buf *ext, const char **out)
{
	CLEAN_BUF struct buf value = { 0 };
	enum route_class class;
	struct addr addr = addr_split(a, address);

	if (route_classify(addr.domain, &class) == FOUND_FAILED)
		return FOUND_FAILED;
	bool local = class == ROUTE_LOCAL ||
	    str_eq_nocase(addr.domain, params.myorigin);
	enum found f = tables_get_address(ts, address, local, &value, ext);
	if (f == FOUND_ONE &&
	    !read_value(a, buf_str(&value), ext != NULL ? buf_str(ext) : "",
		address, out))
		return FOUND_FAILED;
	return f;
}

/* What a table makes of an address it is asked about again. */
static bool
apply_maps(struct arena *a, const struct maps *m, const char **address)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		CLEAN_BUF struct buf ext = { 0 };
		const char *next = *address;

		switch (look_up(a, &m->tables, *address, &ext, &next)) {
		case FOUND_FAILED:
			return false;
		case FOUND_NONE:
			return true;
		case FOUND_ONE:
			break;
		}
		if (str_eq_nocase(next, *address))
			depth = DEPTH_MAX;
		*address = next;
	}
	return true;
}

/* ---- masquerading ---- */

static bool
is_excepted(const char *local)
{
	struct slice rest = slice_of(params.masquerade_exceptions), item;

	while (slice_next_item(&rest, &item))
		if (slice_eq_nocase(item, local))
			return true;
	return false;
}

/* The first item that fits decides; one with ! in front leaves it. */
static const char *
masquerade(struct arena *a, const char *address)
{
	struct addr addr = addr_split(a, address);
	struct slice rest = slice_of(params.masquerade_domains), item;
	size_t len = strlen(addr.domain);

	while (slice_next_item(&rest, &item)) {
		bool leave = item.len > 0 && item.at[0] == '!';
		const char *parent = arena_memdup(a, item.at + leave,
		    item.len - leave);
		size_t n = strlen(parent);

		if (n == 0 || len < n ||
		    !str_eq_nocase(addr.domain + len - n, parent) ||
		    (len > n && addr.domain[len - n - 1] != '.'))
			continue;
		if (leave || is_excepted(addr.local))
			return address;
		addr.domain = addr.domain + len - n;
		return addr_internal(a, &addr);
	}
	return address;
}

/* ---- addresses and fields ---- */

/* Where nothing is set, no field needs to be taken apart. */
static bool
is_in_use(void)
{
	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		if (maps[i].tables.n > 0)
			return true;
	return params.masquerade_domains[0] != '\0';
}

enum found
canonical_address(struct arena *a, enum canonical_class class,
    const char *address, const char **out)
{
	const char *now = address;

	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		if (maps[i].tables.n > 0 &&
		    holds_for(value_of(maps[i].classes), class) &&
		    !apply_maps(a, &maps[i], &now))
			return FOUND_FAILED;
	if (params.masquerade_domains[0] != '\0' &&
	    holds_for(params.masquerade_classes, class))
		now = masquerade(a, now);
	if (str_eq(now, address))
		return FOUND_NONE;
	*out = now;
	return FOUND_ONE;
}

static enum canonical_class
class_of(const struct header_field *f)
{
	static const char *const rcpts[] = { "To", "Cc", "Bcc" };
	static const char resent[] = "Resent-";
	size_t n = strlen(resent);
	struct slice name = f->name;

	if (name.len > n &&
	    slice_eq_nocase((struct slice){ name.at, n }, resent))
		name = (struct slice){ name.at + n, name.len - n };
	for (size_t i = 0; i < ARRAY_LEN(rcpts); i++)
		if (slice_eq_nocase(name, rcpts[i]))
			return CANONICAL_HEADER_RCPT;
	return CANONICAL_HEADER_SENDER;
}

/* The field is of that class, or of any where the function asks for none. */
typedef enum found address_fn(struct arena *a, enum canonical_class class,
    const char *address, const char **out);

static enum found
rewrite_list(struct buf *out, address_fn *rewrite, enum canonical_class class,
    struct slice value)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	struct addr_list list = addr_parse_list(&a, value);
	enum found any = FOUND_NONE;
	size_t from = 0;

	for (size_t i = 0; i < list.n; i++) {
		const char *to;
		enum found found = list.at[i].domain[0] == '\0'
		    ? FOUND_NONE
		    : rewrite(&a, class, addr_internal(&a, &list.at[i]), &to);

		if (found == FOUND_FAILED)
			return FOUND_FAILED;
		if (found == FOUND_NONE)
			continue;
		buf_add(&text, value.at + from, list.begins[i] - from);
		addr_put_internal(&text, to);
		from = list.ends[i];
		any = FOUND_ONE;
	}
	if (any == FOUND_NONE)
		return FOUND_NONE;
	buf_add(&text, value.at + from, value.len - from);
	buf_add(out, text.text, text.len);
	return FOUND_ONE;
}

enum found
canonical_field(struct buf *out, const struct header_field *f,
    struct slice value)
{
	if (!is_in_use())
		return FOUND_NONE;
	return rewrite_list(out, canonical_address, class_of(f), value);
}

/* ---- generic(5) ---- */

bool
canonical_has_generic(void)
{
	return generic.n > 0;
}

enum found
canonical_generic(struct arena *a, const char *address, const char **out)
{
	enum found f = look_up(a, &generic, address, NULL, out);

	return f == FOUND_ONE && str_eq(*out, address) ? FOUND_NONE : f;
}

static enum found
generic_address(struct arena *a, enum canonical_class class,
    const char *address, const char **out)
{
	(void)class; /* it holds for all of them */
	return canonical_generic(a, address, out);
}

enum found
canonical_generic_field(struct buf *out, const struct header_field *f)
{
	return rewrite_list(out, generic_address, class_of(f), f->value);
}
