#!/bin/sh
# Turns what programs.sh measured into a table: report.sh FOLDER
set -eu
cd "$1"
cat <<END
# Totals that users feel: bench/programs.sh

Wall time of Debian's own programs in one and the same QEMU (TCG, $CPUS CPUs, $MEMORY), all their files in memory: Linux 6.1 as it
comes, *lean* (as in bench/results.md), and Furca. One run each, taken $(date -u +%Y-%m-%d), while the host's load was $(cut -d' ' -f1 /proc/loadavg).

| | Linux, default | Linux, lean | Furca | lean / Furca |
|---|---|---|---|---|
END
awk -v names="bash_loop_1000=bash: 1,000 times /bin/true;make_j2=make -j2, 13 C files, gcc -O1;pgbench=pgbench, 4 connections, read and write;pgbench_connections=pgbench -S, a connection for each transaction;redis_set_rps=Redis SET, 400,000 keys;redis_set_p99=... 99 % within;redis_set_worst=... worst;redis_set_saving_rps=Redis SET while BGSAVE runs;redis_set_saving_p99=... 99 % within;redis_set_saving_worst=... worst;redis_last_fork=... its fork, as Redis tells;pool_1g=python: Pool(8), 512 pieces of work, 1 GiB parent" '
{ n = split(FILENAME, part, "/"); kernel = part[n]; sub(/\.txt$/, "", kernel); value[$1, kernel] = $2; unit[$1] = $3 }
function cell(name, kernel) { return ((name, kernel) in value) ? value[name, kernel] " " unit[name] : "-" }
END {
	n = split(names, rows, ";")
	for (i = 1; i <= n; i++) {
		split(rows[i], row, "=")
		a = value[row[1], "lean"]; b = value[row[1], "furca"]; gain = "-"
		if (a > 0 && b > 0)
			gain = sprintf("%.1f", unit[row[1]] ~ /ps$/ ? b / a : a / b)
		print "| " row[2] " | " cell(row[1], "linux") " | " cell(row[1], "lean") " | " cell(row[1], "furca") " | " gain " |"
	}
}' $(ls linux.txt lean.txt furca.txt 2>/dev/null)
cat <<'END'

The last column is above 1 where Furca is better (less time, or more in a second). pgbench: scale 2, fsync off, a unix socket, 10 s.
Redis: values of 200 bytes, 8 clients on a unix socket, eight BGSAVEs one after another.
END
