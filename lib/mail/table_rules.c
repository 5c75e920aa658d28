/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "table_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "fd.h"
#include "logical.h"
#include "num.h"

#define FILE_MAX ((size_t)256 << 20)
#define NO_IF    SIZE_MAX

enum rule_kind {
	RULE_RESULT,
	RULE_IF,
	RULE_ENDIF,
};

struct rule {
	enum rule_kind kind;
	bool negated;
	void *pattern;
	const char *result;
	size_t line;
	size_t end; /* of an if: the rule behind its endif; while it is open,
		       the if around it */
};

struct rules {
	const struct rules_engine *engine;
	struct arena arena; /* results */
	struct rule *at;
	size_t n, room;
};

struct reader {
	struct rules *rules;
	size_t open_if; /* the innermost, or NO_IF */
	const char *why;
};

/* ---- results ---- */

/* The $n, ${n} or $(n) at the cursor, which stands behind the dollar. */
static bool
take_group(struct slice *rest, size_t *group)
{
	bool bracket = rest->len > 0 && strchr("{(", rest->at[0]) != NULL;
	size_t from = bracket ? 1 : 0;
	size_t n = from;
	int64_t number;

	while (n < rest->len && char_is_digit(rest->at[n]))
		n++;
	if (!num_parse_len(rest->at + from, n - from, 0, RULES_GROUPS - 1,
		&number))
		return false;
	if (bracket) {
		char close = rest->at[0] == '{' ? '}' : ')';
		if (n == rest->len || rest->at[n] != close)
			return false;
		n++;
	}
	*group = (size_t)number;
	*rest = (struct slice){ rest->at + n, rest->len - n };
	return true;
}

/* Writes the result with its groups; without captures it is only checked
 * against the number of groups. */
static bool
put_result(const char *result, const struct captures *c, size_t groups,
    struct buf *out)
{
	struct slice rest = slice_of(result);

	while (rest.len > 0) {
		const char *dollar = memchr(rest.at, '$', rest.len);
		size_t n = dollar != NULL ? (size_t)(dollar - rest.at)
					  : rest.len;
		size_t group;

		buf_add(out, rest.at, n);
		if (dollar == NULL)
			break;
		rest = (struct slice){ rest.at + n + 1, rest.len - n - 1 };
		if (rest.len > 0 && rest.at[0] == '$') {
			buf_addc(out, '$');
			rest = (struct slice){ rest.at + 1, rest.len - 1 };
			continue;
		}
		if (!take_group(&rest, &group) || group > groups)
			return false;
		if (c != NULL && group < c->n)
			buf_add(out, c->at[group].at, c->at[group].len);
	}
	return true;
}

/* ---- reading ---- */

static struct rule *
add_rule(struct rules *r, enum rule_kind kind, size_t line)
{
	if (r->n == r->room) {
		r->room = r->room == 0 ? 16 : 2 * r->room;
		r->at = xrealloc(r->at, r->room, sizeof(*r->at));
	}
	r->at[r->n] = (struct rule){ .kind = kind, .line = line };
	return &r->at[r->n++];
}

/* Passes over a word in front that is followed by white space, a pattern or
 * nothing. */
static bool
take_word(struct slice *s, const char *word)
{
	size_t n = strlen(word);

	if (s->len < n || !str_starts_nocase(s->at, word))
		return false;
	if (s->len > n &&
	    (char_is_alpha(s->at[n]) || char_is_digit(s->at[n]) ||
		s->at[n] == ':' || s->at[n] == '.'))
		return false;
	*s = slice_trim((struct slice){ s->at + n, s->len - n });
	return true;
}

static bool
read_pattern(struct reader *r, struct rule *rule, struct slice *text,
    size_t *groups)
{
	if (text->len > 0 && text->at[0] == '!') {
		rule->negated = true;
		*text = slice_trim(
		    (struct slice){ text->at + 1, text->len - 1 });
	}
	if (text->len == 0) {
		r->why = "a pattern is missing";
		return false;
	}
	rule->pattern = r->rules->engine->compile(text, groups, &r->why);
	*text = slice_trim(*text);
	return rule->pattern != NULL;
}

static bool
read_if(struct reader *r, struct slice text, size_t line)
{
	struct rule *rule = add_rule(r->rules, RULE_IF, line);
	size_t groups;

	rule->end = r->open_if;
	r->open_if = r->rules->n - 1;
	if (!read_pattern(r, rule, &text, &groups))
		return false;
	if (text.len > 0)
		r->why = "text behind the pattern of an if";
	return text.len == 0;
}

