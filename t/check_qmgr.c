/*
 * qmgr: messages through the queue manager, with the test in the place of
 * cleanup, of the agents and of bounce, and a queue on disk.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "chan.h"
#include "clock.h"
#include "log.h"
#include "num.h"
#include "param.h"
#include "program.h"
#include "qmgr.h"
#include "qmgr_admin.h"
#include "qmgr_agent.h"
#include "qmgr_events.h"
#include "qmgr_fate.h"
#include "qmgr_mail.h"
#include "qmgr_notice.h"
#include "qmgr_parts.h"
#include "qmgr_peer.h"
#include "qmgr_scan.h"
#include "qmgr_stood.h"
#include "qmgr_take.h"
#include "route.h"
#include "str.h"

struct qmgr qmgr;

static char dir[] = "/tmp/check_qmgr.XXXXXX";
static struct chan agent, bounce;
static int agent_end, bounce_end;
static bool has_bounce;
static off_t disk_room = -1; /* in it; -1: enough */
static struct buf logged;
static struct buf job_packet;
static int64_t mail_age;    /* of what is sent next */
static uint32_t mail_flags; /* ... and its flags */

/* ---- in the place of libc ---- */

/* A disk that takes only so many bytes more, and lets nothing go. */
ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (disk_room == 0) {
		errno = EIO;
		return -1;
	}
	if (disk_room > 0) {
		n = MIN(n, (size_t)disk_room);
		disk_room -= (off_t)n;
	}
	return syscall(SYS_pwrite64, fd, bytes, n, at);
}

int
ftruncate(int fd, off_t len)
{
	if (disk_room >= 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_ftruncate, fd, len);
}

/* ---- in the place of program.c ---- */

struct chan *
program_peer(enum role role)
{
	return role == ROLE_BOUNCE && has_bounce ? &bounce : NULL;
}

struct chan *
program_next_peer(enum role role, struct chan *after)
{
	(void)role; /* nobody is there to watch for anyone */
	(void)after;
	return NULL;
}

struct chan *
program_control(void)
{
	return NULL;
}

/* ---- the world ---- */

static void
keep_line(enum log_level level, const char *line)
{
	(void)level;
	buf_addf(&logged, "%s\n", line);
}

#define AGENTS (1u << ROLE_SMTP | 1u << ROLE_LOCAL)

static const struct chan_rule rules[] = {
	{ MSG_job_result, AGENTS, agent_result },
	{ MSG_job_expand, AGENTS, agent_expand },
	{ MSG_job_hosts, AGENTS, agent_hosts },
	{ MSG_job_done, AGENTS, agent_done },
	{ MSG_notice_done, 1u << ROLE_BOUNCE, notice_answer },
	{ MSG_queue_new, 1u << ROLE_CLEANUP, take_new },
};

static int
connect_as(struct chan *c, enum role role, const char *name)
{
	int fds[2];

	ck_assert_int_eq(chan_pair(fds), 0);
	chan_start(c, fds[0], role, name, rules, ARRAY_LEN(rules), peer_gone);
	return fds[1];
}

static void
begin_qmgr(void)
{
	struct sched_config config = {
		.min_backoff = 2 * SECOND,
		.max_backoff = 20 * SECOND,
		.lifetime = HOUR,
		.bounce_lifetime = HOUR,
		.backup_lifetime = DAY,
		.probe_time = 100,
		.probe_max = SECOND,
	};

	sched_destroy(&qmgr.sched);
	memset(&qmgr, 0, sizeof(qmgr));
	list_init(&qmgr.loaded);
	qmgr.dir = open(dir, O_RDONLY | O_DIRECTORY);
	qmgr.sched = sched_create(&config, 1);
	sched_time(qmgr.sched, clock_mono());
	qmgr.at_work = true;
	agent_end = connect_as(&agent, ROLE_SMTP, "smtp");
	agent_come(&agent);
	bounce_end = connect_as(&bounce, ROLE_BOUNCE, "bounce");
	has_bounce = true;
}

