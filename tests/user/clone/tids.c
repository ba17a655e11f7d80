/* Where clone writes ids: CLONE_PARENT_SETTID, CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID and set_tid_address(2). */
#include "clone.h"
#include <linux/futex.h>

struct shared {
	volatile int tid, seen, woken;
};

static struct shared *shared_page(void)
{
	return mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

TEST(parent_settid)
{
	int tid = 0;
	long pid = syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &tid, 0, 0);
	if (pid == 0)
		_exit(0);
	CHECK_EQ(tid, pid);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(parent_settid_is_seen_in_the_copy)
{
	/* The number is stored before the child runs; with a copied memory only the parent's word changes. */
	volatile int tid = 0;
	long pid = syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &tid, 0, 0);
	if (pid == 0)
		_exit(tid == 0 ? 0 : 1);
	CHECK_EQ(tid, pid);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(child_settid_changes_the_childs_memory_only)
{
	volatile int tid = 1;
	long pid = syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, 0, &tid, 0);
	if (pid == 0)
		_exit(tid == getpid() ? 0 : 1);
	CHECK_EQ(tid, 1);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(tid, 1);
}

TEST(child_settid_in_shared_memory)
{
	struct shared *s = shared_page();
	long pid = syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, 0, &s->tid, 0);
	if (pid == 0)
		_exit(s->tid == getpid() ? 0 : 1);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(s->tid, pid);
}

static int waits_a_bit(void *arg)
{
	struct shared *s = arg;
	raw_sleep_ms(30);
	s->seen = RAW(SYS_gettid);
	return 0;
}

TEST(cleartid_with_shared_memory)
{
	struct shared *s = shared_page();
	char *stack = clone_stack();
	s->tid = 77;
	long pid = clone_call(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, CLONE_TOP(stack), 0, (int *)&s->tid, 0, waits_a_bit, s);
	CHECK_EQ(s->tid, 77);
	while (s->tid == 77)
		futex_call((int *)&s->tid, FUTEX_WAIT, 77, 0, 0, 0);
	CHECK_EQ(s->tid, 0);
	CHECK_EQ(s->seen, pid);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(cleartid_wakes_a_waiter)
{
	struct shared *s = shared_page();
	char *stack = clone_stack();
	struct timespec limit = {5, 0};
	int tid = 0;
	long pid = clone_call(CLONE_VM | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_PARENT_SETTID | SIGCHLD,
			      CLONE_TOP(stack), &tid, (int *)&s->tid, 0, waits_a_bit, s);
	CHECK_EQ(tid, pid);
	CHECK_SOON(s->tid == pid || s->seen);
	long result = futex_call((int *)&s->tid, FUTEX_WAIT, pid, &limit, 0, 0);
	CHECK(result == 0 || result == -EAGAIN);
	CHECK_EQ(s->tid, 0);
	CHECK_WAIT(pid, EXITED(0));
}

/* The sole user of a memory has nobody to tell: no write is made. */
TEST(cleartid_of_a_sole_user)
{
	struct shared *s = shared_page();
	s->tid = 77;
	long pid = syscall(SYS_clone, CLONE_CHILD_CLEARTID | SIGCHLD, 0, 0, &s->tid, 0);
	if (pid == 0)
		_exit(0);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(s->tid, 77);
}

static int sets_address(void *arg)
{
	struct shared *s = arg;
	long tid = RAW(SYS_set_tid_address, &s->woken);
	s->seen = tid == RAW(SYS_gettid);
	return 0;
}

TEST(set_tid_address_moves_it)
{
	struct shared *s = shared_page();
	char *stack = clone_stack();
	s->tid = s->woken = 5;
	long pid = clone_call(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, CLONE_TOP(stack), 0, (int *)&s->tid, 0, sets_address, s);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(s->seen, 1);
	CHECK_EQ(s->tid, 5);
	CHECK_EQ(s->woken, 0);
}

TEST(cleartid_at_exec)
{
	struct shared *s = shared_page();
	s->tid = 5;
	pid_t pid = vfork();
	if (pid == 0) {
		RAW(SYS_set_tid_address, &s->tid);
		execl(check_self, check_self, "@nothing", NULL);
		_exit(1);
	}
	CHECK_EQ(s->tid, 0);
	CHECK_WAIT(pid, EXITED(0));
}

HELPER(nothing)
{
	return 0;
}

static int pause_forever(void *arg)
{
	for (;;)
		RAW(SYS_pause);
	return 0;
}

TEST(cleartid_when_killed)
{
	struct shared *s = shared_page();
	char *stack = clone_stack();
	s->tid = 5;
	long pid = clone_call(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, CLONE_TOP(stack), 0, (int *)&s->tid, 0, pause_forever, s);
	CHECK_EQ(s->tid, 5);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_WAIT(pid, KILLED(SIGKILL));
	CHECK_EQ(s->tid, 0);
}
