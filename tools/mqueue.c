/*
 * mqueue, mailq - the queue, and what one can do to it.
 *
 * qmgr answers over its socket; where it is down, root works on the files.
 * What is selected by --from and the like is selected here, from the list,
 * so that it is the same both ways.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "mqueue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "num.h"
#include "param.h"
#include "str.h"
#include "tool.h"

enum {
	OPT_JSON = 256,
	OPT_SUMMARY,
	OPT_HOLD,
	OPT_RELEASE,
	OPT_DELETE,
	OPT_BOUNCE,
	OPT_REQUEUE,
	OPT_SHOW,
	OPT_AUDIT,
	OPT_FROM,
	OPT_TO,
	OPT_DOMAIN,
	OPT_REASON,
	OPT_OLDER,
	OPT_YES,
	OPT_DRY_RUN,
};

static const struct option longs[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "summary", no_argument, NULL, OPT_SUMMARY },
	{ "hold", no_argument, NULL, OPT_HOLD },
	{ "release", no_argument, NULL, OPT_RELEASE },
	{ "delete", no_argument, NULL, OPT_DELETE },
	{ "bounce", no_argument, NULL, OPT_BOUNCE },
	{ "requeue", no_argument, NULL, OPT_REQUEUE },
	{ "show", no_argument, NULL, OPT_SHOW },
	{ "audit", no_argument, NULL, OPT_AUDIT },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "to", required_argument, NULL, OPT_TO },
	{ "domain", required_argument, NULL, OPT_DOMAIN },
	{ "reason", required_argument, NULL, OPT_REASON },
	{ "older", required_argument, NULL, OPT_OLDER },
	{ "yes", no_argument, NULL, OPT_YES },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ 0 },
};

static const struct tool mqueue = {
	.name = "mqueue",
	.letters = "fj",
	.longs = longs,
	.help =
	    "usage: mqueue [-c DIR] [--json] [--summary] [SELECTION] [ID ...]\n"
	    "       mqueue [-c DIR] -f [ID | DOMAIN ...]\n"
	    "       mqueue [-c DIR] --hold | --release | --delete |\n"
	    "              --bounce | --requeue\n"
	    "              [SELECTION] [--yes] [--dry-run] [ID ...]\n"
	    "       mqueue [-c DIR] --show ID ...\n"
	    "       mqueue [-c DIR] --audit\n"
	    "The mail queue, and what can be done to it.\n"
	    "  -f               try now: everything, or these\n"
	    "  --json           one object a message and line\n"
	    "  --summary        a row a next hop\n"
	    "  --hold           keep back\n"
	    "  --release        let go again\n"
	    "  --delete         remove; nobody is told\n"
	    "  --bounce         return to the sender\n"
	    "  --requeue        try as if it were new\n"
	    "  --show           envelope, header and body\n"
	    "  --audit          compare the disk with the queue manager\n"
	    "Selection:\n"
	    "  --from PATTERN   of the sender; <> is the null sender\n"
	    "  --to PATTERN     of a recipient\n"
	    "  --domain PATTERN of a recipient's domain\n"
	    "  --reason TEXT    in the reason of the delay\n"
	    "  --older TIME     such as 90m, 4h, 2d\n"
	    "  --yes            do not ask\n"
	    "  --dry-run        only count\n"
	    "  -c DIR           the folder of main.conf\n"
	    "  --help           this text\n"
	    "  --version        the version\n",
};

static const struct tool mailq = {
	.name = "mailq",
	.letters = "qv",
	.help = "usage: mailq [-c DIR]\n"
		"Lists the mail queue; see mqueue(1).\n",
};

/* What is done to messages: its option, qmgr's word, and what it was. */
static const struct act {
	int option;
	const char *verb;
	const char *done;
} acts[] = {
	{ OPT_HOLD, "hold", "held" },
	{ OPT_RELEASE, "release", "released" },
	{ OPT_DELETE, "delete", "deleted" },
	{ OPT_BOUNCE, "bounce", "returned" },
	{ OPT_REQUEUE, "requeue", "requeued" },
	{ 'f', "flush", "tried now" },
};

