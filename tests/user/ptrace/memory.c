/* The memory of another process: PEEK and POKE, /proc/PID/mem, process_vm_readv and process_vm_writev. Source: ptrace(2),
 * proc(5), process_vm_readv(2). */
#include "ptrace.h"

static volatile long word = 0x1111;
static const long constant[2] = {0x2222, 0x3333};

TEST(peek_and_poke)
{
	TRACEE(pid) {
		CHECK_EQ(word, 0x5555);
	}
	long v = 0;
	CHECK_OK(PT(PTRACE_PEEKDATA, pid, &word, &v));
	CHECK_EQ(v, 0x1111);
	CHECK_OK(PT(PTRACE_PEEKTEXT, pid, &word, &v));
	CHECK_OK(PT(PTRACE_POKEDATA, pid, &word, 0x5555));
	CHECK_EQ(word, 0x1111);			/* ours is ours */
	CHECK_OK(PT(PTRACE_PEEKDATA, pid, &word, &v));
	CHECK_EQ(v, 0x5555);
	CHECK_ERR(PT(PTRACE_PEEKDATA, pid, 8, &v), EIO);
	CHECK_ERR(PT(PTRACE_POKEDATA, pid, 8, 0), EIO);
	CHECK_ERR(PT(PTRACE_PEEKDATA, pid, -4096, &v), EIO);
	CHECK_ERR(PT(PTRACE_PEEKDATA, pid, &word, 8), EFAULT);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

__attribute__((noinline)) static int seven(void)
{
	__asm__ volatile("");
	return 7;
}

TEST(poke_into_text_is_the_tracees_alone)
{
	unsigned long old, v;
	int fds[2];
	char c;
	CHECK_OK(pipe(fds));
	pid_t sibling = fork();		/* shares the page with all of us */
	if (sibling == 0) {
		close(fds[1]);
		read(fds[0], &c, 1);
		_exit(seven());
	}
	TRACEE(pid) {
		if (fork() == 0)
			_exit(seven());
		int status;
		wait(&status);
		_exit(seven() == 9 && status == EXITED(9) ? 0 : 1);
	}
	CHECK_OK(PT(PTRACE_PEEKTEXT, pid, seven, &old));
	/* mov $9, %eax; ret */
	v = (old & ~0xfffffffffffful) | 0xc300000009b8ul;
	CHECK_OK(PT(PTRACE_POKETEXT, pid, seven, v));
	CHECK_EQ(seven(), 7);
	/* the page stays what it was for the tracee's own writes */
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGCHLD));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
	close(fds[1]);
	WAIT(sibling, EXITED(7));
}

TEST(poke_leaves_a_page_read_only)
{
	TRACEE(pid) {
		CHECK_EQ(*(volatile long *)&constant[1], 0x4444);
		*(volatile long *)&constant[1] = 0;	/* SIGSEGV all the same */
	}
	CHECK_OK(PT(PTRACE_POKEDATA, pid, &constant[1], 0x4444));
	CHECK_EQ(*(volatile long *)&constant[1], 0x3333);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGSEGV));
	CHECK_EQ((long)siginfo_of(pid).si_addr, (long)&constant[1]);
	CHECK_EQ(siginfo_of(pid).si_code, SEGV_ACCERR);
	tracee_kill(pid);
}

TEST(rights_of_mappings)
{
	long *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long *ro_shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long *ro_private = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long v;
	TRACEE(pid) {
	}
	CHECK_OK(PT(PTRACE_PEEKDATA, pid, none, &v));
	CHECK_EQ(v, 0);
	CHECK_OK(PT(PTRACE_POKEDATA, pid, none, 77));
	CHECK_OK(PT(PTRACE_PEEKDATA, pid, none, &v));
	CHECK_EQ(v, 77);
	CHECK_OK(PT(PTRACE_POKEDATA, pid, ro_private, 78));
	CHECK_EQ(ro_private[0], 0);
	CHECK_ERR(PT(PTRACE_POKEDATA, pid, ro_shared, 79), EIO);	/* never behind a shared page's rights */
	CHECK_OK(PT(PTRACE_POKEDATA, pid, shared, 80));
	CHECK_EQ(shared[0], 80);
	/* over the end of a page into nothing */
	munmap(none, PAGE);
	tracee_kill(pid);
}

TEST(proc_mem)
{
	char path[40];
	long v = 0;
	TRACEE(pid) {
		CHECK_EQ(word, 0x6666);
	}
	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	int fd = NEED_OK(open(path, O_RDWR));
	CHECK_EQ(pread(fd, &v, 8, (off_t)(uintptr_t)&word), 8);
	CHECK_EQ(v, 0x1111);
	v = 0x6666;
	CHECK_EQ(pwrite(fd, &v, 8, (off_t)(uintptr_t)&word), 8);
	CHECK_EQ(word, 0x1111);
	v = 0x4444;
	CHECK_EQ(pwrite(fd, &v, 8, (off_t)(uintptr_t)&constant[0]), 8);	/* as POKE, whatever the rights */
	CHECK_ERR(pread(fd, &v, 8, 16), EIO);
	CHECK_ERR(pread(fd, (void *)8, 8, (off_t)(uintptr_t)&word), EFAULT);
	CHECK_EQ(pread(fd, &v, 0, 16), 0);
	CHECK_EQ(lseek(fd, 4096, SEEK_SET), 4096);
	CHECK_EQ(lseek(fd, 8, SEEK_CUR), 4104);
	CHECK_ERR(lseek(fd, 0, SEEK_END), EINVAL);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
	CHECK_EQ(pread(fd, &v, 8, (off_t)(uintptr_t)&word), 0);	/* its memory is gone */
	close(fd);
}

