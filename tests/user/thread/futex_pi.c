/* futex(2) with priority inheritance: LOCK_PI, TRYLOCK_PI, UNLOCK_PI, and the C library's mutexes over them. */
#include "clone.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>

static unsigned *word;

static long call(int op, struct timespec *limit)
{
	return syscall(SYS_futex, word, op, 0, limit, NULL, 0) ? -errno : 0;
}
/* SCHED_FIFO with this priority; 0: an ordinary task again. */
static long fifo(int priority) { return syscall(SYS_sched_setscheduler, 0, priority ? SCHED_FIFO : SCHED_OTHER, &priority); }
static unsigned tid(void) { return syscall(SYS_gettid); }
static void make(void) { word = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }

TEST(without_contention)
{
	make();
	CHECK_EQ(call(FUTEX_LOCK_PI, 0), 0);
	CHECK_EQ(*word, tid());
	CHECK_EQ(call(FUTEX_UNLOCK_PI, 0), 0);
	CHECK_EQ(*word, 0);
	CHECK_EQ(call(FUTEX_TRYLOCK_PI, 0), 0);
	CHECK_EQ(*word, tid());
	CHECK_EQ(call(FUTEX_UNLOCK_PI, 0), 0);
}

TEST(errors)
{
	make();
	CHECK_EQ(call(FUTEX_UNLOCK_PI, 0), -EPERM);
	*word = tid();
	CHECK_EQ(call(FUTEX_LOCK_PI, 0), -EDEADLK);
	CHECK_EQ(call(FUTEX_TRYLOCK_PI, 0), -EDEADLK);
	pid_t gone = fork();
	if (gone == 0)
		_exit(0);
	waitpid(gone, 0, 0);
	*word = gone;
	CHECK_EQ(call(FUTEX_LOCK_PI, 0), -ESRCH);
	CHECK_EQ(call(FUTEX_UNLOCK_PI, 0), -EPERM);
	word = (unsigned *)((char *)word + 1);
	CHECK_EQ(call(FUTEX_LOCK_PI, 0), -EINVAL);
	word = (unsigned *)8;
	CHECK_EQ(call(FUTEX_LOCK_PI, 0), -EFAULT);
	CHECK_EQ(call(FUTEX_UNLOCK_PI, 0), -EFAULT);
}

/* A child that takes the lock, says so, and keeps it until it is told. */
static volatile int *step;
static pid_t holder(bool dies)
{
	step = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (call(FUTEX_LOCK_PI, 0))
			_exit(1);
		*step = 1;
		while (*step == 1)
			check_sleep_ms(1);
		if (!dies && call(FUTEX_UNLOCK_PI, 0))
			_exit(2);
		_exit(0);
	}
	CHECK_SOON(*step == 1);
	return pid;
}

static void *let_go(void *unused)
{
	check_sleep_ms(30);
	*step = 2;
	return 0;
}

TEST(handed_over)
{
	make();
	pid_t pid = holder(false);
	CHECK_EQ(call(FUTEX_TRYLOCK_PI, 0), -EWOULDBLOCK);
	CHECK_EQ(*word & FUTEX_TID_MASK, pid);
	pthread_t t;
	pthread_create(&t, 0, let_go, 0);
	CHECK_EQ(call(FUTEX_LOCK_PI, 0), 0);
	CHECK_EQ(*word & FUTEX_TID_MASK, tid());
	CHECK_EQ(call(FUTEX_UNLOCK_PI, 0), 0);
	CHECK_EQ(*word & FUTEX_TID_MASK, 0);
	pthread_join(t, 0);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(timeout)
{
	make();
	pid_t pid = holder(false);
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 30000000;
	if (until.tv_nsec >= 1000000000)
		until.tv_sec++, until.tv_nsec -= 1000000000;
	CHECK_EQ(call(FUTEX_LOCK_PI, &until), -ETIMEDOUT);
	CHECK_EQ(*word & FUTEX_TID_MASK, pid);
	*step = 2;
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(*word, 0);
}

TEST(owner_dies)
{
	make();
	pid_t pid = holder(true);
	pthread_t t;
	pthread_create(&t, 0, let_go, 0);
	CHECK_EQ(call(FUTEX_LOCK_PI, 0), 0);
	CHECK_EQ(*word & FUTEX_TID_MASK, tid());
	CHECK(*word & FUTEX_OWNER_DIED);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(call(FUTEX_UNLOCK_PI, 0), 0);
	pthread_join(t, 0);
}

/* The waiters get the lock by their priority, whoever came first. */
TEST(most_urgent_first)
{
	make();
	int *order = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = holder(false), waiters[3];
	static const int priorities[] = {5, 20, 10};
	for (int i = 0; i < 3; i++) {
		waiters[i] = fork();
		if (waiters[i] == 0) {
			if (fifo(priorities[i]) || call(FUTEX_LOCK_PI, 0))
				_exit(1);
			order[1 + order[0]++] = priorities[i];
			_exit(call(FUTEX_UNLOCK_PI, 0) != 0);
		}
		CHECK_SOON(check_state(waiters[i]) == 'S');
	}
	*step = 2;
	CHECK_WAIT(pid, EXITED(0));
	for (int i = 0; i < 3; i++)
		CHECK_WAIT(waiters[i], EXITED(0));
	CHECK(order[1] == 20 && order[2] == 10 && order[3] == 5);
}

/* An ordinary owner outruns a busy real-time task once a more urgent one waits for its lock. */
TEST(priority_is_lent)
{
	make();
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK_OK(sched_setaffinity(0, sizeof one, &one));
	CHECK_OK(fifo(50));
	step = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t owner = fork();
	if (owner == 0) {
		fifo(0);
		call(FUTEX_LOCK_PI, 0);
		*step = 1;
		for (volatile long i = 0; i < 2000000; i++)
			;
		_exit(call(FUTEX_UNLOCK_PI, 0) != 0);
	}
	CHECK_SOON(*step == 1);
	pid_t hog = fork();
	if (hog == 0) {
		fifo(20);
		for (;;)
			;
	}
	long begin = check_now_ms();
	CHECK_EQ(call(FUTEX_LOCK_PI, 0), 0);
	CHECK(check_now_ms() - begin < 2000);
	check_reap(hog);
	CHECK_WAIT(owner, EXITED(0));
}

static pthread_mutex_t mutex;
static long counter;

static void *count(void *unused)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		long seen = counter;
		if (i % 16 == 0)
			sched_yield();
		counter = seen + 1;
		pthread_mutex_unlock(&mutex);
	}
	return 0;
}

TEST(library_mutex)
{
	pthread_mutexattr_t attr;
	pthread_t threads[4];
	pthread_mutexattr_init(&attr);
	if (pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT))
		return;
	CHECK_EQ(pthread_mutex_init(&mutex, &attr), 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], 0, count, 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], 0);
	CHECK_EQ(counter, 8000);
}
