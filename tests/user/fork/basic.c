/* What a forked child is: fork(2). */
#include "check.h"
#include <sys/times.h>

static int global = 1;

TEST(returns_twice)
{
	pid_t self = getpid();
	pid_t pid = fork();
	if (pid == 0)
		_exit(getpid() == self || getppid() != self ? 1 : 42);
	CHECK(pid > 0);
	CHECK(pid != self);
	CHECK_EQ(getpid(), self);
	CHECK_WAIT(pid, EXITED(42));
}

TEST(raw_call)
{
	pid_t self = getpid();
	long pid = RAW(SYS_fork);
	if (pid == 0)
		RAW(SYS_exit, RAW(SYS_getppid) == self ? 7 : 1);
	CHECK_WAIT(pid, EXITED(7));
}

TEST(child_is_its_own_thread_group)
{
	IN_CHILD {
		CHECK_EQ(syscall(SYS_gettid), getpid());
	}
}

TEST(memory_is_a_copy)
{
	int local = 1, *heap = malloc(sizeof *heap);
	*heap = 1;
	IN_CHILD {
		CHECK_EQ(global, 1);
		CHECK_EQ(local, 1);
		CHECK_EQ(*heap, 1);
		global = local = *heap = 2;
		CHECK_EQ(global + local + *heap, 6);
	}
	CHECK_EQ(global, 1);
	CHECK_EQ(local, 1);
	CHECK_EQ(*heap, 1);
}

TEST(parent_writes_do_not_reach_the_child)
{
	int go[2];
	char c;
	NEED_OK(pipe(go));
	pid_t pid = fork();
	if (pid == 0) {
		if (read(go[0], &c, 1) != 1)
			_exit(2);
		_exit(global == 1 ? 0 : 1);
	}
	global = 99;
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(global, 99);
}

static void on_signal(int sig)
{
	global += sig;
}

TEST(signal_state)
{
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, now;
	sigset_t set, old;
	sigaction(SIGUSR1, &act, 0);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGRTMIN);
	NEED_OK(sigprocmask(SIG_BLOCK, &set, 0));
	raise(SIGTERM);
	sigpending(&old);
	CHECK(sigismember(&old, SIGTERM));
	IN_CHILD {
		sigaction(SIGUSR1, 0, &now);
		CHECK(now.sa_handler == on_signal);
		CHECK(now.sa_flags & SA_RESTART);
		sigaction(SIGUSR2, 0, &now);
		CHECK(now.sa_handler == SIG_IGN);
		sigprocmask(SIG_BLOCK, 0, &old);
		CHECK(sigismember(&old, SIGTERM));
		CHECK(sigismember(&old, SIGRTMIN));
		CHECK(!sigismember(&old, SIGINT));
		sigpending(&old);
		CHECK(!sigismember(&old, SIGTERM));
		raise(SIGUSR1);
		CHECK_EQ(global, 1 + SIGUSR1);
		signal(SIGUSR1, SIG_DFL);
	}
	sigaction(SIGUSR1, 0, &now);
	CHECK(now.sa_handler == on_signal);
	sigpending(&old);
	CHECK(sigismember(&old, SIGTERM));
}

TEST(alternate_stack_is_kept)
{
	static char space[32768];
	stack_t alt = {.ss_sp = space, .ss_size = sizeof space}, now;
	NEED_OK(sigaltstack(&alt, 0));
	IN_CHILD {
		CHECK_OK(sigaltstack(0, &now));
		CHECK(now.ss_sp == space);
		CHECK_EQ(now.ss_size, sizeof space);
		CHECK_EQ(now.ss_flags, 0);
	}
}

TEST(timers_are_not_inherited)
{
	struct itimerval timer = {{0, 0}, {100, 0}}, now;
	alarm(0);
	NEED_OK(setitimer(ITIMER_REAL, &timer, 0));
	IN_CHILD {
		CHECK_OK(getitimer(ITIMER_REAL, &now));
		CHECK_EQ(now.it_value.tv_sec, 0);
		CHECK_EQ(now.it_value.tv_usec, 0);
		CHECK_EQ(alarm(0), 0);
	}
	CHECK_OK(getitimer(ITIMER_REAL, &now));
	CHECK(now.it_value.tv_sec > 90);
}

TEST(times_start_at_zero)
{
	struct tms t;
	struct rusage use;
	clock_t end = clock() + CLOCKS_PER_SEC / 10;
	while (clock() < end)
		;
	IN_CHILD {
		CHECK_OK(times(&t));
		CHECK(t.tms_utime + t.tms_stime < 5);
		CHECK_EQ(t.tms_cutime + t.tms_cstime, 0);
		getrusage(RUSAGE_SELF, &use);
		CHECK(use.ru_utime.tv_sec * 1000000 + use.ru_utime.tv_usec < 60000);
		getrusage(RUSAGE_CHILDREN, &use);
		CHECK_EQ(use.ru_utime.tv_usec + use.ru_stime.tv_usec, 0);
	}
}