static ssize_t vm_read(pid_t pid, void *local, size_t n, const void *remote, size_t m)
{
	struct iovec l = {local, n}, r = {(void *)remote, m};
	return process_vm_readv(pid, &l, 1, &r, 1, 0);
}

TEST(process_vm)
{
	static char data[3 * PAGE];
	char back[sizeof data];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i * 7);
	pid_t pid = check_sleeper();
	memset(data, 0, sizeof data);
	CHECK_EQ(vm_read(pid, back, sizeof back, data, sizeof data), sizeof data);
	for (size_t i = 0; i < sizeof back; i++)
		if (back[i] != (char)(i * 7)) {
			CHECK_EQ(back[i], (char)(i * 7));
			break;
		}
	/* pieces that do not match */
	struct iovec l[3] = {{back, 5}, {NULL, 0}, {back + 100, 10}}, r[2] = {{data + 1, 7}, {data + PAGE - 4, 20}};
	CHECK_EQ(process_vm_readv(pid, l, 3, r, 2, 0), 15);
	CHECK_EQ(back[4], (char)(5 * 7));
	CHECK_EQ(back[100], (char)(6 * 7));
	CHECK_EQ(back[102], (char)((PAGE - 4) * 7));
	/* into it */
	struct iovec wl = {"hello", 5}, wr = {data + 10, 5};
	CHECK_EQ(process_vm_writev(pid, &wl, 1, &wr, 1, 0), 5);
	CHECK_EQ(vm_read(pid, back, 5, data + 10, 5), 5);
	CHECK_EQ(memcmp(back, "hello", 5), 0);
	CHECK_EQ(data[10], 0);
	/* the rights of the pages hold here */
	wr.iov_base = (void *)&constant[0];
	CHECK_ERR(process_vm_writev(pid, &wl, 1, &wr, 1, 0), EFAULT);
	/* of ourselves */
	CHECK_EQ(vm_read(getpid(), back, 4, "abc", 4), 4);
	CHECK_STR(back, "abc");
	check_reap(pid);
}

TEST(process_vm_errors)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), buf[64];
	munmap(page + PAGE, PAGE);
	pid_t pid = check_sleeper(), zombie = fork();
	struct iovec l = {buf, 8}, r = {page, 8}, bad = {(void *)8, 8}, negative = {buf, -1}, empty = {buf, 0};
	struct iovec two[2] = {{page, 4}, {(void *)8, 4}};
	if (zombie == 0)
		_exit(0);
	CHECK_ERR(process_vm_readv(pid, &l, 1, &r, 1, 1), EINVAL);
	CHECK_ERR(process_vm_readv(pid, &l, 1025, &r, 1, 0), EINVAL);
	CHECK_ERR(process_vm_readv(pid, &l, 1, &r, 1025, 0), EINVAL);
	CHECK_ERR(process_vm_readv(pid, &negative, 1, &r, 1, 0), EINVAL);
	CHECK_ERR(process_vm_readv(pid, &l, 1, &negative, 1, 0), EINVAL);
	CHECK_ERR(process_vm_readv(pid, (void *)8, 1, &r, 1, 0), EFAULT);
	CHECK_ERR(process_vm_readv(pid, &l, 1, (void *)8, 1, 0), EFAULT);
	CHECK_ERR(process_vm_readv(pid, &bad, 1, &r, 1, 0), EFAULT);
	CHECK_ERR(process_vm_readv(pid, &l, 1, &bad, 1, 0), EFAULT);
	CHECK_EQ(process_vm_readv(pid, &l, 1, two, 2, 0), 4);		/* what was done before counts */
	two[1].iov_base = (void *)-4096;
	CHECK_EQ(process_vm_readv(pid, &l, 1, two, 2, 0), 4);
	CHECK_EQ(vm_read(pid, buf, 64, page + PAGE - 16, 64), 16);
	/* nothing to do is asked of nobody */
	CHECK_EQ(process_vm_readv(-1, &empty, 1, &r, 1, 0), 0);
	CHECK_EQ(process_vm_readv(-1, &empty, 1, (void *)8, 1, 0), 0);
	CHECK_EQ(process_vm_readv(-1, &l, 1, &empty, 1, 0), 0);
	CHECK_EQ(process_vm_readv(-1, NULL, 0, NULL, 0, 0), 0);
	CHECK_ERR(process_vm_readv(-1, &l, 1, &r, 1, 0), ESRCH);
	CHECK_SOON(check_state(zombie) == 'Z');
	CHECK_ERR(process_vm_readv(zombie, &l, 1, &r, 1, 0), ESRCH);
	IN_CHILD {
		CHECK_OK(setresgid(1000, 1000, 1000));
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(process_vm_readv(pid, &l, 1, &r, 1, 0), EPERM);
		CHECK_ERR(process_vm_writev(pid, &l, 1, &r, 1, 0), EPERM);
		CHECK_ERR(PT(PTRACE_ATTACH, pid, 0, 0), EPERM);
		CHECK_ERR(PT(PTRACE_SEIZE, pid, 0, 0), EPERM);
		char path[40];
		snprintf(path, sizeof path, "/proc/%d/mem", pid);
		CHECK_ERR(open(path, O_RDONLY), EACCES);
	}
	check_reap(zombie);
	check_reap(pid);
}
