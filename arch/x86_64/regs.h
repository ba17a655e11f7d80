/*
 * arch/x86_64/regs.h: the user registers saved at the top of a kernel stack at every way into the kernel.
 * The order is that of Linux's struct pt_regs (ptrace's struct user_regs_struct begins with it).
 */
#ifndef X86_REGS_H
#define X86_REGS_H
#include "base/types.h"

struct regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 orig_rax;	/* system call number; -1: an interrupt or exception (its error code is elsewhere) */
	u64 rip, cs, rflags, rsp, ss;
};

/* The arch-neutral view. */
static inline uptr regs_ip(const struct regs *r) { return r->rip; }
static inline uptr regs_sp(const struct regs *r) { return r->rsp; }
static inline void regs_set_ip(struct regs *r, uptr ip) { r->rip = ip; }
static inline void regs_set_sp(struct regs *r, uptr sp) { r->rsp = sp; }
static inline bool regs_is_user(const struct regs *r) { return (r->cs & 3) == 3; }
static inline long regs_syscall(const struct regs *r) { return (long)r->orig_rax; }	/* -1: not in a system call */
static inline void regs_set_syscall(struct regs *r, long nr) { r->orig_rax = (u64)nr; }
static inline long regs_result(const struct regs *r) { return (long)r->rax; }
static inline void regs_set_result(struct regs *r, long v) { r->rax = (u64)v; }
static inline u64 regs_arg(const struct regs *r, int i)
{
	switch (i) {
	case 0: return r->rdi;
	case 1: return r->rsi;
	case 2: return r->rdx;
	case 3: return r->r10;
	case 4: return r->r8;
	default: return r->r9;
	}
}
/* Makes the system call run again when user mode is entered (2: the length of the syscall instruction). */
static inline void regs_restart(struct regs *r) { r->rax = r->orig_rax; r->rip -= 2; }
#endif
