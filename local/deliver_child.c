/*
 * What the child of a delivery does, from root to the user and to the result.
 *
 * Nothing of the user's is touched before the change, and it cannot be undone.
 * The group mail is added for the mail spool alone, whose folder it may write.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "deliver.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "param.h"
#include "str.h"

#define SPOOL_GROUP "mail"
#define TEXT_MAX    ((size_t)1500)

void
deliver_say(struct deliver_result *r, enum outcome outcome, const char *status,
    const char *fmt, ...)
{
	CLEAN_BUF struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	r->outcome = outcome;
	if (!str_copy(r->status, sizeof(r->status), status))
		log_panic("status %s is too long", status);
	buf_reset(&r->text);
	str_printable(&r->text, buf_str(&text), text.len, TEXT_MAX);
}

void
deliver_say_error(struct deliver_result *r, const char *what, const char *path)
{
	int error = errno;
	const char *status = "4.2.0";

	if (error == EFBIG) {
		deliver_say(r, OUTCOME_BOUNCE, "5.2.2",
		    "%s %s: the mailbox would pass its limit", what, path);
		return;
	}
	if (error == ENOSPC || error == EMFILE || error == ENFILE ||
	    error == ENOMEM)
		status = "4.3.0";
	else if (error == EDQUOT)
		status = "4.2.2";
	deliver_say(r, OUTCOME_DEFER, status, "%s %s: %s", what, path,
	    strerror(error));
}

uint64_t
deliver_size(const struct msg_deliver *m)
{
	return strlen(m->head) + m->head_len + m->data_len;
}

bool
deliver_in_spool(const struct msg_deliver *m)
{
	const char *spool = params.mail_spool_directory;

	return m->kind <= DELIVER_MAILDIR && spool[0] == '/' &&
	    str_starts(m->target, spool) &&
	    strchr("/", m->target[strlen(spool)]) != NULL;
}

static bool
find_user(const struct msg_deliver *m, struct deliver_user *user,
    struct deliver_result *r)
{
	*user = (struct deliver_user){ "", "/", "/bin/sh", m->uid, m->gid };
	if (m->user[0] != '\0') {
		errno = 0;
		const struct passwd *pw = getpwnam(m->user);

		if (pw == NULL) {
			deliver_say(r, OUTCOME_DEFER, "4.3.0", "user %s: %s",
			    m->user,
			    errno != 0 ? strerror(errno) : "no such user");
			return false;
		}
		*user = (struct deliver_user){ pw->pw_name, pw->pw_dir,
			pw->pw_shell, pw->pw_uid, pw->pw_gid };
	}
	if (user->uid == 0 || user->gid == 0) {
		deliver_say(r, OUTCOME_DEFER, "4.3.5",
		    "user %s has root's rights, with which no mail is "
		    "delivered: give it an alias",
		    m->user);
		return false;
	}
	return true;
}

static bool
become(const struct deliver_user *user, bool spool)
{
	gid_t groups[2] = { user->gid };
	size_t n = 1;
	const struct group *g = spool ? getgrnam(SPOOL_GROUP) : NULL;

	if (g != NULL)
		groups[n++] = g->gr_gid;
	if (setgroups(n, groups) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return false;
	if (setresuid(0, 0, 0) == 0 || setgroups(0, NULL) == 0)
		log_panic("root's rights came back");
	/* A change of the uid has cleared it, if it was set before. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

static void
dispatch(struct deliver_mail *mail, const struct deliver_user *user)
{
	const struct msg_deliver *m = &mail->m;
	struct deliver_result *r = &mail->result;

	switch ((enum deliver_kind)m->kind) {
	case DELIVER_MAILDIR:
		deliver_maildir(mail, 1);
		break;
	case DELIVER_MBOX:
	case DELIVER_FILE:
		deliver_mbox(m, mail->file, r);
		break;
	case DELIVER_COMMAND:
		deliver_command(m, mail->file, user, r);
		break;
	case DELIVER_FORWARD:
	case DELIVER_INCLUDE:
		deliver_forward(m->target, m->kind == DELIVER_FORWARD, user, r);
		if (r->outcome == OUTCOME_NONE)
			deliver_say(r, OUTCOME_BOUNCE, "5.0.0", "%s", "");
		break;
	}
}

void
deliver_as(struct deliver_mail *mails, size_t n,
    const struct deliver_user *user)
{
	for (size_t i = 0; i < n; i++)
		deliver_forward(mails[i].m.forward, true, user,
		    &mails[i].result);
	if (n > 1 && mails[0].m.kind == DELIVER_MAILDIR) {
		deliver_maildir(mails, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (mails[i].result.outcome == OUTCOME_NONE)
			dispatch(&mails[i], user);
}

bool
deliver_become(const struct msg_deliver *m, struct deliver_user *user,
    struct deliver_result *r)
{
	if (!find_user(m, user, r))
		return false;
	if (!become(user, deliver_in_spool(m))) {
		deliver_say_error(r, "cannot become", m->user);
		return false;
	}
	(void)umask(077); /* cannot fail */
	if (chdir(user->home) < 0 && chdir("/") < 0) {
		deliver_say_error(r, "cannot enter", "/");
		return false;
	}
	return true;
}

void
deliver_put_result(struct buf *out, uint32_t stream,
    const struct deliver_result *r)
{
	struct msg_delivered m = {
		.stream = stream,
		.outcome = (uint8_t)r->outcome,
		.status = r->status,
		.text = buf_str(&r->text),
		.answer = { buf_str(&r->answer), r->answer.len },
		.by_forward = r->by_forward,
	};

	msg_put_delivered(out, &m);
}
