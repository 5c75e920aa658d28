/*
 * fill_queue - makes a queue of deferred messages, for measuring.
 *
 *	fill_queue QUEUE_FOLDER MESSAGES DOMAINS
 *	fill_queue QUEUE_FOLDER MESSAGES DOMAIN
 *
 * Each message has one recipient, in one of the domains d0.example,
 * d1.example ..., one attempt behind it, and its next retry in an hour.  Owner
 * and mode of the files are those of cur/.  With the name of a domain all go
 * there, and wait since it could not be reached.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "num.h"
#include "spool.h"

static const char content[] = "Subject: bench\r\n\r\n"
			      "A message that waits for its next hop.\r\n";

static const struct dsn refused = {
	.outcome = OUTCOME_DEFER,
	.fault = FAULT_MESSAGE,
	.status = "4.2.0",
	.text = "host said: 450 4.2.0 come again (in reply to RCPT TO command)",
};

static const struct dsn unreached = {
	.outcome = OUTCOME_DEFER,
	.fault = FAULT_DESTINATION,
	.status = "4.4.1",
	.text = "connect to mx.example[192.0.2.1]:25: Connection timed out",
};

static void
add_journal(int fd, bool parked)
{
	CLEAN_BUF struct buf entries = { 0 };
	CLEAN_ARENA struct arena a = { 0 };
	struct spool_message m;
	const char *why;
	int64_t now = clock_wall();

	if (!spool_read(fd, &a, &m, false, &why))
		errx(EX_SOFTWARE, "%s", why);
	spool_entry_rcpt(&entries, 0, RCPT_QUEUED,
	    parked ? &unreached : &refused, "relay.example", now);
	spool_entry_retry(&entries, 1, parked ? 0 : now + HOUR);
	if (spool_append(fd, &m.journal_end, &entries) < 0)
		err(EX_IOERR, "journal");
}

static void
make_message(int queue, int64_t number, int64_t domains, const char *domain,
    const struct stat *owner)
{
	char from[SPOOL_PATH_MAX], to[SPOOL_PATH_MAX], address[80];
	struct queueid id = queueid_new(1);
	CLEAN_DRAFT struct spool_draft d = { 0 };
	static const struct buf none;
	struct rec_env env = {
		.arrived = clock_wall(),
		.sender = "bench@sender.example",
	};
	struct rec_env_rcpt rcpt = { .address = address };

	if (domains > 0)
		(void)snprintf(address, sizeof(address),
		    "user%lld@d%lld.example", (long long)number,
		    (long long)(number % domains));
	else
		(void)snprintf(address, sizeof(address), "user%lld@%s",
		    (long long)number, domain);
	spool_draft_start(&d, queue, id.text);
	spool_draft_data(&d, content, sizeof(content) - 1);
	if (spool_draft_finish(&d, &none, &env, &rcpt, 1, SPOOL_NEW) < 0)
		err(EX_IOERR, "%s", id.text);
	CLEAN_FD int fd = spool_draft_take(&d);
	add_journal(fd, domains == 0);
	if (fchown(fd, owner->st_uid, owner->st_gid) < 0)
		err(EX_NOPERM, "%s", id.text);
	spool_path(from, SPOOL_NEW, id.text);
	spool_path(to, SPOOL_CUR, id.text);
	if (renameat(queue, from, queue, to) < 0)
		err(EX_IOERR, "%s", to);
}

int
main(int argc, char **argv)
{
	int64_t messages, domains = 0;
	struct stat owner;

	if (argc != 4 || !num_parse(argv[2], 1, INT32_MAX, &messages))
		errx(EX_USAGE,
		    "usage: fill_queue FOLDER MESSAGES DOMAINS|DOMAIN");
	if (!num_parse(argv[3], 1, INT32_MAX, &domains) && strlen(argv[3]) > 40)
		errx(EX_USAGE, "%s: too long", argv[3]);
	int queue = open(argv[1], O_RDONLY | O_DIRECTORY);
	if (queue < 0 || fstatat(queue, "cur", &owner, 0) < 0)
		err(EX_NOINPUT, "%s", argv[1]);
	for (int i = 0; i < SPOOL_SPREAD; i++) {
		char path[SPOOL_PATH_MAX];

		(void)snprintf(path, sizeof(path), "cur/%02x", (unsigned)i);
		(void)mkdirat(queue, path, 0700); /* is there, or said below */
		if (fchownat(queue, path, owner.st_uid, owner.st_gid, 0) < 0)
			err(EX_NOPERM, "%s", path);
	}
	for (int64_t i = 0; i < messages; i++)
		make_message(queue, i, domains, argv[3], &owner);
	return EX_OK;
}
