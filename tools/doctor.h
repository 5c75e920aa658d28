/*
 * doctor - posthouse check: what is wrong with this host, and how to mend it.
 *
 * A row in the table of doctor.c is one check; it says what it finds with
 * doctor_say() and keeps nothing.  To add a check, write its function in the
 * doctor_*.c file that it belongs to and add its row: the rest (the
 * configuration is open, time is bounded, output, exit code) is done.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <netinet/in.h>

#include "arena.h"
#include "dns.h"
#include "param.h"
#include "smtp_resolve.h"

enum finding {
	FINDING_OK,
	FINDING_WARN,
	FINDING_FAIL,
	FINDINGS,
};

struct doctor {
	struct arena arena; /* for all that lives as long as the run */
	struct services services;
	const char *check; /* the row that runs */
	bool json;
	bool offline;
	bool no_resolver; /* none answered: no other question is asked */
	int64_t end;      /* of the time there is, on the monotonic clock */
	size_t counts[FINDINGS];
};

typedef void doctor_fn(struct doctor *d);

doctor_fn doctor_services, doctor_tables, doctor_aliases, doctor_virtual;
doctor_fn doctor_queue, doctor_disk, doctor_listeners;
doctor_fn doctor_certificate, doctor_auth, doctor_networks, doctor_domains;
doctor_fn doctor_resolver, doctor_name, doctor_pointers;
doctor_fn doctor_mx, doctor_sts, doctor_tlsa, doctor_outwards;
doctor_fn doctor_spf, doctor_dmarc, doctor_srs, doctor_srs_domain;
doctor_fn doctor_dkim, doctor_backups;

/* One finding about a subject: what it is, and how to mend it (NULL where all
 * is well). */
void doctor_say(struct doctor *d, enum finding f, const char *subject,
    const char *mend, const char *fmt, ...) PRINTFLIKE(5, 6);

/* Milliseconds of `wished` that are left. */
int64_t doctor_left(const struct doctor *d, int64_t wished);

/* ---- doctor_files.c ---- */

/* True where a section of master.conf that is enabled has the program. */
bool doctor_has_program(const struct doctor *d, const char *program);

/* ---- doctor_dns.c ---- */

/* An answer that lives as long as the run; DNS_FAILED where time is over. */
struct doctor_answer {
	enum dns_status status;
	const struct dns_record *at;
	size_t n;
	const char *text;
	bool authentic; /* DNSSEC proves it */
};
struct doctor_answer doctor_ask(struct doctor *d, const char *name,
    enum dns_type type);

/* The hosts of a next hop as the SMTP client sees them, those that it does not
 * use included. */
void doctor_resolve(struct doctor *d, const char *nexthop,
    struct smtp_resolve *r);

/* The address from which mail leaves (AF_INET, AF_INET6); "" where there is
 * none. */
void doctor_leaving(struct doctor *d, int family, char text[INET6_ADDRSTRLEN]);

/* True for one that the internet does not know. */
bool doctor_is_private(const char *address);

/* ---- doctor_lists.c ---- */

/* The parameters that make this host take mail for a domain. */
struct doctor_list {
	const char *parameter;
	size_t value; /* offset in params */
	enum doctor_part {
		PART_FINAL,  /* its mail ends here */
		PART_RELAY,  /* it goes on from here */
		PART_BACKUP, /* the same, while a better host is down */
	} part;
};
extern const struct doctor_list doctor_lists[];
extern const size_t doctor_n_lists;

const char *doctor_value(const struct doctor_list *l);

/* Calls fn for each domain that the list names, in lower case: no patterns,
 * no exceptions, no names without a dot, not localhost. */
typedef void doctor_domain_fn(struct doctor *d, const struct doctor_list *l,
    const char *domain);
void doctor_each_domain(struct doctor *d, const struct doctor_list *l,
    doctor_domain_fn *fn);

/* The same for each list of domains whose mail ends here. */
void doctor_each_final(struct doctor *d, doctor_domain_fn *fn);

/* ---- doctor_senders.c ---- */

/* True where a section of master.conf signs. */
bool doctor_has_sign(const struct doctor *d);

/* ---- doctor_net.c ---- */

/* A connection, or -1 with errno; what an SMTP server says first on it, ""
 * where it says nothing in time, with which it is taken leave of. */
MUST_CHECK int doctor_connect(struct doctor *d, const char *address,
    uint16_t port, int64_t wait);
void doctor_greeting(struct doctor *d, int fd, char *line, size_t room);
