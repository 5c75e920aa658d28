/*
 * local: lists, variables, and what recipients mean, in a small world of
 * aliases, users and files.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>

#include "addr.h"
#include "local_expand.h"
#include "local_list.h"
#include "local_place.h"
#include "local_vars.h"
#include "local_virtual.h"
#include "param.h"
#include "wire.h"

/* ---- lists ---- */

static const struct {
	const char *text;
	const char *items; /* kind letter, text, bar */
} lists[] = {
	{ "", "" },
	{ " , \n ,", "" },
	{ "alice", "A alice|" },
	{ "alice, bob@x.org ,carol", "A alice|A bob@x.org|A carol|" },
	{ "alice\nbob\n\ncarol,dave\n", "A alice|A bob|A carol|A dave|" },
	{ "# note\nalice\n  # more, text\nbob", "A alice|A bob|" },
	{ "alice, #x", "A alice|A #x|" },
	{ "\\alice", "M alice|" },
	{ "|/bin/cat", "C /bin/cat|" },
	{ "\"|cmd a, b\", x", "C cmd a, b|A x|" },
	{ "|\"cmd a, b\", x", "C \"cmd a, b\"|A x|" },
	{ "\"|cmd \\\"a\\\" \\\\ b\"", "C cmd \"a\" \\ b|" },
	{ "| cmd", "C cmd|" },
	{ "/var/mail/x", "F /var/mail/x|" },
	{ "\"/var/a b\"", "F /var/a b|" },
	{ ":include:/etc/list", "I /etc/list|" },
	{ ":INCLUDE: /etc/list", "I /etc/list|" },
	{ "\"john doe\"@x.org", "A \"john doe\"@x.org|" },
	{ "\"a,b\"@x.org, c", "A \"a,b\"@x.org|A c|" },
	{ "\"|open", "C open|" },
	{ "\"", "A \"|" },
	{ "\"a\\", "A \"a\\|" },
	{ "John Doe <j@x.org>", "A John Doe <j@x.org>|" },
};

static void
show_list(struct slice rest, struct buf *out)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct local_item item;

	while (local_list_next(&rest, &a, &item))
		buf_addf(out, "%c %s|", "AMCFI"[item.kind], item.text);
}

START_TEST(a_list_has_items)
{
	CLEAN_BUF struct buf got = { 0 };

	show_list(slice_of(lists[_i].text), &got);
	ck_assert_str_eq(buf_str(&got), lists[_i].items);
}
END_TEST

START_TEST(every_prefix_of_a_list_ends)
{
	for (size_t n = 0; n <= strlen(lists[_i].text); n++) {
		CLEAN_BUF struct buf got = { 0 };
		CLEAN_BUF struct buf text = { 0 };

		buf_add(&text, lists[_i].text, n);
		show_list((struct slice){ buf_str(&text), n }, &got);
		ck_assert_uint_le(got.len, 4 * n + 4);
	}
}
END_TEST

/* ---- variables ---- */

static const struct {
	const char *text;
	const char *want; /* NULL: refused */
} vars[] = {
	{ "plain", "plain" },
	{ "$home/.forward", "/home/u/.forward" },
	{ "$home/.f${delim}${ext}", "/home/u/.f+x" },
	{ "a${none?text}b", "ab" },
	{ "a${none:text}b", "atextb" },
	{ "a${ext?-$b}c", "a-$bc" },
	{ "${home}", "/home/u" },
	{ "$", NULL },
	{ "a$unknown", NULL },
	{ "${home", NULL },
	{ "${home?x", NULL },
	{ "${}", NULL },
	{ "$$home", NULL },
};

START_TEST(variables_stand_for_values)
{
	static const struct local_var known[] = {
		{ "home", "/home/u" },
		{ "delim", "+" },
		{ "ext", "x" },
		{ "none", "" },
	};
	CLEAN_BUF struct buf got = { 0 };
	bool good;

	buf_adds(&got, "=");
	good = local_vars_expand(&got, vars[_i].text, known, ARRAY_LEN(known));
	ck_assert_int_eq(good, vars[_i].want != NULL);
	ck_assert_str_eq(buf_str(&got) + 1,
	    vars[_i].want != NULL ? vars[_i].want : "");
}
END_TEST

