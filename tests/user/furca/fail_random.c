/*
 * Allocations fail at random in the middle of random work, in children that do not mind: whatever state a failure meets, what
 * they held is gone when they are.
 */
#include "fail_nth.h"
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#define STEPS 60
#define AREA_PAGES 96

static unsigned seed;
static unsigned some(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static char *area;
static int open_fds[64], open_count;

static char *a_page(void)
{
	return area + some(AREA_PAGES) * PAGE;
}

static void keep(long fd)
{
	if (fd >= 0 && open_count < 64)
		open_fds[open_count++] = fd;
}

static int a_fd(void)
{
	return open_count ? open_fds[some(open_count)] : 0;
}

static void a_name(char *name)
{
	sprintf(name, "%s%u", some(2) ? "d/" : "", some(6));
}

static int ends(void *arg)
{
	return 0;
}

static int child_works(void *arg)
{
	for (int i = 0; i < 4; i++)
		*(volatile char *)a_page();
	return 0;
}

static void memory_step(void)
{
	int prot = some(2) ? PROT_READ : PROT_READ | PROT_WRITE;
	char *at = a_page();
	size_t bytes = (1 + some(9)) * PAGE;
	if (at + bytes > area + AREA_PAGES * PAGE)
		return;
	switch (some(8)) {
	case 0: RAW(SYS_mmap, at, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0); break;
	case 1: RAW(SYS_mmap, at, bytes, prot, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0); break;
	case 2: RAW(SYS_mmap, at, bytes, prot, (some(2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, a_fd(), 0); break;
	case 3: RAW(SYS_mprotect, at, bytes, prot); break;
	case 4: RAW(SYS_munmap, at, bytes); break;
	case 5: RAW(SYS_madvise, at, bytes, some(2) ? MADV_DONTNEED : some(2) ? MADV_DONTFORK : MADV_WIPEONFORK); break;
	case 6: RAW(SYS_mremap, at, bytes, some(20) * PAGE, MREMAP_MAYMOVE | (some(2) ? MREMAP_FIXED : 0), a_page()); break;
	case 7: RAW(some(2) ? SYS_mlock : SYS_munlock, at, bytes); break;
	}
}

static void file_step(void)
{
	char name[20], other[20], page[200];
	int ends[2] = {-1, -1};
	a_name(name);
	a_name(other);
	switch (some(14)) {
	case 0: keep(RAW(SYS_open, name, O_RDWR | O_CREAT, 0600)); break;
	case 1: RAW(SYS_unlink, name); break;
	case 2: RAW(SYS_rename, name, other); break;
	case 3: RAW(SYS_link, name, other); break;
	case 4: RAW(SYS_symlink, name, other); break;
	case 5: RAW(some(2) ? SYS_mkdir : SYS_rmdir, some(2) ? "d" : name, 0700); break;
	case 6: RAW(SYS_pwrite64, a_fd(), page, sizeof page, some(100000)); break;
	case 7: RAW(SYS_ftruncate, a_fd(), some(100000)); break;
	case 8:
		RAW(SYS_pipe2, ends, O_NONBLOCK);
		keep(ends[0]);
		keep(ends[1]);
		break;
	case 9: keep(RAW(SYS_dup2, a_fd(), 20 + some(300))); break;
	case 10: RAW(SYS_fallocate, a_fd(), some(3), some(9) * PAGE, 5000); break;
	case 11: keep(RAW(SYS_memfd_create, "m", 0)); break;
	case 12: keep(RAW(SYS_epoll_create1, 0)); break;
	case 13: {
		struct epoll_event e = {.events = EPOLLIN};
		RAW(SYS_epoll_ctl, a_fd(), EPOLL_CTL_ADD, a_fd(), &e);
		break;
	}
	}
}

static char stacks[8][16384];
static void task_step(void)
{
	static const unsigned long kinds[] = {0, CLONE_FILES, CLONE_FS, CLONE_VM | CLONE_VFORK, CLONE_SYSVSEM,
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD};
	char *argv[] = {(char *)check_self, "@nothing", 0}, *none[] = {0};
	unsigned long kind = kinds[some(6)];
	switch (some(4)) {
	case 0:
	case 1:
		clone_call(kind | (kind & CLONE_THREAD ? 0 : SIGCHLD), stacks[some(8)] + sizeof stacks[0], 0, 0, 0,
			   kind & CLONE_VM ? ends : child_works, 0);
		break;
	case 2:
		if (RAW(SYS_fork) == 0) {
			RAW(SYS_execve, check_self, argv, none);
			RAW(SYS_exit_group, 0);
		}
		break;
	case 3: {
		siginfo_t info = {.si_code = SI_QUEUE};
		RAW(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + some(3), &info);
		break;
	}
	}
}

static void worker(unsigned number)
{
	sigset_t all;
	seed = number * 7919 + 1;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, 0);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20});
	fail_open();
	area = mmap(0, AREA_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < STEPS; i++) {
		unsigned kind = some(10);
		fail_arm(1 + some(9));
		if (kind < 5)
			memory_step();
		else if (kind < 8)
			file_step();
		else
			task_step();
		fail_arm(0);
		if (some(8) == 0)
			while (waitpid(-1, 0, WNOHANG | __WALL) > 0)
				;
	}
	while (waitpid(-1, 0, __WALL) > 0)
		;
	fail_arm(1 + some(5)); /* the end itself */
	RAW(SYS_exit_group, 0);
}

HELPER(nothing) { return 0; }

/* What grows once: descriptions of kernel stacks, this process's own stack and heap. */
static void grow(void)
{
	pid_t pids[60];
	volatile char deep[100000];
	char *heap[4];
	for (size_t i = 0; i < sizeof deep; i += 512)
		deep[i] = 1;
	for (int i = 0; i < 4; i++)
		heap[i] = memset(malloc(60000), 1, 60000);
	for (int i = 0; i < 4; i++)
		free(heap[i]);
	for (int i = 0; i < 60; i++)
		pids[i] = check_sleeper();
	for (int i = 0; i < 60; i++)
		check_reap(pids[i]);
}

TEST(random_work)
{
	static struct objects before;
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	grow();
	long workers = check_scale(150);
	alarm(85);
	check_scratch();
	for (long i = 0; i < workers; i++) {
		mkdir("work", 0755);
		CHECK_OK(chdir("work"));
		if (i == 0)
			fail_warm_up(&before);
		pid_t pid = fork();
		if (pid == 0)
			worker(i);
		int status = 0;
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK_OK(chdir(".."));
		check_remove_tree("work");
		mkdir("work", 0755);
		CHECK_OK(chdir("work"));
		if (i < 3) {
			fail_warm_up(&before);
		} else {
			const char *left = objects_settle(&before, 1500);
			if (*left) {
				check_fail("worker", i, "status %x, left behind:%s", status, left);
				objects_read(&before);
			}
		}
		CHECK_OK(chdir(".."));
	}
}
