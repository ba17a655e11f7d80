/*
 * arch/x86_64/start.S: from the PVH entry to C.
 * In: 32-bit protected mode, flat segments, no paging, interrupts off, ebx = physical address of hvm_start_info.
 * Out: 64-bit mode on the boot stack, the first GiB mapped at 0 and at KERNEL_BASE, .bss zeroed; boot_main(start_info).
 * Source: Xen's docs/misc/pvh.pandoc; hvm/start_info.h.
 */
#include "x86.h"
#include "layout.h"

#define XEN_ELFNOTE_PHYS32_ENTRY 18
#define PHYS(symbol) (symbol - KERNEL_BASE)

	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.quad PHYS(pvh_entry)

/* Long mode on the boot tables; the code segment is still the old one. Uses eax, ecx, edx. */
.macro PAGING_ON
	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $PHYS(boot_root), %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $(EFER_LME | EFER_NX | EFER_SCE), %eax
	wrmsr
	mov $(CR0_PE | CR0_MP | CR0_NE | CR0_WP | CR0_AM | CR0_PG), %eax
	mov %eax, %cr0
.endm
.macro LOAD_SEGMENTS
	xor %eax, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov $KERNEL_DS, %eax
	mov %eax, %ss
.endm
/* The CPU record at rax is this CPU's. Uses rcx, rdx. */
.macro SET_THIS_CPU
	mov %rax, %rdx
	shr $32, %rdx
	mov $MSR_GS_BASE, %ecx
	wrmsr
.endm

	.section .text.start, "ax"
	.code32
	.globl pvh_entry
pvh_entry:
	cld
	mov %ebx, %ebp
	xor %eax, %eax			/* the boot tables lie in .bss, so zero that first */
	mov $PHYS(bss_start), %edi
	mov $PHYS(bss_end), %ecx
	sub %edi, %ecx
	shr $2, %ecx
	rep stosl

	/* One directory of 2 MiB pages serves both places. */
	movl $PHYS(boot_directory) + 3, PHYS(boot_pointers_low)
	movl $PHYS(boot_directory) + 3, PHYS(boot_pointers_high) + 510 * 8
	movl $PHYS(boot_pointers_low) + 3, PHYS(boot_root)
	movl $PHYS(boot_pointers_high) + 3, PHYS(boot_root) + KERNEL_SLOT * 8
	mov $PHYS(boot_directory), %edi
	mov $0x83, %eax			/* present, writable, 2 MiB */
1:	mov %eax, (%edi)
	add $8, %edi
	add $0x200000, %eax
	cmp $0x40000083, %eax
	jne 1b

	PAGING_ON
	lgdt PHYS(boot_gdt_pointer)
	ljmp $KERNEL_CS, $PHYS(1f)

	.code64
1:	mov $2f, %rax
	jmp *%rax
2:	LOAD_SEGMENTS
	mov $boot_stack_top, %rsp
	/* cpus[0] is this CPU from the first line of C on. */
	mov $cpus, %rax
	mov %rax, (%rax)
	SET_THIS_CPU
	mov %ebp, %edi
	xor %ebp, %ebp
	call boot_main
	ud2

/*
 * Where another CPU starts, in real mode, in a copy of this at AP_START_PHYS. It goes to 64-bit mode at once, by the
 * tables above, onto the stack of the CPU in ap_cpu; ap_main(that CPU).
 */
	.code16
	.globl ap_start, ap_start_end
ap_start:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	lgdtl 1f - ap_start
	PAGING_ON
	ljmpl $KERNEL_CS, $PHYS(ap_start_long)
1:	.word boot_gdt_pointer - boot_gdt - 1
	.long PHYS(boot_gdt)
ap_start_end:

	.code64
ap_start_long:
	mov $1f, %rax
	jmp *%rax
1:	LOAD_SEGMENTS
	mov ap_root, %rax		/* the final tables: the stack is in them only */
	mov %rax, %cr3
	mov ap_cpu, %rdi
	mov CPU_KSTACK_TOP(%rdi), %rsp
	mov %rdi, %rax
	SET_THIS_CPU
	xor %ebp, %ebp
	call ap_main
	ud2

	.section .rodata, "a"
	.balign 8
boot_gdt:
	.quad 0, 0
	.quad 0x00af9b000000ffff	/* KERNEL_CS */
	.quad 0x00cf93000000ffff	/* KERNEL_DS */
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.quad PHYS(boot_gdt)

	.section .bss.page, "aw", @nobits
	.balign 4096
boot_root:
	.skip 4096
boot_pointers_low:
	.skip 4096
boot_pointers_high:
	.skip 4096
boot_directory:
	.skip 4096
	.globl boot_stack_guard, boot_stack, boot_stack_top
boot_stack_guard:
	.skip 4096
boot_stack:
	.skip 16384
boot_stack_top:
