#!/bin/sh
# Random programs of process calls on Linux and on Furca, and the first step at which a program's runs differ.
#   sh tests/differ/run.sh [-c CPUS] [-m MIX] [-n STEPS] FIRST [LAST]    the seeds; Furca has CPUS processors (1 and 4)
# MIX is a row of director.c's mixes: 0 birth and death, 1 signals, 2 jobs, 3 tracing, 4 rights, 5 files, 6 memory, 7 scheduling,
# 8 namespaces, 9 the first four together, 10 everything, 11 terminals, 12 faults, 13 faults and memory, 14 control groups,
# 15 futexes, 16 to 20 pairs of these with tracing and signals; without it the seed chooses.
# A seed that differs is run again on Linux, on two processors, and on Furca: if either differs from itself there (a timer's
# signal before or after the call's return), the program leaves something to luck, and is counted and named apart. Environment: FURCA (the tool), FURCA_KERNEL, LINUX_KERNEL (the newest Debian has),
# SECONDS_EACH (280: of one machine).
set -u
cd "$(dirname "$0")/../.." || exit 2
CPUS="1 4" OPTIONS="" BUILD=${BUILD:-build} SECONDS_EACH=${SECONDS_EACH:-280}
FURCA=${FURCA:-$BUILD/furca}
while getopts c:m:n: option; do
	case $option in
	c) CPUS=$OPTARG ;;
	m | n) OPTIONS="$OPTIONS -$option $OPTARG" ;;
	*) sed -n '3,6s/^# *//p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { sed -n '3,6s/^# *//p' "$0" >&2; exit 2; }
first=$1 last=${2:-$1}
linux=${LINUX_KERNEL:-$(ls -v /boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-*-generic 2>/dev/null | tail -n 1)}
if [ ! -r "$linux" ]; then
	echo "skipped: there is no Linux kernel in /boot to compare with"
	exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# ask FILE CPUS KERNEL [ARGS...]: one machine, which says all
ask() {
	out=$1 cpus=$2 kernel=$3
	shift 3
	# shellcheck disable=SC2086
	timeout "$SECONDS_EACH" "$FURCA" run --cpus "$cpus" ${kernel:+--kernel "$kernel"} "$BUILD/tests/differ" -v $OPTIONS "$@" \
		> "$out" 2> "$out.err" < /dev/null
	[ "$(tail -n 1 "$out")" = end ] || { echo "not to the end: $*"; tail -n 3 "$out.err"; ended_badly=y; }
}

hashes() { # FILE: "SEED HASH" of each seed
	awk '$1 == "seed" { print $2, $3 }' "$1"
}

ended_badly="" decided=0 luck=0
ask "$scratch/linux" 1 "$linux" "$first" "$last"
hashes "$scratch/linux" > "$scratch/linux.hashes"
for count in $CPUS; do
	ask "$scratch/furca" "$count" "${FURCA_KERNEL:-}" "$first" "$last"
	hashes "$scratch/furca" | awk 'NR == FNR { linux[$1] = $2; next } linux[$1] != $2 { print $1 }' "$scratch/linux.hashes" - > "$scratch/other"
	while read -r seed; do
		ask "$scratch/again" 2 "$linux" "$seed"
		if [ "$(hashes "$scratch/again")" != "$(grep "^$seed " "$scratch/linux.hashes")" ]; then
			luck=$((luck + 1))
			echo "seed $seed: Linux differs from itself"
			continue
		fi
		ask "$scratch/again" "$count" "${FURCA_KERNEL:-}" "$seed"
		if [ "$(hashes "$scratch/again")" = "$(grep "^$seed " "$scratch/linux.hashes")" ]; then
			luck=$((luck + 1))
			echo "seed $seed: Furca differs from itself, and says the second time what Linux says"
			continue
		fi
		decided=$((decided + 1))
		echo "seed $seed differs with $count processors: < Linux, > Furca"
		awk -v seed="$seed" -f tests/differ/first.awk "$scratch/linux" "$scratch/furca"
	done < "$scratch/other"
done
echo "$(wc -l < "$scratch/linux.hashes") seeds, $decided differ, $luck left to luck"
[ "$decided" = 0 ] && [ -z "$ended_badly" ]
