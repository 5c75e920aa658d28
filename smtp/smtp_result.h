/*
 * smtp_result - outcomes of TLS, told to the program report (TLSRPT, RFC 8460).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

/* From now on; where smtp_tlsrpt is no, nothing is told. */
void smtp_result_open(void);
