#!/bin/sh
# The options that change the machine: --machine, --cpus, -m, --deterministic, --verbose, --dry-run, --append, --qemu.
. "$(dirname "$0")/lib.sh"

same "options: q35" "hello" "$(echo hello | furca --machine q35 cat)"
same "options: q35 exit status" 7 "$(furca --machine q35 sh -c 'exit 7'; echo $?)"
kb=$(furca -m 256 sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
[ "${kb:-0}" -gt 150000 ] && [ "$kb" -le 262144 ]; same "options: -m 256 ($kb kB)" 0 $?
holds "options: --append" "made.up=word" "$(furca --append made.up=word cat /proc/cmdline)"
same "options: --verbose leaves the output alone" x "$(furca --verbose echo x 2>"$SCRATCH/log")"
[ -s "$SCRATCH/log" ]; same "options: --verbose shows the log" 0 $?
same "options: silence without it" "" "$(furca true 2>&1)"
out=$(furca --dry-run -m 256 true); holds "options: --dry-run" "-m 256M" "$out"
holds "options: --dry-run names the machine" "-M microvm" "$out"
holds "options: --qemu" "-name 'a b'" "$(furca --dry-run --qemu -name --qemu 'a b' true)"
holds "options: --gdb" "-gdb tcp:127.0.0.1:1234" "$(furca --dry-run --gdb true)"
holds "options: --accel tcg" "-accel tcg" "$(furca --dry-run --accel tcg true)"

for machine in microvm q35; do
	for i in 1 2; do
		echo input | furca --deterministic --machine $machine --with /bin/cat --with /bin/date \
			sh -c 'read x; echo "$x"; cat /proc/uptime; date +%s.%N; i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; date +%s.%N' > "$SCRATCH/$i"
	done
	same "options: --deterministic reads its input ($machine)" input "$(head -1 "$SCRATCH/1")"
	cmp -s "$SCRATCH/1" "$SCRATCH/2"; same "options: --deterministic twice ($machine)" 0 $?
done
finish
