#!/bin/sh
# A kernel panic: what happened, the call trace with names and the registers go to standard error; the tool's status is 125.
. "$(dirname "$0")/lib.sh"

furca sh -c 'echo before; echo c > /proc/sysrq-trigger; echo after' > "$SCRATCH/out" 2> "$SCRATCH/err" < /dev/null
same "panic: status" 125 $?
same "panic: output before it is not lost" before "$(cat "$SCRATCH/out")"
err=$(cat "$SCRATCH/err")
holds "panic: what happened" "sysrq triggered crash" "$err"
holds "panic: the tool's line" "furca: the kernel panicked" "$err"
holds "panic: the registers" "rsp" "$err"
holds "panic: the call trace has names" "write" "$(sed -n '/[Cc]all [Tt]race/,$p' "$SCRATCH/err")"

# Only root may; others get an ordinary error.
furca --with /bin/sh setpriv --reuid 1000 --clear-groups sh -c 'echo c > /proc/sysrq-trigger' 2> "$SCRATCH/err" < /dev/null
same "panic: not for everyone: status" 2 $?
holds "panic: not for everyone" "Permission denied" "$(cat "$SCRATCH/err")"
finish
