/*
 * Work lies in a list of nodes.  A node is a name that may be an alias or a
 * user, or a list (an alias's value, a file) whose items become nodes.
 *
 * The order for a name is Postfix's: alias of the whole name, alias of the user
 * without extension, then the user: his .forward, else his mailbox.  An alias
 * that names itself means the user, and a user whose .forward leads back to him
 * gets it in his mailbox.  Anything else that runs in a circle ends where it
 * has been before.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_expand.h"

#include <string.h>

#include "addr.h"
#include "local_list.h"
#include "local_vars.h"
#include "param.h"
#include "str.h"

/* No list of ours is longer, and no honest alias deeper. */
#define STEPS_MAX   ((size_t)100000)
#define MEMBERS_MAX ((size_t)50000)
#define DEPTH_MAX   100

/* Bytes of an item: a domain that is put behind it has room too. */
#define ITEM_MAX (MEMBER_FIELD_MAX - 512)

enum origin {
	FROM_RCPT,
	FROM_ALIAS,
	FROM_FORWARD,
	FROM_INCLUDE,
};

struct expand_node {
	struct list link;
	const char *name;   /* a local part, or a path of a list */
	const char *alias;  /* the alias that it stands in, "" */
	const char *owner;  /* the user in whose .forward it stands, "" */
	const char *rights; /* of commands and files there */
	const char *sender; /* "" or that of an owner-alias */
	const char *user, *ext;
	enum origin origin;
	int depth;
	bool include;   /* a list to be read */
	bool mailbox;   /* \user: neither alias nor .forward */
	bool elsewhere; /* another transport has the mailbox */
	bool whole;     /* the user asked for is the whole name */
};

static void
give_fate(struct expand *e, enum outcome outcome, const char *status,
    const char *text)
{
	e->fate = dsn_of(outcome, FAULT_MESSAGE, status, text);
}

static bool
is_new(struct expand *e, const char *key)
{
	void **place = map_puts(&e->seen, key);
	bool new = *place == NULL;

	*place = e;
	return new;
}

static void
add_member(struct expand *e, const struct expand_node *node,
    const char *address, enum rcpt_kind kind, const char *user)
{
	/* One mailbox gets one copy, whatever the extensions. */
	const char *what = kind == RCPT_MAILBOX ? "" : address;

	if (!is_new(e,
		arena_printf(e->arena, "member %d %s %s", (int)kind, user,
		    what)))
		return;
	if (e->n >= MEMBERS_MAX) {
		give_fate(e, OUTCOME_DEFER, "4.3.5",
		    "alias has too many members");
		return;
	}
	if (e->n == e->room) {
		struct expand_member *old = e->members;

		e->room = MAX(e->room * 2, (size_t)8);
		e->members = arena_new(e->arena,
		    e->room * sizeof(struct expand_member));
		if (e->n > 0)
			memcpy(e->members, old,
			    e->n * sizeof(struct expand_member));
	}
	e->members[e->n++] = (struct expand_member){
		.address = address,
		.kind = kind,
		.user = user,
		.sender = node->sender,
	};
}

static const char *
full_address(struct expand *e, const char *local)
{
	return arena_printf(e->arena, "%s@%s", local, e->domain);
}

static void
give_later(struct expand *e, const char *text)
{
	e->fate = dsn_of(OUTCOME_DEFER, FAULT_LOCAL, "4.3.0", text);
}

static struct expand_node *
add_node(struct expand *e, const struct expand_node *parent, const char *name,
    enum origin origin)
{
	struct expand_node *node = arena_new(e->arena, sizeof(*node));

	*node = *parent;
	node->link = (struct list){ 0 };
	node->name = name;
	node->origin = origin;
	node->include = node->mailbox = node->whole = node->elsewhere = false;
	node->depth++;
	list_append(&e->todo, &node->link);
	return node;
}

/* ---- the items of a list ---- */

static bool
is_allowed(const char *where, enum origin origin)
{
	static const char *const words[] = {
		[FROM_RCPT] = "",
		[FROM_ALIAS] = "alias",
		[FROM_FORWARD] = "forward",
		[FROM_INCLUDE] = "include",
	};
	struct slice rest = slice_of(where);
	struct slice word;

	while (slice_next_item(&rest, &word))
		if (slice_eq(word, words[origin]))
			return true;
	return false;
}

