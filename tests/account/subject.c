/*
 * One process whose memory is looked at. It does what it is told, and as little besides as can be: no allocation, no standard
 * streams, always the same few pages of stack. Before each answer it makes Linux add up what it counts by thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "account.h"

static struct { char *at; size_t bytes; } regions[REGIONS];
static char quiet[3 * PAGE] __attribute__((aligned(4096)));	/* the second page is never touched */
static volatile char sink;
static char *break_start;

static long done(long result) { return result < 0 ? -errno : result; }

static long map(const struct order *o)
{
	size_t bytes = o->count * PAGE;
	int shared = o->other == ANON_SHARED || o->other == FILE_SHARED || o->other == MEMFD_SHARED;
	int file = o->other >= FILE_PRIVATE && o->other <= MEMFD_SHARED, fd = -1;
	int prot = o->other == GUARD ? PROT_NONE : PROT_READ | PROT_WRITE;
	int flags = (shared ? MAP_SHARED : MAP_PRIVATE) | (file ? 0 : MAP_ANONYMOUS) | (o->other == NO_RESERVE ? MAP_NORESERVE : 0) |
		    (o->other == POPULATED ? MAP_POPULATE : 0);

	if (file)
		fd = o->other <= FILE_SHARED ? open(account_files[0], O_RDWR) : 90;
	/* Of a file's pages those in the same 64 KiB are mapped together: the address is to be the same everywhere. */
	char *hint = (char *)0x200000000 + o->region * 0x1000000l;
	char *at = mmap(hint, bytes, prot, flags, fd, 0);
	if (fd >= 0 && fd != 90)
		close(fd);
	if (at == MAP_FAILED)
		return -errno;
	regions[o->region].at = at;
	regions[o->region].bytes = bytes;
	return 0;
}

static long unmap(const struct order *o)
{
	if (munmap(regions[o->region].at + o->first * PAGE, o->count * PAGE))
		return -errno;
	if (o->count * PAGE == regions[o->region].bytes)
		regions[o->region].bytes = 0;
	return 0;
}

static long remap(const struct order *o)
{
	char *to = regions[o->region].at + o->first * PAGE;
	char *at = mremap(regions[o->region].at, regions[o->region].bytes, o->count * PAGE,
			  o->first ? MREMAP_MAYMOVE | MREMAP_FIXED : MREMAP_MAYMOVE, to);

	if (at == MAP_FAILED)
		return -errno;
	regions[o->region].at = at;
	regions[o->region].bytes = o->count * PAGE;
	return 0;
}

static long touch(const struct order *o)
{
	volatile char *at = regions[o->region].at + o->first * PAGE;

	for (long i = 0; i < o->count; i++) {
		if (o->what == READ)
			sink = at[i * PAGE];
		else
			at[i * PAGE] = (char)(i + 1);
	}
	return 0;
}

/* The break `count` pages above where it was first, and `first` of them written. */
static long set_break(const struct order *o)
{
	if (!break_start)
		break_start = (char *)(((uintptr_t)syscall(SYS_brk, 0) + PAGE - 1) & -PAGE);
	char *end = break_start + o->count * PAGE;
	if ((char *)syscall(SYS_brk, end) != end)
		return -ENOMEM;
	for (long i = 0; i < o->first; i++)
		((volatile char *)break_start)[i * PAGE] = 1;
	return 0;
}

static __attribute__((noinline)) long deep(long pages)
{
	volatile char here[PAGE];

	here[0] = (char)pages;
	long below = pages ? deep(pages - 1) : 0;
	return below + (here[0] != (char)pages);
}

static void *thread_start(void *arg)
{
	subject_run((int)(intptr_t)arg);
	return NULL;
}

static long create(const struct order *o)
{
	pthread_t thread;
	pid_t pid;

	if (o->what == THREAD)
		return -pthread_create(&thread, NULL, thread_start, (void *)(intptr_t)o->other);
	pid = o->what == VFORK ? vfork() : fork();
	if (pid == 0) {
		subject_run(o->other);
		_exit(0);
	}
	return done(pid);
}

static long obey(const struct order *o)
{
	char *at = regions[o->region].at + o->first * PAGE;
	size_t bytes = o->count * PAGE;
	char number[4] = { (char)('0' + o->other / 10), (char)('0' + o->other % 10) };

	switch (o->what) {
	case MAP: return map(o);
	case UNMAP: return unmap(o);
	case TRUNCATE: return done(truncate(account_files[0], (off_t)bytes));
	case READ:
	case WRITE: return touch(o);
	case PROTECT: return done(mprotect(at, bytes, o->other));
	case REMAP: return remap(o);
	case ADVISE: return done(madvise(at, bytes, o->other));
	case LOCK: return done(mlock(at, bytes));
	case UNLOCK: return done(munlock(at, bytes));
	case BREAK: return set_break(o);
	case STACK: return deep(o->count);
	case FORK:
	case VFORK:
	case THREAD: return create(o);
	case EXEC:
		execl("/proc/self/exe", "account", "@subject", number, NULL);
		return -errno;
	case WAIT: return done(waitpid(-1, NULL, 0)) > 0 ? 0 : -errno;
	default: return 0;
	}
}

static void answer(int who, const struct order *o, long result)
{
	struct answer a = { .result = result };
	struct rusage own, children;

	/* Linux 6.1 keeps up to 64 pages of news in each thread; an unmapping, even of nothing, adds them up. */
	madvise(quiet + PAGE, PAGE, MADV_DONTNEED);
	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	a.start = (unsigned long)regions[o->region].at;
	a.bytes = regions[o->region].bytes;
	a.minor = own.ru_minflt;
	a.most_kb = own.ru_maxrss;
	a.child_minor = children.ru_minflt;
	a.child_most_kb = children.ru_maxrss;
	if (write(ANSWERS_FD(who), &a, sizeof(a)) != sizeof(a))
		_exit(98);
}

void subject_run(int who)
{
	struct order o;

	memset(quiet, 0, 1);
	for (;;) {
		if (read(ORDERS_FD(who), &o, sizeof(o)) != sizeof(o))
			_exit(97);
		if (o.what == EXIT && o.count)	/* a thread alone */
			syscall(SYS_exit, 0);
		if (o.what == EXIT)
			_exit(o.other);
		answer(who, &o, obey(&o));
	}
}
