#!/bin/sh
# Builds and runs the tests by parts: tests/run.sh [quick|full|PART...]. Each group's output goes to build/tests/log/GROUP;
# failing groups are shown. The last line is the sum, "N passed, N failed"; the status is 0 when all passed.
#   host       the tree's rules, unit tests, the tool's unit tests, models: on this machine itself
#   user       the user tests on Furca: release on 1 CPU and on 2, debug on 2 (most areas)
#   matrix     the user tests on Furca: release and debug, each on 1, 2 and 4 CPUs
#   repeat     the tests in which tasks meet, REPEAT times (50) each on 4 CPUs
#   stress     processes that share page tables, half a minute on 4 CPUs; little memory
#   vm         whole programs: tests/vm/*.sh, each a group
#   python     python's own tests, in full
#   linux      the same user tests and programs on Debian's Linux in the VM, and on this machine's own: the oracle
#   selftests  Linux's own tests, none worse than the documents say: release and debug, each on 1, 2 and 4 CPUs
#   soak       SOAK seconds (300) of sharing page tables on 4 CPUs, release and debug
#   stress-ng  20 stressors on 4 CPUs, STRESS_SECONDS (60) each, release and debug
# quick is host, user, stress and vm; full is all of them, with matrix for user; it takes some hours.
# A group counts by its own "N passed, N failed" lines or, without one, by its "ok ..." and "not ok ..." lines. One that prints
# neither, or that ends badly without naming a failure, is a failure.
set -u
cd "$(dirname "$0")/.." || exit 1
full=""
case ${1:-quick} in
quick) set -- host user stress vm ;;
full) full=y; set -- host matrix repeat stress vm linux python selftests soak stress-ng ;;
esac
for part; do
	case $part in
	host | user | matrix | repeat | stress | vm | linux | python | selftests | soak | stress-ng) ;;
	*) echo "run.sh: there is no part '$part'"; echo "0 passed, 1 failed"; exit 2 ;;
	esac
done
MAKE="make --no-print-directory -j2"
DEBUG_KERNEL=build/furca-kernel-debug
log=build/tests/log
rm -rf "$log"; mkdir -p "$log"
passed=0 failed=0

start() { # NAME SECONDS COMMAND...
	name=$1 seconds=$2; shift 2
	begin=$(date +%s)
	timeout -k 10 "$seconds" "$@" >"$log/$name" 2>&1 </dev/null
	echo "$? $(($(date +%s) - begin))" >"$log/.$name"
}

count() { # NAME: what was started, at its end
	name=$1 status=1 took=0
	read -r status took <"$log/.$name"
	good=$(awk '/^[0-9]+ passed, [0-9]+ failed/ { n += $1 } END { print n + 0 }' "$log/$name")
	bad=$(awk '/^[0-9]+ passed, [0-9]+ failed/ { n += $3 } END { print n + 0 }' "$log/$name")
	if ! grep -q '^[0-9]* passed, [0-9]* failed' "$log/$name"; then
		good=$(grep -c '^ok ' "$log/$name")
		bad=$(grep -c '^not ok ' "$log/$name")
	fi
	note=""
	if [ "$bad" = 0 ] && [ "$status" != 0 ]; then
		bad=1 note=" (status $status)"
	elif [ "$bad" = 0 ] && [ "$good" = 0 ]; then
		bad=1 note=" (nothing was run)"
	fi
	[ "$status" = 124 ] && note=" (it was ended: too long)"
	passed=$((passed + good)) failed=$((failed + bad))
	echo "$name: $good passed, $bad failed$note, $took s"
	if [ "$bad" != 0 ]; then
		grep -E -A 12 '^(not ok|FAIL|# )|[Ee]rror|panic' "$log/$name" | head -n 80 | sed 's/^/    /'
		echo "    ... all of it: $log/$name"
	fi
}

group() { # NAME SECONDS COMMAND...
	start "$@"
	count "$1"
}

# The user tests, all or some areas, with one kernel on so many CPUs: a group to start.
user() { # CPUS [AREA...]
	cpus=$1; shift
	start "user-$cpus" 1500 sh tests/user/vm.sh -m 512 -c "$cpus" -t 1480 furca "$@"
}

user_debug() { # CPUS [AREA...]
	cpus=$1; shift
	start "user-debug-$cpus" 1500 env EACH=300 KERNEL=$DEBUG_KERNEL sh tests/user/vm.sh -m 512 -c "$cpus" -t 1480 furca "$@"
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
	exit
}

