/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "cleanup_rcpt.h"

#include <string.h>

#include "addr.h"
#include "canonical.h"
#include "log.h"
#include "param.h"
#include "rewrite.h"
#include "route.h"

static bool
has_control(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return true;
	return false;
}

/* What was checked by the feeder, and is checked again: a line end in an
 * address would end a line at the next host. */
static const char *
what_is_wrong(const struct cleanup_mail *m, const char *given,
    const struct addr *addr)
{
	if (strlen(given) > ADDR_MAX || strlen(addr->local) > ADDR_LOCAL_MAX)
		return "the address is too long";
	if (has_control(given))
		return "the address has a control character";
	if (!str_is_ascii(given, strlen(given)) &&
	    ((m->env.flags & MAIL_SMTPUTF8) == 0 ||
		!str_is_utf8(given, strlen(given))))
		return "the address is not ASCII";
	if (addr->local[0] == '\0')
		return "the address has no local part";
	if (addr->domain[0] != '\0' && str_is_ascii(given, strlen(given)) &&
	    !addr_domain_valid(slice_of(addr->domain)))
		return "the domain is not valid";
	return NULL;
}

bool
cleanup_address(struct cleanup_mail *m, const char *given, const char **out,
    const char **why)
{
	if (given[0] == '\0') {
		*out = "";
		return true;
	}

	struct addr addr = addr_split(&m->arena, given);
	const char *wrong = what_is_wrong(m, given, &addr);
	if (wrong != NULL) {
		*why = wrong;
		return false;
	}
	addr = rewrite_complete(&m->arena, addr);
	*out = addr_internal(&m->arena, &addr);
	return true;
}

void
cleanup_canonical(struct cleanup_mail *m, bool sender, const char **address)
{
	if ((*address)[0] == '\0' ||
	    canonical_address(&m->arena,
		sender ? CANONICAL_ENVELOPE_SENDER : CANONICAL_ENVELOPE_RCPT,
		*address, address) != FOUND_FAILED)
		return;
	log_warn("%s: canonical address of <%s>: a table could not be asked, "
		 "or its value is no address: refused for now",
	    m->env.id, *address);
	cleanup_mail_lose(m, 451, "4.3.0", "Error: canonical look-up failed");
}

/* The members of one recipient, those that are new, behind the others. */
static bool
add_members(struct cleanup_mail *m, const struct rec_env_rcpt *given,
    struct map *seen)
{
	struct rewrite_members members = { 0 };
	const char *why = "";
	enum found found = rewrite_virtual(&m->arena, given->address, &members,
	    &why);

	if (found == FOUND_FAILED) {
		log_warn("%s: virtual aliases of <%s>: %s: refused for now",
		    m->env.id, given->address, why);
		cleanup_mail_lose(m, 451, "4.3.0",
		    "Error: virtual alias look-up failed");
		return false;
	}
	for (size_t i = 0; i < members.n; i++) {
		struct rec_env_rcpt r = *given;

		if (!rewrite_is_new(seen, members.at[i]))
			continue;
		if (found == FOUND_ONE) {
			if (r.orig[0] == '\0')
				r.orig = given->address;
			r.address = members.at[i];
		}
		cleanup_mail_add(m, &r);
	}
	return m->reply.code == 0;
}

/* ---- copies ---- */

static bool
add_copy(struct cleanup_mail *m, const char *parameter, const char *given)
{
	struct rec_env_rcpt r = {
		.orig = "",
		.orcpt = "",
		.notify = NOTIFY_NEVER,
		.kind = RCPT_ADDRESS,
		.via = "",
		.user = "",
		.sender = "",
	};
	const char *why = "it is empty";

	if (given[0] == '\0' || !cleanup_address(m, given, &r.address, &why)) {
		log_warn("%s: %s: <%s>: %s: refused for now", m->env.id,
		    parameter, given, why);
		cleanup_mail_lose(m, 451, "4.3.0",
		    "Error: the address of a copy is not valid");
		return false;
	}
	cleanup_mail_add(m, &r);
	return m->reply.code == 0;
}

/* What a table says that is to be added for this address. */
static bool
add_copy_for(struct cleanup_mail *m, enum route_bcc which, const char *address)
{
	static const char *const names[] = {
		[ROUTE_SENDER_BCC] = "sender_bcc_maps",
		[ROUTE_RECIPIENT_BCC] = "recipient_bcc_maps",
	};
	CLEAN_BUF struct buf value = { 0 };

	switch (route_bcc(&m->arena, which, address, &value)) {
	case FOUND_NONE:
		return true;
	case FOUND_ONE:
		return add_copy(m, names[which],
		    arena_strdup(&m->arena, buf_str(&value)));
	case FOUND_FAILED:
		break;
	}
	log_warn("%s: %s could not be asked of <%s>: refused for now",
	    m->env.id, names[which], address);
	cleanup_mail_lose(m, 451, "4.3.0", "Error: bcc look-up failed");
	return false;
}

void
cleanup_copies(struct cleanup_mail *m)
{
	size_t n = m->n_rcpts;

	/* Copies of notifications might fail, and make more of them; those of
	 * reports are of no use to anybody. */
	if (m->from == ROLE_BOUNCE || m->from == ROLE_REPORT)
		return;
	for (size_t i = 0; i < n; i++)
		if (!add_copy_for(m, ROUTE_RECIPIENT_BCC, m->rcpts[i].address))
			return;
	if (m->env.sender[0] != '\0' &&
	    !add_copy_for(m, ROUTE_SENDER_BCC, m->env.sender))
		return;
	if (params.always_bcc[0] != '\0')
		(void)add_copy(m, "always_bcc", params.always_bcc);
}

/* ---- aliases ---- */

void
cleanup_expand(struct cleanup_mail *m)
{
	struct rec_env_rcpt *given = m->rcpts;
	struct map seen = { 0 };
	size_t n = m->n_rcpts;

	m->rcpts = NULL;
	m->n_rcpts = m->room = 0;
	for (size_t i = 0; i < n; i++)
		if (!add_members(m, &given[i], &seen))
			break;
	map_free(&seen);
}
