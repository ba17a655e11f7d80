#!/bin/sh
# Every address that a system call takes is bad in every way (tests/pointers/bad_pointers.c): the calls return what Linux's
# return, but for what tests/pointers/differences lists with a reason, and leave nothing behind.
#   sh tests/vm/bad_pointers.sh            compares with what Linux 6.1 said (tests/pointers/linux-6.1)
#   sh tests/vm/bad_pointers.sh --record   asks Linux again, after a call was added to syscall/syscalls.tbl
. "$(dirname "$0")/lib.sh"
FURCA_SECONDS=280
program=$TOP/build/tests/bad_pointers known=$TOP/tests/pointers/linux-6.1 differences=$TOP/tests/pointers/differences

if [ "${1:-}" = --record ]; then
	linux=$(ls -v /boot/vmlinuz-6.1*-cloud-amd64 | tail -n 1)
	furca --kernel "$linux" "$program" > "$SCRATCH/linux" && cp "$SCRATCH/linux" "$known"
	exit
fi
furca "$program" > "$SCRATCH/all" 2> "$SCRATCH/err" < /dev/null
same "bad pointers: status" 0 $?
same "bad pointers: to the end" end "$(tail -n 1 "$SCRATCH/all")"
same "bad pointers: nothing is left behind" "" "$(grep 'objects are left' "$SCRATCH/all")"
grep -v 'objects are left' "$SCRATCH/all" > "$SCRATCH/said"
diff "$known" "$SCRATCH/said" | awk '/^[<>]/ { print $2, $3 }' | sort -u > "$SCRATCH/other"
grep -v '^#' "$differences" | awk '{ print $1, $2 }' | sort -u > "$SCRATCH/listed"
same "bad pointers: errors are Linux's" "" "$(comm -23 "$SCRATCH/other" "$SCRATCH/listed")"
finish
