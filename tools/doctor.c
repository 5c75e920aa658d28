/*
 * posthouse check: the doctor.
 *
 * Reads the configuration, the files and the DNS as a stranger would, and
 * prints a line a finding: "ok|warn|fail  subject: what: mend".  It changes
 * nothing, sends no mail, and ends in bounded time whatever does not answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "doctor.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "conf_warnings.h"
#include "json.h"
#include "local_world.h"
#include "posthouse.h"

#define TIME_MAX  (60 * 1000) /* milliseconds for all */
#define EXIT_FAIL 1

/* clang-format off */
static const struct check {
	const char *name;
	doctor_fn *run;
	bool online; /* asks the DNS or other hosts */
} checks[] = {
	{ "services",  doctor_services,  false },
	{ "tables",    doctor_tables,    false },
	{ "aliases",   doctor_aliases,   false },
	{ "virtual",   doctor_virtual,   false },
	{ "queue",     doctor_queue,     false },
	{ "disk",      doctor_disk,      false },
	{ "listeners", doctor_listeners, false },
	{ "certificate", doctor_certificate, false },
	{ "auth",      doctor_auth,      false },
	{ "networks",  doctor_networks,  false },
	{ "domains",   doctor_domains,   false },
	{ "resolver",  doctor_resolver,  true  },
	{ "name",      doctor_name,      true  },
	{ "pointers",  doctor_pointers,  true  },
	{ "mx",        doctor_mx,        true  },
	{ "sts",       doctor_sts,       true  },
	{ "tlsa",      doctor_tlsa,      true  },
	{ "srs",       doctor_srs,       false },
	{ "spf",       doctor_spf,       true  },
	{ "backups",   doctor_backups,   true  },
	{ "dkim",      doctor_dkim,      false },
	{ "dmarc",     doctor_dmarc,     true  },
	{ "srs_domain", doctor_srs_domain, true },
	{ "outwards",  doctor_outwards,  true  },
};
/* clang-format on */

static const char *const words[FINDINGS] = {
	[FINDING_OK] = "ok",
	[FINDING_WARN] = "warn",
	[FINDING_FAIL] = "fail",
};

/* ---- printing ---- */

static void
print_json(const struct doctor *d, enum finding f, const char *subject,
    const char *what, const char *mend)
{
	const struct {
		const char *key, *value;
	} fields[] = {
		{ "finding", words[f] },
		{ "check", d->check },
		{ "subject", subject },
		{ "what", what },
		{ "mend", mend },
	};
	CLEAN_BUF struct buf out = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		buf_addf(&out, "%s\"%s\": ", i == 0 ? "{" : ", ",
		    fields[i].key);
		json_put_str(&out, fields[i].value);
	}
	printf("%s}\n", buf_str(&out));
}

/* What comes from the DNS or a file is made fit for a terminal. */
static void
print_line(enum finding f, const char *subject, const char *what,
    const char *mend)
{
	CLEAN_BUF struct buf raw = { 0 };
	CLEAN_BUF struct buf line = { 0 };

	buf_addf(&raw, "%s: %s%s%s", subject, what, mend[0] != '\0' ? ": " : "",
	    mend);
	str_printable(&line, buf_str(&raw), raw.len, raw.len);
	printf("%-4s  %s\n", words[f], buf_str(&line));
}

void
doctor_say(struct doctor *d, enum finding f, const char *subject,
    const char *mend, const char *fmt, ...)
{
	CLEAN_BUF struct buf what = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&what, fmt, ap);
	va_end(ap);
	d->counts[f]++;
	if (mend == NULL)
		mend = "";
	if (d->json)
		print_json(d, f, subject, buf_str(&what), mend);
	else
		print_line(f, subject, buf_str(&what), mend);
	(void)fflush(stdout); /* checks take their time; a failure shows then */
}

int64_t
doctor_left(const struct doctor *d, int64_t wished)
{
	int64_t left = d->end - clock_mono();

	return left < 0 ? 0 : MIN(left, wished);
}

/* ---- the configuration ---- */

static void
say_errors(struct doctor *d, const struct buf *errors)
{
	struct slice rest = { buf_str(errors), errors->len };
	struct slice line;

	while (slice_next_part(&rest, '\n', &line))
		if (line.len > 0)
			doctor_say(d, FINDING_FAIL, "configuration",
			    "start and reload refuse it until that is mended",
			    "%.*s", (int)line.len, line.at);
}

static void
say_warning(void *arg, const char *text)
{
	doctor_say(arg, FINDING_WARN, "configuration", "hardly what was meant",
	    "%s", text);
}

/* Every other check needs it: false where it is wrong, which was said. */
static bool
open_configuration(struct doctor *d)
{
	CLEAN_BUF struct buf errors = { 0 };
	const char *dir = posthouse_conf_dir();
	const char *why = "";

	d->check = "configuration";
	bool ok = param_load(dir, NULL, &errors);
	ok &= services_load(dir, &d->services, &errors);
	ok &= param_check_files(dir, &errors);
	say_errors(d, &errors);
	if (!ok)
		return false;
	if (!local_world_open(&why)) {
		doctor_say(d, FINDING_FAIL, "configuration",
		    "start and reload refuse it until that is mended", "%s",
		    why);
		return false;
	}
	conf_warnings(dir, &d->services, say_warning, d);
	if (str_eq(params.sandbox, "log"))
		doctor_say(d, FINDING_WARN, "sandbox",
		    "set it to enforce when the first days are over",
		    "violations are only logged");
	if (d->counts[FINDING_WARN] == 0)
		doctor_say(d, FINDING_OK, "configuration", NULL,
		    "%s is in order", dir);
	return true;
}

/* ---- the verb ---- */

static bool
parse_options(int argc, char **argv, struct doctor *d)
{
	for (int i = 1; i < argc; i++)
		if (str_eq(argv[i], "--offline"))
			d->offline = true;
		else if (str_eq(argv[i], "--json"))
			d->json = true;
		else
			return false;
	return true;
}

static void
run_checks(struct doctor *d)
{
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		if (d->offline && checks[i].online)
			continue;
		d->check = checks[i].name;
		checks[i].run(d);
	}
}

int
posthouse_check(int argc, char **argv)
{
	struct doctor d = { .end = clock_mono() + TIME_MAX };

	if (!parse_options(argc, argv, &d))
		return posthouse_usage("check");
	loop_start();
	if (open_configuration(&d)) {
		if (!d.offline)
			dns_start();
		run_checks(&d);
	}
	services_free(&d.services);
	arena_free(&d.arena);
	if (fflush(stdout) == EOF || ferror(stdout) != 0)
		return EX_IOERR;
	return d.counts[FINDING_FAIL] > 0 ? EXIT_FAIL : EX_OK;
}
