# Sources of seal, in reading order.
phlibexec_PROGRAMS += seal/seal
seal_seal_SOURCES = seal/seal.c seal/seal_spf.h seal/seal_spf.c
