# Sources of keys, in reading order.
phlibexec_PROGRAMS += keys/keys
keys_keys_SOURCES = keys/keys.c
keys_keys_LDADD = keys/libkeys.a $(LDADD)

noinst_LIBRARIES += keys/libkeys.a
keys_libkeys_a_SOURCES = keys/keys_sign.h keys/keys_sign.c \
	keys/keys_store.h keys/keys_store.c \
	keys/keys_ticket.h keys/keys_ticket.c
check_PROGRAMS += t/check_keys
t_check_keys_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/keys
t_check_keys_LDADD = keys/libkeys.a $(LDADD)
