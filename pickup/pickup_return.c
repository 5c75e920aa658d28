/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "pickup_return.h"

#include "addr.h"
#include "arena.h"
#include "chan.h"
#include "loop.h"
#include "rewrite.h"

/* Bytes of recipients that go in a packet beside the rest: the notification
 * names no more, and returns the message with all of them. */
#define RCPTS_ROOM (CHAN_PACKET_MAX - 16384)

static const char *
complete(struct arena *a, const char *address)
{
	struct addr whole = rewrite_complete(a, addr_split(a, address));

	return addr_internal(a, &whole);
}

const char *
pickup_return_to(struct arena *a, const struct pickup_file *file)
{
	return complete(a, file->mail.sender);
}

static void
put_rcpts(struct buf *out, struct arena *a, const struct maildrop *mail,
    const struct msg_mail_done *refusal)
{
	for (size_t i = 0; i < mail->n_rcpts; i++) {
		struct rec_notice_rcpt rcpt = {
			.address = complete(a, mail->rcpts[i]),
			.action = "failed",
			.status = refusal->status,
			.text = refusal->text,
			.last_attempt = loop_wall(),
		};
		size_t before = out->len;

		rec_put_notice_rcpt(out, &rcpt);
		if (out->len > RCPTS_ROOM && before > 0) {
			buf_cut(out, before);
			return;
		}
	}
}

void
pickup_return_notice(struct buf *out, uint32_t stream, const char *id,
    const struct pickup_file *file, const struct msg_mail_done *refusal)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf rcpts = { 0 };
	const char *to = pickup_return_to(&a, file);

	put_rcpts(&rcpts, &a, &file->mail, refusal);
	msg_put_notice(out,
	    &(struct msg_notice){
		.stream = stream,
		.kind = NOTICE_BOUNCE,
		.id = id,
		.sender = to,
		.to = to,
		.arrived = loop_wall(),
		.size = file->mail.content_len,
		.data_at = file->mail.content_at,
		.data_len = file->mail.content_len,
		.rcpts = { buf_str(&rcpts), rcpts.len },
	    });
}
