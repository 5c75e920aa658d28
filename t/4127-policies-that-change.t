#!/bin/sh
# A connection that is kept open, and a session that could go on, are those of one
# policy: another level, other trust anchors, another next hop begin anew.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
. "${0%/*}/certs.sh"
lab "trust anchors; connections and sessions under policies that change"
host a 10.53.0.2
ca ca
ca stranger
cert good mx.good.example
mkdir -p "$lab/sink/good"
ip addr add 10.53.0.21/24 dev wire
zone good.example <<EOF
@ MX 10 mx
mx A 10.53.0.21
EOF
zone same.example <<EOF
@ MX 10 mx.good.example.
EOF
python3 "$top/t/tls_sink.py" 10.53.0.21 "$lab/sink/good" "$lab/good.pem" \
    >"$lab/sink/good.log" 2>&1 &
dns_start
posthouse_setup a
etc=$(root_of a)/etc
cp "$lab/ca.crt" "$lab/stranger.crt" "$etc"
cp "$lab/ca.crt" "$etc/late.crt"
openssl x509 -in "$lab/ca.crt" -noout -pubkey >"$etc/ca.pub"
policy() { # LINE...
	printf '%s\n' "$@" >"$etc/policy"
	on a mtable lmdb:/etc/policy
}
policy 'x.example verify tafile=/etc/stranger.crt tafile=/etc/ca.pub'
conf a 'smtp_tls_policy_maps = lmdb:/etc/policy' \
    'smtp_connection_cache_time_limit = 60s' \
    'smtp_tls_trust_anchor_file = /etc/ca.crt'
start a
sessions() { # hands that were shaken with the host
	log_count a 'TLS connection established to mx.good.example\['
}
came() { # MAIL: how it came
	grep -l "to $1@" "$lab/sink/good"/* | head -n 1 | xargs head -n 1 |
	    sed 's, MAIL FROM.*,,'
}

to one@good.example
ok "may: sent" status one@good.example 'status=sent'
to two@good.example
ok "another: sent" status two@good.example 'status=sent'
is "on the same connection" "$(sessions)" 1

policy 'good.example verify tafile=/etc/stranger.crt'
to three@good.example
ok "not by the connection that is open: it proved less" status \
    three@good.example 'dsn=4.7.5, status=deferred \(Server certificate not trusted'
ok "the log says why" log_has a \
    'verification failed for mx.good.example.*: no trust anchor of the policy'
is "hands were shaken anew" "$(sessions)" 2

policy 'good.example verify tafile=/etc/ca.pub'
to four@good.example
ok "the key of an authority" status four@good.example 'status=sent'
ok "vouches for the host" log_has a \
    'Verified TLS connection established to mx.good.example\['
is "in a session of its own" "$(came four)" 'tls mx.good.example'
policy 'good.example secure match=mx.good.example'
to five@good.example
ok "smtp_tls_trust_anchor_file is for all" status five@good.example 'status=sent'
is "a session of its own again" "$(came five)" 'tls mx.good.example'
is "three policies, three handshakes" "$(sessions)" 4

policy 'good.example may' 'same.example fingerprint match=00:11'
to six@good.example
ok "the session of the policy that was" status six@good.example 'status=sent'
is "goes on" "$(came six)" 'tls mx.good.example again'
to seven@same.example
ok "another next hop of the same host: its own policy" status \
    seven@same.example 'dsn=4.7.5, status=deferred \(Server certificate not verified'
to eight@good.example
ok "the first one's connection is still there" status eight@good.example \
    'status=sent'
is "and is used" "$(sessions)" 6

policy 'good.example verify tafile=/etc/late.crt'
to nine@good.example
ok "a file that nobody has read: mail waits" status nine@good.example \
    'dsn=4.7.5, status=deferred \(TLS policy error: trust anchors: /etc/late.crt: it was not read at the start'
on a posthouse reload
to ten@good.example
ok "until a reload" status ten@good.example 'status=sent'
lab_done