TEST(attributes_are_inherited)
{
	char before[256], after[256];
	struct rlimit core = {4096, 8192}, now;
	check_scratch();
	umask(027);
	NEED_OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){100, 200}));
	core.rlim_cur = core.rlim_max = 0;
	setrlimit(RLIMIT_CORE, &core);
	getcwd(before, sizeof before);
	setenv("FURCA_INHERITED", "yes", 1);
	IN_CHILD {
		CHECK_EQ(umask(0), 027);
		getcwd(after, sizeof after);
		CHECK_STR(after, before);
		CHECK_STR(getenv("FURCA_INHERITED"), "yes");
		getrlimit(RLIMIT_NOFILE, &now);
		CHECK_EQ(now.rlim_cur, 100);
		CHECK_EQ(now.rlim_max, 200);
		CHECK_EQ(getuid(), 0);
		CHECK_OK(chdir("/"));
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){50, 60});
	}
	CHECK_EQ(umask(0), 027);
	getcwd(after, sizeof after);
	CHECK_STR(after, before);
	getrlimit(RLIMIT_NOFILE, &now);
	CHECK_EQ(now.rlim_cur, 100);
}

TEST(ids_are_inherited)
{
	IN_CHILD {
		gid_t groups[] = {5, 6};
		CHECK_OK(RAW(SYS_setgroups, 2, groups) ? -1 : 0);
		CHECK_OK(setresgid(11, 12, 13));
		CHECK_OK(setresuid(21, 22, 23));
		IN_CHILD {
			uid_t r, e, s;
			getresuid(&r, &e, &s);
			CHECK_EQ(r * 10000 + e * 100 + s, 212223);
			getresgid(&r, &e, &s);
			CHECK_EQ(r * 10000 + e * 100 + s, 111213);
			gid_t got[8];
			CHECK_EQ(getgroups(8, got), 2);
			CHECK_EQ(got[0] * 10 + got[1], 56);
		}
	}
	CHECK_EQ(getuid(), 0);
}

TEST(group_and_session_are_inherited)
{
	pid_t group = getpgrp(), session = getsid(0);
	IN_CHILD {
		CHECK_EQ(getpgrp(), group);
		CHECK_EQ(getsid(0), session);
	}
}

TEST(float_state_is_copied)
{
	double x = 1.25;
	long rounding, in_child = 0;
	unsigned mxcsr = 0x7f80, got = 0;
	__asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
	__asm__ volatile("movsd %3, %%xmm9\n\t"
			 "mov %2, %%eax\n\t"
			 "syscall\n\t"
			 "movq %%xmm9, %%rcx"
			 : "=&a"(rounding), "=c"(in_child)
			 : "i"(SYS_fork), "m"(x)
			 : "r11", "xmm9", "memory");
	__asm__ volatile("stmxcsr %0" : "=m"(got));
	bool same = !memcmp(&in_child, &x, sizeof x) && (got & 0x7f80) == 0x7f80;
	if (rounding == 0)
		_exit(same ? 0 : 1);
	CHECK(same);
	CHECK_WAIT(rounding, EXITED(0));
}

TEST(registers_are_copied)
{
	long pid, sum;
	__asm__ volatile("mov $1, %%ebx\n\t mov $2, %%r12d\n\t mov $4, %%r13d\n\t mov $8, %%r14d\n\t mov $16, %%r15d\n\t"
			 "mov $32, %%edi\n\t mov $64, %%esi\n\t mov $128, %%edx\n\t mov $256, %%r10d\n\t mov $512, %%r8d\n\t"
			 "mov $1024, %%r9d\n\t mov %2, %%eax\n\t syscall\n\t"
			 "lea (%%rbx, %%r12), %%rcx\n\t add %%r13, %%rcx\n\t add %%r14, %%rcx\n\t add %%r15, %%rcx\n\t"
			 "add %%rdi, %%rcx\n\t add %%rsi, %%rcx\n\t add %%rdx, %%rcx\n\t add %%r10, %%rcx\n\t"
			 "add %%r8, %%rcx\n\t add %%r9, %%rcx"
			 : "=&a"(pid), "=&c"(sum)
			 : "i"(SYS_fork)
			 : "rbx", "r12", "r13", "r14", "r15", "rdi", "rsi", "rdx", "r10", "r8", "r9", "r11", "memory");
	if (pid == 0)
		_exit(sum == 2047 ? 0 : 1);
	CHECK_EQ(sum, 2047);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(grandchildren)
{
	int status[4];
	IN_CHILD_ENDS(EXITED(3)) {
		for (int depth = 0; depth < 3; depth++) {
			pid_t pid = fork();
			if (pid) {
				waitpid(pid, status, 0);
				_exit(WEXITSTATUS(status[0]) + 1);
			}
		}
		_exit(0);
	}
}
