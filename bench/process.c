/*
 * process.c: processes and threads: each run gives the ticks of one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define CHILDREN 1000

static char *const self_exits[] = {"bench", "@exit", NULL};
extern char **environ;

static ticks run_vfork_exit_wait(void)
{
	ticks begin = now();
	for (volatile int i = 0; i < 50; i++) {
		pid_t pid = vfork();
		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	return (now() - begin) / 50;
}

ticks fork_exit_wait(int count)
{
	ticks begin = now();
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	return (now() - begin) / count;
}

/* From before fork() to its return in the parent, the parent's first copy-on-write faults in the C library included. */
static ticks fork_parent(int count)
{
	ticks sum = 0;
	for (int i = 0; i < count; i++) {
		ticks begin = now();
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		sum += now() - begin;
		reap(pid);
	}
	return sum / count;
}

static ticks run_fork_exit_wait(void)
{
	return fork_exit_wait(30);
}

static ticks run_fork_parent(void)
{
	return fork_parent(30);
}

static ticks vfork_exec_wait(const char *program, char *const *argv)
{
	ticks begin = now();
	for (volatile int i = 0; i < 10; i++) {
		pid_t pid = vfork();
		if (pid == 0) {
			execve(program, argv, environ);
			_exit(1);
		}
		reap(pid);
	}
	return (now() - begin) / 10;
}

static ticks run_vfork_exec_wait(void)
{
	return vfork_exec_wait(self, self_exits);
}

/* Debian's own true: the dynamic loader and the C library come with it. */
static ticks run_vfork_exec_dynamic_wait(void)
{
	static char *const argv[] = {"true", NULL};
	return vfork_exec_wait("/bin/true", argv);
}

static ticks fork_exec_wait(int count)
{
	ticks begin = now();
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			execve(self, self_exits, environ);
			_exit(1);
		}
		reap(pid);
	}
	return (now() - begin) / count;
}

static ticks run_fork_exec_wait(void)
{
	return fork_exec_wait(10);
}

static ticks run_posix_spawn_wait(void)
{
	ticks begin = now();
	for (int i = 0; i < 10; i++) {
		pid_t pid;
		if (posix_spawn(&pid, self, NULL, NULL, self_exits, environ))
			die("posix_spawn");
		reap(pid);
	}
	return (now() - begin) / 10;
}

static ticks run_fork_16m(void)
{
	touch(16ul << 20);
	return fork_parent(5);
}

static ticks run_fork_256m(void)
{
	touch(256ul << 20);
	return fork_parent(2);
}

static ticks run_fork_1g(void)
{
	touch(1ul << 30);
	return fork_parent(1);
}

static ticks run_fork_exit_wait_1g(void)
{
	touch(1ul << 30);
	return fork_exit_wait(1);
}

static ticks run_fork_exec_wait_1g(void)
{
	touch(1ul << 30);
	return fork_exec_wait(1);
}

static void *thread_main(void *arg)
{
	return arg;
}

static ticks run_pthread_create_join(void)
{
	pthread_t t;
	ticks begin = now();
	for (int i = 0; i < 30; i++) {
		if (pthread_create(&t, NULL, thread_main, NULL))
			die("pthread_create");
		pthread_join(t, NULL);
	}
	return (now() - begin) / 30;
}

static long mem_free_bytes(void)
{
	char text[512];
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	char *line = strstr(text, "MemFree:");
	return line ? atol(line + 8) * 1024 : 0;
}

static ticks child_bytes;

/* All children alive at once, each of which has written to its stack and data, then all let go and waited for. */
static ticks run_children_1000(void)
{
	static pid_t pids[CHILDREN];
	int hold[2];
	char c;
	if (pipe(hold))
		die("pipe");
	long before = mem_free_bytes();
	ticks begin = now();
	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(hold[1]);
			_exit(read(hold[0], &c, 1) != 0);
		}
	}
	ticks made = now() - begin;
	usleep(200000); /* lets every child reach its read; not measured */
	long during = mem_free_bytes();
	child_bytes = (before - during) / CHILDREN;
	begin = now();
	close(hold[1]);
	for (int i = 0; i < CHILDREN; i++)
		reap(pids[i]);
	ticks took = made + now() - begin;
	close(hold[0]);
	return took / CHILDREN;
}

static ticks run_bytes_per_child(void)
{
	run_children_1000();
	return child_bytes;
}

const struct op process_ops[] = {
	{ "vfork_exit_wait", run_vfork_exit_wait, "vfork(), _exit() in the child, waitpid()" },
	{ "fork_exit_wait", run_fork_exit_wait, "fork(), _exit() in the child, waitpid(); a small process" },
	{ "fork", run_fork_parent, "from before fork() to its return in the parent; a small process" },
	{ "vfork_exec_wait", run_vfork_exec_wait, "vfork(), execve() of a static program, waitpid()" },
	{ "vfork_exec_dynamic_wait", run_vfork_exec_dynamic_wait, "the same with a dynamic program, /bin/true" },
	{ "fork_exec_wait", run_fork_exec_wait, "fork(), execve() of a static program, waitpid()" },
	{ "posix_spawn_wait", run_posix_spawn_wait, "posix_spawn() of a static program, waitpid()" },
	{},
};

const struct op memory_ops[] = {
	{ "children_1000", run_children_1000, "fork, exit and wait, with 1,000 children alive at once; for each" },
	{ "bytes_per_child", run_bytes_per_child, "memory that each of them takes, by MemFree", ONCE | BYTES },
	{ "fork_16m", run_fork_16m, "fork() in the parent, which has touched 16 MiB", LARGE },
	{ "fork_256m", run_fork_256m, "the same, 256 MiB", LARGE },
	{ "fork_1g", run_fork_1g, "the same, 1 GiB", LARGE },
	{ "fork_exit_wait_1g", run_fork_exit_wait_1g, "fork, exit and wait; the parent has touched 1 GiB", LARGE },
	{ "fork_exec_wait_1g", run_fork_exec_wait_1g, "fork, execve and wait; the parent has touched 1 GiB", LARGE },
	{},
};

/* Last: from its first thread on a process takes the C library's locks around each fork, and pays for their pages. */
const struct op thread_ops[] = {
	{ "pthread_create_join", run_pthread_create_join, "pthread_create() and pthread_join()" },
	{ "fork_threaded", run_fork_parent, "fork() in the parent, once it has had a thread" },
	{},
};
