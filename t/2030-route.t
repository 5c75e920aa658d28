#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "posthouse route says where mail goes, and why"
host a 10.53.0.2
host b 10.53.0.3
mail_user a alice bob
zone many.example <<'EOF'
@ MX 20 b.test.
@ MX 10 a.test.
EOF
zone null.example <<'EOF'
@ MX 0 .
EOF
zone backup.example <<'EOF'
@ MX 30 never
@ MX 20 a.test.
@ MX 20 equal
@ MX 10 b.test.
never A 10.53.0.78
equal A 10.53.0.79
EOF
zone two.example <<'EOF'
@ MX 20 b.test.
@ MX 10 mx1
mx1 A 10.53.0.77
EOF
dns_start
posthouse_setup a
conf a 'virtual_alias_domains = v.example' \
    'virtual_alias_maps = inline:{{info@v.example = alice, x@b.test}}' \
    'transport_maps = inline:{{t.example = smtp:[10.53.0.9]:26} {e.example = error:5.7.1 no}}' \
    'recipient_delimiter = +' \
    'canonical_maps = inline:{{old@a.test = alice@a.test}}'
printf 'root: bob\npostmaster: root\nteam: alice, "|/bin/true x"\n' \
    >"$(root_of a)/etc/posthouse/aliases"
on a newaliases
as a bob sh -c 'echo x@two.example >~/.forward; chmod 600 ~/.forward'

route() {
	on a posthouse route "$@" 2>&1
}

like "a user" "$(route alice)" 'mailbox of user alice: /var/mail/alice'
like "completed" "$(route alice)" '^alice@a\.test$'
like "an extension" "$(route alice+x)" 'mailbox of user alice'
like "an alias" "$(route team)" 'alias team: alice, "\|/bin/true x"'
like "a canonical address" "$(route old)" 'mailbox of user alice'
like "and what made it" "$(route old)" '^ *canonical:$'
like "its command" "$(route team)" 'command \|/bin/true x'
like "alias and .forward" "$(route postmaster)" 'forwarded by /home/bob/\.forward'
like "to another host" "$(route postmaster)" 'MX 10 mx1\.two\.example\[10\.53\.0\.77\]:25'
is "the best first" \
    "$(route y@two.example | grep -o 'MX [0-9]*' | uniq | tr '\n' ' ')" \
    "MX 10 MX 20 "
like "a virtual alias" "$(route info@v.example)" 'virtual alias:'
like "all its members" "$(route info@v.example)" '^ *x@b\.test$'
like "a transport" "$(route z@t.example)" 'host 10\.53\.0\.9\[10\.53\.0\.9\]:26'
like "an error" "$(route z@e.example)" 'refused: error: 5\.7\.1 no'
like "no MX but addresses" "$(route z@b.test)" 'b\.test\[10\.53\.0\.3\]:25'
like "null MX" "$(route z@null.example)" 'refused: 5\.1\.10 '
like "a loop" "$(route z@many.example)" 'refused: 5\.4\.6 '
is "struck out: ourselves and who is not better" \
    "$(route z@backup.example | grep -o 'MX .*' | grep -v :: | sort)" \
    "MX 10 b.test[10.53.0.3]:25
MX 20 a.test[10.53.0.2]:25  not used: worse than or equal to ourselves (this host)
MX 20 equal.backup.example[10.53.0.79]:25  not used: worse than or equal to ourselves
MX 30 never.backup.example[10.53.0.78]:25  not used: worse than or equal to ourselves"
like "an unknown user" "$(route nosuch)" 'refused: 5\.1\.1 unknown recipient'
like "an unknown virtual alias" "$(route no@v.example)" 'refused: 5\.1\.1 '
like "no such domain" "$(route z@nosuch.test)" 'refused: 5\.4\.4 '
like "no address" "$(route 'a@@b')" 'refused: malformed address'
ok "0 where it goes" as a alice posthouse route alice
ok "not 0 where it does not" not on a posthouse route nosuch
lab_done
