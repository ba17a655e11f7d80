/*
 * Each allocation of clone, exec and the memory calls fails once: an error that the call documents, nothing left behind,
 * no half-built task; after exec's point of no return SIGKILL.
 */
#include "fail_nth.h"
#include <sched.h>
#include <elf.h>
#include <stddef.h>

static void reap(long pid)
{
	if (pid > 0)
		CHECK_WAIT(pid, EXITED(0));
}

/* -- clone -- */
static char *stack;
static int tid_word, tid_there, dummy_tls[64];

static int ends(void *arg)
{
	return 0;
}

static long run_fork(void)
{
	long pid = RAW(SYS_fork);
	if (pid == 0)
		RAW(SYS_exit_group, 0);
	return pid;
}

static long run_vfork(void)
{
	return clone_call(CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_TOP(stack), 0, 0, 0, ends, 0);
}

#define CLONE_RUN(name, flags)                                                                              \
	static long run_##name(void)                                                                        \
	{                                                                                                   \
		return clone_call((flags) | SIGCHLD, CLONE_TOP(stack), &tid_there, &tid_word, dummy_tls, ends, 0); \
	}
CLONE_RUN(files, CLONE_FILES)
CLONE_RUN(fs, CLONE_FS)
CLONE_RUN(vm, CLONE_VM)
CLONE_RUN(vm_fs_files, CLONE_VM | CLONE_FS | CLONE_FILES)
CLONE_RUN(vm_sighand, CLONE_VM | CLONE_SIGHAND)
CLONE_RUN(sysvsem, CLONE_SYSVSEM)
CLONE_RUN(io, CLONE_IO)
CLONE_RUN(parent, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)
CLONE_RUN(settls, CLONE_SETTLS)

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID)
static void thread_before(void)
{
	tid_word = 1;
}

static long run_pidfd(void)
{
	return clone_call(CLONE_PIDFD | SIGCHLD, CLONE_TOP(stack), &tid_there, 0, 0, ends, 0);
}

static void pidfd_after(long pid)
{
	reap(pid);
	if (pid > 0)
		CHECK_OK(close(tid_there));
}

static long run_thread(void)
{
	return clone_call(THREAD, CLONE_TOP(stack), 0, &tid_word, 0, ends, 0);
}

static void thread_after(long tid)
{
	while (tid > 0 && *(volatile int *)&tid_word)
		futex_call(&tid_word, 0, 1, &(struct timespec){0, 10000000}, 0, 0);
}

static long run_clone3(void)
{
	struct clone_args args = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
	return clone3_call(&args, CLONE_ARGS_SIZE_VER0, ends, 0);
}

static long run_clone3_thread(void)
{
	struct clone_args args = {.flags = THREAD, .stack = (uintptr_t)stack, .stack_size = CLONE_STACK_BYTES,
				  .child_tid = (uintptr_t)&tid_word};
	return clone3_call(&args, CLONE_ARGS_SIZE_VER0, ends, 0);
}

#define MAY_EAGAIN {EAGAIN}
TEST(clone)
{
	static const struct fail_op ops[] = {
		{"fork", 0, run_fork, reap, MAY_EAGAIN},
		{"vfork", 0, run_vfork, reap, MAY_EAGAIN},
		{"clone", 0, run_parent, reap, MAY_EAGAIN},
		{"clone(FILES)", 0, run_files, reap, MAY_EAGAIN},
		{"clone(FS)", 0, run_fs, reap, MAY_EAGAIN},
		{"clone(VM)", 0, run_vm, reap, MAY_EAGAIN},
		{"clone(VM|FS|FILES)", 0, run_vm_fs_files, reap, MAY_EAGAIN},
		{"clone(VM|SIGHAND)", 0, run_vm_sighand, reap, MAY_EAGAIN},
		{"clone(SYSVSEM)", 0, run_sysvsem, reap, MAY_EAGAIN},
		{"clone(IO)", 0, run_io, reap, MAY_EAGAIN},
		{"clone(SETTLS)", 0, run_settls, reap, MAY_EAGAIN},
		{"clone(PIDFD)", 0, run_pidfd, pidfd_after, MAY_EAGAIN},
		{"clone(THREAD)", thread_before, run_thread, thread_after, MAY_EAGAIN},
		{"clone3", 0, run_clone3, reap, MAY_EAGAIN},
		{"clone3(THREAD)", thread_before, run_clone3_thread, thread_after, MAY_EAGAIN},
	};
	alarm(80);
	stack = clone_stack();
	memset(stack, 0, CLONE_STACK_BYTES);
	FAIL_ALL(ops);
}

