/*
 * arch/x86_64/memory.S: memcpy, memmove and memset with the string instructions, which CPUs do by whole lines and an
 * emulator by whole words; short ones with a few plain moves that may overlap.
 */
#include "asm.h"

	.text
/* rdi: destination, rsi: source, rdx: bytes; returns the destination. */
FUNCTION memcpy
	mov %rdi, %rax
	cmp $16, %rdx
	jb 1f
	mov %rdx, %rcx
	shr $3, %rcx
	mov -8(%rsi,%rdx), %r8		/* the tail, which the whole words may not reach */
	lea -8(%rdi,%rdx), %r9
	rep movsq
	mov %r8, (%r9)
	ret
1:	cmp $8, %edx
	jb 2f
	mov (%rsi), %rcx
	mov -8(%rsi,%rdx), %r8
	mov %rcx, (%rdi)
	mov %r8, -8(%rdi,%rdx)
	ret
2:	cmp $4, %edx
	jb 3f
	mov (%rsi), %ecx
	mov -4(%rsi,%rdx), %r8d
	mov %ecx, (%rdi)
	mov %r8d, -4(%rdi,%rdx)
	ret
3:	mov %edx, %ecx
	rep movsb
	ret
END_FUNCTION memcpy

FUNCTION memmove
	mov %rdi, %rcx
	sub %rsi, %rcx
	cmp %rdx, %rcx			/* unsigned: forward is right unless the destination begins inside the source */
	jae 1f
	mov %rdi, %rax
	std
	test $7, %dl
	jnz 2f
	mov %rdx, %rcx			/* records: whole words */
	shr $3, %rcx
	lea -8(%rsi,%rdx), %rsi
	lea -8(%rdi,%rdx), %rdi
	rep movsq
	cld
	ret
2:	mov %rdx, %rcx
	lea -1(%rsi,%rdx), %rsi
	lea -1(%rdi,%rdx), %rdi
	rep movsb
	cld
	ret
1:	mov %rdi, %rax			/* word by word in address order; the tail may not be read ahead here */
	mov %rdx, %rcx
	shr $3, %rcx
	rep movsq
	mov %edx, %ecx
	and $7, %ecx
	rep movsb
	ret
END_FUNCTION memmove

/* rdi: destination, esi: byte, rdx: bytes; returns the destination. */
FUNCTION memset
	mov %rdi, %r8
	movzbl %sil, %eax
	movabs $0x0101010101010101, %rcx
	imul %rcx, %rax
	cmp $8, %rdx
	jb 1f
	mov %rdx, %rcx
	shr $3, %rcx
	mov %rax, -8(%rdi,%rdx)
	rep stosq
	mov %r8, %rax
	ret
1:	mov %edx, %ecx
	rep stosb
	mov %r8, %rax
	ret
END_FUNCTION memset
