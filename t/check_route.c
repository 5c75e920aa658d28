/*
 * route: classes, transports, known recipients.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "check_conf.h"
#include "route.h"

static const char conf[] =
    "myhostname = mail.example.org\n"
    "mydomain = example.org\n"
    "inet_interfaces = 127.0.0.1 [::1]\n"
    "proxy_interfaces = 192.0.2.7\n"
    "mydestination = $myhostname, localhost, home.example\n"
    "recipient_delimiter = +\n"
    "virtual_alias_domains = alias.example\n"
    "virtual_alias_maps = inline:{"
    " {info@alias.example = alice} {root = admin@other.example} }\n"
    "virtual_mailbox_domains = box.example, bare.example\n"
    "virtual_mailbox_maps = inline:{"
    " {joe@box.example = joe/} {postmaster@bare.example = pm/} }\n"
    "relay_domains = relay.example, .dot.example\n"
    "relay_recipient_maps = inline:{ {ok@relay.example = x}"
    " {@sub.relay.example = x} }\n"
    "backup_mx_domains = backup.example\n"
    "local_recipient_maps = passwd: inline:{ {alias = x}"
    " {full+ext = x} {exact@home.example = x} }\n"
    "transport_maps = inline:{"
    " {one@t.example = slow:}"
    " {tag@t.example = slow:[10.0.0.9]:2525}"
    " {t.example = :[gw.example]}"
    " {.t.example = lmtp:unix:socket}"
    " {bad.example = error:5.7.1 Go away}"
    " {err.example = error:}"
    " {hold.example = retry:4.0.0 Later}"
    " {void.example = discard:}"
    " {only.example = smtp}"
    " {noop.example = :}"
    " {box.example = maildrop:}"
    " }\n";

static void
open_with(const char *more)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *why = "";

	load_conf(arena_printf(&a, "%s%s", conf, more));
	ck_assert_msg(route_open(&why), "%s", why);
}

static const struct {
	const char *address;
	enum route_class class;
	const char *transport, *nexthop, *as;
} routes[] = {
	{ "alice@home.example", ROUTE_LOCAL, "local", "mail.example.org",
	    NULL },
	{ "alice", ROUTE_LOCAL, "local", "mail.example.org",
	    "alice@mail.example.org" },
	{ "", ROUTE_LOCAL, "local", "mail.example.org",
	    "MAILER-DAEMON@mail.example.org" },
	{ "alice@[127.0.0.1]", ROUTE_LOCAL, "local", "mail.example.org", NULL },
	{ "alice@[192.0.2.7]", ROUTE_LOCAL, "local", "mail.example.org", NULL },
	{ "alice@[IPv6:::1]", ROUTE_LOCAL, "local", "mail.example.org", NULL },
	{ "alice@[192.0.2.8]", ROUTE_OTHER, "smtp", "[192.0.2.8]", NULL },
	{ "joe@bare.example", ROUTE_VIRTUAL_MAILBOX, "virtual", "bare.example",
	    NULL },
	{ "joe@box.example", ROUTE_VIRTUAL_MAILBOX, "maildrop", "box.example",
	    NULL },
	{ "x@relay.example", ROUTE_RELAY, "relay", "relay.example", NULL },
	{ "x@sub.relay.example", ROUTE_RELAY, "relay", "sub.relay.example",
	    NULL },
	{ "x@backup.example", ROUTE_RELAY, "relay", "backup.example", NULL },
	{ "x@else.example", ROUTE_OTHER, "smtp", "else.example", NULL },
	{ "x%home.example@else.example", ROUTE_OTHER, "smtp", "else.example",
	    NULL },
	{ "home.example!x@else.example", ROUTE_OTHER, "smtp", "else.example",
	    NULL },
	/* transport_maps */
	{ "one@t.example", ROUTE_OTHER, "slow", "t.example", NULL },
	{ "one+x@t.example", ROUTE_OTHER, "slow", "t.example", NULL },
	{ "tag@t.example", ROUTE_OTHER, "slow", "[10.0.0.9]:2525", NULL },
	{ "two@t.example", ROUTE_OTHER, "smtp", "[gw.example]", NULL },
	{ "two@a.b.t.example", ROUTE_OTHER, "lmtp", "unix:socket", NULL },
	{ "x@bad.example", ROUTE_OTHER, "error", "5.7.1 Go away", NULL },
	{ "x@err.example", ROUTE_OTHER, "error", "Address is undeliverable",
	    NULL },
	{ "x@hold.example", ROUTE_OTHER, "retry", "4.0.0 Later", NULL },
	{ "x@void.example", ROUTE_OTHER, "discard", "void.example", NULL },
	{ "x@only.example", ROUTE_OTHER, "smtp", "only.example", NULL },
	{ "x@noop.example", ROUTE_OTHER, "smtp", "noop.example", NULL },
	/* postmaster of virtual domains */
	{ "postmaster@alias.example", ROUTE_LOCAL, "local", "mail.example.org",
	    "postmaster@mail.example.org" },
	{ "Postmaster@box.example", ROUTE_LOCAL, "local", "mail.example.org",
	    "Postmaster@mail.example.org" },
	{ "postmaster@bare.example", ROUTE_VIRTUAL_MAILBOX, "virtual",
	    "bare.example", NULL },
};

