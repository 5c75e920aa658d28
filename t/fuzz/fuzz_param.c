/*
 * Fuzz: main.conf and master.conf as text, every value checked and expanded.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	CLEAN_BUF struct buf errors = { 0 };
	struct arena a = { 0 };
	struct param_view v = { .arena = &a, .conf_dir = "/conf" };
	bool good = settings_parse(&a, "main.conf", text, false, &v.main,
	    &errors);

	good &= settings_parse(&a, "master.conf", text, true, &v.own, &errors);
	for (size_t i = 0; i < v.main.n; i++)
		good &= param_check_setting(&v, &v.main.at[i], &errors);
	for (size_t i = 0; i < v.own.n; i++) {
		v.section = v.own.at[i].section;
		if (!service_is_key(v.own.at[i].name))
			good &= param_check_setting(&v, &v.own.at[i], &errors);
	}
	if (good != (errors.len == 0))
		__builtin_trap();
	param_view_close(&v);
	arena_free(&a);
	return 0;
}
