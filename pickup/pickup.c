/*
 * pickup: takes up what sendmail left in maildrop/ while the system was down.
 *
 *	pickup_folder    the folder, and what may be wrong with a file in it
 *	pickup_return    what cleanup will never take, for bounce
 *	pickup_job       one file on its way to cleanup, or back
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "param.h"
#include "pickup_folder.h"
#include "pickup_job.h"
#include "program.h"

int
main(int argc, char **argv)
{
	program_start(ROLE_PICKUP, argc, argv);
	pickup_folder_open(params.queue_directory);
	program_confine();
	program_run(&pickup_job_calls);
}
