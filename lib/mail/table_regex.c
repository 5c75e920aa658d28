/*
 * regexp:FILE and pcre:FILE - regular expressions to results
 * (regexp_table(5), pcre_table(5)).
 *
 * Both are /pattern/flags with any delimiter.  A flag turns a property over, as
 * in Postfix: both ignore case unless `i` is given, regexp is extended unless
 * `x` is given, the dot of pcre fits a line end unless `s` is given.
 *
 * regexp is the C library's POSIX matcher.  What bounds its cost is the length
 * of the key (RULES_KEY_MAX) and the administrator, who should keep back
 * references out of expressions.  pcre is PCRE2 without JIT, which would need
 * memory that is both written and executed, and with bounds on steps, depth and
 * memory: who exceeds them gets "don't know".
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "table_rules.h"

#define MATCH_LIMIT 1000000 /* steps of one match */
#define DEPTH_LIMIT 10000
#define HEAP_LIMIT  20000 /* KiB */

struct flag {
	char letter;
	uint32_t bit;
};

/* Splits /pattern/flags off the cursor; the pattern goes to a buf, because both
 * compilers want its end marked. */
static bool
take_pattern(struct slice *rest, struct buf *pattern, struct slice *flags,
    const char **why)
{
	char delimiter = rest->at[0];
	size_t n = 1;

	if (char_is_alpha(delimiter) || char_is_digit(delimiter) ||
	    delimiter == '\\') {
		*why = "a pattern is missing: write /pattern/flags result";
		return false;
	}
	for (; n < rest->len && rest->at[n] != delimiter; n++)
		if (rest->at[n] == '\\')
			n++;
	if (n >= rest->len) {
		*why = "the pattern has no end: write /pattern/";
		return false;
	}
	buf_add(pattern, rest->at + 1, n - 1);

	size_t end = n + 1;
	while (end < rest->len && !char_is_space(rest->at[end]))
		end++;
	*flags = (struct slice){ rest->at + n + 1, end - n - 1 };
	*rest = (struct slice){ rest->at + end, rest->len - end };
	return true;
}

/* Turns over the bit of each letter. */
static bool
take_flags(struct slice flags, const struct flag *known, size_t n,
    uint32_t *bits, const char **why)
{
	for (size_t i = 0; i < flags.len; i++) {
		size_t j = 0;
		while (j < n && known[j].letter != flags.at[i])
			j++;
		if (j == n) {
			*why = table_why("there is no flag %c", flags.at[i]);
			return false;
		}
		*bits ^= known[j].bit;
	}
	return true;
}

/* ---- regexp ---- */

static const struct flag regexp_flags[] = {
	{ 'i', REG_ICASE },
	{ 'm', REG_NEWLINE },
	{ 'x', REG_EXTENDED },
};

static void *
regexp_compile(struct slice *rest, size_t *groups, const char **why)
{
	CLEAN_BUF struct buf pattern = { 0 };
	uint32_t bits = REG_ICASE | REG_EXTENDED;
	struct slice flags;
	char text[128];

	if (!take_pattern(rest, &pattern, &flags, why) ||
	    !take_flags(flags, regexp_flags, ARRAY_LEN(regexp_flags), &bits,
		why))
		return NULL;

	regex_t *re = xcalloc(1, sizeof(*re));
	int error = regcomp(re, buf_str(&pattern), (int)bits);
	if (error != 0) {
		(void)regerror(error, re, text, sizeof(text));
		*why = table_why("%s", text);
		free(re);
		return NULL;
	}
	*groups = re->re_nsub;
	return re;
}

static enum found
regexp_match(const void *pattern, const char *key, struct captures *c)
{
	regmatch_t at[RULES_GROUPS];
	int error = regexec(pattern, key, RULES_GROUPS, at, 0);

	if (error == REG_NOMATCH)
		return FOUND_NONE;
	if (error != 0)
		return FOUND_FAILED;
	for (c->n = 0; c->n < RULES_GROUPS; c->n++) {
		const regmatch_t *m = &at[c->n];
		c->at[c->n] = m->rm_so < 0
		    ? (struct slice){ key, 0 }
		    : (struct slice){ key + m->rm_so,
			      (size_t)(m->rm_eo - m->rm_so) };
	}
	return FOUND_ONE;
}

