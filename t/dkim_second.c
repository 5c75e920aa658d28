/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "dkim_second.h"

#ifdef HAVE_OPENDKIM

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/* Needs those above. */
#include <opendkim/dkim.h>

/* libopendkim leaks each key of Ed25519: that is not ours to be told of. */
#ifdef WITH_SANITIZERS
#include <sanitizer/lsan_interface.h>
#define LEAKS_BEGIN() __lsan_disable()
#define LEAKS_END()   __lsan_enable()
#else
#define LEAKS_BEGIN() ((void)0)
#define LEAKS_END()   ((void)0)
#endif

/* clang-format off */
#define EACH_CALL(CALL)        \
	CALL(dkim_init)            \
	CALL(dkim_set_key_lookup)  \
	CALL(dkim_verify)          \
	CALL(dkim_sign)            \
	CALL(dkim_header)          \
	CALL(dkim_eoh)             \
	CALL(dkim_body)            \
	CALL(dkim_eom)             \
	CALL(dkim_free)            \
	CALL(dkim_getsiglist)      \
	CALL(dkim_sig_getselector) \
	CALL(dkim_sig_getdomain)   \
	CALL(dkim_sig_process)     \
	CALL(dkim_sig_getflags)    \
	CALL(dkim_sig_getbh)       \
	CALL(dkim_getsighdr_d)
/* clang-format on */

static struct {
#define CALL(name) __typeof__(&name) name;
	EACH_CALL(CALL)
#undef CALL
} lib;

static DKIM_LIB *handle;
static second_key_fn *keys;

static DKIM_CBSTAT
on_key(DKIM *d, DKIM_SIGINFO *sig, unsigned char *out, size_t room)
{
	char name[512];

	(void)d;
	(void)snprintf(name, sizeof(name), "%s._domainkey.%s",
	    (const char *)lib.dkim_sig_getselector(sig),
	    (const char *)lib.dkim_sig_getdomain(sig));
	const char *record = keys(name);
	if (record == NULL || strlen(record) >= room)
		return DKIM_CBSTAT_NOTFOUND;
	memcpy(out, record, strlen(record) + 1);
	return DKIM_CBSTAT_CONTINUE;
}

bool
second_open(void)
{
	void *so = dlopen("libopendkim.so.11", RTLD_NOW | RTLD_LOCAL);
	bool all = so != NULL;

	if (handle != NULL || so == NULL)
		return handle != NULL;
#define CALL(name)                                      \
	*(void **)(void *)&lib.name = dlsym(so, #name); \
	all = all && lib.name != NULL;
	EACH_CALL(CALL)
#undef CALL
	handle = all ? lib.dkim_init(NULL, NULL) : NULL;
	return handle != NULL &&
	    lib.dkim_set_key_lookup(handle, on_key) == DKIM_STAT_OK;
}

/* Gives it the message; the state after its end. */
static DKIM_STAT
feed(DKIM *d, const char *message, size_t len)
{
	const char *end = message + len;
	const char *at = message;

	while (at < end && memcmp(at, "\r\n", 2) != 0) {
		const char *next = at;

		do
			next = (const char *)memchr(next, '\n',
				   (size_t)(end - next)) +
			    1;
		while (*next == ' ' || *next == '\t');
		if (lib.dkim_header(d, (u_char *)(uintptr_t)at,
			(size_t)(next - at) - 2) != DKIM_STAT_OK)
			return DKIM_STAT_INTERNAL;
		at = next;
	}
	DKIM_STAT s = lib.dkim_eoh(d);
	if (s != DKIM_STAT_OK)
		return s;
	if (end - at > 2)
		s = lib.dkim_body(d, (u_char *)(uintptr_t)(at + 2),
		    (size_t)(end - at) - 2);
	return s == DKIM_STAT_OK ? lib.dkim_eom(d, NULL) : s;
}

int
second_verify(const char *message, size_t len, second_key_fn *look_up)
{
	DKIM_SIGINFO **sigs = NULL;
	int n = 0, good = 0;
	DKIM_STAT s;
	DKIM *d = lib.dkim_verify(handle, (const u_char *)"id", NULL, &s);

	keys = look_up;
	if (d == NULL)
		return -1;
	(void)feed(d, message, len);
	if (lib.dkim_getsiglist(d, &sigs, &n) != DKIM_STAT_OK)
		n = 0;
	for (int i = 0; i < n; i++)
		if (lib.dkim_sig_process(d, sigs[i]) == DKIM_STAT_OK &&
		    (lib.dkim_sig_getflags(sigs[i]) & DKIM_SIGFLAG_PASSED) !=
			0 &&
		    lib.dkim_sig_getbh(sigs[i]) == DKIM_SIGBH_MATCH)
			good++;
	(void)lib.dkim_free(d);
	return good;
}

static bool
sign(struct buf *message, const char *pem, const char *domain,
    const char *selector, bool ed25519, bool relaxed)
{
	dkim_canon_t canon = relaxed ? DKIM_CANON_RELAXED : DKIM_CANON_SIMPLE;
	CLEAN_BUF struct buf all = { 0 };
	u_char *value = NULL;
	size_t len = 0;
	DKIM_STAT s;
	DKIM *d = lib.dkim_sign(handle, (const u_char *)"id", NULL,
	    (u_char *)(uintptr_t)pem, (const u_char *)selector,
	    (const u_char *)domain, canon, canon,
	    ed25519 ? DKIM_SIGN_ED25519SHA256 : DKIM_SIGN_RSASHA256, -1, &s);

	if (d == NULL)
		return false;
	bool ok = feed(d, message->text, message->len) == DKIM_STAT_OK &&
	    lib.dkim_getsighdr_d(d, sizeof("DKIM-Signature: ") - 1, &value,
		&len) == DKIM_STAT_OK;
	if (ok) {
		buf_adds(&all, "DKIM-Signature: ");
		for (size_t i = 0; i < len; i++) {
			if (value[i] == '\n')
				buf_addc(&all, '\r');
			if (value[i] != '\r')
				buf_addc(&all, (char)value[i]);
		}
		buf_adds(&all, "\r\n");
		buf_add(&all, message->text, message->len);
		buf_reset(message);
		buf_add(message, all.text, all.len);
	}
	(void)lib.dkim_free(d);
	return ok;
}

bool
second_sign(struct buf *message, const char *pem, const char *domain,
    const char *selector, bool ed25519, bool relaxed)
{
	LEAKS_BEGIN();
	bool ok = sign(message, pem, domain, selector, ed25519, relaxed);
	LEAKS_END();
	return ok;
}

#else

bool
second_open(void)
{
	return false;
}

int
second_verify(const char *message, size_t len, second_key_fn *look_up)
{
	(void)message, (void)len, (void)look_up;
	return -1;
}

bool
second_sign(struct buf *message, const char *pem, const char *domain,
    const char *selector, bool ed25519, bool relaxed)
{
	(void)message, (void)pem, (void)domain, (void)selector, (void)ed25519,
	    (void)relaxed;
	return false;
}

#endif
