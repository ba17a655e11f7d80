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

# The kernel's caches are full after a short run. A daemon may outlive its stressor by a moment. stress-ng refuses to run exec
# and spawn as root.
#
# What is counted is exact, and a kind of which nothing lives is as one that was never made; mapped stacks (KernelStack) are in
# use or among the four that each CPU keeps.
cat > stress.sh <<'X2'
stressor=$1 seconds=$2 cpus=$3
case $stressor in
exec | spawn) as="setpriv --reuid 1000 --regid 1000 --clear-groups" ;;
*) as="" ;;
esac
objects() {
	awk -v cpus="$cpus" '
	$1 == "KernelStack:" { mapped = $2 / 4; next }
	$1 == "page:kstack" { used = $3 }
	$3 > 0 { print }
	END {
		print "pages of kernel stacks that nobody has", (mapped - used > 4 * cpus * 4 ? mapped - used : 0)
	}'
}
# The shell reads: another program would lie elsewhere each time, with a table more or less, and be still on its way out
# when the next one reads.
reading() { now=""; while read -r line; do now="$now$line
"; done < "$1"; }
round() {
	$as stress-ng --"$stressor" "$cpus" --timeout "$2" --temp-path /tmp > log 2>&1
	echo "status $?"
	last=""
	for try in 1 2 3 4 5 6 7 8 9 10; do	# until nothing ends by itself any more
		sleep 1
		for again in 1 2 3 4 5; do
			was=$now
			reading /proc/furca/objects
		done
		[ "$now" = "$was" ] && [ "$now" = "$last" ] && break
		last=$now
	done
	echo "$now" > "$1.read"
	reading /proc/meminfo
	echo "$now" >> "$1.read"
}
cd /tmp
for file in before.read after.read log; do : > $file; done	# as many files at each reading
round before 4
round before 1
round after "$seconds"
for when in before after; do
	grep -v '^[^:]*: .*kB$' $when.read > $when.left
	grep '^KernelStack:' $when.read >> $when.left
	objects < $when.left > $when
done
[ -s after.read ] && diff before after && echo "objects are back"
cat log
X2
programs="--with stress.sh"
for program in sh sleep cat cmp grep diff awk setpriv stress-ng; do
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
