/*
 * Functions that do the wrong thing when used the obvious way.  This file is
 * forced into every source by the makefile; a use does not compile.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

/* Their own declarations must come first: a poisoned name is an error there
 * too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With clang the checks of <stdio.h> make macros of these two. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok atoi
#pragma GCC poison atol gets system popen ctime asctime