static bool
read_endif(struct reader *r, struct slice text, size_t line)
{
	if (text.len > 0 || r->open_if == NO_IF) {
		r->why = text.len > 0 ? "text behind endif"
				      : "there is no if for this endif";
		return false;
	}
	(void)add_rule(r->rules, RULE_ENDIF, line);

	struct rule *start = &r->rules->at[r->open_if];
	r->open_if = start->end;
	start->end = r->rules->n;
	return true;
}

static bool
read_rule(struct reader *r, struct slice text, size_t line)
{
	CLEAN_BUF struct buf unused = { 0 };
	struct rule *rule = add_rule(r->rules, RULE_RESULT, line);
	size_t groups = 0;

	if (!read_pattern(r, rule, &text, &groups))
		return false;
	rule->result = arena_memdup(&r->rules->arena, text.at, text.len);
	if (!r->rules->engine->groups)
		return true;
	if (rule->negated && memchr(text.at, '$', text.len) != NULL &&
	    !put_result(rule->result, NULL, 0, &unused)) {
		r->why = "a pattern with ! has no $number";
		return false;
	}
	if (put_result(rule->result, NULL, groups, &unused))
		return true;
	r->why = "a $ that is no $number of the pattern's: write $$ for a "
		 "dollar";
	return false;
}

static bool
read_line(struct reader *r, const struct logical *l)
{
	struct slice text = logical_text(l);

	r->why = "white space in front goes on a line, but there is none above";
	if (l->indented)
		return false;
	r->why = "there is a NUL byte: remove it";
	if (memchr(text.at, '\0', text.len) != NULL)
		return false;
	if (take_word(&text, "if"))
		return read_if(r, text, l->first);
	if (take_word(&text, "endif"))
		return read_endif(r, text, l->first);
	return read_rule(r, text, l->first);
}

void *
rules_parse(const struct rules_engine *engine, const char *file,
    struct slice text, const char **why)
{
	CLEAN_LOGICAL struct logical l = { .rest = text };
	struct rules *rules = xcalloc(1, sizeof(*rules));
	struct reader r = { .rules = rules, .open_if = NO_IF };
	bool ok = true;

	rules->engine = engine;
	while (ok && logical_next(&l))
		ok = read_line(&r, &l);
	if (ok && r.open_if != NO_IF) {
		l.first = rules->at[r.open_if].line;
		r.why = "there is no endif for this if";
		ok = false;
	}
	if (ok)
		return rules;
	*why = table_why("%s:%s:%zu: %s", engine->name, file, l.first, r.why);
	rules_close(rules);
	return NULL;
}

void *
rules_open(const struct rules_engine *engine, const char *path,
    const char **why)
{
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fd_read_all(fd, &text, FILE_MAX) < 0) {
		*why = table_why("%s:%s: %s", engine->name, path,
		    strerror(errno));
		return NULL;
	}
	return rules_parse(engine, path,
	    (struct slice){ buf_str(&text), text.len }, why);
}

/* ---- asking ---- */

static enum found
match(const struct rules *rules, const struct rule *rule, const char *key,
    struct captures *c)
{
	enum found found = rules->engine->match(rule->pattern, key, c);

	if (found == FOUND_FAILED || !rule->negated)
		return found;
	return found == FOUND_NONE ? FOUND_ONE : FOUND_NONE;
}

static void
give(const struct rules *rules, const struct rule *rule,
    const struct captures *c, struct buf *out)
{
	if (rules->engine->groups)
		(void)put_result(rule->result, c, RULES_GROUPS,
		    out); /* was checked when it was read */
	else
		buf_adds(out, rule->result);
}

enum found
rules_get(void *state, const char *key, struct buf *out)
{
	const struct rules *rules = state;
	struct captures c = { 0 };

	if (strlen(key) > RULES_KEY_MAX)
		return FOUND_FAILED;
	for (size_t i = 0; i < rules->n;) {
		const struct rule *rule = &rules->at[i++];
		if (rule->kind == RULE_ENDIF)
			continue;
		enum found found = match(rules, rule, key, &c);
		if (found == FOUND_FAILED)
			return FOUND_FAILED;
		if (rule->kind == RULE_IF && found == FOUND_NONE)
			i = rule->end;
		if (rule->kind == RULE_RESULT && found == FOUND_ONE) {
			give(rules, rule, &c, out);
			return FOUND_ONE;
		}
	}
	return FOUND_NONE;
}

void
rules_close(void *state)
{
	struct rules *rules = state;

	for (size_t i = 0; i < rules->n; i++)
		if (rules->at[i].pattern != NULL)
			rules->engine->free(rules->at[i].pattern);
	free(rules->at);
	arena_free(&rules->arena);
	free(rules);
}
