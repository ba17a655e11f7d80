#!/bin/sh
# On a terminal: isatty, the size and its changes, Ctrl-C, Ctrl-D, Ctrl-\, erase; and the terminal as it was, afterwards.
. "$(dirname "$0")/lib.sh"

typed "tty: isatty on all three, Ctrl-C" "status 130 terminal restored" \
	--with /bin/cat sh -c 'test -t 0 && test -t 1 && test -t 2 && echo alltty; exec cat' <<'X'
expect alltty\r\n
send \x03
X
typed "tty: Ctrl-backslash" "status 131 terminal restored" --with /bin/cat sh -c 'echo ready; exec cat' <<'X'
expect ready\r\n
send \x1c
X
typed "tty: echo, erase, kill, end of file" "status 5 terminal restored" --with /bin/cat sh -c 'echo ready; cat; exit 5' <<'X'
expect ready\r\n
send abx\x7fc\n
expect abc\r\n
send nonsense\x15line\n
expect \nline\r\n
send \x04
X
typed "tty: window size and its changes" "status 0 terminal restored" \
	--with /usr/bin/stty sh -c 'stty size; trap "stty size; exit 0" WINCH; echo ready; while :; do :; done' <<'X'
expect 24 80
expect ready\r\n
size 30 100
expect 30 100
X
typed "tty: a shell at its prompt" "status 3 terminal restored" sh <<'X'
expect # 
send echo $((6*7))\n
expect \n42\r\n
send exit 3\n
X
typed "tty: SIGTERM to the tool" "status 143 terminal restored" sh -c 'echo ready; while :; do :; done' <<'X'
expect ready
signal 15
X
typed "tty: the tool killed outright" "status 137 terminal restored" sh -c 'echo ready; while :; do :; done' <<'X'
expect ready
signal 9
X
typed "tty: the terminal hangs up" "status 129 terminal gone" sh -c 'echo ready; while :; do :; done' <<'X'
expect ready
hangup
X
typed "tty: an error of the tool's own" "status 127 terminal restored" no-such-program <<'X'
expect no such program
X

# Mixed: each stream is what it is for the caller.
echo piped > "$SCRATCH/in"
actual=$("$PTY" -t 30 -0 "$SCRATCH/in" "$FURCA" run $FURCA_OPTIONS --with /bin/cat sh -c 'test -t 0 || test -t 1 && echo mixed; cat' <<'X'
expect mixed\r\n
expect piped\r\n
X
)
same "tty: input from a file" "status 0 terminal restored" "$(echo $actual)"
actual=$("$PTY" -t 30 -1 "$SCRATCH/out" "$FURCA" run $FURCA_OPTIONS sh -c 'echo ready >&2; test -t 0 && test ! -t 1 && test -t 2 && echo mixed; read x; echo "got $x"' <<'X'
expect ready\r\n
send word\n
expect word\r\n
X
)
same "tty: output to a file" "status 0 terminal restored" "$(echo $actual)"
same "tty: the file's contents" "mixed got word" "$(echo $(cat "$SCRATCH/out"))"

typed "tty: the copy-on-write sample" "status 0 terminal restored" "$TOP/build/samples/copy_on_write" <<'X'
expect data 10\r\n
expect data 20\r\n
expect Parent process
expect data 10\r\n
X
finish
