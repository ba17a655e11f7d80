#!/bin/sh
# Debian's programs that change the tree of mounts: unshare, nsenter, findmnt, mount, pivot_root, bwrap.
. "$(dirname "$0")/lib.sh"

WITH=""
for t in /bin/sh /bin/ps /usr/bin/unshare /usr/bin/nsenter /usr/bin/findmnt /bin/mount /bin/umount /usr/bin/mountpoint /bin/ls /bin/cat \
	/bin/mkdir /usr/bin/id /bin/grep /bin/true /bin/sleep /bin/echo /usr/bin/setpriv /usr/bin/bwrap \
	/usr/sbin/chroot /usr/sbin/pivot_root /usr/bin/wc; do
	[ -e "$t" ] && WITH="$WITH --with $t"
done

# in_vm SCRIPT: its output
in_vm() {
	# shellcheck disable=SC2086
	furca $WITH sh -c "$1" 2>&1 < /dev/null
}

same "namespaces: a new pid namespace has two processes" "2" \
	"$(in_vm "unshare -Urpf --mount-proc sh -c 'ps ax' | grep -c '^ *[0-9]'")"
same "namespaces: unshare -m" "/tmp tmpfs private
/tmp is not a mountpoint" \
	"$(in_vm 'unshare -m sh -c "mount -t tmpfs x /tmp && findmnt -n -o TARGET,FSTYPE,PROPAGATION /tmp | while read a b c; do echo \$a \$b \$c; done"; mountpoint /tmp')"
same "namespaces: mount --make-rshared" "shared" \
	"$(in_vm 'mount --make-rshared / && findmnt -n -o PROPAGATION / && mount --make-rprivate /')"
same "namespaces: shared and slave subtrees" "1
2
1" \
	"$(in_vm 'cd /tmp && mkdir a b && mount -t tmpfs x a && mount --make-shared a && mkdir a/in && mount --bind a b &&
		mount -t tmpfs y a/in && grep -c " /tmp/b/in " /proc/mounts && grep -c " y \| y$\|- tmpfs y" /proc/self/mountinfo &&
		umount b/in && mount --make-slave b && mount -t tmpfs z b/in && grep -c "/in " /proc/mounts')"
same "namespaces: nsenter finds what another has mounted" "inside
outside" \
	"$(in_vm 'exec 2>/dev/null; unshare -m sh -c "mount -t tmpfs x /tmp && echo inside > /tmp/f && echo ready && exec sleep 100" 2>/dev/null | { read _; :; P=
		for p in /proc/[0-9]*; do [ -e $p/root/tmp/f ] && P=${p#/proc/} && break; done
		nsenter -t $P -m cat /tmp/f; [ -e /tmp/f ] || echo outside; kill $P; } 2>/dev/null')"
same "namespaces: a user without rights mounts in a namespace of its own" "0
tmpfs" \
	"$(in_vm 'setpriv --reuid 1000 --regid 1000 --clear-groups unshare -Urm sh -c "mount -t tmpfs x /tmp; id -u; findmnt -n -o FSTYPE /tmp"')"
same "namespaces: pivot_root in a script" "new
gone" \
	"$(in_vm 'unshare -m sh -c "mount --make-rprivate /; mount -t tmpfs n /tmp; cd /tmp; mkdir old bin usr lib lib64 proc; for d in bin usr lib lib64 proc; do mount --rbind /\$d \$d; done; echo new > mark; pivot_root . old; cat /mark; umount -l /old; [ -e /old/proc/self ] || echo gone"')"
[ -e /usr/bin/bwrap ] && same "namespaces: bwrap for a user without rights" "0
empty
2" \
	"$(in_vm 'setpriv --reuid 1000 --regid 1000 --clear-groups bwrap --bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-user --unshare-pid --unshare-ipc --unshare-uts --uid 0 \
		sh -c "id -u; [ \$(ls /tmp | wc -l) = 0 ] && echo empty; ls /proc | grep -c \"^[0-9]*\$\"" | { read a; echo $a; read b; echo $b; read c; echo $((c > 1 ? 2 : c)); }')"
finish
