/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "pickup_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fd.h"
#include "log.h"
#include "loop.h"
#include "map.h"
#include "pickup_folder.h"
#include "pickup_return.h"
#include "queueid.h"

#define JOBS_MAX  20
#define POLL_TIME (15 * SECOND) /* what inotify has not told, or was put off */
#define PUT_OFF   (10 * SECOND) /* what is left alone after an attempt */

/* Content goes out in pieces, while cleanup takes them. */
#define PIECE    ((size_t)32768)
#define WAIT_MAX ((size_t)1 << 18)

struct job {
	struct list link;
	char name[MAILDROP_NAME_MAX];
	struct arena arena;
	struct pickup_file file;
	struct queueid id;
	struct chan *to;     /* who answers: cleanup, then bounce */
	const char *refusal; /* cleanup's, while bounce is asked */
	uint64_t sent;       /* of the content */
	uint32_t stream;
	bool ended; /* all was sent */
};

static chan_fn on_done, on_returned;

static const struct chan_rule rules[] = {
	{ MSG_mail_done, 1u << ROLE_CLEANUP, on_done },
	{ MSG_notice_done, 1u << ROLE_BOUNCE, on_returned },
};

static struct list jobs;
static uint32_t n_jobs, last_stream;
static struct map busy_names; /* to struct job */
static struct map put_off;    /* to struct wait */
static struct loop_timer again;
static bool look_again;

/* A file that is tried again when its time has come. */
struct wait {
	int64_t until;
};

/* ---- jobs ---- */

static void
put_off_name(const char *name)
{
	void **place = map_puts(&put_off, name);

	if (*place == NULL)
		*place = xcalloc(1, sizeof(struct wait));
	((struct wait *)*place)->until = loop_now() + PUT_OFF;
}

static bool
is_put_off(const char *name)
{
	struct wait *w = map_gets(&put_off, name);

	return w != NULL && w->until > loop_now();
}

/* Waits that are over; their files may be gone. */
static void
forget_waits(void)
{
	MAP_EACH(&put_off, e) {
		struct wait *w = e->value;

		if (w->until > loop_now())
			continue;
		(void)map_drop(&put_off, e->key, e->len);
		free(w);
	}
}

/* Whatever became of it, and even if its file could not be removed: the name is
 * left alone for a while. */
static void
end_job(struct job *j)
{
	put_off_name(j->name);
	(void)map_drops(&busy_names, j->name);
	list_drop(&j->link);
	close_fd(&j->file.fd);
	arena_free(&j->arena);
	free(j);
	n_jobs--;
	look_again = true;
}

static void
say(struct job *j, const struct buf *packet)
{
	chan_send(j->to, packet, -1, false);
}

static void
say_begin(struct job *j)
{
	CLEAN_BUF struct buf packet = { 0 };
	const struct maildrop *mail = &j->file.mail;
	struct msg_mail_begin begin = {
		.stream = j->stream,
		.id = j->id.text,
		.flags = MAIL_LOCAL | mail->flags,
		.sender = mail->sender,
		.uid = j->file.uid,
		.size_hint = mail->content_len,
	};

	msg_put_mail_begin(&packet, &begin);
	say(j, &packet);
	for (size_t i = 0; i < mail->n_rcpts; i++) {
		struct msg_mail_rcpt rcpt = { .stream = j->stream,
			.address = mail->rcpts[i] };

		buf_reset(&packet);
		msg_put_mail_rcpt(&packet, &rcpt);
		say(j, &packet);
	}
}

static void
say_end(struct job *j)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_mail_end end = { .stream = j->stream };

	msg_put_mail_end(&packet, &end);
	say(j, &packet);
	j->ended = true;
}

/* The owner may still write to the file: what has become shorter is no message
 * any more. */
static void
give_up(struct job *j)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_mail_abort abort = { .stream = j->stream };

	msg_put_mail_abort(&packet, &abort);
	say(j, &packet);
	if (errno == ENODATA)
		pickup_folder_set_aside(j->name, "it was cut short");
	end_job(j);
}

static void
say_more(struct job *j)
{
	uint64_t all = j->file.mail.content_len;

	while (j->sent < all && chan_waiting(j->to) < WAIT_MAX) {
		CLEAN_BUF struct buf packet = { 0 };
		char piece[PIECE];
		size_t n = (size_t)MIN(all - j->sent, (uint64_t)PIECE);
		off_t at = (off_t)(j->file.mail.content_at + j->sent);

		if (fd_pread_all(j->file.fd, piece, n, at) < 0) {
			give_up(j);
			return;
		}
		struct msg_mail_data data = { .stream = j->stream,
			.bytes = { piece, n } };
		msg_put_mail_data(&packet, &data);
		say(j, &packet);
		j->sent += n;
	}
	if (j->sent == all)
		say_end(j);
}

