/*
 * Whether a value is right: by the row's kind, and for a few by name.
 *
 * A message says what is wrong and what would be right; who calls puts file,
 * line and name in front.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param_rows.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "num.h"
#include "sasl.h"
#include "tls.h"

#define SHOWN_MAX 60

typedef bool check_fn(const struct param_row *row, const char *value,
    int64_t *number, struct buf *why);

static bool
wrong(struct buf *why, const char *value, const char *right)
{
	buf_addc(why, '"');
	str_printable(why, value, strlen(value), SHOWN_MAX);
	buf_addf(why, "\" %s", right);
	return false;
}

static bool
out_of_range(const struct param_row *row, const char *value, struct buf *why)
{
	buf_addf(why, "%s is out of range: %s to %s are possible", value,
	    row->min, row->max);
	return false;
}

static bool
check_int(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	int64_t min, max;

	if (!num_parse(value, INT64_MIN, INT64_MAX, number))
		return wrong(why, value, "is not a number: write digits");
	if (!num_parse(row->min, INT64_MIN, INT64_MAX, &min) ||
	    !num_parse(row->max, INT64_MIN, INT64_MAX, &max) || *number < min ||
	    *number > max)
		return out_of_range(row, value, why);
	return true;
}

static bool
check_time(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	int64_t min, max;

	if (!num_parse_time(value, row->unit, number))
		return wrong(why, value,
		    "is not a time: write a number with ms, s, m, h, d or w");
	if (!num_parse_time(row->min, row->unit, &min) ||
	    !num_parse_time(row->max, row->unit, &max) || *number < min ||
	    *number > max)
		return out_of_range(row, value, why);
	return true;
}

static bool
check_size(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	int64_t min, max;

	if (!num_parse_size(value, number))
		return wrong(why, value,
		    "is not a size: write a number of bytes, or one with k, "
		    "m or g");
	if (!num_parse_size(row->min, &min) ||
	    !num_parse_size(row->max, &max) || *number < min || *number > max)
		return out_of_range(row, value, why);
	return true;
}

static bool
check_bool(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	(void)row; /* all are alike */
	*number = str_eq(value, "yes");
	if (*number == 0 && !str_eq(value, "no"))
		return wrong(why, value, "is neither yes nor no");
	return true;
}

static bool
is_one_of(struct slice word, const char *words)
{
	struct slice rest = slice_of(words);
	struct slice item;

	while (slice_next_item(&rest, &item))
		if (item.len == word.len &&
		    memcmp(item.at, word.at, word.len) == 0)
			return true;
	return false;
}

static bool
check_enum(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	(void)number;
	if (is_one_of(slice_of(value), row->words))
		return true;
	(void)wrong(why, value, "is not possible: one of ");
	buf_adds(why, row->words);
	return false;
}

static bool
check_words(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	struct slice rest = slice_of(value);
	struct slice item;

	(void)number;
	while (slice_next_item(&rest, &item)) {
		if (is_one_of(item, row->words))
			continue;
		buf_addc(why, '"');
		str_printable(why, item.at, item.len, SHOWN_MAX);
		buf_addf(why, "\" is not possible: any of %s", row->words);
		return false;
	}
	return true;
}