static void
expect_route(const char *address, const struct route *want)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct route r;
	struct dsn why;

	ck_assert_int_eq(route_resolve(&a, "s@x.y", address, &r, &why),
	    FOUND_ONE);
	ck_assert_int_eq(r.class, want->class);
	ck_assert_str_eq(r.transport, want->transport);
	ck_assert_str_eq(r.nexthop, want->nexthop);
	ck_assert_str_eq(r.address, want->address);
}

START_TEST(route_of_an_address)
{
	const char *as = routes[_i].as;

	open_with("");
	expect_route(routes[_i].address,
	    &(struct route){
		.class = routes[_i].class,
		.transport = routes[_i].transport,
		.nexthop = routes[_i].nexthop,
		.address = as != NULL ? as : routes[_i].address,
	    });
	route_close();
}
END_TEST

/* What other parameters make of x@else.example and x@relay.example. */
static const struct {
	const char *more, *address, *transport, *nexthop;
} hops[] = {
	{ "relayhost = [gw.example]:587\n", "x@else.example", "smtp",
	    "[gw.example]:587" },
	{ "relayhost = gw.example\n", "x@relay.example", "relay",
	    "gw.example" },
	{ "relayhost = gw.example\n", "x@home.example", "local",
	    "mail.example.org" },
	{ "relayhost = gw.example\n", "two@t.example", "smtp", "[gw.example]" },
	{ "relayhost = gw.example\n", "one@t.example", "slow", "t.example" },
	{ "relayhost = gw.example\nrelay_transport = slow:[r.example]\n",
	    "x@relay.example", "slow", "[r.example]" },
	{ "relayhost = gw.example\nrelay_transport = slow:\n",
	    "x@relay.example", "slow", "gw.example" },
	{ "default_transport = error:5.4.4 No way out\n", "x@else.example",
	    "error", "5.4.4 No way out" },
	{ "virtual_transport = lmtp:unix:lmtp\n", "x@bare.example", "lmtp",
	    "unix:lmtp" },
	{ "local_transport = virtual\n", "x@home.example", "virtual",
	    "home.example" },
	{ "transport_maps = inline:{ {* = slow:[all.example]} }\n",
	    "x@else.example", "slow", "[all.example]" },
	{ "transport_maps = inline:{ {t.example = slow:} }\n",
	    "x@sub.t.example", "smtp", "sub.t.example" },
	{ "transport_maps = inline:{ {t.example = slow:} }\n"
	  "parent_domain_matches_subdomains = transport_maps\n",
	    "x@sub.t.example", "slow", "sub.t.example" },
	{ "parent_domain_matches_subdomains =\n", "x@sub.relay.example", "smtp",
	    "sub.relay.example" },
	{ "parent_domain_matches_subdomains =\n", "x@sub.dot.example", "relay",
	    "sub.dot.example" },
};

