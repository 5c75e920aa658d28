/*
 * A file is opened for writing once, when the message is loaded, and its
 * journal is appended to in one write whenever something happened that must
 * be known after a crash.  A journal that cannot be written (a full disk)
 * stays in memory, its message stays loaded, and the mail goes on.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "qmgr_mail.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "delivery.h"
#include "log.h"
#include "qmgr_parts.h"
#include "str.h"

#define READ_AGAIN MINUTE

enum spool_dir
mail_dir(const struct sched_msg *m)
{
	if ((m->owner & OWNER_HOLD) != 0)
		return SPOOL_HOLD;
	return (m->owner & OWNER_CUR) != 0 ? SPOOL_CUR : SPOOL_NEW;
}

static bool
rename_file(const char *id, enum spool_dir from, enum spool_dir to)
{
	char old_path[SPOOL_PATH_MAX], new_path[SPOOL_PATH_MAX];

	spool_path(old_path, from, id);
	spool_path(new_path, to, id);
	/* Two files of one id are no work of ours; both are kept. */
	if (renameat2(qmgr.dir, old_path, qmgr.dir, new_path,
		RENAME_NOREPLACE) == 0)
		return true;
	log_warn("%s: cannot be moved from %s to %s: %s: is the queue as "
		 "`posthouse setup' makes it?",
	    id, old_path, new_path, strerror(errno));
	return false;
}

bool
mail_move(struct sched_msg *m, enum spool_dir to)
{
	if (mail_dir(m) == to)
		return true;
	if (!rename_file(m->id.text, mail_dir(m), to))
		return false;
	qmgr.held += to == SPOOL_HOLD;
	qmgr.held -= (m->owner & OWNER_HOLD) != 0;
	m->owner &= (uint8_t) ~(OWNER_CUR | OWNER_HOLD);
	if (to == SPOOL_CUR)
		m->owner |= OWNER_CUR;
	if (to == SPOOL_HOLD)
		m->owner |= OWNER_HOLD;
	return true;
}

void
mail_corrupt(const char *id, enum spool_dir dir, const char *why)
{
	if (rename_file(id, dir, SPOOL_CORRUPT))
		log_warn("%s: the queue file is damaged: %s: moved to corrupt/ "
			 "for you to look at",
		    id, why);
}

/* ---- reading ---- */

static void
grow_places(struct mail *mail)
{
	size_t old = mail->places_room;

	if (mail->m.n_rcpts <= old)
		return;
	mail->places_room = MAX(mail->m.n_rcpts, 2 * old);
	mail->places = xrealloc(mail->places, mail->places_room,
	    sizeof(mail->places[0]));
	memset(mail->places + old, 0,
	    (mail->places_room - old) * sizeof(mail->places[0]));
}

void
mail_drop(struct mail *mail)
{
	list_drop(&mail->link);
	close_fd(&mail->fd);
	close_fd(&mail->read_fd);
	buf_free(&mail->journal);
	arena_free(&mail->arena);
	free(mail->places);
	free(mail);
}

