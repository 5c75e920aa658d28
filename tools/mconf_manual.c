/*
 * The list of parameters for main.conf(5), in mdoc(7).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdio.h>
#include <string.h>

#include "mconf.h"
#include "param_rows.h"
#include "tool.h"

static const char *const kinds[PARAM_KINDS] = {
	[PARAM_KIND_INT] = "number",
	[PARAM_KIND_TIME] = "time",
	[PARAM_KIND_SIZE] = "size",
	[PARAM_KIND_BOOL] = "yes or no",
	[PARAM_KIND_ENUM] = "one of",
	[PARAM_KIND_WORDS] = "any of",
	[PARAM_KIND_LIST] = "list",
	[PARAM_KIND_TABLES] = "list of tables",
	[PARAM_KIND_NAMES] = "list of names",
	[PARAM_KIND_NETS] = "list of networks",
	[PARAM_KIND_PEERS] = "list of names and networks",
	[PARAM_KIND_RESTRICT] = "list of restrictions",
	[PARAM_KIND_PATH] = "absolute path",
	[PARAM_KIND_STR] = "text",
	[PARAM_KIND_RAW] = "text, expanded when it is used",
};

/* Text that mdoc leaves alone, a line a sentence. */
static void
put_text(const char *text)
{
	for (const char *s = text; *s != '\0'; s++) {
		if (*s == '\\')
			(void)fputs("\\e", stdout);
		else if (*s == '-')
			(void)fputs("\\-", stdout);
		else if (s[0] == ' ' && s[1] == ' ') {
			(void)putchar('\n');
			s++;
		} else if ((*s == '.' || *s == '\'') &&
		    (s == text || s[-1] == '\n'))
			(void)printf("\\&%c", *s);
		else
			(void)putchar(*s);
	}
	(void)putchar('\n');
}

static void
put_default(const struct param_row *row)
{
	if (row->def[0] == '\0')
		return;
	(void)fputs(".br\nDefault: ", stdout);
	if (str_starts(row->def, PH_QUEUE_DIR) ||
	    str_starts(row->def, PH_DATA_DIR) ||
	    str_starts(row->def, PH_RUN_DIR)) {
		(void)printf("what was chosen when Posthouse was built; see\n"
			     ".Ql mconf \\-d %s .\n",
		    row->name);
		return;
	}
	put_text(row->def);
}

static void
put_row(const struct param_row *row)
{
	(void)printf(".It Va %s\n.Pq %s", row->name, kinds[row->kind]);
	if (row->words[0] != '\0')
		(void)printf(" %s", row->words);
	if (row->min[0] != '\0')
		(void)printf(" from %s to %s", row->min, row->max);
	if (row->unit != 0)
		(void)printf("; unit %c", row->unit);
	(void)putchar('\n');
	put_text(row->text);
	put_default(row);
}

int
mconf_manual(void)
{
	bool open = false;

	/* Failures of output are seen by tool_end(). */
	PARAM_EACH(row) {
		const char *title = param_heading(row);
		if (title != NULL) {
			(void)printf("%s.Ss %s\n.Bl -tag -width 4n\n",
			    open ? ".El\n" : "", title);
			open = true;
		}
		put_row(row);
	}
	(void)puts(".El");
	return EX_OK;
}
