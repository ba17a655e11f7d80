#!/bin/sh
# Draws bench/results.json: bench/latency.svg (fork() over resident memory, each kernel) and bench/ratios.svg (how many times
# as many instructions lean Linux needs). Needs gnuplot.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# "operation kernel median" of the counted instructions
sed -n 's/.*"operation": "\([^"]*\)", "kernel": "\([^"]*\)", "mode": "icount", "median": \([0-9]*\).*/\1 \2 \3/p' bench/results.json > "$scratch/all"
for kernel in furca lean linux; do
	awk -v kernel="$kernel" '
	BEGIN { mib["fork"] = 1; mib["fork_16m"] = 16; mib["fork_256m"] = 256; mib["fork_1g"] = 1024 }
	$2 == kernel && ($1 in mib) { print mib[$1], $3 }' "$scratch/all" | sort -n > "$scratch/$kernel"
done
awk '
{ n[$1, $2] = $3; if (!($1 in seen)) { seen[$1] = 1; order[++count] = $1 } }
END {
	for (i = 1; i <= count; i++) {
		op = order[i]
		if (op != "bytes_per_child" && n[op, "furca"] && n[op, "lean"])
			printf "%s %.2f\n", op, n[op, "lean"] / n[op, "furca"]
	}
}' "$scratch/all" | sort -k2,2n > "$scratch/ratios"

gnuplot <<X
set terminal svg size 760,440 font "sans,13" background "white"
set output "bench/latency.svg"
set title "fork() in the parent"
set logscale xy
set xlabel "resident memory of the parent, MiB"
set ylabel "instructions"
set format y "10^{%T}"
set xtics (1, 16, 256, 1024)
set xrange [1:1024]
set key top left
set grid lc rgb "#dddddd"
plot "$scratch/linux" using 1:2 with linespoints lw 2 pt 7 lc rgb "#b0b0b0" title "Linux 6.1, as Debian ships it", \
     "$scratch/lean" using 1:2 with linespoints lw 2 pt 7 lc rgb "#d08030" title "Linux 6.1, lean", \
     "$scratch/furca" using 1:2 with linespoints lw 2 pt 7 lc rgb "#2060b0" title "Furca"
set terminal svg noenhanced size 760,760 font "sans,13" background "white"
set output "bench/ratios.svg"
set title "Instructions: lean Linux / Furca"
unset logscale
set logscale x
set xrange [0.1:100000]
unset format
set format x "%g"
set xlabel "times"
unset ylabel
unset key
set style fill solid
set boxwidth 0.6
set xtics auto
set ytics scale 0
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "#606060"
plot "$scratch/ratios" using (sqrt(\$2)):0:(\$2 > 1 ? 1 : \$2):(\$2 > 1 ? \$2 : 1):(\$0 - 0.3):(\$0 + 0.3):ytic(1) with boxxyerror lc rgb "#2060b0"
X
