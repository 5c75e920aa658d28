# t/dnssec.sh - signed zones, and a resolver that checks them.
# SPDX: BSD-2-Clause
# Sourced behind lib.sh.
#
#	zone good.example <<...      as always
#	dns_start
#	dns_sign good.example        signs it; its key is to be trusted
#	forge good.example SED       changes what was signed
#	unbound_start a              on a's loopback, for the signed zones
#
# posthouse on a then needs `dns_servers = 127.0.0.1`.

# tlsa CERT USAGE SELECTOR MATCHING: the data of a record, by a PEM file.
tlsa() {
	case $3 in
	0) openssl x509 -in "$1" -outform DER ;;
	1) openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER ;;
	esac >"$lab/tlsa.der" 2>/dev/null
	case $4 in
	0) data=$(od -An -v -tx1 "$lab/tlsa.der" | tr -d ' \n') ;;
	1) data=$(sha256sum <"$lab/tlsa.der" | cut -d' ' -f1) ;;
	2) data=$(sha512sum <"$lab/tlsa.der" | cut -d' ' -f1) ;;
	esac
	echo "$2 $3 $4 $data"
}

dns_sign() { # ZONE...
	mkdir -p "$lab/dns/keys"
	for z; do
		k=$(cd "$lab/dns/keys" && dnssec-keygen -q -a ECDSAP256SHA256 -f KSK "$z") ||
		    bail "no key for $z"
		cat "$lab/dns/keys/$k.key" >>"$lab/dns/$z"
		(cd "$lab/dns" && dnssec-signzone -q -z -o "$z" -f "$z.signed" \
		    -K keys "$z") >"$lab/dns/sign.log" 2>&1 ||
		    bail "signing $z: $(tail -n 3 "$lab/dns/sign.log")"
		mv "$lab/dns/$z.signed" "$lab/dns/$z"
		grep -v '^;' "$lab/dns/keys/$k.key" |
		    sed 's/.*/	trust-anchor: "&"/' >>"$lab/dns/anchors"
	done
	dns_reload
}

forge() { # ZONE SED
	sed -i "$2" "$lab/dns/$1"
	dns_reload
}

# Files that are of the same second as before are not read again.
dns_reload() {
	dns_reloads=$((${dns_reloads:-0} + 5))
	for z in $(cat "$lab/zones"); do
		touch -d "+$dns_reloads seconds" "$lab/dns/$z"
	done
	kill -HUP "$dns_pid"
	sleep 0.3
}

unbound_start() { # HOST
	r=$(root_of "$1")
	mkdir -p "$r/etc/unbound"
	{
		echo 'server:'
		echo '	interface: 127.0.0.1'
		echo '	chroot: ""'
		echo '	username: ""'
		echo '	use-syslog: no'
		echo '	pidfile: "/run/unbound.pid"'
		echo '	do-not-query-localhost: no'
		echo '	module-config: "validator iterator"'
		echo '	local-zone: "test." nodefault'
		echo '	local-zone: "10.in-addr.arpa." nodefault'
		echo '	cache-max-negative-ttl: 1'
		echo '	val-bogus-ttl: 1'
		cat "$lab/dns/anchors" 2>/dev/null
		for z in test 0.53.10.in-addr.arpa $(cat "$lab/zones"); do
			echo 'stub-zone:'
			echo "	name: \"$z\""
			echo '	stub-addr: 10.53.0.1'
		done
		echo 'remote-control:'
		echo '	control-enable: no'
	} >"$r/etc/unbound/test.conf"
	on "$1" unbound -c /etc/unbound/test.conf >"$lab/unbound.$1" 2>&1
	wait_for 10 on "$1" dig +short +time=1 +tries=1 @127.0.0.1 test SOA ||
	    bail "unbound does not answer: $(tail -n 3 "$lab/unbound.$1")"
}
