/*
 * qmgr_mail - loaded messages and their files.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "qmgr.h"

enum mail_read {
	MAIL_GOOD,
	MAIL_LATER, /* the disk or the kernel says no; the file may be good */
	MAIL_GONE,
	MAIL_BAD, /* was moved to corrupt/, and said */
};

/* Reads a file; takes fd over (-1: opens it).  The mail belongs to no message
 * yet. */
struct mail *mail_read(const char *id, enum spool_dir dir, int fd,
    bool check_data, enum mail_read *how);

/* Frees what mail_read() gave and nobody attached. */
void mail_drop(struct mail *mail);

/* Makes the mail the loaded form of a message. */
void mail_attach(struct mail *mail, struct sched_msg *m);

/* The loaded form, read and its parts sorted where it is not; NULL where it
 * cannot be had now: the message then waits, or is gone. */
struct mail *mail_load(struct sched_msg *m);

/* Frees the loaded form; the message stays. */
void mail_unload(struct mail *mail);

/* The file is gone (or no business of ours any more): frees all. */
void mail_forget(struct mail *mail);

/* Writes what is in the journal.  False: not now; it stays in memory. */
bool mail_save(struct mail *mail);

/* Unlinks the file and forgets the message. */
void mail_unlink(struct mail *mail);

enum spool_dir mail_dir(const struct sched_msg *m);

/* Renames the file; false where that failed, and was said. */
bool mail_move(struct sched_msg *m, enum spool_dir to);

/* The descriptor for agents, or -1 with errno. */
int mail_read_fd(struct mail *mail);

/* A recipient more at the end (from an expansion). */
uint32_t mail_add_rcpt(struct mail *mail, const struct rec_env_rcpt *env);

/* The recipient's new state, for the journal and the books. */
void mail_settle(struct mail *mail, uint32_t index, enum rcpt_state state);

/* What an attempt said about a recipient that stays as it is. */
void mail_note(struct mail *mail, uint32_t index, const struct dsn *dsn,
    const char *relay);

/* Moves a file that failed its checks away, and says so. */
void mail_corrupt(const char *id, enum spool_dir dir, const char *why);

/* The delivery line of a recipient whose fate was decided here. */
void mail_log_rcpt(const struct mail *mail, uint32_t index);
