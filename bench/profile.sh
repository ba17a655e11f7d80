#!/bin/sh
# Where the instructions of one operation of `furca bench --list`, or of one point of a curve (regions:1000), go, by kernel function:
# profile.sh NAME [LINES]
# The operation runs 51 times and once, under QEMU's -icount with the plugin profile.c; the difference is the operation's own,
# without boot. A line is: instructions an operation, calls an operation, function; USER is the program itself.
set -eu
[ $# -ge 1 ] || { echo "usage: profile.sh NAME [LINES]" >&2; exit 2; }
name=$1 lines=${2:-40}
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
out=$BUILD/bench/profile; mkdir -p "$out"
gcc -std=gnu2x -O2 -Wall -Wextra -Werror -Wno-unused-parameter -shared -fPIC -o "$out/profile.so" bench/profile.c

run() { # samples: leaves blocks.SAMPLES and prints the median
	"$BUILD/furca" bench --kernels furca --mode icount --raw --samples "$1" --qemu -plugin \
		--qemu "$PWD/$out/profile.so,out=$PWD/$out/blocks.$1" "$name" | awk -v name="$name" '$3 == name { print $4 }'
}
run 1 >/dev/null
median=$(run 51)
{
	nm -n "$BUILD/x86_64/kernel.elf" | awk '$2 ~ /^[tTwW]$/ { print $1, "A", $3 }'
	awk '{ print $1, "B", $2 * $3, $3 }' "$out/blocks.51"
	awk '{ print $1, "B", -$2 * $3, -$3 }' "$out/blocks.1"
} | sort | awk -v median="$median" '
$2 == "A" { symbol = $3; start = $1; next }
{
	who = $1 < "8" ? "USER" : symbol
	count[who] += $3
	total += $3
	if ($1 == start && who != "USER") calls[who] += $4
}
END {
	scale = median / total
	printf "%8.0f          all\n", median
	for (who in count) printf "%8.0f %8.1f %s\n", count[who] * scale, calls[who] * scale, who
}' | sort -rn | head -n "$lines"
