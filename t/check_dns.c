/*
 * dns, against a real name server: BIND on a port of its own, in a folder of
 * its own.  Without BIND there is nothing to show.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "dns.h"
#include "fd.h"
#include "param.h"

#define NAMED "/usr/sbin/named"

static char folder[] = "/tmp/check_dns.XXXXXX";
static char servers[32];
static char loopback[] = "127.0.0.0/8";
static pid_t named;

static const char zone[] =
    "$TTL 300\n"
    "@ SOA ns h 1 3600 600 86400 60\n"
    "@ NS ns\n"
    "ns A 127.0.0.1\n"
    "@ MX 10 mx1\n@ MX 20 mx2\n@ TXT \"v=one \" \"two\"\n"
    "mx1 A 10.0.0.1\nmx1 A 10.0.0.2\nmx1 AAAA 2001:db8::1\n"
    "mx2 A 10.0.0.3\n"
    "null MX 0 .\n"
    "alias CNAME mx1\nalias2 CNAME alias\n"
    "out CNAME host.other.example.\n"
    "loop1 CNAME loop2\nloop2 CNAME loop1\n"
    "dead CNAME nowhere\n"
    "brief 0 A 10.0.0.9\n"
    "odd\\+\\0321 0 TXT x\n"
    "$GENERATE 1-100 many A 10.1.0.$\n";

static const char other[] =
    "$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
    "host A 10.0.0.7\n";

static void
write_file(const char *name, const char *text)
{
	CLEAN_BUF struct buf path = { 0 };

	buf_addf(&path, "%s/%s", folder, name);
	CLEAN_FD int fd = open(buf_str(&path),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
}

/* A port that was free a moment ago. */
static uint16_t
free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	CLEAN_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static void
wait_for_port(uint16_t port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int tries = 0; tries < 100; tries++) {
		CLEAN_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC,
		    0);

		if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
			return;
		(void)poll(NULL, 0, 100);
	}
	ck_abort_msg("named does not answer");
}

static void
start_named(void)
{
	CLEAN_BUF struct buf conf = { 0 }, path = { 0 };
	uint16_t port = free_port();

	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file("zone", zone);
	write_file("other", other);
	buf_addf(&conf,
	    "options { directory \"%s\"; listen-on port %u { 127.0.0.1; };"
	    " listen-on-v6 { none; }; pid-file none; recursion no;"
	    " session-keyfile \"%s/key\"; dnssec-validation no; };\n"
	    "controls { };\n"
	    "zone \"ex.example\" { type master; file \"zone\"; };\n"
	    "zone \"other.example\" { type master; file \"other\"; };\n",
	    folder, port, folder);
	write_file("conf", buf_str(&conf));
	buf_addf(&path, "%s/conf", folder);
	(void)snprintf(servers, sizeof(servers), "127.0.0.1:%u", port);
	named = fork();
	if (named == 0) {
		int null = open("/dev/null", O_RDWR);

		(void)dup2(null, 1);
		(void)dup2(null, 2);
		(void)execl(NAMED, NAMED, "-g", "-n1", "-c", buf_str(&path),
		    (char *)NULL);
		_exit(127);
	}
	wait_for_port(port);
}

static void
stop_named(void)
{
	CLEAN_BUF struct buf path = { 0 };
	static const char *const files[] = { "/zone", "/other", "/conf", "/key",
		"/managed-keys.bind", "/managed-keys.bind.jnl", "" };

	(void)kill(named, SIGTERM);
	(void)waitpid(named, NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		buf_reset(&path);
		buf_addf(&path, "%s%s", folder, files[i]);
		(void)remove(buf_str(&path)); /* some are not there */
	}
}

static void
set_up(void)
{
	clock_start();
	loop_start();
	params.dns_servers = servers;
	params.dns_trusted_servers = loopback;
	dns_start();
}

static void
tear_down(void)
{
	dns_stop();
	loop_free();
}

/* ---- asking ---- */

struct heard {
	struct dns_query *query;
	enum dns_status status;
	bool down;
	int calls;
	uint32_t ttl;
	struct buf text;
};

static void
hear(void *owner, const struct dns_answer *a)
{
	struct heard *h = owner;

	h->query = NULL;
	h->calls++;
	h->status = a->status;
	h->down = a->resolver_down;
	h->ttl = a->ttl;
	buf_reset(&h->text);
	for (size_t i = 0; i < a->n; i++)
		if (a->records[i].address != NULL)
			buf_addf(&h->text, "%s ", a->records[i].address);
		else if (a->records[i].name != NULL)
			buf_addf(&h->text, "%u:%s ", a->records[i].preference,
			    a->records[i].name);
		else
			buf_add(&h->text, a->records[i].data.at,
			    a->records[i].data.len);
}

static void
ask_and_wait(struct heard *h, const char *name, enum dns_type type)
{
	int calls = h->calls;
	int64_t end = clock_mono() + 30 * SECOND;

	h->query = dns_ask(name, type, hear, h);
	while (h->calls == calls && clock_mono() < end)
		loop_once(100);
	ck_assert_int_eq(h->calls, calls + 1);
}