static void
setup(void)
{
	static const char *const names[] = { "tmp", "new", "cur", "hold",
		"corrupt" };
	CLEAN_BUF struct buf errors = { 0 };
	CLEAN_BUF struct buf path = { 0 };
	const char *why = "";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	int at = open(dir, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_int_eq(mkdirat(at, names[i], 0700), 0);
	buf_addf(&path, "%s/main.conf", dir);
	FILE *f = fopen(buf_str(&path), "w");
	ck_assert_ptr_nonnull(f);
	(void)fprintf(f,
	    "myhostname = here.test\nmydestination =\nalias_maps =\n"
	    "minimal_backoff_time = 2s\nlocal_recipient_maps =\n"
	    "maximal_backoff_time = 20s\n"
	    "backup_mx_domains = backup.test\nrelay_transport = smtp\n");
	ck_assert_int_eq(fclose(f), 0);
	(void)close(at);
	ck_assert_msg(param_load(dir, NULL, &errors), "%s", buf_str(&errors));
	ck_assert_msg(route_open(&why), "%s", why);
	log_sink(keep_line);
	clock_start();
	loop_start();
	begin_qmgr();
	scan_check_folders();
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Everything that a module keeps goes too: without a process for each test the
 * next one begins here. */
static void
teardown(void)
{
	scan_stop();
	loop_cancel(&qmgr.timer);
	if (list_linked(&agent.link) || agent.open)
		agent_gone(&agent);
	chan_stop(&agent);
	chan_stop(&bounce);
	(void)close(agent_end);
	(void)close(bounce_end);
	while (!list_empty(&qmgr.loaded))
		mail_forget(container_of(qmgr.loaded.next, struct mail, link));
	sched_destroy(&qmgr.sched);
	(void)close(qmgr.dir);
	loop_free();
	route_close();
	log_sink(NULL);
	buf_free(&logged);
	buf_free(&job_packet);
	mail_age = 0;
	mail_flags = 0;
	ck_assert_int_eq(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	memcpy(dir + sizeof(dir) - sizeof("XXXXXX"), "XXXXXX",
	    sizeof("XXXXXX"));
}

static const char *
new_id(void)
{
	static struct queueid id;

	id = queueid_new(1);
	return id.text;
}

static int
write_mail(const char *id, const char *sender, const char *const *rcpts,
    size_t n)
{
	CLEAN_DRAFT struct spool_draft d = { 0 };
	struct rec_env env = {
		.arrived = clock_wall() - mail_age,
		.flags = mail_flags,
		.sender = sender,
		.client_name = "",
		.client_addr = "",
	};
	struct rec_env_rcpt *list = xcalloc(n, sizeof(*list));
	static const struct buf none;

	for (size_t i = 0; i < n; i++)
		list[i].address = rcpts[i];
	spool_draft_start(&d, qmgr.dir, id);
	spool_draft_data(&d, "Subject: x\r\n\r\nhello\r\n", 21);
	ck_assert_int_eq(spool_draft_finish(&d, &none, &env, list, n,
			     SPOOL_NEW),
	    0);
	free(list);
	return spool_draft_take(&d);
}

/* cleanup tells of a message to these recipients. */
static const char *
send_mail(const char *sender, const char *const *rcpts, size_t n)
{
	const char *id = new_id();
	int fd = write_mail(id, sender, rcpts, n);
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_queue_new(&packet, &(struct msg_queue_new){ .id = id });
	ck_assert(take_new(NULL, packet.text + 4, packet.len - 4, fd));
	events_run();
	return id;
}

#define SEND(sender, ...)                                       \
	send_mail(sender, (const char *const[]){ __VA_ARGS__ }, \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static bool
next_packet(int end, uint32_t type, struct buf *packet, int64_t wait)
{
	int64_t until = clock_mono() + wait;
	CLEAN_FD int fd = -1;

	buf_reset(packet);
	do {
		loop_once(5);
		if (chan_get_now(end, packet, &fd, 5) < 0)
			continue;
		struct wire w = wire_open(buf_str(packet), packet->len);
		ck_assert_uint_eq(wire_get_u32(&w), type);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
		return true;
	} while (clock_mono() < until);
	return false;
}

static bool
next_job(struct msg_job *job, int64_t wait)
{
	if (!next_packet(agent_end, MSG_job, &job_packet, wait))
		return false;
	ck_assert(msg_get_job(job, job_packet.text + 4, job_packet.len - 4));
	return true;
}

static size_t
rcpts_of(const struct msg_job *job)
{
	struct wire w = wire_open(job->rcpts.at, job->rcpts.len);
	struct rec_job_rcpt rcpt;
	size_t n = 0;

	for (; wire_more(&w); n++)
		ck_assert(rec_get_job_rcpt(&rcpt, &w));
	return n;
}

static void
give(int end, const struct buf *packet)
{
	ck_assert_int_eq(chan_send_now(end, packet, -1), 0);
	loop_once(20);
	loop_once(0);
}

static void
result(uint32_t stream, uint32_t index, enum outcome outcome, enum fault fault)
{
	CLEAN_BUF struct buf packet = { 0 };
	static const char *const status[] = { "", "2.0.0", "4.0.0", "5.0.0" };
	struct msg_job_result m = {
		.stream = stream,
		.index = index,
		.outcome = (uint8_t)outcome,
		.fault = (uint8_t)fault,
		.status = status[outcome],
		.text = "said the test",
		.relay = "relay.test",
	};

	msg_put_job_result(&packet, &m);
	give(agent_end, &packet);
}

static void
done(uint32_t stream)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_job_done(&packet, &(struct msg_job_done){ .stream = stream });
	give(agent_end, &packet);
}

static void
answer_all(const struct msg_job *job, enum outcome outcome, enum fault fault)
{
	struct wire w = wire_open(job->rcpts.at, job->rcpts.len);
	struct rec_job_rcpt rcpt;
	uint32_t stream = job->stream;

	while (wire_more(&w)) {
		ck_assert(rec_get_job_rcpt(&rcpt, &w));
		result(stream, rcpt.index, outcome, fault);
	}
	done(stream);
}

static bool
lies_in(const char *id, enum spool_dir where)
{
	char path[SPOOL_PATH_MAX];

	spool_path(path, where, id);
	return faccessat(qmgr.dir, path, F_OK, 0) == 0;
}

static bool
is_gone(const char *id)
{
	return sched_find(qmgr.sched, id) == NULL && !lies_in(id, SPOOL_NEW) &&
	    !lies_in(id, SPOOL_CUR);
}

/* qmgr ends, and another begins with what is on disk. */
static void
restart(void)
{
	scan_stop();
	agent_gone(&agent);
	loop_cancel(&qmgr.timer);
	chan_stop(&agent);
	chan_stop(&bounce);
	begin_qmgr();
	scan_start();
}

#define LOGGED(text) ck_assert_ptr_nonnull(strstr(buf_str(&logged), text))

/* ---- the cases ---- */

START_TEST(delivered_mail_is_removed_without_a_journal)
{
	struct msg_job job;
	const char *id = SEND("s@x.test", "a@y.test", "b@y.test");

	ck_assert(next_job(&job, SECOND));
	ck_assert_str_eq(job.id, id);
	ck_assert_str_eq(job.transport, "smtp");
	ck_assert_str_eq(job.nexthop, "y.test");
	ck_assert_str_eq(job.sender, "s@x.test");
	ck_assert_uint_eq(rcpts_of(&job), 2);
	ck_assert(lies_in(id, SPOOL_NEW));
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(is_gone(id));
	ck_assert_uint_eq(qmgr.n_loaded, 0);
	ck_assert_uint_eq(qmgr.books.accepted, 2);
	ck_assert_uint_eq(qmgr.books.sent, 2);
	LOGGED("from=<s@x.test>, size=");
	LOGGED("nrcpt=2 (queue active)");
	LOGGED(": removed");
}
END_TEST

START_TEST(deferred_mail_survives_a_restart)
{
	struct msg_job job;
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test", "b@y.test"));

	ck_assert(next_job(&job, SECOND));
	result(job.stream, 0, OUTCOME_SENT, FAULT_NONE);
	result(job.stream, 1, OUTCOME_DEFER, FAULT_MESSAGE);
	done(job.stream);
	ck_assert(lies_in(id, SPOOL_CUR) && !lies_in(id, SPOOL_NEW));
	ck_assert_uint_eq(qmgr.n_loaded, 0);

	restart();
	ck_assert(!next_job(&job, 300)); /* its time has not come */
	ck_assert_ptr_nonnull(sched_find(qmgr.sched, id));
	ck_assert(next_job(&job, 4 * SECOND));
	ck_assert_uint_eq(rcpts_of(&job), 1);
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(is_gone(id));
}
END_TEST

START_TEST(mail_in_new_is_taken_up_once)
{
	struct msg_job job;
	const char *to = "a@y.test";
	const char *id = new_id();
	CLEAN_BUF struct buf packet = { 0 };
	int fd = write_mail(id, "s@x.test", &to, 1);

	scan_start();
	ck_assert(next_job(&job, SECOND));
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(is_gone(id));
	msg_put_queue_new(&packet, &(struct msg_queue_new){ .id = id });
	ck_assert(take_new(NULL, packet.text + 4, packet.len - 4, fd));
	ck_assert(!next_job(&job, 100));
	const char *active = strstr(buf_str(&logged), "(queue active)");
	ck_assert_ptr_nonnull(active);
	ck_assert_ptr_null(strstr(active + 1, "(queue active)"));
}
END_TEST

/* A cleanup that dies between the commit and its word to us. */
START_TEST(mail_that_nobody_told_of_is_found_when_cleanup_is_gone)
{
	struct msg_job job;
	const char *to = "a@y.test";
	const char *id = new_id();

	scan_start();
	ck_assert(!next_job(&job, 100));
	(void)close(write_mail(id, "s@x.test", &to, 1));
	ck_assert(!next_job(&job, 100));
	scan_new();
	ck_assert(next_job(&job, SECOND));
	ck_assert_str_eq(job.id, id);
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(is_gone(id));
}
END_TEST

/* Each cleanup that dies so leaves one. */
START_TEST(mail_of_each_dead_cleanup_is_found)
{
	struct msg_job job;
	const char *to = "a@y.test";

	scan_start();
	ck_assert(!next_job(&job, 100));
	for (int i = 0; i < 3; i++) {
		const char *id = new_id();
		struct chan cleanup = { 0 };
		int end = connect_as(&cleanup, ROLE_CLEANUP, "cleanup");

		peer_come(&cleanup);
		(void)close(write_mail(id, "s@x.test", &to, 1));
		ck_assert(!next_job(&job, 50));
		(void)close(end);
		ck_assert_msg(next_job(&job, SECOND), "death %d", i);
		ck_assert_str_eq(job.id, id);
		answer_all(&job, OUTCOME_SENT, FAULT_NONE);
		ck_assert(is_gone(id));
		chan_stop(&cleanup);
	}
}
END_TEST

/* The next generation reads the queue itself. */
START_TEST(who_is_replaced_does_not_look_for_mail)
{
	struct msg_job job;
	struct chan cleanup = { 0 };
	const char *to = "a@y.test";
	int end = connect_as(&cleanup, ROLE_CLEANUP, "cleanup");

	scan_start();
	ck_assert(!next_job(&job, 100));
	(void)close(write_mail(new_id(), "s@x.test", &to, 1));
	qmgr.draining = true;
	(void)close(end);
	loop_once(20);
	qmgr.draining = false;
	ck_assert(!next_job(&job, 100));
	chan_stop(&cleanup);
}
END_TEST

/* Who makes ids may take one that another's message has. */
START_TEST(two_messages_of_one_id_are_both_delivered)
{
	struct msg_job job;
	const char *to = "a@z.test";
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));
	CLEAN_BUF struct buf packet = { 0 };

	ck_assert(next_job(&job, SECOND));
	answer_all(&job, OUTCOME_DEFER, FAULT_MESSAGE);
	ck_assert(lies_in(id, SPOOL_CUR));
	int fd = write_mail(id, "evil@x.test", &to, 1);
	msg_put_queue_new(&packet, &(struct msg_queue_new){ .id = id });
	ck_assert(take_new(NULL, packet.text + 4, packet.len - 4, fd));
	LOGGED("there is another message of this id");

	restart();
	ck_assert(next_job(&job, SECOND));
	ck_assert_str_eq(job.sender, "evil@x.test");
	answer_all(&job, OUTCOME_DEFER, FAULT_MESSAGE);
	ck_assert(lies_in(id, SPOOL_CUR) && lies_in(id, SPOOL_NEW));
	ck_assert(next_job(&job, 4 * SECOND));
	ck_assert_str_eq(job.sender, "evil@x.test");
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(lies_in(id, SPOOL_CUR) && !lies_in(id, SPOOL_NEW));
	restart();
	ck_assert(next_job(&job, 4 * SECOND));
	ck_assert_str_eq(job.sender, "s@x.test");
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(is_gone(id));
}
END_TEST

static int
connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ck_assert(str_copy(sun.sun_path, sizeof(sun.sun_path), path));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static int
listen_at(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ck_assert(str_copy(sun.sun_path, sizeof(sun.sun_path), path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

/* Asks for it so many times at once; gives the exit code, and how many messages
 * it was done to. */
static uint32_t
ask_to_flush(const char *domain, size_t times, int64_t *count)
{
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_BUF struct buf args = { 0 };
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_q_done done = { 0 };
	int fd = -1;

	buf_addf(&path, "%s/queue", dir);
	(void)unlink(buf_str(&path));
	admin_listen(listen_at(buf_str(&path)), "unix:queue");
	CLEAN_FD int mqueue = connect_to(buf_str(&path));
	for (size_t i = 0; i < times; i++)
		wire_put_str(&args, domain);
	msg_put_q_ask(&packet,
	    &(struct msg_q_ask){
		.verb = "flush",
		.args = { buf_str(&args), args.len },
	    });
	ck_assert_int_eq(chan_send_now(mqueue, &packet, -1), 0);
	for (int i = 0; i < 3; i++)
		loop_once(10);
	ck_assert_int_ge(chan_get_now(mqueue, &packet, &fd, 100), 0);
	ck_assert(msg_get_q_done(&done, packet.text + 4, packet.len - 4));
	*count = 0;
	if (!num_parse(done.text, 0, INT64_MAX, count))
		*count = -1; /* it was no number */
	close_fd(&mqueue);
	loop_once(20);
	loop_once(0);
	admin_stop();
	return done.exit;
}

/* Anybody may ask: not for more than can be answered at once. */
START_TEST(a_domain_is_flushed)
{
	struct msg_job job;
	int64_t count = 0;

	(void)SEND("s@x.test", "a@y.test", "b@w.test");
	for (int i = 0; i < 2; i++) {
		ck_assert(next_job(&job, SECOND));
		answer_all(&job, OUTCOME_DEFER, FAULT_MESSAGE);
	}
	ck_assert_uint_eq(ask_to_flush("z.test", 1, &count), EX_OK);
	ck_assert_int_eq(count, 0);
	ck_assert_uint_eq(ask_to_flush("y.test", 100, &count), EX_OK);
	ck_assert_int_eq(count, 1);
	ck_assert_uint_eq(ask_to_flush("y.test", 101, &count), EX_USAGE);
}
END_TEST

/* Somebody's mqueue stands in a pager when the queue is handed over. */
START_TEST(a_question_does_not_keep_the_old_one)
{
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_BUF struct buf args = { 0 };
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_q_done done = { 0 };
	int fd = -1;

	buf_addf(&path, "%s/queue", dir);
	admin_listen(listen_at(buf_str(&path)), "unix:queue");
	CLEAN_FD int mqueue = connect_to(buf_str(&path));
	for (int i = 0; i < 500; i++)
		wire_put_str(&args, id);
	msg_put_q_ask(&packet,
	    &(struct msg_q_ask){
		.verb = "list",
		.args = { buf_str(&args), args.len },
	    });
	ck_assert_int_eq(chan_send_now(mqueue, &packet, -1), 0);
	loop_once(20); /* accepted */
	loop_once(20); /* asked, and not answered whole */
	ck_assert_uint_eq(admin_busy(), 1);
	qmgr.draining = true;
	admin_stop();
	ck_assert_uint_eq(admin_busy(), 0);
	loop_once(5);
	do
		ck_assert_int_ge(chan_get_now(mqueue, &packet, &fd, 100), 0);
	while (!msg_get_q_done(&done, packet.text + 4, packet.len - 4));
	ck_assert_uint_eq(done.exit, EX_TEMPFAIL);
	close_fd(&mqueue);
	loop_once(20);
	loop_once(0);
}
END_TEST

static uint32_t
next_notice(struct buf *packet, struct msg_notice *m)
{
	ck_assert(next_packet(bounce_end, MSG_notice, packet, SECOND));
	ck_assert(msg_get_notice(m, packet->text + 4, packet->len - 4));
	return m->stream;
}

static void
notice_over(uint32_t stream, bool ok)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_notice_done m = {
		.stream = stream,
		.ok = ok,
		.notice_id = "",
	};

	msg_put_notice_done(&packet, &m);
	give(bounce_end, &packet);
}

START_TEST(failed_mail_is_kept_until_its_sender_is_told)
{
	struct msg_job job;
	struct msg_notice notice;
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));

	ck_assert(next_job(&job, SECOND));
	answer_all(&job, OUTCOME_BOUNCE, FAULT_NONE);
	uint32_t stream = next_notice(&packet, &notice);
	ck_assert_str_eq(notice.to, "s@x.test");
	ck_assert_uint_eq(notice.kind, NOTICE_BOUNCE);
	ck_assert(lies_in(id, SPOOL_NEW));
	notice_over(stream, true);
	ck_assert(is_gone(id));
	ck_assert_uint_eq(qmgr.books.bounced, 1);
}
END_TEST

START_TEST(failed_mail_is_kept_while_there_is_no_bounce)
{
	struct msg_job job;
	struct msg_notice notice;
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));

	has_bounce = false;
	ck_assert(next_job(&job, SECOND));
	answer_all(&job, OUTCOME_BOUNCE, FAULT_NONE);
	ck_assert(lies_in(id, SPOOL_NEW) || lies_in(id, SPOOL_CUR));
	has_bounce = true;
	struct sched_msg *m = sched_find(qmgr.sched, id);
	ck_assert_ptr_nonnull(m);
	sched_alarm(qmgr.sched, m, 1);
	events_run();
	notice_over(next_notice(&packet, &notice), true);
	ck_assert(is_gone(id));
	ck_assert_uint_eq(qmgr.books.bounced, 1);
}
END_TEST

