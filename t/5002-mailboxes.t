#!/bin/sh
# Mailboxes without accounts, commands for all, limits, locks, root's mail.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "virtual mailboxes, mailbox_command, limits, locks, root's mailbox"
host a 10.53.0.2
mail_user a alice bob web-data
dns_start
posthouse_setup a
root=$(root_of a)
: >"$root/etc/posthouse/aliases"
on a newaliases
mkdir -p "$root/var/vmail"
chown 5000:5000 "$root/var/vmail"
cat >"$root/etc/posthouse/vmail" <<'VMAIL'
m@v.test m/
f@v.test f
w@v.test w
out@v.test ../out
VMAIL
conf a 'virtual_mailbox_domains = v.test' \
    'virtual_mailbox_base = /var/vmail' \
    'virtual_mailbox_maps = texthash:/etc/posthouse/vmail' \
    'virtual_uid_maps = inline:{{w@v.test=33}}, static:5000' \
    'virtual_gid_maps = static:5000'
start a

mail_to() { # RECIPIENT SUBJECT
	on a sh -c 'printf "Subject: %s\n\ntext\n" "$2" |
	    sendmail -i -f x@a.test "$1"' sh "$1" "$2"
}

vbox=$root/var/vmail
ok "a virtual Maildir" mail_to m@v.test to-m
ok "gets its file" wait_for 10 sh -c 'grep -q "Subject: to-m" "$1"/*' x \
    "$vbox/m/new"
is "with the table's owner" "$(stat -c '%u %g %a' "$vbox/m/new/"*)" \
    "5000 5000 600"
ok "by the transport virtual" log_has a 'to=<m@v.test>, relay=virtual,'

# Written together: names, contents and fates are each message's own.
many='
import smtplib, threading
def send(first):
    s = smtplib.SMTP("127.0.0.1", 25, timeout=30)
    for i in range(first, 60, 4):
        s.sendmail("x@a.test", ["%s@v.test" % ("f" if i % 6 == 0 else "m")],
                   "Subject: many-%d\r\n\r\n%s" % (i, "line\r\n" * (i * 400)))
