#!/bin/sh
# Writes the kernel's own symbol table as assembler: for each symbol how far it lies behind the one before (16 bits), and its
# name, in which a byte from 128 up stands for a word of a list: the words that save most ("sys_", "_locked").
# usage: gen_symbols.sh ELF|none OUT.S     The size of the section must not change the addresses before it:
# the linker script puts .ksyms last.
elf=$1 out=$2
{
echo '.section .ksyms,"a"'
echo '.globl ksyms_count, ksyms_base, ksyms_steps, ksyms_words, ksyms_names'
if [ "$elf" = none ]; then
	printf '.balign 8\nksyms_count: .quad 0\nksyms_base: .quad 0\nksyms_steps:\nksyms_words:\nksyms_names: .asciz ""\n'
else
	llvm-nm --numeric-sort --defined-only "$elf" 2>/dev/null | gawk '
		BEGIN { n = 0 }
		# The next word of a name, with the underscore that ends it; rest keeps what follows.
		function word(    end) {
			end = index(rest, "_")
			if (!end)
				end = length(rest)
			first = substr(rest, 1, end)
			rest = substr(rest, end + 1)
			return first
		}
		function saved(i1, v1, i2, v2) { return v1 != v2 ? v2 - v1 : i1 < i2 ? -1 : 1 }
		$2 ~ /^[tT]$/ && $3 !~ /^\./ {
			sub(/\.llvm\.[0-9]*$/, "", $3)
			at[n] = strtonum("0x" substr($1, 9))	# the upper half is the same for all
			name[n++] = $3
			for (rest = $3; rest != "";) {
				w = word()
				gain[w] += length(w) - 1
			}
		}
		END {
			printf ".balign 8\nksyms_count: .quad %d\nksyms_base: .quad 0xffffffff%08x\nksyms_steps:\n", n, at[0]
			for (i = 0; i < n; i++)
				printf ".short %d\n", i ? at[i] - at[i - 1] : 0
			count = asorti(gain, best, "saved")
			print "ksyms_words:"
			for (i = 1; i <= count && i <= 128; i++) {
				printf ".asciz \"%s\"\n", best[i]
				code[best[i]] = sprintf("\\%o", 127 + i)
			}
			print "ksyms_names:"
			for (i = 0; i < n; i++) {
				coded = ""
				for (rest = name[i]; rest != "";) {
					w = word()
					coded = coded (w in code ? code[w] : w)
				}
				printf ".asciz \"%s\"\n", coded
			}
		}'
fi
} > "$out"
