/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "msg.h"

#include "str.h"

#define FIELD(type, name) wire_put_##type(out, m->name);
#define MESSAGE(name, ...)                                      \
	void msg_put_##name(struct buf *out,                    \
	    const struct msg_##name *m __attribute__((unused))) \
	{                                                       \
		wire_put_u32(out, MSG_##name);                  \
		__VA_ARGS__                                     \
	}
#include "msg.def"

#define FIELD(type, name) m->name = wire_get_##type(&w);
#define MESSAGE(name, ...)                                          \
	bool msg_get_##name(struct msg_##name *m, const void *body, \
	    size_t len)                                             \
	{                                                           \
		struct wire w = wire_open(body, len);               \
                                                                    \
		m->none = 0;                                        \
		__VA_ARGS__                                         \
		return wire_done(&w);                               \
	}
#include "msg.def"

#define FIELD(type, name) wire_put_##type(out, r->name);
#define MESSAGE(name, ...)                                               \
	void rec_put_##name(struct buf *out, const struct rec_##name *r) \
	{                                                                \
		__VA_ARGS__                                              \
	}
#include "records.def"

#define FIELD(type, name) r->name = wire_get_##type(w);
#define MESSAGE(name, ...)                                        \
	bool rec_get_##name(struct rec_##name *r, struct wire *w) \
	{                                                         \
		__VA_ARGS__                                       \
		return !w->bad;                                   \
	}
#include "records.def"

#define FIELD(type, name) wire_show_##type(out, #name, wire_get_##type(w));
#define MESSAGE(name, ...)                          \
	static void show_##name(struct buf *out,    \
	    struct wire *w __attribute__((unused))) \
	{                                           \
		buf_adds(out, #name);               \
		__VA_ARGS__                         \
	}
#include "msg.def"

static const struct {
	const char *name;
	void (*show)(struct buf *out, struct wire *w);
} messages[MSG_TYPES] = {
#define FIELD(type, name)
#define MESSAGE(name, ...) [MSG_##name] = { #name, show_##name },
#include "msg.def"
};

const char *
msg_name(uint32_t type)
{
	if (type >= MSG_TYPES || messages[type].name == NULL)
		return "unknown";
	return messages[type].name;
}

void
msg_show(struct buf *out, const void *packet, size_t len)
{
	struct wire w = wire_open(packet, len);
	uint32_t type = wire_get_u32(&w);

	if (type >= MSG_TYPES || messages[type].show == NULL)
		buf_addf(out, "unknown message %u", type);
	else
		messages[type].show(out, &w);
	if (!wire_done(&w))
		buf_adds(out, " (malformed)");
}

static const char *const roles[ROLES] = {
	[ROLE_NONE] = "none",
	[ROLE_MASTER] = "master",
	[ROLE_SMTPD] = "smtpd",
	[ROLE_CLEANUP] = "cleanup",
	[ROLE_QMGR] = "qmgr",
	[ROLE_SMTP] = "smtp",
	[ROLE_LOCAL] = "local",
	[ROLE_DELIVER] = "deliver",
	[ROLE_BOUNCE] = "bounce",
	[ROLE_LOOKUP] = "lookup",
	[ROLE_SCRIBE] = "scribe",
	[ROLE_PICKUP] = "pickup",
	[ROLE_CALLOUT] = "callout",
	[ROLE_KEYS] = "keys",
	[ROLE_VERIFY] = "seal",
	[ROLE_SIGN] = "seal",
	[ROLE_STS] = "sts",
	[ROLE_REPORT] = "report",
	[ROLE_AUTH] = "auth",
	[ROLE_ADMIN] = "admin",
};

const char *
role_name(enum role role)
{
	return role < ROLES ? roles[role] : "unknown";
}

enum role
role_of(const char *name, const char *section)
{
	if (str_eq(name, "seal") && str_eq(section, "sign"))
		return ROLE_SIGN;
	for (int i = ROLE_MASTER; i < ROLES; i++)
		if (str_eq(roles[i], name))
			return (enum role)i;
	return ROLE_NONE;
}
