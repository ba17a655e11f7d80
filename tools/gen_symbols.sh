#!/bin/sh
# Writes the kernel's own symbol table as assembler: sorted addresses (32-bit offsets from the first), and names.
# usage: gen_symbols.sh ELF|none OUT.S     The size of the section must not change the addresses before it:
# the linker script puts .ksyms last.
elf=$1 out=$2
{
echo '.section .ksyms,"a"'
echo '.globl ksyms_count, ksyms_base, ksyms_offsets, ksyms_names'
if [ "$elf" = none ]; then
	printf '.balign 8\nksyms_count: .quad 0\nksyms_base: .quad 0\nksyms_offsets:\nksyms_names: .asciz ""\n'
else
	llvm-nm --numeric-sort --defined-only "$elf" 2>/dev/null | awk '
		BEGIN { n = 0 }
		($2=="t"||$2=="T") && $3 !~ /^\./ { a[n]=$1; s[n]=$3; n++ }
		END {
			printf ".balign 8\nksyms_count: .quad %d\nksyms_base: .quad 0x%s\nksyms_offsets:\n", n, a[0]
			for (i=0;i<n;i++) printf ".long 0x%s - 0x%s\n", a[i], a[0]
			print "ksyms_names:"
			for (i=0;i<n;i++) printf ".asciz \"%s\"\n", s[i]
		}'
fi
} > "$out"
