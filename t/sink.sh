# t/sink.sh - hosts that take mail: Postfix's smtp-sink, in the namespace of the
# test itself.  SPDX: BSD-2-Clause

# sink NAME IPV4 [OPTION...]: a sink on port 25 of that address.  What it gets
# lies in files below $lab/sink/NAME, as it came.
sink() {
	sink_name=$1 sink_addr=$2
	shift 2
	ip addr add "$sink_addr/24" dev wire 2>/dev/null
	mkdir -p "$lab/sink/$sink_name"
	chmod 777 "$lab/sink/$sink_name"
	LD_LIBRARY_PATH="$peers/postfix/usr/lib/postfix:$peers/postfix/usr/lib/x86_64-linux-gnu" \
	    "$peers/postfix/usr/sbin/smtp-sink" -u nobody "$@" \
	    -d "$lab/sink/$sink_name/" "$sink_addr:25" 100 \
	    >"$lab/sink/$sink_name.log" 2>&1 &
	eval "sink_$sink_name=$!"
	wait_for 5 sink_listens "$sink_addr" ||
	    bail "sink $sink_name: $(tail -n 3 "$lab/sink/$sink_name.log")"
}

sink_listens() { # IPV4
	python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], 25), 1)' "$1"
}

sink_stop() { # NAME
	eval "kill \$sink_$1; wait \$sink_$1" 2>/dev/null
}

sink_mail() { # NAME: all it got
	cat "$lab/sink/$1"/* 2>/dev/null
}

sink_has() { # NAME PATTERN
	sink_mail "$1" | tr -d '\r' | grep -aEq -e "$2"
}

# to RECIPIENT...: one message for them from the null sender, given to host a.
to() {
	{
		printf 'EHLO c\nMAIL FROM:<>\n'
		printf 'RCPT TO:<%s>\n' "$@"
		printf 'DATA\nSubject: to %s\n\nx\n.\nQUIT\n' "$1"
	} | smtp a 127.0.0.1 >"$lab/to.out"
}

# status RECIPIENT PATTERN: the line of a delivery comes.
status() {
	wait_for 15 log_has a "to=<$1>, .*$2"
}
