/* Many tracees at once that fork, make threads, exec, stop, and are killed, while their tracers do whatever comes to mind: nobody
 * is lost, nobody hangs. */
#include "ptrace.h"
#include <pthread.h>
#include <sys/prctl.h>

static unsigned seed;
static unsigned rnd(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void *thread_life(void *arg)
{
	for (int i = 0; i < 5; i++)
		syscall(SYS_getppid);
	return arg;
}

static void tracee_life(int depth)
{
	pthread_t t[2];
	for (int i = 0; i < 3; i++) {
		switch (rnd(6)) {
		case 0:
			if (depth < 2 && fork() == 0) {
				tracee_life(depth + 1);
				_exit(0);
			}
			break;
		case 1:
			if (vfork() == 0)
				_exit(0);
			break;
		case 2:
			for (int n = 0; n < 2; n++)
				pthread_create(&t[n], NULL, thread_life, NULL);
			for (int n = 0; n < 2; n++)
				pthread_join(t[n], NULL);
			break;
		case 3:
			raise(SIGUSR1);
			break;
		case 4:
			if (fork() == 0) {
				execl("/proc/self/exe", check_self, "@over", NULL);
				_exit(1);
			}
			break;
		case 5:
			syscall(SYS_sched_yield);
			break;
		}
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}
HELPER(over) { return 0; }

static void note(int sig) { (void)sig; }

/* What the tracer does with one that is stopped. */
static void go_on(pid_t pid, int status)
{
	int event = status >> 16, sig = event || (WSTOPSIG(status) & ~0x80) == SIGTRAP ? 0 : WSTOPSIG(status);
	struct user_regs_struct r;

	PT(PTRACE_GETREGS, pid, 0, &r);
	switch (rnd(40)) {
	case 0:
		PT(PTRACE_DETACH, pid, 0, sig == SIGSTOP ? 0 : sig);
		return;
	case 1:
		kill(pid, SIGKILL);
		PT(PTRACE_CONT, pid, 0, 0);	/* one that is dying already hears nothing of it */
		return;
	case 2:
		PT(PTRACE_INTERRUPT, pid, 0, 0);
		break;
	case 3:
		PT(PTRACE_SETREGS, pid, 0, &r);
		break;
	}
	if (sig == SIGSTOP)
		sig = 0;
	switch (rnd(3)) {
	case 0: PT(PTRACE_CONT, pid, 0, sig); break;
	case 1: PT(PTRACE_SYSCALL, pid, 0, sig); break;
	case 2: PT(PTRACE_SINGLESTEP, pid, 0, sig); break;
	}
}

static void tracer_life(unsigned number)
{
	pid_t first[2];
	seed = number * 7919 + 1;
	signal(SIGUSR1, note);
	for (int i = 0; i < 2; i++) {
		pid_t pid = first[i] = fork();
		if (pid == 0) {
			seed = number * 31 + (unsigned)i;
			PT(PTRACE_TRACEME, 0, 0, 0);
			raise(SIGSTOP);
			tracee_life(0);
			_exit(0);
		}
	}
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;) {
		if (pid <= 0 || !WIFSTOPPED(status))
			continue;
		if (WSTOPSIG(status) == SIGSTOP && !(status >> 16))
			PT(PTRACE_SETOPTIONS, pid, 0, 0x7f | PTRACE_O_EXITKILL);
		if (rnd(400) == 0) {	/* all of them die with it; one that has not stopped yet has no such option */
			kill(first[0], SIGKILL);
			kill(first[1], SIGKILL);
			_exit(0);
		}
		go_on(pid, status);
	}
	_exit(0);
}

TEST(many)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	long rounds = check_scale(20);
	for (long i = 0; i < rounds; i++) {
		for (unsigned n = 0; n < 3; n++)
			if (fork() == 0)
				tracer_life((unsigned)i * 3 + n);
		while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
			;
	}
}
