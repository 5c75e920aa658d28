#!/bin/sh
# mconf, mtable and newaliases.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab=$(mktemp -d /tmp/commands.XXXXXX) || exit 1
trap 'rm -rf "$lab"' EXIT
bin=$top/tools
[ -z "${POSTHOUSE_STAGE:-}" ] || bin=$POSTHOUSE_STAGE/usr/local/bin
PATH=$bin:$PATH
export POSTHOUSE_CONF="$lab/conf"
mkdir "$lab/conf"
chmod 755 "$lab" "$lab/conf"

exits() { # CODE COMMAND...
	want=$1
	shift
	"$@"
	got=$?
	echo "exit code $got, not $want"
	[ "$got" = "$want" ]
}

cat >"$lab/conf/main.conf" <<'END'
# the first line
myhostname = mx.example.org

mydestination = $myhostname,
  # inside
  localhost
smtpd_timeout = 1m
smtpd_timeout = 5m
relay_destination_rate_delay = 500ms
alias_maps = $alias_database
END
cat >"$lab/conf/master.conf" <<'END'
[cleanup]
[relay]
program = smtp
listen = unix:relay
END
chmod 644 "$lab"/conf/*

# ---- mconf ----

is "-n is what main.conf sets" "$(mconf -n)" "$(
	cat <<'END'
alias_maps = $alias_database
mydestination = $myhostname,  localhost
myhostname = mx.example.org
relay_destination_rate_delay = 500ms
smtpd_timeout = 5m
END
)"
is "a value alone" "$(mconf -h smtpd_timeout)" 5m
is "a value expanded" "$(mconf -hx mydestination)" "mx.example.org,  localhost"
is "defaults as Postfix writes them" \
    "$(mconf -d smtpd_timeout maximal_queue_lifetime message_size_limit)" "$(
	cat <<'END'
smtpd_timeout = 300s
maximal_queue_lifetime = 5d
message_size_limit = 10240000
END
)"
is "mconf is sorted" "$(mconf | LC_ALL=C sort -c 2>&1)" ""
ok "what mconf prints is a main.conf" sh -c \
    'mkdir "$1/again" && mconf -c "$1/conf" |
     grep -v ^config_directory >"$1/again/main.conf" && mconf -c "$1/again" >"$1/o"' \
    x "$lab"
like "a wrong name is told the right one" "$(mconf smtpd_timeot 2>&1)" \
    'smtpd_timeot: there is no such parameter: did you mean smtpd_timeout\?'
ok "a wrong name is wrong use" exits 64 mconf smtpd_timeot

newaliases_first=$(mconf --check 2>&1)
like "--check: a table is not built" "$newaliases_first" \
    'mconf: main.conf:10: alias_maps: lmdb:.*aliases.lmdb: No such file'
like "--check: a name is set twice" "$newaliases_first" \
    'main.conf:7: smtpd_timeout: warning: is set again, which counts, in line 8'

cp "$lab/conf/main.conf" "$lab/before"
ok "-e refuses a bad value" exits 65 mconf -e smtpd_timeout=soon
ok "-e refuses a name that is none" exits 65 mconf -e smtpd_timeot=1s
ok "and changes nothing" cmp "$lab/before" "$lab/conf/main.conf"
chmod 640 "$lab/conf/main.conf"
ok "-e puts settings in" mconf -e smtpd_timeout=10s \
    'mydestination = $myhostname' relayhost=
is "comments and the rest stay" "$(cat "$lab/conf/main.conf")" "$(
	cat <<'END'
# the first line
myhostname = mx.example.org

mydestination = $myhostname
  # inside
smtpd_timeout = 10s
relay_destination_rate_delay = 500ms
alias_maps = $alias_database
relayhost =
END
)"
is "and so does the mode" "$(stat -c %a "$lab/conf/main.conf")" 640
chmod 644 "$lab/conf/main.conf"

echo 'smtpd_timeout = 5x' >>"$lab/conf/main.conf"
echo 'mydomian = x' >>"$lab/conf/main.conf"
ok "--check fails" exits 78 mconf --check
like "all errors are said" "$(mconf --check 2>&1 | tr '\n' '|')" \
    'main.conf:10: smtpd_timeout: "5x" is not a time.*main.conf:11: mydomian'
sed -i '$d' "$lab/conf/main.conf"
sed -i '$d' "$lab/conf/main.conf"

restrict='smtpd_relay_restrictions'
printf '[in]\nprogram = smtpd\nlisten = inet:2525\n' >>"$lab/conf/master.conf"
printf '%s = permit\ntransport_maps = hash:/x\n' $restrict >>"$lab/conf/main.conf"
like "an open relay is named with its line" "$(mconf --check 2>&1)" \
    'main.conf:10: smtpd_relay_restrictions: it, or .* anybody could send mail'
like "a table of Postfix's has its own here" "$(mconf --check 2>&1)" \
    'transport_maps: hash:/x: write lmdb:/x, and build it with mtable'
sed -i '$d' "$lab/conf/main.conf"
sed -i '$d' "$lab/conf/main.conf"

# ---- newaliases ----

printf 'root: alice\n\nlist: a@x,\n\tb@x\n' >"$lab/conf/aliases"
ok "newaliases" newaliases
is "an alias is found" "$(mtable -q root "lmdb:$lab/conf/aliases")" alice
ok "the configuration is in order now" mconf --check
like "but for what is missing in master.conf" "$(mconf --check 2>&1)" \
    'main.conf: local_transport: warning: master.conf has no service that is the transport local'
printf 'root: bob\nbad line\n' >"$lab/conf/aliases"
ok "a bad line is refused" exits 65 newaliases
like "with its number" "$(newaliases 2>&1)" "aliases:2: bad line: there is no"
is "and the old table stays" "$(mtable -q list "$lab/conf/aliases")" \
    "$(printf 'a@x,\tb@x')"

# ---- mtable ----

t=$lab/conf/t
printf '# c\nAlice@example.org alice\nbob x\n y\n' >"$t"
ok "mtable builds" mtable "$t"
is "and lists" "$(mtable -s "lmdb:$t")" "$(printf 'alice@example.org alice\nbob x y')"
is "keys have no case" "$(mtable -q ALICE@example.org "$t")" alice
ok "not found is 1" exits 1 mtable -q carol "$t"
ok "an error is 75" exits 75 mtable -q carol "$t.none"
ok "a table that fails is 75" exits 75 mtable -q carol fail:x
is "keys from standard input" "$(printf 'bob\ncarol\n' | mtable -q - "$t")" \
    "bob x y"
ok "a key is deleted" mtable -d BOB "$t"
ok "once" exits 1 mtable -d BOB "$t"
is "an inline table" "$(mtable -q b 'inline:{a=1, {b = 2 3}}')" "2 3"
is "the system's users" "$(mtable -q root passwd: | cut -d: -f1,3)" root:0
printf '10.0.0.0/8 ten\n' >"$t.cidr"
is "a cidr table" "$(mtable -q 10.1.2.3 "cidr:$t.cidr")" ten
ok "a cidr table is checked" mtable "cidr:$t.cidr"
echo '10.0.0.1/8 x' >"$t.cidr"
ok "and refused" exits 75 mtable "cidr:$t.cidr"
ok "wrong use" exits 64 mtable

# ---- users ----

if [ "$(id -u)" = 0 ]; then
	user="setpriv --reuid 65534 --regid 65534 --clear-groups"
	ok "a user cannot write root's table" exits 75 $user "$(command -v mtable)" "$t"
	ok "but ask it" $user "$(command -v mtable)" -q alice@example.org "$t"
	mkdir "$lab/own"
	chown 65534:65534 "$lab/own"
	echo 'a b' >"$lab/own/t"
	chown 65534:65534 "$lab/own/t"
	ok "a user builds a table of his own" $user "$(command -v mtable)" "$lab/own/t"
	rm "$lab/own/t.lmdb"
	ok "root builds it as its owner" mtable "$lab/own/t"
	is "who owns it then" "$(stat -c %u "$lab/own/t.lmdb")" 65534
	ln -sf "$t.lmdb" "$lab/own/link.lmdb"
	cp -p "$lab/own/t" "$lab/own/link"
	ok "root writes nowhere else for a user" exits 75 mtable "$lab/own/link"
fi

for c in mconf mtable newaliases; do
	like "$c --version" "$($c --version)" "^$c \(Posthouse\) [0-9]"
	like "$c --help" "$($c --help)" "^usage: $c"
	ok "$c with an unknown option" exits 64 $c --nonesuch
done

echo "1..$tap_n"
exit $((tap_failed > 0))
