#!/bin/sh
# The debug build's checks: each wrong that /proc/furca/provoke does on purpose is found and told in the right words, with a
# call trace; the machine ends where it must, and lives on where a report is enough.
FURCA_KERNEL=
. "$(dirname "$0")/lib.sh"
[ -r "$TOP/build/furca-kernel-debug" ] || { not_ok "debug: no build/furca-kernel-debug: make DEBUG=y kernel"; finish; }
FURCA_OPTIONS="--kernel $TOP/build/furca-kernel-debug --verbose --with $(command -v sleep)"
err=$SCRATCH/err

# wrong WHAT TEXT...: the VM panics with the first text in its panic's line and the others somewhere
wrong() {
	what=$1; shift
	furca --cpus 2 -m 256M sh -c "echo $what > /proc/furca/provoke; echo lived on" > "$SCRATCH/out" 2> "$err" < /dev/null
	same "debug: $what: status" 125 $?
	same "debug: $what: nothing runs after it" "" "$(cat "$SCRATCH/out")"
	holds "debug: $what: why" "$1" "$(grep '^furca: panic: ' "$err")"
	shift
	for text; do
		holds "debug: $what: told" "$text" "$(cat "$err")"
	done
	holds "debug: $what: to the end" "furca: panic: end" "$(cat "$err")"
}
wrong lock-order "locking: taken out of order" "held: spinlock"
wrong lock-twice "locking: taken twice" "held: spinlock"
wrong unlock-free "locking: released by who does not hold it"
wrong sleep-in-spinlock "locking: sleeps here" "held: spinlock"
wrong mutex-in-spinlock "locking: a sleeping lock, where sleeping is not allowed" "held: spinlock"
wrong user-copy-in-spinlock "locking: sleeps here" copy_from_user
wrong use-freed "kasan: a store of 1 bytes at offset 8 of a freed kmalloc-" "freed by use_freed"
wrong overflow "beyond its end, by overflow"
wrong use-free-page "in a free page, by use_free_page"
wrong write-freed "freed by write_freed" "was written to"
wrong null "page fault in the kernel: address 0" "at null+"
wrong count-wraps "refcount misuse" "refcount of a provoked at" "by count_wraps"
wrong count-dead "refcount misuse" "refcount of a provoked at" "by count_dead"
wrong undefined-index "undefined: debug/provoke.c:" "index 40 of 'volatile int"
wrong undefined-shift "shift by 40 of 'int'"
wrong divide "division by 0 of 'int'" divide+
wrong stack-overflow "kernel stack overflow in task" "recurse+"
wrong stack-mark "was used down to its end"
# A panic tells of every CPU and every task, with names.
wrong bug "debug/provoke.c:" "call trace:" "bug+" "(swapper/" "sched_idle_loop" "(init) state" "(kwork) state" "work_run" \
	"process events:" " clone "

# lives_on SECONDS WHAT TEXT...: a report, and the VM goes on
lives_on() {
	seconds=$1 what=$2; shift 2
	furca --cpus 2 -m 256M sh -c "echo 1 > /proc/sys/kernel/watchdog_thresh; echo 1 > /proc/sys/kernel/hung_task_timeout_secs
		sleep 4; echo $what $seconds > /proc/furca/provoke; echo lived on" > "$SCRATCH/out" 2> "$err" < /dev/null
	same "debug: $what: status" 0 $?
	same "debug: $what: lives on" "lived on" "$(cat "$SCRATCH/out")"
	for text; do
		holds "debug: $what: told" "$text" "$(cat "$err")"
	done
}
lives_on 4 sleep "INFO: task sh:" "blocked for more than 1 seconds." "state:D" "sleep_long+"
lives_on 4 sleep-with-mutex "INFO: task sh:" "from sleep_with_mutex+"
lives_on 5 loop "watchdog: BUG: soft lockup - CPU#" "stuck for 2s! [sh:" "loop+" "sched_idle_loop+"
lives_on 5 loop-in-spinlock "watchdog: BUG: soft lockup - CPU#" "held: spinlock"
lives_on 4 loop-without-interrupts "NMI watchdog: Watchdog detected hard LOCKUP on cpu" "loop_without_interrupts+"
same "debug: what is unknown is refused" "Invalid argument" \
	"$(furca sh -c 'echo nonsense > /proc/furca/provoke' 2>&1 < /dev/null | sed -n 's/.*I\/O error/Invalid argument/p;s/.*\(Invalid argument\).*/\1/p' | head -1)"
finish
