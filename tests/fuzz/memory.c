/*
 * memory.c: the calls on memory in random order, near a few places and at boundaries, with forks in between. Two pages that no call
 * is meant for hold a tag; a process that finds it changed says so.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE 0x200000000000ul
#define TAGGED 0x300000000000ul
#define TAG 0x5a17ed0000000000ul

static int file_fd, shm_id;
static uint64_t tag;

static uint64_t place(void)
{
	return below(6) ? PLACE + 4096ul * below(96) + (below(16) ? 0 : below(4096)) : boundary();
}

static uint64_t length(void)
{
	return below(5) ? 4096ul * below(40) + (below(8) ? 0 : below(4096)) : boundary();
}

/* By system calls only: what is read may be gone. */
static void tag_look(void)
{
	uint64_t *pages = (void *)TAGGED;
	for (int i = 0; i < 1024; i++)
		if (pages[i] != tag + (unsigned)i) {
			printf("memory: tag %d is %lx, not %lx\n", i, pages[i], tag + (unsigned)i);
			fflush(stdout);
			_exit(3);
		}
}

static void touch(void)
{
	uint64_t value = chance(), at = place();
	struct iovec here = {&value, 8}, there = {(void *)at, 8};
	syscall(below(2) ? SYS_process_vm_writev : SYS_process_vm_readv, getpid(), &here, 1, &there, 1, 0);
}

static void vectors(void)
{
	struct iovec here[4], there[4];
	for (int i = 0; i < 4; i++) {
		here[i] = (struct iovec){(void *)place(), below(4) ? below(65536) : boundary()};
		there[i] = (struct iovec){(void *)place(), length()};
	}
	syscall(below(2) ? SYS_process_vm_writev : SYS_process_vm_readv, below(2) ? getpid() : getppid(), here,
		below(8) ? 1 + below(4) : boundary(), there, below(8) ? 1 + below(4) : boundary(), below(16) ? 0 : 1);
}

/* Whether a call may take what holds the tag, or the program itself. */
static bool covers_us(uint64_t at, uint64_t n)
{
	uint64_t end = at + n;
	return end > at && at < 1ul << 47 && (at < 0x100000000 || (at < TAGGED + 8192 && end > TAGGED) || end > 0x7f0000000000);
}

static void map(void)
{
	static const int flags[] = {MAP_FIXED, MAP_FIXED_NOREPLACE, 0, MAP_GROWSDOWN, MAP_LOCKED, MAP_NORESERVE, MAP_32BIT, MAP_STACK};
	int flag = flags[below(ARRAY_SIZE(flags))] | (below(3) ? MAP_PRIVATE : MAP_SHARED) | (below(3) ? MAP_ANONYMOUS : 0);
	if (below(3))
		flag |= MAP_FIXED;
	uint64_t at = place(), n = length();
	if ((flag & MAP_FIXED) && covers_us(at, n))
		return;
	if (n < 1 << 20 && below(4) == 0)
		flag |= MAP_POPULATE;
	syscall(SYS_mmap, at, n, below(8) ? PROT_READ | PROT_WRITE : below(16), flag, flag & MAP_ANONYMOUS ? -1 : file_fd,
		below(4) ? 4096ul * below(16) : boundary());
}

static void change(void)
{
	static const long calls[] = {SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mlock, SYS_munlock, SYS_msync, SYS_mincore,
		SYS_mlock2, SYS_remap_file_pages, SYS_mremap, SYS_mremap, SYS_munmap};
	static char vector[65536];
	long call = calls[below(ARRAY_SIZE(calls))];
	uint64_t at = place(), n = length(), to = place(), new = length();
	if (covers_us(at, n) || (call == SYS_mremap && covers_us(to, new)))
		return;
	switch (call) {
	case SYS_mprotect:
		syscall(call, at, n, below(6) ? PROT_READ | PROT_WRITE : boundary());
		break;
	case SYS_madvise:
		syscall(call, at, n, below(8) ? below(26) : boundary());
		break;
	case SYS_mincore:
		syscall(call, at, n > sizeof vector * 4096 ? 4096 : n, vector);
		break;
	case SYS_mremap:
		syscall(call, at, n, new, below(8) ? below(8) : boundary(), to);
		break;
	case SYS_remap_file_pages:
		syscall(call, at, n, 0, below(2) ? below(16) : boundary(), 0);
		break;
	default:
		syscall(call, at, n, below(4) ? below(8) : boundary());
	}
}

static void other(void)
{
	switch (below(6)) {
	case 0:
		syscall(SYS_brk, below(2) ? boundary() : (uint64_t)sbrk(0) + 4096ul * below(64));
		break;
	case 1:
		syscall(SYS_shmat, shm_id, place(), below(2) ? 0 : below(1 << 16));
		break;
	case 2:
		syscall(SYS_shmdt, place());
		break;
	case 3:
		(void)!ftruncate(file_fd, below(16) * 4096 + below(2));
		break;
	case 4:
		syscall(SYS_mlockall, below(8));
		syscall(SYS_munlockall);
		break;
	default:
		syscall(SYS_fallocate, file_fd, below(4), (below(4) ? 4096ul * below(16) : boundary()), length() & 0xfffff);
	}
}

static void take_steps(int steps, int depth)
{
	for (int i = 0; i < steps; i++) {
		unsigned what = below(20);
		if (what < 6)
			map();
		else if (what < 13)
			change();
		else if (what < 15)
			touch();
		else if (what < 16)
			vectors();
		else if (what < 18 || depth > 2)
			other();
		else if (below(3) == 0) {
			pid_t pid = fork();
			if (pid == 0) {
				chance_begin(chance() ^ (unsigned)i);
				take_steps(steps / 3, depth + 1);
				tag_look();
				_exit(0);
			}
			if (below(2))
				waitpid(pid, NULL, 0);
		}
		if (i % 8 == 0)
			tag_look();
	}
}

void memory_run(int steps)
{
	file_fd = memfd_create("fuzz", 0);
	(void)!ftruncate(file_fd, 40000);
	shm_id = shmget(IPC_PRIVATE, 65536, 0600);
	tag = TAG | (uint64_t)getpid() << 16;
	uint64_t *pages = mmap((void *)TAGGED, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (int i = 0; i < 1024; i++)
		pages[i] = tag + (unsigned)i;
	take_steps(steps, 0);
	tag_look();
	while (waitpid(-1, NULL, 0) > 0)
		;
	shmctl(shm_id, IPC_RMID, NULL);
}
