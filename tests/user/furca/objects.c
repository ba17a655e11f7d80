/*
 * Everything that is made goes again: after many forks, threads, execs, pipes, files and mappings each live-object count is
 * what it was. What grows once (a description of each kernel stack ever mapped) is grown by a round before.
 */
#include "clone.h"
#include "objects.h"
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>

/* Runs `run` once to warm up, and then again: nothing more may be there. */
static void twice(const char *what, void (*run)(long n), long n)
{
	static struct objects before;
	alarm(sysconf(_SC_NPROCESSORS_ONLN) == 1 ? 85 : 280);
	for (int i = 0; i < 3; i++) {
		run(i == 0 ? n : n / 50 + 1);
		objects_read_quiet(&before);
	}
	check_field("/proc/meminfo", "MemFree", 10);
	objects_read(&before);
	long kb = check_field("/proc/meminfo", "MemFree", 10);
	run(n);
	CHECK_OBJECTS(&before, what);
	CHECK(kb - check_field("/proc/meminfo", "MemFree", 10) < 1024 * sysconf(_SC_NPROCESSORS_ONLN));
}
#define TWICE(name, n)                             \
	static void run_##name(long times);        \
	TEST(name) { twice(#name, run_##name, n); } \
	static void run_##name(long times)

static void end_now(void)
{
	RAW(SYS_exit_group, 0);
}

/* Once, and more than the warm-up's: 10,000 forks. */
static void run_forks(long times)
{
	for (long i = 0; i < times; i++) {
		pid_t pid = fork();
		if (pid == 0)
			end_now();
		if (pid < 0 || waitpid(pid, 0, 0) != pid) {
			check_fail(__FILE_NAME__, __LINE__, "fork %ld: errno %d", i, errno);
			return;
		}
	}
}

TEST(fork_10000)
{
	static struct objects before;
	alarm(85);
	run_forks(100);
	objects_read_quiet(&before);
	objects_read(&before);
	run_forks(check_scale(10000));
	CHECK_OBJECTS(&before, "10000 forks");
}

TWICE(alive_2000, 2000)
{
	int hold[2], alive = 0;
	char c;
	long room = check_field("/proc/meminfo", "MemAvailable", 10) / 130;
	NEED_OK(pipe(hold));
	for (; alive < times && alive < room; alive++) {
		pid_t pid = fork();
		if (pid == 0) {
			RAW(SYS_close, hold[1]);
			RAW(SYS_read, hold[0], &c, 1);
			end_now();
		}
		if (CHECK_OK(pid) < 0)
			break;
	}
	close(hold[0]);
	close(hold[1]);
	while (waitpid(-1, 0, 0) > 0)
		alive--;
	CHECK_EQ(alive, 0);
}

TWICE(chain_200, 200)
{
	for (long depth = 0;; depth++) {
		pid_t pid = depth < times ? fork() : -1;
		if (pid == 0)
			continue;
		int status = 0;
		if (pid > 0)
			waitpid(pid, &status, 0);
		else if (depth < times)
			status = 1;
		if (depth == 0) {
			CHECK_EQ(status, 0);
			return;
		}
		RAW(SYS_exit_group, status != 0);
	}
}

TWICE(vfork_1000, 1000)
{
	for (long i = 0; i < times; i++) {
		pid_t pid = vfork();
		if (pid == 0)
			_exit(0);
		CHECK(waitpid(pid, 0, 0) == pid);
	}
}

static int ends(void *arg)
{
	return 0;
}

TWICE(threads_1000, 1000)
{
	static int word;
	static char *stack;
	if (!stack)
		stack = clone_stack();
	for (long i = 0; i < times; i++) {
		word = 1;
		if (clone_call(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID,
			       CLONE_TOP(stack), 0, &word, 0, ends, 0) < 0) {
			check_fail(__FILE_NAME__, __LINE__, "thread %ld", i);
			return;
		}
		while (*(volatile int *)&word)
			futex_call(&word, 0, 1, 0, 0, 0);
	}
}

static void *waits(void *arg)
{
	return pthread_mutex_lock(arg), pthread_mutex_unlock(arg), NULL;
}

/* A process with many threads at once ends, by exit_group or by a signal. */
TWICE(groups_of_threads, 20)
{
	for (long i = 0; i < times; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
			pthread_mutex_lock(&lock);
			for (int k = 0; k < 30; k++)
				pthread_create(&(pthread_t){0}, 0, waits, &lock);
			if (i % 2)
				kill(getpid(), SIGKILL);
			_exit(0);
		}
		CHECK(waitpid(pid, 0, 0) == pid);
	}
}

HELPER(nothing) { return 0; }

TWICE(exec_500, 500)
{
	char *argv[] = {(char *)check_self, "@nothing", 0}, *none[] = {0};
	for (long i = 0; i < times; i++) {
		pid_t pid = i % 2 ? vfork() : fork();
		if (pid == 0) {
			execve(check_self, argv, none);
			_exit(9);
		}
		CHECK_WAIT(pid, EXITED(0));
	}
}

static void *execs(void *arg)
{
	char *argv[] = {(char *)check_self, "@nothing", 0}, *none[] = {0};
	execve(check_self, argv, none);
	return 0;
}

TWICE(exec_from_threads, 30)
{
	for (long i = 0; i < times; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			for (int k = 0; k < 4; k++)
				pthread_create(&(pthread_t){0}, 0, execs, 0);
			pause();
		}
		CHECK_WAIT(pid, EXITED(0));
	}
}

