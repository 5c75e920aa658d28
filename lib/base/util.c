/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALL ((size_t)1024) /* glibc caches no more than 1032 bytes */

static void NORETURN
out_of_memory(void)
{
	static const char text[] = "fatal: out of memory\n";

	/* Nothing more can be done if even this is not heard. */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

void *
xrealloc(void *old, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		out_of_memory();

	void *p = realloc(old, bytes > 0 ? bytes : 1);
	if (p == NULL)
		out_of_memory();
	return p;
}

/* Small pieces come from the thread's cache of free ones, which calloc(3) of
 * glibc does not look into.  (The compiler would make a calloc of a malloc and
 * a memset, but not of this.) */
void *
xcalloc(size_t n, size_t size)
{
	size_t bytes;

	if (!__builtin_mul_overflow(n, size, &bytes) && bytes <= SMALL)
		return memset(xrealloc(NULL, 1, bytes), 0, bytes);

	void *p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);
	if (p == NULL)
		out_of_memory();
	return p;
}

char *
xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (copy == NULL)
		out_of_memory();
	return copy;
}

void
close_fd(int *fd)
{
	int saved = errno;

	/* A failing close of a file that matters is checked where it
	 * matters. */
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

void
free_str(char **s)
{
	free(*s);
	*s = NULL;
}

int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}
