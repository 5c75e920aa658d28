#!/bin/sh
# Each parameter of lib/mail/param.def is used by a program, and none that a
# program names is missing.  SPDX-License-Identifier: BSD-2-Clause
#
# A parameter of one possible value decides nothing and needs no reader.
cd "$(dirname "$0")/.." || exit 1

def=lib/mail/param.def
sources=$(find lib master smtpd cleanup qmgr smtp local bounce lookup callout \
    scribe pickup seal keys auth sts report tools -name '*.[ch]' | grep -v '^lib/mail/param')
suffixes=$(sed -n '/^const char \*const param_suffixes/,/NULL/s/.*"\(.*\)".*/\1/p' \
    lib/mail/param_rows.c)
n=0 failed=0

result() { # DESCRIPTION FINDINGS
	n=$((n + 1))
	[ -z "$2" ] && echo "ok $n - $1" && return
	failed=1
	echo "not ok $n - $1"
	printf '# %s\n' $2
}

unused() {
	sed -n 's/^PARAM_\([A-Z]*\)(\([a-z0-9_]*\),.*/\1 \2/p' $def |
	    grep -v '^SECTION ' | while read -r kind name; do
		! grep -qE "^PARAM_ENUM\($name, \"([a-z]+)\", \"\1\"," $def ||
			continue
		# A limit is read by its suffix, for a transport.
		suffix=
		for s in $suffixes; do
			case $name in *$s) suffix=$s ;; esac
		done
		# The client's time limits are LIMIT(STAGE).
		stage=${name#smtp_}
		stage=${stage%_timeout}
		! grep -q "LIMIT($stage)" smtp/*.c || continue
		# A name that other defaults are made of.
		! grep -qw "[$]$name" $def || continue
		grep -qwE -e "$name${suffix:+|$suffix}" $sources ||
			echo "$name"
	done
}

result "every parameter is used" "$(unused)"
result "every suffix of a transport is used" "$(
	for s in $suffixes; do
		grep -qE "\"$s\"" $sources || echo "$s"
	done)"
echo "1..$n"
exit $failed