static enum mail_read
read_into(struct mail *mail, const char *id, enum spool_dir dir, bool check)
{
	char path[SPOOL_PATH_MAX];
	const char *why = "";

	spool_path(path, dir, id);
	if (mail->fd < 0)
		mail->fd = openat(qmgr.dir, path,
		    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (mail->fd < 0 && errno == ENOENT)
		return MAIL_GONE;
	if (mail->fd < 0) {
		log_warn("%s: cannot be opened: %s", path, strerror(errno));
		return MAIL_LATER;
	}
	if (!spool_read(mail->fd, &mail->arena, &mail->m, check, &why)) {
		if (errno != EBADMSG) {
			log_warn("%s: cannot be read: %s", path, why);
			return MAIL_LATER;
		}
		mail_corrupt(id, dir, why);
		return MAIL_BAD;
	}
	if (!str_eq(mail->m.env.id, id)) {
		mail_corrupt(id, dir, "its name is not its id");
		return MAIL_BAD;
	}
	return MAIL_GOOD;
}

struct mail *
mail_read(const char *id, enum spool_dir dir, int fd, bool check_data,
    enum mail_read *how)
{
	struct mail *mail = xcalloc(1, sizeof(*mail));

	mail->fd = fd;
	mail->read_fd = -1;
	mail->loaded = loop_wall();
	*how = read_into(mail, id, dir, check_data);
	if (*how != MAIL_GOOD) {
		mail_drop(mail);
		return NULL;
	}
	grow_places(mail);
	for (size_t i = 0; i < mail->m.n_rcpts; i++)
		mail->failed += mail->m.rcpts[i].state == RCPT_FAILED;
	return mail;
}

void
mail_attach(struct mail *mail, struct sched_msg *m)
{
	assert(m->loaded == NULL);
	m->loaded = mail;
	mail->msg = m;
	list_append(&qmgr.loaded, &mail->link);
	qmgr.n_loaded++;
}

struct mail *
mail_load(struct sched_msg *m)
{
	enum mail_read how;

	if (m->loaded != NULL)
		return m->loaded;
	struct mail *mail = mail_read(m->id.text, mail_dir(m), -1, false, &how);
	if (mail != NULL) {
		mail_attach(mail, m);
		parts_sort(mail);
		return mail;
	}
	if (how == MAIL_LATER) {
		sched_postpone(qmgr.sched, m);
		if ((m->flags & SCHED_EXPIRED) != 0 || m->parts == NULL)
			sched_alarm(qmgr.sched, m, READ_AGAIN);
		return NULL;
	}
	if (how == MAIL_GONE)
		log_warn("%s: the queue file is gone: somebody else removed it",
		    m->id.text);
	sched_remove(qmgr.sched, m);
	return NULL;
}

int
mail_read_fd(struct mail *mail)
{
	char path[SPOOL_PATH_MAX];

	if (mail->read_fd < 0) {
		spool_path(path, mail_dir(mail->msg), mail->msg->id.text);
		mail->read_fd = openat(qmgr.dir, path,
		    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	}
	return mail->read_fd;
}

/* ---- writing ---- */

bool
mail_save(struct mail *mail)
{
	if (mail->journal.len == 0)
		return true;
	if (mail->m.torn) {
		if (spool_cut(mail->fd, mail->m.journal_end) < 0)
			return false;
		mail->m.torn = false;
	}
	if (spool_append(mail->fd, &mail->m.journal_end, &mail->journal) < 0) {
		if (!qmgr.stuck)
			log_warn("%s: its journal cannot be written: %s: "
				 "delivery goes on, and what is done stays in "
				 "memory",
			    mail->msg->id.text, strerror(errno));
		qmgr.stuck = true;
		mail->m.torn = true; /* perhaps: it could not be cut either */
		return false;
	}
	qmgr.stuck = false;
	buf_reset(&mail->journal);
	return true;
}

void
mail_unload(struct mail *mail)
{
	assert(mail->jobs == 0 && mail->notice == 0 && mail->journal.len == 0);
	mail->msg->loaded = NULL;
	qmgr.n_loaded--;
	mail_drop(mail);
}

void
mail_forget(struct mail *mail)
{
	struct sched_msg *m = mail->msg;

	buf_reset(&mail->journal);
	if ((m->owner & OWNER_HOLD) != 0)
		qmgr.held--;
	mail_unload(mail);
	sched_remove(qmgr.sched, m);
}

void
mail_unlink(struct mail *mail)
{
	char path[SPOOL_PATH_MAX];

	spool_path(path, mail_dir(mail->msg), mail->msg->id.text);
	if (unlinkat(qmgr.dir, path, 0) < 0 && errno != ENOENT)
		log_warn("%s: cannot be removed: %s", path, strerror(errno));
	mail_forget(mail);
}

/* ---- recipients ---- */

uint32_t
mail_add_rcpt(struct mail *mail, const struct rec_env_rcpt *env)
{
	struct spool_message *m = &mail->m;
	struct arena *a = &mail->arena;

	if (m->n_rcpts >= m->room) {
		size_t room = MAX(2 * m->n_rcpts, 16);
		struct spool_rcpt *more = arena_new(a, room * sizeof(*more));

		memcpy(more, m->rcpts, m->n_rcpts * sizeof(*more));
		m->rcpts = more;
		m->room = room;
	}
	struct spool_rcpt *r = &m->rcpts[m->n_rcpts++];
	*r = (struct spool_rcpt){
		.env = {
		    .address = arena_strdup(a, env->address),
		    .orig = arena_strdup(a, env->orig),
		    .orcpt = arena_strdup(a, env->orcpt),
		    .notify = env->notify,
		    .kind = env->kind,
		    .depth = env->depth,
		    .via = arena_strdup(a, env->via),
		    .user = arena_strdup(a, env->user),
		    .sender = arena_strdup(a, env->sender),
		},
		.last.text = "",
		.relay = "",
	};
	grow_places(mail);
	return (uint32_t)(m->n_rcpts - 1);
}

void
mail_settle(struct mail *mail, uint32_t index, enum rcpt_state state)
{
	static const size_t account[] = {
		[RCPT_SENT] = offsetof(struct books, sent),
		[RCPT_BOUNCED] = offsetof(struct books, bounced),
		[RCPT_EXPIRED] = offsetof(struct books, expired),
		[RCPT_DELETED] = offsetof(struct books, deleted),
		[RCPT_EXPANDED] = offsetof(struct books, expanded),
	};
	struct spool_rcpt *r = &mail->m.rcpts[index];

	if (r->state == RCPT_FAILED && state != RCPT_FAILED)
		mail->failed--;
	if (r->state != RCPT_FAILED && state == RCPT_FAILED)
		mail->failed++;
	if (state != RCPT_FAILED && state != RCPT_QUEUED) {
		char *books = (char *)&qmgr.books;

		(*(uint64_t *)(void *)(books + account[state]))++;
	}
	r->state = state;
	mail->places[index].mark = PLACE_OVER;
	mail->places[index].part = NULL;
	spool_entry_rcpt(&mail->journal, index, state, &r->last, r->relay,
	    r->last_attempt);
}

/* As much of a text as the journal would keep: so it fits into any packet. */
static const char *
keep_text(struct mail *mail, const char *text)
{
	return arena_memdup(&mail->arena, text, strnlen(text, SPOOL_TEXT_MAX));
}

void
mail_note(struct mail *mail, uint32_t index, const struct dsn *dsn,
    const char *relay)
{
	struct spool_rcpt *r = &mail->m.rcpts[index];

	r->last = *dsn;
	r->last.text = keep_text(mail, dsn->text);
	r->relay = keep_text(mail, relay);
	r->last_attempt = loop_wall();
}

void
mail_log_rcpt(const struct mail *mail, uint32_t index)
{
	const struct spool_rcpt *r = &mail->m.rcpts[index];
	struct delivery d = {
		.id = mail->msg->id.text,
		.to = r->env.address,
		.orig_to = r->env.orig,
		.arrived = mail->m.env.arrived,
		.queued = mail->loaded,
		.over = loop_wall(),
		.fate = &r->last,
	};

	delivery_log(&d);
}
