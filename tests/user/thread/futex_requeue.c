/*
 * Waiting on many words, and waiters that are moved to a lock with priority inheritance.
 * Source: futex(2), linux/futex.h.
 */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static long futex(void *addr, int op, unsigned value, unsigned long timeout, void *addr2, unsigned value3)
{
	return syscall(SYS_futex, addr, op, value, timeout, addr2, value3);
}

static long waitv(void *w, unsigned n, unsigned flags, void *timeout, int clock)
{
	return syscall(SYS_futex_waitv, w, n, flags, timeout, clock);
}

static unsigned words[130], condition, mutex;
static struct futex_waitv all[130];

static void fill(int n)
{
	memset(all, 0, sizeof all);
	for (int i = 0; i < n; i++)
		all[i] = (struct futex_waitv){.uaddr = (uintptr_t)&words[i], .val = words[i], .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG};
}

TEST(waitv_refusals)
{
	struct timespec soon = check_from_now(CLOCK_MONOTONIC, 10), bad = {0, 2000000000};
	fill(130);
	CHECK_ERR(waitv(all, 1, 1, 0, 0), EINVAL);
	CHECK_ERR(waitv(all, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(waitv(all, 129, 0, 0, 0), EINVAL);
	CHECK_ERR(waitv(0, 1, 0, 0, 0), EINVAL);
	CHECK_ERR(waitv((void *)8, 1, 0, 0, 0), EFAULT);
	CHECK_ERR(waitv(all, 1, 0, &soon, CLOCK_BOOTTIME), EINVAL);
	CHECK_ERR(waitv(all, 1, 0, (void *)8, CLOCK_MONOTONIC), EFAULT);
	CHECK_ERR(waitv(all, 1, 0, &bad, CLOCK_MONOTONIC), EINVAL);
	all[3].flags = FUTEX_PRIVATE_FLAG;
	CHECK_ERR(waitv(all, 4, 0, &soon, CLOCK_MONOTONIC), EINVAL);
	fill(4);
	all[3].flags |= 64;
	CHECK_ERR(waitv(all, 4, 0, &soon, CLOCK_MONOTONIC), EINVAL);
	fill(4);
	all[3].__reserved = 1;
	CHECK_ERR(waitv(all, 4, 0, &soon, CLOCK_MONOTONIC), EINVAL);
	fill(4);
	all[3].uaddr++;
	CHECK_ERR(waitv(all, 4, 0, &soon, CLOCK_MONOTONIC), EINVAL);
	fill(4);
	all[3].uaddr = 8;
	CHECK_ERR(waitv(all, 4, 0, &soon, CLOCK_MONOTONIC), EFAULT);
	fill(4);
	all[3].val = 9;
	CHECK_ERR(waitv(all, 4, 0, &soon, CLOCK_MONOTONIC), EAGAIN);
}

/* Once the other one is there. */
static void *wakes(void *arg)
{
	long woken = 0;
	while (woken == 0) {
		check_sleep_ms(30);
		woken = futex(arg, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	}
	return (void *)woken;
}

TEST(waitv_wakes)
{
	pthread_t t;
	void *woken;
	fill(128);
	for (int i = 0; i < 128; i += 127) {
		pthread_create(&t, 0, wakes, &words[i]);
		CHECK_EQ(waitv(all, 128, 0, 0, 0), i);
		pthread_join(t, &woken);
		CHECK_EQ((long)woken, 1);
	}
	struct timespec soon = check_from_now(CLOCK_MONOTONIC, 20);
	CHECK_ERR(waitv(all, 128, 0, &soon, CLOCK_MONOTONIC), ETIMEDOUT);
	soon = check_from_now(CLOCK_REALTIME, 20);
	CHECK_ERR(waitv(all, 2, 0, &soon, CLOCK_REALTIME), ETIMEDOUT);
	CHECK_EQ(futex(&words[0], FUTEX_WAKE_PRIVATE, 10, 0, 0, 0), 0);
}

TEST(waitv_between_processes)
{
	unsigned *shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct futex_waitv two[2] = {{.uaddr = (uintptr_t)&shared[0], .flags = FUTEX_32},
					     {.uaddr = (uintptr_t)&shared[9], .flags = FUTEX_32}};
		_exit((int)waitv(two, 2, 0, 0, 0));
	}
	CHECK_SOON(futex(&shared[9], FUTEX_WAKE, 1, 0, 0, 0) == 1);
	CHECK_WAIT(pid, EXITED(1));
}

/* -- moved to a lock -- */

static pid_t tid(void) { return (pid_t)syscall(SYS_gettid); }
static volatile int running, through;
static long results[8];
static struct timespec *limit;

static void *waits(void *arg)
{
	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	long r = futex(&condition, FUTEX_WAIT_REQUEUE_PI, condition, (unsigned long)limit, &mutex, 0);
	results[(long)arg] = r ? -errno : (mutex & FUTEX_TID_MASK) == (unsigned)tid() ? 0 : -1;
	__atomic_add_fetch(&through, 1, __ATOMIC_SEQ_CST);
	if (!r && __sync_val_compare_and_swap(&mutex, (unsigned)tid(), 0) != (unsigned)tid())
		futex(&mutex, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
	return 0;
}

/* n threads that sleep on the condition. */
static void sleepers(pthread_t *t, int n)
{
	for (long i = 0; i < n; i++)
		pthread_create(&t[i], 0, waits, (void *)i);
	CHECK_SOON(running == n);
	check_sleep_ms(50);
}

static void join(pthread_t *t, int n)
{
	for (int i = 0; i < n; i++)
		pthread_join(t[i], 0);
}

TEST(requeue_refusals)
{
	unsigned other;
	CHECK_ERR(futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, 0, &condition, 0), EINVAL);
	CHECK_ERR(futex(&condition, FUTEX_WAIT_REQUEUE_PI, 1, 0, &mutex, 0), EAGAIN);
	CHECK_ERR(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &condition, 0), EINVAL);
	CHECK_ERR(futex(&condition, FUTEX_CMP_REQUEUE_PI, 2, 0, &mutex, 0), EINVAL);
	CHECK_ERR(futex(&condition, FUTEX_CMP_REQUEUE_PI, 0, 0, &mutex, 0), EINVAL);
	CHECK_ERR(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (unsigned long)-1, &mutex, 0), EINVAL);
	CHECK_ERR(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &mutex, 5), EAGAIN);
	CHECK_EQ(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 1, &mutex, 0), 0);
	pthread_t t;
	sleepers(&t, 1);
	/* a sleeper of this kind can only be moved, and only to where it said */
	CHECK_ERR(futex(&condition, FUTEX_WAKE, 1, 0, 0, 0), EINVAL);
	CHECK_ERR(futex(&condition, FUTEX_REQUEUE, 1, 1, &other, 0), EINVAL);
	CHECK_ERR(futex(&condition, FUTEX_CMP_REQUEUE, 0, 1, &other, 0), EINVAL);
	CHECK_ERR(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 1, &other, 0), EINVAL);
	CHECK_EQ(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &mutex, 0), 1);
	join(&t, 1);
	CHECK_EQ(results[0], 0);
}

