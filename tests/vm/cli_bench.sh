#!/bin/sh
# furca bench: tables, raw lines, files and pictures; the same once installed; and what it says to bad words.
. "$(dirname "$0")/lib.sh"
LINUX=$(ls -v /boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-*-generic 2>/dev/null | tail -n 1)

# bench OPTIONS...: both streams and the status are left in $SCRATCH
bench() {
	timeout 280 "$FURCA" bench ${FURCA_KERNEL:+--kernel $FURCA_KERNEL} "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null
	status=$?
	[ $status = 0 ] || sed 's/^/# /' "$SCRATCH/err" | head -n 12
}

# bad NAME TEXT OPTIONS...
bad() {
	name=$1 text=$2; shift 2
	timeout 60 "$FURCA" bench "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null; same "bench: $name: status" 125 $?
	holds "bench: $name: line" "furca: $text" "$(cat "$SCRATCH/err")"
	same "bench: $name: one line" 1 "$(wc -l <"$SCRATCH/err" | tr -d ' ')"
	same "bench: $name: no output" 0 "$(wc -c <"$SCRATCH/out" | tr -d ' ')"
}

bench --help; same "bench: --help" 0 $status
holds "bench: --help says how" "usage: furca bench" "$(cat "$SCRATCH/out")"
bench --list; same "bench: --list" 0 $status
for suite in basic deferred growth; do
	holds "bench: --list has the suite $suite" "$suite" "$(cut -d ' ' -f 1 "$SCRATCH/out" | sort -u)"
done

bench --kernels furca --mode icount --samples 3 fork getppid
same "bench: a table: status" 0 $status
holds "bench: a table: a row" "| getppid " "$(cat "$SCRATCH/out")"
same "bench: a table: silence" "" "$(cat "$SCRATCH/err")"
first=$(cat "$SCRATCH/out")
[ -n "${FURCA_KERNEL:-}" ] || { bench --kernels furca --mode icount --samples 3 fork getppid; same "bench: the same twice" "$first" "$(cat "$SCRATCH/out")"; }
bench --raw --kernels furca getppid regions:100 --mode wall
same "bench: raw lines" "furca wall getppid furca wall regions:100" "$(cut -d ' ' -f 1-3 "$SCRATCH/out" | tr '\n' ' ' | sed 's/ $//')"
bench --dry-run --kernels furca --mode wall --accel tcg --cpus 2 getppid
holds "bench: --dry-run" "-smp 2" "$(cat "$SCRATCH/out")"

if [ -n "$LINUX" ]; then
	mkdir "$SCRATCH/figures"
	bench --linux "$LINUX" --kernels furca,lean --mode icount --samples 1 --output "$SCRATCH/figures" fork fork_16m getppid
	same "bench: against Linux: status" 0 $status
	ratio=$(awk -F '|' '/^\| fork / { print ($5 > 1) }' "$SCRATCH/out")
	[ -n "${FURCA_KERNEL:-}" ] || same "bench: against Linux: fork is quicker" 1 "$ratio"
	holds "bench: --output: the page" "fork_16m" "$(cat "$SCRATCH/figures/results.md")"
	same "bench: --output: the figures" 6 "$(grep -c '"operation"' "$SCRATCH/figures/results.json")"
	if command -v python3 >/dev/null; then
		python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$SCRATCH/figures/results.json"; same "bench: --output: it is JSON" 0 $?
	fi
	if command -v gnuplot >/dev/null; then
		holds "bench: --output: a picture" "</svg>" "$(cat "$SCRATCH/figures/latency.svg")"
	fi
else
	ok "bench: against Linux # skipped: there is none"
fi

# Installed elsewhere, with nothing of the tree at hand.
if make -s install DESTDIR="$SCRATCH/root" PREFIX=/usr >"$SCRATCH/log" 2>&1; then
	(cd / && timeout 280 "$SCRATCH/root/usr/bin/furca" bench --kernels furca --mode icount --raw getppid) >"$SCRATCH/out" 2>&1 </dev/null
	holds "bench: installed" "furca icount getppid" "$(cat "$SCRATCH/out")"
else
	not_ok "bench: make install"; sed 's/^/# /' "$SCRATCH/log" | tail -n 5
fi

bad "no such operation" "nothing to measure by this name: walk:" walk
bad "no such point's curve" "nothing to measure by this name: walk:10:" walk:10
bad "no such option" "unknown option: --nope:" --nope
bad "an option of run's" "unknown option: --with:" --with x fork
bad "no such kernel" "cannot read the kernel: nope:" --kernel nope fork
bad "no such Linux" "cannot read the kernel: nope:" --kernels lean --linux nope fork
bad "not a Linux" "not a Linux kernel: build/furca-kernel:" --linux build/furca-kernel --kernels lean fork
bad "kernels that are none" "not a value for this option: --kernels windows:" --kernels windows fork
bad "a mode that is none" "not a value for this option: --mode time:" --mode time fork
bad "samples that are none" "not a value for this option: --samples 0:" --samples 0 fork
bad "counting under KVM" "--mode icount with --accel kvm:" --mode icount --accel kvm fork
bad "no folder" "no such folder: nope:" --kernels furca --output nope fork
timeout 100 "$FURCA" bench --kernels furca --mode icount --timeout 1 growth >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null
same "bench: no end in time: status" 125 $?
holds "bench: no end in time: line" "the benchmark took too long" "$(cat "$SCRATCH/err")"
timeout 100 "$FURCA" bench --kernels furca --mode icount -m 20 fork_1g >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null
same "bench: too little memory: status" 125 $?
holds "bench: too little memory: line" "ended before the benchmark did" "$(cat "$SCRATCH/err")"
finish
