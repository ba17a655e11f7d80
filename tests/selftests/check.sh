#!/bin/sh
# Runs Linux's own tests on our kernel and compares with what docs/coverage.selftests has: none may pass fewer than there.
cd "$(dirname "$0")/../.." || exit 1
[ -r /usr/src/linux-source-6.12.tar.xz ] || { echo "ok selftests: the sources of Linux are not installed"; exit 0; }
sh tests/selftests/build.sh || exit 1
sh tests/selftests/run.sh furca "$@" | awk '
FNR == NR { if ($0 !~ /^#/) { split($0, f, "|"); split(f[3], c, " "); wanted[f[1]] = c[1] + 0 } next }
{ if ($2 >= wanted[$1]) print "ok " $1; else { print "not ok " $1 "\n# passed " $2 ", wanted " wanted[$1]; bad = 1 } }
END { exit bad }' docs/coverage.selftests -
