/*
 * spool - the queue file: one message, its envelope and its history.
 *
 * Layout, all integers big-endian (doc/queue.md has the table):
 *
 *	head      SPOOL_HEAD_SIZE bytes, written last: magic, version, offsets
 *	          and lengths of the parts, flags, times, a checksum for each
 *	          part and for the head itself
 *	content   canonical lines (CRLF, not dot-stuffed)
 *	headers   header fields that stand in front of the content when read
 *	envelope  one record env, then its env_rcpt (records.def)
 *	journal   appended by qmgr: records, each with length and checksum
 *
 * A file without a valid head was never acknowledged.  A damaged part is said
 * as such and never read as something else.  Names are ids (queueid.h);
 * folders are reached by the *at() calls from a descriptor of the queue
 * folder.  Nothing here logs or ends the process.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <sys/types.h>

#include "arena.h"
#include "buf.h"
#include "dsn.h"
#include "msg.h"
#include "queueid.h"

#define SPOOL_HEAD_SIZE  192
#define SPOOL_VERSION    1
#define SPOOL_CHUNK      ((size_t)65536)     /* content collected for a write */
#define SPOOL_ENV_MAX    ((uint64_t)1 << 27) /* an envelope, encoded */
#define SPOOL_ENTRY_MAX  ((size_t)1 << 20)   /* one entry of the journal */
#define SPOOL_ENTRY_HEAD ((size_t)16)        /* what stands in front of it */

/* Of a text from outside: SPOOL_ENTRY_MAX has room for several of them. */
#define SPOOL_TEXT_MAX ((size_t)16384)

/* The folders below queue_directory.  cur/ has SPOOL_SPREAD folders of its own,
 * "00" to "ff", by the hash of the id. */
enum spool_dir {
	SPOOL_TMP,
	SPOOL_NEW,
	SPOOL_CUR,
	SPOOL_HOLD,
	SPOOL_CORRUPT,
	SPOOL_MAILDROP,
	SPOOL_DIRS,
};
#define SPOOL_SPREAD 256

struct spool_head {
	uint32_t flags;  /* enum mail_flag */
	int64_t arrived; /* milliseconds since 1970 */
	uint64_t data_at, data_len;
	uint64_t head_at, head_len;
	uint64_t env_at, env_len;
	uint64_t journal_at;
	uint32_t data_crc, head_crc, env_crc;
	uint64_t max_line; /* longest line of the content, without CRLF */
	uint64_t n_rcpt;
};

/* State of a recipient as the journal knows it. */
enum rcpt_state {
	RCPT_QUEUED,
	RCPT_SENT,    /* delivered or relayed */
	RCPT_FAILED,  /* to be bounced: the notification is not yet committed */
	RCPT_BOUNCED, /* the notification is in the queue, or none is due */
	RCPT_EXPIRED,
	RCPT_DELETED,
	RCPT_EXPANDED, /* became other recipients, which stand in the journal */
};

/* Which record of the journal; the payload is wire-coded. */
enum spool_entry {
	SPOOL_ENTRY_RCPT = 1,   /* a recipient's new state */
	SPOOL_ENTRY_MORE = 2,   /* recipients added (by expansion) */
	SPOOL_ENTRY_RETRY = 3,  /* attempts so far and the next retry */
	SPOOL_ENTRY_NOTICE = 4, /* a delay warning was sent */
};

/* A message as read back: everything in the arena. */
struct spool_rcpt {
	struct rec_env_rcpt env;
	enum rcpt_state state;
	struct dsn last;   /* of the last attempt */
	const char *relay; /* of the last attempt */
	int64_t last_attempt;
};

struct spool_message {
	struct spool_head head;
	struct rec_env env;
	struct spool_rcpt *rcpts;
	size_t n_rcpts;
	size_t room; /* for recipients, in rcpts */
	uint32_t attempts;
	int64_t next_retry;   /* 0: at once */
	bool warned;          /* a delay warning went out */
	uint64_t journal_end; /* where the next entry goes */
	bool torn;            /* behind journal_end lies a piece of an entry:
				 spool_cut() before anything is appended */
};

/* ---- paths ---- */

