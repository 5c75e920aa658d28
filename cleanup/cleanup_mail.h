/*
 * cleanup_mail - one message on its way into the queue, as a pure engine.
 *
 * What a feeder (smtpd, bounce, pickup) says about a message goes in; a queue
 * file that only waits for the disk comes out, or a reply that says why not.
 * The feeder is not trusted: ids, addresses and lengths are looked at again.
 *
 * A message that is lost (m->reply.code != 0) has no file any more and takes
 * nothing; the first loss counts.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "header.h"
#include "list.h"
#include "loop.h"
#include "msg.h"
#include "spool.h"

#define CLEANUP_RCPT_MAX 50000

/* What all messages together may hold in memory before new ones are put off,
 * and more recipients with them. */
#define CLEANUP_MEMORY_MAX ((size_t)256 << 20)

/* What mail_done says. */
struct cleanup_reply {
	uint16_t code; /* 0: nothing to say yet */
	const char *status;
	const char *text; /* static, or in the message's arena */
};

/* Header fields that were seen. */
enum cleanup_seen {
	SEEN_DATE = 1 << 0,
	SEEN_FROM = 1 << 1,
	SEEN_MESSAGE_ID = 1 << 2,
	SEEN_RESENT = 1 << 3, /* any Resent- field */
	SEEN_RESENT_DATE = 1 << 4,
	SEEN_RESENT_FROM = 1 << 5,
	SEEN_RESENT_MESSAGE_ID = 1 << 6,
};

/* What seal is asked about a message (cleanup_seal.h). */
struct cleanup_question {
	uint32_t number; /* 0: none is open */
	enum role role;  /* who is asked */
	const struct chan *to;
	struct loop_timer timer;
	int tries;
	uint8_t as_it_is; /* the body is 7-bit, or cannot become so */
};

struct cleanup_mail {
	struct list link; /* among those that wait for the disk */
	void *owner;      /* whom to tell, NULL where nobody is left */
	uint32_t stream;  /* the owner's number for it */
	enum role from;   /* who feeds it */
	struct arena arena;
	struct spool_draft draft;
	struct rec_env env;         /* strings in the arena */
	struct rec_env_rcpt *rcpts; /* as given, addresses completed */
	size_t n_rcpts, room;
	struct header header;       /* collected up to its end */
	struct cleanup_reply reply; /* once lost, or safe */
	const char *results;        /* for Authentication-Results, "" is none */
	uint8_t spf;                /* enum spf_result, and the domain */
	const char *spf_domain;
	struct buf added;    /* header fields that were missing */
	struct slice sealed; /* those of its signatures */
	struct cleanup_question question;
	uint64_t size;   /* of the content so far */
	int64_t touched; /* loop_now() of the last word about it */
	size_t weight;   /* bytes counted for it */
	uint32_t seen;   /* enum cleanup_seen */
	uint32_t hops;   /* Received fields */
	bool in_body;
	bool closed; /* the content is over */
	bool ended;  /* waits for seal, or for the disk */
};

/* The queue folder, opened before the rights are given up; borrowed. */
void cleanup_mail_open(int queue_fd);

/* A new message; flags that a feeder of that role cannot know are ignored.
 * NULL where the id is none, which no feeder of ours sends. */
MUST_CHECK struct cleanup_mail *cleanup_mail_begin(
    const struct msg_mail_begin *begin, enum role from);

void cleanup_mail_rcpt(struct cleanup_mail *m, const struct msg_mail_rcpt *r);
void cleanup_mail_data(struct cleanup_mail *m, struct slice bytes);

/* What was found out about the message while it came (mail_end). */
void cleanup_mail_results(struct cleanup_mail *m,
    const struct msg_mail_end *end);

/* What seal has found out about one from outside. */
void cleanup_mail_judged(struct cleanup_mail *m, const struct msg_judged *j);

/* It comes from somebody who is not one of us. */
bool cleanup_mail_is_foreign(const struct cleanup_mail *m);

/* All of the content has come; what is missing in its header is made.  False:
 * the message is lost. */
MUST_CHECK bool cleanup_mail_close(struct cleanup_mail *m);

/* Writes all that is to be written.  True: the file lies in new/ and is as good
 * as the disk; false: m->reply says why not. */
MUST_CHECK bool cleanup_mail_end(struct cleanup_mail *m);

/* The disk has it: fills the reply and gives the descriptor. */
MUST_CHECK int cleanup_mail_safe(struct cleanup_mail *m);

/* One more recipient, strings in the arena; too many lose the message. */
void cleanup_mail_add(struct cleanup_mail *m, const struct rec_env_rcpt *r);

/* Gives it up; the first call counts.  text is static or in the arena. */
void cleanup_mail_lose(struct cleanup_mail *m, uint16_t code,
    const char *status, const char *text);

/* The same for a system call that failed. */
void cleanup_mail_fail(struct cleanup_mail *m, int error);

/* Frees it, and its file unless it is safe. */
void cleanup_mail_destroy(struct cleanup_mail **m);

/* Bytes that all messages hold. */
size_t cleanup_mail_memory(void);
