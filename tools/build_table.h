/*
 * build_table - a table made from its text file; for mtable and newaliases.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "source.h"

/* Makes PATH.lmdb from the file PATH.  What is wrong goes to standard error;
 * gives an exit code.  Root first becomes the owner of the file, for good: a
 * user who owns a table must not be able to have root write elsewhere. */
int build_table(const char *path, enum source_form form);

/* The path of lmdb:PATH or of a mere PATH; NULL for another type. */
const char *build_table_path(const char *spec);
