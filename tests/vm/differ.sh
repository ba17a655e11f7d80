#!/bin/sh
# A few random programs of process calls (tests/differ/) say the same on Furca as on a Linux that is asked at the same time;
# without a Linux kernel in /boot nothing is compared.
. "$(dirname "$0")/lib.sh"
said=$(sh tests/differ/run.sh -c "${FURCA_CPUS:-1}" -n 20 "${FURCA_SEEDS:-100}" "${FURCA_LAST_SEED:-121}" 2>&1)
status=$?
case $said in
skipped*) echo "# $said" ;;
esac
same "differ: what Linux says" 0 $status
[ $status = 0 ] || echo "$said" | head -n 40 | cut -c1-200 | sed 's/^/# /'
finish
