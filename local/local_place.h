/*
 * local_place - where a local recipient's mail is put, and what goes with it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "msg.h"

struct local_user;

/* Opens mailbox_command_maps, before the rights are given up; why names the
 * table. */
MUST_CHECK bool local_place_open(const char **why);

/* A request to deliver with kind, user, target, limit and deadline filled in:
 * the mailbox of a user, as mailbox_command_maps, mailbox_command, home_mailbox
 * and mail_spool_directory say.  Root's is a file in the mail spool that
 * default_privs's user writes, because nothing is ever delivered as root.
 * False where that cannot be known now. */
MUST_CHECK bool local_place_mailbox(struct arena *a,
    const struct local_user *who, struct msg_deliver *m);

/* The fields of the message in front of the mail: Return-Path, X-Original-To,
 * Delivered-To. */
const char *local_place_head(struct arena *a, const char *sender,
    const char *orig, const char *address);

/* The variables of a command, as a list of str: what comes from mail has only
 * characters that mean nothing to a shell.  user is who runs it: a local part
 * that is his whole name has no extension. */
void local_place_env(struct arena *a, struct buf *out, const struct msg_job *m,
    const struct rec_job_rcpt *r, const char *user);

/* The addresses of the Delivered-To fields of a message: true where this one is
 * among them.  `trouble` is set where the message cannot be read. */
bool local_place_was_here(const struct msg_job *m, int mail,
    const char *address, bool *trouble);
