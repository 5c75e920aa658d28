/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "report_gzip.h"

#include <limits.h>
#include <stdint.h>
#include <zlib.h>

#include "log.h"

#define GZIP_WINDOW (15 + 16) /* the largest, in the form of gzip */
#define GZIP_MEMORY 8         /* zlib's own default */

void
report_gzip(struct buf *out, const void *bytes, size_t n)
{
	z_stream z = { 0 };

	if (n > UINT_MAX)
		log_panic("a report of %zu bytes", n);
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
		GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		log_fatal("out of memory");
	size_t room = deflateBound(&z, n);
	z.next_in = (Bytef *)(uintptr_t)bytes;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)buf_room(out, room);
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		log_panic("zlib: %s", z.msg != NULL ? z.msg : "no end");
	buf_grown(out, room - z.avail_out);
	if (deflateEnd(&z) != Z_OK)
		log_panic("zlib: %s", z.msg != NULL ? z.msg : "in use");
}
