/*
 * posthouse srs: secrets are changed, and an address is made or read.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "fd.h"
#include "param.h"
#include "posthouse.h"
#include "srs.h"
#include "srs_file.h"

#define FILE_MAX ((size_t)65536)

static int
rotate(void)
{
	if (!srs_file_rotate(params.srs_secrets, params.srs_max_age / DAY,
		clock_wall())) {
		fprintf(stderr, "posthouse: %s: %s\n", params.srs_secrets,
		    strerror(errno));
		return EX_CANTCREAT;
	}
	printf("%s: a new secret signs from now on\n", params.srs_secrets);
	return EX_OK;
}

static bool
open_srs(struct arena *a, struct srs *srs)
{
	CLEAN_BUF struct buf text = { 0 };
	const char *why = NULL;

	CLEAN_FD int fd = fd_open_regular(params.srs_secrets);
	if (fd < 0 || fd_read_all(fd, &text, FILE_MAX) < 0)
		why = strerror(errno);
	else if (srs_secrets_parse(a,
		     (struct slice){ buf_str(&text), text.len }, &srs->secrets,
		     &why))
		return true;
	fprintf(stderr, "posthouse: %s: %s\n", params.srs_secrets, why);
	return false;
}

/* One of ours is read, and for any other sender one is made. */
static bool
translate(struct arena *a, const struct srs *srs, const char *address)
{
	static const char *const reasons[] = {
		[SRS_NONE] = "not an address of SRS",
		[SRS_MALFORMED] = "malformed",
		[SRS_FORGED] = "its hash is not of our secrets",
		[SRS_EXPIRED] = "expired",
	};
	const char *at = strrchr(address, '@'), *out = "";
	bool ours = at != NULL && str_eq_nocase(at + 1, srs->domain) &&
	    srs_is(address);
	enum srs_verdict v = SRS_GOOD;

	if (ours)
		v = srs_back(a, srs, clock_wall(), address, &out);
	else if (!srs_forward(a, srs, clock_wall(), address, &out))
		out = address;
	if (v == SRS_GOOD)
		puts(out);
	else
		fprintf(stderr, "posthouse: %s: %s\n", address, reasons[v]);
	return v == SRS_GOOD;
}

int
posthouse_srs(int argc, char **argv)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf errors = { 0 };
	struct srs srs = { 0 };
	int code = EX_OK;

	if (argc < 2)
		return posthouse_usage("srs");
	if (!param_load(posthouse_conf_dir(), NULL, &errors)) {
		posthouse_say(buf_str(&errors));
		return EX_CONFIG;
	}
	if (params.srs_domain[0] == '\0') {
		fputs("posthouse: srs_domain is not set\n", stderr);
		return EX_CONFIG;
	}
	if (argc == 2 && str_eq(argv[1], "rotate"))
		return rotate();
	srs.domain = params.srs_domain;
	srs.max_age = params.srs_max_age / DAY;
	if (!open_srs(&a, &srs))
		return EX_NOINPUT;
	for (int i = 1; i < argc; i++)
		if (!translate(&a, &srs, argv[i]))
			code = EX_NOUSER;
	return code;
}
