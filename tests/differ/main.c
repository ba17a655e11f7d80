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

/* A file of some of the program's first bytes, one of them another; zeroes follow when there is more than a header. */
static void cut_self(const char *to, size_t length, size_t at, unsigned char value)
{
	static unsigned char block[65536];
	int in = open("/proc/self/exe", O_RDONLY), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t n = read(in, block, length);
	if (at < length)
		block[at] = value;
	if (n < 0 || write(fd, block, (size_t)n) != n || (length > 4096 && ftruncate(fd, 4 << 20)) || close(in) || close(fd))
		exit(97);
}

static void write_text(const char *to, const char *text)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd))
		exit(97);
}

/* Programs that an exec does not take, or takes to its own end. */
static void furnish_bad_programs(void)
{
	static char long_line[600] = "#!" HOME "/agent ";
	memset(long_line + strlen(long_line), 'x', 400);
	write_text(HOME "/empty", "");
	write_text(HOME "/text", "echo no program\n");
	write_text(HOME "/script-missing", "#!" HOME "/missing\n");
	write_text(HOME "/script-folder", "#!" HOME "\n");
	write_text(HOME "/script-itself", "#!" HOME "/script-itself\n");
	write_text(HOME "/script-nothing", "#!  \n");
	write_text(HOME "/script-long", long_line);
	write_text(HOME "/script-2", "#!" HOME "/script\n");
	write_text(HOME "/script-text", "#!" HOME "/text\n");
	cut_self(HOME "/elf-header", 64, 100, 0);
	cut_self(HOME "/elf-short", 60, 100, 0);
	cut_self(HOME "/elf-machine", 4096, 18, 3);
	cut_self(HOME "/elf-type", 4096, 16, 1);
	cut_self(HOME "/elf-entries", 4096, 54, 55);
	cut_self(HOME "/elf-none", 4096, 56, 0);
	cut_self(HOME "/elf-many", 4096, 57, 255);
	cut_self(HOME "/elf-cut", 8192, 10000, 0);
	cut_self(HOME "/elf-class", 65536, 4, 1);
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
	write_text(HOME "/script", "#!" HOME "/agent script\n");
	furnish_bad_programs();
	mkdir(HOME "/pts", 0755);
	if (mount("devpts", HOME "/pts", "devpts", 0, "newinstance,ptmxmode=0666"))
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
	/* argv of an exec: "agent" N, behind what scripts put before it. */
	for (int at = 1; at + 1 < argc; at++)
		if (!strcmp(argv[at], "agent")) {
			map_world();
			agent_run(atoi(argv[at + 1]), at > 1 ? "script" : "exec");
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
