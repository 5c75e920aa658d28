# Sources of seal, in reading order.
phlibexec_PROGRAMS += seal/seal
seal_seal_SOURCES = seal/seal.c seal/seal_spf.h seal/seal_spf.c \
	seal/seal_sign.h seal/seal_sign.c \
	seal/seal_srs.h seal/seal_srs.c
