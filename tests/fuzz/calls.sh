#!/bin/sh
# Makes the list of all system calls for calls.c from syscall/syscalls.tbl: calls.sh TABLE > all_calls.h
awk '
!/^#/ && NF >= 5 && $2 ~ /^[0-9]+$/ {
	count = 0
	args = ""
	for (i = 5; i <= NF; i++)
		if (split($i, a, ":") == 2) {
			count++
			args = args sprintf("{\"%s\", \"%s\"}, ", a[1], a[2])
		}
	printf "\t{\"%s\", %d, %d, {%s}},\n", $1, $2, count, args
}
!/^#/ && NF == 4 && $2 ~ /^[0-9]+$/ { printf "\t{\"%s\", %d, 0, {}},\n", $1, $2 }' "$1"
