/*
 * The DNS: whether it answers, and what it says of this host.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cidr.h"
#include "doctor.h"
#include "own.h"

#define ROUND 1000 /* milliseconds that the loop waits at most */

/* ---- questions ---- */

struct question {
	struct doctor *d;
	struct dns_query *query;
	struct doctor_answer answer;
	bool over;
};

static const char *
keep_str(struct arena *a, const char *s)
{
	return s != NULL ? arena_strdup(a, s) : NULL;
}

static void
on_answer(void *owner, const struct dns_answer *answer)
{
	struct question *q = owner;
	struct arena *a = &q->d->arena;
	struct dns_record *at = arena_new(a,
	    (answer->n + 1) * sizeof(*at)); /* never nothing */

	q->query = NULL;
	q->over = true;
	q->d->no_resolver = answer->resolver_down;
	for (size_t i = 0; i < answer->n; i++) {
		const struct dns_record *r = &answer->records[i];

		at[i] = (struct dns_record){
			.preference = r->preference,
			.name = keep_str(a, r->name),
			.address = keep_str(a, r->address),
			.data.at = arena_memdup(a, r->data.at, r->data.len),
			.data.len = r->data.len,
		};
	}
	q->answer = (struct doctor_answer){ answer->status, at, answer->n,
		arena_strdup(a, answer->text), answer->authentic };
}

struct doctor_answer
doctor_ask(struct doctor *d, const char *name, enum dns_type type)
{
	struct question q = { .d = d };

	q.answer.status = DNS_FAILED;
	q.answer.text = d->no_resolver ? "no name server answers"
				       : "there was no time left to ask";
	if (d->no_resolver || doctor_left(d, 1) == 0)
		return q.answer;

	struct dns_query *pending = dns_ask(name, type, on_answer, &q);
	if (!q.over)
		q.query = pending;
	while (!q.over && doctor_left(d, 1) > 0)
		loop_once(doctor_left(d, ROUND));
	dns_drop(&q.query);
	return q.answer;
}

static void
on_resolved(void *owner)
{
	bool *over = owner;

	*over = true;
}

void
doctor_resolve(struct doctor *d, const char *nexthop, struct smtp_resolve *r)
{
	bool over = false;

	*r = (struct smtp_resolve){
		.fate = { .outcome = OUTCOME_DEFER,
		    .status = "4.4.3",
		    .text = d->no_resolver ? "no name server answers"
					   : "there was no time left to ask" },
	};
	if (d->no_resolver || doctor_left(d, 1) == 0)
		return;
	const struct dsn late = r->fate;
	smtp_resolve_start(r, &d->arena, nexthop, true, on_resolved, &over);
	while (!over && doctor_left(d, 1) > 0)
		loop_once(doctor_left(d, ROUND));
	if (!over) {
		smtp_resolve_stop(r);
		r->fate = late;
	}
}

/* ---- the resolver ---- */

/* A name that cannot exist (RFC 6761 6.4). */
static const char nowhere[] = "posthouse-check.invalid";

void
doctor_resolver(struct doctor *d)
{
	const char *mend =
	    "see the name servers in /etc/resolv.conf or dns_servers";
	struct doctor_answer a = doctor_ask(d, params.myhostname, DNS_A);

	if (d->no_resolver) {
		doctor_say(d, FINDING_FAIL, "resolver", mend,
		    "no name server answers");
		return;
	}
	if (doctor_ask(d, nowhere, DNS_A).status == DNS_OK)
		doctor_say(d, FINDING_FAIL, "resolver",
		    "use another one, by dns_servers",
		    "it invents addresses for names that do not exist");
	else if (a.status == DNS_FAILED)
		doctor_say(d, FINDING_WARN, "resolver", mend, "%s: %s",
		    params.myhostname, a.text);
	else
		doctor_say(d, FINDING_OK, "resolver", NULL, "it answers");
}

/* ---- the name of this host ---- */

static bool
is_within(const char *address, const char *const nets[])
{
	struct cidr addr, net;
	const char *why;

	if (!cidr_parse_addr(slice_of(address), &addr))
		return false;
	for (size_t i = 0; nets[i] != NULL; i++)
		if (cidr_parse(slice_of(nets[i]), &net, &why) &&
		    cidr_has(&net, &addr))
			return true;
	return false;
}

static const char *const loopback_nets[] = { "127.0.0.0/8", "::1", NULL };

/* Networks that the internet does not know (RFC 1918, 6598, 3927, 4193). */
static const char *const private_nets[] = { "10.0.0.0/8", "172.16.0.0/12",
	"192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
	"fc00::/7", "fe80::/10", "::1", NULL };

/* Says one address of ours; gives 1 where it belongs to this host. */
static size_t
look_at_address(struct doctor *d, const char *address)
{
	const char *host = params.myhostname;

	if (is_within(address, loopback_nets)) {
		doctor_say(d, FINDING_FAIL, host,
		    "give the name its outer address in the DNS",
		    "its address %s is the loopback's", address);
		return 0;
	}
	if (own_has(address)) {
		doctor_say(d, FINDING_OK, host, NULL,
		    "its address %s is of this host", address);
		return 1;
	}
	doctor_say(d, FINDING_WARN, host,
	    "mend the DNS, or add the address to proxy_interfaces where it "
	    "leads to this host",
	    "its address %s is none of this host's", address);
	return 0;
}