/* The rooms have been copied before, regions are special, handlers are set, an I/O priority too. */
static void ignores(int sig)
{
}

TEST(clone_with_special_rooms)
{
	static const struct fail_op ops[] = {
		{"fork", 0, run_fork, reap, MAY_EAGAIN},
		{"clone3(CLEAR_SIGHAND)", 0, run_clone3, reap, MAY_EAGAIN},
		{"clone(IO)", 0, run_io, reap, MAY_EAGAIN},
	};
	alarm(80);
	stack = clone_stack();
	memset(stack, 0, CLONE_STACK_BYTES);
	NEED_OK(syscall(SYS_ioprio_set, 1, 0, (2 << 13) | 5));
	signal(SIGUSR1, ignores);
	signal(SIGUSR2, SIG_IGN);
	char *wiped = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(wiped, 1, 64 * PAGE);
	NEED_OK(madvise(wiped, 4 * PAGE, MADV_WIPEONFORK));
	NEED_OK(madvise(wiped + 8 * PAGE, 4 * PAGE, MADV_DONTFORK));
	NEED_OK(madvise(wiped + 14 * PAGE, 4 * PAGE, MADV_DONTFORK));
	NEED_OK(mlock(wiped + 20 * PAGE, 4 * PAGE));
	for (int i = 0; i < 20; i++) /* many regions: more than one node of the tree */
		NEED_OK(mmap(0, PAGE, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
			? -1 : 0);
	FAIL_ALL(ops);
}

/* -- exec: a program that exits with what fail-nth has left, so that a failure is told from none -- */
#define SMALL_BASE 0x400000ul
#define LEFT_MANY  9

/* pread64(700, rsp - 64, 8, 0); exit(the first digit) */
static const unsigned char small_code[] = {
	0xbf, 0xbc, 0x02, 0, 0,       /* mov $700, %edi */
	0x48, 0x8d, 0x74, 0x24, 0xc0, /* lea -64(%rsp), %rsi */
	0xba, 8, 0, 0, 0,             /* mov $8, %edx */
	0x45, 0x31, 0xd2,             /* xor %r10d, %r10d */
	0xb8, 17, 0, 0, 0,            /* mov $17, %eax */
	0x0f, 0x05,                   /* syscall */
	0x0f, 0xb6, 0x7c, 0x24, 0xc0, /* movzbl -64(%rsp), %edi */
	0x83, 0xef, '0',              /* sub $'0', %edi */
	0xb8, 60, 0, 0, 0,            /* mov $60, %eax */
	0x0f, 0x05,                   /* syscall */
};

struct small_program {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	char interpreter[64];
	unsigned char code[sizeof small_code];
	char data[16];
};

static void make_program(const char *path, const char *interpreter)
{
	struct small_program p = {
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = interpreter ? ET_EXEC : ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			   .e_phoff = offsetof(struct small_program, segments), .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = interpreter ? 3 : 2},
	};
	unsigned long base = interpreter ? SMALL_BASE : 0;
	p.header.e_entry = base + offsetof(struct small_program, code);
	p.segments[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, base, base, sizeof p, sizeof p, PAGE};
	p.segments[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0, base + 4 * PAGE, base + 4 * PAGE, sizeof p, 3 * PAGE, PAGE};
	p.segments[2] = (Elf64_Phdr){PT_INTERP, PF_R, offsetof(struct small_program, interpreter), base, base,
				     interpreter ? strlen(interpreter) + 1 : 0, 64, 1};
	if (interpreter)
		strcpy(p.interpreter, interpreter);
	memcpy(p.code, small_code, sizeof small_code);
	NEED_OK(check_spew(path, (char *)&p, sizeof p, 0755));
}

