/* membarrier.c: membarrier(2): what is offered, who must register, and that the slow side's barrier serves the fast side. */
#include "check.h"
#include <linux/membarrier.h>
#include <pthread.h>

static int barrier(int cmd) { return syscall(SYS_membarrier, cmd, 0, 0); }

TEST(query)
{
	int offered = CHECK_OK(barrier(MEMBARRIER_CMD_QUERY));

	CHECK(offered & MEMBARRIER_CMD_GLOBAL);
	CHECK(offered & MEMBARRIER_CMD_GLOBAL_EXPEDITED);
	CHECK(offered & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
	CHECK(offered & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	CHECK(offered & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	CHECK(offered & MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
	CHECK(offered & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
	CHECK_ERR(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1, 0), EINVAL);
	CHECK_ERR(barrier(3), EINVAL);
	CHECK_ERR(barrier(1 << 20), EINVAL);
	CHECK_ERR(barrier(-1), EINVAL);
}

HELPER(unregistered)
{
	CHECK_ERR(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), EPERM);
	return check_failed != 0;
}

TEST(registration)
{
	CHECK_ERR(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), EPERM);
	CHECK_ERR(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE), EPERM);
	CHECK_OK(barrier(MEMBARRIER_CMD_GLOBAL));
	CHECK_OK(barrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED));
	CHECK_OK(barrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED));
	CHECK_OK(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
	CHECK_OK(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
	CHECK_OK(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
	CHECK_ERR(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE), EPERM);
	CHECK_OK(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE));
	CHECK_OK(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE));
	IN_CHILD
		CHECK_OK(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "membarrier", "@unregistered", (char *)0);
		_exit(127);
	}
	CHECK_WAIT(pid, EXITED(0));
}

/* Dekker's test: each side says that it comes, then looks for the other; the fast side has no barrier of its own. */
static volatile int fast_says, slow_says, round_of_fast, stop;
static volatile int fast_saw[1];

static void *fast_side(void *arg)
{
	int round = 0;

	while (!stop) {
		while (round_of_fast == round && !stop)
			;
		round = round_of_fast;
		fast_says = round;
		__asm__ volatile("" : : : "memory");
		fast_saw[0] = slow_says;
		__asm__ volatile("" : : : "memory");
		__atomic_store_n(&round_of_fast, -round, __ATOMIC_RELEASE);
		round = -round;
	}
	return 0;
}

TEST(the_slow_side_pays_for_both)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t t;

	CHECK_OK(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
	CHECK_EQ(pthread_create(&t, 0, fast_side, 0), 0);
	for (int round = 1; round <= check_scale(300); round++) {
		round_of_fast = round;
		slow_says = round;
		CHECK_OK(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
		int slow_saw = fast_says;
		while (__atomic_load_n(&round_of_fast, __ATOMIC_ACQUIRE) != -round)
			if (cpus == 1)
				syscall(SYS_sched_yield);
		CHECK(slow_saw == round || fast_saw[0] == round);
	}
	stop = 1;
	pthread_join(t, 0);
}
