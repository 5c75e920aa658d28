/*
 * libspf2 gets its answers from the case's zone.  It ends the process at some
 * surprises, so it is asked in one of its own.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spf_second.h"

#ifdef HAVE_SPF2

#include <arpa/inet.h>
#include <netdb.h>
#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_dns_rr.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNKNOWN 99

static const struct spf_world *world;
static const struct spf_case *asked;

static const void *
data_of(const struct dns_record *r, enum dns_type type, size_t *len,
    uint8_t room[16])
{
	if (type == DNS_A || type == DNS_AAAA) {
		*len = type == DNS_A ? 4 : 16;
		(void)inet_pton(type == DNS_A ? AF_INET : AF_INET6, r->address,
		    room); /* the suite's addresses are good */
		return room;
	}
	*len = (type == DNS_TXT ? r->data.len : strlen(r->name)) + 1;
	return type == DNS_TXT ? r->data.at : r->name;
}

static SPF_dns_rr_t *
look_up(SPF_dns_server_t *server, const char *name, ns_type type, int cache)
{
	static const int status[] = {
		[DNS_OK] = NETDB_SUCCESS,
		[DNS_NODATA] = NO_DATA,
		[DNS_NXDOMAIN] = HOST_NOT_FOUND,
		[DNS_FAILED] = TRY_AGAIN,
	};
	CLEAN_ARENA struct arena a = { 0 };
	struct spf_need need = { name, (enum dns_type)type };
	struct dns_answer answer = { .status = DNS_NODATA };
	SPF_dns_rr_t *rr;

	(void)cache;
	if (type != ns_t_spf)
		spf_world_answer(world, asked, &need, &a, &answer);
	rr = SPF_dns_rr_new_init(server, name, type, 60, status[answer.status]);
	if (rr == NULL)
		_exit(UNKNOWN);
	for (size_t i = 0; i < answer.n; i++) {
		uint8_t room[16];
		size_t len;
		const void *data = data_of(&answer.records[i], need.type, &len,
		    room);

		if (SPF_dns_rr_buf_realloc(rr, (int)i, len) != SPF_E_SUCCESS)
			_exit(UNKNOWN);
		memcpy(rr->rr[i], data, len);
		rr->num_rr++;
	}
	return rr;
}

static int
ask(const struct spf_world *w, const struct spf_case *c)
{
	SPF_dns_server_t layer = {
		.lookup = look_up,
		.name = "zone",
	};
	SPF_server_t *server = SPF_server_new_dns(&layer, 0);
	SPF_request_t *request = SPF_request_new(server);
	SPF_response_t *response = NULL;

	world = w;
	asked = c;
	(void)SPF_server_set_rec_dom(server, "mx.receiver.example");
	(void)SPF_request_set_ipv4_str(request, c->client);
	(void)SPF_request_set_ipv6_str(request, c->client);
	(void)SPF_request_set_helo_dom(request, c->helo);
	if (c->sender[0] != '\0')
		(void)SPF_request_set_env_from(request, c->sender);
	(void)SPF_request_query_mailfrom(request, &response);
	if (response == NULL)
		return UNKNOWN;
	SPF_result_t result = SPF_response_result(response);
	return (int)result;
}

bool
spf_second_is_there(void)
{
	return true;
}

bool
spf_second_agrees(const struct spf_world *w, const struct spf_case *c,
    const struct spf_verdict *v)
{
	static const int same[] = {
		[SPF_NONE] = SPF_RESULT_NONE,
		[SPF_NEUTRAL] = SPF_RESULT_NEUTRAL,
		[SPF_PASS] = SPF_RESULT_PASS,
		[SPF_FAIL] = SPF_RESULT_FAIL,
		[SPF_SOFTFAIL] = SPF_RESULT_SOFTFAIL,
		[SPF_TEMPERROR] = SPF_RESULT_TEMPERROR,
		[SPF_PERMERROR] = SPF_RESULT_PERMERROR,
	};
	int status;

	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit none = { 0 };

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)close(STDERR_FILENO);
		_exit(ask(w, c));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	int said = WIFEXITED(status) ? WEXITSTATUS(status) : UNKNOWN;
	if (said == same[v->result])
		return true;
	printf("# libspf2 of %s: %s, not %s\n", c->id,
	    said == UNKNOWN ? "died" : SPF_strresult((SPF_result_t)said),
	    spf_result_name(v->result));
	return false;
}

#else

bool
spf_second_is_there(void)
{
	return false;
}

bool
spf_second_agrees(const struct spf_world *w, const struct spf_case *c,
    const struct spf_verdict *v)
{
	(void)w, (void)c, (void)v;
	return false;
}

#endif