static void
add_addresses(struct expand *e, const struct expand_node *node,
    const char *item, enum origin origin)
{
	const char *const *addresses;
	size_t n = e->world->addresses(e->arena, item, &addresses);

	for (size_t i = 0; i < n; i++) {
		const char *name;

		if (e->world->local_name(e->arena, addresses[i], &name) ==
		    FOUND_ONE)
			(void)add_node(e, node, name, origin);
		else
			add_member(e, node, addresses[i], RCPT_ADDRESS, "");
	}
}

static void
add_item(struct expand *e, const struct expand_node *node,
    const struct local_item *item, enum origin origin)
{
	const char *rights = node->rights;

	for (const char *p = item->text; *p != '\0'; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f) {
			give_fate(e, OUTCOME_DEFER, "4.3.5",
			    "an entry in an alias, list or .forward file has a "
			    "control character");
			return;
		}
	if (strlen(item->text) > ITEM_MAX) {
		give_fate(e, OUTCOME_DEFER, "4.3.5",
		    arena_printf(e->arena,
			"an entry in an alias, list or .forward file is longer "
			"than %zu bytes",
			ITEM_MAX));
		return;
	}
	switch (item->kind) {
	case LOCAL_ADDRESS:
		add_addresses(e, node, item->text, origin);
		break;
	case LOCAL_MAILBOX:
		add_node(e, node, item->text, origin)->mailbox = true;
		break;
	case LOCAL_COMMAND:
		if (!is_allowed(params.allow_mail_to_commands, origin))
			rights = "";
		add_member(e, node, item->text, RCPT_COMMAND, rights);
		break;
	case LOCAL_FILE:
		if (!is_allowed(params.allow_mail_to_files, origin))
			rights = "";
		add_member(e, node, item->text, RCPT_FILE, rights);
		break;
	case LOCAL_INCLUDE:
		add_node(e, node, item->text, FROM_INCLUDE)->include = true;
		break;
	}
}

static size_t
add_list(struct expand *e, const struct expand_node *node, struct slice text,
    enum origin origin)
{
	struct local_item item;
	size_t n = 0;

	while (e->fate.outcome == OUTCOME_NONE &&
	    local_list_next(&text, e->arena, &item)) {
		add_item(e, node, &item, origin);
		n++;
	}
	return n;
}

/* ---- aliases ---- */

/* The sender that a list's owner-alias makes: its name, or with
 * expand_owner_alias the one address that it stands for. */
static enum found
owner_sender(struct expand *e, const char *name, const char **sender)
{
	const char *owner = arena_printf(e->arena, "owner-%s", name);
	const char *value;
	const char *rights;
	const char *const *addresses;
	enum found found;

	if (str_starts_nocase(name, "owner-"))
		return FOUND_NONE;
	found = e->world->alias(e->arena, owner, &value, &rights);
	if (found != FOUND_ONE)
		return found;
	*sender = full_address(e, owner);
	if (params.expand_owner_alias && strpbrk(value, "|/:\\\"") == NULL &&
	    e->world->addresses(e->arena, value, &addresses) == 1)
		*sender = addresses[0];
	return FOUND_ONE;
}

/* FOUND_ONE: the name was an alias, and its members are nodes now. */
static enum found
try_alias(struct expand *e, struct expand_node *node, const char *name)
{
	const char *value;
	const char *rights;
	enum found found;

	if (str_eq(node->alias, name))
		return FOUND_NONE;
	found = e->world->alias(e->arena, name, &value, &rights);
	if (found != FOUND_ONE)
		return found;
	if (!is_new(e,
		arena_printf(e->arena, "alias %s %s", name, node->owner)))
		return FOUND_ONE;

	struct expand_node inside = *node;
	inside.alias = name;
	inside.rights = rights;
	if (owner_sender(e, name, &inside.sender) == FOUND_FAILED)
		return FOUND_FAILED;
	if (add_list(e, &inside, slice_of(value), FROM_ALIAS) == 0)
		give_fate(e, OUTCOME_DEFER, "4.3.5",
		    arena_printf(e->arena, "alias %s has no members", name));
	return FOUND_ONE;
}

/* ---- users ---- */

static void
deliver_mailbox(struct expand *e, const struct expand_node *node)
{
	e->direct = node->origin == FROM_RCPT && !node->elsewhere;
	add_member(e, node, full_address(e, node->name), RCPT_MAILBOX,
	    node->user);
}

/* The mailbox may be that of another transport. */
static enum found
look_elsewhere(struct expand *e, struct expand_node *node, enum rcpt_kind kind)
{
	enum found found = e->world->elsewhere(e->arena, kind, node->user,
	    full_address(e, node->name));

	node->elsewhere = found == FOUND_ONE;
	if (found == FOUND_FAILED)
		give_later(e, "mailbox transport lookup error");
	return found;
}

