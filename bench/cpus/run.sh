#!/bin/sh
# Fork throughput on 1, 2 and 4 CPUs, as many workers as CPUs, from processes of their own and from threads of one:
# bench/cpus/run.sh [furca|linux]...   (both unless named)
# A line is: kernel, mode, CPUs, the kernel's instructions a fork without turns of waiting loops and with, wall microseconds a
# fork. Instructions are counted on all CPUs by the plugin count.c, and a short run is taken off a long one, so that boot
# does not count. Then, for Furca, how often each lock was found taken in the long run, how many turns or sleeps
# that took, how many microseconds, and how often CPUs flushed each other. FORKS is the long run's number.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build} FORKS=${FORKS:-2000}
out=$BUILD/bench/cpus; mkdir -p "$out"
flags="-std=gnu2x -O2 -Wall -Wextra -Werror -Wno-unused-parameter"
gcc $flags -shared -fPIC -o "$out/count.so" bench/cpus/count.c
gcc $flags -static -pthread -o "$out/forks" bench/cpus/forks.c

machine() { # KERNEL CPUS MODE FORKS OPTIONS...: leaves what the program prints in $out/text
	kernel=$1 cpus=$2 mode=$3 forks=$4; shift 4
	if [ "$kernel" = furca ]; then set -- --kernel "$FURCA" "$@"; else set -- --kernel "$LINUX" "$@"; fi
	"$BUILD/furca" run --timeout 280 --cpus "$cpus" "$@" "$out/forks" "$mode" "$cpus" "$forks" >"$out/text"
}
counted() { # KERNEL CPUS MODE FORKS: "WORK WAITING"
	machine "$@" --qemu -plugin --qemu "$PWD/$out/count.so,out=$PWD/$out/count"
	cat "$out/count"
}
FURCA=${FURCA:-$BUILD/furca-kernel}
LINUX=${LINUX:-$(ls -v /boot/vmlinuz-*-cloud-amd64 2>/dev/null | tail -n 1)}
few=$((FORKS / 10))
printf '%-6s %-10s %4s %12s %14s %8s\n' kernel mode CPUs instructions 'with waiting' 'wall us'
for kernel in ${*:-furca linux}; do
	for mode in processes threads; do
		for cpus in 1 2 4; do
			short=$(counted "$kernel" "$cpus" "$mode" "$few")
			long=$(counted "$kernel" "$cpus" "$mode" "$FORKS")
			machine "$kernel" "$cpus" "$mode" "$FORKS"
			echo "$short $long $(sed -n 's/^us //p' "$out/text")" |
				awk -v n=$((FORKS - few)) -v all="$FORKS" -v head="$kernel $mode $cpus" '{
				split(head, h, " "); work = ($3 - $1) / n; waiting = ($4 - $2) / n
				printf "%-6s %-10s %4s %12.0f %14.0f %8.0f\n", h[1], h[2], h[3], work, work + waiting, $5 / all }'
			sed -nE 's/^(lock|flush) /       &/p' "$out/text"
		done
	done
done
