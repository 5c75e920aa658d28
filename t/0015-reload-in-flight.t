#!/bin/sh
# Deliveries that are under way when the configuration is reloaded, or a
# program dies, are neither lost nor done twice by a reload.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "a reload changes hands without losing or doubling a message"
host a 10.53.0.2
posthouse_setup a
mail_user a alice
r=$(root_of a)
# A command that takes its time, and one line for each message it got.
cat >"$r/home/alice/slow" <<'EOP'
#!/bin/sh
grep -i '^subject:' >/home/alice/subject.$$
sleep 3
cat /home/alice/subject.$$ >>/home/alice/got
EOP
on a chmod 755 /home/alice/slow
echo '|/home/alice/slow' >"$r/home/alice/.forward"
on a chown -R alice:alice /home/alice
start a

send() { # FROM TO
	i=$1
	while [ "$i" -le "$2" ]; do
		printf 'Subject: n%s\n\nx\n' "$i" | on a sendmail alice
		i=$((i + 1))
	done
}

got() { # COUNT
	[ "$(wc -l <"$r/home/alice/got")" -ge "$1" ]
}

under_way() {
	ls "$r"/home/alice/subject.* >/dev/null 2>&1
}

send 1 5
ok "deliveries begin" wait_for 10 under_way
ok "reload while they run" on a posthouse reload
send 6 10
ok "and once more" on a posthouse reload
send 11 15
ok "all arrive" wait_for 30 got 15
ok "the queue is empty in the end" wait_for 10 queue_is_empty a
is "none is lost, none comes twice" \
    "$(sort "$r/home/alice/got" | uniq -c | awk '{ print $1, $3 }' |
    sort -V | tr '\n' ' ')" \
    "$(i=1; while [ $i -le 15 ]; do printf '1 n%s ' $i; i=$((i + 1)); done)"
generations() {
	on a posthouse status --json | grep -o '"generation":[0-9]*' | sort -u |
	    wc -l
}
one_generation() {
	[ "$(generations)" = 1 ]
}
ok "the old generations are over" wait_for 20 one_generation

: >"$r/home/alice/got"
send 1 3
wait_for 10 under_way
begin=$(date +%s)
ok "stop while deliveries run" on a posthouse stop
ok "takes a bounded time" test $(($(date +%s) - begin)) -le 25
start a
ok "and nothing is lost" wait_for 60 eval \
    '[ "$(sort -u "$r/home/alice/got" | wc -l)" = 3 ]'
lab_done
