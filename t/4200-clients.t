#!/bin/sh
# What people send mail with: each program logs in and delivers, or fails as it
# must.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "swaks, msmtp, curl, gnutls-cli, openssl, smtplib, git, s-nail, Outlook's way"
host a 10.53.0.2
host b 10.53.0.3
host c 10.53.0.4
mail_user a alice # who gets a copy of what git sends
mail_user b bob
dns_start
posthouse_setup a b
conf a 'smtpd_sasl_auth_enable = yes' 'mynetworks = 127.0.0.0/8'
r=$(root_of a)
cat >>"$r/etc/posthouse/master.conf" <<EOF

[by-starttls]
program = smtpd
listen  = inet:587
smtpd_tls_security_level = encrypt

[by-tls]
program = smtpd
listen  = inet:465
smtpd_tls_wrappermode = yes
EOF
pw='pass word/1'
python3 "$top/t/passfile.py" alice "$pw" >"$r/etc/posthouse/passwd"
start a
start b
cert=$(root_of c)/etc/a.pem
openssl x509 -in "$r/etc/posthouse/tls/posthouse.pem" -out "$cert"

plain=$(printf '\0alice\0%s' "$pw" | base64)
got() { # SUBJECT
	wait_for 15 mailbox_has b bob "^Subject: $1\$"
}
# The client, on its host and within its time, its words in a file.
c() {
	on c timeout 40 "$@" >"$lab/said" 2>&1
}
letter() { # SUBJECT
	printf 'From: alice@a.test\nTo: bob@b.test\nSubject: %s\n\nhello\n' "$1" \
	    >"$(root_of c)/tmp/letter"
}
# delivers NAME COMMAND...: the letter goes out, and arrives.
delivers() {
	name=$1
	shift
	letter "$name"
	c "$@"
	ok "$name: delivers" test $? = 0
	ok "$name: and it arrives" got "$name"
	[ "$tap_failed" = "${tap_seen:-0}" ] || tail -n 12 "$lab/said" | sed 's/^/# /'
	tap_seen=$tap_failed
}
fails() { # NAME PATTERN COMMAND...: for the reason
	name=$1 pattern=$2
	shift 2
	letter "$name"
	c "$@"
	ok "$name: fails" test $? != 0
	like "$name: as it must" "$(cat "$lab/said")" "$pattern"
}

# ---- swaks ----
sw() { # NAME OPTION...
	name=$1
	shift
	delivers "$name" swaks --server a.test --from alice@a.test \
	    --to bob@b.test --header "Subject: $name" --auth-user alice \
	    --auth-password "$pw" "$@"
}
no() { # NAME PATTERN OPTION...
	name=$1 pattern=$2
	shift 2
	fails "$name" "$pattern" swaks --server a.test --from alice@a.test \
	    --to bob@b.test "$@"
}
for mech in PLAIN LOGIN; do
	sw "swaks-tls-$mech" --tls --port 587 --auth $mech
	sw "swaks-tlsc-$mech" --tlsc --port 465 --auth $mech
done
sw swaks-any --tls --port 587 --auth
sw swaks-port-25 --tls --port 25 --auth PLAIN
sw swaks-tls-optional --tls-optional-strict --port 587 --auth
sw swaks-tls13 --tls --tls-protocol tlsv1_3 --port 587 --auth
sw swaks-pipeline --tls --port 587 --pipeline --auth PLAIN
sw swaks-ehlo --tls --port 587 --ehlo '[10.53.0.4]' --auth LOGIN
no swaks-wrong '535 5.7.8 ' --port 587 --tls --auth PLAIN --auth-user alice \
    --auth-password wrong
no swaks-nobody '535 5.7.8 ' --port 465 --tlsc --auth LOGIN --auth-user nobody \
    --auth-password x
no swaks-clear '530 5.7.0 ' --port 587
no swaks-auth-in-clear 'requested type not available' --port 25 \
    --auth PLAIN --auth-user alice --auth-password "$pw"
no swaks-not-logged-in '554 5.7.1 .*Relay access denied' --port 587 --tls

# ---- msmtp ----
ms() { # NAME OPTION...
	name=$1
	shift
	delivers "$name" sh -c 'exec msmtp "$@" bob@b.test </tmp/letter' msmtp \
	    --host=a.test --from=alice@a.test --user=alice --tls=on \
	    --tls-trust-file=/etc/a.pem --passwordeval="echo '$pw'" "$@"
}
for mech in plain login scram-sha-256; do
	ms "msmtp-587-$mech" --port=587 --tls-starttls=on --auth=$mech
	ms "msmtp-465-$mech" --port=465 --tls-starttls=off --auth=$mech
done
ms msmtp-any --port=587 --auth=on
fails msmtp-wrong 'authentication failed|535 5.7.8' sh -c \
    'exec msmtp "$@" bob@b.test </tmp/letter' msmtp --host=a.test --port=587 \
    --from=alice@a.test --user=alice --tls=on --tls-trust-file=/etc/a.pem \
    --auth=plain --passwordeval='echo wrong'

# ---- curl ----
cu() { # NAME URL OPTION...
	name=$1 url=$2
	shift 2
	delivers "$name" curl -sS -v --crlf --cacert /etc/a.pem --mail-from alice@a.test \
	    --mail-rcpt bob@b.test -T /tmp/letter -u "alice:$pw" "$url/c.test" \
	    "$@"
}
cu curl-smtps smtps://a.test:465
cu curl-ssl-reqd smtp://a.test:587 --ssl-reqd
for mech in PLAIN LOGIN; do
	cu "curl-$mech" smtp://a.test:587 --ssl-reqd --login-options "AUTH=$mech"
	cu "curl-ir-$mech" smtps://a.test:465 --sasl-ir --login-options "AUTH=$mech"
