/*
 * cpus.c: several CPUs: which there are, and that a task runs where its affinity lets it: at once for the caller, for another
 * thread or process that runs, sleeps or waits for its turn, and in children and after exec.
 */
#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <sys/sysinfo.h>

static unsigned long allowed(pid_t pid)
{
	unsigned long mask[16] = { 0 };

	CHECK_OK(syscall(SYS_sched_getaffinity, pid, sizeof mask, mask));
	return mask[0];
}

static int set(pid_t pid, unsigned long mask) { return syscall(SYS_sched_setaffinity, pid, sizeof mask, &mask); }

static int here(void)
{
	unsigned cpu = 999;

	CHECK_OK(syscall(SYS_getcpu, &cpu, 0, 0));
	return cpu;
}

static int count(unsigned long mask) { return __builtin_popcountl(mask); }

/* Field 39 of /proc/PID/stat: where it ran last. */
static int last_cpu(pid_t pid)
{
	char path[64], text[1024] = "", *p;
	int fd, field = 2;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (read(fd, text, sizeof text - 1) < 0)
		text[0] = 0;
	close(fd);
	p = strrchr(text, ')');
	for (; p && field < 39; field++) {
		p = strchr(p + 1, ' ');
	}
	return p ? atoi(p + 1) : -1;
}

TEST(the_count_is_the_same_everywhere)
{
	char text[8192] = "";
	int fd = open("/proc/cpuinfo", O_RDONLY), n = 0, stat_lines = 0;
	size_t used = 0;
	ssize_t got;
	FILE *f;

	while (fd >= 0 && (got = read(fd, text, sizeof text - 1)) > 0) {
		text[got] = 0;
		for (char *p = text; (p = strstr(p, "processor\t:")); p++)
			n++;
		used += got;
	}
	CHECK(used > 0);
	CHECK_EQ(n, count(allowed(0)));
	CHECK_EQ(get_nprocs(), n);
	f = fopen("/proc/stat", "r");
	while (f && fgets(text, sizeof text, f))
		stat_lines += !strncmp(text, "cpu", 3) && text[3] != ' ';
	CHECK_EQ(stat_lines, n);
}

TEST(the_caller_moves_at_once)
{
	unsigned long all = allowed(0);

	for (int round = 0; round < 20; round++) {
		for (int cpu = 0; cpu < 64; cpu++) {
			if (!(all & 1ul << cpu))
				continue;
			CHECK_OK(set(0, 1ul << cpu));
			CHECK_EQ(here(), cpu);
			CHECK_EQ(sched_getcpu(), cpu);
			CHECK_EQ(allowed(0), 1ul << cpu);
			CHECK_EQ(last_cpu(getpid()), cpu);
		}
	}
	CHECK_OK(set(0, all));
	CHECK_EQ(allowed(0), all);
}

TEST(a_running_process_moves)
{
	unsigned long all = allowed(0);
	volatile int *seen = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			*seen = sched_getcpu();
	for (int round = 0; round < 5; round++) {
		for (int cpu = 0; cpu < 64; cpu++) {
			if (!(all & 1ul << cpu))
				continue;
			CHECK_OK(set(pid, 1ul << cpu));
			*seen = -1;
			CHECK_SOON(*seen >= 0);
			*seen = -1;
			CHECK_SOON(*seen >= 0);
			CHECK_EQ(*seen, cpu);
		}
	}
	kill(pid, SIGKILL);
	CHECK_WAIT(pid, KILLED(SIGKILL));
}

TEST(a_sleeper_wakes_where_it_may)
{
	unsigned long all = allowed(0);
	int to[2], from[2], cpu = -1;
	char c = 0;
	pid_t pid;

	NEED_OK(pipe(to));
	NEED_OK(pipe(from));
	pid = fork();
	if (pid == 0) {
		while (read(to[0], &c, 1) == 1) {
			cpu = sched_getcpu();
			if (write(from[1], &cpu, sizeof cpu) < 0)
				_exit(1);
		}
	}
	for (int i = 0; i < 64; i++) {
		if (!(all & 1ul << i))
			continue;
		CHECK_OK(set(pid, 1ul << i));
		CHECK_EQ(write(to[1], &c, 1), 1);
		CHECK_EQ(read(from[0], &cpu, sizeof cpu), sizeof cpu);
		CHECK_EQ(cpu, i);
	}
	kill(pid, SIGKILL);
	CHECK_WAIT(pid, KILLED(SIGKILL));
}

