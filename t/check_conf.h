/*
 * For unit tests of what reads parameters: main.conf from a string.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "buf.h"
#include "param.h"

static inline void
load_conf(const char *text)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf errors = { 0 };
	char dir[] = "/tmp/check_conf.XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	char *path = arena_printf(&a, "%s/main.conf", dir);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fprintf(f, "%s", text), 0);
	ck_assert_int_eq(fclose(f), 0);
	bool ok = param_load(dir, NULL, &errors);
	(void)unlink(path); /* only a temporary file */
	(void)rmdir(dir);
	ck_assert_msg(ok, "%s", buf_str(&errors));
}
