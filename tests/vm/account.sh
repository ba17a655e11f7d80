#!/bin/sh
# What /proc and getrusage say through a script of forks, writes, mappings and exits (tests/account/account.c) is what Linux says,
# but for what tests/account/differences and tests/account/fields list with a reason. So are the names in the files of /proc.
#   sh tests/vm/account.sh            compares with what Linux 6.1 said (tests/account/linux-6.1*), as every run there does
#   sh tests/vm/account.sh --record   asks Linux again, after the script was changed
# With FURCA_KERNEL=Linux that kernel is compared with the record, so a record that is old shows.
. "$(dirname "$0")/lib.sh"
FURCA_SECONDS=200
program=$TOP/build/tests/account here=$TOP/tests/account

ask() { # FILE KERNEL-OPTION... -- ARGS
	out=$1; shift
	furca --append transparent_hugepage=never "$@" > "$out" 2> "$SCRATCH/err" < /dev/null
}

if [ "${1:-}" = --record ]; then
	linux=$(ls -v /boot/vmlinuz-6.1*-cloud-amd64 | tail -n 1)
	ask "$SCRATCH/steps" --kernel "$linux" "$program" && ask "$SCRATCH/fields" --kernel "$linux" "$program" fields &&
		cp "$SCRATCH/steps" "$here/linux-6.1" && cp "$SCRATCH/fields" "$here/linux-6.1.fields"
	exit
fi
differences=$here/differences fields=$here/fields
if [ -n "${FURCA_KERNEL:-}" ]; then	# nothing may differ
	echo '#' > "$SCRATCH/none"
	differences=$SCRATCH/none fields=$SCRATCH/none
fi
ask "$SCRATCH/steps" "$program"
same "account: status" 0 $?
same "account: to the end" end "$(tail -n 1 "$SCRATCH/steps")"
awk -f "$here/compare.awk" "$differences" "$here/linux-6.1" "$SCRATCH/steps" > "$SCRATCH/steps.differ"
grep '^unused' "$SCRATCH/steps.differ" | sed 's/^/# no longer needed: /'
same "account: after every step what Linux says" "" "$(grep -v '^unused' "$SCRATCH/steps.differ" | sort; sed -n 1,5p "$SCRATCH/err")"
ask "$SCRATCH/fields" "$program" fields
awk -f "$here/compare_fields.awk" "$fields" "$here/linux-6.1.fields" "$SCRATCH/fields" > "$SCRATCH/fields.differ"
grep '^unused' "$SCRATCH/fields.differ" | sed 's/^/# no longer needed: /'
same "account: the names in /proc are Linux's, in its order" "" "$(grep -v '^unused' "$SCRATCH/fields.differ")"
finish
