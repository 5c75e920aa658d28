/*
 * What the DNS tells others about mail in the name of our domains: SPF, DMARC;
 * and SRS, with which we send mail of others on.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "dmarc_record.h"
#include "doctor.h"
#include "domain_ascii.h"
#include "fd.h"
#include "msg.h"
#include "org_domain.h"
#include "spf_check.h"
#include "srs.h"
#include "table.h"

#define ROUND       1000 /* milliseconds that the loop waits at most */
#define SECRETS_MAX ((size_t)65536)

/* Who may send as this one (RFC 5737) may send as everybody. */
static const char stranger[] = "192.0.2.1";

/* ---- SPF ---- */

struct judgement {
	enum spf_result result;
	const char *mechanism, *why;
	unsigned int terms; /* that asked the DNS */
};

static bool over;
static bool helo_is_final; /* and was looked at as such */

static void
on_done(struct spf_check *c)
{
	(void)c;
	over = true;
}

static struct judgement
judge(struct doctor *d, const char *client, const char *domain)
{
	struct spf_check c = { 0 };
	struct spf_question q = {
		.client = client,
		.helo = domain,
		.sender = arena_printf(&d->arena, "postmaster@%s", domain),
		.receiver = params.myhostname,
		.wall = loop_wall(),
	};
	struct judgement j = { .result = SPF_TEMPERROR,
		.why = "there was no time left to ask" };

	over = false;
	spf_check_start(&c, &q, on_done);
	while (!over && doctor_left(d, 1) > 0)
		loop_once(doctor_left(d, ROUND));
	if (over)
		j = (struct judgement){
			.result = c.spf.verdict.result,
			.mechanism = arena_strdup(&d->arena,
			    c.spf.verdict.mechanism),
			.why = arena_strdup(&d->arena, c.spf.verdict.why),
			.terms = c.spf.terms,
		};
	spf_check_stop(&c);
	return j;
}

/* True where this host may send for it, by one of the addresses from which mail
 * leaves. */
static bool
look_at_host(struct doctor *d, const char *domain, int family)
{
	char address[INET6_ADDRSTRLEN];

	doctor_leaving(d, family, address);
	if (address[0] == '\0')
		return true;
	struct judgement j = judge(d, address, domain);
	bool hard = j.result == SPF_FAIL && !doctor_is_private(address);

	if (j.result == SPF_PASS)
		return true;
	doctor_say(d, hard ? FINDING_FAIL : FINDING_WARN, domain,
	    arena_printf(&d->arena, "add ip%s:%s to its record",
		family == AF_INET ? "4" : "6", address),
	    "its SPF record says %s of mail from this host (%s)",
	    spf_result_name(j.result), address);
	return false;
}

static void
look_at_spf(struct doctor *d, const struct doctor_list *l, const char *domain)
{
	struct judgement j = judge(d, stranger, domain);
	bool fine = true;

	(void)l;
	if (j.result == SPF_NONE)
		doctor_say(d, FINDING_WARN, domain,
		    "publish \"v=spf1 mx -all\", or what else is true",
		    "it has no SPF record: everybody can use its name");
	else if (j.result == SPF_TEMPERROR)
		doctor_say(d, FINDING_WARN, domain, "see to the name servers",
		    "its SPF record is not known: %s", j.why);
	else if (j.result == SPF_PERMERROR)
		doctor_say(d, FINDING_FAIL, domain,
		    "mend the record: posthouse spf shows it term by term",
		    "its SPF record is an error for all who look: %s", j.why);
	else if (j.result == SPF_PASS)
		doctor_say(d, FINDING_FAIL, domain, "let it end in -all",
		    "its SPF record lets everybody send in its name (%s)",
		    j.mechanism);
	if (j.result == SPF_NONE || j.result == SPF_TEMPERROR ||
	    j.result == SPF_PERMERROR || j.result == SPF_PASS)
		return;
	/* Through a relay host others see its address, which we do not know. */
	if (params.relayhost[0] == '\0') {
		fine = look_at_host(d, domain, AF_INET);
		fine = look_at_host(d, domain, AF_INET6) && fine;
	}
	if (fine)
		doctor_say(d, FINDING_OK, domain, NULL,
		    "SPF: %s, with %u of 10 look-ups",
		    params.relayhost[0] == '\0' ? "this host may send for it"
						: "its record is in order",
		    j.terms);
}

