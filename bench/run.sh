#!/bin/sh
# `make bench`, `make bench-deferred` and `make bench-growth` by `furca bench`: on Furca and on Debian's Linux, as it comes and lean,
# in instructions and in wall time; the tables, figures and pictures go to bench/.
#   bench/run.sh [-k "furca linux lean"] [-m "icount wall"] [SUITE|NAME...]
# All wall figures anew, on a quiet machine:  make bench bench-deferred bench-growth
# NAME picks operations: then nothing but the raw numbers is printed, and no result file is written. Environment: FURCA and LINUX name
# kernels, MEMORY megabytes, PLUGIN a plugin of QEMU's.
set -eu
KERNELS="furca linux lean" MODES="icount wall"
while getopts k:m: option; do
	case $option in
	k) KERNELS=$OPTARG ;;
	m) MODES=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
cd "$(dirname "$0")/.."
report=--raw samples=5 suite=basic
case "$*" in
"" | basic | deferred | growth) report="--output=bench" suite=${1:-basic}; set -- ;;
esac
[ "$suite" = basic ] && [ $# -gt 0 ] && suite=""
for word; do case $word in samples=*) samples=${word#samples=} ;; *) suite="$suite $word" ;; esac; done
# shellcheck disable=SC2086
exec "${BUILD:-build}/furca" bench --kernels "$KERNELS" --mode "$MODES" $report --samples "$samples" --accel tcg \
	${FURCA:+--kernel "$FURCA"} ${LINUX:+--linux "$LINUX"} ${MEMORY:+-m "$MEMORY"} ${PLUGIN:+--qemu -plugin --qemu "$PLUGIN"} $suite
