#!/bin/sh
# Exit statuses: the program's own, death by a signal, a timeout, what cannot be run, our own errors.
. "$(dirname "$0")/lib.sh"

furca true; same "status: true" 0 $?
furca sh -c 'exit 7'; same "status: exit 7" 7 $?
furca sh -c 'kill -SEGV $$'; same "status: killed by SIGSEGV" 139 $?
furca sh -c 'kill -KILL $$'; same "status: killed by SIGKILL" 137 $?

out=$(furca --timeout 5 sh -c 'echo begun; while :; do :; done'); same "status: timeout" 124 $?
same "status: output before the timeout" begun "$out"
out=$(furca --timeout 5 sh -c 'trap "echo told; exit 3" TERM; while :; do :; done'); same "status: timeout that is noticed" 124 $?
same "status: SIGTERM on a timeout" told "$out"

# Signals to the tool reach the program. background PROGRAM...: waits until it has said "ready"; sets $pid.
background() {
	# shellcheck disable=SC2086
	"$FURCA" run $FURCA_OPTIONS --timeout 60 "$@" > "$SCRATCH/out" 2> "$SCRATCH/err" &
	pid=$! n=0
	while ! grep -q ready "$SCRATCH/out" && [ $n -lt 300 ]; do sleep 0.1; n=$((n + 1)); done
}
for pair in INT:130 TERM:143 HUP:129; do
	background sh -c 'echo ready; while :; do :; done'
	kill -"${pair%:*}" $pid; wait $pid; same "status: SIG${pair%:*} to the tool" "${pair#*:}" $?
done
background sh -c 'trap "echo caught; exit 9" INT; echo ready; while :; do :; done'
kill -INT $pid; wait $pid; same "status: SIGINT is caught" 9 $?
holds "status: handler ran" caught "$(cat "$SCRATCH/out")"

# A reader that has stopped reading does not keep the tool from ending.
mkfifo "$SCRATCH/fifo"; sleep 30 < "$SCRATCH/fifo" & reader=$!
# shellcheck disable=SC2086
"$FURCA" run $FURCA_OPTIONS sh -c 'while :; do echo "a line of output that nobody reads"; done' > "$SCRATCH/fifo" & pid=$!
sleep 5; kill -TERM $pid; wait $pid; same "status: SIGTERM while output is stuck" 143 $?
kill $reader 2>/dev/null

furca no-such-program 2>"$SCRATCH/err"; same "status: not found" 127 $?
furca /etc/passwd 2>"$SCRATCH/err"; same "status: not executable" 126 $?
furca /etc 2>"$SCRATCH/err"; same "status: a folder" 126 $?

# QEMU does not outlive the tool, even if that is killed outright.
background --qemu -name --qemu "furca-test-$$" sh -c 'echo ready; while :; do :; done'
kill -KILL $pid; wait $pid 2>/dev/null; sleep 0.3
same "status: QEMU ends with the tool" "" "$(pgrep -f "[n]ame furca-test-$$")"
finish