static char *exec_path, *exec_argv[60], *exec_envp[2] = {"A=1", 0};
static int exec_by_fd = -1;
static bool exec_has_thread;

static int sleeps(void *arg)
{
	raw_sleep_ms(5000);
	return 0;
}

static int naps(void *arg)
{
	raw_sleep_ms(2);
	return 0;
}

/* In the child: ends with 100 + errno when execve says no, with what is left (up to 9) when it says yes. */
static long exec_try(int n)
{
	pid_t pid = fork();
	if (pid == 0) {
		fail_open();
		if (dup2(fail_fd, 700) < 0)
			RAW(SYS_exit_group, 99);
		if (exec_has_thread)
			clone_call(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), 0, 0, 0,
				   sleeps, 0);
		close(open("/dev/null", O_RDONLY | O_CLOEXEC));
		open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (!exec_has_thread) /* a sibling shares the body of files */
			clone_call(CLONE_PARENT | SIGCHLD, 0, 0, 0, 0, naps, 0);
		if (n)
			fail_arm(n);
		long r = exec_by_fd >= 0 ? RAW(SYS_execveat, exec_by_fd, "", exec_argv, exec_envp, AT_EMPTY_PATH)
					 : RAW(SYS_execve, exec_path, exec_argv, exec_envp);
		RAW(SYS_exit_group, 100 - r);
	}
	int status = -1;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	while (wait(&(int){0}) > 0)
		;
	return status;
}

static void exec_all(const char *name)
{
	static struct objects before;
	alarm(60);
	int n = 1, errors = 0, kills = 0;
	for (int i = 0; i < 3; i++)
		exec_try(0);
	fail_warm_up(&before);
	for (; n < FAIL_TRIES_MAX; n++) {
		int status = exec_try(n), code = WEXITSTATUS(status);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)	/* behind the point of no return */
			kills++;
		else if (WIFEXITED(status) && code > 100 && (code - 100 == ENOMEM || code - 100 == EAGAIN))
			errors++;
		else if (WIFEXITED(status) && code > 0 && code <= 9)
			break;
		else if (status != 0)
			check_fail(name, n, "status %x", status);
		const char *left = objects_settle(&before, 500);
		if (*left) {
			check_fail(name, n, "left behind:%s", left);
			objects_read(&before);
		}
	}
	CHECK(n < FAIL_TRIES_MAX);
	CHECK(errors > 5);
	CHECK(kills > 1);
	if (getenv("FAIL_VERBOSE"))
		check_say("%s: %d allocations, %d errors, %d kills\n", name, n - 1, errors, kills);
}

TEST(exec)
{
	alarm(80);
	check_scratch();
	char folder[200], interpreter[260], script[400];
	NEED_OK(getcwd(folder, sizeof folder) ? 0 : -1);
	snprintf(interpreter, sizeof interpreter, "%s/small", folder);
	snprintf(script, sizeof script, "#!%s one\n", interpreter);
	make_program("small", 0);
	make_program("linked", interpreter);
	check_spew("script", script, strlen(script), 0755);
	for (int i = 0; i < 58; i++)
		exec_argv[i] = "an argument of some length, so that all of them together need more than one page of the new stack: "
			       "sixty such arguments are six thousand bytes and more";
	exec_path = "small";
	exec_all("exec static");
	exec_path = "linked";
	exec_all("exec with interpreter");
	exec_path = "script";
	exec_all("exec script");
	exec_by_fd = NEED_OK(open("small", O_RDONLY));
	exec_all("execveat");
	exec_by_fd = -1;
	stack = clone_stack();
	exec_path = "small";
	exec_has_thread = true;
	exec_all("exec with a thread");
}