/* A null sender has no domain but that of the HELO name (RFC 7208 2.4). */
static void
look_at_helo(struct doctor *d, int family)
{
	char address[INET6_ADDRSTRLEN];

	doctor_leaving(d, family, address);
	if (address[0] == '\0')
		return;
	struct judgement j = judge(d, address, params.smtp_helo_name);
	if (j.result != SPF_FAIL && j.result != SPF_SOFTFAIL &&
	    j.result != SPF_PERMERROR)
		return;
	doctor_say(d,
	    j.result != SPF_SOFTFAIL && !doctor_is_private(address)
		? FINDING_FAIL
		: FINDING_WARN,
	    params.smtp_helo_name,
	    arena_printf(&d->arena,
		"publish \"v=spf1 a -all\" for it, or add "
		"ip%s:%s to its record",
		family == AF_INET ? "4" : "6", address),
	    "its SPF record says %s of this host (%s), which says that name "
	    "(HELO): notifications, which have no sender, fail by it",
	    spf_result_name(j.result), address);
}

static void
look_for_helo(struct doctor *d, const struct doctor_list *l, const char *domain)
{
	(void)d, (void)l;
	helo_is_final |= str_eq_nocase(domain, params.smtp_helo_name);
}

void
doctor_spf(struct doctor *d)
{
	doctor_each_final(d, look_at_spf);
	helo_is_final = false;
	doctor_each_final(d, look_for_helo);
	if (helo_is_final || params.relayhost[0] != '\0')
		return;
	look_at_helo(d, AF_INET);
	look_at_helo(d, AF_INET6);
}

/* ---- what our backups pass on ---- */

static bool
is_in(const char *list, const char *address)
{
	const char *why;
	struct netlist *n = netlist_open(list, &why);
	bool found = n != NULL && netlist_has(n, address) == FOUND_ONE;

	netlist_close(&n);
	return found;
}

/* What becomes of mail that seems forged; NULL: nothing. */
static const char *
fate_of(const char *policy)
{
	if (str_eq(policy, "reject") || str_eq(policy, "enforce"))
		return "refused";
	return str_eq(policy, "hold") ? "held" : NULL;
}

static void
look_at_backup(struct doctor *d, const char *domain, const struct smtp_host *h)
{
	const struct {
		const char *name, *list, *fate;
	} policies[] = {
		{ "spf_exempt_clients", params.spf_exempt_clients,
		    fate_of(params.spf_policy) },
		{ "dmarc_exempt_clients", params.dmarc_exempt_clients,
		    fate_of(params.dmarc_policy) },
	};

	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		if (policies[i].fate == NULL ||
		    is_in(policies[i].list, h->address))
			continue;
		doctor_say(d, FINDING_FAIL, domain,
		    arena_printf(&d->arena, "add %s to %s", h->address,
			policies[i].name),
		    "mail that comes by its other MX, %s, is %s as forged",
		    h->name, policies[i].fate);
		return;
	}
}

static void
look_at_backups(struct doctor *d, const struct doctor_list *l,
    const char *domain)
{
	struct smtp_resolve r;

	(void)l;
	doctor_resolve(d, domain, &r);
	for (size_t i = 0; i < r.hosts.n + r.hosts.dropped; i++)
		if (!r.hosts.at[i].self &&
		    !is_in(params.mynetworks, r.hosts.at[i].address))
			look_at_backup(d, domain, &r.hosts.at[i]);
}

void
doctor_backups(struct doctor *d)
{
	doctor_each_final(d, look_at_backups);
}

/* ---- DMARC ---- */

/* How many records there are, and one of them. */
static size_t
find_dmarc(struct doctor *d, const char *domain, struct slice *text,
    struct doctor_answer *a)
{
	size_t n = 0;

	*a = doctor_ask(d, arena_printf(&d->arena, "_dmarc.%s", domain),
	    DNS_TXT);
	for (size_t i = 0; i < a->n; i++)
		if (dmarc_record_is(a->at[i].data)) {
			*text = a->at[i].data;
			n++;
		}
	return n;
}