START_TEST(nobody_is_told_of_a_failed_notification)
{
	struct msg_job job;
	const char *id = SEND("", "a@y.test");

	ck_assert(next_job(&job, SECOND));
	answer_all(&job, OUTCOME_BOUNCE, FAULT_NONE);
	ck_assert(is_gone(id));
}
END_TEST

START_TEST(a_destination_that_is_down_is_tried_by_one)
{
	struct msg_job job;
	char ids[5][QUEUEID_LEN + 1];

	(void)snprintf(ids[0], sizeof(ids[0]), "%s",
	    SEND("s@x.test", "a@y.test"));
	ck_assert(next_job(&job, SECOND));
	answer_all(&job, OUTCOME_DEFER, FAULT_DESTINATION);
	for (int i = 1; i < 5; i++)
		(void)snprintf(ids[i], sizeof(ids[i]), "%s",
		    SEND("s@x.test", "b@y.test"));
	LOGGED("destination smtp:y.test is down");
	LOGGED("delivery temporarily suspended: said the test");
	for (int i = 0; i < 5; i++)
		ck_assert(lies_in(ids[i], SPOOL_CUR));

	ck_assert(next_job(&job, SECOND));
	ck_assert_uint_eq(job.probe, 1);
	ck_assert(!next_job(&(struct msg_job){ 0 }, 100));
	/* The packet of the probe was overwritten by nothing. */
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	LOGGED("destination smtp:y.test is up again");
	for (int i = 0; i < 4; i++) {
		ck_assert(next_job(&job, SECOND));
		answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	}
	for (int i = 0; i < 5; i++)
		ck_assert(is_gone(ids[i]));
	ck_assert_uint_eq(qmgr.books.sent, 5);
}
END_TEST