static struct {
	const struct act *act;
	struct choice choice;
	bool json, summary, show, audit, yes, dry_run;
	bool up; /* qmgr answers */
} want;

/* ---- options ---- */

static void
set_act(int letter)
{
	if (want.act != NULL)
		tool_fail(EX_USAGE, "one thing at a time");
	for (size_t i = 0; i < ARRAY_LEN(acts); i++)
		if (acts[i].option == letter)
			want.act = &acts[i];
}

static void
set_older(const char *text)
{
	if (!num_parse_time(text, 's', &want.choice.older) ||
	    want.choice.older <= 0)
		tool_fail(EX_USAGE, "--older %s: not a time: write 90m, 4h, 2d",
		    text);
}

static void
take_option(int letter)
{
	switch (letter) {
	case OPT_JSON:
	case 'j':
		want.json = true;
		break;
	case OPT_SUMMARY:
		want.summary = true;
		break;
	case OPT_SHOW:
		want.show = true;
		break;
	case OPT_AUDIT:
		want.audit = true;
		break;
	case OPT_FROM:
		want.choice.from = optarg;
		break;
	case OPT_TO:
		want.choice.to = optarg;
		break;
	case OPT_DOMAIN:
		want.choice.domain = optarg;
		break;
	case OPT_REASON:
		want.choice.reason = optarg;
		break;
	case OPT_OLDER:
		set_older(optarg);
		break;
	case OPT_YES:
		want.yes = true;
		break;
	case OPT_DRY_RUN:
		want.dry_run = true;
		break;
	case 'q':
	case 'v':
		break; /* sendmail's, when it is called mailq */
	default:
		set_act(letter);
	}
}

/* ---- listing ---- */

struct listing {
	struct buf out;
	struct show_list list;
	struct show_summary summary;
	struct ids ids; /* of what was selected */
	int64_t now;
	uint64_t n;
	bool full; /* ids were named */
	bool collect;
};

static void
flush_out(struct buf *out)
{
	if (fwrite(buf_str(out), 1, out->len, stdout) != out->len)
		tool_end(EX_IOERR);
	buf_reset(out);
}

static void
on_item(void *arg, const struct item *item)
{
	struct listing *l = arg;

	if (!choice_has(&want.choice, item, l->now))
		return;
	l->n++;
	if (l->collect)
		ids_add(&l->ids, item->mail.id);
	else if (want.summary)
		show_summary_item(&l->summary, item);
	else if (want.json)
		show_json(&l->out, item);
	else if (l->full)
		show_full(&l->out, item);
	else
		show_list_item(&l->out, &l->list, item);
	flush_out(&l->out);
}

static int
go_through(const struct ids *ids, struct listing *l)
{
	int code;

	l->now = clock_wall();
	if (want.up) {
		code = ask_list(ids, on_item, l);
	} else {
		files_open();
		code = files_list(ids, on_item, l);
	}
	if (ids->n == 0 && geteuid() == 0 && code == EX_OK && !l->collect) {
		files_open();
		code = files_corrupt(on_item, l);
	}
	return code;
}

static int
list(const struct ids *ids)
{
	struct listing l = { .full = ids->n > 0 };
	int code = go_through(ids, &l);

	if (want.summary)
		show_summary_end(&l.out, &l.summary, l.now, want.json);
	else if (!want.json && !l.full)
		show_list_end(&l.out, &l.list);
	flush_out(&l.out);
	buf_free(&l.out);
	if (ids->n > 0 && l.n == 0 && code == EX_OK &&
	    choice_is_empty(&want.choice)) {
		tool_say("%s: no such message", ids->at[0].text);
		return EX_NOINPUT;
	}
	return code;
}

