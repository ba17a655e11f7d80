/* CLONE_THREAD by hand: one process, many tasks. */
#include "clone.h"
#include <linux/futex.h>

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

struct report {
	volatile int pid, tid, ppid, done, clear, hold;
};
static struct report r;

static int reports(void *arg)
{
	r.pid = RAW(SYS_getpid);
	r.tid = RAW(SYS_gettid);
	r.ppid = RAW(SYS_getppid);
	r.done = 1;
	while (r.hold)
		futex_call((int *)&r.hold, FUTEX_WAIT, 1, 0, 0, 0);
	return 0;
}

static long start(void)
{
	r.clear = 1;
	return clone_call(THREAD_FLAGS | CLONE_CHILD_CLEARTID, CLONE_TOP(clone_stack()), 0, (int *)&r.clear, 0, reports, 0);
}

static void join(void)
{
	r.hold = 0;
	futex_call((int *)&r.hold, FUTEX_WAKE, 100, 0, 0, 0);
	for (int value; (value = r.clear);)
		futex_call((int *)&r.clear, FUTEX_WAIT, value, 0, 0, 0);
}

TEST(ids)
{
	long tid = start();
	CHECK(tid > 0);
	join();
	CHECK_EQ(r.pid, getpid());
	CHECK_EQ(r.tid, tid);
	CHECK(r.tid != getpid());
	CHECK_EQ(r.ppid, getppid());
}

TEST(not_waited_for)
{
	CHECK(start() > 0);
	join();
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
}

TEST(listed_in_task)
{
	char path[64];
	r.hold = 1;
	long tid = start();
	CHECK_SOON(r.done);
	snprintf(path, sizeof path, "/proc/%d/task/%ld/stat", getpid(), tid);
	CHECK_OK(access(path, F_OK));
	snprintf(path, sizeof path, "/proc/%ld/status", tid);
	CHECK_EQ(check_field(path, "Tgid", 10), getpid());
	CHECK_EQ(check_field(path, "Pid", 10), tid);
	CHECK_EQ(check_field("/proc/self/status", "Threads", 10), 2);
	int seen = 0;
	DIR *dir = opendir("/proc/self/task");
	for (struct dirent *e; dir && (e = readdir(dir));)
		seen |= atoi(e->d_name) == getpid() ? 1 : atoi(e->d_name) == tid ? 2 : e->d_name[0] != '.' ? 4 : 0;
	CHECK_EQ(seen, 3);
	closedir(dir);
	/* A thread that is not the leader has a folder by name but is not in the list. */
	bool listed = false;
	dir = opendir("/proc");
	for (struct dirent *e; dir && (e = readdir(dir));)
		listed |= atoi(e->d_name) == tid;
	CHECK(!listed);
	closedir(dir);
	join();
	CHECK_SOON(check_field("/proc/self/status", "Threads", 10) == 1);
}

TEST(tgkill_and_tkill)
{
	r.hold = 1;
	long tid = start();
	CHECK_SOON(r.done);
	CHECK_EQ(RAW(SYS_tgkill, getpid(), tid, 0), 0);
	CHECK_EQ(RAW(SYS_tgkill, getppid(), tid, 0), -ESRCH);
	CHECK_EQ(RAW(SYS_tkill, tid, 0), 0);
	CHECK_EQ(RAW(SYS_tgkill, -1, tid, 0), -EINVAL);
	CHECK_EQ(RAW(SYS_tgkill, getpid(), 0, 0), -EINVAL);
	join();
	CHECK_SOON(RAW(SYS_tkill, tid, 0) == -ESRCH);
}

static int exits_group(void *arg)
{
	RAW(SYS_exit_group, 21);
	return 0;
}

TEST(exit_group_ends_all)
{
	pid_t pid = fork();
	if (pid == 0) {
		clone_call(THREAD_FLAGS, CLONE_TOP(clone_stack()), 0, 0, 0, exits_group, 0);
		for (;;)
			RAW(SYS_pause);
	}
	CHECK_WAIT(pid, EXITED(21));
}

