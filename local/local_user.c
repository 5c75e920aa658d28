/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_user.h"

#include "addr.h"
#include "num.h"
#include "param.h"
#include "str.h"

bool
local_user_parse(struct arena *a, const char *value, struct local_user *out)
{
	struct slice rest = slice_of(value);
	struct slice part;
	const char *fields[5]; /* the name of a person may have colons */

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (!slice_next_part(&rest, ':', &part))
			return false;
		fields[i] = arena_memdup(a, part.at, part.len);
	}
	*out = (struct local_user){
		.name = fields[0],
		.home = fields[3],
		.shell = fields[4],
	};
	if (!num_parse(fields[1], 0, UINT32_MAX, &out->uid))
		return false;
	out->root = out->uid == 0;
	return true;
}

void
local_split(struct arena *a, const char *local, const char **user,
    const char **ext)
{
	char *lower = arena_strdup(a, local);

	str_lower(lower);
	*user = lower;
	*ext = "";
	if (params.owner_request_special &&
	    (str_starts(lower, "owner-") || str_ends(lower, "-request")))
		return;
	addr_split_extension(a, lower, params.recipient_delimiter, user, ext);
}