static void *waits_plainly(void *arg)
{
	running = 1;
	return (void *)futex(&condition, FUTEX_WAIT, 0, 0, 0, 0);
}

TEST(a_plain_waiter_is_not_moved)
{
	pthread_t t;
	pthread_create(&t, 0, waits_plainly, 0);
	CHECK_SOON(running);
	check_sleep_ms(50);
	CHECK_ERR(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &mutex, 0), EINVAL);
	CHECK_EQ(futex(&condition, FUTEX_WAKE, 1, 0, 0, 0), 1);
	pthread_join(t, 0);
}

TEST(moved_to_a_held_lock)
{
	pthread_t t[4];
	NEED_OK(futex(&mutex, FUTEX_LOCK_PI, 0, 0, 0, 0));
	sleepers(t, 4);
	CHECK_EQ(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 0x7fffffff, &mutex, condition), 4);
	check_sleep_ms(30);
	CHECK_EQ(through, 0);
	CHECK(mutex & FUTEX_WAITERS);
	CHECK_OK(futex(&mutex, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
	join(t, 4);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(results[i], 0);
	CHECK_EQ(mutex & FUTEX_TID_MASK, 0);
}

TEST(moved_to_a_free_lock)
{
	pthread_t t[3];
	sleepers(t, 3);
	CHECK_EQ(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 1, &mutex, condition), 2);
	CHECK_SOON(through == 2);
	check_sleep_ms(20);
	CHECK_EQ(through, 2);
	CHECK_EQ(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &mutex, condition), 1);
	join(t, 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(results[i], 0);
}

TEST(time_runs_out)
{
	pthread_t t;
	struct timespec soon = check_from_now(CLOCK_MONOTONIC, 100);
	limit = &soon;
	sleepers(&t, 1);		/* not moved */
	join(&t, 1);
	CHECK_EQ(results[0], -ETIMEDOUT);
	NEED_OK(futex(&mutex, FUTEX_LOCK_PI, 0, 0, 0, 0));
	soon = check_from_now(CLOCK_MONOTONIC, 600);
	running = 0;
	sleepers(&t, 1);		/* moved */
	CHECK_EQ(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &mutex, condition), 1);
	join(&t, 1);
	CHECK_EQ(results[0], -ETIMEDOUT);
	CHECK_OK(futex(&mutex, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
}

static void nothing(int sig) { }

TEST(signals)
{
	pthread_t t;
	signal(SIGUSR1, nothing);
	NEED_OK(futex(&mutex, FUTEX_LOCK_PI, 0, 0, 0, 0));
	sleepers(&t, 1);
	pthread_kill(t, SIGUSR1);	/* before: it sleeps on */
	check_sleep_ms(50);
	CHECK_EQ(through, 0);
	CHECK_EQ(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &mutex, condition), 1);
	pthread_kill(t, SIGUSR1);	/* after: it cannot begin again */
	join(&t, 1);
	CHECK_EQ(results[0], -EAGAIN);
	CHECK_OK(futex(&mutex, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
}