/* The name that we say in EHLO must lead to us. */
void
doctor_name(struct doctor *d)
{
	const char *host = params.myhostname;
	struct doctor_answer four = doctor_ask(d, host, DNS_A);
	struct doctor_answer six = doctor_ask(d, host, DNS_AAAA);

	if (strchr(host, '.') == NULL)
		doctor_say(d, FINDING_FAIL, host,
		    "set myhostname to host.domain as the DNS has it",
		    "myhostname is not a fully qualified name");
	else if (four.status == DNS_FAILED || six.status == DNS_FAILED)
		doctor_say(d, FINDING_WARN, host, "see to the name servers",
		    "its addresses are not known: %s",
		    four.status == DNS_FAILED ? four.text : six.text);
	else if (four.n + six.n == 0)
		doctor_say(d, FINDING_FAIL, host,
		    "add an A or AAAA record, or set myhostname to the name "
		    "that this host has",
		    "the DNS does not know this name (myhostname)");
	for (size_t i = 0; i < four.n; i++)
		(void)look_at_address(d, four.at[i].address);
	for (size_t i = 0; i < six.n; i++)
		(void)look_at_address(d, six.at[i].address);
}

/* ---- pointers ---- */

/* The address from which mail leaves: the parameter's, or the one that the
 * kernel would take for a far host (a UDP socket that is connected sends
 * nothing); "" where there is no way out. */
static void
leaving_address(int family, char text[INET6_ADDRSTRLEN])
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	bool is_six = family == AF_INET6;
	const char *bound = is_six ? params.smtp_bind_address6
				   : params.smtp_bind_address;
	socklen_t len = is_six ? sizeof(six) : sizeof(four);
	struct sockaddr *sa = is_six ? (void *)&six : (void *)&four;

	text[0] = '\0';
	if (str_copy(text, INET6_ADDRSTRLEN, bound) && bound[0] != '\0')
		return;
	four.sin_port = six.sin6_port = htons(SMTP_PORT);
	(void)inet_pton(AF_INET, "192.0.2.1", &four.sin_addr); /* RFC 5737 */
	(void)inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
	CLEAN_FD int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, sa, len) < 0 || getsockname(fd, sa, &len) < 0)
		return;
	const void *bits = is_six ? (void *)&six.sin6_addr
				  : (void *)&four.sin_addr;
	if (inet_ntop(family, bits, text, INET6_ADDRSTRLEN) == NULL)
		text[0] = '\0';
}

static bool
leads_to(struct doctor *d, const char *name, const char *address)
{
	struct doctor_answer a = doctor_ask(d, name,
	    strchr(address, ':') != NULL ? DNS_AAAA : DNS_A);

	for (size_t i = 0; i < a.n; i++)
		if (str_eq(a.at[i].address, address))
			return true;
	return false;
}

/* Strangers refuse mail from an address that has no name, or one that does not
 * lead back.  Of a private address they see nothing. */
static void
look_at_pointer(struct doctor *d, const char *address)
{
	char reverse[80];

	if (address[0] == '\0' || !dns_reverse_name(address, reverse))
		return;
	struct doctor_answer ptr = doctor_ask(d, reverse, DNS_PTR);
	enum finding bad = is_within(address, private_nets) ? FINDING_WARN
							    : FINDING_FAIL;

	if (ptr.status == DNS_FAILED) {
		doctor_say(d, FINDING_WARN, address, "see to the name servers",
		    "its name (PTR) is not known: %s", ptr.text);
		return;
	}
	if (ptr.n == 0) {
		doctor_say(d, bad, address,
		    "ask whoever gave you the address for a PTR record, or "
		    "mail from here is refused by many",
		    "mail leaves from it, and it has no name (PTR)");
		return;
	}
	const char *name = ptr.at[0].name;
	if (!leads_to(d, name, address))
		doctor_say(d, bad, address, "let PTR and address records agree",
		    "its name %s does not lead back to it", name);
	else if (!str_eq_nocase(name, params.smtp_helo_name))
		doctor_say(d, FINDING_WARN, address,
		    "let the PTR record name it, or set myhostname",
		    "its name is %s, but we say %s", name,
		    params.smtp_helo_name);
	else
		doctor_say(d, FINDING_OK, address, NULL,
		    "its name is %s, which leads back", name);
}

/* Where there is no way out: an address of this host that its name has. */
static void
named_address(struct doctor *d, int family, char text[INET6_ADDRSTRLEN])
{
	struct doctor_answer a = doctor_ask(d, params.myhostname,
	    family == AF_INET6 ? DNS_AAAA : DNS_A);

	for (size_t i = 0; i < a.n && text[0] == '\0'; i++)
		if (own_has(a.at[i].address) &&
		    !str_copy(text, INET6_ADDRSTRLEN, a.at[i].address))
			text[0] = '\0';
}

void
doctor_leaving(struct doctor *d, int family, char text[INET6_ADDRSTRLEN])
{
	const char *word = family == AF_INET6 ? "ipv6" : "ipv4";

	text[0] = '\0';
	if (!param_has_word(params.inet_protocols, "all") &&
	    !param_has_word(params.inet_protocols, word))
		return;
	leaving_address(family, text);
	if (text[0] == '\0')
		named_address(d, family, text);
}

bool
doctor_is_private(const char *address)
{
	return is_within(address, private_nets);
}

void
doctor_pointers(struct doctor *d)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		char address[INET6_ADDRSTRLEN];

		doctor_leaving(d, families[i], address);
		look_at_pointer(d, address);
	}
}
