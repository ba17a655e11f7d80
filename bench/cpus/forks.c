/*
 * forks.c: fork, _exit and wait from several tasks at once: forks processes|threads WORKERS FORKS
 * Each worker makes its part of the forks, from a process of its own or as a thread of one. Prints the microseconds from
 * the common start to the last one's end, and what /proc/furca/locks and flushes say, where they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 64

static struct { int ready, go; } *shared;
static int forks_each;

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fail(const char *what)
{
	fprintf(stderr, "forks: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *works(void *unused)
{
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&shared->go, __ATOMIC_SEQ_CST))
		usleep(1000);
	for (int i = 0; i < forks_each; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid < 0)
			fail("fork");
		if (waitpid(pid, NULL, 0) != pid)
			fail("waitpid");
	}
	return NULL;
}

static long start_all(int workers)
{
	while (__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST) < workers)
		usleep(1000);
	long begin = now_us();
	__atomic_store_n(&shared->go, 1, __ATOMIC_SEQ_CST);
	return begin;
}

static long run_threads(int workers)
{
	pthread_t threads[WORKERS_MAX];

	for (int i = 0; i < workers; i++)
		if (pthread_create(&threads[i], NULL, works, NULL))
			fail("pthread_create");
	long begin = start_all(workers);
	for (int i = 0; i < workers; i++)
		pthread_join(threads[i], NULL);
	return now_us() - begin;
}

static long run_processes(int workers)
{
	pid_t pids[WORKERS_MAX];

	for (int i = 0; i < workers; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			works(NULL);
			_exit(0);
		}
		if (pids[i] < 0)
			fail("fork");
	}
	long begin = start_all(workers);
	for (int i = 0; i < workers; i++)
		waitpid(pids[i], NULL, 0);
	return now_us() - begin;
}

/* What a file of counts says, each line behind a word; nothing where there is no such file. */
static void show(const char *path, const char *word)
{
	char text[2000];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	text[n > 0 ? n : 0] = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		printf("%s %s\n", word, line);
}

int main(int argc, char **argv)
{
	int workers = argc == 4 ? atoi(argv[2]) : 0;

	if (workers < 1 || workers > WORKERS_MAX) {
		fprintf(stderr, "usage: forks processes|threads WORKERS FORKS\n");
		return 2;
	}
	forks_each = atoi(argv[3]) / workers;
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	printf("us %ld\n", strcmp(argv[1], "threads") ? run_processes(workers) : run_threads(workers));
	show("/proc/furca/locks", "lock");
	show("/proc/furca/flushes", "flush");
	return 0;
}
