/* Registers of a tracee: by words, by sets, floating point, debug registers. Source: ptrace(2), <sys/user.h>. */
#include "ptrace.h"
#include <asm/prctl.h>
#include <cpuid.h>
#include <pthread.h>

#define WORD(field) offsetof(struct user, field)
#define USER_END (sizeof(struct user) + 16)	/* the kernel's has two words more than the C library's */

TEST(words_and_the_whole_agree)
{
	TRACEE(pid) {
	}
	struct user_regs_struct r = regs_of(pid);
	const unsigned long *words = (const unsigned long *)&r;
	for (size_t i = 0; i < sizeof r / sizeof *words; i++) {
		unsigned long v = ~0ul;
		CHECK_OK(PT(PTRACE_PEEKUSR, pid, i * 8, &v));
		CHECK_EQ(v, words[i]);
	}
	CHECK_EQ(r.cs, 0x33);
	CHECK_EQ(r.ss, 0x2b);
	CHECK(r.eflags & 0x200);
	CHECK_OK(PT(PTRACE_SETREGS, pid, 0, &r));
	CHECK_ERR(PT(PTRACE_GETREGS, pid, 0, 8), EFAULT);
	CHECK_ERR(PT(PTRACE_SETREGS, pid, 0, 8), EFAULT);
	tracee_kill(pid);
}

TEST(refused_words)
{
	TRACEE(pid) {
	}
	unsigned long v;
	CHECK_ERR(PT(PTRACE_PEEKUSR, pid, 3, &v), EIO);
	CHECK_ERR(PT(PTRACE_PEEKUSR, pid, USER_END, &v), EIO);
	CHECK_ERR(PT(PTRACE_PEEKUSR, pid, -8, &v), EIO);
	CHECK_ERR(PT(PTRACE_PEEKUSR, pid, 0, 8), EFAULT);
	CHECK_OK(PT(PTRACE_PEEKUSR, pid, USER_END - 8, &v));
	CHECK_OK(PT(PTRACE_PEEKUSR, pid, WORD(u_tsize), &v));
	CHECK_EQ(v, 0);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, 3, 0), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, USER_END, 0), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(u_tsize), 0), EIO);
	/* values that no register may have */
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(regs.cs), 0), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(regs.ss), 0), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(regs.cs), 0x10), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(regs.ss), 0x18), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(regs.ds), 0x10), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(regs.fs_base), 1ul << 63), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(regs.gs_base), 0x7ffffffff000), EIO);
	/* of the flags only the program's own can be changed */
	struct user_regs_struct r = regs_of(pid);
	CHECK_OK(PT(PTRACE_POKEUSR, pid, WORD(regs.eflags), r.eflags ^ 0x3201));
	CHECK_EQ(regs_of(pid).eflags, r.eflags ^ 1);
	tracee_kill(pid);
}

__attribute__((noinline, noclone)) static void go_elsewhere(void)
{
	raise(SIGSTOP);
}

static void landing(void) { _exit(17); }

TEST(changed_registers_take_effect)
{
	TRACEE(pid) {
		go_elsewhere();
	}
	struct user_regs_struct r = regs_of(pid);
	r.rip = (unsigned long)landing;
	r.rsp = (r.rsp & ~15ul) - 1024 - 8;
	CHECK_OK(PT(PTRACE_SETREGS, pid, 0, &r));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(17));
}

TEST(an_impossible_place_is_a_fault_of_the_tracee)
{
	TRACEE(pid) {
	}
	CHECK_OK(PT(PTRACE_POKEUSR, pid, WORD(regs.rip), 0x8000000000000000));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGSEGV));
	tracee_kill(pid);

	TRACEE(other) {
	}
	CHECK_OK(PT(PTRACE_POKEUSR, other, WORD(regs.rip), 0x10));
	CHECK_OK(PT(PTRACE_CONT, other, 0, 0));
	WAIT(other, STOP(SIGSEGV));
	CHECK_EQ((long)siginfo_of(other).si_addr, 0x10);
	tracee_kill(other);
}