done
fails curl-wrong '535 5.7.8|Login denied' curl -sS -v --crlf --cacert /etc/a.pem \
    --mail-from alice@a.test --mail-rcpt bob@b.test -T /tmp/letter \
    -u alice:wrong smtps://a.test:465/c.test
fails curl-name 'certificate|SSL' curl -sS --cacert /etc/a.pem --mail-from x@a.test \
    --mail-rcpt bob@b.test -T /tmp/letter -u "alice:$pw" \
    --connect-to other.example:465:10.53.0.2:465 smtps://other.example:465/c.test

# ---- TLS tools: what is typed at a terminal ----
typed() { # SUBJECT
	for line in 'EHLO c.test' "AUTH PLAIN $plain" 'MAIL FROM:<alice@a.test>' \
	    'RCPT TO:<bob@b.test>' DATA; do
		sleep 0.4
		printf '%s\r\n' "$line"
	done
	sleep 0.4
	printf 'From: alice@a.test\r\nSubject: %s\r\n\r\nhello\r\n.\r\n' "$1"
	sleep 0.4
	printf 'QUIT\r\n'
	sleep 0.4
}
terminal() { # NAME COMMAND...
	name=$1
	shift
	typed "$name" | on c timeout 40 "$@" >"$lab/said" 2>&1
	like "$name: is answered" "$(cat "$lab/said")" '^235 2.7.0'
	ok "$name: and it arrives" got "$name"
}
terminal openssl-starttls openssl s_client -quiet -starttls smtp -connect a.test:587
terminal openssl-465 openssl s_client -quiet -connect a.test:465
terminal gnutls-starttls gnutls-cli --no-ca-verification --starttls-proto=smtp \
    -p 587 a.test
terminal gnutls-465 gnutls-cli --no-ca-verification -p 465 a.test

# ---- Python ----
cat >"$(root_of c)/tmp/by_smtplib.py" <<'EOF'
import smtplib, ssl, sys
port, password, subject = sys.argv[1:]
c = ssl.create_default_context(cafile="/etc/a.pem")
if port == "465":
    s = smtplib.SMTP_SSL("a.test", 465, timeout=20, context=c)
else:
    s = smtplib.SMTP("a.test", 587, timeout=20)
    s.starttls(context=c)
s.login("alice", password)
s.sendmail("alice@a.test", ["bob@b.test"], "Subject: %s\n\nhello\n" % subject)
s.quit()
EOF
for port in 587 465; do
	delivers "smtplib-$port" python3 /tmp/by_smtplib.py $port "$pw" "smtplib-$port"
done
fails smtplib-wrong 'SMTPAuthenticationError.*5.7.8' python3 /tmp/by_smtplib.py 587 \
    wrong x

# ---- git send-email ----
cat >"$(root_of c)/tmp/git.sh" <<'EOF'
set -e
export HOME=/tmp/git
rm -rf /tmp/git && mkdir /tmp/git && cd /tmp/git
git init -q . && git config user.email alice@a.test && git config user.name Alice
echo "$3" >f && git add f && git commit -qm "$3"
git format-patch -q -1 --root --subject-prefix= -o out
git send-email --quiet --confirm=never --from alice@a.test --to bob@b.test \
    --smtp-server a.test --smtp-server-port "$1" --smtp-encryption "$2" \
    --smtp-user alice --smtp-pass "$4" --smtp-ssl-cert-path /etc/a.pem out/*
EOF
delivers git-tls sh /tmp/git.sh 587 tls git-tls "$pw"
delivers git-ssl sh /tmp/git.sh 465 ssl git-ssl "$pw"
fails git-wrong 'uthentication failed|535|5.7.8' sh /tmp/git.sh 587 tls x wrong

# ---- s-nail ----
sn() { # NAME URL OPTION...
	name=$1 url=$2
	shift 2
	delivers "$name" sh -c 'echo hello | s-nail -n "$@" bob@b.test' s-nail \
	    -s "$name" -r alice@a.test -S v15-compat=y -S sendwait \
	    -S tls-ca-file=/etc/a.pem -S tls-ca-no-defaults \
	    -S smtp-hostname=c.test -S mta="$url" "$@"
}
enc='pass%20word%2F1'
for mech in plain login; do
	sn "s-nail-465-$mech" "submissions://alice:$enc@a.test" -S smtp-auth=$mech
	sn "s-nail-587-$mech" "submission://alice:$enc@a.test" \
	    -S smtp-use-starttls -S smtp-auth=$mech
done

# ---- habits ----
cp "$top/t/mua.py" "$(root_of c)/tmp/mua.py"
for who in outlook thunderbird pipelining; do
	for port in 587 465; do
		delivers "$who-$port" python3 /tmp/mua.py a.test $port $who \
		    alice "$pw" bob@b.test "$who-$port"
	done
done
fails outlook-wrong '^535 5.7.8' python3 /tmp/mua.py a.test 465 outlook alice \
    wrong bob@b.test x
ok "who logged in stands in the log" \
    log_has a 'client=[^,]*, sasl_method=PLAIN, sasl_username=alice'
lab_done
