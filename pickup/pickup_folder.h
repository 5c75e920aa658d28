/*
 * pickup_folder - maildrop/, into which every user may write.
 *
 * Nothing in it is to be trusted but the owner of a file.  Files are opened by
 * their names from a descriptor of the folder, never following a link; what is
 * not a whole file of sendmail's is set aside under a name that begins with 'b'
 * and stays for the administrator.
 *
 * Ends in log_fatal where the folder cannot be opened or watched.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <sys/types.h>

#include "maildrop.h"

/* A file that was opened and found good. */
struct pickup_file {
	int fd;
	uid_t uid; /* the user who left it */
	struct maildrop mail;
};

/* Opens and watches it; before the rights are given up. */
void pickup_folder_open(const char *queue_directory);

/* Calls back whenever a file has come, once the loop runs. */
void pickup_folder_watch(void (*came)(void));

/* Calls back for each whole file until that gives false.  Old drafts are
 * removed on the way.  False where the folder cannot be read, with errno. */
MUST_CHECK bool pickup_folder_each(bool (*each)(const char *name));

/* FOUND_NONE: it is gone, or was set aside and reported.  FOUND_FAILED: try
 * again later. */
MUST_CHECK enum found pickup_folder_take(struct arena *a, const char *name,
    struct pickup_file *out);

/* It is in the queue, or a notification about it is. */
void pickup_folder_remove(const char *name);

/* It will never be: says why, and keeps it under another name. */
void pickup_folder_set_aside(const char *name, const char *why);