static const struct {
	const char *name;
	enum dns_type type;
	enum dns_status status;
	const char *text; /* NULL: any order, not compared */
} cases[] = {
	{ "ex.example", DNS_TXT, DNS_OK, "v=one two" },
	{ "EX.Example", DNS_MX, DNS_OK, NULL },
	{ "mx2.ex.example", DNS_A, DNS_OK, "10.0.0.3 " },
	{ "mx1.ex.example", DNS_AAAA, DNS_OK, "2001:db8::1 " },
	{ "mx2.ex.example", DNS_AAAA, DNS_NODATA, "" },
	{ "nowhere.ex.example", DNS_A, DNS_NXDOMAIN, "" },
	{ "dead.ex.example", DNS_A, DNS_NXDOMAIN, "" },
	{ "null.ex.example", DNS_MX, DNS_OK, "0: " },
	{ "alias2.ex.example", DNS_AAAA, DNS_OK, "2001:db8::1 " },
	{ "out.ex.example", DNS_A, DNS_OK, "10.0.0.7 " },
	{ "loop1.ex.example", DNS_A, DNS_FAILED, "" },
	{ "refused.example.net", DNS_A, DNS_FAILED, "" },
	{ "not a name", DNS_A, DNS_NXDOMAIN, "" },
	{ "localhost", DNS_A, DNS_OK, "127.0.0.1 " },
	{ "x.localhost", DNS_AAAA, DNS_OK, "::1 " },
	{ "localhost", DNS_MX, DNS_NODATA, "" },
	{ "any.onion", DNS_A, DNS_NXDOMAIN, "" },
	{ "odd\\043\\0321.ex.example", DNS_TXT, DNS_OK, "x" },
	{ "a\\000.example", DNS_A, DNS_NXDOMAIN, "" },
	{ "many.ex.example", DNS_A, DNS_OK, NULL }, /* over TCP */
};

START_TEST(bind_is_understood)
{
	struct heard h = { 0 };

	ask_and_wait(&h, cases[_i].name, cases[_i].type);
	ck_assert_int_eq(h.status, cases[_i].status);
	ck_assert(!h.down);
	if (cases[_i].text != NULL)
		ck_assert_str_eq(buf_str(&h.text), cases[_i].text);
	else
		ck_assert_uint_gt(h.text.len, 20);
	buf_free(&h.text);
}
END_TEST

START_TEST(the_cache_answers_at_once)
{
	struct heard h = { 0 };

	ask_and_wait(&h, "mx2.ex.example", DNS_A);
	ck_assert_ptr_null(dns_ask("MX2.ex.example", DNS_A, hear, &h));
	ck_assert_int_eq(h.calls, 2);
	ck_assert_str_eq(buf_str(&h.text), "10.0.0.3 ");
	ck_assert_uint_le(h.ttl, 300);

	ask_and_wait(&h, "nowhere.ex.example", DNS_A);
	ck_assert_ptr_null(dns_ask("nowhere.ex.example", DNS_A, hear, &h));
	ck_assert_int_eq(h.status, DNS_NXDOMAIN);

	ask_and_wait(&h, "brief.ex.example", DNS_A);
	h.query = dns_ask("brief.ex.example", DNS_A, hear, &h);
	ck_assert_ptr_nonnull(h.query);
	dns_drop(&h.query);
	buf_free(&h.text);
}
END_TEST

START_TEST(equal_questions_share_a_flight_and_may_be_dropped)
{
	struct heard h[3] = { 0 };

	for (int i = 0; i < 3; i++)
		h[i].query = dns_ask("mx1.ex.example", DNS_AAAA, hear, &h[i]);
	dns_drop(&h[1].query);
	ck_assert_ptr_null(h[1].query);
	while (h[0].calls == 0 || h[2].calls == 0)
		loop_once(100);
	ck_assert_int_eq(h[1].calls, 0);
	ck_assert_int_eq(h[2].calls, 1);
	buf_free(&h[0].text);
	buf_free(&h[2].text);
}
END_TEST

START_TEST(a_dead_resolver_is_said_to_be_down)
{
	struct heard h = { 0 };

	dns_stop();
	params.dns_servers = "127.0.0.1:1";
	dns_start();
	ask_and_wait(&h, "ex.example", DNS_MX);
	ck_assert_int_eq(h.status, DNS_FAILED);
	ck_assert(h.down);
}
END_TEST

START_TEST(addresses_have_reverse_names)
{
	char name[80];

	ck_assert(dns_reverse_name("192.0.2.1", name));
	ck_assert_str_eq(name, "1.2.0.192.in-addr.arpa");
	ck_assert(dns_reverse_name("2001:db8::567:89ab", name));
	ck_assert_str_eq(name,
	    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	    "ip6.arpa");
	ck_assert(!dns_reverse_name("1.2.3", name));
	ck_assert(!dns_reverse_name("", name));
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("dns");
	TCase *t = tcase_create("dns");

	if (access(NAMED, X_OK) != 0) {
		(void)puts("1..0 # SKIP BIND is not installed");
		exit(0);
	}
	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, start_named, stop_named);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, bind_is_understood, 0, (int)ARRAY_LEN(cases));
	tcase_add_test(t, the_cache_answers_at_once);
	tcase_add_test(t, equal_questions_share_a_flight_and_may_be_dropped);
	tcase_add_test(t, a_dead_resolver_is_said_to_be_down);
	tcase_add_test(t, addresses_have_reverse_names);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
