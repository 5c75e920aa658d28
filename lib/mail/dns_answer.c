/*
 * The packet is read front to back with a cursor whose errors stick.  Records
 * of the answer section are collected first, because their order means nothing;
 * then the chain of CNAMEs is followed from the name that was asked for, and
 * the records at its end are the answer.  The additional section is not read.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dns_answer.h"

#include <arpa/inet.h>
#include <string.h>

#include "buf.h"

#define CLASS_IN   1
#define TYPE_SOA   6
#define RECORD_MIN 11 /* root name, type, class, TTL, length */
#define TTL_MAX    0x7fffffffu

#define FLAG_RESPONSE  0x8000u
#define MASK_OPCODE    0x7800u
#define FLAG_TRUNCATED 0x0200u
#define FLAG_AUTHENTIC 0x0020u
#define MASK_RCODE     0x000fu

struct cursor {
	const uint8_t *packet;
	size_t len;
	size_t at;
	const char *why; /* set at the first error, and sticks */
};

struct record {
	const char *name;
	uint16_t type, class;
	uint32_t ttl;
	size_t at, len; /* of the data in the packet */
};

static void
fail(struct cursor *c, const char *why)
{
	if (c->why == NULL)
		c->why = why;
	c->at = c->len;
}

static unsigned int
get_u8(struct cursor *c)
{
	if (c->at >= c->len) {
		fail(c, "the message ends too early");
		return 0;
	}
	return c->packet[c->at++];
}

static uint16_t
get_u16(struct cursor *c)
{
	unsigned int high = get_u8(c);

	return (uint16_t)(high << 8 | get_u8(c));
}

static uint32_t
get_u32(struct cursor *c)
{
	uint32_t high = get_u16(c);

	return high << 16 | get_u16(c);
}

/* A label as text, in lower case; what cannot stand in a host's name is written
 * as \DDD (RFC 1035 5.1), so that no two names look the same. */
static void
get_label(struct cursor *c, size_t len, struct buf *name)
{
	for (size_t i = 0; i < len; i++) {
		char ch = (char)get_u8(c);

		if (char_is_alpha(ch) || char_is_digit(ch) || ch == '-' ||
		    ch == '_')
			buf_addc(name, char_lower(ch));
		else
			buf_addf(name, "\\%03u", (unsigned int)(uint8_t)ch);
	}
}

/* A name (RFC 1035 4.1.4).  A pointer must lead to before everything read so
 * far of this name, so that no loop is possible. */
static void
get_name(struct cursor *c, struct buf *name)
{
	size_t lowest = c->at, resume = 0, octets = 1;

	buf_reset(name);
	for (;;) {
		unsigned int len = get_u8(c);

		if (len == 0)
			break;
		if (len >= 0xc0) {
			size_t to = (len & 0x3f) << 8 | get_u8(c);

			if (to >= lowest) {
				fail(c, "a name points forward");
				return;
			}
			if (resume == 0)
				resume = c->at;
			lowest = c->at = to;
			continue;
		}
		octets += len + 1;
		if (len > 63 || octets > 255) {
			fail(c, "a name is too long");
			return;
		}
		if (name->len > 0)
			buf_addc(name, '.');
		get_label(c, len, name);
	}
	if (resume != 0 && c->why == NULL)
		c->at = resume;
}

static const char *
keep_name(struct cursor *c, struct arena *a)
{
	CLEAN_BUF struct buf name = { 0 };

	get_name(c, &name);
	return arena_memdup(a, buf_str(&name), name.len);
}

/* The next record of a section. */
static struct record
get_record(struct cursor *c, struct arena *a)
{
	struct record r = { .name = keep_name(c, a) };

	r.type = get_u16(c);
	r.class = get_u16(c);
	r.ttl = get_u32(c);
	if (r.ttl > TTL_MAX) /* RFC 2181 8 */
		r.ttl = 0;
	r.len = get_u16(c);
	r.at = c->at;
	if (c->why == NULL && r.len > c->len - c->at)
		fail(c, "a record is longer than the message");
	c->at = MIN(c->len, c->at + r.len);
	return r;
}

/* The data of a record begins at the cursor; a reader must end at its end. */
static struct cursor
data_of(const struct cursor *c, const struct record *r)
{
	return (struct cursor){
		.packet = c->packet,
		.len = r->at + r->len,
		.at = r->at,
	};
}

static bool
data_done(struct cursor *c, const struct cursor *data)
{
	if (data->why != NULL || data->at != data->len)
		fail(c, "a record's data is malformed");
	return c->why == NULL;
}

static const char *
get_address(struct cursor *d, struct arena *a, int family)
{
	char text[INET6_ADDRSTRLEN];
	size_t size = family == AF_INET ? 4 : 16;

	if (d->len - d->at != size)
		return NULL;
	if (inet_ntop(family, d->packet + d->at, text, sizeof(text)) == NULL)
		return NULL;
	d->at += size;
	return arena_strdup(a, text);
}

