/*
 * main.c: fuzz [-n STEPS] [-w WORKERS] [-u UID] MODE FIRST [LAST]: hostile programs, one a seed: WORKERS (2) processes at a time,
 * which take STEPS (100) steps each, in namespaces of their own, so that all of it ends with the first process there.
 * Says "end PROGRAMS" at the end: what it found is said by the kernel, or is a machine that does not get so far.
 * On Furca the kernel's objects must be as many as before, or what there is more of is said, and the status is 1.
 */
#include "fuzz.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_EACH 20

static const struct mode {
	const char *name;
	void (*run)(int steps);
} modes[] = {
	{"elf", elf_run}, {"memory", memory_run}, {"calls", calls_run}, {"spaces", spaces_run}, {"files", files_run},
};

static uint64_t state;

void chance_begin(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15 + 0x1234567;
}

uint64_t chance(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned below(unsigned n)
{
	return chance() % n;
}

uint64_t boundary(void)
{
	static const uint64_t at[] = {
		0, 1, 2, 0x7f, 0xff, 4096, 8192, 1 << 16, 1 << 21, 1 << 30, 1ul << 31, 1ul << 32, 1ul << 39, 1ul << 46, (1ul << 47) - 4096,
		1ul << 47, 1ul << 48, 1ul << 52, 1ul << 62, 1ul << 63, -1ul, -4096ul, -8192ul, 0xffff800000000000, 0xffffffff80000000,
	};
	static const int64_t beside[] = {0, 0, 0, 0, -1, 1, 4096, -4096};
	if (below(16) == 0)
		return chance() >> below(64);
	return at[below(ARRAY_SIZE(at))] + (uint64_t)beside[below(ARRAY_SIZE(beside))];
}

uint64_t small_or_boundary(void)
{
	switch (below(4)) {
	case 0:
		return below(16);
	case 1:
		return 4096ul * below(64);
	case 2:
		return 1ul << below(32);
	default:
		return boundary();
	}
}

static void write_text(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

/* A worker that is killed by what it did is followed by another, a few times. */
static void workers(const struct mode *mode, uint64_t seed, int steps, int count, uid_t uid)
{
	write_text("/proc/self/oom_score_adj", "1000");
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	int left = count * 4, running = 0;
	chance_begin(seed);
	struct rlimit memory = {below(2) ? 96ul << 20 : RLIM_INFINITY, RLIM_INFINITY};
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	while (left > 0 || running) {
		for (; running < count && left > 0; left--, running++) {
			pid_t pid = fork();
			if (pid < 0)
				_exit(1);
			if (pid)
				continue;
			chance_begin(seed << 8 | (unsigned)left);
			setpgid(0, 0);
			if (uid && (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
				_exit(1);
			mode->run(steps);
			_exit(0);
		}
		int status;
		if (waitpid(-1, &status, __WALL) < 0 && errno == ECHILD)
			break;
		running--;
	}
	_exit(0);
}

static void one_seed(const struct mode *mode, uint64_t seed, int steps, int count, uid_t uid)
{
	unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
	pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		workers(mode, seed, steps, count, uid);
	if (pid < 0) {
		perror("clone");
		exit(1);
	}
	for (int tick = 0; waitpid(pid, NULL, WNOHANG) == 0; tick++) {
		if (tick == SECONDS_EACH * 100)
			kill(pid, SIGKILL);
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	}
}

static size_t objects(char *text, size_t room)
{
	int fd = open("/proc/furca/objects", O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, room - 1);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	return n < 0 ? 0 : (size_t)n;
}

/* How many there are of that name, which more than one line may have. */
static long number_of(const char *text, const char *name, size_t length)
{
	long sum = 0, size, count;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, name, length) && line[length] == ' ' && sscanf(line + length, "%ld %ld", &size, &count) == 2)
			sum += count;
	return sum;
}

/* Of how many names there is more now than before; with SAY they are printed. */
static int more_objects(const char *before, const char *now, bool say)
{
	int more = 0;
	for (const char *line = now; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t length = strcspn(line, " \n");
		long count = number_of(now, line, length), then = number_of(before, line, length);
		if (count > then) {
			more++;
			if (say)
				printf("left over: %.*s %ld, before %ld\n", (int)length, line, count, then);
		}
	}
	return more;
}

int main(int argc, char **argv)
{
	static char before[32768], now[32768];
	int steps = 100, count = 2, c;
	uid_t uid = 0;
	if (argc > 1 && !strcmp(argv[1], "quit"))
		return 0;
	while ((c = getopt(argc, argv, "+n:w:u:")) > 0)
		*(c == 'n' ? &steps : c == 'w' ? &count : (int *)&uid) = atoi(optarg);
	if (argc < optind + 2)
		return 2;
	const struct mode *mode = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(modes[i].name, argv[optind]))
			mode = &modes[i];
	if (!mode)
		return 2;
	uint64_t first = strtoul(argv[optind + 1], NULL, 0), last = argc > optind + 2 ? strtoul(argv[optind + 2], NULL, 0) : first;
	mkdir("/tmp", 01777);
	mkdir(HOME, 01777);
	chmod(HOME, 01777);
	elf_furnish();
	write_text("/proc/self/oom_score_adj", "-1000");
	/* What is made once and kept is made by the first seed. */
	one_seed(mode, first, steps, count, uid);
	objects(now, sizeof now);
	memset(now, 1, sizeof now);
	memset(before, 1, sizeof before);
	objects(before, sizeof before);
	for (uint64_t seed = first; seed <= last; seed++)
		one_seed(mode, seed, steps, count, uid);
	int more = 1;
	for (int tries = 0; more && tries < 30; tries++) {
		objects(now, sizeof now);
		if ((more = more_objects(before, now, tries == 29)))
			nanosleep(&(struct timespec){0, 100000000}, NULL);
	}
	if (more)
		printf("objects are left over\n");
	printf("end %lu\n", (last - first + 1) * (unsigned)count * 4);
	return more != 0;
}
