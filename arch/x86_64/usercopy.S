/*
 * arch/x86_64/usercopy.S: copies from and to user memory. Every instruction that touches it has an entry in the
 * exception table: a page fault there is settled by mm/ and the instruction runs again, or it goes on at its fixup.
 * The ranges have been checked by the caller (mm/user_access.c). A failed copy of words is tried again byte by byte, so
 * what is reported is exact.
 */
#include "asm.h"

	.text
/* rdi: destination, rsi: source, rdx: bytes; returns how many were not copied. Either side may be the user's. */
FUNCTION arch_copy_from_user
	.globl arch_copy_to_user
arch_copy_to_user:
	STAC
	cmp $8, %rdx
	jne 2f
1:	mov (%rsi), %rax
11:	mov %rax, (%rdi)
	xor %eax, %eax
	CLAC
	ret
2:	mov %rdx, %rcx
	shr $3, %rcx
	and $7, %edx
3:	rep movsq
	mov %edx, %ecx
4:	rep movsb
5:	mov %rcx, %rax
	CLAC
	ret
6:	mov %edx, %ecx			/* the one word failed */
	jmp 4b
7:	lea (%rdx,%rcx,8), %rcx
	jmp 4b
	EXTABLE 1b, 6b
	EXTABLE 11b, 6b
	EXTABLE 3b, 7b
	EXTABLE 4b, 5b
END_FUNCTION arch_copy_from_user

/* rdi: destination, rsi: bytes; returns how many were not cleared. */
FUNCTION arch_clear_user
	STAC
	mov %rsi, %rcx
	xor %eax, %eax
	and $7, %esi
	shr $3, %rcx
1:	rep stosq
	mov %esi, %ecx
2:	rep stosb
3:	mov %rcx, %rax
	CLAC
	ret
4:	lea (%rsi,%rcx,8), %rcx
	jmp 2b
	EXTABLE 1b, 4b
	EXTABLE 2b, 3b
END_FUNCTION arch_clear_user

/*
 * rdi: destination, rsi: user string, rdx: room; returns the length without the NUL, room if there is none, -1 on a
 * fault. Eight bytes at a time while there is room for eight; a word with a zero byte in it is found by the borrow that
 * its subtraction makes.
 */
FUNCTION arch_strncpy_from_user
	STAC
	mov %rdi, %r10
	movabs $0x0101010101010101, %r8
	movabs $0x8080808080808080, %r9
1:	cmp $8, %rdx
	jb 4f
2:	mov (%rsi), %rax
	mov %rax, (%rdi)
	mov %rax, %rcx
	sub %r8, %rcx
	not %rax
	and %rax, %rcx
	and %r9, %rcx
	jnz 3f
	add $8, %rsi
	add $8, %rdi
	sub $8, %rdx
	jmp 1b
3:	bsf %rcx, %rcx
	shr $3, %ecx
	lea (%rdi,%rcx), %rax
	sub %r10, %rax
	CLAC
	ret
4:	test %rdx, %rdx			/* the rest, or a word that may reach into a page that is not there */
	jz 6f
5:	movzbl (%rsi), %eax
	mov %al, (%rdi)
	test %al, %al
	jz 6f
	inc %rsi
	inc %rdi
	dec %rdx
	jmp 4b
6:	mov %rdi, %rax
	sub %r10, %rax
	CLAC
	ret
7:	mov $-1, %rax
	CLAC
	ret
	EXTABLE 2b, 4b
	EXTABLE 5b, 7b
END_FUNCTION arch_strncpy_from_user

/* rdi: user address, esi: expected, edx: desired, rcx: u32 *old; returns 0 or -EFAULT. */
FUNCTION arch_user_cmpxchg32
	STAC
	mov %esi, %eax
1:	lock cmpxchg %edx, (%rdi)
	CLAC
	mov %eax, (%rcx)
	xor %eax, %eax
	ret
2:	CLAC
	mov $-14, %eax
	ret
	EXTABLE 1b, 2b
END_FUNCTION arch_user_cmpxchg32

/* rdi: user address, rsi: u32 *value; returns 0 or -EFAULT. */
FUNCTION arch_user_load32
	STAC
1:	mov (%rdi), %edx
	CLAC
	mov %edx, (%rsi)
	xor %eax, %eax
	ret
2:	CLAC
	mov $-14, %eax
	ret
	EXTABLE 1b, 2b
END_FUNCTION arch_user_load32
