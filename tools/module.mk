# Sources of tools, in reading order.
sbin_PROGRAMS += tools/posthouse
tools_posthouse_SOURCES = tools/posthouse.h tools/posthouse.c \
	tools/posthouse_start.c tools/posthouse_control.c \
	tools/posthouse_setup.h tools/posthouse_setup.c
noinst_LIBRARIES += tools/libtools.a
tools_libtools_a_SOURCES = tools/tool.h tools/tool.c \
	tools/build_table.h tools/build_table.c
bin_PROGRAMS += tools/mconf
tools_mconf_SOURCES = tools/mconf.h tools/mconf.c tools/mconf_show.c \
	tools/mconf_check.c tools/mconf_edit.c tools/mconf_manual.c
tools_mconf_LDADD = tools/libtools.a $(LDADD)
bin_PROGRAMS += tools/mtable
tools_mtable_SOURCES = tools/mtable.c
tools_mtable_LDADD = tools/libtools.a $(LDADD)
bin_PROGRAMS += tools/newaliases
tools_newaliases_SOURCES = tools/newaliases.c
tools_newaliases_LDADD = tools/libtools.a $(LDADD)
