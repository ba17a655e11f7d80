/*
 * calls.c: system calls, signals, pipes and fresh memory: each run gives the ticks of one.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

static ticks run_getppid(void)
{
	ticks begin = now();
	for (int i = 0; i < 2000; i++)
		syscall(SYS_getppid);
	return (now() - begin) / 2000;
}

static void on_signal(int sig)
{
}

static ticks run_signal(void)
{
	signal(SIGUSR1, on_signal);
	pid_t pid = getpid();
	ticks begin = now();
	for (int i = 0; i < 500; i++)
		kill(pid, SIGUSR1);
	return (now() - begin) / 500;
}

static ticks run_pipe_round_trip(void)
{
	int there[2], back[2];
	char c = 'x';
	if (pipe(there) || pipe(back))
		die("pipe");
	pid_t pid = fork();
	if (pid == 0) {
		close(there[1]);
		while (read(there[0], &c, 1) == 1)
			if (write(back[1], &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	ticks begin = 0;
	for (int i = 0; i < 520; i++) {
		if (i == 20)
			begin = now();
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			die("pipe");
	}
	ticks took = (now() - begin) / 500;
	close(there[1]);
	reap(pid);
	close(there[0]);
	close(back[0]);
	close(back[1]);
	return took;
}

static ticks run_mmap_munmap(void)
{
	ticks begin = now();
	for (int i = 0; i < 300; i++) {
		char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(at, PAGE);
	}
	return (now() - begin) / 300;
}

static ticks run_first_touch(void)
{
	char *at = map(512 * PAGE);
	ticks begin = now();
	for (size_t i = 0; i < 512; i++)
		*(volatile char *)(at + i * PAGE) = 1;
	ticks took = (now() - begin) / 512;
	munmap(at, 512 * PAGE);
	return took;
}

const struct op calls_ops[] = {
	{ "getppid", run_getppid, "the system call getppid()" },
	{ "signal", run_signal, "a signal to oneself, its handler, the return" },
	{ "pipe_round_trip", run_pipe_round_trip, "one byte to another process and one back, over two pipes" },
	{ "mmap_munmap", run_mmap_munmap, "mmap() and munmap() of 4 KiB" },
	{ "first_touch", run_first_touch, "the first write to an anonymous page" },
	{},
};
