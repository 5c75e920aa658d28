#!/bin/sh
# A release is a tarball that builds, with a sum and a signature that a changed
# tarball does not pass.  SPDX-License-Identifier: BSD-2-Clause

top=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d /tmp/posthouse-release.XXXXXX) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0

ok() {
	n=$((n + 1))
	what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		tail -n 20 "$tmp/out" | sed 's/^/# /'
	fi
}

export GNUPGHOME="$tmp/gnupg"
mkdir -m 700 "$GNUPGHOME"
# A copy, because a tree that is configured cannot be built out of tree as well.
mkdir "$tmp/build" "$tmp/tree"
tar -C "$top" --exclude ./build --exclude ./.git --exclude ./config.status \
    --exclude '*.o' -cf - . | tar -C "$tmp/tree" -xf -
cd "$tmp/build" || exit 1
ok "a throw-away key" gpg --batch --quiet --passphrase '' \
    --quick-generate-key 'Release Test <release@posthouse.test>' ed25519 sign 1d
ok "configure out of tree" "$tmp/tree/configure" --enable-developer
ok "make release" make release KEY=release@posthouse.test
# The tests are a part of it: t/run of the archive runs them all.
ok "every test is in it" sh -c "cd '$top' && tar -tzf '$tmp'/build/posthouse-*.tar.gz |
    sed 's|^[^/]*/||' | sort >'$tmp/packed' &&
    ls t/*.t t/*.py t/*.sh t/bench/*.sh t/bench/run | sort | comm -23 - '$tmp/packed' >'$tmp/left' &&
    cat '$tmp/left' && [ ! -s '$tmp/left' ]"
# A source that is only included would not be missed here, but by who builds it.
ok "every source is in it" sh -c "cd '$tmp/tree' &&
    find . -name '*.[ch]' -o -name '*.def' -o -name module.mk -o -name '*.[1578]' |
    sed 's|^[.]/||' | grep -v '^config[.]h\$\|^build\|^autom4te' | sort |
    comm -23 - '$tmp/packed' >'$tmp/left' && cat '$tmp/left' && [ ! -s '$tmp/left' ]"
sum=$(ls "$tmp"/build/posthouse-*.tar.gz.sha256)
tarball=${sum%.sha256}
ok "the signature is good" gpg --verify "$sum.asc" "$sum"
ok "the sum is good" sha256sum --check "$sum"
echo x >>"$tarball"
ok "a changed tarball is refused" sh -c "! sha256sum --check '$sum'"
sed -i 's/^./x/' "$sum"
ok "a changed sum is refused" sh -c "! gpg --verify '$sum.asc' '$sum'"
gpgconf --kill all
echo "1..$n"
