/*
 * The main of every unit test: a test file defines `suite_of_cases` and
 * includes this last.  Output is TAP, for automake's driver.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <check.h>
#include <stdlib.h>

/* Libcheck's four seconds for a case are too few with sanitizers on a busy
 * machine; a case that hangs still ends. */
#define CASE_SECONDS "60"

int
main(void)
{
	if (setenv("CK_DEFAULT_TIMEOUT", CASE_SECONDS, 0) != 0)
		return EXIT_FAILURE;

	SRunner *runner = srunner_create(suite_of_cases());

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
