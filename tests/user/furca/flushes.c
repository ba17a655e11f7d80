/*
 * flushes.c: whom a change of page tables interrupts: nobody, while a process has only been on its CPU; a CPU that keeps the
 * tables only because nothing else had to be loaded, once; and the CPUs of the other threads.
 */
#include "check.h"
#include <pthread.h>
#include <sched.h>

static long interrupts(void)
{
	char text[500], *at;
	int fd = NEED_OK(open("/proc/furca/flushes", O_RDONLY));
	ssize_t n = NEED_OK(read(fd, text, sizeof text - 1));

	close(fd);
	text[n] = 0;
	at = strstr(text, "\ninterrupts ");
	CHECK(at);
	return at ? atol(at + 12) : -1;
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	NEED_OK(sched_setaffinity(0, sizeof set, &set));
}

/* Everything that takes rights away: forks, copies, protection, unmapping. */
static void changes_tables(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		char *p = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(p, 1, 64 * PAGE);
		pid_t pid = fork();
		if (pid == 0) {
			p[0] = 2;
			_exit(0);
		}
		p[PAGE] = 3;
		CHECK_WAIT(pid, EXITED(0));
		CHECK_OK(mprotect(p, 16 * PAGE, PROT_READ));
		CHECK_OK(madvise(p + 16 * PAGE, 16 * PAGE, MADV_DONTNEED));
		CHECK_OK(munmap(p, 64 * PAGE));
	}
}

/* A process that began where it stays. */
TEST(one_cpu_interrupts_nobody)
{
	stay_on(0);
	IN_CHILD {
		long before = interrupts();
		changes_tables(20);
		CHECK_EQ(interrupts() - before, 0);
	}
}

TEST(a_cpu_left_behind_is_asked_once)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	stay_on(0);
	IN_CHILD {
		changes_tables(1);
		stay_on(1);
		check_sleep_ms(50);
		long before = interrupts();
		changes_tables(20);
		CHECK(interrupts() - before <= 1);
	}
}

static volatile int must_stop;

static void *runs_elsewhere(void *arg)
{
	stay_on(1);
	while (!must_stop)
		;
	return NULL;
}

TEST(threads_on_two_cpus_are_asked)
{
	pthread_t t;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	stay_on(0);
	NEED_OK(-pthread_create(&t, NULL, runs_elsewhere, NULL));
	check_sleep_ms(50);
	long before = interrupts();
	changes_tables(2);
	CHECK(interrupts() - before > 0);
	must_stop = 1;
	pthread_join(t, NULL);
}
