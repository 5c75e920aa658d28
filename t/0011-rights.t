#!/bin/sh
# Every process of a running system has the rights of the table and no more.
# SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
lab "the rights of every program, read from /proc"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_up a
# Every program has had work.
as a alice sh -c 'echo x | mail -s x alice; echo x | mail -s y nobody@no.test'
wait_for 10 mailbox_has a alice 'Subject: x'

on a posthouse status --rights >"$lab/rights"
echo "# the table:"
sed 's/^/# /' "$lab/rights"
python3 "$top/t/rights.py" "$(root_of a)" >"$lab/found"
sed 's/^/# /' "$lab/found"

field() { # PROGRAM NAME: of every process of that program, each value once
	awk -v p="$1" -v f="$2" '$1 == p { for (i = 2; i <= NF; i++)
		if (sub("^" f "=", "", $i)) print $i }' "$lab/found" | sort -u
}

for p in smtpd cleanup qmgr smtp local bounce lookup pickup scribe callout \
    keys auth seal sts report; do
	u=ph-$p
	[ $p != seal ] || u=$(printf 'ph-sign\nph-verify') # one a role
	is "$p runs as its own user" "$(field $p user)" "$u"
	is "$p has no capability" "$(field $p caps)" 0
	is "$p cannot gain one" "$(field $p bounding)" 0
	is "$p has no_new_privs" "$(field $p nnp)" 1
	is "$p is filtered" "$(field $p seccomp)" 2
	is "$p cannot be traced" "$(field $p dumpable)" 0
	case $p in
	smtpd | smtp | local | bounce | callout | keys | auth | seal | sts | report) root=empty ;;
	cleanup | qmgr | pickup) root=/var/spool/posthouse ;;
	scribe) root=/var/lib/posthouse ;;
	lookup) root=/ ;;
	esac
	is "$p has its root folder" "$(field $p root)" "$root"
	case $p in
	cleanup | qmgr) groups="$u,ph-queue" ;;
	*) groups="$u" ;;
	esac
	is "$p has its groups" "$(field $p groups)" "$groups"
	is "$p holds no other file" "$(field $p strange)" ""
done
is "deliver is root" "$(field deliver user)" root
is "deliver has three capabilities: SETUID SETGID KILL" \
    "$(field deliver caps)" e0
is "deliver is filtered" "$(field deliver seccomp)" 2
is "master is root" "$(field master user)" root
is "nothing else is root" "$(awk '/user=root/ && $1 != "master" &&
    $1 != "deliver"' "$lab/found")" ""

q=/var/spool/posthouse
for d in tmp new cur hold corrupt; do
	ok "a user cannot list $d/" not as a alice ls $q/$d
	ok "nor write to it" not as a alice touch $q/$d/x
done
ok "a user can write to maildrop/" as a alice touch $q/maildrop/x
ok "but not list it" not as a alice ls $q/maildrop
lab_done
