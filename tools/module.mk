# Sources of tools, in reading order.
sbin_PROGRAMS += tools/posthouse
tools_posthouse_SOURCES = tools/posthouse.h tools/posthouse.c \
	tools/posthouse_start.c tools/posthouse_control.c \
	tools/posthouse_setup.h tools/posthouse_setup.c
