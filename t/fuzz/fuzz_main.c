/*
 * A main for fuzz targets without libFuzzer: feeds them the files that it is
 * given, such as those that a fuzzer found.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "fd.h"

#define FILE_MAX ((size_t)1 << 24)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		CLEAN_BUF struct buf bytes = { 0 };
		CLEAN_FD int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fd_read_all(fd, &bytes, FILE_MAX) < 0) {
			(void)fprintf(stderr, "%s: %s\n", argv[i],
			    strerror(errno)); /* nowhere else to say it */
			return 1;
		}
		const void *data = buf_str(&bytes);
		(void)LLVMFuzzerTestOneInput(data, bytes.len); /* always 0 */
	}
	return 0;
}
