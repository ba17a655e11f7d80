#!/bin/sh
# Writes tools/cold.list: which functions of the files that are built to be quick (KFAST of tools/kernel.mk) no operation of
# `furca bench` comes by. A line is: FILE FUNCTION...; tools/kernel.mk has these made small. A name that is gone does no harm,
# a new function is quick until the list is taken anew:
#   make all && sh bench/cold.sh
# Each operation runs 51 times and once, as in profile.sh; what the difference holds ten times is the operation's own.
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
out=$BUILD/bench/cold kernel=$BUILD/furca-kernel; mkdir -p "$out"
gcc -std=gnu2x -O2 -Wall -Wextra -Werror -Wno-unused-parameter -shared -fPIC -o "$out/profile.so" bench/profile.c

rows=$("$BUILD/furca" bench --list | awk '$1 == "basic" && $2 != "boot" && $2 != "bytes_per_child" { print $2 }')
for row in $rows regions:1000 descriptors:100 threads:20 children:50 pid_levels:5 child_random:10 parent_order:10; do
	for samples in 51 1; do
		"$BUILD/furca" bench --kernels furca --mode icount --raw --samples $samples --qemu -plugin \
			--qemu "$PWD/$out/profile.so,out=$PWD/$out/blocks.$samples" "$row" >/dev/null
	done
	awk '{ n = FILENAME ~ /\.51$/ ? $3 : -$3; count[$1 " " $2] += n } END { for (b in count) if (count[b] >= 10) print b }' \
		"$out/blocks.51" "$out/blocks.1"
done | awk '$1 >= "8"' | sort -u > "$out/blocks"

# Blocks to instructions: those of a block lie one behind the other. Then every instruction to its functions, inlined ones too.
llvm-objdump -d --no-show-raw-insn "$kernel" | awk '/^[0-9a-f]+: / { print substr($1, 1, 16) }' > "$out/instructions"
awk 'NR == FNR { n[$1] = $2 > n[$1] ? $2 : n[$1]; next }
     { if ($1 in n && n[$1] > left) left = n[$1]; print (left-- > 0 ? "hot" : "cold") }' \
	"$out/blocks" "$out/instructions" > "$out/heat"
sed 's/^/0x/' "$out/instructions" | llvm-symbolizer -e "$kernel" --functions=linkage --inlines |
	awk -v RS= 'NR == FNR { split($0, heat, "\n"); next }
	            { n = split($0, line, "\n"); for (i = 1; i < n; i += 2) print heat[FNR], line[i], line[i + 1] }' "$out/heat" - |
	sort -u > "$out/functions"
make -s --eval 'files: ; @printf "%s\n" $(filter $(KFAST),$(KSRCS))' files > "$out/files"
awk 'FILENAME ~ /files$/ { quick[$1]; next }
     { sub(/\.llvm\.[0-9]*$/, "", $2) }
     $1 == "hot" { hot[$2]; next }
     { sub(/:[0-9:]*$/, "", $3); for (f in quick) if (substr($3, length($3) - length(f)) == "/" f) seen[f " " $2] }
     END { for (s in seen) { split(s, part, " "); if (!(part[2] in hot)) print s } }' "$out/files" "$out/functions" "$out/functions" |
	sort -u | awk '$1 != file { printf "%s%s", file ? "\n" : "", file = $1 } { printf " %s", $2 } END { print "" }' > tools/cold.list
wc -lw tools/cold.list
