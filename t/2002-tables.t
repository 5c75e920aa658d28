#!/bin/sh
# A table that is rebuilt is seen at once.  SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
lab "tables of all types in a running system; rebuilt, grown, broken"
host a 10.53.0.2
mail_user a alice carol
dns_start
posthouse_setup a
etc=$(root_of a)/etc/posthouse
cat >>"$etc/main.conf" <<'END'
virtual_alias_maps = lmdb:/etc/posthouse/virtual,
  inline:{ {inline@a.test = alice}, x@b.test=x }
  pcre:/etc/posthouse/patterns, cidr:/etc/posthouse/nets,
  texthash:/etc/posthouse/text
END
echo 'moves@a.test alice' >"$etc/virtual"
echo '/^any-(.*)@a\.test$/ $1@a.test' >"$etc/patterns"
echo '10.0.0.0/8 x' >"$etc/nets"
echo 'text@a.test alice' >"$etc/text"

ok "a table that is not built refuses the start" not on a posthouse start
like "with file, line and name" "$(on a posthouse start 2>&1)" \
    'main\.conf:[0-9]+: virtual_alias_maps: .*virtual\.lmdb: No such file'
ok "mtable" on a mtable /etc/posthouse/virtual
ok "start" on a posthouse start

# sends SUBJECT TO: what RCPT says, and the mail.
sends() {
	printf '%s\n' 'EHLO c' 'MAIL FROM:<>' "RCPT TO:<$2>" DATA \
	    "Subject: $1" '' x . QUIT | smtp a 127.0.0.1 |
	    grep -q 'Ok: queued as'
}

arrives() { # SUBJECT TO USER
	sends "$1" "$2" && wait_for 10 mailbox_has a "$3" "^Subject: $1\$"
}

ok "inline" arrives by-inline inline@a.test alice
ok "texthash" arrives by-text text@a.test alice
ok "pcre" arrives by-pcre any-carol@a.test carol
ok "lmdb" arrives before moves@a.test alice
echo 'moves@a.test carol' >"$etc/virtual"
ok "it is rebuilt" on a mtable /etc/posthouse/virtual
ok "and seen at once" arrives after moves@a.test carol

awk 'BEGIN { for (i = 0; i < 60000; i++)
	printf "key%d@a.test %0600d\n", i, i
	print "moves@a.test alice"; print "new@a.test carol" }' >"$etc/virtual"
ok "it grows beyond what the programs have mapped" \
    on a mtable /etc/posthouse/virtual
ok "and is seen at once" arrives grown moves@a.test alice
ok "with what is new" arrives new new@a.test carol

echo '/broken' >>"$etc/patterns"
ok "a broken table refuses a reload" not on a posthouse reload
like "with its line" "$(on a posthouse reload 2>&1)" \
    'main\.conf:[0-9]+: virtual_alias_maps: pcre:/etc/posthouse/patterns:2: '
ok "the old one stays in force" arrives by-old any-alice@a.test alice
is "no program was ended for its calls" "$(grep -c 'signal' \
    "$(root_of a)/var/log/posthouse.log")" 0
ok "stop" on a posthouse stop
lab_done