/* ---- the small world ---- */

static const struct {
	const char *name;
	const char *value;
} aliases[] = {
	{ "staff", "alice, bob, x@far.org" },
	{ "nested", "staff, alice, carol" },
	{ "self", "self, x@far.org" },
	{ "alice.s", "alice" },
	{ "circle", "circle2" },
	{ "circle2", "circle" },
	{ "half", "half2, x@far.org" },
	{ "half2", "half" },
	{ "cmd", "|/bin/prog, /var/file, \"|a b, c\"" },
	{ "team", "alice@here, nosuch" },
	{ "list", "alice, y@far.org" },
	{ "owner-list", "carol@here" },
	{ "inc", ":include:/etc/members" },
	{ "inclost", ":include:/etc/lost" },
	{ "direct", "\\fwd" },
	{ "broken", "staff, later" },
	{ "later", NULL },
	{ "empty", " , " },
	{ "ext+ended", "bob" },
	{ "twice", "bob, bob+a, bob@here" },
	{ "deep", "fwd" },
	{ "mixed", "alice, farfar, boxer" },
	{ "many", "staff, nested, staff, list" },
};

static enum found
find_alias(struct arena *a, const char *name, const char **value,
    const char **rights)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (str_eq(name, aliases[i].name)) {
			*value = aliases[i].value;
			*rights = "aliasowner";
			return *value != NULL ? FOUND_ONE : FOUND_FAILED;
		}
	(void)a;
	return FOUND_NONE;
}

static size_t
find_addresses(struct arena *a, const char *item, const char *const **out)
{
	struct addr_list list = addr_parse_list(a, slice_of(item));
	const char **found = arena_new(a, (list.n + 1) * sizeof(char *));

	for (size_t i = 0; i < list.n; i++)
		found[i] = arena_printf(a, "%s@%s", list.at[i].local,
		    list.at[i].domain[0] != '\0' ? list.at[i].domain : "here");
	*out = found;
	return list.n;
}

static enum found
find_local_name(struct arena *a, const char *address, const char **name)
{
	struct addr addr = addr_split(a, address);

	*name = addr.local;
	return str_eq(addr.domain, "here") ? FOUND_ONE : FOUND_NONE;
}

/* Users whose names begin with box, and nobodies with far; or all. */
static bool all_elsewhere;

static enum found
find_elsewhere(struct arena *a, enum rcpt_kind kind, const char *user,
    const char *address)
{
	(void)a;
	(void)address;
	if (str_eq(user, "boxlater"))
		return FOUND_FAILED;
	if (kind == RCPT_MAILBOX && all_elsewhere)
		return FOUND_ONE;
	return str_starts(user, kind == RCPT_MAILBOX ? "box" : "far")
	    ? FOUND_ONE
	    : FOUND_NONE;
}

static const struct expand_world world = {
	.alias = find_alias,
	.addresses = find_addresses,
	.local_name = find_local_name,
	.elsewhere = find_elsewhere,
};

static const struct {
	const char *name;
	const char *value; /* NULL: don't know */
} users[] = {
	{ "alice", "alice:1000:1000:/home/alice:/bin/sh:Alice, A." },
	{ "bob", "bob:1001:1001:/home/bob:/bin/sh:" },
	{ "carol", "carol:1002:1002:/home/carol:/bin/sh:" },
	{ "carol+own", "carol+own:1011:1011:/home/co:/bin/sh:" },
	{ "fwd+own", "fwd+own:1012:1012:/home/fo:/bin/sh:" },
	{ "fwd", "fwd:1003:1003:/home/fwd:/bin/sh:" },
	{ "keeper", "keeper:1004:1004:/home/keeper:/bin/sh:" },
	{ "selfish", "selfish:1005:1005:/home/selfish:/bin/sh:" },
	{ "runner", "runner:1006:1006:/home/runner:/bin/sh:" },
	{ "unsafe", "unsafe:1007:1007:/home/unsafe:/bin/sh:" },
	{ "blank", "blank:1008:1008:/home/blank:/bin/sh:" },
	{ "stuck", "stuck:1009:1009:/home/stuck:/bin/sh:" },
	{ "self", "self:1010:1010:/home/self:/bin/sh:" },
	{ "root", "root:0:0:/root:/bin/sh:" },
	{ "boxer", "boxer:1020:1020:/home/boxer:/bin/sh:" },
	{ "boxfwd", "boxfwd:1021:1021:/home/boxfwd:/bin/sh:" },
	{ "farmer", "farmer:1022:1022:/home/farmer:/bin/sh:" },
	{ "unknowable", NULL },
};

