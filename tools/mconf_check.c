/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "conf_warnings.h"
#include "mconf.h"
#include "param.h"
#include "tool.h"

static void
say_warning(void *arg, const char *text)
{
	(void)arg;
	tool_say("%s", text);
}

static void
say_transport(void *arg, const char *parameter, struct slice transport)
{
	(void)arg;
	tool_say("main.conf: %s: warning: master.conf has no service that is "
		 "the transport %.*s: its mail will wait",
	    parameter, (int)transport.len, transport.at);
}

int
mconf_check(void)
{
	const char *dir = tool_conf_dir();
	CLEAN_BUF struct buf errors = { 0 };
	struct services services;

	bool ok = param_load(dir, NULL, &errors);
	ok &= services_load(dir, &services, &errors);
	ok &= param_check_files(dir, &errors);
	tool_say_lines(&errors);
	conf_warnings(dir, &services, say_warning, NULL);
	if (ok)
		(void)conf_transports(&services, say_transport, NULL);
	services_free(&services);
	return ok ? EX_OK : EX_CONFIG;
}
