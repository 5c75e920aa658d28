# t/certs.sh - certificates for tests.  SPDX: BSD-2-Clause
# Sourced behind lib.sh; NAME.key, NAME.crt and NAME.pem (both) lie in $lab.

newkey='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'

ca() { # NAME
	# shellcheck disable=SC2086 # a list of words
	openssl req -x509 $newkey -keyout "$lab/$1.key" -out "$lab/$1.crt" \
	    -days 30 -subj "/CN=$1" >/dev/null 2>&1
}

# cert NAME DNS [DAYS [CA]]: good for ten days, by the CA, whose certificate
# stands behind it.
cert() {
	by=${4:-ca}
	# shellcheck disable=SC2086
	openssl req $newkey -keyout "$lab/$1.key" -out "$lab/$1.csr" \
	    -subj "/CN=$2" >/dev/null 2>&1
	echo "subjectAltName=DNS:$2" >"$lab/ext"
	openssl x509 -req -in "$lab/$1.csr" -CA "$lab/$by.crt" \
	    -CAkey "$lab/$by.key" -CAcreateserial -extfile "$lab/ext" \
	    -days "${3:-10}" -out "$lab/$1.crt" >/dev/null 2>&1
	cat "$lab/$1.key" "$lab/$1.crt" "$lab/$by.crt" >"$lab/$1.pem"
}

self_signed() { # NAME DNS
	# shellcheck disable=SC2086
	openssl req -x509 $newkey -keyout "$lab/$1.key" -out "$lab/$1.crt" \
	    -days 10 -subj "/CN=$2" -addext "subjectAltName=DNS:$2" \
	    >/dev/null 2>&1
	cat "$lab/$1.key" "$lab/$1.crt" >"$lab/$1.pem"
}
