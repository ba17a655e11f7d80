#!/bin/sh
# Hostile programs on Furca, best on its checking build: what they find is a kernel that panics, hangs or warns.
#   sh tests/fuzz/run.sh [-c CPUS] [-m MODES] [-n STEPS] [-w WORKERS] [-u UID] FIRST [LAST]    the seeds
# MODES are of elf, memory, calls, spaces, files (all of them); CPUS 1 and 4. What the kernel holds more of afterwards is told, and
# no failure: caches grow, and files stay. Environment: FURCA (the tool), FURCA_KERNEL, SECONDS_EACH (280: of one machine).
set -u
cd "$(dirname "$0")/../.." || exit 2
CPUS="1 4" MODES="elf memory calls spaces files" OPTIONS="" BUILD=${BUILD:-build}
while getopts c:m:n:w:u: option; do
	case $option in
	c) CPUS=$OPTARG ;;
	m) MODES=$OPTARG ;;
	n | w | u) OPTIONS="$OPTIONS -$option $OPTARG" ;;
	*) sed -n '3,5s/^# *//p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { sed -n '3,5s/^# *//p' "$0" >&2; exit 2; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
for cpus in $CPUS; do
	for mode in $MODES; do
		# The program ends by way of a shell: the machine still runs one.
		# shellcheck disable=SC2016,SC2086
		timeout "${SECONDS_EACH:-280}" "${FURCA:-$BUILD/furca}" run --verbose --cpus "$cpus" ${FURCA_KERNEL:+--kernel "$FURCA_KERNEL"} \
			--with "$BUILD/tests/fuzz" --with /bin/true --with /lib64/ld-linux-x86-64.so.2 --with /lib/x86_64-linux-gnu/libc.so.6 \
			/bin/sh -c '"$@"; echo "a shell runs"' fuzz "$PWD/$BUILD/tests/fuzz" $OPTIONS "$mode" "$@" > "$log" 2>&1 < /dev/null
		grep '^left over:' "$log" | sed "s/^/$mode, $cpus processors: /"
		grep -q '^a shell runs' "$log" && grep -q '^end [0-9]' "$log" &&
			! grep -aE '^memory: tag|panic|KASAN|UBSAN|WARNING' "$log" && continue
		echo "$mode, $cpus processors, seeds $*: failed"
		tail -n 20 "$log"
		status=1
	done
done
exit $status
