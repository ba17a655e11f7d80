/*
 * contended.c: many tasks at one file, pipe, directory and address space: every byte arrives once, nobody starves, and
 * who is killed while it waits holds nothing up.
 */
#include "check.h"
#include <pthread.h>
#include <sched.h>

#define THREADS 8
#define RECORDS 400

struct record { int who, number; };
static int shared_fd;
static volatile int must_stop;
static volatile long turns[THREADS];

static void *appends(void *arg)
{
	int who = (int)(long)arg;

	for (int i = 0; i < check_scale(RECORDS); i++) {
		struct record r = { who, i };
		CHECK_EQ(write(shared_fd, &r, sizeof r), sizeof r);
	}
	return NULL;
}

static void run_threads(void *(*body)(void *))
{
	pthread_t threads[THREADS];

	for (long i = 0; i < THREADS; i++)
		NEED_OK(-pthread_create(&threads[i], NULL, body, (void *)i));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

TEST(threads_append_to_a_file)
{
	int next[THREADS] = { 0 }, fd;
	struct record r;

	check_scratch();
	shared_fd = NEED_OK(open("f", O_CREAT | O_WRONLY | O_APPEND, 0600));
	run_threads(appends);
	fd = NEED_OK(open("f", O_RDONLY));
	while (read(fd, &r, sizeof r) == sizeof r) {
		NEED_OK(r.who >= 0 && r.who < THREADS ? 0 : -1);
		CHECK(r.number == next[r.who]);
		next[r.who]++;
	}
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(next[i], check_scale(RECORDS));
}

static char seen[THREADS * RECORDS];

static void *takes_from_shared_place(void *arg)
{
	struct record r;

	while (read(shared_fd, &r, sizeof r) == sizeof r)
		__atomic_fetch_add(&seen[r.number], 1, __ATOMIC_RELAXED);
	return NULL;
}

TEST(threads_read_each_record_once)
{
	check_scratch();
	shared_fd = NEED_OK(open("f", O_CREAT | O_RDWR, 0600));
	for (int i = 0; i < THREADS * RECORDS; i++) {
		struct record r = { 0, i };
		CHECK(write(shared_fd, &r, sizeof r) == sizeof r);
	}
	lseek(shared_fd, 0, SEEK_SET);
	run_threads(takes_from_shared_place);
	for (int i = 0; i < THREADS * RECORDS; i++)
		CHECK(seen[i] == 1);
}

/* Each holds the file's lock most of the time: those who wait must get their turn all the same. */
static void *writes_much(void *arg)
{
	static char block[65536];

	while (!must_stop) {
		CHECK_EQ(pwrite(shared_fd, block, sizeof block, 0), sizeof block);
		turns[(long)arg]++;
	}
	return NULL;
}

static void *ends_it_when_all_had_turns(void *arg)
{
	for (int i = 0; i < THREADS; i++)
		CHECK_SOON(turns[i] >= 5);
	must_stop = 1;
	return NULL;
}

TEST(nobody_starves)
{
	pthread_t watcher;

	check_scratch();
	shared_fd = NEED_OK(open("f", O_CREAT | O_RDWR, 0600));
	NEED_OK(-pthread_create(&watcher, NULL, ends_it_when_all_had_turns, NULL));
	run_threads(writes_much);
	pthread_join(watcher, NULL);
}

/* Processes wait for a lock, are killed at any moment, and the others go on. */
TEST(waiters_are_killed)
{
	pid_t pids[THREADS];

	check_scratch();
	shared_fd = NEED_OK(open("f", O_CREAT | O_RDWR, 0600));
	for (int round = 0; round < check_scale(20); round++) {
		for (int i = 0; i < THREADS; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				writes_much(NULL);
				_exit(1);
			}
			CHECK(pids[i] > 0);
		}
		for (int i = 0; i < THREADS; i++) {
			sched_yield();
			kill(pids[i], SIGKILL);
			CHECK_WAIT(pids[i], KILLED(SIGKILL));
		}
		CHECK_EQ(pwrite(shared_fd, "x", 1, 0), 1);
	}
}

/* The lock of one address space: some map and unmap, some fault, some fork. */
static void *uses_the_space(void *arg)
{
	long who = (long)arg;

	for (int i = 0; i < check_scale(60); i++) {
		char *p = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
		for (int k = 0; k < 16; k++)
			p[k * PAGE] = (char)(who + k);
		if (who < 2) {
			pid_t pid = fork();
			if (pid == 0)
				_exit(p[3 * PAGE] != (char)(who + 3));
			CHECK_WAIT(pid, EXITED(0));
		}
		for (int k = 0; k < 16; k++)
			CHECK(p[k * PAGE] == (char)(who + k));
		CHECK_OK(munmap(p, 16 * PAGE));
	}
	return NULL;
}

TEST(threads_share_a_space)
{
	run_threads(uses_the_space);
}