TEST(regsets)
{
	TRACEE(pid) {
	}
	struct user_regs_struct r = regs_of(pid), s;
	struct iovec v = {&s, sizeof s};
	CHECK_OK(PT(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v));
	CHECK_EQ(v.iov_len, sizeof s);
	CHECK_EQ(memcmp(&r, &s, sizeof r), 0);
	/* longer is cut, shorter is a part, what is not whole words is refused */
	char big[4096];
	v = (struct iovec){big, sizeof big};
	CHECK_OK(PT(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v));
	CHECK_EQ(v.iov_len, sizeof s);
	v = (struct iovec){&s, 16};
	memset(&s, 0xee, sizeof s);
	CHECK_OK(PT(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v));
	CHECK_EQ(v.iov_len, 16);
	CHECK_EQ(s.r15, r.r15);
	CHECK_EQ(s.r14, r.r14);
	CHECK_EQ(s.r13, 0xeeeeeeeeeeeeeeee);
	v.iov_len = 15;
	CHECK_ERR(PT(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v), EINVAL);
	v.iov_len = 8;
	CHECK_ERR(PT(PTRACE_GETREGSET, pid, 0x999, &v), EINVAL);
	CHECK_ERR(PT(PTRACE_GETREGSET, pid, NT_PRSTATUS, 8), EFAULT);
	v.iov_base = (void *)8;
	CHECK_ERR(PT(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v), EFAULT);
	/* a part is set */
	s.r15 = 0x1111;
	v = (struct iovec){&s, 8};
	CHECK_OK(PT(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v));
	CHECK_EQ(regs_of(pid).r15, 0x1111);
	CHECK_EQ(regs_of(pid).r14, r.r14);
	v.iov_len = 0;
	CHECK_OK(PT(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v));
	tracee_kill(pid);
}

static int run_with_xmm(void)
{
	unsigned long low = 0x1122334455667788;
	unsigned long out;
	__asm__ volatile("movq %1, %%xmm5; mov %2, %%eax; xor %%edi, %%edi; mov $39, %%eax; syscall; mov %%eax, %%edi; mov $19, %%esi;"
			 "mov $62, %%eax; syscall; movq %%xmm5, %0"
			 : "=r"(out) : "r"(low), "i"(0) : "rax", "rdi", "rsi", "rcx", "r11", "xmm5", "memory");
	return out == 0x99aabbccddeeff00 ? 0 : out == low ? 2 : 3;
}