# Each program of tests/vm is a group. Two go side by side, for they wait a good deal of their time.
programs() { # PREFIX SECONDS
	prefix=$1 seconds=$2
	for lane in 0 1; do
		n=0
		for script in $(program_scripts); do
			n=$((n + 1))
			[ $((n % 2)) = $lane ] && start "$prefix$(basename "$script" .sh)" "$seconds" sh "$script"
		done &
	done
	wait
	for script in $(program_scripts); do
		count "$prefix$(basename "$script" .sh)"
	done
}

program_scripts() { ls tests/vm/*.sh | grep -v /lib.sh; }

# -- the parts --

part_host() {
	group check 60 sh tools/check.sh
	group unit-test 600 $MAKE unit-test
	group cli-test 300 $MAKE cli-test
	group models 200 sh docs/models/check.sh
}

# Two machines side by side: a suite waits some of its time. The checking build takes some three times as long.
part_user() {
	user_debug 2 fork cow exec clone wait thread signal mm limits furca &
	user 2
	user 1 fork cow exec wait thread signal sched mm
	wait
	for name in user-1 user-2 user-debug-2; do
		count $name
	done
}

part_matrix() {
	for cpus in 1 2; do
		user_debug $cpus &
		user $cpus
		wait
		count user-$cpus
		count user-debug-$cpus
	done
	user 4; count user-4
	user_debug 4; count user-debug-4
}

part_repeat() {
	times=${REPEAT:-50}
	group repeat $((times * 120)) sh tests/user/vm.sh -m 512 -c 4 -t $((times * 120 - 20)) -n "$times" furca \
		fork cow clone thread wait signal pid ptrace exec cgroup
}

part_stress() {
	group stress 120 env KARGS="FURCA_STRESS_SECONDS=30" sh tests/user/vm.sh -c 4 -t 110 furca stress/tree
	group user-scarce 300 env EACH=280 KARGS="FURCA_TEST_SCALE=$([ "$full" ] && echo 100 || echo 40)" \
		sh tests/user/vm.sh -m 32 -t 290 furca furca/scarce limits/oom
}

part_vm() {
	programs vm- 300
}

part_python() {
	group python 3600 env FULL=y sh tests/vm/python.sh
}

part_linux() {
	linux=$(ls -v /boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-*-generic 2>/dev/null | tail -n 1)
	group user-linux 1800 $MAKE test-user-linux
	[ "$(id -u)" = 0 ] && group user-native 600 $MAKE test-user-native
	export FURCA_KERNEL="$linux" FURCA_SECONDS=200
	programs linux- 1200
	unset FURCA_KERNEL FURCA_SECONDS
}

part_selftests() {
	for cpus in 1 2 4; do
		group selftests-$cpus 3600 env AS=furca-$cpus CPUS=$cpus sh tests/selftests/check.sh
		group selftests-debug-$cpus 7200 env AS=debug-$cpus CPUS=$cpus SLOWER=4 KERNEL=$DEBUG_KERNEL sh tests/selftests/check.sh
	done
}

part_soak() {
	group soak $((${SOAK:-300} * 2 + 900)) $MAKE soak SOAK="${SOAK:-300}"
}

part_stress_ng() {
	seconds=$((20 * (${STRESS_SECONDS:-60} * 2 + 60)))
	group stress-ng $seconds sh tests/stress-ng/run.sh
	group stress-ng-debug $((seconds * 2)) env FURCA_KERNEL="$PWD/$DEBUG_KERNEL" sh tests/stress-ng/run.sh
}

# Without a kernel the rest has nothing to say; the host's own tests still do.
echo "building"
for what in all "tests samples build/tests/pty_expect" "DEBUG=y kernel"; do
	# shellcheck disable=SC2086
	if ! $MAKE -k $what >"$log/build" 2>&1; then
		echo "make $what: failed"; tail -n 30 "$log/build" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done
for part; do
	if [ "$part" != host ] && ! { [ -r build/furca-kernel ] && [ -r $DEBUG_KERNEL ]; }; then
		echo "$part: not run, for there are no kernels"
		failed=$((failed + 1))
		continue
	fi
	case $part in
	stress-ng) part_stress_ng ;;
	*) "part_$part" ;;
	esac
done
finish
