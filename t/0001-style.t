#!/bin/sh
# The style that a script can check.  SPDX-License-Identifier: BSD-2-Clause
cd "$(dirname "$0")/.." || exit 1

n=0
check() { # DESCRIPTION FINDINGS
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | head -n 20 | sed 's/^/# /'
	fi
}

sources=$(find lib master smtpd cleanup qmgr smtp local bounce lookup callout auth keys sts report scribe \
    pickup seal tools t -name '*.[ch]' | sort)
programs=$(printf '%s\n' $sources | grep -v '^t/')

check "clang-format would change nothing" "$(
	clang-format --dry-run $sources 2>&1 | grep -E 'warning' | cut -d: -f1 |
	    sort | uniq -c)"

check "no function is longer than 60 lines" "$(awk '
	FNR == 1 { from = 0 }
	/^[a-z_][a-z_0-9]*\(/ { name = $0; sub(/\(.*/, "", name) }
	/^\{/ { from = FNR }
	/^\}$/ && from { n = FNR - from - 1
		if (n > 60) print FILENAME ": " name ": " n " lines"; from = 0 }
	' $programs)"

check "no source is longer than 600 lines" "$(
	wc -l $programs | awk '$2 != "total" && $1 > 600')"

check "no header is longer than 200 lines" "$(
	wc -l $(printf '%s\n' $programs | grep '\.h$') |
	    awk '$2 != "total" && $1 > 200')"

# Tables that are kept by hand may be as wide as their rows.
check "no line is longer than 80 columns" "$(
	for f in $sources; do
		expand "$f" | awk -v f="$f" '/clang-format off/ { table = 1 }
			/clang-format on/ { table = 0 }
			length > 80 && !table { print f ":" NR }'
	done)"

check "every source has its licence line" "$(
	grep -L 'SPDX-License-Identifier: BSD-2-Clause' $sources)"

check "base names are unique" "$(
	printf '%s\n' $sources | sed 's|.*/||' | sort | uniq -d)"

check "lib/base includes nothing of lib/mail" "$(
	for h in lib/mail/*.h; do
		grep -Hn "#include \"${h##*/}\"" lib/base/*.[ch]
	done)"

check "no goto, no setjmp, no alloca" "$(
	grep -nE '\b(goto|setjmp|longjmp|alloca)\b *[(a-z]' $programs |
	    grep -v '^[^:]*:[0-9]*: *\*')"

check "nothing promises work instead of doing it" "$(
	grep -nwE 'TODO|FIXME|XXX|HACK' $programs)"

check "no program includes another's header" "$(
	for d in master smtpd cleanup qmgr smtp bounce lookup callout sts report scribe pickup; do
		for h in "$d"/*.h; do
			[ -f "$h" ] || continue
			# A command may ask a program's own code what it
			# would do.
			grep -Hn "#include \"\([a-z]*/\)\?${h##*/}\"" $programs |
			    grep -v "^$d/\|^tools/"
		done
	done)"

check "manual pages are clean" "$(
	for m in man/*.[1-8]; do
		[ ! -f "$m" ] || mandoc -T lint -W warning "$m" 2>&1
	done)"

echo "1..$n"
