#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "hold, delete and bounce wait for the end of a delivery that is under way"
host a 10.53.0.2
mail_user a alice
record 'slow MX 10 sink'
record 'sink A 10.53.0.1'
dns_start
posthouse_setup a
conf a 'mynetworks = 127.0.0.0/8' 'smtp_destination_concurrency_limit = 1' \
    'minimal_backoff_time = 2s'
start a

# A server that thinks for two seconds, and then asks to come again.
python3 - "$lab/sink" <<'PY' &
import socketserver, sys, time
class Slow(socketserver.StreamRequestHandler):
    def handle(self):
        def say(s): self.wfile.write(s + b"\r\n")
        say(b"220 sink")
        for line in self.rfile:
            if line.upper().startswith(b"RCPT"):
                open(sys.argv[1], "ab").write(line)
                time.sleep(2)
                say(b"450 4.2.0 come again")
            elif line.upper().startswith(b"QUIT"):
                say(b"221 bye")
                return
            elif line.upper().startswith(b"DATA"):
                say(b"503 no recipient")
            else:
                say(b"250 ok")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
Server(("10.53.0.1", 25), Slow).serve_forever()
PY
: >"$lab/sink"
wait_for 5 python3 -c \
    'import socket; socket.create_connection(("10.53.0.1", 25), 1)' ||
    bail "the slow server does not start"

send() { # RCPT
	printf '%s\n' 'EHLO c' 'MAIL FROM:<alice@a.test>' "RCPT TO:<$1>" DATA \
	    'Subject: x' '' . QUIT | smtp a 127.0.0.1 |
	    sed -n 's/.*queued as //p'
}
begun() { # RCPT
	wait_for 15 grep -q "$1" "$lab/sink"
}

id=$(send one@slow.test)
ok "a delivery is under way" begun one
like "it is active" "$(on a mqueue)" "^$id\\*"
ok "delete" on a mqueue --delete "$id"
ok "it is gone when the delivery is over" wait_for 10 log_has a "$id: removed"
ok "and from the list" wait_for 5 queue_is_empty a

id=$(send two@slow.test)
ok "another is under way" begun two
ok "hold" on a mqueue --hold "$id"
ok "it lies in hold/ afterwards" wait_for 10 \
    on a test -f "/var/spool/posthouse/hold/$id"
n=$(grep -c two "$lab/sink")
sleep 4
is "and is not tried again" "$(grep -c two "$lab/sink")" "$n"
ok "delete what is held" on a mqueue --delete "$id"
ok "it is gone" wait_for 5 queue_is_empty a

id=$(send three@slow.test)
ok "a third is under way" begun three
ok "bounce" on a mqueue --bounce "$id"
ok "the sender is told" wait_for 15 log_has a \
    "$id: sender non-delivery notification"
ok "it is removed" wait_for 5 log_has a "$id: removed"
ok "alice has the notification" wait_for 10 mailbox_has a alice 'three@slow'
ok "the books balance" on a mqueue --audit
lab_done
