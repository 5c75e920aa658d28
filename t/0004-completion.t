#!/bin/sh
# The completion for bash.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab=$(mktemp -d /tmp/completion.XXXXXX) || exit 1
trap 'rm -rf "$lab"' EXIT
file=$top/etc/completion/posthouse
PATH=$top/tools:$PATH
if [ -n "${POSTHOUSE_STAGE:-}" ]; then
	file=$POSTHOUSE_STAGE/usr/local/share/bash-completion/completions/posthouse
	PATH=$POSTHOUSE_STAGE/usr/local/bin:$POSTHOUSE_STAGE/usr/local/sbin:$PATH
fi
mkdir "$lab/conf"
echo 'myhostname = a.example' >"$lab/conf/main.conf"
: >"$lab/conf/aliases"
cd "$lab" || exit 1

# offers WORD...: what the last word can become, sorted, in one line.
offers() {
	bash -c '
		. "$1" || exit 1
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		fn=$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/")
		"$fn" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}" | LC_ALL=C sort | tr "\n" " "
	' bash "$file" "$@" 2>&1
}

ok "it can be sourced" bash -c ". '$file'"
is "mconf: parameters" "$(offers mconf smtpd_soft)" "smtpd_soft_error_limit "
is "mconf -e: settings" "$(offers mconf -e myor)" "myorigin= "
is "mconf: behind the = nothing" "$(offers mconf -e myorigin =)" " "
is "mconf: options" "$(offers mconf --)" "--check --help --version "
is "mconf -c: folders" "$(offers mconf -c co)" "conf "
is "mconf -c DIR: parameters" "$(offers mconf -c conf mynet)" "mynetworks "
is "mtable: types" "$(offers mtable te)" "texthash: "
is "mtable: files" "$(offers mtable lmdb : conf/al)" "conf/aliases "
is "mtable: files behind the colon" "$(offers mtable lmdb :)" "conf out "
is "mtable: options" "$(offers mtable -- | wc -w)" 2
is "newaliases: options" "$(offers newaliases --h)" "--help "
if [ -x "$(command -v posthouse)" ]; then
	is "posthouse: verbs" "$(offers posthouse rel)" "reload "
	is "posthouse: options of a verb" "$(offers posthouse setup --ch)" "--check "
	is "posthouse -c DIR: verbs" "$(offers posthouse -c conf stat)" "status "
fi
if [ -x "$(command -v mqueue)" ]; then
	is "mqueue: options" "$(offers mqueue --jso)" "--json "
	is "sendmail: options" "$(offers sendmail --ver)" "--version "
fi

echo "1..$tap_n"
exit $((tap_failed > 0))
