#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "a reload and a killed queue manager lose nothing, and a reload sends once"
host a 10.53.0.2
record 'slow MX 10 sink'
record 'sink A 10.53.0.1'
dns_start
posthouse_setup a
conf a 'mynetworks = 127.0.0.0/8' 'minimal_backoff_time = 2s' \
    'destination_probe_time = 1s'
start a

# A server that thinks for three seconds about each message.
python3 - "$lab/sink" <<'PY' &
import socketserver, sys, time
class Slow(socketserver.StreamRequestHandler):
    def handle(self):
        def say(s): self.wfile.write(s + b"\r\n")
        say(b"220 sink")
        data = False
        for line in self.rfile:
            line = line.strip()
            if data:
                if line.startswith(b"Subject:"):
                    subject = line
                if line == b".":
                    data = False
                    open(sys.argv[1] + ".begun", "ab").write(subject + b"\n")
                    time.sleep(3)
                    open(sys.argv[1], "ab").write(subject + b"\n")
                    say(b"250 ok")
            elif line.upper() == b"DATA":
                data = True
                say(b"354 go")
            elif line.upper() == b"QUIT":
                say(b"221 bye")
                return
            else:
                say(b"250 ok")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
Server(("10.53.0.1", 25), Slow).serve_forever()
PY

send() { # SUBJECT
	printf '%s\n' 'EHLO c' 'MAIL FROM:<s@a.test>' 'RCPT TO:<r@slow.test>' \
	    DATA "Subject: $1" '' . QUIT | smtp a 127.0.0.1 |
	    sed -n 's/.*queued as //p'
}
: >"$lab/sink"
: >"$lab/sink.begun"
count() { # SUBJECT
	grep -c "Subject: $1" "$lab/sink"
}

id=$(send first)
ok "a delivery is under way" wait_for 5 grep -q first "$lab/sink.begun"
ok "reload meanwhile" on a posthouse reload
id2=$(send second)
ok "fresh mail goes through the new one" wait_for 10 grep -q second "$lab/sink"
ok "the first is removed" wait_for 10 log_has a "$id: removed"
ok "the second too" wait_for 10 log_has a "$id2: removed"
sleep 2
is "the first was sent once" "$(count first)" 1
is "the second too" "$(count second)" 1
ok "the queue is empty" wait_for 5 queue_is_empty a

id3=$(send third)
ok "a delivery is under way" wait_for 5 grep -q third "$lab/sink.begun"
crash a qmgr
ok "after the death of qmgr it is delivered" wait_for 20 grep -q third "$lab/sink"
ok "and removed" wait_for 20 log_has a "$id3: removed"
ok "the queue is empty" wait_for 5 queue_is_empty a
ok "the books balance" on a mqueue --audit
lab_done
