#!/bin/sh
# Makes docs/coverage.md from syscall/syscalls.tbl, the ABI's list of numbers, docs/coverage.notes and docs/coverage.flags.
# usage: gen_coverage.sh > docs/coverage.md
set -eu
cat <<'TXT'
# Coverage

Made by `make coverage` from `syscall/syscalls.tbl`, `docs/coverage.notes` and `docs/coverage.flags`: edit those.
A call or flag that is not supported is refused with the errno given here; none is accepted and ignored, but for the
exceptions that Linux makes too and that are named.

## Clone flags
What clone3 makes of each flag with a child like fork's, with a thread (`CLONE_VM | CLONE_SIGHAND | CLONE_THREAD`), and with a
child in a namespace of its own (`CLONE_NEWPID`); `tests/user/clone/matrix.c` proves each of these cells on both kernels, and the
tests named here prove what the flag does.

| flag | like fork | thread | namespace | on Furca | test (under `tests/user/`) |
|---|---|---|---|---|---|
TXT
awk '
FNR == NR {
	if (sub(/^\tFLAG\(/, "") && sub(/\),$/, "")) { split($0, f, ", "); for (i = 2; i <= 4; i++) cell[f[1], i] = f[i] == "OK" ? "yes" : f[i] }
	next
}
!/^#/ { split($0, f, "|"); print "| `" f[1] "` | " cell[f[1], 2] " | " cell[f[1], 3] " | " cell[f[1], 4] " | " f[2] " | " f[3] " |" }
' tests/user/clone/matrix.c docs/coverage.flags
cat <<'TXT'

## System calls of x86-64
| call | on Furca |
|---|---|
TXT
awk -F'\t' '
FILENAME == "docs/coverage.notes" { if ($0 !~ /^#/) note[$1] = $2; next }
FILENAME == "syscall/syscalls.tbl" { split($0, f, " "); if ($0 !~ /^#/ && f[1] != "" && f[2] != "-") have[f[1]] = 1; next }
/^#define __NR_/ {
	split($0, f, " "); name = substr(f[2], 6)
	if (name in have) { yes++; print "| " name " | " (name in note ? note[name] : "supported") " |" }
	else { no++; missing = missing (missing ? ", " : "") name }
}
END {
	print "\n" yes " calls are supported. These " no " are refused with ENOSYS:\n\n" missing "."
}' docs/coverage.notes syscall/syscalls.tbl /usr/include/x86_64-linux-gnu/asm/unistd_64.h
cat <<'TXT'

## Linux's own tests
The programs of `tools/testing/selftests` of Linux 6.1 and 6.12, built from Debian's source packages and run by `make selftests`
in the same VM on Debian's Linux 6.1 and on Furca. Passed / failed / skipped; what 6.12 tests of newer kernels fails on both.

| test | Linux 6.1 | Furca | why they differ |
|---|---|---|---|
TXT
awk -F'|' '!/^#/ { gsub(/ /, " / ", $2); gsub(/ /, " / ", $3); print "| " $1 " | " $2 " | " $3 " | " $4 " |"
	split($2, l, " / "); split($3, f, " / "); for (i in l) { sl[i] += l[i]; sf[i] += f[i] } }
	END { print "| all | " sl[1] " / " sl[2] " / " sl[3] " | " sf[1] " / " sf[2] " / " sf[3] " | |" }' docs/coverage.selftests