HELPER(mask)
{
	return allowed(0) == strtoul(argv[2], 0, 10) ? 0 : 1;
}

TEST(children_threads_and_programs_inherit_it)
{
	unsigned long all = allowed(0), one = all & -all;
	char text[32];

	CHECK_OK(set(0, one));
	IN_CHILD
	{
		CHECK_EQ(allowed(0), one);
		CHECK_EQ(1ul << here(), one);
	}
	snprintf(text, sizeof text, "%lu", one);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "cpus", "@mask", text, (char *)0);
		_exit(127);
	}
	CHECK_WAIT(pid, EXITED(0));
}

static volatile int thread_cpu, thread_stop, thread_tid;
static void *looks(void *arg)
{
	thread_tid = syscall(SYS_gettid);
	while (!thread_stop)
		thread_cpu = sched_getcpu();
	return 0;
}

TEST(one_thread_alone_moves)
{
	unsigned long all = allowed(0), last = 1ul << (63 - __builtin_clzl(all));
	pthread_t t;

	CHECK_EQ(pthread_create(&t, 0, looks, 0), 0);
	CHECK_SOON(thread_tid);
	CHECK_OK(set(thread_tid, last));
	CHECK_EQ(allowed(thread_tid), last);
	CHECK_EQ(allowed(0), all);
	thread_cpu = -1;
	CHECK_SOON(thread_cpu >= 0);
	thread_cpu = -1;
	CHECK_SOON(1ul << thread_cpu == last);
	thread_stop = 1;
	pthread_join(t, 0);
}

TEST(errors)
{
	unsigned long mask = 0, none = 1ul << 63;

	CHECK_ERR(set(0, 0), EINVAL);
	CHECK_ERR(set(0, none), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setaffinity, 0, 8, 8), EFAULT);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 8, 8), EFAULT);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 7, &mask), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 0, &mask), EINVAL);
	CHECK_ERR(set(0x3fffff, 1), ESRCH);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0x3fffff, 8, &mask), ESRCH);
	CHECK_ERR(syscall(SYS_sched_setaffinity, -1, 8, &mask), ESRCH);
	/* CPUs that are not there are left out */
	CHECK_OK(set(0, ~0ul));
	CHECK(allowed(0) != ~0ul);
}

/* As many processes as CPUs, each busy: each gets a CPU of its own. */
TEST(the_work_is_spread)
{
	unsigned long all = allowed(0);
	int n = count(all);
	pid_t pids[64];
	unsigned long used = 0;

	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			for (;;)
				;
	}
	for (int tries = 0; tries < 200 && used != all; tries++) {
		check_sleep_ms(10);
		used = 0;
		for (int i = 0; i < n; i++)
			used |= 1ul << last_cpu(pids[i]);
	}
	CHECK_EQ(used, all);
	for (int i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		CHECK_WAIT(pids[i], KILLED(SIGKILL));
	}
}

static int set_fifo(pid_t pid, int priority)
{
	struct sched_param p = { priority };

	return sched_setscheduler(pid, SCHED_FIFO, &p);
}

/* A real-time task whose CPU is taken by a more urgent one goes on where only ordinary work is. */
TEST(real_time_work_moves_on)
{
	unsigned long all = allowed(0);
	volatile long *counts = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[64], low, high;
	int n = count(all), cpu;
	long seen;

	if (n < 2)
		return;
	CHECK_OK(set_fifo(0, 50));
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct sched_param p = { 0 };
			sched_setscheduler(0, SCHED_OTHER, &p);
			for (;;)
				counts[i]++;
		}
	}
	low = fork();
	if (low == 0) {
		set_fifo(0, 10);
		for (;;)
			counts[100]++;
	}
	CHECK_SOON(counts[100] > 0);
	cpu = last_cpu(low);
	high = fork();
	if (high == 0) {
		set(0, 1ul << cpu);
		set_fifo(0, 20);
		for (;;)
			counts[101]++;
	}
	CHECK_SOON(counts[101] > 0);
	seen = counts[100];
	CHECK_SOON(counts[100] > seen);
	CHECK(counts[101] > 0);
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	kill(low, SIGKILL);
	kill(high, SIGKILL);
	while (wait(0) > 0)
		;
}