START_TEST(next_hop_by_parameters)
{
	enum route_class class = ROUTE_OTHER;

	open_with(hops[_i].more);
	ck_assert_int_eq(route_classify(strchr(hops[_i].address, '@') + 1,
			     &class),
	    FOUND_ONE);
	expect_route(hops[_i].address,
	    &(struct route){
		.class = class,
		.transport = hops[_i].transport,
		.nexthop = hops[_i].nexthop,
		.address = hops[_i].address,
	    });
	route_close();
}
END_TEST

#define RELAYS                                                           \
	"relayhost = gw.example\nsender_dependent_relayhost_maps = "     \
	"inline:{ {a@x.example = [a.example]:587} {b@x.example = DUNNO}" \
	" {@x.example = [x.example]} {<> = [null.example]} }\n"

/* Who sends what decides who relays it. */
static const struct {
	const char *sender, *address, *nexthop;
} senders[] = {
	{ "a@x.example", "x@else.example", "[a.example]:587" },
	{ "a+ext@X.example", "x@else.example", "[a.example]:587" },
	{ "b@x.example", "x@else.example", "gw.example" },
	{ "c@x.example", "x@relay.example", "[x.example]" },
	{ "c@y.example", "x@else.example", "gw.example" },
	{ "", "x@else.example", "[null.example]" },
	{ "a@x.example", "two@t.example", "[gw.example]" },
	{ "a@x.example", "x@home.example", "mail.example.org" },
};

START_TEST(the_sender_may_say_who_relays)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct route r;
	struct dsn why;

	open_with(RELAYS);
	ck_assert_int_eq(route_resolve(&a, senders[_i].sender,
			     senders[_i].address, &r, &why),
	    FOUND_ONE);
	ck_assert_str_eq(r.nexthop, senders[_i].nexthop);
	route_close();
}
END_TEST

static const struct {
	const char *more, *address;
	enum found found;
	enum outcome outcome;
	const char *status, *text;
} refusals[] = {
	{ "relocated_maps = inline:{ {gone@else.example = new@x.example} }\n",
	    "gone@else.example", FOUND_NONE, OUTCOME_BOUNCE, "5.1.6",
	    "User has moved to new@x.example" },
	{ "relocated_maps = inline:{ {alice = new@x.example} }\n",
	    "alice+ext@home.example", FOUND_NONE, OUTCOME_BOUNCE, "5.1.6",
	    "User has moved to new@x.example" },
	{ "relocated_maps = inline:{ {@old.example = the new domain} }\n",
	    "any@old.example", FOUND_NONE, OUTCOME_BOUNCE, "5.1.6",
	    "User has moved to the new domain" },
	{ "relocated_maps = fail:later\n", "any@old.example", FOUND_FAILED,
	    OUTCOME_DEFER, "4.3.0", "Temporary lookup failure" },
	{ "sender_dependent_relayhost_maps = fail:later\n", "any@old.example",
	    FOUND_FAILED, OUTCOME_DEFER, "4.3.0", "Temporary lookup failure" },
	{ "", "nobody@alias.example", FOUND_NONE, OUTCOME_BOUNCE, "5.1.1",
	    "User unknown in virtual alias table" },
	{ "", "x@a..b", FOUND_NONE, OUTCOME_BOUNCE, "5.1.3",
	    "Bad recipient address syntax" },
	{ "", "x@1.2.3.4", FOUND_NONE, OUTCOME_BOUNCE, "5.1.3",
	    "Bad recipient address syntax" },
	{ "transport_maps = fail:down\n", "x@else.example", FOUND_FAILED,
	    OUTCOME_DEFER, "4.3.0", "Temporary lookup failure" },
	{ "relay_domains = fail:down\n", "x@else.example", FOUND_FAILED,
	    OUTCOME_DEFER, "4.3.0", "Temporary lookup failure" },
	{ "virtual_mailbox_maps = fail:down\n", "postmaster@box.example",
	    FOUND_FAILED, OUTCOME_DEFER, "4.3.0", "Temporary lookup failure" },
};

