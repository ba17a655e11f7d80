/* POSIX threads as the C library gives them: create, join, locks, conditions, keys, cancellation. */
#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static volatile long counter;

static void *returns(void *arg)
{
	return arg;
}

TEST(create_and_join)
{
	for (long i = 0; i < check_scale(200); i++) {
		pthread_t t;
		void *got = 0;
		CHECK_EQ(pthread_create(&t, 0, returns, (void *)i), 0);
		CHECK_EQ(pthread_join(t, &got), 0);
		CHECK_EQ((long)got, i);
	}
}

TEST(many_at_once)
{
	enum { N = 100 };
	pthread_t t[N];
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (long i = 0; i < N; i++)
		CHECK_EQ(pthread_create(&t[i], &attr, returns, (void *)i), 0);
	for (long i = 0; i < N; i++) {
		void *got = 0;
		CHECK_EQ(pthread_join(t[i], &got), 0);
		CHECK_EQ((long)got, i);
	}
}

static void *adds(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&lock);
		long seen = counter;
		if (i % 64 == 0)
			sched_yield();
		counter = seen + 1;
		pthread_mutex_unlock(&lock);
	}
	return 0;
}

TEST(mutex)
{
	pthread_t t[8];
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], 0, adds, 0);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], 0);
	CHECK_EQ(counter, 16000);
}

static void *takes_turns(void *arg)
{
	long me = (long)arg;
	for (int i = 0; i < 50; i++) {
		pthread_mutex_lock(&lock);
		while (counter % 4 != me)
			pthread_cond_wait(&cond, &lock);
		counter++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&lock);
	}
	return 0;
}

TEST(condition)
{
	pthread_t t[4];
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], 0, takes_turns, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
	CHECK_EQ(counter, 200);
}

TEST(timed_waits)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 30000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&lock);
	CHECK_EQ(pthread_cond_timedwait(&cond, &lock, &until), ETIMEDOUT);
	CHECK_EQ(pthread_mutex_timedlock(&lock, &until), ETIMEDOUT);
	CHECK_EQ(pthread_mutex_trylock(&lock), EBUSY);
	sem_t sem;
	sem_init(&sem, 0, 0);
	CHECK_ERR(sem_timedwait(&sem, &until), ETIMEDOUT);
}

static pthread_key_t key;
static _Thread_local long local = 5;
static _Atomic int destroyed;

static void destroys(void *value)
{
	destroyed++;
}

static void *uses_locals(void *arg)
{
	long seen = local;
	local = (long)arg;
	pthread_setspecific(key, arg);
	sched_yield();
	return (void *)(seen == 5 && local == (long)arg && pthread_getspecific(key) == arg ? 0l : 1l);
}

TEST(thread_locals)
{
	pthread_t t[10];
	pthread_key_create(&key, destroys);
	for (long i = 0; i < 10; i++)
		pthread_create(&t[i], 0, uses_locals, (void *)(100 + i));
	for (int i = 0; i < 10; i++) {
		void *bad = 0;
		pthread_join(t[i], &bad);
		CHECK(!bad);
	}
	CHECK_EQ(local, 5);
	CHECK_EQ(destroyed, 10);
}

static void *sleeps_forever(void *arg)
{
	for (;;)
		pause();
	return 0;
}

TEST(cancel)
{
	for (int i = 0; i < 10; i++) {
		pthread_t t;
		void *got = 0;
		pthread_create(&t, 0, sleeps_forever, 0);
		if (i % 2)
			check_sleep_ms(2);
		CHECK_EQ(pthread_cancel(t), 0);
		CHECK_EQ(pthread_join(t, &got), 0);
		CHECK(got == PTHREAD_CANCELED);
	}
}

static void *detached(void *arg)
{
	__atomic_add_fetch(&counter, 1, __ATOMIC_SEQ_CST);
	return 0;
}

TEST(detached_threads)
{
	pthread_t t;
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 30; i++)
		CHECK_EQ(pthread_create(&t, &attr, detached, 0), 0);
	CHECK_SOON(counter == 30);
	CHECK_SOON(check_field("/proc/self/status", "Threads", 10) == 1);
}

static pthread_barrier_t barrier;

static void *meets(void *arg)
{
	long serial = 0;
	for (int i = 0; i < 20; i++)
		serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
	return (void *)serial;
}

TEST(barriers)
{
	pthread_t t[5];
	long serial = 0;
	pthread_barrier_init(&barrier, 0, 5);
	for (int i = 0; i < 5; i++)
		pthread_create(&t[i], 0, meets, 0);
	for (int i = 0; i < 5; i++) {
		void *got;
		pthread_join(t[i], &got);
		serial += (long)got;
	}
	CHECK_EQ(serial, 20);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void *reads_and_writes(void *arg)
{
	for (int i = 0; i < 200; i++) {
		if (i % 10 == (long)arg) {
			pthread_rwlock_wrlock(&rwlock);
			counter++;
			pthread_rwlock_unlock(&rwlock);
		} else {
			pthread_rwlock_rdlock(&rwlock);
			(void)counter;
			pthread_rwlock_unlock(&rwlock);
		}
	}
	return 0;
}

TEST(read_write_locks)
{
	pthread_t t[4];
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], 0, reads_and_writes, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
	CHECK_EQ(counter, 80);
}

/* Locks in shared memory, between processes. */
TEST(process_shared_mutex)
{
	struct box {
		pthread_mutex_t lock;
		pthread_cond_t cond;
		long value;
	} *box = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	pthread_condattr_t cattr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&box->lock, &attr);
	pthread_condattr_init(&cattr);
	pthread_condattr_setpshared(&cattr, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&box->cond, &cattr);
	pid_t pids[4];
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			for (int j = 0; j < 500; j++) {
				pthread_mutex_lock(&box->lock);
				long seen = box->value;
				if (j % 50 == 0)
					sched_yield();
				box->value = seen + 1;
				if (box->value == 2000)
					pthread_cond_signal(&box->cond);
				pthread_mutex_unlock(&box->lock);
			}
			_exit(0);
		}
	}
	pthread_mutex_lock(&box->lock);
	while (box->value < 2000)
		pthread_cond_wait(&box->cond, &box->lock);
	pthread_mutex_unlock(&box->lock);
	for (int i = 0; i < 4; i++)
		CHECK_WAIT(pids[i], EXITED(0));
}

TEST(robust_mutex)
{
	pthread_mutex_t *m = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &attr);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			pthread_mutex_lock(m);
			if (i == 1)
				raise(SIGKILL);
			_exit(0);
		}
		int status;
		waitpid(pid, &status, 0);
		CHECK_EQ(pthread_mutex_lock(m), EOWNERDEAD);
		CHECK_EQ(pthread_mutex_consistent(m), 0);
		CHECK_EQ(pthread_mutex_unlock(m), 0);
	}
	CHECK_EQ(pthread_mutex_lock(m), 0);
}
