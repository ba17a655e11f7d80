#!/bin/sh
# A few hostile programs (tests/fuzz/) leave the machine running.
. "$(dirname "$0")/lib.sh"
for mode in elf memory calls spaces; do
	said=$(sh tests/fuzz/run.sh -c "${FURCA_CPUS:-1}" -m $mode -n 12 "${FURCA_SEEDS:-1}" "${FURCA_LAST_SEED:-2}" 2>&1)
	status=$?
	same "fuzz: $mode" 0 $status
	[ $status = 0 ] || echo "$said" | tail -n 30 | cut -c1-200 | sed 's/^/# /'
done
finish