TEST(floating_point)
{
	TRACEE(pid) {
		_exit(run_with_xmm());
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGSTOP));
	struct user_fpregs_struct f;
	CHECK_OK(PT(PTRACE_GETFPREGS, pid, 0, &f));
	unsigned long v;
	memcpy(&v, (char *)f.xmm_space + 5 * 16, 8);
	CHECK_EQ(v, 0x1122334455667788);
	CHECK_EQ(f.cwd, 0x37f);
	CHECK_EQ(f.mxcsr, 0x1f80);
	v = 0x99aabbccddeeff00;
	memcpy((char *)f.xmm_space + 5 * 16, &v, 8);
	CHECK_OK(PT(PTRACE_SETFPREGS, pid, 0, &f));
	struct user_fpregs_struct g;
	struct iovec iov = {&g, sizeof g};
	CHECK_OK(PT(PTRACE_GETREGSET, pid, NT_PRFPREG, &iov));
	CHECK_EQ(iov.iov_len, 512);
	CHECK_EQ(memcmp(f.xmm_space, g.xmm_space, sizeof f.xmm_space), 0);
	/* only the whole can be set, and no reserved bit of MXCSR */
	iov.iov_len = 256;
	CHECK_ERR(PT(PTRACE_SETREGSET, pid, NT_PRFPREG, &iov), EINVAL);
	g.mxcsr = 0xffffffff;
	CHECK_ERR(PT(PTRACE_SETFPREGS, pid, 0, &g), EINVAL);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(xstate)
{
	TRACEE(pid) {
		_exit(run_with_xmm());
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGSTOP));
	unsigned a, b, c, d;
	__cpuid_count(0xd, 0, a, b, c, d);
	static char area[16384] __attribute__((aligned(64)));
	struct iovec iov = {area, sizeof area};
	CHECK_OK(PT(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov));
	CHECK(iov.iov_len >= 576 && iov.iov_len <= c);
	unsigned long mask, features, v;
	memcpy(&mask, area + 464, 8);		/* where a debugger finds XCR0 */
	CHECK_EQ(mask & 3, 3);
	memcpy(&features, area + 512, 8);
	CHECK_EQ(features & ~mask, 0);
	memcpy(&v, area + 160 + 5 * 16, 8);
	CHECK_EQ(v, 0x1122334455667788);
	v = 0x99aabbccddeeff00;
	memcpy(area + 160 + 5 * 16, &v, 8);
	CHECK_OK(PT(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov));
	size_t whole = iov.iov_len;
	iov.iov_len = 576;
	if (whole != 576)
		CHECK_ERR(PT(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov), EFAULT);
	iov.iov_len = whole;
	features |= 1ul << 62;
	memcpy(area + 512, &features, 8);
	CHECK_ERR(PT(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov), EINVAL);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(thread_local_base)
{
	TRACEE(pid) {
		unsigned long base;
		syscall(SYS_arch_prctl, ARCH_GET_GS, &base);
		_exit(base == 0x123456 ? 0 : 1);
	}
	unsigned long v = 0;
	CHECK_OK(PT(30 /* ARCH_PRCTL */, pid, &v, ARCH_GET_FS));
	CHECK_EQ(v, regs_of(pid).fs_base);
	CHECK(v != 0);
	CHECK_OK(PT(30, pid, 0x123456, ARCH_SET_GS));
	CHECK_EQ(regs_of(pid).gs_base, 0x123456);
	CHECK_ERR(PT(30, pid, 0, 0x9999), EINVAL);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

static volatile unsigned long watched[2] __attribute__((aligned(64)));
__attribute__((noinline)) static void touch(unsigned long v) { watched[0] = v; }
__attribute__((noinline)) static void called(void) { __asm__ volatile("nop"); }

static long debug_word(pid_t pid, int i)
{
	long v = -1;
	CHECK_OK(PT(PTRACE_PEEKUSR, pid, WORD(u_debugreg[i]), &v));
	return v;
}

TEST(debug_registers)
{
	TRACEE(pid) {
		touch(1);
		touch(2);
		called();
		called();
	}
	for (int i = 0; i < 8; i++)
		CHECK_EQ(debug_word(pid, i), i == 6 ? 0xffff0ff0 : 0);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[4]), 0), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[5]), 0), EIO);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[0]), 1ul << 63), EINVAL);
	CHECK_OK(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[0]), &watched[0]));
	CHECK_EQ(debug_word(pid, 0), (long)&watched[0]);
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[7]), 0x20001), EINVAL);	/* a port */
	CHECK_ERR(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[7]), 0x40001), EINVAL);	/* two bytes of an instruction */
	CHECK_OK(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[7]), 0x90001));		/* eight bytes written */
	CHECK_EQ(debug_word(pid, 7), 0x90001);
	for (unsigned long v = 1; v <= 2; v++) {
		unsigned long word;
		CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
		WAIT(pid, STOP(SIGTRAP));
		CHECK_EQ(siginfo_of(pid).si_code, 4);	/* TRAP_HWBKPT */
		CHECK_EQ(debug_word(pid, 6) & 0xf, 1);
		CHECK_OK(PT(PTRACE_PEEKDATA, pid, &watched[0], &word));
		CHECK_EQ(word, v);
	}
	/* an instruction: before it runs, and going on runs it */
	CHECK_OK(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[7]), 0));
	CHECK_OK(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[1]), called));
	CHECK_OK(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[7]), 4));
	for (int i = 0; i < 2; i++) {
		CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
		WAIT(pid, STOP(SIGTRAP));
		CHECK_EQ(regs_of(pid).rip, (unsigned long)called);
		CHECK_EQ(debug_word(pid, 6) & 0xf, 2);
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(debug_registers_are_not_inherited)
{
	TRACEE(pid) {
		pid_t child = fork();
		if (child == 0) {
			touch(1);
			_exit(0);
		}
		int status;
		waitpid(child, &status, 0);
		_exit(status ? 1 : 0);
	}
	CHECK_OK(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[0]), &watched[0]));
	CHECK_OK(PT(PTRACE_POKEUSR, pid, WORD(u_debugreg[7]), 0x90001));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGCHLD));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}
