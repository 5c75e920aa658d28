#!/bin/sh
# Mail while 200 wrong passwords a second are tried on port 587: the time of a
# message transaction without and with them, in turn.
# SPDX-License-Identifier: BSD-2-Clause
#
#	t/bench/auth-attack.sh [RATE [SECONDS [ROUNDS]]]
#
# Wants what t/run --build has made: POSTHOUSE_STAGE, POSTHOUSE_PEERS.
. "${0%/*}/../lib.sh"
lab "mail while passwords are tried"
rate=${1:-200} seconds=${2:-15} rounds=${3:-2}
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_setup a
conf a 'smtpd_client_event_limit_exceptions = 10.53.0.0/24' \
    'smtpd_peername_lookup = no'
sed -i '/^\[submission\]/,/^$/ s/^enabled.*/enabled = yes/' \
    "$(root_of a)/etc/posthouse/master.conf"
echo secret | on a posthouse passwd alice --stdin >/dev/null
start a
wait_for 10 on a python3 -c \
    'import socket; socket.create_connection(("127.0.0.1", 587), 2)'
n=0
while [ "$n" -lt "$rounds" ]; do
	for r in 0 "$rate"; do
		printf '# %3d a second: ' "$r"
		timeout 300 python3 "${0%/*}/auth-attack.py" 10.53.0.2 \
		    "$r" "$seconds"
	done
	n=$((n + 1))
done
lab_done