/* Text that can be shown and put into one line of a reply or a header. */
static bool
check_text(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	(void)row;
	(void)number;
	for (const char *s = value; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' && *s != '\t')
			return wrong(why, value,
			    "has a control character: remove it");
	return true;
}

static bool
check_path(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	(void)number;
	if (value[0] == '\0' && row->def[0] == '\0')
		return true;
	if (value[0] != '/')
		return wrong(why, value,
		    "is not an absolute path: begin with /");
	return check_text(row, value, number, why);
}

static bool
check_tables(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	struct slice rest = slice_of(value);
	struct slice item;

	while (slice_next_item(&rest, &item)) {
		if (memchr(item.at, ':', item.len) != NULL)
			continue;
		buf_addc(why, '"');
		str_printable(why, item.at, item.len, SHOWN_MAX);
		buf_addf(why, "\" is not a table: write TYPE:%s",
		    item.at[0] == '/' ? "FILE" : "NAME");
		return false;
	}
	return check_text(row, value, number, why);
}

static check_fn *const by_kind[PARAM_KINDS] = {
	[PARAM_KIND_INT] = check_int,
	[PARAM_KIND_TIME] = check_time,
	[PARAM_KIND_SIZE] = check_size,
	[PARAM_KIND_BOOL] = check_bool,
	[PARAM_KIND_ENUM] = check_enum,
	[PARAM_KIND_WORDS] = check_words,
	[PARAM_KIND_LIST] = check_text,
	[PARAM_KIND_TABLES] = check_tables,
	[PARAM_KIND_NAMES] = check_text,
	[PARAM_KIND_NETS] = check_text,
	[PARAM_KIND_PEERS] = check_text,
	[PARAM_KIND_RESTRICT] = check_text,
	[PARAM_KIND_PATH] = check_path,
	[PARAM_KIND_STR] = check_text,
	[PARAM_KIND_RAW] = check_text,
};

/* ---- what only some parameters must fulfil ---- */

static bool
is_address(int family, const char *text)
{
	struct in6_addr addr;

	return inet_pton(family, text, &addr) == 1;
}

static bool
check_host(const char *value, struct buf *why)
{
	const char *letter = "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	size_t n = strlen(value);

	if (n > 0 && n < 256 && strspn(value, letter) == n && value[0] != '.' &&
	    value[n - 1] != '.' && strstr(value, "..") == NULL)
		return true;
	return wrong(why, value,
	    "is not a host name: letters, digits, hyphens and dots");
}

static bool
check_helo(const char *value, struct buf *why)
{
	return value[0] == '[' || check_host(value, why);
}

static bool
check_ipv4(const char *value, struct buf *why)
{
	if (value[0] == '\0' || is_address(AF_INET, value))
		return true;
	return wrong(why, value, "is not an IPv4 address: write 192.0.2.1");
}

static bool
check_ipv6(const char *value, struct buf *why)
{
	if (value[0] == '\0' || is_address(AF_INET6, value))
		return true;
	return wrong(why, value, "is not an IPv6 address: write 2001:db8::1");
}

static bool
check_delimiters(const char *value, struct buf *why)
{
	if (strpbrk(value, "@/\\\"<> \t") == NULL)
		return true;
	return wrong(why, value,
	    "cannot part users from extensions: + and - are usual");
}

static bool
check_filled(const char *value, struct buf *why)
{
	if (value[0] != '\0')
		return true;
	buf_adds(why, "must not be empty: remove the line for the default");
	return false;
}

static bool
check_protocols(const char *value, struct buf *why)
{
	const char *text = "";
	int lowest, highest;

	if (tls_parse_protocols(value, &lowest, &highest, &text))
		return true;
	buf_adds(why, text);
	return false;
}

static bool
check_ciphers(const char *value, struct buf *why)
{
	const char *text = "";

	if (tls_ciphers_are_named(value, &text))
		return true;
	buf_adds(why, text);
	return false;
}

static bool
check_sasl_options(const char *value, struct buf *why)
{
	const char *text = "";
	uint32_t without, with;

	if (sasl_parse_options(value, &without, &with, &text))
		return true;
	buf_adds(why, text);
	return false;
}

static const struct {
	const char *name;
	bool (*check)(const char *value, struct buf *why);
} by_name[] = {
	{ "default_transport", check_filled },
	{ "inet_interfaces", check_filled },
	{ "inet_protocols", check_filled },
	{ "local_transport", check_filled },
	{ "mydomain", check_host },
	{ "myhostname", check_host },
	{ "myorigin", check_host },
	{ "recipient_delimiter", check_delimiters },
	{ "relay_transport", check_filled },
	{ "smtp_bind_address", check_ipv4 },
	{ "smtp_bind_address6", check_ipv6 },
	{ "smtp_helo_name", check_helo },
	{ "smtp_tls_exclude_ciphers", check_ciphers },
	{ "smtp_tls_mandatory_exclude_ciphers", check_ciphers },
	{ "smtp_tls_mandatory_protocols", check_protocols },
	{ "smtp_tls_protocols", check_protocols },
	{ "smtpd_sasl_security_options", check_sasl_options },
	{ "smtpd_sasl_tls_security_options", check_sasl_options },
	{ "smtpd_tls_exclude_ciphers", check_ciphers },
	{ "smtpd_tls_mandatory_exclude_ciphers", check_ciphers },
	{ "smtpd_tls_mandatory_protocols", check_protocols },
	{ "smtpd_tls_protocols", check_protocols },
	{ "syslog_name", check_filled },
	{ "virtual_transport", check_filled },
};

bool
param_check(const struct param_row *row, const char *value, int64_t *number,
    struct buf *why)
{
	if (!by_kind[row->kind](row, value, number, why))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(by_name); i++)
		if (str_eq(row->name, by_name[i].name))
			return by_name[i].check(value, why);
	return true;
}
