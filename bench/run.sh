#!/bin/sh
# Runs bench.c on Furca and on Debian's Linux, each as it comes and lean, in one and the same QEMU, counting instructions and
# measuring wall time, and writes bench/results.md and bench/results.json, and the pictures of plot.sh.
#   bench/run.sh [-k "furca linux lean"] [-m "icount wall"] [NAME...]
# NAME picks operations (then nothing but the raw numbers is printed, and no result file is written).
set -eu
KERNELS="furca linux lean" MODES="icount wall"
while getopts k:m: option; do
	case $option in
	k) KERNELS=$OPTARG ;;
	m) MODES=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
LINUX=${LINUX:-$(ls -v /boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-*-generic 2>/dev/null | tail -n 1)}
FURCA=${FURCA:-$BUILD/furca-kernel}
MEMORY=${MEMORY:-4096}
LEAN="mitigations=off init_on_alloc=0 audit=0 lsm= apparmor=0 cgroup_disable=memory psi=0 randomize_kstack_offset=off"
out=$BUILD/bench; mkdir -p "$out/root/proc" "$out/root/bin"
cp "$BUILD/bench/bench" "$out/root/init"
cp -L /bin/true "$out/root/bin/"
ldd /bin/true | grep -o '/[^ ]*' | while read -r file; do
	mkdir -p "$out/root$(dirname "$file")"
	cp -L "$file" "$out/root$file"
done
(cd "$out/root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$out/initrd"

run() { # kernel mode names...
	kernel=$1 mode=$2; shift 2
	case $kernel in
	furca) image=$FURCA args="" ;;
	linux) image=$LINUX args="" ;;
	lean) image=$LINUX args=$LEAN ;;
	*) echo "run.sh: furca, linux or lean, not '$kernel'" >&2; exit 2 ;;
	esac
	[ -r "$image" ] || { echo "run.sh: no kernel '$image'" >&2; return 1; }
	count="" plugin=""
	[ -n "${PLUGIN:-}" ] && plugin="-plugin $PLUGIN"
	[ "$mode" = icount ] && count="-icount shift=0,sleep=off -seed 1 -rtc base=2024-01-01T00:00:00,clock=vm"
	# shellcheck disable=SC2086
	timeout "${LIMIT:-1200}" qemu-system-x86_64 -M q35 -accel tcg -cpu qemu64,+rdrand -m "$MEMORY" -smp 1 -nodefaults \
		-no-user-config -display none -no-reboot -serial stdio $count $plugin -kernel "$image" -initrd "$out/initrd" \
		-append "console=ttyS0 quiet loglevel=0 $args -- $mode $*" </dev/null 2>&1 | tr -d '\r' >"$out/$kernel-$mode.log" || true
	sed -n 's/^\([a-z0-9_]* [0-9]* [0-9]* [0-9]*\)$/\1/p' "$out/$kernel-$mode.log" >"$out/$kernel-$mode.txt"
	grep -q '^end$' "$out/$kernel-$mode.log" || {
		echo "run.sh: $kernel ($mode) did not reach its end; the last lines:" >&2
		tail -n 8 "$out/$kernel-$mode.log" >&2
		return 1
	}
}

status=0
rm -f "$out"/*.txt
for mode in $MODES; do
	for kernel in $KERNELS; do
		run "$kernel" "$mode" "$@" || status=1
		[ $# -gt 0 ] && sed "s/^/$kernel $mode /" "$out/$kernel-$mode.txt"
	done
done
[ $# -gt 0 ] && exit $status
sh bench/report.sh "$out" "$KERNELS" "$MODES" || status=1
sh bench/plot.sh || status=1
cat bench/results.md
exit $status
