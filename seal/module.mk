# Sources of seal, in reading order.
phlibexec_PROGRAMS += seal/seal
seal_seal_SOURCES = seal/seal.c seal/seal_sign.h seal/seal_sign.c
seal_seal_LDADD = seal/libseal.a $(LDADD)
noinst_LIBRARIES += seal/libseal.a
seal_libseal_a_SOURCES = seal/seal_line.h seal/seal_line.c \
	seal/seal_spf.h seal/seal_spf.c \
	seal/seal_content.h seal/seal_content.c \
	seal/seal_arc.h seal/seal_arc.c \
	seal/seal_dmarc.h seal/seal_dmarc.c \
	seal/seal_verdict.h seal/seal_verdict.c \
	seal/seal_report.h seal/seal_report.c \
	seal/seal_judge.h seal/seal_judge.c \
	seal/seal_keys.h seal/seal_keys.c \
	seal/seal_dkim.h seal/seal_dkim.c \
	seal/seal_srs.h seal/seal_srs.c \
	seal/seal_forward.h seal/seal_forward.c
check_PROGRAMS += t/check_seal t/check_seal_line
t_check_seal_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/seal
t_check_seal_LDADD = seal/libseal.a $(LDADD)
t_check_seal_line_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/seal
t_check_seal_line_LDADD = seal/libseal.a $(LDADD)
