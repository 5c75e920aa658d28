/*
 * org_domain - the domain that somebody has registered (RFC 7489 3.2), by the
 * public suffix list.
 *
 * The list is read once, before the rights are given up.  What it does not
 * know is a suffix of one label.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

/* Reads the newest list that there is; ends in log_fatal without any. */
void org_domain_start(void);

/* Where the list is from, for a word at the start. */
const char *org_domain_source(void);

/* The organisational domain of one in the form of domain_ascii():
 * "example.co.uk" of "a.b.example.co.uk"; a public suffix is its own.  Points
 * into `domain`. */
const char *org_domain(const char *domain);
