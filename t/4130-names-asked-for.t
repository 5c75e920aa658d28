#!/bin/sh
# Certificates by the name that a client asks for (SNI).
# SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
lab "tls_server_sni_maps: names, .domains, files that are bad, new ones"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_setup a
r=$(root_of a)
tls=$r/etc/posthouse/tls

new_cert() { # FILE NAME [KIND...]: a key and a certificate
	file=$1 name=$2
	shift 2
	[ $# -gt 0 ] || set -- ec -pkeyopt ec_paramgen_curve:P-256
	openssl req -x509 -newkey "$@" -nodes -keyout "$lab/k" -out "$lab/c" \
	    -days 40 -subj "/CN=$name" -addext "subjectAltName=DNS:$name" \
	    >/dev/null 2>&1
	cat "$lab/k" "$lab/c" >"$file.tmp"
	chmod 600 "$file.tmp"
	mv "$file.tmp" "$file"
}
new_cert "$tls/x.pem" x.example
new_cert "$tls/sub.pem" '*.sub.example'
new_cert "$tls/rsa.pem" two.example rsa:2048
new_cert "$tls/ec.pem" two.example
cat >"$r/etc/sni" <<EOF
x.example       /etc/posthouse/tls/x.pem
.sub.example    /etc/posthouse/tls/sub.pem
two.example     /etc/posthouse/tls/rsa.pem, /etc/posthouse/tls/ec.pem
broken.example  /etc/posthouse/tls/none.pem
EOF
conf a 'tls_server_sni_maps = texthash:/etc/sni'
cat >>"$r/etc/posthouse/master.conf" <<EOF

[first]
program = smtpd
listen  = inet:2465
smtpd_tls_wrappermode = yes
EOF
start a

asked() { # NAME|none OPTION...: the name in the certificate
	name=$1
	shift
	[ "$name" != none ] || set -- -noservername "$@"
	[ "$name" = none ] || set -- -servername "$name" "$@"
	[ -n "${port:-}" ] || set -- -starttls smtp "$@"
	printf 'QUIT\r\n' | timeout 20 openssl s_client -ign_eof \
	    -connect "10.53.0.2:${port:-25}" "$@" 2>&1 |
	    sed -n 's/^subject=CN = //p' | head -n 1
}
is "no name: the server's own" "$(asked none)" a.test
is "its own name" "$(asked a.test)" a.test
is "a name that is in the table" "$(asked x.example)" x.example
is "in capital letters" "$(asked X.Example)" x.example
is "with TLS 1.2" "$(asked x.example -tls1_2)" x.example
is "below a domain" "$(asked y.sub.example)" '*.sub.example'
is "the domain itself is not meant" "$(asked sub.example)" a.test
is "a name that nobody knows" "$(asked nobody.example)" a.test
is "two kinds: ECDSA" "$(asked two.example -sigalgs ECDSA+SHA256)" two.example
is "two kinds: RSA" "$(asked two.example -sigalgs RSA-PSS+SHA256)" two.example
is "no RSA where the name has none" \
    "$(asked x.example -sigalgs RSA-PSS+SHA256)" ''
is "files that are not there" "$(asked broken.example)" a.test
ok "of which the log warns" log_has a \
    'keys.*: /etc/posthouse/tls/none.pem: No such file or directory: no TLS with it'
port=2465
is "from the first byte on" "$(asked x.example)" x.example
port=
starttls() {
	printf 'QUIT\r\n' | timeout 20 openssl s_client -starttls smtp -ign_eof \
	    -connect 10.53.0.2:25 "$@" 2>&1
}
starttls -servername x.example -sess_out "$lab/ticket" >/dev/null
starttls -servername x.example -sess_in "$lab/ticket" >"$lab/again"
ok "a session is resumed" grep -q '^Reused, TLSv1.3' "$lab/again"

# ---- what the administrator sees ----
on a posthouse check --offline >"$lab/check" 2>&1
ok "the doctor finds the bad one" grep -q '^fail.*none.pem' "$lab/check"
ok "and the good ones" grep -q '^ok.*x.pem.*x.example' "$lab/check"
ok "status tells of the days" on a sh -c \
    'posthouse status | grep -E "keys.*certificates=4.* days=[0-9]+"'

# ---- another one ----
new_cert "$tls/none.pem" broken.example
is_broken() { [ "$(asked broken.example)" = broken.example ]; }
wait_for 10 is_broken
ok "files that come later are used" is_broken
pids() { # PROGRAM
	for p in /proc/[0-9]*; do
		case $(readlink "$p/exe") in
		*/libexec/posthouse/"$1") echo "${p##*/}" ;;
		esac
	done
}
in_memory() { # PROGRAM PEM
	python3 "$top/t/memory.py" "$2" $(pids "$1") | awk '{ print $2 }' |
	    sort -u | tr '\n' ' '
}
if [ "${POSTHOUSE_STAGE#*asan}" = "$POSTHOUSE_STAGE" ]; then
	is "keys has such a key" "$(in_memory keys "$tls/x.pem")" "yes "
	for p in smtpd smtp master; do
		is "$p has not" "$(in_memory $p "$tls/x.pem")" "no "
	done
fi

# ---- tables that cannot be used ----
on a mconf -e 'tls_server_sni_maps = regexp:/etc/sni'
ok "a table that cannot be listed is refused" not on a posthouse reload
lab_done
