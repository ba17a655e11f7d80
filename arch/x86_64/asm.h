/* arch/x86_64/asm.h: macros for assembler: SMAP's switches and the table of faults that have a fixup. */
#ifndef X86_ASM_H
#define X86_ASM_H
#include "x86.h"
#include "layout.h"

/* User memory may be touched between STAC and CLAC. cpu.c makes them no-ops where the CPU has no SMAP. */
.macro SMAP_SITE insn
770:	\insn
	.pushsection .smap_sites, "a"
	.quad 770b
	.popsection
.endm
#define STAC SMAP_SITE stac
#define CLAC SMAP_SITE clac

/* A page fault of the instruction at `at` that cannot be settled goes on at `fixup`. */
.macro EXTABLE at, fixup
	.pushsection .extable, "a"
	.quad \at, \at + 1, \fixup
	.popsection
.endm

.macro FUNCTION name
	.globl \name
	.type \name, @function
	.balign 16
\name:
.endm
.macro END_FUNCTION name
	.size \name, . - \name
.endm
#endif