/* ---- standing in for others ---- */

/* The agent has found this host, and waits. */
static bool
may_go(uint32_t stream, const char *address)
{
	CLEAN_BUF struct buf packet = { 0 }, hosts = { 0 }, answer = { 0 };
	struct msg_job_go m;
	int fd = -1;

	rec_put_job_host(&hosts,
	    &(struct rec_job_host){
		.name = "mx.test",
		.address = address,
		.port = 25,
	    });
	msg_put_job_hosts(&packet,
	    &(struct msg_job_hosts){
		.stream = stream,
		.hosts = { buf_str(&hosts), hosts.len },
	    });
	give(agent_end, &packet);
	ck_assert_int_eq(chan_get_now(agent_end, &answer, &fd, SECOND), 0);
	ck_assert(msg_get_job_go(&m, answer.text + 4, answer.len - 4));
	ck_assert_uint_eq(m.stream, stream);
	return m.go != 0;
}

START_TEST(two_domains_on_a_dead_host_cost_one_attempt)
{
	struct msg_job job;
	char ids[2][QUEUEID_LEN + 1];

	(void)snprintf(ids[0], sizeof(ids[0]), "%s",
	    SEND("s@x.test", "a@y.test"));
	ck_assert(next_job(&job, SECOND));
	ck_assert_uint_eq(job.hosts, 1);
	ck_assert(may_go(job.stream, "192.0.2.1"));
	answer_all(&job, OUTCOME_DEFER, FAULT_DESTINATION);
	qmgr.sched->config.probe_time = HOUR;

	(void)snprintf(ids[1], sizeof(ids[1]), "%s",
	    SEND("s@x.test", "a@z.test"));
	ck_assert(next_job(&job, SECOND));
	ck_assert_str_eq(job.nexthop, "z.test");
	ck_assert(!may_go(job.stream, "192.0.2.1"));
	done(job.stream);
	LOGGED("destination smtp:z.test is down: said the test");
	LOGGED("delivery temporarily suspended: said the test");
	for (int i = 0; i < 2; i++)
		ck_assert(lies_in(ids[i], SPOOL_CUR));
	ck_assert_uint_eq(sched_count(sched_find(qmgr.sched, ids[1])), 1);

	/* It tries for both. */
	sched_wake(qmgr.sched, sched_find_dest(qmgr.sched, "smtp", "z.test"));
	events_run();
	ck_assert(next_job(&job, SECOND));
	ck_assert_str_eq(job.nexthop, "z.test");
	ck_assert_uint_eq(job.probe, 1);
	ck_assert(may_go(job.stream, "192.0.2.1"));
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(next_job(&job, SECOND));
	ck_assert_str_eq(job.nexthop, "y.test");
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	for (int i = 0; i < 2; i++)
		ck_assert(is_gone(ids[i]));
	LOGGED("destination smtp:y.test is up again after");
	LOGGED("destination smtp:y.test: 1 messages drained in");
}
END_TEST

START_TEST(hosts_that_are_no_addresses_close_the_channel)
{
	struct msg_job job;
	CLEAN_BUF struct buf packet = { 0 }, hosts = { 0 };

	(void)SEND("s@x.test", "a@y.test");
	ck_assert(next_job(&job, SECOND));
	rec_put_job_host(&hosts,
	    &(struct rec_job_host){ .name = "x", .address = "192.0.2" });
	msg_put_job_hosts(&packet,
	    &(struct msg_job_hosts){
		.stream = job.stream,
		.hosts = { buf_str(&hosts), hosts.len },
	    });
	give(agent_end, &packet);
	LOGGED("delivery agent lost");
}
END_TEST