/* Files by the first path that is asked for. */
static const struct {
	const char *path;
	enum outcome outcome;
	const char *text;
} files[] = {
	{ "/home/fwd/.forward", OUTCOME_SENT, "z@far.org\n" },
	{ "/home/fo/.forward", OUTCOME_SENT, "own@far.org\n" },
	{ "/home/fwd/.forward+ext", OUTCOME_SENT, "ext@far.org\n" },
	{ "/home/fwd/.forward+_etc_x", OUTCOME_SENT, "bad@far.org\n" },
	{ "/home/boxfwd/.forward", OUTCOME_SENT, "\\boxfwd, z@far.org" },
	{ "/home/keeper/.forward", OUTCOME_SENT, "\\keeper, z@far.org" },
	{ "/home/selfish/.forward", OUTCOME_SENT, "selfish\nz@far.org" },
	{ "/home/runner/.forward", OUTCOME_SENT,
	    "\"|/usr/bin/procmail -a x\"\n/home/runner/copy\n"
	    ":include:/home/runner/list" },
	{ "/home/runner/list", OUTCOME_SENT, "bob\n|/bin/no\n" },
	{ "/home/unsafe/.forward", OUTCOME_BOUNCE, "others may write it" },
	{ "/home/blank/.forward", OUTCOME_SENT, "# nothing\n" },
	{ "/home/stuck/.forward", OUTCOME_DEFER, "cannot read: I/O" },
	{ "/etc/members", OUTCOME_SENT, "alice\n# old: carol\nx@far.org" },
};

static void
answer_user(struct expand *e)
{
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		if (str_eq(e->user, users[i].name)) {
			const char *value = users[i].value;

			local_expand_user(e,
			    value != NULL ? FOUND_ONE : FOUND_FAILED,
			    value != NULL ? value : "");
			return;
		}
	local_expand_user(e, FOUND_NONE, "");
}

static void
answer_file(struct expand *e)
{
	struct slice rest = slice_of(e->paths);
	struct slice path;

	while (slice_next_part(&rest, '\n', &path))
		for (size_t i = 0; i < ARRAY_LEN(files); i++) {
			enum outcome o = files[i].outcome;

			if (!slice_eq(path, files[i].path))
				continue;
			local_expand_file(e, o,
			    o == OUTCOME_DEFER ? "4.2.0" : "2.0.0",
			    o == OUTCOME_SENT ? "" : files[i].text,
			    slice_of(o == OUTCOME_SENT ? files[i].text : ""));
			return;
		}
	local_expand_file(e, OUTCOME_BOUNCE, "5.0.0", "", SLICE(""));
}

static void
show_end(const struct expand *e, struct buf *out)
{
	static const char *const kinds[] = {
		[RCPT_ADDRESS] = "",
		[RCPT_MAILBOX] = "box:",
		[RCPT_FILE] = "file:",
		[RCPT_COMMAND] = "cmd:",
		[RCPT_NOBODY] = "nobody:",
	};

	if (e->fate.outcome != OUTCOME_NONE) {
		buf_addf(out, "%s %s", e->fate.status, e->fate.text);
		return;
	}
	if (e->direct)
		buf_addf(out, "direct %s ", e->who.home);
	for (size_t i = 0; i < e->n; i++) {
		const struct expand_member *m = &e->members[i];

		buf_addf(out, "%s%s", kinds[m->kind], m->address);
		if (m->kind != RCPT_ADDRESS)
			buf_addf(out, "(%s)", m->user);
		if (m->sender[0] != '\0')
			buf_addf(out, "<%s>", m->sender);
		buf_addc(out, ' ');
	}
	if (e->warning != NULL)
		buf_addf(out, "! %s", e->warning);
}

