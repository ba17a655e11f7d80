#!/bin/sh
# Makes docs/coverage.selftests from what run.sh counted on both kernels: table.sh > docs/coverage.selftests
# A line is "NAME|LINUX|FURCA|REASON", the counts being "passed failed skipped". The reasons are kept by name: they are written
# by hand, one for each program that passes less on Furca than on Linux. A program that was not run now keeps its line.
set -eu
cd "$(dirname "$0")/../.."
for f in linux furca; do [ -r build/selftests/counts.$f ] || { echo "table.sh: run.sh $f has not been run" >&2; exit 1; }; done
awk '
FILENAME ~ /coverage.selftests$/ {
	if ($0 ~ /^#/) { print; next }
	split($0, f, "|"); linux[f[1]] = f[2]; furca[f[1]] = f[3]; reason[f[1]] = f[4]; next
}
{ name = $1; sub(/^[^ ]* /, "") }
FILENAME ~ /linux$/ { linux[name] = $0 }
FILENAME ~ /furca$/ { furca[name] = $0 }
END { for (n in linux) if (n in furca) print n "|" linux[n] "|" furca[n] "|" reason[n] | "sort -V" }
' docs/coverage.selftests build/selftests/counts.linux build/selftests/counts.furca