static const struct {
	const char *sender, *action;
	uint32_t flags;
	const char *rcpt;
	bool held, gone;
	const char *why;
} refusals[] = {
	{ "s@x.test", "hold", 0, "a@backup.test", false, false, "" },
	{ "", "hold", 0, "a@y.test", false, true, "" },
	{ "", "hold", 0, "a@backup.test", true, false, "null sender" },
	{ "s@x.test", "hold", MAIL_SPF_FAIL, "a@backup.test", true, false,
	    "SPF fail" },
	{ "s@x.test", "hold", MAIL_DMARC_FAIL, "a@backup.test", true, false,
	    "DMARC fail" },
	{ "s@x.test", "hold", MAIL_SPF_FAIL, "a@y.test", false, false, "" },
	{ "s@x.test", "discard", MAIL_SPF_FAIL, "a@backup.test", false, true,
	    "SPF fail" },
	{ "s@x.test", "bounce", MAIL_SPF_FAIL, "a@backup.test", false, false,
	    "" },
};

START_TEST(what_a_primary_refuses)
{
	const char *action = params.backup_refused_action;
	struct msg_job job;
	struct msg_notice notice;
	CLEAN_BUF struct buf packet = { 0 }, line = { 0 };

	mail_flags = refusals[_i].flags;
	params.backup_refused_action = refusals[_i].action;
	CLEAN_STR char *id = xstrdup(
	    SEND(refusals[_i].sender, refusals[_i].rcpt));
	ck_assert(next_job(&job, SECOND));
	answer_all(&job, OUTCOME_BOUNCE, FAULT_NONE);
	ck_assert_int_eq(lies_in(id, SPOOL_HOLD), refusals[_i].held);
	if (refusals[_i].why[0] != '\0') {
		buf_addf(&line, "refused after we accepted it as backup (%s)",
		    refusals[_i].why);
		LOGGED(buf_str(&line));
	}
	if (refusals[_i].gone)
		ck_assert(is_gone(id));
	else if (!refusals[_i].held)
		notice_over(next_notice(&packet, &notice), true);
	params.backup_refused_action = action;
}
END_TEST

/* Marked by smtpd: kept from the beginning, and the postmaster hears of the
 * first. */
START_TEST(mail_beyond_the_limit_of_a_user)
{
	const char *classes = params.notify_classes;
	const char *to = params.error_notice_recipient;
	struct msg_notice notice;
	CLEAN_BUF struct buf packet = { 0 };

	params.notify_classes = "resource";
	params.error_notice_recipient = "postmaster@x.test";
	mail_flags = MAIL_OVER_LIMIT;
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));
	uint32_t stream = next_notice(&packet, &notice);
	ck_assert_str_eq(notice.to, "postmaster@x.test");
	ck_assert_uint_eq(notice.kind, NOTICE_HELD);
	notice_over(stream, true);
	ck_assert(lies_in(id, SPOOL_HOLD));
	LOGGED("placed on hold: too much mail from user");

	CLEAN_STR char *next = xstrdup(SEND("s@x.test", "b@y.test"));
	ck_assert(lies_in(next, SPOOL_HOLD));
	ck_assert(!next_packet(bounce_end, MSG_notice, &packet, SECOND / 4));
	params.notify_classes = classes;
	params.error_notice_recipient = to;
}
END_TEST

START_TEST(others_of_a_refused_message_go_on)
{
	struct msg_job job;
	struct wire w;
	struct rec_job_rcpt r;

	mail_flags = MAIL_SPF_FAIL;
	CLEAN_STR char *id = xstrdup(
	    SEND("s@x.test", "a@backup.test", "b@backup.test"));
	LOGGED("accepted as backup for backup.test");
	ck_assert(next_job(&job, SECOND));
	ck_assert_uint_eq(rcpts_of(&job), 2);
	uint32_t stream = job.stream;
	result(stream, 0, OUTCOME_BOUNCE, FAULT_NONE);
	result(stream, 1, OUTCOME_DEFER, FAULT_MESSAGE);
	done(stream);
	ck_assert(lies_in(id, SPOOL_CUR));

	ck_assert(next_job(&job, 5 * SECOND));
	w = wire_open(job.rcpts.at, job.rcpts.len);
	stream = job.stream;
	while (wire_more(&w)) {
		ck_assert(rec_get_job_rcpt(&r, &w));
		result(stream, r.index,
		    r.index == 0 ? OUTCOME_BOUNCE : OUTCOME_SENT, FAULT_NONE);
	}
	done(stream);
	ck_assert(lies_in(id, SPOOL_HOLD));
	ck_assert_uint_eq(qmgr.books.sent, 1);
	ck_assert_uint_eq(qmgr.held, 1);
}
END_TEST

START_TEST(of_a_mixed_message_each_has_its_time)
{
	struct msg_job job;
	struct msg_notice notice;
	CLEAN_BUF struct buf packet = { 0 };

	mail_age = 2 * HOUR;
	CLEAN_STR char *id = xstrdup(
	    SEND("s@x.test", "a@backup.test", "b@y.test"));
	for (int i = 0; i < 2; i++) {
		ck_assert(next_job(&job, SECOND));
		answer_all(&job, OUTCOME_DEFER, FAULT_MESSAGE);
	}
	uint32_t stream = next_notice(&packet, &notice);
	struct wire w = wire_open(notice.rcpts.at, notice.rcpts.len);
	struct rec_notice_rcpt r;
	ck_assert(rec_get_notice_rcpt(&r, &w));
	ck_assert_str_eq(r.address, "b@y.test");
	ck_assert(wire_done(&w));
	notice_over(stream, true);
	ck_assert(lies_in(id, SPOOL_CUR));
	struct sched_msg *m = sched_find(qmgr.sched, id);
	ck_assert_uint_eq(sched_count(m), 1);
	ck_assert_int_gt(sched_left(qmgr.sched, m), 20 * HOUR);
	ck_assert_uint_eq(qmgr.books.expired, 1);
}
END_TEST

/* ---- aliases ---- */

START_TEST(an_alias_becomes_its_members)
{
	struct msg_job job;
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf members = { 0 };
	const char *id = SEND("s@x.test", "list@y.test");

	agent.role = ROLE_LOCAL;
	ck_assert(next_job(&job, SECOND));
	for (int i = 0; i < 3; i++)
		rec_put_job_member(&members,
		    &(struct rec_job_member){
			.address = i < 2 ? "m@z.test" : "n@w.test",
			.via = "list@y.test",
			.sender = i == 1 ? "owner-list@y.test" : "",
		    });
	struct msg_job_expand m = {
		.stream = job.stream,
		.members = { buf_str(&members), members.len },
	};
	uint32_t stream = job.stream;
	msg_put_job_expand(&packet, &m);
	give(agent_end, &packet);
	done(stream);
	bool owner = false;
	for (int i = 0; i < 3; i++) {
		ck_assert(next_job(&job, SECOND));
		ck_assert_uint_eq(rcpts_of(&job), 1);
		owner |= str_eq(job.sender, "owner-list@y.test");
		answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	}
	ck_assert(owner);
	ck_assert(is_gone(id));
	ck_assert_uint_eq(qmgr.books.expanded, 1);
	ck_assert_uint_eq(qmgr.books.expanded_in, 3);
	ck_assert_uint_eq(qmgr.books.sent, 3);
}
END_TEST