static const char *
delimiter_of(struct expand *e, const struct expand_node *node)
{
	size_t n = strlen(node->user);

	if (node->ext[0] == '\0' || strlen(node->name) <= n)
		return "";
	return arena_memdup(e->arena, node->name + n, 1);
}

#define VARS 8

static void
make_vars(struct expand *e, const struct expand_node *node, const char *home,
    const char *shell, struct local_var vars[VARS])
{
	const char *name = local_vars_safe(e->arena, node->name);
	const struct local_var all[VARS] = {
		{ "home", home },
		{ "shell", shell },
		{ "user", node->user },
		{ "local", name },
		{ "extension", local_vars_safe(e->arena, node->ext) },
		{ "recipient_delimiter", delimiter_of(e, node) },
		{ "domain", e->domain },
		{ "recipient", full_address(e, name) },
	};

	memcpy(vars, all, sizeof(all));
}

/* The paths of forward_path, one a line. */
static const char *
forward_paths(struct expand *e, const struct expand_node *node)
{
	struct local_var vars[VARS];
	CLEAN_BUF struct buf paths = { 0 };
	struct slice rest = slice_of(params.forward_path);
	struct slice item;

	make_vars(e, node, e->who.home, e->who.shell, vars);
	while (slice_next_item(&rest, &item)) {
		const char *text = arena_memdup(e->arena, item.at, item.len);

		if (paths.len > 0)
			buf_addc(&paths, '\n');
		if (!local_vars_expand(&paths, text, vars, VARS))
			e->warning = "forward_path has a name or brace that is "
				     "not understood: that part is not used";
	}
	return arena_strdup(e->arena, buf_str(&paths));
}

/* True where another transport knows him, or may. */
static bool
is_known_elsewhere(struct expand *e, struct expand_node *node)
{
	enum found found = look_elsewhere(e, node, RCPT_MAILBOX);

	if (found == FOUND_ONE)
		deliver_mailbox(e, node);
	if (found != FOUND_NONE)
		return true;
	found = look_elsewhere(e, node, RCPT_NOBODY);
	if (found == FOUND_ONE)
		add_member(e, node, full_address(e, node->name), RCPT_NOBODY,
		    node->user);
	return found != FOUND_NONE;
}

/* An account of nobody has no aliases: the postmaster is root then, and what
 * is unknown goes where luser_relay says. */
static void
unknown_user(struct expand *e, struct expand_node *node)
{
	struct local_var vars[VARS];
	CLEAN_BUF struct buf to = { 0 };

	if (is_known_elsewhere(e, node))
		return;

	if (str_eq(node->user, "postmaster") ||
	    str_eq(node->user, "mailer-daemon")) {
		(void)add_node(e, node, "root", FROM_ALIAS);
		return;
	}
	make_vars(e, node, "", "", vars);
	if (params.luser_relay[0] != '\0' && !e->luser &&
	    local_vars_expand(&to, params.luser_relay, vars, VARS) &&
	    strpbrk(buf_str(&to), "|/\\\"") == NULL) {
		e->luser = true;
		add_addresses(e, node, buf_str(&to), FROM_ALIAS);
		return;
	}
	if (node->origin == FROM_RCPT)
		give_fate(e, OUTCOME_BOUNCE, "5.1.1",
		    arena_printf(e->arena, "unknown user: \"%s\"", node->name));
	else
		deliver_mailbox(e, node);
}

/* ---- the steps ---- */

static void
ask_user(struct expand *e, struct expand_node *node, const char *user)
{
	e->node = node;
	e->user = user;
}

static enum expand_want
look_at_name(struct expand *e, struct expand_node *node)
{
	char *whole = arena_strdup(e->arena, node->name);
	enum found found = FOUND_NONE;

	str_lower(whole);
	local_split(e->arena, node->name, &node->user, &node->ext);
	if (!node->mailbox) {
		found = try_alias(e, node, whole);
		if (found == FOUND_NONE && node->ext[0] != '\0')
			found = try_alias(e, node, node->user);
	}
	if (found == FOUND_FAILED)
		give_later(e, "alias database unavailable");
	if (found != FOUND_NONE)
		return EXPAND_DONE;
	node->whole = node->ext[0] != '\0';
	ask_user(e, node, node->whole ? whole : node->user);
	return EXPAND_USER;
}

