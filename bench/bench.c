/*
 * bench.c: what the operations of a process cost. One static program, the same on every kernel; it runs as process 1 of a VM or
 * as a plain program.
 *
 *   bench [icount|wall] [samples=N] [NAME...]     no NAME: all
 *
 * Each line of the result is "NAME MEDIAN MINIMUM MAXIMUM" for one operation, over N samples (default 5) after one that warms up.
 * icount: ticks of the time-stamp counter; under QEMU's -icount shift=0 one tick is one instruction. wall: nanoseconds.
 * A measured stretch never idles: a halt would move the virtual clock. Memory is mapped with MADV_NOHUGEPAGE.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define PAGE 4096ul
#define MAX_SAMPLES 51
#define CHILDREN 1000
#define COW_PAGES 256

typedef unsigned long ticks;

static int use_tsc;
static int samples = 5;
static const char *self;
static char *const self_exits[] = {"bench", "@exit", NULL};
static char *touched;
static size_t touched_bytes;
static volatile ticks *shared;
extern char **environ;

static ticks now(void)
{
	if (use_tsc)
		return __rdtsc();
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ul + t.tv_nsec;
}

__attribute__((noreturn)) static void die(const char *what)
{
	perror(what);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	_exit(1);
}

static char *map(size_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		die("mmap");
	madvise(at, bytes, MADV_NOHUGEPAGE);
	return at;
}

static void reap(pid_t pid)
{
	int status;
	if (pid < 0)
		die("fork");
	if (waitpid(pid, &status, 0) != pid || status != 0)
		die("child");
}

/* --- operations: each gives the ticks of one --- */

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

static ticks fork_exit_wait(int count)
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