/* They come to this process, which waits for them: process 1 would do so later. */
TWICE(orphans, 200)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (long i = 0; i < times; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			if (fork() == 0)
				raw_sleep_ms(i % 3);
			end_now();
		}
		CHECK(waitpid(pid, 0, 0) == pid);
	}
	while (wait(0) > 0)
		;
}

TWICE(signals, 300)
{
	sigset_t all;
	sigfillset(&all);
	for (long i = 0; i < times; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			sigprocmask(SIG_SETMASK, &all, 0);
			for (int k = 0; k < 20; k++)
				sigqueue(getpid(), SIGRTMIN + k % 5, (union sigval){.sival_int = k});
			timer_t id;
			timer_create(CLOCK_MONOTONIC, 0, &id);
			setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {100, 0}}, 0);
			end_now();
		}
		CHECK(waitpid(pid, 0, 0) == pid);
	}
}

TWICE(files_of_all_kinds, 100)
{
	mkdir("/tmp/objects", 0755);
	if (access("/dev/pts/ptmx", F_OK)) {
		mkdir("/dev/pts", 0755);
		mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=666");
	}
	for (long i = 0; i < times; i++) {
		int p[2], fds[12], n = 0;
		char page[PAGE] = "", name[60];
		NEED_OK(pipe(p));
		write(p[1], page, 3000);
		fds[n++] = p[0];
		fds[n++] = p[1];
		snprintf(name, sizeof name, "/tmp/objects/%ld", i % 7);
		fds[n++] = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		write(fds[n - 1], page, sizeof page);
		unlink(name);
		fds[n++] = open("/tmp/objects", O_RDONLY | O_DIRECTORY);
		fds[n++] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
		fds[n++] = open("/proc/self/maps", O_RDONLY);
		read(fds[n - 1], page, sizeof page);
		fds[n++] = epoll_create1(0);
		fds[n++] = syscall(SYS_eventfd2, 0, 0);
		epoll_ctl(fds[n - 2], EPOLL_CTL_ADD, fds[n - 1], &(struct epoll_event){.events = EPOLLIN});
		epoll_ctl(fds[n - 2], EPOLL_CTL_ADD, p[0], &(struct epoll_event){.events = EPOLLIN});
		fds[n++] = syscall(SYS_memfd_create, "m", 0);
		fcntl(fds[2], F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_start = i, .l_len = 5});
		snprintf(name, sizeof name, "/tmp/objects/d%ld", i);
		mkdir(name, 0755);
		mkfifo("/tmp/objects/fifo", 0600);
		symlink("nowhere", "/tmp/objects/link");
		link("/tmp/objects/link", "/tmp/objects/link2");
		pid_t pid = fork();
		if (pid == 0) {
			dup2(0, 900);
			end_now();
		}
		waitpid(pid, 0, 0);
		while (n)
			CHECK_OK(close(fds[--n]));
		rmdir(name);
		unlink("/tmp/objects/fifo");
		unlink("/tmp/objects/link");
		unlink("/tmp/objects/link2");
		access("/tmp/objects/never/there", R_OK);
	}
	rmdir("/tmp/objects");
}

TWICE(mappings_of_all_kinds, 60)
{
	int fd = syscall(SYS_memfd_create, "m", 0);
	NEED_OK(ftruncate(fd, 40 * PAGE));
	for (long i = 0; i < times; i++) {
		char *at = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char *shared = mmap(0, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		char *of_file = mmap(0, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		char *shared_file = mmap(0, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4 * PAGE);
		char *far = mmap((char *)0x300000000000 + (i << 32), PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		*far = 1;
		for (int k = 0; k < 32; k++)
			at[k * PAGE] = shared[k * PAGE] = of_file[k * PAGE] = shared_file[k * PAGE] = 1;
		for (int k = 0; k < 32; k += 2)
			mprotect(at + k * PAGE, PAGE, PROT_READ);
		madvise(at + 40 * PAGE, PAGE, MADV_DONTFORK);
		mlock(at + 4 * PAGE, 3 * PAGE);
		pid_t pid = fork();
		if (pid == 0) {
			for (int k = 1; k < 32; k += 2)
				at[k * PAGE] = of_file[k * PAGE] = 2;
			munmap(at + 3 * PAGE, 9 * PAGE);
			mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
			end_now();
		}
		at[PAGE] = 3;
		char *moved = mremap(shared, 32 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
		madvise(at, 64 * PAGE, MADV_DONTNEED);
		waitpid(pid, 0, 0);
		munmap(at, 64 * PAGE);
		munmap(moved, 64 * PAGE);
		munmap(of_file, 32 * PAGE);
		munmap(shared_file, 32 * PAGE);
		munmap(far, PAGE);
	}
	close(fd);
}
