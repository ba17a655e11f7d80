/* Each allocation of ptrace's requests, of process_vm_* and of a traced fork fails once, and nothing is left behind. */
#include "fail_nth.h"
#include "ptrace.h"
#include <sys/prctl.h>

static pid_t tracee;
static long word = 1;
static char area[16384] __attribute__((aligned(64)));

static long result_of(long value) { return value < 0 ? -errno : value; }

static void make_tracee(void)
{
	tracee = fork();
	if (tracee == 0)
		for (;;)
			pause();
}

static void make_stopped(void)
{
	make_tracee();
	PT(PTRACE_SEIZE, tracee, 0, PTRACE_O_EXITKILL);
	PT(PTRACE_INTERRUPT, tracee, 0, 0);
	waitpid(tracee, NULL, __WALL);
}

static void end_tracee(long result) { tracee_kill(tracee); }

static long run_attach(void) { return result_of(PT(PTRACE_ATTACH, tracee, 0, 0)); }
static long run_seize(void) { return result_of(PT(PTRACE_SEIZE, tracee, 0, 0)); }
static long run_getregs(void) { return result_of(PT(PTRACE_GETREGS, tracee, 0, area)); }
static long run_xstate(void)
{
	struct iovec v = {area, sizeof area};
	long got = PT(PTRACE_GETREGSET, tracee, NT_X86_XSTATE, &v);
	return result_of(got ? got : PT(PTRACE_SETREGSET, tracee, NT_X86_XSTATE, &v));
}
static long run_poke(void) { return result_of(PT(PTRACE_POKEDATA, tracee, &word, 7)); }
static long run_vm_read(void)
{
	struct iovec l[20], r[20];
	for (int i = 0; i < 20; i++)
		l[i] = (struct iovec){area + i, 1}, r[i] = (struct iovec){&word, 1};
	return result_of(process_vm_readv(tracee, l, 20, r, 20, 0));
}
static long run_vm_write(void)
{
	struct iovec l = {area, 8}, r = {&word, 8};
	return result_of(process_vm_writev(tracee, &l, 1, &r, 1, 0));
}
static long run_mem(void)
{
	char path[40];
	snprintf(path, sizeof path, "/proc/%d/mem", tracee);
	int fd = open(path, O_RDWR);
	if (fd < 0)
		return -errno;
	long got = result_of(pread(fd, area, 100, (off_t)(uintptr_t)&word));
	close(fd);
	return got;
}
static long run_detach(void) { return result_of(PT(PTRACE_DETACH, tracee, 0, SIGUSR1)); }
static long run_step(void) { return result_of(PT(PTRACE_SINGLESTEP, tracee, 0, 0)); }

TEST(requests)
{
	static const struct fail_op ops[] = {
		{"attach", make_tracee, run_attach, end_tracee, {0}},
		{"seize", make_tracee, run_seize, end_tracee, {0}},
		{"getregs", make_stopped, run_getregs, end_tracee, {0}},
		{"xstate", make_stopped, run_xstate, end_tracee, {0}},
		{"poke", make_stopped, run_poke, end_tracee, {EIO}},
		{"detach", make_stopped, run_detach, end_tracee, {0}},
		{"step", make_stopped, run_step, end_tracee, {0}},
		{"process_vm_readv", make_tracee, run_vm_read, end_tracee, {EFAULT}},
		{"process_vm_writev", make_tracee, run_vm_write, end_tracee, {EFAULT}},
		{"/proc/PID/mem", make_tracee, run_mem, end_tracee, {EIO}},
	};
	FAIL_ALL(ops);
}

/* The tracer's end of it: forks, execs and ends, of which nothing stays. */
static void traced_life(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		PT(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		if (fork() == 0)
			_exit(0);
		if (vfork() == 0)
			_exit(0);
		execl("/proc/self/exe", check_self, "@end", NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	PT(PTRACE_SETOPTIONS, pid, 0, 0x7f | PTRACE_O_EXITKILL);
	PT(PTRACE_SYSCALL, pid, 0, 0);
	for (pid_t got; (got = waitpid(-1, &status, __WALL)) > 0;) {
		if (!WIFSTOPPED(status))
			continue;
		int sig = WSTOPSIG(status);
		PT(PTRACE_SYSCALL, got, 0, sig == SIGCHLD ? sig : 0);
	}
}
HELPER(end) { return 0; }

/* A tracer that dies in the midst of it. */
static void traced_death(void)
{
	pid_t tracer = fork();
	if (tracer == 0) {
		make_stopped();
		make_tracee();
		PT(PTRACE_SEIZE, tracee, 0, 0);
		kill(tracee, SIGTERM);
		_exit(0);
	}
	/* its orphans are ours */
	while (waitpid(-1, NULL, 0) > 0)
		;
}

TEST(nothing_stays)
{
	static struct objects before;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < 4; i++) {
		traced_life();
		traced_death();
	}
	fail_warm_up(&before);
	for (int i = 0; i < 30; i++) {
		traced_life();
		traced_death();
	}
	const char *left = objects_settle(&before, 1000);
	if (*left)
		check_fail("traced life and death", 0, "left behind:%s", left);
}
