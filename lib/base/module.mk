# lib/base, in reading order.
libposthouse_a_SOURCES += lib/banned.h \
	lib/base/util.h lib/base/util.c \
	lib/base/buf.h lib/base/buf.c \
	lib/base/arena.h lib/base/arena.c \
	lib/base/list.h lib/base/list.c \
	lib/base/map.h lib/base/map.c \
	lib/base/str.h lib/base/str.c \
	lib/base/num.h lib/base/num.c \
	lib/base/clock.h lib/base/clock.c \
	lib/base/fd.h lib/base/fd.c \
	lib/base/log.h lib/base/log.c \
	lib/base/wire.h lib/base/wire.c \
	lib/base/json.h lib/base/json.c \
	lib/base/base64.h lib/base/base64.c \
	lib/base/loop.h lib/base/loop.c \
	lib/base/pump.h lib/base/pump.c \
	lib/base/pump_parts.h lib/base/pump_send.c lib/base/pump_tls.c \
	lib/base/chan.h lib/base/chan.c
check_PROGRAMS += t/check_buf t/check_arena t/check_list t/check_map \
	t/check_str t/check_num t/check_fd t/check_log t/check_wire \
	t/check_json t/check_base64 t/check_loop t/check_pump \
	t/check_pump_tls t/check_chan
