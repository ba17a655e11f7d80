/* The FPU's state: across switches, in fork's child, in a new program, in and after signal handlers. x86-64. */
#include "check.h"
#include <cpuid.h>
#include <sched.h>
#include <ucontext.h>

#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u

static bool has_avx, has_xsave;

__attribute__((constructor)) static void look_at_cpu(void)
{
	unsigned a, b, c = 0, d;
	__get_cpuid(1, &a, &b, &c, &d);
	has_xsave = c & bit_OSXSAVE;
	has_avx = has_xsave && (c & bit_AVX);
}

/* A pattern in xmm or ymm 5 and 15, and on the x87 stack. */
#define SET_PATTERN(v)                                                                            \
	do {                                                                                      \
		uint64_t p_[4] = {(v), (v) + 1, (v) + 2, (v) + 3};                                \
		double x_ = (double)(v);                                                          \
		if (has_avx)                                                                      \
			__asm__ volatile("vmovdqu %0, %%ymm5; vmovdqu %0, %%ymm15" : : "m"(p_) : "xmm5", "xmm15"); \
		else                                                                              \
			__asm__ volatile("movdqu %0, %%xmm5; movdqu %0, %%xmm15" : : "m"(p_) : "xmm5", "xmm15");   \
		__asm__ volatile("fldl %0" : : "m"(x_));                                          \
	} while (0)

/* Takes the x87 value off again. */
#define HAS_PATTERN(v)                                                                            \
	({                                                                                        \
		uint64_t p_[4] = {}, q_[4] = {};                                                  \
		double x_ = 0;                                                                    \
		if (has_avx)                                                                      \
			__asm__ volatile("vmovdqu %%ymm5, %0; vmovdqu %%ymm15, %1" : "=m"(p_), "=m"(q_)); \
		else                                                                              \
			__asm__ volatile("movdqu %%xmm5, %0; movdqu %%xmm15, %1" : "=m"(p_), "=m"(q_));   \
		__asm__ volatile("fstpl %0" : "=m"(x_));                                          \
		x_ == (double)(v) && !memcmp(p_, q_, 32) && p_[0] == (v) && p_[1] == (v) + 1 &&   \
			(!has_avx || (p_[2] == (v) + 2 && p_[3] == (v) + 3));                     \
	})

static long raw(long nr, long a, long b, long c)
{
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "0"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
}

/* Two processes hand a byte to and fro; each time the other has run in between. */
static void ping_pong(int in, int out, uint64_t base)
{
	char byte = 'x';
	for (uint64_t i = 0; i < 200; i++) {
		SET_PATTERN(base + 10 * i);
		raw(SYS_write, out, (long)&byte, 1);
		raw(SYS_read, in, (long)&byte, 1);
		CHECK(HAS_PATTERN(base + 10 * i));
	}
}

TEST(kept_across_switches)
{
	int to[2], from[2];
	NEED_OK(pipe(to));
	NEED_OK(pipe(from));
	IN_CHILD {
		pid_t pid = fork();
		if (pid == 0) {
			ping_pong(to[0], from[1], 1000000);
			_exit(check_failed != 0);
		}
		ping_pong(from[0], to[1], 5000000);
		CHECK_WAIT(pid, EXITED(0));
	}
}

TEST(fork_copies_it)
{
	SET_PATTERN(77);
	pid_t pid = (pid_t)raw(SYS_fork, 0, 0, 0);
	bool ok = HAS_PATTERN(77);
	if (pid == 0)
		raw(SYS_exit_group, ok ? 0 : 1, 0, 0);
	CHECK(ok);
	CHECK_WAIT(pid, EXITED(0));
}

HELPER(fresh)
{
	uint16_t control;
	uint32_t mxcsr;
	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(control), "=m"(mxcsr));
	return control == 0x37f && mxcsr == 0x1f80 ? 0 : 1;
}

TEST(exec_starts_fresh)
{
	IN_CHILD {
		uint16_t control = 0x27f;
		uint32_t mxcsr = 0x9fc0;
		__asm__ volatile("fldcw %0; ldmxcsr %1" : : "m"(control), "m"(mxcsr));
		execl(check_self, check_self, "@fresh", NULL);
		_exit(9);
	}
}

static volatile bool was_fresh, had_old_state;
static volatile uint32_t magic1, magic2, extended_size;
static volatile uint64_t frame_flags, fpu_address, edit_to;

static void disturbs(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uint16_t control;
	uint32_t mxcsr;
	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(control), "=m"(mxcsr));
	was_fresh = control == 0x37f && mxcsr == 0x1f80;
	uint32_t *f = (uint32_t *)u->uc_mcontext.fpregs;
	had_old_state = *(uint64_t *)((char *)f + 160 + 16 * 5) == 555;	/* xmm5 */
	magic1 = f[464 / 4];
	extended_size = f[468 / 4];
	magic2 = magic1 == MAGIC1 ? *(uint32_t *)((char *)f + extended_size - 4) : 0;
	frame_flags = u->uc_flags;
	fpu_address = (uint64_t)f;
	if (edit_to)
		*(uint64_t *)((char *)f + 160 + 16 * 5) = edit_to;
	SET_PATTERN(999999);
}

static void catch_usr1(void)
{
	struct sigaction act = {.sa_sigaction = disturbs, .sa_flags = SA_SIGINFO};
	NEED_OK(sigaction(SIGUSR1, &act, 0));
}

TEST(signals_save_and_restore_it)
{
	catch_usr1();
	long pid = getpid(), tid = gettid();
	uint32_t mxcsr = 0x9fc0, after;
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	SET_PATTERN(555);
	raw(SYS_tgkill, pid, tid, SIGUSR1);
	bool ok = HAS_PATTERN(555);
	__asm__ volatile("stmxcsr %0" : "=m"(after));
	CHECK(ok);
	CHECK_EQ(after, mxcsr);
	CHECK(was_fresh);
	CHECK(had_old_state);
	CHECK_EQ(fpu_address & 63, 0);
}

TEST(frame_says_what_it_holds)
{
	catch_usr1();
	raise(SIGUSR1);
	CHECK_EQ(frame_flags, has_xsave ? 7 : 6);
	if (has_xsave) {
		unsigned a, b, c, d;
		__cpuid_count(0xd, 0, a, b, c, d);
		CHECK_EQ(magic1, MAGIC1);
		CHECK_EQ(magic2, MAGIC2);
		CHECK(extended_size >= 512 + 64 + 4 && extended_size <= b + 4);
	}
}

TEST(handler_may_edit_it)
{
	catch_usr1();
	long pid = getpid(), tid = gettid();
	edit_to = 4711;
	SET_PATTERN(555);
	raw(SYS_tgkill, pid, tid, SIGUSR1);
	uint64_t now[2];
	__asm__ volatile("movdqu %%xmm5, %0; fstp %%st(0)" : "=m"(now));
	CHECK_EQ(now[0], 4711);
	CHECK_EQ(now[1], 556);
}
