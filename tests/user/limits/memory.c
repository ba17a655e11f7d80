/* What is given back: memory after many processes, mappings, files and pipes have come and gone; pressure ends one process only. */
#include "check.h"

static long free_kb(void)
{
	return check_field("/proc/meminfo", "MemFree", 10);
}

static void settled(void (*work)(int), int rounds, long slack_kb)
{
	work(rounds / 10 + 1);
	check_sleep_ms(20);
	long before = free_kb();
	work(rounds);
	check_sleep_ms(20);
	/* Elsewhere others use the machine's memory too. */
	if (getppid() == 1 && before - free_kb() > slack_kb)
		check_fail(__FILE_NAME__, __LINE__, "memory lost: %ld kB of %ld", before - free_kb(), before);
}

static void maps(int n)
{
	for (int i = 0; i < n; i++) {
		char *at = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (int j = 0; j < 64; j += 3)
			at[j * PAGE] = 1;
		munmap(at + 5 * PAGE, 7 * PAGE);
		munmap(at, 64 * PAGE);
	}
}

static void forks_with_writes(int n)
{
	static volatile char data[64 * 4096];
	for (int i = 0; i < n; i++) {
		data[i % 64 * PAGE] = i;
		pid_t pid = fork();
		if (pid == 0) {
			for (int j = 0; j < 64; j++)
				data[j * PAGE] = j;
			if (fork() == 0) {
				data[0] = 5;
				_exit(data[1] != 1);
			}
			while (wait(0) > 0)
				;
			_exit(0);
		}
		waitpid(pid, 0, 0);
	}
}

static void pipes_full(int n)
{
	static char block[65536];
	for (int i = 0; i < n; i++) {
		int ends[2];
		if (pipe(ends) || write(ends[1], block, sizeof block) != sizeof block)
			_exit(1);
		close(ends[0]);
		close(ends[1]);
	}
}

static void files(int n)
{
	static char block[65536];
	for (int i = 0; i < n; i++) {
		int fd = open("/tmp/furca-memory-test", O_RDWR | O_CREAT, 0600);
		if (fd < 0 || write(fd, block, sizeof block) != sizeof block)
			_exit(1);
		unlink("/tmp/furca-memory-test");
		close(fd);
	}
}

static void execs(int n)
{
	for (int i = 0; i < n; i++) {
		pid_t pid = vfork();
		if (pid == 0) {
			execl(check_self, check_self, "@leave", NULL);
			_exit(1);
		}
		waitpid(pid, 0, 0);
	}
}

HELPER(leave)
{
	return 0;
}

TEST(mappings_are_given_back)
{
	settled(maps, check_scale(500), 1024);
}

TEST(forked_memory_is_given_back)
{
	settled(forks_with_writes, check_scale(200), 2048);
}

TEST(pipes_are_given_back)
{
	settled(pipes_full, check_scale(200), 1024);
}

TEST(files_are_given_back)
{
	settled(files, check_scale(200), 1024);
}

TEST(executed_programs_are_given_back)
{
	settled(execs, check_scale(50), 2048);
}

TEST(killed_processes_are_given_back)
{
	for (int i = 0; i < check_scale(20); i++) {
		pid_t pid = fork();
		if (pid == 0)
			for (;;)
				forks_with_writes(10);
		check_sleep_ms(3);
		check_reap(pid);
	}
}