/* ---- doing ---- */

static bool
agreed(size_t n)
{
	char answer[16];

	if (want.yes || n <= 1)
		return true;
	if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
		tool_say("%zu messages: nothing was done: say --yes", n);
		return false;
	}
	(void)fprintf(stderr, "%zu messages will be %s. Go on? [y/N] ", n,
	    want.act->done);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		return false;
	return answer[0] == 'y' || answer[0] == 'Y';
}

static int
carry_out(char *const *args, size_t n)
{
	const struct act *act = want.act;
	uint64_t done = 0;
	int code;

	if (want.up) {
		code = ask_do(act->verb, args, n, &done);
	} else {
		files_open();
		code = files_do(act->verb, args, n, &done);
	}
	if (code != EX_OK || act->option == 'f')
		return code;
	if (done == 0 && n > 0) {
		tool_say("no such message, or nothing to be done to it");
		return EX_NOINPUT;
	}
	if (printf("%llu message%s %s\n", (unsigned long long)done,
		done == 1 ? "" : "s", act->done) < 0)
		return EX_IOERR;
	return EX_OK;
}

static int
act_on(const struct ids *ids)
{
	char **args;
	int code = EX_USAGE;

	if (want.dry_run) {
		printf("%zu message%s would be %s\n", ids->n,
		    ids->n == 1 ? "" : "s", want.act->done);
		return EX_OK;
	}
	if (ids->n == 0) {
		puts("no message is selected");
		return EX_OK;
	}
	args = xcalloc(ids->n, sizeof(args[0]));
	for (size_t i = 0; i < ids->n; i++)
		args[i] = ids->at[i].text;
	if (agreed(ids->n))
		code = carry_out(args, ids->n);
	free(args);
	return code;
}

static int
act_selected(const struct ids *ids)
{
	struct listing l = { .collect = true };
	int code = go_through(ids, &l);

	if (code == EX_OK)
		code = act_on(&l.ids);
	ids_free(&l.ids);
	return code;
}

/* ---- what was asked ---- */

static void
take_ids(char *const *args, size_t n, struct ids *ids)
{
	for (size_t i = 0; i < n; i++) {
		if (!queueid_valid(args[i]))
			tool_fail(EX_USAGE, "%s: not a queue id", args[i]);
		ids_add(ids, args[i]);
	}
}

static int
show(const struct ids *ids)
{
	int code = EX_OK;

	if (ids->n == 0)
		tool_fail(EX_USAGE, "--show: name a message");
	files_open();
	for (size_t i = 0; i < ids->n && code == EX_OK; i++)
		code = files_show(ids->at[i].text);
	return code;
}

static int
run(char *const *args, size_t n)
{
	struct ids ids = { 0 };
	bool chosen = !choice_is_empty(&want.choice);

	/* Where it does not run, master still has its socket. */
	want.up = ask_open() && !files_are_free();
	if (want.audit)
		return audit(want.up);
	if (want.act != NULL && want.act->option == 'f' && !chosen &&
	    !want.dry_run)
		return carry_out(args, n);
	take_ids(args, n, &ids);
	if (want.show)
		return show(&ids);
	if (want.act == NULL)
		return list(&ids);
	if (!chosen && n == 0)
		tool_fail(EX_USAGE,
		    "--%s: name messages, or select them with --from, --to, "
		    "--domain, --reason, --older",
		    want.act->verb);
	int code = chosen ? act_selected(&ids) : act_on(&ids);
	ids_free(&ids);
	return code;
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	int letter;

	name = name != NULL ? name + 1 : argv[0];
	tool_start(str_eq(name, "mailq") ? &mailq : &mqueue);
	while ((letter = tool_next(argc, argv)) != -1)
		take_option(letter);
	clock_start();
	tool_load();
	tool_end(run(argv + optind, (size_t)(argc - optind)));
}
