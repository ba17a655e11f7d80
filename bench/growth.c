/*
 * growth.c: what a fork with its exit and wait costs over what the parent has: regions, descriptors, threads, children
 * alive, levels of pid namespaces. Each curve grows one of them, in a process of its own, and measures at its points.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define LONG_FORK 3000000	/* ticks: a fork that takes longer is measured one at a time */

static ticks last_fork;

static ticks run_fork(void)
{
	last_fork = fork_exit_wait(last_fork > LONG_FORK ? 1 : 5);
	return last_fork;
}

/* --- regions: each of one written page, and unlike its neighbours --- */

static const long region_points[] = { 10, 100, 1000, 10000, 60000, -1 };

static int regions_grow(long count)
{
	static char *at;
	static long have;
	if (!at)
		at = map(60000 * PAGE);
	for (; have < count; have++) {
		at[have * PAGE] = 1;
		if (have % 2 && mprotect(at + have * PAGE, PAGE, PROT_READ))
			return errno;
	}
	return 0;
}

/* --- descriptors --- */

static const long descriptor_points[] = { 10, 100, 1000, 10000, 100000, -1 };

static int descriptors_grow(long count)
{
	static int fd = -1;
	static long have;
	struct rlimit limit = { 100100, 100100 };
	if (fd < 0 && (setrlimit(RLIMIT_NOFILE, &limit) || (fd = open("/", O_RDONLY)) < 0))
		return errno;
	for (; have < count; have++)
		if (dup(fd) < 0)
			return errno;
	return 0;
}

/* --- threads, asleep --- */

static const long thread_points[] = { 1, 10, 100, 1000, -1 };
static int asleep[2];

static void *thread_sleep(void *arg)
{
	char c;
	if (read(asleep[0], &c, 1) < 0)
		return NULL;
	return arg;
}

static int threads_grow(long count)
{
	static long have;
	pthread_attr_t attr;
	if (have == 0 && pipe(asleep))
		return errno;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (; have < count; have++) {
		pthread_t t;
		int error = pthread_create(&t, &attr, thread_sleep, NULL);
		if (error)
			return error;
	}
	pthread_attr_destroy(&attr);
	return 0;
}

/* --- children alive, asleep --- */

static const long children_points[] = { 10, 100, 1000, 10000, 20000, 40000, -1 };

static void setting_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		perror(path);
	close(fd);
}

/* Each child says that it is there and then sleeps; the end of this process wakes them all, and they go. */
static int children_grow(long count)
{
	static int hold[2], ready[2];
	static long have;
	char c = 'x';
	if (have == 0) {
		setting_write("/proc/sys/kernel/pid_max", "100000");
		setting_write("/proc/sys/kernel/threads-max", "100000");
		if (pipe(hold) || pipe(ready))
			return errno;
	}
	for (; have < count; have++) {
		pid_t pid = fork();
		if (pid < 0)
			return errno;
		if (pid == 0) {
			close(hold[1]);
			_exit(write(ready[1], &c, 1) != 1 || read(hold[0], &c, 1) != 0);
		}
		if (poll(&(struct pollfd){ ready[0], POLLIN, 0 }, 1, 5000) != 1 || read(ready[0], &c, 1) != 1)
			return ENOMEM;	/* the kernel has killed it */
	}
	return 0;
}

/* The same with a wait for any child: a kernel may have to look through all of them. */
static ticks run_fork_among_children(void)
{
	ticks took = run_fork();
	ticks begin = now();
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(-1, NULL, 0) != pid)
		die("waitpid");
	also_ticks = now() - begin;
	return took;
}

/* --- levels of pid namespaces: the process goes on as its own child, one level further down --- */

static const long level_points[] = { 0, 1, 2, 4, 8, 16, 32, -1 };

static int levels_grow(long count)
{
	static long have;
	for (; have < count; have++) {
		if (unshare(CLONE_NEWPID))
			return errno;
		pid_t pid = fork();
		if (pid < 0)
			return errno;
		if (pid > 0) {
			int status;
			waitpid(pid, &status, 0);
			_exit(!WIFEXITED(status) || WEXITSTATUS(status));
		}
	}
	return 0;
}

const struct op growth_ops[] = {
	{ "regions", run_fork, "regions (VMAs), each of one written page", 0, region_points, regions_grow },
	{ "descriptors", run_fork, "open descriptors", 0, descriptor_points, descriptors_grow },
	{ "threads", run_fork, "threads, asleep", 0, thread_points, threads_grow },
	{ "children", run_fork_among_children, "children alive, asleep", 0, children_points, children_grow,
		"children_wait_any", "the same, with a wait for any child" },
	{ "pid_levels", run_fork, "levels of pid namespaces", 0, level_points, levels_grow },
	{},
};
