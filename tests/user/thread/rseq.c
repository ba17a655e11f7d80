/*
 * Restartable sequences: registration, the CPU's number, and the end of a section by a signal or a switch.
 * Source: linux/rseq.h.
 */
#include "check.h"
#include <linux/rseq.h>
#include <sched.h>
#include <stddef.h>
#include <sys/resource.h>
#ifdef __GLIBC__
#include <sys/rseq.h>
#endif

#define SIGNATURE 0x53053053
static struct rseq area __attribute__((aligned(32))), other __attribute__((aligned(32)));

static long call(void *p, unsigned len, int flags, unsigned sig) { return syscall(SYS_rseq, p, len, flags, sig); }

/* What the C library has registered is taken back; then nothing is. */
static void start(void)
{
#ifdef __GLIBC__
	if (__rseq_size)
		NEED_OK(call((char *)__builtin_thread_pointer() + __rseq_offset, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
#endif
}

static void enter(void)
{
	start();
	area = (struct rseq){.cpu_id = (unsigned)RSEQ_CPU_ID_UNINITIALIZED};
	NEED_OK(call(&area, 32, 0, SIGNATURE));
}

/* A sleep may be over before the CPU went to anybody else. */
static void sleep_off_cpu(void)
{
	struct rusage before, after;
	getrusage(RUSAGE_THREAD, &before);
	do {
		check_sleep_ms(5);
		getrusage(RUSAGE_THREAD, &after);
	} while (after.ru_nvcsw == before.ru_nvcsw);
}

TEST(refusals)
{
	start();
	CHECK_ERR(call(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL);
	CHECK_ERR(call(&area, 32, 2, SIGNATURE), EINVAL);
	CHECK_ERR(call(&area, 31, 0, SIGNATURE), EINVAL);
	CHECK_ERR(call((char *)&area + 8, 32, 0, SIGNATURE), EINVAL);
	CHECK_ERR(call((void *)0xffff800000000000, 32, 0, SIGNATURE), EFAULT);
	NEED_OK(call(&area, 32, 0, SIGNATURE));
	CHECK_ERR(call(&area, 32, 0, SIGNATURE), EBUSY);
	CHECK_ERR(call(&area, 32, 0, SIGNATURE + 1), EPERM);
	CHECK_ERR(call(&other, 32, 0, SIGNATURE), EINVAL);
	CHECK_ERR(call(&area, 64, 0, SIGNATURE), EINVAL);
	CHECK_ERR(call(&area, 32, RSEQ_FLAG_UNREGISTER | 2, SIGNATURE), EINVAL);
	CHECK_ERR(call(&other, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL);
	CHECK_ERR(call(&area, 64, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL);
	CHECK_ERR(call(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE + 1), EPERM);
	CHECK_OK(call(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
	CHECK_EQ(area.cpu_id, (unsigned)RSEQ_CPU_ID_UNINITIALIZED);
	CHECK_EQ(area.cpu_id_start, 0);
	CHECK_ERR(call(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL);
}

TEST(number_of_the_cpu)
{
	cpu_set_t set;
	enter();
	CHECK(area.cpu_id < CPU_SETSIZE);
	CHECK_EQ(area.cpu_id, area.cpu_id_start);
	NEED_OK(sched_getaffinity(0, sizeof set, &set));
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t one;
		if (!CPU_ISSET(cpu, &set))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		CHECK_OK(sched_setaffinity(0, sizeof one, &one));
		CHECK_EQ(area.cpu_id, cpu);
		CHECK_EQ(area.cpu_id_start, cpu);
	}
}

/* A section that only an abort ends: it spins. Gives 1 when aborted, 2 when it gave up. */
static int spin(unsigned flags, uint32_t version, unsigned long rounds)
{
	static struct rseq_cs cs __attribute__((aligned(32)));
	int result = 0;
	cs = (struct rseq_cs){.version = version, .flags = flags};
	__asm__ volatile("lea 1f(%%rip), %%rax\n\tmov %%rax, 8(%2)\n\t"
			 "lea 2f(%%rip), %%rcx\n\tsub %%rax, %%rcx\n\tmov %%rcx, 16(%2)\n\t"
			 "lea 3f(%%rip), %%rax\n\tmov %%rax, 24(%2)\n\t"
			 "mov %2, 8(%3)\n\tmov %4, %%rcx\n"
			 "1:\tdec %%rcx\n\tjnz 1b\n"
			 "2:\tmovl $2, %0\n\tjmp 4f\n\t.long 0x53053053\n"
			 "3:\tmovl $1, %0\n4:"
			 : "=&r"(result), "+m"(cs) : "r"(&cs), "r"(&area), "r"(rounds) : "rax", "rcx", "memory", "cc");
	return result;
}

static volatile int handled;
static void on_alarm(int sig) { handled++; }

TEST(a_signal_ends_a_section)
{
	struct itimerval soon = {.it_value = {0, 20000}};
	enter();
	signal(SIGALRM, on_alarm);
	NEED_OK(setitimer(ITIMER_REAL, &soon, 0));
	CHECK_EQ(spin(0, 0, 1UL << 40), 1);
	CHECK_EQ(area.rseq_cs, 0);
}

/* Two that share a CPU: each is taken off it. */
TEST(a_switch_ends_a_section)
{
	cpu_set_t one, all;
	NEED_OK(sched_getaffinity(0, sizeof all, &all));
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	NEED_OK(sched_setaffinity(0, sizeof one, &one));
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			;
	enter();
	CHECK_EQ(spin(0, 0, 1UL << 40), 1);
	CHECK_EQ(area.rseq_cs, 0);
	check_reap(pid);
}

/* Outside a section nothing is ended, but what is named is forgotten. */
TEST(a_section_left_behind)
{
	enter();
	CHECK_EQ(spin(0, 0, 10), 2);
	sleep_off_cpu();
	CHECK_EQ(area.rseq_cs, 0);
}

TEST(what_cannot_be_right_kills)
{
	enter();
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		spin(0, 1, 10);		/* an unknown version */
		sleep_off_cpu();
	}
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		area.rseq_cs = 8;
		sleep_off_cpu();
	}
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {	/* the signature is not there */
		static struct rseq_cs cs __attribute__((aligned(32)));
		static unsigned code[16];
		cs = (struct rseq_cs){.start_ip = (uintptr_t)&code[4], .post_commit_offset = 4, .abort_ip = (uintptr_t)&code[8]};
		area.rseq_cs = (uintptr_t)&cs;
		sleep_off_cpu();
	}
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {	/* the memory went */
		void *p = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		NEED_OK(call(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
		NEED_OK(call(p, 32, 0, SIGNATURE));
		munmap(p, PAGE);
		sleep_off_cpu();
	}
}

static long thread_result;
static int in_thread(void *arg)
{
	thread_result = RAW(SYS_rseq, &area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE);
	RAW(SYS_exit, 0);
	return 0;
}

TEST(inherited)
{
	static char stack[16384] __attribute__((aligned(16)));
	enter();
	IN_CHILD {
		CHECK_ERR(call(&area, 32, 0, SIGNATURE), EBUSY);
		CHECK_EQ(spin(0, 0, 10), 2);
	}
	pid_t pid = (pid_t)NEED_OK(clone(in_thread, stack + sizeof stack, CLONE_VM | SIGCHLD, 0));
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(thread_result, -EINVAL);
	CHECK_ERR(call(&area, 32, 0, SIGNATURE), EBUSY);
}

HELPER(fresh)
{
	start();
	return call(&other, 32, 0, SIGNATURE) ? errno : 0;
}

TEST(exec_forgets)
{
	pid_t pid = fork();
	if (pid == 0) {
		enter();
		execl(check_self, check_self, "@fresh", (char *)0);
		_exit(99);
	}
	CHECK_WAIT(pid, EXITED(0));
}
