#!/bin/sh
# stress-ng's stressors of processes, signals and memory: none fails, and afterwards as many kernel objects live as before.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 1
command -v stress-ng > /dev/null || { ok "stress: there is no stress-ng here"; finish; }

cat > stress.sh <<'X2'
# Read by the shell itself, once for the pages that it takes: where a program started for it lies is random, and with that the
# number of its page tables.
objects() { while read -r line; do echo "$line"; done < /proc/furca/objects; }
round() {
	for s in fork:100 vfork:100 clone:100 exec:10 spawn:5 zombie:100 pthread:100 mmap:3 fault:100 pipe:1000 futex:500 sigsegv:50 \
		sigq:50 kill:50 switch:500 context:100 daemon:30 wait:50 mremap:5 dup:5 mprotect:20 timer:20; do
		stress-ng --"${s%:*}" 1 --"${s%:*}"-ops "${s#*:}" --timeout 20 -q > /dev/null 2>&1 || echo "failed: ${s%:*}"
	done
	sleep 1
	objects > /dev/null; echo "objects $1"; objects
}
round 1; round 2
echo end
X2
FURCA_SECONDS=200 furca -m 512M --with stress.sh --with /bin/sh --with /bin/sleep --with /bin/cat --with "$(command -v stress-ng)" \
	sh stress.sh > out 2> err < /dev/null
same "stress: status" 0 $?
same "stress: no stressor fails" "" "$(grep '^failed' out)"
[ -n "$FURCA_KERNEL" ] && finish
# The kernel's caches are full after the first round.
sed -n '/^objects 1/,/^objects 2/p' out | grep -v '^objects' > before
sed -n '/^objects 2/,/^end/p' out | grep -v '^objects\|^end' > after
same "stress: objects were counted" yes "$([ -s before ] && echo yes)"
same "stress: as many live objects as before" "" "$(diff before after)"
finish
