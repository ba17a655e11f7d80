/* The signal frame on x86-64: the registers in it, what sigreturn lets a program change, and what it does not. */
#include "check.h"
#include <ucontext.h>

enum { EDIT_NONE, EDIT_RIP_WILD, EDIT_CS, EDIT_FLAGS, EDIT_FPU_WILD, EDIT_RAX };
static volatile int edit, handled;
static volatile greg_t seen[NGREG];

static void edits(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	greg_t *g = u->uc_mcontext.gregs;
	handled++;
	for (int i = 0; i < NGREG; i++)
		seen[i] = g[i];
	switch (edit) {
	case EDIT_RIP_WILD: g[REG_RIP] = 0x800000000000; break;
	case EDIT_CS: g[REG_CSGSFS] = (g[REG_CSGSFS] & ~0xffffl) | 0x10; break;
	case EDIT_FLAGS: g[REG_EFL] |= 0x3000 | 0x1; break;	/* IOPL is not the program's, carry is */
	case EDIT_FPU_WILD: u->uc_mcontext.fpregs = (void *)8; break;
	case EDIT_RAX: g[REG_RAX] = 1234; break;
	}
}

static void catch(int sig, int what)
{
	struct sigaction act = {.sa_sigaction = edits, .sa_flags = SA_SIGINFO};
	edit = what;
	NEED_OK(sigaction(sig, &act, 0));
}

TEST(all_registers_survive)
{
	catch(SIGUSR1, EDIT_NONE);
	uint64_t bad = 1;
	__asm__ volatile(
		"mov %%eax, %%edi; mov $200, %%eax; mov $10, %%esi\n"	/* tkill(tid, SIGUSR1) */
		"mov $0x1111, %%rbx; mov $0x2222, %%r8; mov $0x3333, %%r9; mov $0x4444, %%r10; mov $0x5555, %%r12\n"
		"mov $0x6666, %%r13; mov $0x7777, %%r14; mov $0x8888, %%r15; mov $0x9999, %%rdx\n"
		"movq $0xabcd, -8(%%rsp); movq $0xdcba, -128(%%rsp)\n"	/* the red zone */
		"syscall\n"
		"xor %%ecx, %%ecx\n"
		"cmp $0x1111, %%rbx; setne %%cl; cmp $0x2222, %%r8; setne %%ch; or %%ch, %%cl\n"
		"cmp $0x3333, %%r9; setne %%ch; or %%ch, %%cl; cmp $0x4444, %%r10; setne %%ch; or %%ch, %%cl\n"
		"cmp $0x5555, %%r12; setne %%ch; or %%ch, %%cl; cmp $0x6666, %%r13; setne %%ch; or %%ch, %%cl\n"
		"cmp $0x7777, %%r14; setne %%ch; or %%ch, %%cl; cmp $0x8888, %%r15; setne %%ch; or %%ch, %%cl\n"
		"cmp $0x9999, %%rdx; setne %%ch; or %%ch, %%cl; cmpq $0xabcd, -8(%%rsp); setne %%ch; or %%ch, %%cl\n"
		"cmpq $0xdcba, -128(%%rsp); setne %%ch; or %%ch, %%cl; or %%al, %%cl\n"
		"movzbl %%cl, %%ecx\n"
		: "=c"(bad) : "a"(gettid())
		: "rbx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
	CHECK_EQ(bad, 0);
	CHECK_EQ(handled, 1);
	CHECK_EQ(seen[REG_RBX], 0x1111);
	CHECK_EQ(seen[REG_R15], 0x8888);
	CHECK_EQ(seen[REG_RDX], 0x9999);
	CHECK_EQ(seen[REG_RAX], 0);
	CHECK_EQ(seen[REG_CSGSFS] & 0xffff, 0x33);
	CHECK_EQ((uint64_t)seen[REG_CSGSFS] >> 48, 0x2b);
}

TEST(result_can_be_changed)
{
	catch(SIGUSR1, EDIT_RAX);
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "0"(SYS_tkill), "D"((long)gettid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory");
	CHECK_EQ(r, 1234);
}

TEST(flags_are_filtered)
{
	catch(SIGUSR1, EDIT_FLAGS);
	long r, flags;
	__asm__ volatile("syscall; pushfq; pop %1" : "=a"(r), "=r"(flags) : "0"(SYS_tkill), "D"((long)gettid()),
			 "S"((long)SIGUSR1) : "rcx", "r11", "memory");
	CHECK_EQ(flags & 0x3001, 1);
}

TEST(wild_instruction_pointer_is_a_fault)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		catch(SIGUSR1, EDIT_RIP_WILD);
		raise(SIGUSR1);
	}
}

TEST(foreign_code_segment_is_a_fault)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		catch(SIGUSR1, EDIT_CS);
		raise(SIGUSR1);
	}
}

TEST(wild_fpu_pointer_is_a_fault)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		catch(SIGUSR1, EDIT_FPU_WILD);
		raise(SIGUSR1);
	}
}

TEST(sigreturn_without_a_frame_is_a_fault)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		__asm__ volatile("mov $16, %%rsp; mov $15, %%eax; syscall" : : : "memory");
	}
}

TEST(wild_handler_is_a_fault)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		struct sigaction act = {.sa_handler = (void (*)(int))0x800000000000};
		sigaction(SIGUSR1, &act, 0);
		raise(SIGUSR1);
	}
}

static volatile int steps;
static volatile int step_code;

static void counts(int sig, siginfo_t *info, void *context)
{
	steps++;
	step_code = info->si_code;
}

TEST(single_steps)
{
	struct sigaction act = {.sa_sigaction = counts, .sa_flags = SA_SIGINFO};
	NEED_OK(sigaction(SIGTRAP, &act, 0));
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop; pushfq; andq $~0x100, (%%rsp); popfq" : : : "memory");
	CHECK_EQ(steps, 5);	/* after each but the first popfq, the last popfq included */
	CHECK_EQ(step_code, TRAP_TRACE);
}

static volatile greg_t trap_number, trap_error, trap_address;

static void skips(int sig, siginfo_t *info, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	trap_number = g[REG_TRAPNO];
	trap_error = g[REG_ERR];
	trap_address = g[REG_CR2];
	g[REG_RIP] += 3;
}

TEST(frame_names_the_exception)
{
	struct sigaction act = {.sa_sigaction = skips, .sa_flags = SA_SIGINFO};
	sigaction(SIGSEGV, &act, 0);
	__asm__ volatile("mov $0x10, %%eax; mov %%rbx, (%%rax)" : : : "rax", "memory");
	CHECK_EQ(trap_number, 14);
	CHECK_EQ(trap_error, 6);
	CHECK_EQ(trap_address, 0x10);
	__asm__ volatile("mov $0x8000000000000000, %%rax; mov %%rbx, (%%rax)" : : : "rax", "memory");
	CHECK_EQ(trap_number, 13);
}
