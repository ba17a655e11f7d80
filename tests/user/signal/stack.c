/* sigaltstack(2) and the frame itself. */
#include "check.h"
#include <setjmp.h>
#include <ucontext.h>

static char space[65536] __attribute__((aligned(16)));
static volatile int count, on_stack, flags_inside;
static char *volatile where;

static void looks(int sig)
{
	char here;
	stack_t now;
	where = &here;
	count++;
	on_stack = &here >= space && &here < space + sizeof space;
	sigaltstack(0, &now);
	flags_inside = now.ss_flags;
}

static void use_space(int flags)
{
	stack_t alt = {.ss_sp = space, .ss_size = sizeof space, .ss_flags = flags};
	NEED_OK(sigaltstack(&alt, 0));
}

TEST(used_when_asked_for)
{
	struct sigaction act = {.sa_handler = looks};
	use_space(0);
	sigaction(SIGUSR1, &act, 0);
	raise(SIGUSR1);
	CHECK_EQ(on_stack, 0);
	CHECK_EQ(flags_inside, 0);
	act.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &act, 0);
	raise(SIGUSR1);
	CHECK_EQ(on_stack, 1);
	CHECK_EQ(flags_inside, SS_ONSTACK);
	stack_t now;
	sigaltstack(0, &now);
	CHECK_EQ(now.ss_flags, 0);
}

TEST(errors)
{
	stack_t alt = {.ss_sp = space, .ss_size = 1024}, now;
	CHECK_ERR(sigaltstack(&alt, 0), ENOMEM);
	alt.ss_size = sizeof space;
	alt.ss_flags = 0x1234;
	CHECK_ERR(sigaltstack(&alt, 0), EINVAL);
	CHECK_EQ(RAW(SYS_sigaltstack, 8, 0), -EFAULT);
	CHECK_EQ(RAW(SYS_sigaltstack, 0, 8), -EFAULT);
	sigaltstack(0, &now);
	CHECK_EQ(now.ss_flags, SS_DISABLE);
	alt = (stack_t){.ss_flags = SS_DISABLE};
	CHECK_OK(sigaltstack(&alt, 0));
}

static volatile int change_errno;

static void tries_to_change(int sig)
{
	stack_t alt = {.ss_flags = SS_DISABLE};
	errno = 0;
	sigaltstack(&alt, 0);
	change_errno = errno;
}

TEST(not_changed_while_in_use)
{
	struct sigaction act = {.sa_handler = tries_to_change, .sa_flags = SA_ONSTACK};
	use_space(0);
	sigaction(SIGUSR1, &act, 0);
	raise(SIGUSR1);
	CHECK_EQ(change_errno, EPERM);
}

static void overflows(int sig, siginfo_t *info, void *context)
{
	looks(sig);
	_exit(on_stack && (char *)info->si_addr != 0 ? 33 : 34);
}

__attribute__((noinline)) static int dives(int n)
{
	volatile char frame[4096];
	frame[0] = n;
	return n > 0 ? dives(n + 1) + frame[0] : 0;
}

TEST(stack_overflow_is_caught_on_it)
{
	struct sigaction act = {.sa_sigaction = overflows, .sa_flags = SA_ONSTACK | SA_SIGINFO};
	IN_CHILD_ENDS(EXITED(33)) {
		setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, 8 << 20});
		use_space(0);
		sigaction(SIGSEGV, &act, 0);
		_exit(dives(1));
	}
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, 8 << 20});
		act.sa_flags = SA_SIGINFO;
		sigaction(SIGSEGV, &act, 0);
		_exit(dives(1));
	}
}

static sigjmp_buf jump;

static void jumps(int sig)
{
	siglongjmp(jump, sig);
}

TEST(left_by_siglongjmp)
{
	struct sigaction act = {.sa_handler = jumps, .sa_flags = SA_ONSTACK};
	sigset_t now;
	use_space(0);
	sigaction(SIGUSR1, &act, 0);
	for (volatile int i = 0; i < 5; i++) {
		int got = sigsetjmp(jump, 1);
		if (!got)
			raise(SIGUSR1);
		CHECK_EQ(got, SIGUSR1);
	}
	sigprocmask(SIG_BLOCK, 0, &now);
	CHECK(!sigismember(&now, SIGUSR1));
}

