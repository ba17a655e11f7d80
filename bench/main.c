/*
 * furca-bench: what the operations of a process cost. One static program, the same on every kernel; `furca bench` runs it
 * as process 1 of a VM, and it runs as a plain program too.
 *
 *   furca-bench [icount|wall] [samples=N] [WHAT...]   WHAT: suite, operation or any point of a curve (NAME:POINT); else "basic"
 *   furca-bench list                                  "SUITE NAME UNIT DESCRIPTION" of each operation; NAME:N of a curve
 *
 * Each line of the result is "NAME MEDIAN MINIMUM MAXIMUM" of one operation, or "NAME:POINT ..." of one point of a curve,
 * over N samples (default 5) after one that warms up. "stopped NAME:POINT WHY": a curve goes no further. The last line is
 * "end". icount: ticks of the time-stamp counter; under QEMU's -icount shift=0 one tick is one instruction. wall:
 * nanoseconds. A measured stretch never idles: a halt would move the virtual clock. Memory is mapped with MADV_NOHUGEPAGE.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>
#include "bench.h"

#define MAX_SAMPLES 51

const char *self;
char *touched;
size_t touched_bytes;
volatile ticks *shared;
ticks also_ticks;
static int use_tsc, is_init, samples = 5;
static ticks boot_ticks;	/* since the kernel's clock was started: the firmware is not in it */

ticks now(void)
{
	if (use_tsc)
		return __rdtsc();
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ul + t.tv_nsec;
}

void die(const char *what)
{
	perror(what);
	if (is_init && getpid() == 1)
		reboot(RB_POWER_OFF);
	_exit(1);
}

char *map(size_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		die("mmap");
	madvise(at, bytes, MADV_NOHUGEPAGE);
	return at;
}

void touch(size_t bytes)
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

void reap(pid_t pid)
{
	int status;
	if (pid < 0)
		die("fork");
	if (waitpid(pid, &status, 0) != pid || status != 0)
		die("child");
}

static ticks run_boot(void)
{
	return boot_ticks;
}

static const struct op boot_ops[] = {
	{ "boot", run_boot, "from the start of the kernel's clock to the first line of main()", ONCE },
	{},
};
static const struct suite suites[] = {
	{ "basic", "what a process does",
		(const struct op *const[]){ boot_ops, calls_ops, process_ops, cow_ops, memory_ops, cow_large_ops,
			thread_ops, NULL } },
	{ "deferred", "fork of 1 GiB, writes to some percent of it, exit and wait",
		(const struct op *const[]){ deferred_ops, NULL } },
	{ "growth", "fork, exit and wait over what the parent has", (const struct op *const[]){ growth_ops, NULL } },
};
#define SUITES (sizeof suites / sizeof *suites)

/* One line in one write: children print too. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[300];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (n >= (int)sizeof line)
		n = sizeof line - 1;
	if (write(1, line, n) != n)
		_exit(1);
}

static int by_size(const void *a, const void *b)
{
	ticks x = *(const ticks *)a, y = *(const ticks *)b;
	return x < y ? -1 : x > y;
}

static void print(const char *name, const char *point, ticks *got, int count)
{
	qsort(got, count, sizeof *got, by_size);
	say("%s%s %lu %lu %lu\n", name, point, got[count / 2], got[0], got[count - 1]);
}

static void take(const struct op *op, const char *point)
{
	ticks got[MAX_SAMPLES], also[MAX_SAMPLES];
	int count = op->flags & ONCE ? 1 : samples;
	if (!(op->flags & ONCE))
		op->run();
	for (int i = 0; i < count; i++) {
		got[i] = op->run();
		also[i] = also_ticks;
	}
	print(op->name, point, got, count);
	if (op->also)
		print(op->also, point, also, count);
}

/* The curve's own process: these points, up to a negative one. */
static void follow(const struct op *op, const long *points)
{
	char point[32];
	for (const long *at = points; *at >= 0; at++) {
		snprintf(point, sizeof point, ":%ld", *at);
		int error = op->grow(*at);
		if (error) {
			say("stopped %s%s %s\n", op->name, point, strerror(error));
			return;
		}
		take(op, point);
	}
}

/* only: the one point of a curve that is wanted; negative: those that it has. */
static void measure(const struct op *op, long only)
{
	const long one[] = { only, -1 };
	if (!(op->flags & LARGE) || op->points)
		touch(0);
	if (!op->points) {
		take(op, "");
		return;
	}
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		follow(op, only < 0 ? op->points : one);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die(op->name);
	if (status)
		say("stopped %s its process ended with status %d\n", op->name, status);
	while (is_init && waitpid(-1, NULL, 0) > 0)
		;	/* the children that it has left behind */
}

/* Whether the word is NAME, or NAME:POINT of a curve, whose point it sets. */
static int is_named(const struct op *op, const char *name, const char *word, long *point)
{
	size_t length = name ? strlen(name) : 0;
	char *end;
	if (!name || strncmp(word, name, length))
		return 0;
	if (!word[length])
		return 1;
	if (word[length] != ':' || !op->points || word[length + 1] < '0' || word[length + 1] > '9')
		return 0;
	*point = strtol(word + length + 1, &end, 10);
	return !*end;
}

/* Measures what the word names. False if it names nothing. */
static int named(const char *word)
{
	int found = 0;
	for (size_t i = 0; i < SUITES; i++)
		for (const struct op *const *part = suites[i].parts; *part; part++)
			for (const struct op *op = *part; op->name; op++) {
				long point = -1;
				if (!is_named(op, op->name, word, &point) && !is_named(op, op->also, word, &point) &&
				    strcmp(word, suites[i].name))
					continue;
				measure(op, point);
				found = 1;
			}
	return found;
}

static void list(void)
{
	for (size_t i = 0; i < SUITES; i++)
		for (const struct op *const *part = suites[i].parts; *part; part++)
			for (const struct op *op = *part; op->name; op++) {
				const char *kind = op->points ? ":N" : "";
				say("%s %s%s %s %s\n", suites[i].name, op->name, kind, op->flags & BYTES ? "bytes" : "ticks",
					op->what);
				if (op->also)
					say("%s %s%s ticks %s\n", suites[i].name, op->also, kind, op->also_what);
			}
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
	int found = 0;
	clock_gettime(CLOCK_MONOTONIC, &started);
	boot_ticks = started.tv_sec * 1000000000ul + started.tv_nsec;
	if (argc > 1 && !strcmp(argv[1], "@exit"))
		_exit(0);
	if (argc > 1 && !strcmp(argv[1], "list")) {
		list();
		return 0;
	}
	is_init = getpid() == 1;
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
		found |= named(argv[i]);
	if (!found)
		named("basic");
	say("end\n");
	if (is_init) {
		reboot(RB_POWER_OFF);
		reboot(RB_AUTOBOOT);
	}
	return 0;
}