static void
expand(const char *address, struct buf *out)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct expand e;
	enum expand_want want;

	local_expand_start(&e, &a, &world, address);
	while ((want = local_expand_next(&e)) != EXPAND_DONE) {
		ck_assert_int_eq(local_expand_next(&e), want);
		if (want == EXPAND_USER)
			answer_user(&e);
		else
			answer_file(&e);
	}
	show_end(&e, out);
	local_expand_free(&e);
}

static void
set_params(void)
{
	params.default_privs = "nobody";
	params.recipient_delimiter = "+";
	params.owner_request_special = true;
	params.expand_owner_alias = false;
	params.allow_mail_to_commands = "alias, forward";
	params.allow_mail_to_files = "alias, forward";
	params.luser_relay = "";
	params.forward_path =
	    "$home/.forward${recipient_delimiter}${extension}, $home/.forward";
	params.mail_spool_directory = "/var/mail";
	params.home_mailbox = "";
	params.mailbox_command = "";
}

static const struct {
	const char *rcpt;
	const char *want;
} meanings[] = {
	{ "alice@here", "direct /home/alice box:alice@here(alice) " },
	{ "Alice@here", "direct /home/alice box:Alice@here(alice) " },
	{ "alice+x@here", "direct /home/alice box:alice+x@here(alice) " },
	{ "nosuch@here", "5.1.1 unknown user: \"nosuch\"" },
	{ "unknowable@here", "4.3.0 user lookup error" },
	{ "later@here", "4.3.0 alias database unavailable" },
	{ "broken@here", "4.3.0 alias database unavailable" },
	{ "empty@here", "4.3.5 alias empty has no members" },
	{ "staff@here", "x@far.org box:alice@here(alice) box:bob@here(bob) " },
	{ "STAFF+x@here",
	    "x@far.org box:alice@here(alice) box:bob@here(bob) " },
	{ "nested@here",
	    "x@far.org box:alice@here(alice) box:carol@here(carol) "
	    "box:bob@here(bob) " },
	{ "self@here", "x@far.org box:self@here(self) " },
	{ "circle@here", "5.4.6 alias database loop for circle@here" },
	{ "half@here", "x@far.org " },
	{ "cmd@here",
	    "cmd:/bin/prog(aliasowner) file:/var/file(aliasowner) "
	    "cmd:a b, c(aliasowner) " },
	{ "team@here", "box:alice@here(alice) box:nosuch@here(nosuch) " },
	{ "list@here",
	    "y@far.org<owner-list@here> "
	    "box:alice@here(alice)<owner-list@here> " },
	{ "owner-list@here", "box:carol@here(carol) " },
	{ "inc@here", "x@far.org box:alice@here(alice) " },
	{ "inclost@here", "4.2.0 include file /etc/lost is not there" },
	{ "direct@here", "box:fwd@here(fwd) " },
	{ "ext+ended@here", "box:bob@here(bob) " },
	{ "twice@here", "box:bob@here(bob) " },
	{ "fwd@here", "z@far.org " },
	{ "fwd+ext@here", "ext@far.org " },
	{ "fwd+/etc/x@here", "bad@far.org " },
	{ "fwd+other@here", "z@far.org " },
	{ "Carol+Own@here", "direct /home/co box:Carol+Own@here(carol+own) " },
	{ "carol+owner@here",
	    "direct /home/carol box:carol+owner@here(carol) " },
	{ "fwd+own@here", "own@far.org " },
	{ "nosuch+x@here", "5.1.1 unknown user: \"nosuch+x\"" },
	{ "deep@here", "z@far.org " },
	{ "keeper@here", "z@far.org box:keeper@here(keeper) " },
	{ "selfish@here", "z@far.org box:selfish@here(selfish) " },
	{ "runner@here",
	    "cmd:/usr/bin/procmail -a x(runner) "
	    "file:/home/runner/copy(runner) cmd:/bin/no() box:bob@here(bob) " },
	{ "unsafe@here",
	    "direct /home/unsafe box:unsafe@here(unsafe) "
	    "! others may write it" },
	{ "blank@here", "direct /home/blank box:blank@here(blank) " },
	{ "stuck@here", "4.2.0 cannot read: I/O" },
	{ "root@here", "direct /root box:root@here(root) " },
	{ "postmaster@here", "box:root@here(root) " },
	{ "|/bin/sh@here", "5.1.1 unknown user: \"|/bin/sh\"" },
	{ "/etc/passwd@here", "5.1.1 unknown user: \"/etc/passwd\"" },
	{ "\\alice@here", "5.1.1 unknown user: \"\\alice\"" },
	{ "boxer@here", "box:boxer@here(boxer) " },
	{ "Boxer+x@here", "box:Boxer+x@here(boxer) " },
	{ "boxfwd@here", "z@far.org box:boxfwd@here(boxfwd) " },
	{ "boxnobody+x@here", "box:boxnobody+x@here(boxnobody) " },
	{ "boxlater@here", "4.3.0 mailbox transport lookup error" },
	{ "farmer@here", "direct /home/farmer box:farmer@here(farmer) " },
	{ "faraway@here", "nobody:faraway@here(faraway) " },
	{ "mixed@here",
	    "box:alice@here(alice) nobody:farfar@here(farfar) "
	    "box:boxer@here(boxer) " },
	{ "many@here",
	    "x@far.org y@far.org<owner-list@here> box:alice@here(alice) "
	    "box:bob@here(bob) box:carol@here(carol) " },
};

START_TEST(mailboxes_may_all_be_elsewhere)
{
	static const struct {
		const char *rcpt, *want;
	} cases[] = {
		{ "alice+x@here", "box:alice+x@here(alice) " },
		{ "nosuch@here", "box:nosuch@here(nosuch) " },
		{ "farfar@here", "box:farfar@here(farfar) " },
		{ "fwd@here", "z@far.org " },
		{ "keeper@here", "z@far.org box:keeper@here(keeper) " },
		{ "postmaster@here", "box:postmaster@here(postmaster) " },
		{ "root@here", "box:root@here(root) " },
		{ "unknowable@here", "4.3.0 user lookup error" },
	};

	set_params();
	all_elsewhere = true;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEAN_BUF struct buf got = { 0 };

		expand(cases[i].rcpt, &got);
		ck_assert_str_eq(buf_str(&got), cases[i].want);
	}
	all_elsewhere = false;
}
END_TEST

START_TEST(a_recipient_means)
{
	CLEAN_BUF struct buf got = { 0 };

	set_params();
	expand(meanings[_i].rcpt, &got);
	ck_assert_str_eq(buf_str(&got), meanings[_i].want);
}
END_TEST

START_TEST(every_prefix_of_a_recipient_ends)
{
	set_params();
	for (size_t n = 1; n <= strlen(meanings[_i].rcpt); n++) {
		CLEAN_ARENA struct arena a = { 0 };
		CLEAN_BUF struct buf got = { 0 };

		expand(arena_memdup(&a, meanings[_i].rcpt, n), &got);
		ck_assert_uint_gt(got.len, 0);
	}
}
END_TEST

/* What his .forward file holds must fit into the packets that say it. */
START_TEST(an_item_of_a_list_has_a_greatest_length)
{
	CLEAN_ARENA struct arena a = { 0 };
	static char text[100000] = "z@far.org, |/bin/cat ";
	struct expand e;

	set_params();
	memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 1);
	local_expand_start(&e, &a, &world, "fwd@here");
	ck_assert_int_eq(local_expand_next(&e), EXPAND_USER);
	answer_user(&e);
	ck_assert_int_eq(local_expand_next(&e), EXPAND_FILE);
	local_expand_file(&e, OUTCOME_SENT, "2.0.0", "", slice_of(text));
	ck_assert_int_eq(local_expand_next(&e), EXPAND_DONE);
	ck_assert_int_eq(e.fate.outcome, OUTCOME_DEFER);
	ck_assert_str_eq(e.fate.status, "4.3.5");
	local_expand_free(&e);
}
END_TEST

