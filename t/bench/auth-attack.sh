#!/bin/sh
# Mail of others while 200 wrong passwords a second are tried on port 587: the
# time of a message transaction without and with them, in turn.
# SPDX-License-Identifier: BSD-2-Clause
#
#	t/bench/auth-attack.sh [HOW...]      held new few login (auth-attack.py)
#
# ATTACK_RATE, ATTACK_MESSAGES and ATTACK_ROUNDS are 200, 5000 and 3.  Limits
# are the defaults.  The queue lies in memory, and messages are thrown away
# behind it: what is timed is smtpd and cleanup.  Wants what t/run --build has
# made: POSTHOUSE_STAGE, POSTHOUSE_PEERS.
: "${ATTACK_HOW:=${*:-held new few}}"
export ATTACK_HOW
. "${0%/*}/../lib.sh"
lab "mail while passwords are tried"
host a 10.53.0.2
mail_user a alice
# The attackers' addresses.
ip route add local 10.54.0.0/16 dev lo
on a ip route add 10.54.0.0/16 via 10.53.0.1
dns_start
posthouse_setup a
conf a 'smtpd_peername_lookup = no' 'transport_maps = static:discard:'
sed -i '/^\[submission\]/,/^$/ s/^enabled.*/enabled = yes/' \
    "$(root_of a)/etc/posthouse/master.conf"
echo secret | on a posthouse passwd alice --stdin >/dev/null
start a
wait_for 10 on a python3 -c \
    'import socket; socket.create_connection(("127.0.0.1", 587), 2)'
for how in $ATTACK_HOW; do
	echo "# how: $how"
	timeout 1200 python3 "${0%/*}/auth-attack.py" 10.53.0.2 "$how" \
	    "${ATTACK_RATE:-200}" "${ATTACK_MESSAGES:-5000}" \
	    "${ATTACK_ROUNDS:-3}"
done
lab_done
