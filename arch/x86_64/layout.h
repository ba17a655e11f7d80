/*
 * arch/x86_64/layout.h: the kernel half of the address space. Three root entries, the same in every address space:
 * the direct map of all RAM, the area of kernel stacks and device registers, and the kernel image. Also read by
 * assembler and the linker script, so it holds plain numbers only.
 */
#ifndef X86_LAYOUT_H
#define X86_LAYOUT_H

#define KERNEL_BASE 0xffffffff80000000
#define KERNEL_PHYS 0x100000
#define AP_START_PHYS 0x8000	/* where other CPUs start, in real mode */
#define DIRECT_BASE 0xffff888000000000	/* RAM up to 512 GiB */
#define KSTACK_BASE 0xffffc90000000000	/* 64 GiB of kernel stacks */
#define DEVICE_BASE 0xffffc91000000000	/* then 64 GiB for device registers, in the same root entry */
#define DEVICE_END  0xffffc92000000000

#define DIRECT_SLOT 273
#define KSTACK_SLOT 402
#define KERNEL_SLOT 511

/* Segment selectors. The user's are Linux's, since programs see them. 0x23 (32-bit code) stays empty. */
#define KERNEL_CS 0x10
#define KERNEL_DS 0x18
#define USER32_CS 0x23
#define USER_DS 0x2b
#define USER_CS 0x33
#define TSS_SELECTOR 0x40
#define CPU_NUMBER_SELECTOR 0x7b	/* its limit is the CPU's number: getcpu without a system call */
#endif