START_TEST(an_item_of_a_list_has_no_control_character)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct expand e;

	set_params();
	local_expand_start(&e, &a, &world, "fwd@here");
	ck_assert_int_eq(local_expand_next(&e), EXPAND_USER);
	answer_user(&e);
	ck_assert_int_eq(local_expand_next(&e), EXPAND_FILE);
	local_expand_file(&e, OUTCOME_SENT, "2.0.0", "",
	    SLICE("\"a\rRSET\"@far.org\n"));
	ck_assert_int_eq(local_expand_next(&e), EXPAND_DONE);
	ck_assert_int_eq(e.fate.outcome, OUTCOME_DEFER);
	ck_assert_str_eq(e.fate.status, "4.3.5");
	local_expand_free(&e);
}
END_TEST

START_TEST(unknown_users_may_have_a_relay)
{
	CLEAN_BUF struct buf got = { 0 };

	set_params();
	params.luser_relay = "$user@far.org";
	expand("nosuch+x@here", &got);
	ck_assert_str_eq(buf_str(&got), "nosuch@far.org ");
	buf_reset(&got);
	params.luser_relay = "nobodyhere";
	expand("nosuch@here", &got);
	ck_assert_str_eq(buf_str(&got), "box:nobodyhere@here(nobodyhere) ");
	buf_reset(&got);
	params.luser_relay = "|/bin/cat";
	expand("nosuch@here", &got);
	ck_assert_str_eq(buf_str(&got), "5.1.1 unknown user: \"nosuch\"");
}
END_TEST

START_TEST(an_owner_may_be_expanded)
{
	CLEAN_BUF struct buf got = { 0 };

	set_params();
	params.expand_owner_alias = true;
	expand("list@here", &got);
	ck_assert_str_eq(buf_str(&got),
	    "y@far.org<carol@here> "
	    "box:alice@here(alice)<carol@here> ");
}
END_TEST

START_TEST(a_user_has_fields)
{
	static const char line[] = "u:7:8:/h:/bin/sh:A, B: C";
	CLEAN_ARENA struct arena a = { 0 };
	struct local_user who = { 0 };

	ck_assert(local_user_parse(&a, line, &who));
	ck_assert_str_eq(who.name, "u");
	ck_assert_str_eq(who.home, "/h");
	ck_assert_str_eq(who.shell, "/bin/sh");
	ck_assert(!who.root);
	ck_assert(local_user_parse(&a, "root:0:0:/:/bin/sh:", &who));
	ck_assert(who.root);
	for (size_t n = 0; n <= strlen("u:7:8:/h:"); n++)
		ck_assert(
		    !local_user_parse(&a, arena_memdup(&a, line, n), &who));
}
END_TEST

START_TEST(owners_and_requests_stay_whole)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *user;
	const char *ext;

	set_params();
	params.recipient_delimiter = "-";
	local_split(&a, "owner-list", &user, &ext);
	ck_assert_str_eq(user, "owner-list");
	local_split(&a, "list-REQUEST", &user, &ext);
	ck_assert_str_eq(user, "list-request");
	local_split(&a, "Bob-x", &user, &ext);
	ck_assert_str_eq(user, "bob");
	ck_assert_str_eq(ext, "x");
}
END_TEST

/* ---- places ---- */

static const struct {
	const char *command, *home, *spool;
	bool root;
	enum deliver_kind kind;
	const char *user, *target;
} places[] = {
	{ "", "", "/var/mail", false, DELIVER_MBOX, "u", "/var/mail/u" },
	{ "", "", "/var/mail/", false, DELIVER_MAILDIR, "u", "/var/mail/u/" },
	{ "", "Maildir/", "/var/mail", false, DELIVER_MAILDIR, "u",
	    "/h/u/Maildir/" },
	{ "", "mbox", "/var/mail", false, DELIVER_MBOX, "u", "/h/u/mbox" },
	{ "procmail", "Maildir/", "/var/mail", false, DELIVER_COMMAND, "u",
	    "procmail" },
	{ "procmail", "Maildir/", "/var/mail", true, DELIVER_MBOX, "nobody",
	    "/var/mail/u" },
};

