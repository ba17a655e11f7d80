#!/bin/sh
# Builds and runs the tests by groups: tests/run.sh [quick|full]. Each group's output goes to build/tests/log/GROUP; failing
# groups are shown. The last line is the sum, "N passed, N failed"; the status is 0 when all passed.
# A group counts by its own "N passed, N failed" lines or, without one, by its "ok ..." and "not ok ..." lines. One that prints
# neither, or that ends badly without naming a failure, is a failure.
set -u
cd "$(dirname "$0")/.." || exit 1
which=${1:-quick}
MAKE="make --no-print-directory -j2"
log=build/tests/log
rm -rf "$log"; mkdir -p "$log"
passed=0 failed=0

group() { # NAME SECONDS COMMAND...
	name=$1 seconds=$2; shift 2
	begin=$(date +%s)
	timeout -k 10 "$seconds" "$@" >"$log/$name" 2>&1 </dev/null
	status=$?
	good=$(awk '/^[0-9]+ passed, [0-9]+ failed/ { n += $1 } END { print n + 0 }' "$log/$name")
	bad=$(awk '/^[0-9]+ passed, [0-9]+ failed/ { n += $3 } END { print n + 0 }' "$log/$name")
	if ! grep -q '^[0-9]* passed, [0-9]* failed' "$log/$name"; then
		good=$(grep -c '^ok ' "$log/$name")
		bad=$(grep -c '^not ok ' "$log/$name")
	fi
	note=""
	if [ "$bad" = 0 ] && [ $status != 0 ]; then
		bad=1 note=" (status $status)"
	elif [ "$bad" = 0 ] && [ "$good" = 0 ]; then
		bad=1 note=" (nothing was run)"
	fi
	[ $status = 124 ] && note=" (no end after $seconds s)"
	passed=$((passed + good)) failed=$((failed + bad))
	echo "$name: $good passed, $bad failed$note, $(($(date +%s) - begin)) s"
	if [ "$bad" != 0 ]; then
		grep -E -A 12 '^(not ok|FAIL|# )|[Ee]rror|panic' "$log/$name" | head -n 80 | sed 's/^/    /'
		echo "    ... all of it: $log/$name"
	fi
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
	exit
}

# Without a kernel the rest has nothing to say; the host's own tests still do.
echo "building"
if ! $MAKE -k all >"$log/build" 2>&1; then
	echo "build: failed"; tail -n 30 "$log/build" | sed 's/^/    /'
	failed=$((failed + 1))
fi
if ! $MAKE -k tests samples build/tests/pty_expect >"$log/build-tests" 2>&1; then
	echo "build of the tests: failed"; tail -n 30 "$log/build-tests" | sed 's/^/    /'
	failed=$((failed + 1))
fi

group check 60 sh tools/check.sh
group unit-test 600 $MAKE unit-test
group cli-test 300 $MAKE cli-test
group models 200 sh docs/models/check.sh
if [ -r build/furca-kernel ]; then
	group user 500 $MAKE test-user
	group stress 120 env KARGS="FURCA_STRESS_SECONDS=30" sh tests/user/vm.sh -c 4 -t 110 furca stress/tree
	group user-scarce 300 env EACH=280 KARGS="FURCA_TEST_SCALE=$([ "$which" = full ] && echo 100 || echo 40)" \
		sh tests/user/vm.sh -m 32 -t 290 furca furca/scarce limits/oom
	for script in tests/vm/*.sh; do
		[ "$script" = tests/vm/lib.sh ] && continue
		group "vm-$(basename "$script" .sh)" 300 sh "$script"
	done
else
	echo "no build/furca-kernel: nothing of it can be tested"
	failed=$((failed + 1))
fi
if [ "$which" = full ]; then
	linux=$(ls -v /boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-*-generic 2>/dev/null | tail -n 1)
	group user-debug 1800 $MAKE test-user-debug
	for cpus in 2 4; do
		group "user-$cpus-cpus" 1800 env CPUS=$cpus $MAKE test-user
		group "user-debug-$cpus-cpus" 1800 env CPUS=$cpus $MAKE test-user-debug
	done
	group soak 1500 $MAKE soak SOAK=300
	group user-linux 1800 $MAKE test-user-linux
	group vm-python-full 3600 env FULL=y sh tests/vm/python.sh
	group selftests 3600 sh tests/selftests/check.sh
	[ "$(id -u)" = 0 ] && group user-native 600 $MAKE test-user-native
	for script in tests/vm/*.sh; do
		[ "$script" = tests/vm/lib.sh ] && continue
		FURCA_KERNEL=$linux FURCA_SECONDS=200 group "linux-$(basename "$script" .sh)" 1200 sh "$script"
	done
fi
finish
