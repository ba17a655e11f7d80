#!/bin/sh
# Makes the list of system calls for bad_pointers.c from syscall/syscalls.tbl: gen.sh TABLE > calls.h
# A call without a user address is not in it.
awk '
!/^#/ && NF >= 5 && $2 != "-" {
	has = 0
	args = ""
	for (i = 5; i <= NF; i++) {
		split($i, a, ":")
		if (a[1] ~ /^(in|out|io|str)$/)
			has = 1
		args = args sprintf("{\"%s\", \"%s\"}, ", a[1], a[2])
	}
	if (has)
		printf "\t{\"%s\", %d, %d, {%s}},\n", $1, $2, NF - 4, args
}' "$1"
