#!/bin/sh
# What a fork, an exec and a start may cost, in instructions: they repeat to within a few under QEMU's -icount, so a price that
# grew shows. The figures themselves: docs/performance.md.
. "$(dirname "$0")/lib.sh"
[ -n "${FURCA_KERNEL:-}" ] && { ok "prices: our own kernel's alone"; finish; }

make -s all >/dev/null || { not_ok "prices: building bench"; finish; }
"$FURCA" bench --kernels furca --mode icount --raw --timeout 200 boot getppid fork_exit_wait vfork_exec_wait cow_copy fork fork_1g fork_exit_wait_1g >"$SCRATCH/out" 2>&1
sed 's/^/# /' "$SCRATCH/out"

price() { awk -v op="$1" '$3 == op { print $4 }' "$SCRATCH/out"; }

# at_most NAME LIMIT PRICE
at_most() {
	if [ -n "$3" ] && [ "$3" -le "$2" ]; then
		ok "prices: $1"
	else
		not_ok "prices: $1"
		echo "# at most $2 instructions, not ${3:-none at all}"
	fi
}

fork=$(price fork) cycle=$(price fork_exit_wait)
at_most "from the kernel's entry to main()" 10000000 "$(price boot)"
at_most "getppid" 150 "$(price getppid)"
at_most "fork, _exit, wait" 30000 "$cycle"
at_most "vfork, execve, wait" 120000 "$(price vfork_exec_wait)"
at_most "a copied page" 2000 "$(price cow_copy)"
at_most "fork() with 1 GiB touched, as of a small process" $((${fork:-0} * 11 / 10)) "$(price fork_1g)"
at_most "fork, _exit, wait with 1 GiB touched" $((${cycle:-0} * 11 / 10)) "$(price fork_exit_wait_1g)"

strip -o "$SCRATCH/kernel" build/furca-kernel
at_most "the stripped kernel's bytes" 1048576 "$(stat -c %s "$SCRATCH/kernel")"
finish
