#!/bin/sh
# Debian's tools for namespaces, unmodified, in the VM: unshare, nsenter, lsns, bwrap, ip, tini and dumb-init.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 1
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH

# in_vm SCRIPT: what a shell prints with these programs and /proc at hand
in_vm() {
	with=""
	for t in unshare nsenter lsns bwrap ip tini dumb-init ps id cat grep readlink mount hostname sleep setpriv; do
		p=$(command -v $t) && with="$with --with $p"
	done
	# shellcheck disable=SC2086
	furca $with sh -c "mount -t proc proc /proc 2> /dev/null; $1" 2>&1
}

same "unshare -Urpf --mount-proc: two processes" "1 sh
2 ps" "$(in_vm "unshare -Urpf --mount-proc sh -c 'ps -A -o pid=,comm=; true'" | sed 's/^ *//')"
# shellcheck disable=SC2016
same "unshare -Ur by a user" "0 0
         0       1000          1
deny" "$(in_vm 'setpriv --reuid 1000 --regid 1000 --clear-groups unshare -Ur sh -c "echo \$(id -u) \$(id -g); cat /proc/self/uid_map /proc/self/setgroups"')"
# shellcheck disable=SC2016
same "nsenter, lsns" "inner
same
1" "$(in_vm 'unshare -u sh -c "hostname inner; exec sleep 30" & sleep 1; nsenter -t $! -u hostname
	[ "$(nsenter -t $! -a readlink /proc/self/ns/uts)" = "$(readlink /proc/$!/ns/uts)" ] && echo same
	lsns -n -t uts -o PID,COMMAND | grep -c "sleep 30"; kill $!')"
same "unshare -T" "boottime        10000         0" "$(in_vm "unshare -T --boottime 10000 -f cat /proc/self/timens_offsets" | grep boottime)"
if command -v ip > /dev/null; then
	same "ip: the loopback" "DOWN
UNKNOWN 127.0.0.1/8" "$(in_vm "unshare -n sh -c 'ip -o link; ip link set lo up; ip -4 -o addr; ip -o link'" |
		awk '/inet/ { a = $4 } match($0, /state [A-Z]*/) { s = substr($0, RSTART + 6, RLENGTH - 6); print s (a ? " " a : "") }')"
fi
# Linux does not let the root of an initramfs be pivoted away.
if [ -z "${FURCA_KERNEL:-}" ] && command -v bwrap > /dev/null; then
	same "bwrap --unshare-all" "boxed 2" "$(in_vm "bwrap --unshare-all --hostname boxed --ro-bind / / --proc /proc --dev /dev \
		sh -c 'echo \$(hostname) \$\$'")"
fi
for t in tini dumb-init; do
	command -v $t > /dev/null && same "$t as process 1" "ran" "$(in_vm "unshare -Urpf --mount-proc $t -- sh -c 'echo ran'")"
done
finish
