#!/bin/sh
# Small inits and sandboxes, unmodified: tini, dumb-init, bwrap, busybox's and util-linux's unshare. What is not installed is
# left out.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 1
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
has() { command -v "$1" > /dev/null; }
WITH=""
for p in sh sleep ps cat id hostname mount unshare tini dumb-init bwrap busybox ls kill true readlink grep mkdir chroot; do
	f=$(env which "$p" 2> /dev/null) && WITH="$WITH --with $f"
done
# in_vm NAME EXPECTED SCRIPT: what the shell script prints
in_vm() {
	# shellcheck disable=SC2086
	same "inits: $1" "$2" "$(echo $(furca $WITH sh -c "$3" 2>&1 < /dev/null))"
}

if has unshare && has ps; then
	in_vm "unshare: two processes in a pid namespace" "PID TTY STAT TIME COMMAND 1 sh 2 ps" \
		"unshare -Urpf --mount-proc sh -c 'ps ax; :' | while read -r pid tty stat time command rest; do
			case \$pid in PID) echo PID TTY STAT TIME COMMAND ;; *) echo \$pid \$command ;; esac; done"
	in_vm "unshare: root in a user namespace" "0 0 0 1" "unshare -Ur sh -c 'id -u; cat /proc/self/uid_map'"
	in_vm "unshare: a host name of one's own" "inside" "before=\$(hostname); unshare -u sh -c 'hostname inside; hostname'
		[ \"\$(hostname)\" = \"\$before\" ] || echo changed"
	in_vm "unshare: mounts of one's own" "cgroup1 gone" "unshare -m sh -c 'mount -t tmpfs none /tmp; echo cgroup1 > /tmp/new; cat /tmp/new'
		[ -e /tmp/new ] || echo gone"
	in_vm "unshare: exit status and death" "3 143" "unshare -pf sh -c 'exit 3'; echo \$?; unshare -pf --kill-child sh -c 'kill -9 1; exit 143'; echo \$?"
fi
if has busybox; then
	in_vm "busybox unshare" "1 0" "busybox unshare -f -p -r -m sh -c 'echo \$\$; id -u'"
fi
if has tini; then
	in_vm "tini: status" 7 "tini -s -- sh -c 'exit 7'; echo \$?"
	in_vm "tini: a signal's status" 143 "tini -s -- sh -c 'kill -TERM \$\$'; echo \$?"
	in_vm "tini: as process 1 reaps orphans" "1 none 4" "unshare -pf --mount-proc tini -- sh -c '[ \"\$(cat /proc/1/comm)\" = tini ] && echo 1
		sh -c \"sleep 0.1 &\"; sleep 0.5; ps -eo stat | grep -q Z || echo none; exit 4'; echo \$?"
	in_vm "tini: as a subreaper" "reaped 5" "tini -s -- sh -c 'sh -c \"sleep 0.1 &\"; sleep 0.4; echo reaped; exit 5'; echo \$?"
fi
if has dumb-init; then
	in_vm "dumb-init: status" 9 "dumb-init sh -c 'exit 9'; echo \$?"
	in_vm "dumb-init: passes signals on" "got 6" "dumb-init sh -c 'trap \"echo got; exit 6\" USR1; kill -USR1 \$PPID; sleep 5 & wait'; echo \$?"
	in_vm "dumb-init: rewrites them" "got 0" "dumb-init -r 15:12 sh -c 'trap \"echo got; exit 0\" USR2; kill -TERM \$PPID; sleep 5 & wait'; echo \$?"
fi
if has bwrap; then
	# The initramfs cannot be pivoted away from: a root above it can.
	root="mkdir /r; mount --rbind / /r; cd /r; mount --move . /; exec chroot . sh -c"
	in_root() { in_vm "$1" "$2" "$root \"$3\""; }
	in_root "bwrap: a root of its own" "hello 0" "bwrap --ro-bind / / --dev /dev --proc /proc sh -c 'echo hello'; echo \\\$?"
	in_root "bwrap: all namespaces" "2 8" "bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all --die-with-parent sh -c 'echo \\\$\\\$; exit 8'; echo \\\$?"
	in_root "bwrap: read-only" "refused" "bwrap --ro-bind / / --dev /dev --proc /proc sh -c 'echo x > /new' 2> /dev/null || echo refused"
	in_root "bwrap: a tmpfs and an identity" "42 found" "bwrap --ro-bind / / --tmpfs /tmp --unshare-user --uid 42 sh -c 'id -u; echo found > /tmp/x; cat /tmp/x'"
	in_root "bwrap: host name" "box" "bwrap --ro-bind / / --unshare-uts --hostname box hostname"
fi
finish