TEST(catch_a_fault_and_go_on)
{
	struct sigaction act = {.sa_handler = jumps};
	sigaction(SIGSEGV, &act, 0);
	for (volatile int i = 0; i < 20; i++) {
		if (!sigsetjmp(jump, 1)) {
			*(volatile int *)16 = 1;
			CHECK(!"fault");
		}
		count++;
	}
	CHECK_EQ(count, 20);
}

static void changes_registers(int sig, siginfo_t *info, void *context)
{
	ucontext_t *user = context;
	user->uc_mcontext.gregs[REG_RAX] = 4711;
	user->uc_mcontext.gregs[REG_RIP] += 2; /* over the ud2 */
	count++;
}

TEST(context_may_be_changed)
{
	struct sigaction act = {.sa_sigaction = changes_registers, .sa_flags = SA_SIGINFO};
	long rax = 1;
	sigaction(SIGILL, &act, 0);
	__asm__ volatile("ud2" : "+a"(rax)::"memory");
	CHECK_EQ(rax, 4711);
	CHECK_EQ(count, 1);
}

static void clobbers(int sig)
{
	double zero = 0;
	count++;
	__asm__ volatile("movsd %0, %%xmm0; movsd %0, %%xmm7; movsd %0, %%xmm15; fninit; fldz" ::"m"(zero) : "xmm0", "xmm7", "xmm15");
	unsigned mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
}

TEST(float_state_is_restored)
{
	struct sigaction act = {.sa_handler = clobbers};
	double x = 1.5, y = 2.5, z = 3.5, a = 0, b = 0, c = 0, st = 0;
	unsigned mxcsr = 0x7f80, after = 0;
	sigaction(SIGUSR1, &act, 0);
	__asm__ volatile("ldmxcsr %[m]\n\t"
			 "fninit\n\t fldl %[x]\n\t"
			 "movsd %[x], %%xmm0\n\t movsd %[y], %%xmm7\n\t movsd %[z], %%xmm15\n\t"
			 "mov %[kill], %%eax\n\t syscall\n\t"
			 "movsd %%xmm0, %[a]\n\t movsd %%xmm7, %[b]\n\t movsd %%xmm15, %[c]\n\t"
			 "fstpl %[st]\n\t stmxcsr %[after]"
			 : [a] "=m"(a), [b] "=m"(b), [c] "=m"(c), [st] "=m"(st), [after] "=m"(after)
			 : [x] "m"(x), [y] "m"(y), [z] "m"(z), [m] "m"(mxcsr), [kill] "i"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
			 : "rax", "rcx", "r11", "xmm0", "xmm7", "xmm15", "memory");
	CHECK_EQ(count, 1);
	CHECK(a == 1.5 && b == 2.5 && c == 3.5);
	CHECK(st == 1.5);
	CHECK_EQ(after & 0xffc0, 0x7f80);
}