static void touch(size_t bytes)
{
	if (touched_bytes == bytes)
		return;
	if (touched)
		munmap(touched, touched_bytes);
	touched = bytes ? map(bytes) : NULL;
	touched_bytes = bytes;
	for (size_t i = 0; i < bytes; i += PAGE)
		touched[i] = 1;
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

/*
 * What a lazy fork moves to later: a child of a parent with 1 GiB writes all of its pages, or one in every 2 MiB. The worst of
 * those single writes, or the mean of all.
 */
static ticks writes_after_fork(size_t step, int is_worst)
{
	touch(1ul << 30);
	pid_t pid = fork();
	if (pid == 0) {
		ticks worst = 0, begin = now();
		for (size_t i = 0; i < touched_bytes; i += step) {
			ticks before = now(), took;
			*(volatile char *)(touched + i) = 2;
			took = now() - before;
			if (took > worst)
				worst = took;
		}
		*shared = is_worst ? worst : (now() - begin) / (touched_bytes / step);
		_exit(0);
	}
	reap(pid);
	return *shared;
}

static ticks run_cow_1g_worst(void)
{
	return writes_after_fork(2ul << 20, 1);
}

static ticks run_cow_1g_sparse(void)
{
	return writes_after_fork(2ul << 20, 0);
}

static ticks run_cow_1g_all(void)
{
	return writes_after_fork(PAGE, 0);
}

static ticks run_cow_copy(void)
{
	char *at = map(COW_PAGES * PAGE);
	memset(at, 1, COW_PAGES * PAGE);
	pid_t pid = fork();
	if (pid == 0) {
		ticks begin = now();
		for (size_t i = 0; i < COW_PAGES; i++)
			*(volatile char *)(at + i * PAGE) = 2;
		*shared = (now() - begin) / COW_PAGES;
		_exit(0);
	}
	reap(pid);
	munmap(at, COW_PAGES * PAGE);
	return *shared;
}

/*
 * The parent's writes after its child has gone. A kernel that shares page tables has two cases: the child never wrote there, and
 * the tables were never copied; or it did, and each of the parent's pages faults.
 */
static ticks cow_after_child(int child_writes)
{
	char *at = map(COW_PAGES * PAGE);
	memset(at, 1, COW_PAGES * PAGE);
	pid_t pid = fork();
	if (pid == 0) {
		if (child_writes)
			*(volatile char *)at = *(volatile char *)(at + (COW_PAGES - 1) * PAGE) = 2;
		_exit(0);
	}
	reap(pid);
	ticks begin = now();
	for (size_t i = 1; i < COW_PAGES - 1; i++)
		*(volatile char *)(at + i * PAGE) = 2;
	ticks took = (now() - begin) / (COW_PAGES - 2);
	munmap(at, COW_PAGES * PAGE);
	return took;
}

static ticks run_cow_reuse(void)
{
	return cow_after_child(1);
}

static ticks run_cow_reuse_untouched(void)
{
	return cow_after_child(0);
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

static ticks boot_ticks;	/* since the kernel's clock was started: the firmware is not in it */

static ticks run_boot(void)
{
	return boot_ticks;
}

static const struct op {
	const char *name;
	ticks (*run)(void);
	int once;
} ops[] = {
	{"boot", run_boot, 1},
	{"getppid", run_getppid, 0},
	{"signal", run_signal, 0},
	{"pipe_round_trip", run_pipe_round_trip, 0},
	{"mmap_munmap", run_mmap_munmap, 0},
	{"first_touch", run_first_touch, 0},
	{"vfork_exit_wait", run_vfork_exit_wait, 0},
	{"fork_exit_wait", run_fork_exit_wait, 0},
	{"fork", run_fork_parent, 0},
	{"vfork_exec_wait", run_vfork_exec_wait, 0},
	{"vfork_exec_dynamic_wait", run_vfork_exec_dynamic_wait, 0},
	{"fork_exec_wait", run_fork_exec_wait, 0},
	{"posix_spawn_wait", run_posix_spawn_wait, 0},
	{"cow_copy", run_cow_copy, 0},
	{"cow_reuse", run_cow_reuse, 0},
	{"cow_reuse_untouched", run_cow_reuse_untouched, 0},
	{"children_1000", run_children_1000, 0},
	{"bytes_per_child", run_bytes_per_child, 1},
	{"fork_16m", run_fork_16m, 0},
	{"fork_256m", run_fork_256m, 0},
	{"fork_1g", run_fork_1g, 0},
	{"fork_exit_wait_1g", run_fork_exit_wait_1g, 0},
	{"fork_exec_wait_1g", run_fork_exec_wait_1g, 0},
	{"cow_1g_worst", run_cow_1g_worst, 0},
	{"cow_1g_sparse", run_cow_1g_sparse, 0},
	{"cow_1g_all", run_cow_1g_all, 1},
	/* last: from its first thread on a process takes the C library's locks around each fork, and pays for their pages */
	{"pthread_create_join", run_pthread_create_join, 0},
	{"fork_threaded", run_fork_parent, 0},
};
#define OPS (sizeof ops / sizeof *ops)

static int by_size(const void *a, const void *b)
{
	ticks x = *(const ticks *)a, y = *(const ticks *)b;
	return x < y ? -1 : x > y;
}

static void measure(const struct op *op)
{
	ticks got[MAX_SAMPLES];
	int count = op->once ? 1 : samples;
	char line[200];
	if (!strstr(op->name, "_16m") && !strstr(op->name, "_256m") && !strstr(op->name, "_1g"))
		touch(0);
	if (!op->once)
		op->run();
	for (int i = 0; i < count; i++)
		got[i] = op->run();
	qsort(got, count, sizeof *got, by_size);
	int n = snprintf(line, sizeof line, "%s %lu %lu %lu\n", op->name, got[count / 2], got[0], got[count - 1]);
	if (write(1, line, n) != n)
		_exit(1);
}

static void start_as_init(void)
{
	struct stat st;
	mkdir("/proc", 0755);
	if (stat("/proc/meminfo", &st))
		mount("proc", "/proc", "proc", 0, NULL);
}

int main(int argc, char **argv)
{
	struct timespec started;
	clock_gettime(CLOCK_MONOTONIC, &started);
	boot_ticks = started.tv_sec * 1000000000ul + started.tv_nsec;
	if (argc > 1 && !strcmp(argv[1], "@exit"))
		_exit(0);
	int is_init = getpid() == 1, named = 0;
	self = is_init ? "/init" : argv[0];
	if (is_init)
		start_as_init();
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "icount"))
			use_tsc = 1;
		else if (!strncmp(argv[i], "samples=", 8))
			samples = atoi(argv[i] + 8);
	}
	if (samples < 1 || samples > MAX_SAMPLES)
		samples = 5;
	for (int i = 1; i < argc; i++)
		for (size_t j = 0; j < OPS; j++)
			if (!strcmp(argv[i], ops[j].name)) {
				measure(&ops[j]);
				named = 1;
			}
	for (size_t j = 0; !named && j < OPS; j++)
		measure(&ops[j]);
	if (write(1, "end\n", 4) != 4)
		return 1;
	if (is_init) {
		reboot(RB_POWER_OFF);
		reboot(RB_AUTOBOOT);
	}
	return 0;
}
