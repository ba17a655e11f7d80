#!/bin/sh
# Makes the system call table from syscall/syscalls.tbl.  usage: gen_syscalls.sh ARCH OUTDIR
#   OUTDIR/syscalls.h        prototypes: long sys_NAME(types)
#   OUTDIR/syscall_table.h   wrappers from registers, the table by number, and the rows (name, argument kinds)
# Columns of a row: name, numbers for x86_64, arm, aarch64 ("-": none), then kind:name of each argument, or "regs".
# Kinds: int uint long ulong size off; in out io str ptr: user addresses (read, written, both, string, not accessed).
set -eu
arch=$1 out=$2
awk -v arch="$arch" -v out="$out" '
BEGIN {
	col = arch == "x86_64" ? 2 : arch == "arm" ? 3 : 4
	t["int"]="int"; t["uint"]="unsigned"; t["long"]="long"; t["ulong"]="unsigned long"; t["size"]="size_t"; t["off"]="loff"
	t["in"]=t["out"]=t["io"]=t["str"]=t["ptr"]="uptr"
	c["int"]="i"; c["uint"]="u"; c["long"]="l"; c["ulong"]="L"; c["size"]="n"; c["off"]="o"
	c["in"]="R"; c["out"]="W"; c["io"]="B"; c["str"]="S"; c["ptr"]="P"
	h = out "/syscalls.h"; f = out "/syscall_table.h"
	print "/* made from syscall/syscalls.tbl */\n#ifndef GEN_SYSCALLS_H\n#define GEN_SYSCALLS_H\n#include \"base/types.h\"" > h
	print "/* made from syscall/syscalls.tbl */" > f
}
/^#/ || NF == 0 { next }
{
	name=$1; nr=$col; proto=""; call=""; kinds=""; n=0
	for (i=5;i<=NF;i++) {
		split($i, p, ":")
		if (!(p[1] in t)) { print "syscalls.tbl:" NR ": kind " p[1] > "/dev/stderr"; exit 1 }
		proto = proto (n ? ", " : "") t[p[1]] " " p[2]
		call = call (n ? ", " : "") "(" t[p[1]] ")" substr("abcdef", n+1, 1)
		kinds = kinds c[p[1]]; n++
	}
	print "long sys_" name "(" (n ? proto : "void") ");" > h
	if (nr == "-") next
	print "static long call_" name "(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) { return sys_" name "(" call "); }" > f
	tab[nr]=name; kind[nr]=kinds; args[nr]=n; if (nr+0 > max) max=nr+0
}
END {
	print "#endif" > h
	print "#define SYSCALL_COUNT " max+1 > f
	print "const syscall_fn syscall_table[SYSCALL_COUNT] = {" > f
	for (i=0;i<=max;i++) print "\t" ((i in tab) ? "call_" tab[i] : "syscall_none") "," > f
	print "};\nconst struct syscall_row syscall_rows[SYSCALL_COUNT] = {" > f
	for (i=0;i<=max;i++) if (i in tab) print "\t[" i "] = { \"" tab[i] "\", " args[i] ", \"" kind[i] "\" }," > f
	print "};" > f
}' syscall/syscalls.tbl