/* Tells qmgr that the recipient of a job becomes this one. */
static void
expand_to(uint32_t stream, const struct rec_job_member *member)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf members = { 0 };

	rec_put_job_member(&members, member);
	msg_put_job_expand(&packet,
	    &(struct msg_job_expand){
		.stream = stream,
		.members = { buf_str(&members), members.len },
	    });
	give(agent_end, &packet);
}

START_TEST(who_speaks_with_the_network_names_no_commands)
{
	struct msg_job job;
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));
	static const struct rec_job_member evil = {
		.address = "id > /tmp/mine",
		.kind = RCPT_COMMAND,
		.user = "somebody",
	};

	ck_assert(next_job(&job, SECOND));
	expand_to(job.stream, &evil);
	LOGGED("smtp sent a message that is malformed");
	ck_assert_uint_eq(qmgr.books.expanded, 0);
	ck_assert(lies_in(id, SPOOL_CUR));
}
END_TEST

/* Nothing that an agent says may make a packet that cannot be sent. */
START_TEST(a_member_that_fits_no_packet_is_refused)
{
	struct msg_job job;
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));
	static char address[CHAN_PACKET_MAX - 200];

	agent.role = ROLE_LOCAL;
	memset(address, 'x', sizeof(address) - 1);
	ck_assert(next_job(&job, SECOND));
	expand_to(job.stream,
	    &(struct rec_job_member){
		.address = address,
		.kind = RCPT_COMMAND,
		.user = "somebody",
	    });
	LOGGED("smtp sent a message that is malformed");
	ck_assert_uint_eq(qmgr.books.expanded, 0);
	ck_assert(lies_in(id, SPOOL_CUR));
}
END_TEST

START_TEST(a_member_with_a_line_end_is_refused)
{
	struct msg_job job;

	(void)SEND("s@x.test", "a@y.test");
	agent.role = ROLE_LOCAL;
	ck_assert(next_job(&job, SECOND));
	expand_to(job.stream,
	    &(struct rec_job_member){ .address = "a@z.test>\r\nRSET" });
	LOGGED("smtp sent a message that is malformed");
	ck_assert_uint_eq(qmgr.books.expanded, 0);
}
END_TEST

START_TEST(a_text_of_any_length_is_told_to_the_sender)
{
	struct msg_job job;
	struct msg_notice notice;
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_BUF struct buf heard = { 0 };
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));
	static char text[CHAN_PACKET_MAX - 100];

	memset(text, 'x', sizeof(text) - 1);
	ck_assert(next_job(&job, SECOND));
	msg_put_job_result(&packet,
	    &(struct msg_job_result){
		.stream = job.stream,
		.outcome = OUTCOME_BOUNCE,
		.status = "5.0.0",
		.text = text,
		.relay = "relay.test",
	    });
	give(agent_end, &packet);
	done(job.stream);
	notice_over(next_notice(&heard, &notice), true);
	ck_assert(is_gone(id));
}
END_TEST

START_TEST(a_warning_waits_for_another_notice)
{
	struct msg_job job;
	struct msg_notice notice;
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test", "b@y.test"));

	ck_assert(next_job(&job, SECOND));
	result(job.stream, 0, OUTCOME_BOUNCE, FAULT_NONE);
	result(job.stream, 1, OUTCOME_DEFER, FAULT_MESSAGE);
	done(job.stream);
	uint32_t stream = next_notice(&packet, &notice);
	ck_assert_uint_eq(notice.kind, NOTICE_BOUNCE);
	notice_delay(sched_find(qmgr.sched, id)->loaded);
	ck_assert(!next_packet(bounce_end, MSG_notice, &packet, 100));
	notice_over(stream, true);
	ck_assert(sched_find(qmgr.sched, id)->owner & OWNER_WISH_WARN);
	ck_assert_uint_eq(notice_open(), 0);
}
END_TEST

START_TEST(a_lost_agent_defers_what_it_had)
{
	struct msg_job job;
	const char *id = SEND("s@x.test", "a@y.test");

	ck_assert(next_job(&job, SECOND));
	(void)close(agent_end);
	loop_once(20);
	loop_once(0);
	LOGGED("delivery agent lost");
	ck_assert(lies_in(id, SPOOL_CUR));
	agent_end = connect_as(&agent, ROLE_SMTP, "smtp");
	agent_come(&agent);
	ck_assert(next_job(&job, 3 * SECOND));
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(is_gone(id));
}
END_TEST

START_TEST(held_mail_waits_for_its_release)
{
	struct msg_job job;
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));

	ck_assert(next_job(&job, SECOND));
	qmgr.at_work = false; /* so that no retry comes before the hold */
	answer_all(&job, OUTCOME_DEFER, FAULT_MESSAGE);
	struct sched_msg *m = sched_find(qmgr.sched, id);
	sched_hold(qmgr.sched, m);
	qmgr.at_work = true;
	events_run();
	ck_assert(mail_move(m, SPOOL_HOLD));
	ck_assert_uint_eq(qmgr.held, 1);
	ck_assert(!next_job(&job, 3 * SECOND));
	ck_assert(mail_move(m, SPOOL_CUR));
	sched_release(qmgr.sched, m);
	events_run();
	ck_assert(next_job(&job, SECOND));
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(is_gone(id));
	ck_assert_uint_eq(qmgr.held, 0);
}
END_TEST

/* Whether cleanup tells of it or a start finds it: never tried before its
 * release, and once released not held again. */
START_TEST(mail_that_came_to_be_held)
{
	const char *to = "a@y.test";
	struct msg_job job;

	mail_flags = MAIL_HOLD;
	CLEAN_STR char *told = xstrdup(SEND("s@x.test", to));
	CLEAN_STR char *found = xstrdup(new_id());
	(void)close(write_mail(found, "s@x.test", &to, 1));
	restart();
	ck_assert(!next_job(&job, SECOND));
	ck_assert(lies_in(told, SPOOL_HOLD) && lies_in(found, SPOOL_HOLD));
	ck_assert_uint_eq(qmgr.held, 2);
	LOGGED("placed on hold");

	struct sched_msg *m = sched_find(qmgr.sched, found);
	ck_assert(mail_move(m, SPOOL_CUR));
	sched_release(qmgr.sched, m);
	restart();
	ck_assert(next_job(&job, SECOND));
	ck_assert_str_eq(job.id, found);
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(is_gone(found));
	ck_assert(lies_in(told, SPOOL_HOLD));
}
END_TEST