START_TEST(refused_or_later)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct route r;
	struct dsn why;

	open_with(refusals[_i].more);
	ck_assert_int_eq(route_resolve(&a, "", refusals[_i].address, &r, &why),
	    refusals[_i].found);
	ck_assert_int_eq(why.outcome, refusals[_i].outcome);
	ck_assert_str_eq(why.status, refusals[_i].status);
	ck_assert_str_eq(why.text, refusals[_i].text);
	route_close();
}
END_TEST

static const struct {
	const char *more, *address;
	enum found found;
	const char *user; /* NULL: the lookup program is not needed */
} known[] = {
	{ "", "alice@home.example", FOUND_NONE, "alice" },
	{ "", "Alice+x@home.example", FOUND_NONE, "alice+x" },
	{ "", "alias@home.example", FOUND_ONE, NULL },
	{ "", "alias+x@home.example", FOUND_ONE, NULL },
	{ "", "full+ext@home.example", FOUND_ONE, NULL },
	{ "", "exact@home.example", FOUND_ONE, NULL },
	{ "", "exact@localhost", FOUND_NONE, "exact" },
	{ "", "root@home.example", FOUND_ONE, NULL },
	{ "", "postmaster@home.example", FOUND_ONE, NULL },
	{ "", "PostMaster@alias.example", FOUND_ONE, NULL },
	{ "", "postmaster@box.example", FOUND_ONE, NULL },
	{ "", "postmaster@relay.example", FOUND_ONE, NULL },
	{ "", "info@alias.example", FOUND_ONE, NULL },
	{ "", "info+x@alias.example", FOUND_ONE, NULL },
	{ "", "nobody@alias.example", FOUND_NONE, NULL },
	{ "", "joe@box.example", FOUND_ONE, NULL },
	{ "", "joe+x@box.example", FOUND_ONE, NULL },
	{ "", "nobody@box.example", FOUND_NONE, NULL },
	{ "", "ok@relay.example", FOUND_ONE, NULL },
	{ "", "nobody@relay.example", FOUND_NONE, NULL },
	{ "", "any@sub.relay.example", FOUND_ONE, NULL },
	{ "", "any@else.example", FOUND_ONE, NULL },
	{ "local_recipient_maps =\n", "nobody@home.example", FOUND_ONE, NULL },
	{ "local_recipient_maps = inline:{ {a = x} }\n", "nobody@home.example",
	    FOUND_NONE, NULL },
	{ "luser_relay = admin\n", "nobody@home.example", FOUND_ONE, NULL },
	{ "virtual_mailbox_maps =\n", "nobody@box.example", FOUND_ONE, NULL },
	{ "relay_recipient_maps =\n", "nobody@relay.example", FOUND_ONE, NULL },
	{ "virtual_alias_maps = fail:down\n", "joe@box.example", FOUND_FAILED,
	    NULL },
	{ "virtual_mailbox_maps = fail:down\n", "joe@box.example", FOUND_FAILED,
	    NULL },
	{ "relay_recipient_maps = fail:down\n", "ok@relay.example",
	    FOUND_FAILED, NULL },
	{ "local_recipient_maps = passwd: fail:down\n", "joe@home.example",
	    FOUND_FAILED, NULL },
};

START_TEST(known_recipient)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *address = known[_i].address, *user = NULL;
	enum route_class class = ROUTE_OTHER;
	bool remote = true;

	open_with(known[_i].more);
	ck_assert_int_eq(route_classify(strchr(address, '@') + 1, &class),
	    FOUND_ONE);
	ck_assert_int_eq(route_rcpt_known(&a, address, class, &remote, &user),
	    known[_i].found);
	ck_assert_int_eq(remote, known[_i].user != NULL);
	if (remote)
		ck_assert_str_eq(user, known[_i].user);
	route_close();
}
END_TEST

START_TEST(a_user_without_the_extension)
{
	CLEAN_ARENA struct arena a = { 0 };

	open_with("");
	ck_assert_str_eq(route_user_base(&a, "alice+x"), "alice");
	ck_assert_ptr_null(route_user_base(&a, "alice"));
	ck_assert_ptr_null(route_user_base(&a, "+x"));
	ck_assert_ptr_null(route_user_base(&a, "postmaster"));
	route_close();
}
END_TEST