threads = [threading.Thread(target=send, args=(i,)) for i in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
'
ok "many for one Maildir at a time" on a python3 -c "$many"
ok "are all there" wait_for 20 sh -c \
    '[ "$(grep -h "^Subject: many-" "$1"/new/* | sort -u | wc -l)" = 50 ]' x \
    "$vbox/m"
is "once each" "$(grep -h '^Subject: many-' "$vbox/m/new/"* | wc -l)" 50
is "each whole" "$(grep -c '^line$' "$vbox/m/new/"* | awk -F: \
    '{ n += $NF } END { print n }')" 600000
is "with nothing left in tmp/" "$(ls "$vbox/m/tmp")" ''
ok "and in the mbox beside it" wait_for 20 sh -c \
    '[ "$(grep -c "^Subject: many-" "$1")" = 10 ]' x "$vbox/f"

ok "a virtual mbox" mail_to f@v.test to-f
ok "gets its message" wait_for 10 grep -q 'Subject: to-f' "$vbox/f"
ok "with Delivered-To" grep -q '^Delivered-To: f@v.test' "$vbox/f"
ok "a path that leads out" mail_to out@v.test to-out
ok "is refused for now" wait_for 10 log_has a \
    'to=<out@v.test>.*dsn=4.3.5, status=deferred'
ok "so is a uid that is too small" mail_to w@v.test to-w
ok "because of virtual_minimum_uid" wait_for 10 log_has a \
    'to=<w@v.test>.*status=deferred .virtual_uid_maps'
ok "nothing lies outside" test ! -e "$root/var/out"
conf a 'virtual_mailbox_limit = 4000'
ok "reload" on a posthouse reload
ok "an mbox that would pass virtual_mailbox_limit" mail_to f@v.test too-much
ok "is full" wait_for 10 log_has a \
    'to=<f@v.test>.*dsn=5.2.2, status=bounced .*would pass its limit'
like "an unknown one is refused at RCPT" "$(printf '%s\n' 'EHLO c' \
    'MAIL FROM:<>' 'RCPT TO:<nosuch@v.test>' QUIT | smtp a 127.0.0.1)" \
    '^550 5\.1\.1 '

ok "root without an alias" mail_to root@a.test to-root
ok "has a file in the mail spool" wait_for 10 mailbox_has a root to-root
is "that is not root's" "$(on a stat -c %U /var/mail/root)" nobody
ok "postmaster too" mail_to postmaster@a.test to-postmaster
ok "is read there" wait_for 10 mailbox_has a root 'Subject: to-postmaster'

ok "mail to alice" mail_to alice@a.test before-lock
ok "arrives" wait_for 10 mailbox_has a alice 'Subject: before-lock'
size=$(stat -c %s "$root/var/mail/alice")
: >"$root/var/mail/alice.lock"
conf a 'deliver_lock_attempts = 2' 'mailbox_size_limit = 2000'
ok "reload" on a posthouse reload
ok "mail to a locked mailbox" mail_to alice@a.test while-locked
ok "waits" wait_for 20 log_has a \
    'to=<alice@a.test>.*status=deferred .cannot update mailbox'
is "and leaves it as it was" "$(stat -c %s "$root/var/mail/alice")" "$size"
rm "$root/var/mail/alice.lock"
ok "mqueue -f" on a mqueue -f
ok "it arrives" wait_for 20 mailbox_has a alice 'Subject: while-locked'
printf 'From b@a.test  Sat Nov 21 00:00:00 2026\n\ntext\n' \
    >"$root/var/mail/alice.lock"
on a sh -c 'cd /var/mail; chown bob alice.lock; chmod 600 alice.lock
    touch -d "1 day ago" alice.lock'
ok "mail where the dotlock is another's mailbox" mail_to alice@a.test beside
ok "waits too" wait_for 20 sh -c 'nsenter -t "$1" -n -m -u -r -w \
    /usr/local/bin/mqueue | grep -q "cannot update mailbox"' x "$pid_a"
ok "and leaves the other's mail alone" grep -q '^text' \
    "$root/var/mail/alice.lock"
rm "$root/var/mail/alice.lock"
ok "mqueue -f once more" on a mqueue -f
ok "and it arrives" wait_for 20 mailbox_has a alice 'Subject: beside'
ok "a message beyond the limit" on a sh -c \
    '(echo "Subject: large"; echo; seq 1000) | sendmail -f x@a.test alice@a.test'
ok "is returned" wait_for 10 log_has a \
    'to=<alice@a.test>.*dsn=5.2.2, status=bounced'
ok "and is not in the mailbox" not mailbox_has a alice 'Subject: large'

conf a 'mailbox_command = cat >>"$HOME/by-$USER-$LOCAL"' \
    'recipient_delimiter = +'
ok "reload" on a posthouse reload
ok "an address with shell text" mail_to '"bob+x;touch${IFS}tmp`id`"@a.test' evil
ok "is harmless text for the command" wait_for 10 test -s \
    "$root/home/bob/by-bob-bob+x_touch__IFS_tmp_id_"
ok "mailbox_command" mail_to 'bob+x@a.test' to-command
ok "as the user" wait_for 10 grep -q 'Subject: to-command' \
    "$root/home/bob/by-bob-bob+x"

conf a 'mailbox_command = sleep 3'
ok "reload" on a posthouse reload
ok "mail for a slow command" mail_to bob@a.test slow
ok "is begun" wait_for 10 on a pgrep -u bob sleep
on a sh -c 'kill -9 $(pidof deliver)'
ok "deliver is killed: later" wait_for 10 log_has a \
    'to=<bob@a.test>.*status=deferred'
ok "no command is left" wait_for 5 not on a pgrep -u bob sleep
ok "a new one is there" wait_for 10 on a pidof deliver
ok "mqueue -f again" on a mqueue -f
ok "and it is delivered" wait_for 15 log_has a \
    'to=<bob@a.test>.*status=sent .delivered to command: sleep 3'

conf a 'mailbox_command =' 'recipient_delimiter = -'
ok "reload" on a posthouse reload
rcpt_reply() { # ADDRESS
	printf '%s\n' 'EHLO c' 'MAIL FROM:<>' "RCPT TO:<$1>" QUIT |
	    smtp a 127.0.0.1
}
like "an account with the delimiter in its name is taken at RCPT" \
    "$(rcpt_reply web-data@a.test)" '^250 2\.1\.5 '
like "a user with an extension too" "$(rcpt_reply bob-web@a.test)" \
    '^250 2\.1\.5 '
like "nobody with an extension is not" "$(rcpt_reply nosuch-web@a.test)" \
    '^550 5\.1\.1 '
ok "mail to the account" mail_to web-data@a.test to-web-data
ok "is in its mailbox" wait_for 10 mailbox_has a web-data \
    'Subject: to-web-data'
ok "mail to the user with an extension" mail_to bob-web@a.test to-bob-web
ok "is in the user's" wait_for 10 mailbox_has a bob 'Subject: to-bob-web'

ok "only the new programs are left" wait_for 10 sh -c \
    '[ "$(nsenter -t "$1" -n -m -u -r pidof deliver | wc -w)" = 1 ]' x "$pid_a"
on a sh -c 'kill -9 $(pidof deliver) $(pidof lookup)'
ok "mail while deliver and lookup are started again" \
    mail_to alice@a.test in-the-gap
ok "waits for them and is delivered" wait_for 10 mailbox_has a alice in-the-gap
ok "at the first attempt" log_lacks a \
    'to=<alice@a.test>.*status=deferred .(no answer|another)'
lab_done
