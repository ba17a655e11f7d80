#!/bin/sh
# Debian's tools for namespaces, unmodified, in the VM: unshare, nsenter, lsns, bwrap, ip, tini, dumb-init, crun and runc.
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

# A container of busybox alone, run as root: namespaces, a control group of its own, a program that judges devices.
cat > in_box.sh <<'END'
echo "process $$ of $(ls /proc | grep -c '^[0-9]'), $(hostname)"
cat /proc/self/cgroup
mknod /dev/kmsg c 1 11 2>&1
head -c 3 /dev/zero | wc -c
END
cat > box.sh <<'END'
b=/bin/busybox
$b mkdir -p /run /sys/fs/cgroup /box/rootfs/bin
$b mount -t proc proc /proc 2> /dev/null; $b mount -t sysfs sysfs /sys 2> /dev/null; $b mount -t cgroup2 cgroup /sys/fs/cgroup
$b cp $b /box/rootfs/bin/sh; $b cp in_box.sh /box/rootfs; cd /box
for applet in ls grep hostname cat mknod head wc; do $b ln -s sh rootfs/bin/$applet; done
$1 spec
$b sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"sh", "in_box.sh"/; s/"hostname": .*/"hostname": "box",/' config.json
$1 run --no-pivot box; echo "status $?"
END
for t in crun runc; do
	command -v $t > /dev/null && same "$t run" "process 1 of 4, box
0::/
mknod: /dev/kmsg: Operation not permitted
3
status 0" "$(furca --with "$(command -v $t)" --with box.sh --with in_box.sh /bin/busybox sh box.sh $t 2>&1 | grep -v 'oom kill count')"
done
finish
