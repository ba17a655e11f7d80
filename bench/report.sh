#!/bin/sh
# Turns the raw numbers of run.sh into bench/results.md and bench/results.json: report.sh FOLDER "KERNELS" "MODES"
set -eu
folder=$1 kernels=$2 modes=$3
files=""
for m in $modes; do
	for k in $kernels; do
		[ -s "$folder/$k-$m.txt" ] && files="$files $folder/$k-$m.txt"
	done
done
[ -n "$files" ] || { echo "report.sh: no numbers" >&2; exit 1; }
# shellcheck disable=SC2086
awk -v md=bench/results.md -v json=bench/results.json '
FNR == 1 {
	n = split(FILENAME, part, "/"); name = part[n]; sub(/\.txt$/, "", name)
	split(name, part, "-"); kernel = part[1]; mode = part[2]
}
{
	if (!(($1) in seen)) { seen[$1] = 1; order[++count] = $1 }
	median[$1, kernel, mode] = $2; low[$1, kernel, mode] = $3; high[$1, kernel, mode] = $4
}
function commas(x,   text, i, out) {
	text = sprintf("%d", x); out = ""
	for (i = length(text); i > 0; i -= 3) out = (i > 3 ? "," : "") substr(text, i > 3 ? i - 2 : 1, i > 3 ? 3 : i) out
	return out
}
function cell(op, kernel, mode,   x, range) {
	if (!((op, kernel, mode) in median)) return "-"
	x = median[op, kernel, mode]
	if (mode == "wall" && op != "bytes_per_child") return sprintf("%.2f (%.2f-%.2f)", x / 1000, low[op, kernel, mode] / 1000, high[op, kernel, mode] / 1000)
	if (low[op, kernel, mode] == high[op, kernel, mode]) return commas(x)
	return commas(x) " (" commas(low[op, kernel, mode]) "-" commas(high[op, kernel, mode]) ")"
}
function ratio(op, mode,   f) {
	if (!((op, "furca", mode) in median) || !((op, "lean", mode) in median)) return "-"
	if (mode == "wall") {	# what else ran on the host only adds
		f = low[op, "furca", mode]
		return f ? sprintf("%.1f", low[op, "lean", mode] / f) : "-"
	}
	f = median[op, "furca", mode]
	return f ? sprintf("%.1f", median[op, "lean", mode] / f) : "-"
}
function table(mode, title, unit,   i, op) {
	print "\n## " title "\n\n| operation | Linux, default | Linux, lean | Furca | lean / Furca" (mode == "wall" ? ", minima" : "") " |\n|---|---|---|---|---|" > md
	for (i = 1; i <= count; i++) {
		op = order[i]
		if ((op, "linux", mode) in median || (op, "lean", mode) in median || (op, "furca", mode) in median)
			print "| " op " | " cell(op, "linux", mode) " | " cell(op, "lean", mode) " | " cell(op, "furca", mode) " | " ratio(op, mode) " |" > md
	}
}
END {
	print "# Measured: bench/run.sh\n" > md
	print "One static program as process 1, one CPU, QEMU q35, TCG, `-cpu qemu64,+rdrand`, 4 GiB. Medians of 5 samples (minimum-maximum)." > md
	print "`boot`: from the start of the kernel\x27s own clock to the first line of main(); Furca\x27s starts at the kernel\x27s entry, Linux\x27s some way in (and after it has unpacked itself). `bytes_per_child`: bytes." > md
	table("icount", "Instructions (icount, one instruction is one tick)", "")
	table("wall", "Wall time in microseconds", "us")
	print "\nWhat else runs on the host adds to wall time: the minima say more than the medians, and a worst single write may be the host\x27s." > md
	printf "{\n  \"unit\": {\"icount\": \"instructions\", \"wall\": \"nanoseconds\"},\n  \"results\": [" > json
	first = 1
	for (i = 1; i <= count; i++)
		for (key in median) {
			split(key, part, SUBSEP)
			if (part[1] != order[i]) continue
			printf "%s\n    {\"operation\": \"%s\", \"kernel\": \"%s\", \"mode\": \"%s\", \"median\": %d, \"minimum\": %d, \"maximum\": %d}", first ? "" : ",", part[1], part[2], part[3], median[key], low[key], high[key] > json
			first = 0
		}
	print "\n  ]\n}" > json
}' $files
