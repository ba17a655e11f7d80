/* What a fault's signal says: number, code, address. */
#include "check.h"
#include <setjmp.h>

static sigjmp_buf jump;
static siginfo_t last;

static void catches(int sig, siginfo_t *info, void *context)
{
	last = *info;
	siglongjmp(jump, 1);
}

static void prepare(void)
{
	struct sigaction act = {.sa_sigaction = catches, .sa_flags = SA_SIGINFO};
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	for (int i = 0; i < 5; i++)
		sigaction(signals[i], &act, 0);
}

#define FAULT(what, sig, code)                    \
	do {                                      \
		memset(&last, 0, sizeof last);    \
		if (!sigsetjmp(jump, 1)) {        \
			what;                     \
			CHECK(!"no fault: " #what); \
		}                                 \
		CHECK_EQ(last.si_signo, sig);     \
		CHECK_EQ(last.si_code, code);     \
	} while (0)

static volatile char *volatile at;

TEST(nothing_mapped)
{
	prepare();
	at = (char *)0x10;
	FAULT(*at = 1, SIGSEGV, SEGV_MAPERR);
	CHECK_EQ((uintptr_t)last.si_addr, 0x10);
	at = (char *)0x123456789abc;
	FAULT((void)*at, SIGSEGV, SEGV_MAPERR);
	CHECK_EQ((uintptr_t)last.si_addr, 0x123456789abc);
	at = (char *)0x7ffffffff123;
	FAULT((void)*at, SIGSEGV, SEGV_MAPERR);
	CHECK_EQ((uintptr_t)last.si_addr, 0x7ffffffff123);
}

TEST(kernel_addresses)
{
	prepare();
	at = (char *)0xffff800000000000;
	FAULT((void)*at, SIGSEGV, SEGV_MAPERR);
	at = (char *)0xffffffff80000000;
	FAULT(*at = 1, SIGSEGV, SEGV_MAPERR);
}

TEST(not_canonical)
{
	prepare();
	at = (char *)0x8000000000000000;
	FAULT((void)*at, SIGSEGV, SI_KERNEL);
	CHECK_EQ((uintptr_t)last.si_addr, 0);
}

TEST(not_allowed)
{
	prepare();
	at = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FAULT(at[5] = 1, SIGSEGV, SEGV_ACCERR);
	CHECK((char *)last.si_addr == at + 5);
	CHECK_EQ(at[5], 0);
	mprotect((char *)at, PAGE, PROT_NONE);
	FAULT((void)*at, SIGSEGV, SEGV_ACCERR);
	mprotect((char *)at, PAGE, PROT_READ | PROT_WRITE);
	at[0] = (char)0xc3;
	FAULT(((void (*)(void))(void *)at)(), SIGSEGV, SEGV_ACCERR);
	CHECK((char *)last.si_addr == at);
	mprotect((char *)at, PAGE, PROT_READ | PROT_EXEC);
	((void (*)(void))(void *)at)();
	FAULT(at[0] = 1, SIGSEGV, SEGV_ACCERR);
}

TEST(program_text_is_not_written)
{
	prepare();
	at = (char *)prepare;
	FAULT(*at = 1, SIGSEGV, SEGV_ACCERR);
}

TEST(jump_to_nowhere)
{
	prepare();
	at = (char *)0x1000;
	FAULT(((void (*)(void))(void *)at)(), SIGSEGV, SEGV_MAPERR);
	CHECK_EQ((uintptr_t)last.si_addr, 0x1000);
}

TEST(beyond_the_end_of_a_file)
{
	prepare();
	check_scratch();
	CHECK_OK(check_spew("f", "text", 4, 0644));
	int fd = NEED_OK(open("f", O_RDWR));
	at = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK_EQ(at[0], 't');
	CHECK_EQ(at[4], 0);
	CHECK_EQ(at[PAGE - 1], 0);
	FAULT((void)at[PAGE], SIGBUS, BUS_ADRERR);
	CHECK((char *)last.si_addr == at + PAGE);
	at = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	FAULT(at[PAGE + 1] = 1, SIGBUS, BUS_ADRERR);
	CHECK((char *)last.si_addr == at + PAGE + 1);
}

TEST(after_truncation)
{
	prepare();
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_OK(ftruncate(fd, 2 * PAGE));
	at = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	volatile char *private = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	at[0] = at[PAGE] = 'x';
	private[PAGE + 1] = 'p';
	CHECK_OK(ftruncate(fd, PAGE));
	CHECK_EQ(at[0], 'x');
	FAULT((void)at[PAGE], SIGBUS, BUS_ADRERR);
	/* Private copies beyond the end go too. */
	FAULT((void)private[PAGE + 1], SIGBUS, BUS_ADRERR);
	CHECK_OK(ftruncate(fd, 2 * PAGE));
	CHECK_EQ(at[PAGE], 0);
	CHECK_EQ(private[PAGE + 1], 0);
}

TEST(division)
{
	volatile int zero = 0, one = 1;
	prepare();
	FAULT(one = one / zero, SIGFPE, FPE_INTDIV);
	CHECK(last.si_addr != 0);
}

/* The x87 unit, because QEMU's translator raises nothing for SSE. */
TEST(float_exceptions)
{
	unsigned short control = 0x37f & ~4; /* division by zero unmasked */
	prepare();
	FAULT(__asm__ volatile("fninit; fldcw %0; fldz; fld1; fdivp; fwait" ::"m"(control)), SIGFPE, FPE_FLTDIV);
	__asm__ volatile("fninit");
}

TEST(bad_instruction)
{
	prepare();
	FAULT(__asm__ volatile("ud2"), SIGILL, ILL_ILLOPN);
	CHECK(last.si_addr != 0);
}

TEST(privileged_instruction)
{
	prepare();
	FAULT(__asm__ volatile("hlt"), SIGSEGV, SI_KERNEL);
	FAULT(__asm__ volatile("cli"), SIGSEGV, SI_KERNEL);
	FAULT(__asm__ volatile("mov %%cr0, %%rax" ::: "rax"), SIGSEGV, SI_KERNEL);
	FAULT(__asm__ volatile("in $0x60, %%al" ::: "rax"), SIGSEGV, SI_KERNEL);
}

TEST(breakpoint)
{
	prepare();
	FAULT(__asm__ volatile("int3"), SIGTRAP, SI_KERNEL);
}

TEST(single_step_flag)
{
	prepare();
	FAULT(__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop" ::: "memory", "cc"), SIGTRAP, TRAP_TRACE);
}

TEST(uncaught)
{
	IN_CHILD_ENDS(KILLED(SIGFPE)) {
		volatile int zero = 0, one = 1;
		one = one / zero;
	}
	IN_CHILD_ENDS(KILLED(SIGILL)) {
		__asm__ volatile("ud2");
	}
	IN_CHILD_ENDS(KILLED(SIGTRAP)) {
		__asm__ volatile("int3");
	}
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		__asm__ volatile("hlt");
	}
}
