#!/bin/sh
# The standard streams: byte for byte, each its own, end of file, readers that go, input that nobody reads.
. "$(dirname "$0")/lib.sh"

same "streams: standard input to output" "abc" "$(echo abc | furca cat)"
i=0; while [ $i -lt 256 ]; do printf "\\$(printf %o $i)"; i=$((i + 1)); done > "$SCRATCH/bytes"
furca cat < "$SCRATCH/bytes" | cmp -s - "$SCRATCH/bytes"; same "streams: every byte passes" 0 $?
furca sh -c 'echo out; echo err >&2' > "$SCRATCH/1" 2> "$SCRATCH/2"
same "streams: output apart" out "$(cat "$SCRATCH/1")"
same "streams: error apart" err "$(cat "$SCRATCH/2")"
same "streams: order is kept where both are one" "a b c" "$(echo $(furca sh -c 'echo a; echo b >&2; echo c' 2>&1))"
same "streams: an empty input ends" "" "$(furca cat < /dev/null)"

head -c 100000000 /dev/urandom > "$SCRATCH/big"
same "streams: 100 MB in" "$(sha256sum < "$SCRATCH/big")" "$(furca sha256sum < "$SCRATCH/big")"
same "streams: 100 MB through pipes" "$(sha256sum < "$SCRATCH/big")" "$(cat "$SCRATCH/big" | furca cat | sha256sum)"
rm "$SCRATCH/big"

same "streams: yes | head" y "$(furca yes | head -1)"
out=$( { furca --with /usr/bin/yes sh -c 'yes; echo "status $?" >&2' | head -1 > /dev/null; } 2>&1 )
same "streams: SIGPIPE for the writer" "status 141" "$out"
furca true < /dev/zero; same "streams: endless input that nobody reads" 0 $?
same "streams: input that is read in part" 5 "$(furca head -c 5 < /dev/zero | wc -c | tr -d ' ')"
same "streams: a slow reader gets all" 3000000 "$(furca head -c 3000000 /dev/zero | (sleep 1; wc -c | tr -d ' '))"
same "streams: a background job is not waited for" hi "$(furca sh -c 'while :; do :; done & echo hi')"
same "streams: no terminal, no isatty" "none" "$(furca sh -c 'test -t 0 || test -t 1 || test -t 2 || echo none' < /dev/null 2>/dev/null)"
furca true <&- ; same "streams: closed input" 0 $?
furca echo x >&- ; same "streams: closed output" 0 $?
furca echo x > /dev/full 2>"$SCRATCH/err"; same "streams: a full disk" 125 $?
holds "streams: a full disk is said" "cannot write: standard output" "$(cat "$SCRATCH/err")"
finish