START_TEST(a_damaged_file_is_put_aside)
{
	const char *to = "a@y.test";
	const char *id = new_id();
	char path[SPOOL_PATH_MAX];

	(void)close(write_mail(id, "s@x.test", &to, 1));
	spool_path(path, SPOOL_NEW, id);
	int fd = openat(qmgr.dir, path, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "XXX", 3, 200), 3);
	(void)close(fd);
	scan_start();
	ck_assert(lies_in(id, SPOOL_CORRUPT) && is_gone(id));
	LOGGED("damaged");
}
END_TEST

START_TEST(a_full_disk_does_not_stop_the_mail)
{
	struct msg_job job;
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test", "b@y.test"));

	ck_assert(next_job(&job, SECOND));
	struct msg_job first = job;
	struct sched_msg *m = sched_find(qmgr.sched, id);
	struct mail *mail = m->loaded;
	ck_assert_int_ge(dup2(mail->read_fd, mail->fd), 0);
	result(first.stream, 0, OUTCOME_DEFER, FAULT_MESSAGE);
	result(first.stream, 1, OUTCOME_SENT, FAULT_NONE);
	done(first.stream);
	LOGGED("journal cannot be written");
	ck_assert(next_job(&job, 4 * SECOND));
	ck_assert_uint_eq(rcpts_of(&job), 1);
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	ck_assert(is_gone(id));
}
END_TEST

#define PIECE 70 /* bytes: less than a recipient, more than a notice */

/* What a piece of an append left, which could not be cut off, must not be read
 * together with a shorter one that is written over it. */
START_TEST(a_piece_that_could_not_be_cut_is_cut_later)
{
	struct msg_job job;
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test", "b@z.test"));

	disk_room = PIECE;
	for (int i = 0; i < 2; i++) {
		ck_assert(next_job(&job, SECOND));
		answer_all(&job, OUTCOME_DEFER, FAULT_MESSAGE);
	}
	struct sched_msg *m = sched_find(qmgr.sched, id);
	struct mail *mail = m->loaded;
	uint64_t end = mail->m.journal_end;
	struct stat st;
	ck_assert(mail->m.torn);
	ck_assert_uint_gt(mail->journal.len, PIECE);

	/* As long as nothing can be cut, nothing is written either. */
	disk_room = 10000;
	ck_assert(!mail_save(mail));
	ck_assert_int_eq(fstat(mail->fd, &st), 0);
	ck_assert_uint_eq((uint64_t)st.st_size, end + PIECE);

	/* qmgr dies; the next one has less to say. */
	disk_room = -1;
	buf_reset(&mail->journal);
	mail_forget(mail);
	restart();
	qmgr.at_work = false; /* it is not tried yet */
	m = NULL;
	for (int i = 0; i < 200 && m == NULL; i++) {
		loop_once(5);
		m = sched_find(qmgr.sched, id);
	}
	ck_assert_ptr_nonnull(m);
	mail = mail_load(m);
	ck_assert(mail->m.torn);
	ck_assert_uint_eq(mail->m.journal_end, end);
	spool_entry_notice(&mail->journal, 1);
	ck_assert_uint_lt(mail->journal.len, PIECE);
	ck_assert(mail_save(mail));
	mail_forget(mail);
	restart();
	for (int i = 0; i < 2; i++) {
		ck_assert(next_job(&job, 4 * SECOND));
		answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	}
	ck_assert(is_gone(id) && !lies_in(id, SPOOL_CORRUPT));
}
END_TEST

/* A message whose time was over while its file could not be read, and which
 * somebody had tried since. */
START_TEST(what_is_being_tried_does_not_expire)
{
	struct msg_job job;
	struct msg_notice notice;
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));

	ck_assert(next_job(&job, SECOND));
	struct sched_msg *m = sched_find(qmgr.sched, id);
	m->flags |= SCHED_EXPIRED;
	sched_alarm(qmgr.sched, m, 1);
	events_run();
	ck_assert(!next_packet(bounce_end, MSG_notice, &packet, 50));
	ck_assert_uint_gt(m->parts->busy, 0);
	answer_all(&job, OUTCOME_DEFER, FAULT_MESSAGE);
	sched_alarm(qmgr.sched, m, 1);
	events_run();
	notice_over(next_notice(&packet, &notice), true);
	ck_assert(is_gone(id));
	ck_assert_uint_eq(qmgr.books.expired, 1);
}
END_TEST

/* Of several destinations: one is down, the others wait for their turn. */
START_TEST(each_part_of_a_message_expires)
{
	struct msg_job job;
	struct msg_notice notice;
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_STR char *id = xstrdup(
	    SEND("s@x.test", "a@y.test", "b@z.test", "c@w.test", "d@w.test"));

	qmgr.at_work = false; /* so that no probe begins meanwhile */
	for (int i = 0; i < 3; i++) {
		ck_assert(next_job(&job, SECOND));
		bool down = str_eq(job.nexthop, "y.test");
		answer_all(&job, OUTCOME_DEFER,
		    down ? FAULT_DESTINATION : FAULT_MESSAGE);
	}
	struct sched_msg *m = sched_find(qmgr.sched, id);
	ck_assert_ptr_nonnull(m->parts->next->next);
	struct mail *mail = mail_load(m);
	fate_time_over(mail);
	ck_assert_ptr_null(m->parts);
	uint32_t stream = next_notice(&packet, &notice);
	ck_assert_uint_eq(mail->failed, 4);
	notice_over(stream, true);
	ck_assert(is_gone(id));
	ck_assert_uint_eq(qmgr.books.expired, 4);
}
END_TEST

/* Processor time that a mailing to n recipients of one destination takes, each
 * in a job of its own. */
static clock_t
time_of_mailing(size_t n)
{
	struct transport *t = parts_transport("discard");
	const char **rcpts = xcalloc(n, sizeof(*rcpts));
	uint64_t sent = qmgr.books.sent;

	for (size_t i = 0; i < n; i++)
		rcpts[i] = "a@y.test";
	t->limits.rcpts = 0; /* or each would be a destination of its own */
	qmgr.at_work = false;
	CLEAN_STR char *id = xstrdup(send_mail("s@x.test", rcpts, n));
	free(rcpts);
	t->limits.rcpts = 1;
	qmgr.at_work = true;
	clock_t before = clock();
	while (sched_find(qmgr.sched, id) != NULL)
		events_run();
	ck_assert_uint_eq(qmgr.books.sent - sent, n);
	return clock() - before;
}

/* What grows with the square of it would be a hundred times as much. */
START_TEST(the_jobs_of_a_large_mailing_do_not_slow_down)
{
	const char *transport = params.default_transport;

	params.default_transport = "discard:2.0.0 gone";
	(void)time_of_mailing(500);
	clock_t small = time_of_mailing(5000);
	clock_t large = time_of_mailing(50000);
	params.default_transport = transport;
	ck_assert_msg(large < 25 * small, "%ld, and %ld of a tenth of it",
	    (long)large, (long)small);
}
END_TEST