TEST(registers_are_restored)
{
	struct sigaction act = {.sa_handler = clobbers};
	long sum = 0;
	sigaction(SIGUSR1, &act, 0);
	__asm__ volatile("mov $1, %%ebx\n\t mov $2, %%r12d\n\t mov $4, %%r13d\n\t mov $8, %%r14d\n\t mov $16, %%r15d\n\t"
			 "mov $32, %%edx\n\t mov $64, %%r8d\n\t mov $128, %%r9d\n\t mov $256, %%r10d\n\t"
			 "mov %[kill], %%eax\n\t syscall\n\t"
			 "lea (%%rbx, %%r12), %%rcx\n\t add %%r13, %%rcx\n\t add %%r14, %%rcx\n\t add %%r15, %%rcx\n\t"
			 "add %%rdx, %%rcx\n\t add %%r8, %%rcx\n\t add %%r9, %%rcx\n\t add %%r10, %%rcx\n\t add %%rax, %%rcx"
			 : "=&c"(sum)
			 : [kill] "i"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
			 : "rax", "rbx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
	CHECK_EQ(count, 1);
	CHECK_EQ(sum, 511);
}

/* The 128 bytes below the stack pointer belong to the function that was interrupted. */
TEST(red_zone)
{
	struct sigaction act = {.sa_handler = clobbers};
	long got = 0;
	sigaction(SIGUSR1, &act, 0);
	__asm__ volatile("movq $4711, -8(%%rsp)\n\t movq $4712, -128(%%rsp)\n\t"
			 "mov %[kill], %%eax\n\t syscall\n\t"
			 "movq -8(%%rsp), %0\n\t addq -128(%%rsp), %0"
			 : "=&r"(got)
			 : [kill] "i"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
			 : "rax", "rcx", "r11", "memory");
	CHECK_EQ(count, 1);
	CHECK_EQ(got, 4711 + 4712);
}

static volatile unsigned long handler_rsp;

static void looks_at_alignment(int sig)
{
	handler_rsp = (unsigned long)__builtin_frame_address(0);
}

TEST(frame_is_aligned)
{
	struct sigaction act = {.sa_handler = looks_at_alignment};
	sigaction(SIGUSR1, &act, 0);
	for (int i = 0; i < 16; i++) {
		char *odd = alloca(i + 1);
		odd[0] = 1;
		raise(SIGUSR1);
		CHECK_EQ(handler_rsp % 16, 0);
	}
}

static void context_is_sane(int sig, siginfo_t *info, void *context)
{
	ucontext_t *user = context;
	CHECK(user->uc_mcontext.fpregs);
	CHECK_EQ((uintptr_t)user->uc_mcontext.fpregs % 16, 0);
	CHECK(sigismember(&user->uc_sigmask, SIGHUP));
	CHECK(!sigismember(&user->uc_sigmask, SIGUSR1));
	CHECK_EQ(user->uc_mcontext.gregs[REG_CSGSFS] & 0xffff, 0x33);
	CHECK_EQ((uintptr_t)user->uc_stack.ss_sp, (uintptr_t)space);
	/* The mask that will be set again may be changed. */
	sigaddset(&user->uc_sigmask, SIGTERM);
	count++;
}

TEST(context)
{
	struct sigaction act = {.sa_sigaction = context_is_sane, .sa_flags = SA_SIGINFO};
	sigset_t set;
	use_space(0);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_SETMASK, &set, 0);
	sigaction(SIGUSR1, &act, 0);
	raise(SIGUSR1);
	CHECK_EQ(count, 1);
	sigprocmask(SIG_BLOCK, 0, &set);
	CHECK(sigismember(&set, SIGTERM));
	CHECK(sigismember(&set, SIGHUP));
}

/* A frame that user code has spoiled must not harm the kernel: the program dies. */
TEST(bad_sigreturn)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		__asm__ volatile("mov $0x1000, %%rsp\n\t mov %0, %%eax\n\t syscall" ::"i"(SYS_rt_sigreturn) : "memory");
	}
}

static void spoils_segments(int sig, siginfo_t *info, void *context)
{
	ucontext_t *user = context;
	user->uc_mcontext.gregs[REG_RIP] = 0xdead000000000000; /* not canonical */
}

TEST(return_to_nowhere)
{
	struct sigaction act = {.sa_sigaction = spoils_segments, .sa_flags = SA_SIGINFO};
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		sigaction(SIGUSR1, &act, 0);
		raise(SIGUSR1);
	}
}

static void spoils_flags(int sig, siginfo_t *info, void *context)
{
	ucontext_t *user = context;
	user->uc_mcontext.gregs[REG_EFL] |= 0x3000 | 0x20000; /* IOPL and VM are not for us */
	user->uc_mcontext.gregs[REG_EFL] &= ~0x200l;
	count++;
}

TEST(flags_are_filtered)
{
	struct sigaction act = {.sa_sigaction = spoils_flags, .sa_flags = SA_SIGINFO};
	sigaction(SIGUSR1, &act, 0);
	raise(SIGUSR1);
	unsigned long flags;
	__asm__ volatile("pushfq; pop %0" : "=r"(flags));
	CHECK_EQ(flags & 0x3000, 0);
	CHECK(flags & 0x200);
	CHECK_EQ(count, 1);
}
