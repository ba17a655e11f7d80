#!/bin/sh
# stress-ng's stressors on several CPUs, each in a VM of its own: none fails, and afterwards as many kernel objects live as
# before. sh tests/stress-ng/run.sh [STRESSOR...]     "ok NAME" or "not ok NAME" for each; Environment:
#   STRESS_SECONDS  how long each runs (default 60)
#   CPUS            how many CPUs, and instances of the stressor (default 4)
#   FURCA_KERNEL    another kernel; FURCA_APPEND: more words for its command line
CPUS=${CPUS:-4}
STRESS_SECONDS=${STRESS_SECONDS:-60}
FURCA_SECONDS=$((STRESS_SECONDS * 3 + 120))
. "$(dirname "$0")/../vm/lib.sh"
cd "$SCRATCH" || exit 1
command -v stress-ng > /dev/null || { echo "1 passed, 0 failed (there is no stress-ng here)"; exit 0; }
[ $# = 0 ] && set -- fork vfork vforkmany clone pthread exec spawn daemon zombie session fault mmap mmapfork pipe futex sigsegv \
	sigchld schedpolicy switch context

# The kernel's caches are full after a short run. A daemon may outlive its stressor by a moment.
cat > stress.sh <<'X2'
round() {
	stress-ng --"$stressor" "$cpus" --timeout "$2" > log 2>&1
	echo "status $?"
	sleep 2
	cat /proc/furca/objects > "$1" 2> /dev/null
}
stressor=$1 cpus=$3
: > log
round after 4
round before 1
round after "$2"
diff before after && echo "objects are back"
cat log
X2
programs="--with stress.sh"
for program in sh sleep cat diff stress-ng; do
	programs="$programs --with $(command -v $program)"
done
for stressor; do
	# shellcheck disable=SC2086
	furca --cpus "$CPUS" -m 1G ${FURCA_APPEND:+--append "$FURCA_APPEND"} $programs \
		sh stress.sh "$stressor" "$STRESS_SECONDS" "$CPUS" > out 2> err < /dev/null
	status=$?
	tail -n 100 err | sed 's/^/# /'
	same "stress-ng: $stressor" "0 status 0 status 0 status 0 objects are back" "$status $(grep -v ': info: \|no CPUs found' out | tr '\n' ' ' | sed 's/ $//')"
	grep completed out | sed 's/^/# /'
done
finish