START_TEST(members_with_senders_of_their_own_are_all_tried)
{
	struct msg_job job;
	CLEAN_STR char *id = xstrdup(SEND("s@x.test", "a@y.test"));
	static const char *const senders[] = { "o@x.test", "", "o@x.test", "",
		"o@x.test" };
	size_t n = 0;

	ck_assert(next_job(&job, SECOND));
	struct mail *mail = mail_load(sched_find(qmgr.sched, id));
	for (size_t i = 0; i < ARRAY_LEN(senders); i++)
		(void)mail_add_rcpt(mail,
		    &(struct rec_env_rcpt){
			.address = "m@y.test",
			.orig = "",
			.orcpt = "",
			.via = "",
			.user = "",
			.sender = senders[i],
		    });
	parts_add(mail, 1);
	answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	for (int i = 0; i < 2; i++) {
		ck_assert(next_job(&job, SECOND));
		n += rcpts_of(&job);
		ck_assert_str_eq(job.sender, i == 0 ? "o@x.test" : "s@x.test");
		answer_all(&job, OUTCOME_SENT, FAULT_NONE);
	}
	ck_assert_uint_eq(n, ARRAY_LEN(senders));
	ck_assert(is_gone(id));
}
END_TEST

/* What is left to a message of this age that is found at a restart. */
static int64_t
left_after_restart(int64_t age)
{
	const char *to = "a@y.test", *id = new_id();

	mail_age = age;
	(void)close(write_mail(id, "s@x.test", &to, 1));
	stood_open();
	take_file(id, SPOOL_NEW, -1);
	return sched_left(qmgr.sched, sched_find(qmgr.sched, id));
}

static void
damage_stood(const char *text)
{
	CLEAN_FD int fd = openat(qmgr.dir, "cur/stood", O_WRONLY | O_TRUNC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
}

#define ABOUT(value, want) ck_assert_int_lt(llabs((value) - (want)), 5 * SECOND)

START_TEST(the_resolvers_absence_outlives_a_restart)
{
	static const char *const bad[] = { "1", "1 2", "1 2\n5 4\n", "x 2\n",
		"1 2 3\n", "1 \n", "\n" };

	ABOUT(left_after_restart(30 * MINUTE), 30 * MINUTE);
	qmgr.sched->frozen = loop_now() - SECOND;
	stood_note();
	ck_assert_int_lt(faccessat(qmgr.dir, "cur/stood", F_OK, 0), 0);
	qmgr.sched->frozen = loop_now() - 10 * MINUTE;
	stood_note(); /* it is written while it lasts */
	qmgr.sched->frozen = 0;
	ABOUT(left_after_restart(30 * MINUTE), 40 * MINUTE);
	ABOUT(left_after_restart(4 * MINUTE), HOUR);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		damage_stood(bad[i]);
		buf_reset(&logged);
		ABOUT(left_after_restart(30 * MINUTE), 30 * MINUTE);
		LOGGED("is damaged");
	}
	ck_assert_int_eq(unlinkat(qmgr.dir, "cur/stood", 0), 0);
	stood_open();
}
END_TEST

#define SOMEBODY 65534

/* Whether who connects now is kept, and not sent away at once. */
static bool
is_served(const char *path, uid_t user, int *fd)
{
	char byte;

	ck_assert_int_eq(seteuid(user), 0);
	*fd = connect_to(path);
	ck_assert_int_eq(seteuid(0), 0);
	loop_once(20);
	return recv(*fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

START_TEST(there_is_always_a_connection_for_root)
{
	CLEAN_BUF struct buf path = { 0 };
	int users[101], root;
	size_t served = 0;

	if (geteuid() != 0)
		return; /* nobody else can be */
	buf_addf(&path, "%s/queue", dir);
	admin_listen(listen_at(buf_str(&path)), "unix:queue");
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(chmod(buf_str(&path), 0666), 0);
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		served += is_served(buf_str(&path), SOMEBODY, &users[i]);
	ck_assert_uint_eq(served, ARRAY_LEN(users) - 1);
	ck_assert(is_served(buf_str(&path), 0, &root));
	close_fd(&root);
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		close_fd(&users[i]);
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		loop_once(1);
	admin_stop();
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("qmgr");
	TCase *t = tcase_create("qmgr");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, delivered_mail_is_removed_without_a_journal);
	tcase_add_test(t, deferred_mail_survives_a_restart);
	tcase_add_test(t, mail_in_new_is_taken_up_once);
	tcase_add_test(t,
	    mail_that_nobody_told_of_is_found_when_cleanup_is_gone);
	tcase_add_test(t, mail_of_each_dead_cleanup_is_found);
	tcase_add_test(t, who_is_replaced_does_not_look_for_mail);
	tcase_add_test(t, two_messages_of_one_id_are_both_delivered);
	tcase_add_test(t, a_domain_is_flushed);
	tcase_add_test(t, a_question_does_not_keep_the_old_one);
	tcase_add_test(t, failed_mail_is_kept_until_its_sender_is_told);
	tcase_add_test(t, failed_mail_is_kept_while_there_is_no_bounce);
	tcase_add_test(t, nobody_is_told_of_a_failed_notification);
	tcase_add_test(t, a_destination_that_is_down_is_tried_by_one);
	tcase_add_test(t, two_domains_on_a_dead_host_cost_one_attempt);
	tcase_add_test(t, hosts_that_are_no_addresses_close_the_channel);
	tcase_add_loop_test(t, what_a_primary_refuses, 0,
	    (int)ARRAY_LEN(refusals));
	tcase_add_test(t, mail_beyond_the_limit_of_a_user);
	tcase_add_test(t, others_of_a_refused_message_go_on);
	tcase_add_test(t, of_a_mixed_message_each_has_its_time);
	tcase_add_test(t, an_alias_becomes_its_members);
	tcase_add_test(t, who_speaks_with_the_network_names_no_commands);
	tcase_add_test(t, a_member_that_fits_no_packet_is_refused);
	tcase_add_test(t, a_member_with_a_line_end_is_refused);
	tcase_add_test(t, a_text_of_any_length_is_told_to_the_sender);
	tcase_add_test(t, a_warning_waits_for_another_notice);
	tcase_add_test(t, a_lost_agent_defers_what_it_had);
	tcase_add_test(t, held_mail_waits_for_its_release);
	tcase_add_test(t, mail_that_came_to_be_held);
	tcase_add_test(t, a_damaged_file_is_put_aside);
	tcase_add_test(t, a_full_disk_does_not_stop_the_mail);
	tcase_add_test(t, a_piece_that_could_not_be_cut_is_cut_later);
	tcase_add_test(t, what_is_being_tried_does_not_expire);
	tcase_add_test(t, each_part_of_a_message_expires);
	tcase_add_test(t, the_jobs_of_a_large_mailing_do_not_slow_down);
	tcase_add_test(t, members_with_senders_of_their_own_are_all_tried);
	tcase_add_test(t, the_resolvers_absence_outlives_a_restart);
	tcase_add_test(t, there_is_always_a_connection_for_root);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