/* The strings of a TXT record, joined (RFC 7208 3.3). */
static struct slice
get_strings(struct cursor *d, struct arena *a)
{
	CLEAN_BUF struct buf text = { 0 };

	do {
		size_t len = get_u8(d);

		if (d->why != NULL || len > d->len - d->at) {
			fail(d, "a string is too long");
			break;
		}
		buf_add(&text, d->packet + d->at, len);
		d->at += len;
	} while (d->at < d->len);
	return (struct slice){
		arena_memdup(a, buf_str(&text), text.len),
		text.len,
	};
}

/* Fills out from a record of the asked type; false where it is to be left out:
 * a name that no host can have. */
static bool
read_data(struct cursor *c, struct arena *a, const struct record *r,
    struct dns_record *out)
{
	struct cursor d = data_of(c, r);

	if (r->type == DNS_A || r->type == DNS_AAAA) {
		out->address = get_address(&d, a,
		    r->type == DNS_A ? AF_INET : AF_INET6);
		if (out->address == NULL)
			fail(c, "an address has a wrong length");
		return data_done(c, &d);
	}
	if (r->type == DNS_TXT) {
		out->data = get_strings(&d, a);
		return data_done(c, &d);
	}
	if (r->type == DNS_TLSA) {
		out->data.at = arena_memdup(a, c->packet + r->at, r->len);
		out->data.len = r->len;
		return true;
	}
	if (r->type == DNS_MX)
		out->preference = get_u16(&d);
	out->name = keep_name(&d, a);
	return data_done(c, &d) &&
	    ((r->type == DNS_MX && out->name[0] == '\0') ||
		dns_name_valid(out->name));
}

/* ---- the parts of the message ---- */

struct header {
	uint16_t flags;
	size_t answers, authorities;
};

static struct header
get_header(struct cursor *c)
{
	struct header h = { 0 };

	(void)get_u16(c); /* the id: c-ares compared it */
	h.flags = get_u16(c);
	if ((h.flags & FLAG_RESPONSE) == 0 || (h.flags & MASK_OPCODE) != 0)
		fail(c, "the message is no answer");
	if (h.flags & FLAG_TRUNCATED)
		fail(c, "the answer is cut short");
	if (get_u16(c) != 1)
		fail(c, "the answer has not one question");
	h.answers = get_u16(c);
	h.authorities = get_u16(c);
	(void)get_u16(c); /* additional records: not read */
	return h;
}

static void
get_question(struct cursor *c, struct arena *a, const char *name,
    enum dns_type type)
{
	const char *asked = keep_name(c, a);
	uint16_t asked_type = get_u16(c);
	uint16_t class = get_u16(c);

	if (!str_eq_nocase(asked, name) || asked_type != type ||
	    class != CLASS_IN)
		fail(c, "the answer is to another question");
}

static struct record *
get_section(struct cursor *c, struct arena *a, size_t n)
{
	if (n > (c->len - c->at) / RECORD_MIN) {
		fail(c, "the answer has fewer records than it says");
		return NULL;
	}

	struct record *records = arena_new(a, (n + 1) * sizeof(*records));
	for (size_t i = 0; i < n && c->why == NULL; i++)
		records[i] = get_record(c, a);
	return records;
}

/* Follows the CNAMEs from name; gives where they end. */
static const char *
follow(struct cursor *c, struct arena *a, const struct record *records,
    size_t n, const char *name, uint32_t *ttl)
{
	for (int hops = 0; hops <= DNS_CHAIN_MAX; hops++) {
		const struct record *alias = NULL;

		for (size_t i = 0; i < n && alias == NULL; i++)
			if (records[i].type == DNS_CNAME &&
			    records[i].class == CLASS_IN &&
			    str_eq(records[i].name, name))
				alias = &records[i];
		if (alias == NULL)
			return name;
		struct cursor d = data_of(c, alias);
		name = keep_name(&d, a);
		*ttl = MIN(*ttl, alias->ttl);
		if (!data_done(c, &d))
			return name;
	}
	fail(c, "the chain of CNAMEs is too long");
	return name;
}

/* The records of the asked type at the end of the chain. */
static void
collect(struct cursor *c, struct arena *a, const struct record *records,
    size_t n, enum dns_type type, struct dns_reply *reply)
{
	struct dns_record *out = arena_new(a, (n + 1) * sizeof(*out));
	struct dns_answer *answer = &reply->answer;
	size_t unusable = 0;

	for (size_t i = 0; i < n && c->why == NULL; i++) {
		const struct record *r = &records[i];

		if (r->type != type || r->class != CLASS_IN ||
		    !str_eq(r->name, reply->target))
			continue;
		answer->ttl = MIN(answer->ttl, r->ttl);
		if (read_data(c, a, r, &out[answer->n]))
			answer->n++;
		else
			unusable++;
	}
	answer->records = out;
	if (answer->n == 0 && unusable > 0)
		fail(c, "no record has an acceptable name");
}

