/*
 * util - the few words that every other file uses.
 *
 * Allocation here never fails: a process that runs out of memory ends with
 * exit code 1 and master starts another; the queue on disk is the truth.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK       __attribute__((warn_unused_result))
#define PRINTFLIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN         __attribute__((noreturn))
#define CLEANUP(fn)      __attribute__((cleanup(fn)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)    ((a) < (b) ? (a) : (b))
#define MAX(a, b)    ((a) > (b) ? (a) : (b))

/* The struct that holds this member. */
#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Exit codes between our own processes (qmail's); commands that users call
 * exit with the codes of sysexits(3). */
#define EXIT_DONE  0
#define EXIT_NEVER 100
#define EXIT_LATER 111

/* What a look-up can say.  FAILED means "don't know", and becomes later, never
 * no. */
enum found {
	FOUND_NONE,
	FOUND_ONE,
	FOUND_FAILED,
};

/* What one production of a grammar can say: the caller tries the next on NO
 * and stops on BAD. */
enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_BAD,
};

/* Zeroed memory for n objects of a size; never NULL, never more than asked for
 * by overflow. */
MUST_CHECK void *xcalloc(size_t n, size_t size);

/* As realloc for n objects; new bytes are not cleared. */
MUST_CHECK void *xrealloc(void *old, size_t n, size_t size);

MUST_CHECK char *xstrdup(const char *s);

/* The file closes at the end of the scope; errno survives. */
void close_fd(int *fd);
#define CLEAN_FD CLEANUP(close_fd)

void free_str(char **s);
#define CLEAN_STR CLEANUP(free_str)

/* Hands the value out of a variable that has a cleanup. */
#define TAKE_FD(fd) take_fd(&(fd))
int take_fd(int *fd);

#define TAKE_PTR(p)                        \
	__extension__({                    \
		__typeof__(p) taken = (p); \
		(p) = NULL;                \
		taken;                     \
	})