static void
start_job(const char *name, struct chan *cleanup)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->file.fd = -1;
	(void)snprintf(j->name, sizeof(j->name), "%s", name);
	*map_puts(&busy_names, j->name) = j;
	list_append(&jobs, &j->link);
	n_jobs++;
	if (pickup_folder_take(&j->arena, name, &j->file) != FOUND_ONE) {
		end_job(j);
		return;
	}
	j->to = cleanup;
	j->stream = ++last_stream;
	j->id = queueid_new(program_slot());
	log_info("%s: uid=%u from=<%s>", j->id.text, j->file.uid,
	    j->file.mail.sender);
	say_begin(j);
}

/* ---- what comes ---- */

static bool
take_name(const char *name)
{
	struct chan *cleanup = program_peer(ROLE_CLEANUP);

	if (cleanup == NULL)
		return false;
	if (n_jobs >= JOBS_MAX)
		return false;
	if (map_gets(&busy_names, name) == NULL && !is_put_off(name))
		start_job(name, cleanup);
	return true;
}

static void
look(void)
{
	look_again = false;
	if (program_draining() || program_peer(ROLE_CLEANUP) == NULL ||
	    n_jobs >= JOBS_MAX)
		return;
	if (!pickup_folder_each(take_name))
		log_warn("maildrop: cannot be read: %m: tried again later; "
			 "`posthouse setup' mends its owner and mode");
}

/* At the end of each round: more files where a job has ended, more content
 * where there is room for it.  The channels were flushed before. */
static void
on_round(void)
{
	struct chan *cleanup;

	do {
		if (look_again)
			look();
		LIST_EACH(struct job, j, &jobs, link)
			if (!j->ended)
				say_more(j);
	} while (look_again);
	for (cleanup = program_next_peer(ROLE_CLEANUP, NULL); cleanup != NULL;
	     cleanup = program_next_peer(ROLE_CLEANUP, cleanup))
		chan_flush(cleanup);
}

static void
on_came(void)
{
	look_again = true;
}

static void
on_poll(struct loop_timer *t)
{
	forget_waits();
	look_again = true;
	loop_timer(t, POLL_TIME, on_poll);
}

static struct job *
find_job(struct chan *c, uint32_t stream)
{
	LIST_EACH(struct job, j, &jobs, link)
		if (j->to == c && j->stream == stream)
			return j;
	return NULL;
}

/* Who sent it learns that it was refused.  Where bounce is not there the file
 * stays, and is tried again. */
static void
give_back(struct job *j, const struct msg_mail_done *done)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct chan *bounce = program_peer(ROLE_BOUNCE);

	j->refusal = arena_printf(&j->arena, "refused: %u %s %s", done->code,
	    done->status, done->text);
	if (pickup_return_to(&j->arena, &j->file)[0] == '\0') {
		pickup_folder_set_aside(j->name, j->refusal);
		end_job(j);
		return;
	}
	if (bounce == NULL) {
		end_job(j);
		return;
	}
	j->ended = true;
	j->to = bounce;
	pickup_return_notice(&packet, j->stream, j->id.text, &j->file, done);
	chan_send(bounce, &packet, j->file.fd, false);
}

static void
settle(struct job *j, const struct msg_mail_done *done)
{
	if (done->code >= 500) {
		give_back(j, done);
		return;
	}
	if (done->code == 250)
		pickup_folder_remove(j->name);
	end_job(j);
}

static bool
on_done(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_mail_done done;

	close_fd(&fd);
	if (!msg_get_mail_done(&done, body, len))
		return false;

	struct job *j = find_job(c, done.stream);
	if (j != NULL)
		settle(j, &done);
	return true;
}

/* Without an id, the notification has been refused too. */
static bool
on_returned(struct chan *c, const void *body, size_t len, int fd)
{
	struct msg_notice_done done;

	close_fd(&fd);
	if (!msg_get_notice_done(&done, body, len))
		return false;

	struct job *j = find_job(c, done.stream);
	if (j == NULL)
		return true;
	if (done.ok && done.notice_id[0] != '\0') {
		log_info("%s: %s: returned to sender", j->id.text, j->refusal);
		pickup_folder_remove(j->name);
	} else if (done.ok) {
		pickup_folder_set_aside(j->name, j->refusal);
	}
	end_job(j);
	return true;
}

static void
on_peer(struct chan *c __attribute__((unused)))
{
	look_again = true;
}

/* Whether cleanup had committed it, or what bounce wrote, is not known: it is
 * sent again. */
static void
on_peer_ended(struct chan *c)
{
	LIST_EACH(struct job, j, &jobs, link)
		if (j->to == c)
			end_job(j);
}

static void
on_go(void)
{
	pickup_folder_watch(on_came);
	loop_each_round(on_round);
	on_poll(&again);
}

static uint32_t
on_busy(void)
{
	return n_jobs;
}

static void
on_status(struct buf *out)
{
	buf_addf(out, "%u files on their way", n_jobs);
}

const struct program_calls pickup_job_calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer = on_peer,
	.peer_ended = on_peer_ended,
	.go = on_go,
	.busy = on_busy,
	.status = on_status,
};