/* How long "there is none" holds (RFC 2308 5), 0 where no SOA says it. */
static uint32_t
negative_ttl(struct cursor *c, struct arena *a, const struct record *records,
    size_t n, bool *has_soa)
{
	for (size_t i = 0; i < n; i++) {
		if (records[i].type != TYPE_SOA || records[i].class != CLASS_IN)
			continue;
		struct cursor d = data_of(c, &records[i]);
		(void)keep_name(&d, a);
		(void)keep_name(&d, a);
		for (int field = 0; field < 4; field++)
			(void)get_u32(&d);
		uint32_t minimum = get_u32(&d);
		if (!data_done(c, &d))
			return 0;
		*has_soa = true;
		return MIN(minimum, records[i].ttl);
	}
	return 0;
}

static void
judge(struct dns_reply *reply, unsigned int rcode)
{
	struct dns_answer *answer = &reply->answer;

	if (rcode == 3) {
		answer->status = DNS_NXDOMAIN;
		answer->text = "Host not found";
	} else if (answer->n == 0) {
		answer->status = DNS_NODATA;
		answer->text = "Host found but no data record of requested "
			       "type";
	} else {
		answer->status = DNS_OK;
		answer->text = "";
	}
}

static void
read_sections(struct cursor *c, struct arena *a, const struct header *h,
    const char *name, enum dns_type type, struct dns_reply *reply)
{
	const struct record *answers = get_section(c, a, h->answers);
	const struct record *rest = get_section(c, a, h->authorities);

	if (c->why != NULL)
		return;
	reply->target = name;
	reply->answer.ttl = TTL_MAX;
	if (type != DNS_CNAME)
		reply->target = follow(c, a, answers, h->answers, name,
		    &reply->answer.ttl);
	collect(c, a, answers, h->answers, type, reply);
	if (reply->answer.n > 0)
		return;

	bool has_soa = false;
	uint32_t ttl = negative_ttl(c, a, rest, h->authorities, &has_soa);
	reply->answer.ttl = MIN(reply->answer.ttl, ttl);
	reply->unfinished = !has_soa && !str_eq(reply->target, name) &&
	    (h->flags & MASK_RCODE) == 0;
}

bool
dns_parse(struct arena *a, const void *packet, size_t len, const char *name,
    enum dns_type type, struct dns_reply *out, const char **why)
{
	struct cursor c = { .packet = packet, .len = len };
	struct header h = get_header(&c);
	unsigned int rcode = h.flags & MASK_RCODE;
	struct dns_reply reply = { .target = "" };
	char *lower = arena_strdup(a, name);

	str_lower(lower);
	get_question(&c, a, lower, type);
	if (c.why == NULL && rcode != 0 && rcode != 3) {
		reply.answer.status = DNS_FAILED;
		reply.answer.text = "Host not found, try again";
		*out = reply;
		return true;
	}
	read_sections(&c, a, &h, lower, type, &reply);
	if (c.why == NULL && rcode == 3 && reply.answer.n > 0)
		fail(&c, "the name does not exist and has records");
	if (c.why != NULL) {
		*why = c.why;
		return false;
	}
	judge(&reply, rcode);
	reply.answer.authentic = (h.flags & FLAG_AUTHENTIC) != 0;
	*out = reply;
	return true;
}

int
dns_name_escape(const char **at)
{
	const char *p = *at;
	int byte = 0;

	if (*p != '\\')
		return -1;
	for (int i = 1; i <= 3; i++) {
		if (!char_is_digit(p[i]))
			return -1;
		byte = byte * 10 + (p[i] - '0');
	}
	if (byte == 0 || byte > 255)
		return -1;
	*at = p + 4;
	return byte;
}

/* The rules of names; with `any` bytes of all kinds as \DDD. */
static bool
name_fits(const char *name, bool any)
{
	size_t len = 0, label = 0;

	while (*name != '\0') {
		char ch = *name;

		if (ch == '.' && label == 0)
			return false;
		if (any && dns_name_escape(&name) >= 0)
			ch = '\\';
		else if (ch != '.' && !char_is_alpha(ch) &&
		    !char_is_digit(ch) && ch != '-' && ch != '_')
			return false;
		else
			name++;
		label = ch == '.' ? 0 : label + 1;
		if (label > 63 || ++len > 253)
			return false;
	}
	return label > 0;
}

bool
dns_name_valid(const char *name)
{
	return name_fits(name, false);
}

bool
dns_name_askable(const char *name)
{
	return name_fits(name, true);
}
