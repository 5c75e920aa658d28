/*
 * Fuzz: tables and lists from text, asked for a key.  The first byte chooses
 * the type; the text goes to a NUL, and the key stands behind it.
 *
 * Expressions for regexp are left out: the C library's compiler takes all
 * memory for some, and they come from the administrator.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fd.h"
#include "table.h"

#define KEY_MAX 64 /* keeps patterns that go back and forth quick */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_list(const char *text, const char *key)
{
	CLEAN_BUF struct buf out = { 0 };
	const char *why = NULL;
	struct netlist *nets = netlist_open(text, &why);
	struct namelist *names = namelist_open(text, &why);
	struct tables ts;

	if (nets != NULL)
		(void)netlist_has(nets, key);
	if (names != NULL)
		(void)namelist_has(names, key, true);
	netlist_close(&nets);
	namelist_close(&names);
	if (tables_open(&ts, text, &why)) {
		(void)tables_get(&ts, key, &out);
		tables_free(&ts);
	}
}

static void
try_file(const char *type, const char *text, size_t n, const char *key)
{
	CLEAN_BUF struct buf spec = { 0 };
	CLEAN_BUF struct buf out = { 0 };
	const char *why = NULL;
	CLEAN_FD int fd = memfd_create("table", MFD_CLOEXEC);

	if (fd < 0 || fd_write_all(fd, text, n) < 0)
		return;
	buf_addf(&spec, "%s:/proc/self/fd/%d", type, fd);
	struct table *t = table_open(buf_str(&spec), &why);
	if (t == NULL && (why == NULL || why[0] == '\0'))
		__builtin_trap();
	if (t != NULL && table_get(t, key, &out) != FOUND_ONE && out.len > 0)
		__builtin_trap();
	table_close(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "cidr", "pcre", "texthash" };
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_BUF struct buf key = { 0 };

	if (size == 0)
		return 0;
	const uint8_t *end = memchr(data + 1, 0, size - 1);
	size_t n = end != NULL ? (size_t)(end - data) - 1 : size - 1;
	buf_add(&text, data + 1, n);
	if (end != NULL)
		buf_add(&key, end + 1, MIN(size - n - 2, KEY_MAX));

	size_t type = data[0] % (ARRAY_LEN(types) + 1);
	/* A path in a list would open what lies on this machine. */
	if (type < ARRAY_LEN(types))
		try_file(types[type], buf_str(&text), text.len, buf_str(&key));
	else if (strchr(buf_str(&text), '/') == NULL)
		try_list(buf_str(&text), buf_str(&key));
	return 0;
}