static enum expand_want
look_at_node(struct expand *e, struct expand_node *node)
{
	if (++e->steps > STEPS_MAX || node->depth > DEPTH_MAX) {
		give_fate(e, OUTCOME_BOUNCE, "5.4.6",
		    arena_printf(e->arena, "alias database loop for %s",
			node->name));
		return EXPAND_DONE;
	}
	if (!node->include)
		return look_at_name(e, node);
	if (!is_new(e,
		arena_printf(e->arena, "include %s %s", node->name,
		    node->owner)))
		return EXPAND_DONE;
	e->node = node;
	e->user = node->rights;
	e->paths = node->name;
	return EXPAND_FILE;
}

enum expand_want
local_expand_next(struct expand *e)
{
	while (e->fate.outcome == OUTCOME_NONE) {
		struct list *first;

		if (e->node != NULL) /* asked again for the same */
			return e->paths != NULL ? EXPAND_FILE : EXPAND_USER;
		first = list_take(&e->todo);
		if (first == NULL)
			break;

		enum expand_want want = look_at_node(e,
		    container_of(first, struct expand_node, link));
		if (want != EXPAND_DONE)
			return want;
	}
	if (e->fate.outcome == OUTCOME_NONE && e->n == 0)
		give_fate(e, OUTCOME_BOUNCE, "5.4.6",
		    arena_printf(e->arena, "alias database loop for %s",
			e->address));
	return EXPAND_DONE;
}

void
local_expand_user(struct expand *e, enum found found, const char *value)
{
	struct expand_node *node = TAKE_PTR(e->node);

	if (found == FOUND_NONE && node->whole) {
		node->whole = false;
		ask_user(e, node, node->user);
		return;
	}
	if (found == FOUND_NONE) {
		unknown_user(e, node);
		return;
	}
	if (found == FOUND_FAILED ||
	    !local_user_parse(e->arena, value, &e->who)) {
		give_later(e, "user lookup error");
		return;
	}
	node->user = e->who.name;
	if (node->whole)
		node->ext = "";
	if (look_elsewhere(e, node, RCPT_MAILBOX) == FOUND_FAILED)
		return;

	/* Root's files are read by nobody but root, and that nobody is. */
	if (node->mailbox || e->who.root ||
	    !is_new(e, arena_printf(e->arena, "forward %s", node->user))) {
		deliver_mailbox(e, node);
		return;
	}
	e->node = node;
	e->user = node->user;
	e->paths = forward_paths(e, node);
}

static void
take_forward(struct expand *e, struct expand_node *node, enum outcome outcome,
    const char *text, struct slice content)
{
	struct expand_node inside = *node;

	if (outcome == OUTCOME_BOUNCE && text[0] != '\0')
		e->warning = arena_strdup(e->arena, text);
	inside.owner = node->user;
	inside.rights = node->user;
	inside.alias = "";
	if (outcome != OUTCOME_SENT ||
	    add_list(e, &inside, content, FROM_FORWARD) == 0)
		deliver_mailbox(e, node);
}

void
local_expand_file(struct expand *e, enum outcome outcome, const char *status,
    const char *text, struct slice content)
{
	struct expand_node *node = TAKE_PTR(e->node);
	struct slice copy = { arena_memdup(e->arena, content.at, content.len),
		content.len };

	e->paths = NULL;
	if (!node->include && outcome != OUTCOME_DEFER)
		take_forward(e, node, outcome, text, copy);
	else if (outcome == OUTCOME_SENT)
		(void)add_list(e, node, copy, FROM_INCLUDE);
	else
		give_fate(e, OUTCOME_DEFER, status[0] == '4' ? status : "4.2.0",
		    text[0] != '\0'
			? arena_strdup(e->arena, text)
			: arena_printf(e->arena, "include file %s is not there",
			      node->name));
}

bool
local_expand_wants_include(const struct expand *e)
{
	return e->node != NULL && e->node->include;
}

bool
local_expand_may_be_direct(const struct expand *e)
{
	return e->node != NULL && e->paths != NULL &&
	    e->node->origin == FROM_RCPT && !e->node->elsewhere;
}

void
local_expand_start(struct expand *e, struct arena *a,
    const struct expand_world *world, const char *address)
{
	struct addr addr = addr_split(a, address);
	const struct expand_node origin = {
		.alias = "",
		.owner = "",
		.rights = params.default_privs,
		.sender = "",
	};

	*e = (struct expand){
		.arena = a,
		.world = world,
		.address = address,
		.domain = addr.domain,
	};
	(void)add_node(e, &origin, addr.local, FROM_RCPT);
}

void
local_expand_free(struct expand *e)
{
	map_free(&e->seen);
}