static const struct {
	const char *maps, *target;
	bool root, later;
} commands[] = {
	{ "inline:{u=sieve}", "sieve", false, false },
	{ "inline:{v=sieve}", "procmail", false, false },
	{ "inline:{v=x} inline:{{u = two words}}", "two words", false, false },
	{ "inline:{u=sieve}", "/var/mail/u", true, false },
	{ "fail:x", "", false, true },
};

START_TEST(a_user_has_a_command)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct msg_deliver m = { 0 };
	const struct local_user who = { .name = "u",
		.home = "/h/u",
		.root = commands[_i].root };
	const char *why = "";

	set_params();
	params.mailbox_command = "procmail";
	params.mailbox_command_maps = commands[_i].maps;
	ck_assert_msg(local_place_open(&why), "%s", why);
	ck_assert_int_eq(local_place_mailbox(&a, &who, &m),
	    !commands[_i].later);
	if (!commands[_i].later)
		ck_assert_str_eq(m.target, commands[_i].target);
	params.mailbox_command_maps = "";
	ck_assert(local_place_open(&why));
}
END_TEST

START_TEST(a_user_has_a_place)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct msg_deliver m = { 0 };
	const struct local_user who = { .name = "u",
		.home = "/h/u",
		.root = places[_i].root };

	set_params();
	params.mailbox_command = places[_i].command;
	params.home_mailbox = places[_i].home;
	params.mail_spool_directory = places[_i].spool;
	ck_assert(local_place_mailbox(&a, &who, &m));
	ck_assert_int_eq(m.kind, places[_i].kind);
	ck_assert_str_eq(m.user, places[_i].user);
	ck_assert_str_eq(m.target, places[_i].target);
}
END_TEST

START_TEST(fields_in_front_are_one_line_each)
{
	CLEAN_ARENA struct arena a = { 0 };

	ck_assert_str_eq(local_place_head(&a, "s\n@x", "", "u@here"),
	    "Return-Path: <\"s?\"@x>\nX-Original-To: u@here\n"
	    "Delivered-To: u@here\n");
	ck_assert_str_eq(local_place_head(&a, "", "list@here", "u@here"),
	    "Return-Path: <>\nX-Original-To: list@here\n"
	    "Delivered-To: u@here\n");
}
END_TEST

START_TEST(variables_of_commands_are_harmless)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf env = { 0 };
	CLEAN_BUF struct buf got = { 0 };
	const struct msg_job m = { .sender = "`rm -rf`@x",
		.client_addr = "10.0.0.1" };
	const struct rec_job_rcpt r = { .address = "u+e;x@here",
		.orig = "",
		.via = "" };

	set_params();
	local_place_env(&a, &env, &m, &r, "u");
	struct wire w = wire_open(env.text, env.len);
	while (wire_more(&w))
		buf_addf(&got, "%s|", wire_get_str(&w));
	ck_assert_str_eq(buf_str(&got),
	    "LOCAL=u+e_x|DOMAIN=here|EXTENSION=e_x|SENDER=_rm_-rf_@x|"
	    "RECIPIENT=u+e_x@here|ORIGINAL_RECIPIENT=u+e_x@here|"
	    "CLIENT_ADDRESS=10.0.0.1|");
}
END_TEST

START_TEST(a_name_with_a_delimiter_has_no_extension)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf env = { 0 };
	const struct msg_job m = { .sender = "", .client_addr = "" };
	const struct rec_job_rcpt r = { .address = "U+e@here",
		.orig = "",
		.via = "" };

	set_params();
	local_place_env(&a, &env, &m, &r, "u+e");
	struct wire w = wire_open(env.text, env.len);
	ck_assert_str_eq(wire_get_str(&w), "LOCAL=U+e");
	ck_assert_str_eq(wire_get_str(&w), "DOMAIN=here");
	ck_assert_str_eq(wire_get_str(&w), "EXTENSION=");
}
END_TEST

