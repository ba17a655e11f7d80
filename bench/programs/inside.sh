#!/bin/bash
# What programs.sh runs in the VM, as root of the tree it made: each measure is a line "NAME VALUE UNIT".
export PATH=/usr/bin:/bin:/usr/sbin HOME=/root LC_ALL=C
cd /work || exit 1
mkdir -p /dev/shm /tmp; chmod 1777 /tmp /dev/shm
want=${*:-loop make pgbench redis pool}

now() { echo "${EPOCHREALTIME/./}"; }
tell() { echo "measured $1 $2 $3"; }
took() { # NAME BEGIN
	local us=$(($(now) - $2))
	tell "$1" $((us / 1000)) ms
}

loop() {
	local begin
	begin=$(now)
	bash -c 'for ((i = 0; i < 1000; i++)); do /bin/true; done'
	took bash_loop_1000 "$begin"
}

# A warm round first, so that both kernels compile from the page cache.
make_project() {
	local begin
	make -s -C project part1.o >/dev/null 2>&1
	make -s -C project clean
	begin=$(now)
	make -s -C project -j2 || { echo "failed make"; return; }
	took make_j2 "$begin"
	[ "$(project/program)" = 66 ] || echo "failed make: the program's result"
}

as_postgres() { chroot --userspec=999:999 / "$@"; }
pgbench() {
	local bin=/usr/lib/postgresql/15/bin out
	chown -R 999:999 data
	chmod 700 data
	as_postgres $bin/postgres -D /work/data -c listen_addresses= -c unix_socket_directories=/tmp -c fsync=off -c autovacuum=off \
		-c dynamic_shared_memory_type=posix -c shared_buffers=64MB -c huge_pages=off >/tmp/postgres.log 2>&1 &
	for _ in $(seq 200); do
		as_postgres $bin/psql -h /tmp -U postgres -d postgres -qAtc 'select 1' >/dev/null 2>&1 && break
		sleep 0.2
	done
	out=$(as_postgres $bin/pgbench -h /tmp -U postgres -n -c 4 -j 1 -T 10 postgres 2>/tmp/pgbench.err)
	tell pgbench "$(echo "$out" | awk '/^tps/ { printf "%.0f", $3 }')" tps
	out=$(as_postgres $bin/pgbench -h /tmp -U postgres -n -S -C -c 2 -j 1 -T 10 postgres 2>>/tmp/pgbench.err)
	tell pgbench_connections "$(echo "$out" | awk '/^tps/ { printf "%.0f", $3 }')" tps
	[ -s /tmp/pgbench.err ] && { tail -n 3 /tmp/pgbench.err /tmp/postgres.log; }
	kill -INT "$(head -n 1 data/postmaster.pid)"	# the job itself is a shell, which ignores it
	wait
}

# The row of SET in redis-benchmark's CSV: requests a second, and milliseconds: mean, least, median, 95 %, 99 %, most.
load() { redis-benchmark -s /tmp/redis.sock -c 8 -n "$1" -r 400000 -d 200 -t set --csv 2>/dev/null | tail -n 1 | tr -d '"'; }
row() { # NAME CSV
	tell "$1_rps" "$(echo "$2" | cut -d, -f2 | cut -d. -f1)" rps
	tell "$1_p99" "$(echo "$2" | cut -d, -f7)" ms
	tell "$1_worst" "$(echo "$2" | cut -d, -f8)" ms
}
redis() {
	local quiet saving
	redis-server --port 0 --unixsocket /tmp/redis.sock --save '' --dir /tmp --enable-debug-command yes --logfile /tmp/redis.log &
	for _ in $(seq 100); do redis-cli -s /tmp/redis.sock ping >/dev/null 2>&1 && break; sleep 0.2; done
	redis-cli -s /tmp/redis.sock debug populate 400000 key 200 >/dev/null
	load 2000 >/dev/null
	quiet=$(load 10000)
	row redis_set "$quiet"
	(for _ in 1 2 3 4 5 6 7 8; do
		redis-cli -s /tmp/redis.sock bgsave; sleep 0.5
	done >/dev/null 2>&1) &
	saving=$(load 15000)
	row redis_set_saving "$saving"
	tell redis_last_fork "$(redis-cli -s /tmp/redis.sock info stats | tr -d '\r' | awk -F: '/latest_fork_usec/ { print $2 }')" us
	redis-cli -s /tmp/redis.sock shutdown nosave 2>/dev/null
	wait
}

pool() { python3 /work/pool.py; }

for one in $want; do
	case $one in
	make) make_project ;;
	loop | pgbench | redis | pool) $one ;;
	esac
done
echo "measured end 1 -"
