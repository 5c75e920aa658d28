/*
 * Fuzz target: the decoders of messages between programs, by way of the dump,
 * which decodes every field of every type; and what stands in their blobs.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define FIELD(type, name)
#define MESSAGE(name, ...)                                     \
	static bool try_##name(const uint8_t *bytes, size_t n) \
	{                                                      \
		struct msg_##name m;                           \
                                                               \
		return msg_get_##name(&m, bytes, n);           \
	}
#include "msg.def"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEAN_BUF struct buf shown = { 0 };
	int good = 0;

	msg_show(&shown, bytes, n);
#define FIELD(type, name)
#define MESSAGE(name, ...) good += try_##name(bytes, n);
#include "msg.def"
#define FIELD(type, name)
#define MESSAGE(name, ...)                                          \
	for (struct wire w = wire_open(bytes, n); wire_more(&w);) { \
		struct rec_##name r;                                \
                                                                    \
		good += rec_get_##name(&r, &w);                     \
	}
#include "records.def"
	return good < 0;
}
