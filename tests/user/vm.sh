#!/bin/sh
# Runs the user-space tests in a VM: vm.sh [-m MEGABYTES] [-c CPUS] [-t SECONDS] [-n TIMES] linux|furca [AREA|AREA/NAME...]
# Packs build/tests/{user,user-musl}, and for furca build/tests/furca, with the runner as /init, boots it, and ends with the runner's own verdict.
# With -n each runs so many times in a row. The kernel is Debian's newest cloud kernel or build/furca-kernel; KERNEL=FILE overrides both.
set -eu
MEMORY=512 LIMIT=1500 CPUS=${CPUS:-1} TIMES=1
while [ $# -gt 0 ]; do
	case $1 in
	-m) MEMORY=$2; shift 2 ;;
	-c) CPUS=$2; shift 2 ;;
	-t) LIMIT=$2; shift 2 ;;
	-n) TIMES=$2; shift 2 ;;
	*) break ;;
	esac
done
which=$1; shift
# Several emulated CPUs wait for the host's: each hand-over between them is a thread's wake-up there.
EACH=${EACH:-$([ "$CPUS" = 1 ] && echo 90 || echo 300)}
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $which in
linux) kernel=${KERNEL:-$(ls -v /boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-*-generic 2>/dev/null | tail -n 1)} ;;
furca) kernel=${KERNEL:-$BUILD/furca-kernel} ;;
*) echo "vm.sh: linux or furca, not '$which'" >&2; exit 2 ;;
esac
[ -r "$kernel" ] || { echo "vm.sh: no kernel '$kernel'"; echo "0 passed, 1 failed"; exit 1; }
top=$(mktemp -d); trap 'rm -rf "$top"' EXIT INT TERM
mkdir -p "$top/root/proc" "$top/root/dev" "$top/root/tmp" "$top/root/sys" "$top/root/tests"
# A folder stands for the tests in it; nothing named: for all.
if [ $# = 0 ]; then
	set -- user user-musl
	[ "$which" = furca ] && set -- "$@" furca
fi
for one; do
	case $one in user | user/* | user-musl | user-musl/* | furca | furca/*) ;; *) one=user/$one ;; esac
	[ -e "$BUILD/tests/$one" ] || { echo "vm.sh: there is no test '$one'"; echo "0 passed, 1 failed"; exit 1; }
	for file in $(cd "$BUILD/tests" && find "$one" -type f -perm -100); do
		mkdir -p "$top/root/tests/$(dirname "$file")"
		strip -o "$top/root/tests/$file" "$BUILD/tests/$file"
	done
done
cp "$BUILD/tests/runner" "$top/root/init"
(cd "$top/root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$top/initrd"
# The emulated machine is some ten times slower than the host: the time a program may take grows accordingly.
timeout "$LIMIT" qemu-system-x86_64 -M q35 -accel tcg -cpu "${CPU:-max,la57=off}" -m "$MEMORY" -smp "$CPUS" -nodefaults -no-user-config \
	-display none -no-reboot -serial stdio -kernel "$kernel" -initrd "$top/initrd" \
	-append "console=ttyS0 ${LOG:-quiet loglevel=0} ${KARGS:-} -- -v -t $EACH -n $TIMES /tests" </dev/null 2>&1 | stdbuf -oL tr -d '\r' | tee "$top/log" || true
tail -n 1 "$top/log" | grep -q '^[0-9]* passed, 0 failed' && exit 0
grep -q '^[0-9]* passed, [0-9]* failed' "$top/log" || echo "0 passed, 1 failed (the machine ended without a verdict)"
exit 1