static const struct {
	const char *more;
	enum route_box which;
	const char *user;
	enum found found;
	const char *transport, *nexthop;
} boxes[] = {
	{ "", ROUTE_BOX_USER, "u", FOUND_NONE, NULL, NULL },
	{ "", ROUTE_BOX_NOBODY, "u", FOUND_NONE, NULL, NULL },
	{ "mailbox_transport = relay:[10.0.0.9]:24\n", ROUTE_BOX_USER, "u",
	    FOUND_ONE, "relay", "[10.0.0.9]:24" },
	{ "mailbox_transport = relay:[10.0.0.9]:24\n", ROUTE_BOX_NOBODY, "u",
	    FOUND_NONE, NULL, NULL },
	{ "mailbox_transport = relay\n", ROUTE_BOX_USER, "u", FOUND_ONE,
	    "relay", "home.example" },
	{ "fallback_transport = :old.example\n", ROUTE_BOX_NOBODY, "u",
	    FOUND_ONE, "local", "old.example" },
	{ "fallback_transport = error:5.1.1 gone\n", ROUTE_BOX_NOBODY, "u",
	    FOUND_ONE, "error", "5.1.1 gone" },
	{ "mailbox_transport = relay:x\n"
	  "mailbox_transport_maps = inline:{u=smtp:y}\n",
	    ROUTE_BOX_USER, "u", FOUND_ONE, "smtp", "y" },
	{ "mailbox_transport = relay:x\n"
	  "mailbox_transport_maps = inline:{u=smtp:y}\n",
	    ROUTE_BOX_USER, "v", FOUND_ONE, "relay", "x" },
	{ "fallback_transport_maps = inline:{u=smtp:y}\n", ROUTE_BOX_NOBODY,
	    "v", FOUND_NONE, NULL, NULL },
	{ "fallback_transport_maps = fail:down\n", ROUTE_BOX_NOBODY, "u",
	    FOUND_FAILED, NULL, NULL },
	{ "mailbox_transport = relay:x\nmailbox_transport_maps = fail:down\n",
	    ROUTE_BOX_USER, "u", FOUND_FAILED, NULL, NULL },
};

START_TEST(a_mailbox_may_be_elsewhere)
{
	CLEAN_ARENA struct arena a = { 0 };
	struct route r = { 0 };

	open_with(boxes[_i].more);
	ck_assert_int_eq(route_mailbox(&a, boxes[_i].which, boxes[_i].user,
			     "u+x@home.example", &r),
	    boxes[_i].found);
	if (boxes[_i].found == FOUND_ONE) {
		ck_assert_str_eq(r.transport, boxes[_i].transport);
		ck_assert_str_eq(r.nexthop, boxes[_i].nexthop);
		ck_assert_str_eq(r.address, "u+x@home.example");
		ck_assert_int_eq(r.class, ROUTE_LOCAL);
	}
	route_close();
}
END_TEST

START_TEST(what_cannot_be_opened_is_named)
{
	const char *why = "";
	CLEAN_ARENA struct arena a = { 0 };

	load_conf(arena_printf(&a, "%s%s", conf,
	    "transport_maps = texthash:/no/such/file\n"));
	ck_assert(!route_open(&why));
	ck_assert_msg(strncmp(why, "transport_maps: ", 16) == 0, "%s", why);
	route_close();
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("route");
	TCase *t = tcase_create("route");

	tcase_add_loop_test(t, route_of_an_address, 0, ARRAY_LEN(routes));
	tcase_add_loop_test(t, next_hop_by_parameters, 0, ARRAY_LEN(hops));
	tcase_add_loop_test(t, the_sender_may_say_who_relays, 0,
	    ARRAY_LEN(senders));
	tcase_add_loop_test(t, refused_or_later, 0, ARRAY_LEN(refusals));
	tcase_add_loop_test(t, known_recipient, 0, ARRAY_LEN(known));
	tcase_add_test(t, a_user_without_the_extension);
	tcase_add_loop_test(t, a_mailbox_may_be_elsewhere, 0, ARRAY_LEN(boxes));
	tcase_add_test(t, what_cannot_be_opened_is_named);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
