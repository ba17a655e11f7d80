#!/bin/sh
# Draws what `furca bench --output DIR` has written there: plot.sh DIR. Needs gnuplot. The counted instructions of:
#   results.json    latency.svg (fork() over resident memory) and ratios.svg (how many times as many instructions Linux needs)
#   deferred.json   deferred.svg (fork, writes, exit and wait over the part that is written)
#   growth.json     growth.svg (fork, exit and wait over what the parent has)
# Where nothing but wall time was measured (KVM), that is drawn.
set -eu
dir=${1:?usage: plot.sh DIR}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# figures FILE: "operation kernel median" of one way of measuring; the unit goes to $unit, the fair peer to $peer
figures() {
	mode=icount unit=instructions
	grep -q '"mode": "icount"' "$1" || { mode=wall unit=nanoseconds; }
	sed -n 's/.*"operation": "\([^"]*\)", "kernel": "\([^"]*\)", "mode": "'$mode'", "median": \([0-9]*\).*/\1 \2 \3/p' "$1" >"$scratch/all"
	peer=linux
	! grep -q ' lean ' "$scratch/all" || peer=lean
}

# curve NAME...: leaves $scratch/NAME.KERNEL, "point median" in order; a point of 0 is drawn at $zero on a log axis
curve() {
	for name; do
		for kernel in furca lean linux; do
			awk -v name="$name" -v kernel="$kernel" -v zero="${zero:-0}" '
			$2 == kernel && index($1, name ":") == 1 { x = substr($1, length(name) + 2); print (x == 0 ? zero : x), $3 }' \
				"$scratch/all" | sort -n >"$scratch/$name.$kernel"
		done
	done
}

# lines NAME: what gnuplot is to plot of a curve
lines() {
	sep=""
	for kernel in linux lean furca; do
		[ -s "$scratch/$1.$kernel" ] || continue
		case $kernel in
		linux) color=b0b0b0 title="Linux, as it comes" ;;
		lean) color=d08030 title="Linux, lean" ;;
		furca) color=2060b0 title="Furca" ;;
		esac
		printf '%s"%s" using 1:2 with linespoints lw 2 pt 7 ps 0.6 lc rgb "#%s" title "%s"' "$sep" "$scratch/$1.$kernel" $color "$title"
		sep=", "
	done
	[ -n "$sep" ] || printf '1/0 notitle'
}

common='set terminal svg noenhanced size 760,440 font "sans,13" background "white"
set logscale xy
set key top left
set format y "10^{%T}"
set grid lc rgb "#dddddd"'

draw_latency() {
	for kernel in furca lean linux; do
		awk -v kernel="$kernel" '
		BEGIN { mib["fork"] = 1; mib["fork_16m"] = 16; mib["fork_256m"] = 256; mib["fork_1g"] = 1024 }
		$2 == kernel && ($1 in mib) { print mib[$1], $3 }' "$scratch/all" | sort -n >"$scratch/latency.$kernel"
	done
	[ -s "$scratch/latency.furca" ] || return 0
	gnuplot <<X
$common
set terminal svg enhanced size 760,440 font "sans,13" background "white"
set output "$dir/latency.svg"
set title "fork() in the parent"
set xlabel "resident memory of the parent, MiB"
set ylabel "$unit"
set xtics (1, 16, 256, 1024)
set xrange [1:1024]
plot $(lines latency)
X
}

draw_ratios() {
	awk -v peer="$peer" '
	{ n[$1, $2] = $3; if (!($1 in seen)) { seen[$1] = 1; order[++count] = $1 } }
	END {
		for (i = 1; i <= count; i++) {
			op = order[i]
			if (op != "bytes_per_child" && n[op, "furca"] && n[op, peer])
				printf "%s %.2f\n", op, n[op, peer] / n[op, "furca"]
		}
	}' "$scratch/all" | sort -k2,2n >"$scratch/ratios"
	[ -s "$scratch/ratios" ] || return 0
	gnuplot <<X
set terminal svg noenhanced size 760,760 font "sans,13" background "white"
set output "$dir/ratios.svg"
set title "$unit: $([ $peer = lean ] && echo "lean ")Linux / Furca"
set logscale x
set xrange [0.1:100000]
set format x "%g"
set xlabel "times"
unset key
set grid lc rgb "#dddddd"
set style fill solid
set boxwidth 0.6
set ytics scale 0
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "#606060"
plot "$scratch/ratios" using (sqrt(\$2)):0:(\$2 > 1 ? 1 : \$2):(\$2 > 1 ? \$2 : 1):(\$0 - 0.3):(\$0 + 0.3):ytic(1) with boxxyerror lc rgb "#2060b0"
X
}

draw_deferred() {
	zero=0.3
	curve child_order child_random parent_order parent_random child_order_worst child_random_worst parent_order_worst parent_random_worst
	zero=""
	panel() { # NAME TITLE
		echo "set title \"$2\""
		echo "plot $(lines "$1")"
	}
	gnuplot <<X
$common
set terminal svg enhanced size 900,1000 font "sans,12" background "white"
set output "$dir/deferred.svg"
set multiplot layout 4,2 columnsfirst
set key bottom right
set xrange [0.25:120]
set xtics ("0" 0.3, "1" 1, "10" 10, "50" 50, "100" 100)
set xlabel "written, % of 1 GiB" offset 0,0.5
set ylabel "$unit"
$(panel child_order "all of it; the child writes in order")
unset key
$(panel child_random "all of it; the child writes at random")
$(panel parent_order "all of it; the parent writes in order")
$(panel parent_random "all of it; the parent writes at random")
$(panel child_order_worst "worst write; the child, in order")
$(panel child_random_worst "worst write; the child, at random")
$(panel parent_order_worst "worst write; the parent, in order")
$(panel parent_random_worst "worst write; the parent, at random")
unset multiplot
X
}

draw_growth() {
	zero=0.5
	curve regions descriptors threads children children_wait_any pid_levels
	zero=""
	panel() { # NAME TITLE
		echo "set xlabel \"$2\" offset 0,0.5"
		echo "plot $(lines "$1")"
	}
	gnuplot <<X
$common
set terminal svg enhanced size 900,860 font "sans,12" background "white"
set output "$dir/growth.svg"
set multiplot layout 3,2 title "fork, exit and wait over what the parent has"
set format x "10^{%T}"
set ylabel "$unit"
set offsets graph 0.05, graph 0.05, graph 0.1, graph 0.1
$(panel regions "regions (VMAs), a page each")
unset key
$(panel descriptors "open descriptors")
$(panel threads "threads")
$(panel children "children alive")
$(panel children_wait_any "children alive; wait for any child")
set format x "%g"
set xtics ("0" 0.5, 1, 2, 4, 8, 16, 32)
$(panel pid_levels "levels of pid namespaces")
unset multiplot
X
}

if [ -r "$dir/results.json" ]; then figures "$dir/results.json"; draw_latency; draw_ratios; fi
if [ -r "$dir/deferred.json" ]; then figures "$dir/deferred.json"; draw_deferred; fi
if [ -r "$dir/growth.json" ]; then figures "$dir/growth.json"; draw_growth; fi