static void
look_at_record(struct doctor *d, const char *domain, struct slice text)
{
	struct dmarc_record r;
	struct dmarc_uri uri;
	const char *why = "";

	if (!dmarc_record_parse(text, &r, &why)) {
		doctor_say(d, FINDING_FAIL, domain, "mend the record",
		    "its DMARC record is an error: %s", why);
		return;
	}
	struct slice rua = r.rua;
	if (r.rua.len > 0 && !dmarc_uri_next(&d->arena, &rua, &uri))
		doctor_say(d, FINDING_WARN, domain,
		    "write it as rua=mailto:ADDRESS",
		    "its DMARC record asks for reports to no address");
	else
		doctor_say(d, FINDING_OK, domain, NULL, "DMARC: policy %s%s",
		    dmarc_policy_name(r.p),
		    r.p != DMARC_NONE && r.pct < 100 ? ", not for all mail"
						     : "");
}

static void
look_at_dmarc(struct doctor *d, const struct doctor_list *l, const char *domain)
{
	const char *ascii = domain_ascii(&d->arena, slice_of(domain));
	struct doctor_answer a;
	struct slice text;

	(void)l;
	if (ascii == NULL)
		return;
	size_t n = find_dmarc(d, ascii, &text, &a);
	if (n == 0 && a.status != DNS_FAILED &&
	    !str_eq(org_domain(ascii), ascii))
		n = find_dmarc(d, org_domain(ascii), &text, &a);
	if (a.status == DNS_FAILED)
		doctor_say(d, FINDING_WARN, domain, "see to the name servers",
		    "its DMARC record is not known: %s", a.text);
	else if (n == 0)
		doctor_say(d, FINDING_WARN, domain,
		    arena_printf(&d->arena,
			"publish _dmarc.%s TXT \"v=DMARC1; p=none; "
			"rua=mailto:postmaster@%s\" to begin with",
			domain, domain),
		    "it has no DMARC record");
	else if (n > 1)
		doctor_say(d, FINDING_FAIL, domain, "leave one of them",
		    "it has %zu DMARC records, which is as good as none", n);
	else
		look_at_record(d, domain, text);
}

void
doctor_dmarc(struct doctor *d)
{
	org_domain_start();
	doctor_each_final(d, look_at_dmarc);
}

/* ---- SRS ---- */

bool
doctor_has_sign(const struct doctor *d)
{
	for (size_t i = 0; i < d->services.n; i++) {
		const struct service *s = &d->services.at[i];

		if (s->enabled && role_of(s->program, s->name) == ROLE_SIGN)
			return true;
	}
	return false;
}

static bool
secrets_are_good(struct doctor *d, const char **why)
{
	CLEAN_BUF struct buf text = { 0 };
	struct srs_secrets secrets;
	struct stat st;

	CLEAN_FD int fd = fd_open_regular(params.srs_secrets);
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    fd_read_all(fd, &text, SECRETS_MAX) < 0) {
		*why = strerror(errno);
		return false;
	}
	if (st.st_uid != 0 || (st.st_mode & 0077) != 0) {
		*why = "others than root can read it";
		return false;
	}
	return srs_secrets_parse(&d->arena,
	    (struct slice){ buf_str(&text), text.len }, &secrets, why);
}

void
doctor_srs(struct doctor *d)
{
	const char *why = "";

	if (params.srs_domain[0] == '\0')
		return;
	if (!doctor_has_sign(d))
		doctor_say(d, FINDING_FAIL, "srs_domain",
		    "add [sign] with program = seal to master.conf",
		    "no section of master.conf signs: what is to be forwarded "
		    "waits");
	else if (!secrets_are_good(d, &why))
		doctor_say(d, FINDING_FAIL, params.srs_secrets,
		    "posthouse setup makes it; chown root, chmod 600",
		    "the secrets of SRS: %s", why);
	else
		doctor_say(d, FINDING_OK, "srs_domain", NULL,
		    "its secrets are in order");
}

/* Notifications about what we forwarded have to come here. */
void
doctor_srs_domain(struct doctor *d)
{
	struct smtp_resolve r;
	bool here = false;

	if (params.srs_domain[0] == '\0')
		return;
	doctor_resolve(d, params.srs_domain, &r);
	for (size_t i = 0; i < r.hosts.n + r.hosts.dropped; i++)
		here |= r.hosts.at[i].self;
	if (!here)
		doctor_say(d, FINDING_WARN, params.srs_domain,
		    "give it an MX record that names this host",
		    "mail for srs_domain does not come to this host");
	look_at_spf(d, NULL, params.srs_domain);
}