const char *spool_dir_name(enum spool_dir dir);

/* "new/ID", "cur/3f/ID". */
#define SPOOL_PATH_MAX 40
void spool_path(char path[SPOOL_PATH_MAX], enum spool_dir dir, const char *id);

/* ---- writing (cleanup): a draft undoes itself unless committed ---- */

struct spool_draft {
	int dir; /* the queue folder, borrowed */
	int fd;  /* the file; open only while armed */
	struct queueid id;
	struct buf pending; /* not yet written: what goes to `at` */
	struct spool_head head;
	uint64_t at;         /* end of what was written */
	uint64_t line;       /* bytes of the current line so far */
	enum spool_dir lies; /* where the file lies, while armed */
	bool cr;             /* the last byte was CR: LF must follow */
	bool in_body;        /* the empty line behind the header has passed */
	bool armed;          /* a file exists that free must unlink */
	int error;           /* errno of the first failing call; sticks */
};

#define CLEAN_DRAFT CLEANUP(spool_draft_free)

/* Begins; the file is made in tmp/ when there is something to write.  A zeroed
 * draft is empty, and may be freed. */
void spool_draft_start(struct spool_draft *d, int queue_fd, const char *id);

/* Content, cut anywhere; also learns its flags, longest line and checksum.  A
 * failing write shows in d->error, and spool_draft_finish() fails with it;
 * EILSEQ: a CR or LF alone, or a NUL, which no content has. */
void spool_draft_data(struct spool_draft *d, const void *bytes, size_t n);

/* The content so far: in memory where all of it is (fd is -1, and the slice
 * holds until something is added), else in the file from head.data_at on,
 * of which fd is a descriptor for reading.  False with errno. */
MUST_CHECK bool spool_draft_show(struct spool_draft *d, struct slice *content,
    int *fd);

/* Headers to stand in front, the encoded envelope and the head; renames to new/
 * (or hold/).  In the envelope id, flags (those of the content are added), size
 * and n_rcpt are filled in here.  The file is complete but not yet durable: the
 * caller syncs (many at once) before it says so to anyone.  -1 with errno;
 * EEXIST where the folder has that id, whose file stays as it is. */
MUST_CHECK int spool_draft_finish(struct spool_draft *d,
    const struct buf *headers, const struct rec_env *env,
    const struct rec_env_rcpt *rcpts, size_t n, enum spool_dir dir);

/* Disarms and gives the descriptor to the caller. */
MUST_CHECK int spool_draft_take(struct spool_draft *d);

/* Unlinks what is not taken. */
void spool_draft_free(struct spool_draft *d);

/* ---- reading ---- */

/* All of it but the content, with the journal applied; check_data: the
 * content's checksum too.  False with why: errno is EBADMSG where the file
 * is not whole, else that of a failing read, which says nothing about it. */
MUST_CHECK bool spool_read(int fd, struct arena *a, struct spool_message *out,
    bool check_data, const char **why);

MUST_CHECK bool spool_read_head(int fd, struct spool_head *out,
    const char **why);

/* ---- the journal (qmgr) ---- */

/* Encodes one entry behind what is in out.  Texts beyond what fits into an
 * entry are cut. */
void spool_entry_rcpt(struct buf *out, uint32_t index, enum rcpt_state state,
    const struct dsn *last, const char *relay, int64_t when);
void spool_entry_more(struct buf *out, const struct rec_env_rcpt *rcpt);
void spool_entry_retry(struct buf *out, uint32_t attempts, int64_t next);
void spool_entry_notice(struct buf *out, int64_t when);

/* Appends entries with one write and moves journal_end behind them.  -1 with
 * errno: nothing was appended.  The reader ignores what a crash has left of a
 * write: the file ends inside an entry, or a block is all zeros. */
MUST_CHECK int spool_append(int fd, uint64_t *journal_end,
    const struct buf *entries);

/* Cuts a torn end off. */
MUST_CHECK int spool_cut(int fd, uint64_t journal_end);

/* ---- the folder ---- */

/* Free bytes for us, and free inodes; -1 with errno. */
MUST_CHECK int spool_free_space(int queue_fd, uint64_t *bytes,
    uint64_t *inodes);