static int waits_then_exits(void *arg)
{
	raw_sleep_ms(60);
	return 33;
}

/* The leader goes first: the process lives on as a zombie leader until the last thread ends, whose code is the process's. */
TEST(leader_exits_first)
{
	long begin = check_now_ms();
	pid_t pid = fork();
	if (pid == 0) {
		clone_call(THREAD_FLAGS, CLONE_TOP(clone_stack()), 0, 0, 0, waits_then_exits, 0);
		RAW(SYS_exit, 7);
	}
	CHECK_SOON(check_state(pid) == 'Z');
	CHECK_EQ(waitpid(pid, 0, WNOHANG), 0);
	CHECK_WAIT(pid, EXITED(33));
	CHECK(check_now_ms() - begin >= 50);
}

static int crashes(void *arg)
{
	*(volatile int *)8 = 1;
	return 0;
}

TEST(fault_in_a_thread_kills_all)
{
	pid_t pid = fork();
	if (pid == 0) {
		clone_call(THREAD_FLAGS, CLONE_TOP(clone_stack()), 0, 0, 0, crashes, 0);
		for (;;)
			RAW(SYS_pause);
	}
	CHECK_WAIT(pid, KILLED(SIGSEGV));
}

TEST(kill_ends_all)
{
	pid_t pid = fork();
	if (pid == 0) {
		r.hold = 1;
		for (int i = 0; i < 4; i++)
			start();
		for (;;)
			RAW(SYS_pause);
	}
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	CHECK_SOON(check_field(path, "Threads", 10) == 5);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_WAIT(pid, KILLED(SIGKILL));
}

/* A child of any thread is a child of the process. */
static volatile int forked;

static int forks(void *arg)
{
	long pid = RAW(SYS_fork);
	if (pid == 0)
		RAW(SYS_exit_group, RAW(SYS_getppid) == (long)arg ? 11 : 12);
	forked = pid;
	raw_sleep_ms(20);
	return 0;
}

TEST(child_of_a_thread)
{
	r.clear = 1;
	long tid = clone_call(THREAD_FLAGS | CLONE_CHILD_CLEARTID, CLONE_TOP(clone_stack()), 0, (int *)&r.clear, 0, forks,
			      (void *)(long)getpid());
	CHECK(tid > 0);
	CHECK_SOON(forked);
	CHECK_WAIT(forked, EXITED(11));
	join();
}

static int child_of_dying_thread(void *arg)
{
	long pid = RAW(SYS_fork);
	if (pid == 0) {
		raw_sleep_ms(60);
		RAW(SYS_exit_group, RAW(SYS_getppid) == (long)arg ? 11 : 12);
	}
	forked = pid;
	return 0;
}

TEST(children_of_a_dead_thread_stay_with_the_process)
{
	r.clear = 1;
	clone_call(THREAD_FLAGS | CLONE_CHILD_CLEARTID, CLONE_TOP(clone_stack()), 0, (int *)&r.clear, 0, child_of_dying_thread,
		   (void *)(long)getpid());
	join();
	CHECK_SOON(forked);
	CHECK_WAIT(forked, EXITED(11));
}

static volatile int counter;

static int counts(void *arg)
{
	for (int i = 0; i < 1000; i++)
		__atomic_add_fetch(&counter, 1, __ATOMIC_SEQ_CST);
	return 0;
}

TEST(many_threads)
{
	static volatile int clear[100];
	long n = check_scale(100);
	n = n > 100 ? 100 : n;
	counter = 0;
	for (long i = 0; i < n; i++) {
		clear[i] = 1;
		CHECK(clone_call(THREAD_FLAGS | CLONE_CHILD_CLEARTID, CLONE_TOP(clone_stack()), 0, (int *)&clear[i], 0, counts, 0) > 0);
	}
	for (long i = 0; i < n; i++)
		while (clear[i])
			futex_call((int *)&clear[i], FUTEX_WAIT, 1, 0, 0, 0);
	CHECK_EQ(counter, n * 1000);
}
