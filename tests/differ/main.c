/*
 * main.c: differ [-v] [-n STEPS] [-m MIX] FIRST [LAST]: the programs of these seeds, one after the other, of STEPS operations
 * each (30), drawn from the areas of that row of director.c's mixes (the seed chooses).
 * Prints for each seed "SEED HASH", a hash of all it said, or with -v all it said. "differ agent N" is an agent after an exec.
 */
#include "differ.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int agent_argc;

static void map_world(void)
{
	if (mmap((void *)WORLD_AT, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, WORLD_FD, 0) ==
	    MAP_FAILED)
		_exit(98);
}

static void copy_self(const char *to, mode_t mode, uid_t owner)
{
	char block[65536];
	ssize_t n;
	int in = open("/proc/self/exe", O_RDONLY), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	while ((n = read(in, block, sizeof block)) > 0)
		if (write(fd, block, (size_t)n) != n)
			exit(97);
	close(in);
	if (fchown(fd, owner, owner) || fchmod(fd, mode) || close(fd))
		exit(97);
}

static void furnish(void)
{
	mkdir("/tmp", 01777);
	mkdir(HOME, 0777);
	if (mount("differ", HOME, "tmpfs", 0, "mode=1777"))
		exit(97);
	/* Once mounted, the hierarchy is told of everywhere. */
	mkdir(HOME "/cgroup", 0755);
	mount("cgroup2", HOME "/cgroup", "cgroup2", 0, NULL);
	copy_self(HOME "/agent", 0755, 0);
	copy_self(HOME "/setuid-root", 04755, 0);
	copy_self(HOME "/setuid-nobody", 06755, NOBODY);
	copy_self(HOME "/unreadable", 0711, 0);
	copy_self(HOME "/not-executable", 0644, 0);
	int fd = open(HOME "/script", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	static const char script[] = "#!" HOME "/agent script\n";
	if (fd < 0 || write(fd, script, sizeof script - 1) < 0 || close(fd))
		exit(97);
}

static unsigned long hash(const char *text, size_t n)
{
	unsigned long h = 14695981039346656037ul;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * 1099511628211ul;
	return h;
}

static void one_seed(unsigned long seed, int steps, int mix, bool verbose)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		struct output out = {0};
		setsid();
		director_run(seed, steps, mix, &out);
		printf("seed %lu %016lx\n", seed, hash(out.text, out.length));
		if (verbose)
			fwrite(out.text, 1, out.length, stdout);
		fflush(stdout);
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	if (status)
		printf("seed %lu: the director ended with 0x%x\n", seed, status);
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
}

int main(int argc, char **argv)
{
	/* argv of an exec: "agent" N, or a script's: "script" PATH "agent" N. */
	int at = argc > 1 && !strcmp(argv[1], "script") ? 3 : 1;
	if (argc > at + 1 && !strcmp(argv[at], "agent")) {
		agent_argc = argc;
		map_world();
		agent_run(atoi(argv[at + 1]), at == 3 ? "script" : "exec");
	}
	bool verbose = false;
	int steps = 30, mix = -1, c;
	while ((c = getopt(argc, argv, "vn:m:")) > 0)
		if (c == 'v')
			verbose = true;
		else if (c == 'n')
			steps = atoi(optarg);
		else
			mix = atoi(optarg);
	if (optind >= argc)
		return 2;
	unsigned long first = strtoul(argv[optind], NULL, 0), last = optind + 1 < argc ? strtoul(argv[optind + 1], NULL, 0) : first;
	int fd = memfd_create("world", 0);
	if (fd < 0 || ftruncate(fd, sizeof *world) || dup2(fd, WORLD_FD) < 0)
		return 97;
	close(fd);
	close_range(3, WORLD_FD - 1, 0);
	close_range(WORLD_FD + 1, ~0u, 0);
	map_world();
	furnish();
	prctl(PR_SET_NAME, "differ");
	for (unsigned long seed = first; seed <= last; seed++)
		one_seed(seed, steps, mix, verbose);
	puts("end");
	return 0;
}