static void
regexp_free(void *pattern)
{
	regfree(pattern);
	free(pattern);
}

static const struct rules_engine regexp_engine = {
	.name = "regexp",
	.groups = true,
	.compile = regexp_compile,
	.match = regexp_match,
	.free = regexp_free,
};

static void *
regexp_open(const char *name, const char **why)
{
	return rules_open(&regexp_engine, name, why);
}

const struct table_type table_regexp = {
	.name = "regexp",
	.whole_keys = true,
	.open = regexp_open,
	.get = rules_get,
	.close = rules_close,
};

/* ---- pcre ---- */

struct pcre {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

static const struct flag pcre_flags[] = {
	{ 'A', PCRE2_ANCHORED },
	{ 'E', PCRE2_DOLLAR_ENDONLY },
	{ 'U', PCRE2_UNGREEDY },
	{ 'X', 0 }, /* PCRE2 is strict always */
	{ 'i', PCRE2_CASELESS },
	{ 'm', PCRE2_MULTILINE },
	{ 's', PCRE2_DOTALL },
	{ 'x', PCRE2_EXTENDED },
};

static void
pcre_free(void *pattern)
{
	struct pcre *p = pattern;

	pcre2_match_context_free(p->limits);
	pcre2_match_data_free(p->data);
	pcre2_code_free(p->code);
	free(p);
}

static bool
prepare(struct pcre *p, const struct buf *pattern, uint32_t bits,
    const char **why)
{
	PCRE2_UCHAR text[128];
	PCRE2_SIZE at;
	int error;

	p->code = pcre2_compile((PCRE2_SPTR)buf_str(pattern), pattern->len,
	    bits, &error, &at, NULL);
	if (p->code == NULL) {
		(void)pcre2_get_error_message(error, text, sizeof(text));
		*why = table_why("%s, at letter %zu of the pattern",
		    (const char *)text, at + 1);
		return false;
	}
	p->data = pcre2_match_data_create(RULES_GROUPS, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (p->data == NULL || p->limits == NULL) {
		*why = "out of memory";
		return false;
	}
	(void)pcre2_set_match_limit(p->limits, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(p->limits, HEAP_LIMIT);
	return true;
}

static void *
pcre_compile(struct slice *rest, size_t *groups, const char **why)
{
	CLEAN_BUF struct buf pattern = { 0 };
	uint32_t bits = PCRE2_CASELESS | PCRE2_DOTALL;
	struct slice flags;
	uint32_t n = 0;

	if (!take_pattern(rest, &pattern, &flags, why) ||
	    !take_flags(flags, pcre_flags, ARRAY_LEN(pcre_flags), &bits, why))
		return NULL;

	struct pcre *p = xcalloc(1, sizeof(*p));
	if (!prepare(p, &pattern, bits, why)) {
		pcre_free(p);
		return NULL;
	}
	(void)pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &n);
	*groups = n;
	return p;
}

static enum found
pcre_match(const void *pattern, const char *key, struct captures *c)
{
	const struct pcre *p = pattern;
	int n = pcre2_match(p->code, (PCRE2_SPTR)key, strlen(key), 0, 0,
	    p->data, p->limits);

	if (n == PCRE2_ERROR_NOMATCH)
		return FOUND_NONE;
	if (n < 0)
		return FOUND_FAILED;

	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->data);
	size_t found = n == 0 ? RULES_GROUPS : (size_t)n;
	for (c->n = 0; c->n < found; c->n++) {
		PCRE2_SIZE from = at[2 * c->n];
		PCRE2_SIZE to = at[2 * c->n + 1];
		c->at[c->n] = from == PCRE2_UNSET || to < from
		    ? (struct slice){ key, 0 }
		    : (struct slice){ key + from, to - from };
	}
	return FOUND_ONE;
}

static const struct rules_engine pcre_engine = {
	.name = "pcre",
	.groups = true,
	.compile = pcre_compile,
	.match = pcre_match,
	.free = pcre_free,
};

static void *
pcre_open(const char *name, const char **why)
{
	return rules_open(&pcre_engine, name, why);
}

const struct table_type table_pcre = {
	.name = "pcre",
	.whole_keys = true,
	.open = pcre_open,
	.get = rules_get,
	.close = rules_close,
};
