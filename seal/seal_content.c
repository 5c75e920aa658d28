/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_content.h"

#include <stdint.h>

#include "fd.h"

bool
seal_content_open(struct seal_content *c, int fd, uint64_t at, uint64_t len,
    struct slice bytes)
{
	*c = (struct seal_content){ .fd = fd };
	if (fd < 0) {
		buf_add(&c->text, bytes.at, bytes.len);
		c->left = bytes.len;
		return len == bytes.len;
	}
	c->at = at;
	c->left = len;
	return at <= INT64_MAX && len <= INT64_MAX - at;
}

bool
seal_content_read(struct seal_content *c, struct buf *out)
{
	size_t n = (size_t)MIN(c->left, (uint64_t)SEAL_PIECE);

	buf_reset(out);
	if (n == 0)
		return true;
	if (c->fd < 0) {
		buf_add(out, buf_str(&c->text) + c->at, n);
	} else {
		if (fd_pread_all(c->fd, buf_room(out, n), n, (off_t)c->at) < 0)
			return false;
		buf_grown(out, n);
	}
	c->at += n;
	c->left -= n;
	return true;
}

void
seal_content_close(struct seal_content *c)
{
	buf_free(&c->text);
	close_fd(&c->fd);
	*c = (struct seal_content){ .fd = -1 };
}