static const char mail_text[] =
    "Received: x\r\n"
    "From: a\r\nDelivered-To: U@Here \r\nDelivered-to:\r\n list@here\r\n\r\n"
    "Delivered-To: body@here\r\n";

START_TEST(where_it_was_is_seen)
{
	FILE *f = tmpfile();
	struct msg_job m = { .head_at = 0,
		.head_len = 13,
		.data_at = 13,
		.data_len = sizeof(mail_text) - 1 - 13 };
	bool trouble;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(mail_text, f), 0);
	ck_assert_int_eq(fflush(f), 0);
	ck_assert(local_place_was_here(&m, fileno(f), "u@here", &trouble));
	ck_assert(local_place_was_here(&m, fileno(f), "list@here", &trouble));
	ck_assert(!local_place_was_here(&m, fileno(f), "body@here", &trouble));
	ck_assert(!trouble);
	m.data_len += 1;
	ck_assert(!local_place_was_here(&m, -1, "u@here", &trouble));
	ck_assert(trouble);
	(void)fclose(f);
}
END_TEST

START_TEST(virtual_mailboxes_stay_below_their_folder)
{
	CLEAN_ARENA struct arena a = { 0 };
	uint32_t id = 7;

	ck_assert_str_eq(local_virtual_path(&a, "/v", "x.org/u/"),
	    "/v/x.org/u/");
	ck_assert_str_eq(local_virtual_path(&a, "/v/", "u"), "/v/u");
	ck_assert_str_eq(local_virtual_path(&a, "/v", "/u..x"), "/v/u..x");
	ck_assert_ptr_null(local_virtual_path(&a, "/v", "../etc/x"));
	ck_assert_ptr_null(local_virtual_path(&a, "/v", "a/../../x"));
	ck_assert_ptr_null(local_virtual_path(&a, "/v", "a/.."));
	ck_assert_ptr_null(local_virtual_path(&a, "/v", ""));
	ck_assert_ptr_null(local_virtual_path(&a, "", "u"));
	ck_assert(!local_virtual_id("99", 100, &id));
	ck_assert(!local_virtual_id("0", 1, &id));
	ck_assert(!local_virtual_id("4294967295", 100, &id));
	ck_assert(!local_virtual_id("5000x", 100, &id));
	ck_assert_uint_eq(id, 7);
	ck_assert(local_virtual_id("5000", 100, &id));
	ck_assert_uint_eq(id, 5000);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("local");
	TCase *t = tcase_create("local");

	tcase_add_loop_test(t, a_list_has_items, 0, ARRAY_LEN(lists));
	tcase_add_loop_test(t, every_prefix_of_a_list_ends, 0,
	    ARRAY_LEN(lists));
	tcase_add_loop_test(t, variables_stand_for_values, 0, ARRAY_LEN(vars));
	tcase_add_loop_test(t, a_recipient_means, 0, ARRAY_LEN(meanings));
	tcase_add_loop_test(t, every_prefix_of_a_recipient_ends, 0,
	    ARRAY_LEN(meanings));
	tcase_add_test(t, an_item_of_a_list_has_a_greatest_length);
	tcase_add_test(t, an_item_of_a_list_has_no_control_character);
	tcase_add_test(t, unknown_users_may_have_a_relay);
	tcase_add_test(t, an_owner_may_be_expanded);
	tcase_add_test(t, a_user_has_fields);
	tcase_add_test(t, owners_and_requests_stay_whole);
	tcase_add_loop_test(t, a_user_has_a_place, 0, ARRAY_LEN(places));
	tcase_add_loop_test(t, a_user_has_a_command, 0,
	    (int)ARRAY_LEN(commands));
	tcase_add_test(t, mailboxes_may_all_be_elsewhere);
	tcase_add_test(t, fields_in_front_are_one_line_each);
	tcase_add_test(t, variables_of_commands_are_harmless);
	tcase_add_test(t, a_name_with_a_delimiter_has_no_extension);
	tcase_add_test(t, where_it_was_is_seen);
	tcase_add_test(t, virtual_mailboxes_stay_below_their_folder);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
