/*
 * Fuzz: files of the maildrop folder, which everybody may write.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "maildrop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One file with a name, as the reader wants it; it goes with the process. */
static char path[] = "/tmp/fuzz_maildrop.XXXXXX";
static int file = -1;

static void
remove_file(void)
{
	(void)unlink(path); /* only a temporary file */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct maildrop m;
	const char *why = NULL;

	if (file < 0) {
		file = mkstemp(path);
		if (file < 0 || atexit(remove_file) != 0)
			abort();
	}
	if (ftruncate(file, 0) < 0 || fd_pwrite_all(file, data, size, 0) < 0)
		abort();
	if (!maildrop_read(file, &a, &m, &why)) {
		if (why == NULL)
			__builtin_trap();
		return 0;
	}
	if (m.n_rcpts == 0 || m.content_at + m.content_len != size ||
	    strpbrk(m.sender, "\r\n") != NULL)
		__builtin_trap();
	for (size_t i = 0; i < m.n_rcpts; i++)
		if (m.rcpts[i][0] == '\0' ||
		    strpbrk(m.rcpts[i], "\r\n") != NULL)
			__builtin_trap();
	return 0;
}
