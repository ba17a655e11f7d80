/* PTRACE_EVENT_*: fork, vfork, clone, exec, exit; children that are traced from the start; CLONE_PTRACE and CLONE_UNTRACED; the
 * death of the tracer. Source: ptrace(2), clone(2). */
#include "ptrace.h"
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

static void *thread_idle(void *arg) { return arg; }

static long raw_clone(unsigned long flags)
{
	return syscall(SYS_clone, flags, 0, 0, 0, 0);
}

static pid_t new_child(pid_t pid, int event)
{
	WAIT(pid, EVENT(event));
	siginfo_t info = siginfo_of(pid);
	CHECK_EQ(info.si_signo, SIGTRAP);
	CHECK_EQ(info.si_code, SIGTRAP | event << 8);
	return (pid_t)event_message(pid);
}

TEST(options)
{
	TRACEE(pid) {
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, 0x1000ff & 0xff));
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL));
	CHECK_ERR(PT(PTRACE_SETOPTIONS, pid, 0, 0x100), EINVAL);
	CHECK_ERR(PT(PTRACE_SETOPTIONS, pid, 0, 1ul << 32), EINVAL);
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, 0));
	CHECK_OK(PT(21 /* OLDSETOPTIONS */, pid, 0, PTRACE_O_TRACESYSGOOD));
	tracee_kill(pid);

	pid = check_sleeper();
	CHECK_ERR(PT(PTRACE_SEIZE, pid, 1, 0), EIO);
	CHECK_ERR(PT(PTRACE_SEIZE, pid, 0, 0x100), EIO);
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL | 0xff));
	tracee_kill(pid);
}

TEST(fork_event)
{
	TRACEE(pid) {
		pid_t child = fork();
		if (child == 0)
			_exit(5);
		int status;
		CHECK_EQ(waitpid(child, &status, 0), child);
		CHECK_EQ(status, EXITED(5));
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	pid_t child = new_child(pid, PTRACE_EVENT_FORK);
	CHECK(child > 0 && child != pid);
	WAIT(child, STOP(SIGSTOP));
	CHECK_EQ(tracer_of(child), getpid());
	siginfo_t info = siginfo_of(child);
	CHECK_EQ(info.si_signo, SIGSTOP);
	CHECK_EQ(regs_of(child).rax, 0);
	/* it inherits the options */
	CHECK_OK(PT(PTRACE_CONT, child, 0, 0));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(child, EXITED(5));
	/* only now its parent hears of it, and so do we of the parent's SIGCHLD */
	WAIT(pid, STOP(SIGCHLD));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGCHLD));
	WAIT(pid, EXITED(0));
}

TEST(options_are_inherited)
{
	TRACEE(pid) {
		if (fork() == 0) {
			if (fork() == 0)
				_exit(0);
			_exit(0);
		}
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	pid_t child = new_child(pid, PTRACE_EVENT_FORK);
	WAIT(child, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_CONT, child, 0, 0));
	pid_t grandchild = new_child(child, PTRACE_EVENT_FORK);
	WAIT(grandchild, STOP(SIGSTOP));
	tracee_kill(grandchild);
	tracee_kill(child);
	tracee_kill(pid);
}

TEST(vfork_events)
{
	TRACEE(pid) {
		pid_t child = vfork();
		if (child == 0)
			_exit(0);
		CHECK_EQ(waitpid(child, NULL, 0), child);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	pid_t child = new_child(pid, PTRACE_EVENT_VFORK);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(child, STOP(SIGSTOP));
	NO_NEWS(pid);			/* it waits for its child */
	CHECK_OK(PT(PTRACE_CONT, child, 0, 0));
	WAIT(child, EXITED(0));
	CHECK_EQ(new_child(pid, PTRACE_EVENT_VFORK_DONE), child);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGCHLD));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGCHLD));
	WAIT(pid, EXITED(0));
}

TEST(vforkdone_alone)
{
	TRACEE(pid) {
		pid_t child = vfork();
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEVFORKDONE));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EVENT(PTRACE_EVENT_VFORK_DONE));
	pid_t child = (pid_t)event_message(pid);
	CHECK(child > 0);
	CHECK_EQ(tracer_of(child) > 0, 0);	/* the child itself was not traced */
	tracee_kill(pid);
}

TEST(clone_event_of_a_thread)
{
	TRACEE(pid) {
		pthread_t t;
		CHECK_EQ(pthread_create(&t, NULL, thread_idle, NULL), 0);
		CHECK_EQ(pthread_join(t, NULL), 0);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	pid_t thread = new_child(pid, PTRACE_EVENT_CLONE);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(thread, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_CONT, thread, 0, 0));
	WAIT(thread, EXITED(0));	/* a traced thread is waited for like a process */
	WAIT(pid, EXITED(0));
}

TEST(which_event_a_clone_is)
{
	TRACEE(pid) {
		pid_t child = raw_clone(SIGUSR1);
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, __WALL);
		child = raw_clone(SIGCHLD);
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, __WALL);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	/* another exit signal than SIGCHLD makes it a clone */
	pid_t child = new_child(pid, PTRACE_EVENT_CLONE);
	WAIT(child, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_CONT, child, 0, 0));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(child, EXITED(0));
	WAIT(pid, STOP(SIGUSR1));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	child = new_child(pid, PTRACE_EVENT_FORK);
	tracee_kill(child);
	tracee_kill(pid);
}

TEST(clone_untraced)
{
	TRACEE(pid) {
		pid_t child = raw_clone(CLONE_UNTRACED | SIGCHLD);
		if (child == 0)
			_exit(5);
		int status;
		CHECK_EQ(waitpid(child, &status, 0), child);
		CHECK_EQ(status, EXITED(5));
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGCHLD));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGCHLD));
	WAIT(pid, EXITED(0));
}

TEST(clone_ptrace)
{
	TRACEE(pid) {
		pid_t child = raw_clone(CLONE_PTRACE | SIGCHLD);
		if (child == 0)
			_exit(5);
		waitpid(child, NULL, 0);
		/* a program that is not traced may ask as well: nothing happens */
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	/* traced, without an event */
	int status;
	pid_t child = waitpid(-1, &status, __WALL);
	CHECK(child > 0 && child != pid);
	CHECK_EQ(status, STOP(SIGSTOP));
	CHECK_EQ(tracer_of(child), getpid());
	CHECK_OK(PT(PTRACE_CONT, child, 0, 0));
	WAIT(child, EXITED(5));
	tracee_kill(pid);

	child = raw_clone(CLONE_PTRACE | CLONE_UNTRACED | SIGCHLD);
	if (child == 0)
		_exit(3);
	WAIT(child, EXITED(3));
}

TEST(seized_child_stops_by_event_stop)
{
	int go[2];
	char c = 0;
	CHECK_OK(pipe(go));
	pid_t pid = fork();
	if (pid == 0) {
		read(go[0], &c, 1);
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
		_exit(0);
	}
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEFORK));
	write(go[1], &c, 1);
	pid_t child = new_child(pid, PTRACE_EVENT_FORK);
	WAIT(child, SEIZE_STOP(SIGTRAP));
	CHECK_OK(PT(PTRACE_CONT, child, 0, 0));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(child, EXITED(0));
	tracee_kill(pid);
}

TEST(exec_event)
{
	TRACEE(pid) {
		execl("/proc/self/exe", check_self, "@nothing", NULL);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EVENT(PTRACE_EVENT_EXEC));
	CHECK_EQ(event_message(pid), pid);
	CHECK_EQ(regs_of(pid).orig_rax, SYS_execve);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}
HELPER(nothing) { return 0; }

TEST(seized_exec_without_event)
{
	int go[2];
	char c = 0;
	CHECK_OK(pipe(go));
	pid_t pid = fork();
	if (pid == 0) {
		read(go[0], &c, 1);
		execl("/proc/self/exe", check_self, "@nothing", NULL);
	}
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
	write(go[1], &c, 1);
	WAIT(pid, EXITED(0));		/* no SIGTRAP for who was seized */
}

static void *thread_exec(void *arg)
{
	execl("/proc/self/exe", check_self, "@nothing", NULL);
	return arg;
}

TEST(exec_of_a_thread_takes_the_leaders_number)
{
	TRACEE(pid) {
		pthread_t t;
		pthread_create(&t, NULL, thread_exec, NULL);
		for (;;)
			pause();
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	pid_t thread = new_child(pid, PTRACE_EVENT_CLONE);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(thread, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_CONT, thread, 0, 0));
	/* the leader dies, and is never waited for: the thread has its number from the exec on */
	WAIT(pid, EVENT(PTRACE_EVENT_EXIT));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EVENT(PTRACE_EVENT_EXEC));
	CHECK_EQ(event_message(pid), thread);
	CHECK_ERR(waitpid(thread, NULL, __WALL | WNOHANG), ECHILD);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EVENT(PTRACE_EVENT_EXIT));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(exit_event)
{
	TRACEE(pid) {
		_exit(9);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EVENT(PTRACE_EVENT_EXIT));
	CHECK_EQ(event_message(pid), EXITED(9));
	CHECK_EQ(regs_of(pid).rdi, 9);		/* still all there */
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(9));
}

TEST(exit_event_of_a_killed_one)
{
	TRACEE(pid) {
		kill(getpid(), SIGTERM);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGTERM));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGTERM));
	WAIT(pid, EVENT(PTRACE_EVENT_EXIT));
	CHECK_EQ(event_message(pid), SIGTERM);
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, 0));
	WAIT(pid, KILLED(SIGTERM));
}

TEST(detached_child_goes_on)
{
	TRACEE(pid) {
		pid_t child = fork();
		if (child == 0)
			_exit(6);
		int status;
		waitpid(child, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	pid_t child = new_child(pid, PTRACE_EVENT_FORK);
	WAIT(child, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_DETACH, child, 0, 0));
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, 0));
	WAIT(pid, EXITED(6));
}

/* Numbers are the tracer's own; process 1 of a new namespace is traced like any other, and may be stopped and killed. */
TEST(into_a_pid_namespace)
{
	TRACEE(pid) {
		pid_t child = raw_clone(CLONE_NEWPID | SIGCHLD);
		if (child == 0) {
			if (getpid() != 1)
				_exit(2);
			raise(SIGUSR1);
			pid_t second = fork();
			if (second == 0)
				_exit(0);
			_exit(second == 2 ? 5 : 6);
		}
		waitpid(child, NULL, 0);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	pid_t init = new_child(pid, PTRACE_EVENT_FORK);
	CHECK(init > 1);
	WAIT(init, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_CONT, init, 0, 0));
	WAIT(init, STOP(SIGUSR1));	/* without a handler it would not reach process 1; a tracer sees it */
	CHECK_OK(PT(PTRACE_CONT, init, 0, SIGUSR1));
	pid_t second = new_child(init, PTRACE_EVENT_FORK);
	CHECK(second > 2);
	WAIT(second, STOP(SIGSTOP));
	CHECK_EQ(tracer_of(second), getpid());
	CHECK_OK(PT(PTRACE_CONT, init, 0, 0));
	WAIT(second, KILLED(SIGKILL));	/* process 1 ends, and everyone with it */
	WAIT(init, EXITED(5));
	tracee_kill(pid);
}

/* A tracer in between, which dies; the tracee is our own child by then (we are a subreaper). */
static pid_t orphan_of_a_tracer(unsigned long options)
{
	int fds[2];
	pid_t pid = -1;
	NEED_OK(pipe(fds));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t tracer = fork();
	if (tracer == 0) {
		pid = check_sleeper();
		PT(PTRACE_SEIZE, pid, 0, options);
		PT(PTRACE_INTERRUPT, pid, 0, 0);
		waitpid(pid, NULL, __WALL);
		write(fds[1], &pid, sizeof pid);
		_exit(0);
	}
	read(fds[0], &pid, sizeof pid);
	WAIT(tracer, EXITED(0));
	return pid;
}

TEST(death_of_the_tracer_frees)
{
	pid_t pid = orphan_of_a_tracer(0);
	CHECK_EQ(tracer_of(pid), 0);
	CHECK_SOON(check_state(pid) == 'S');
	check_reap(pid);
}

TEST(death_of_the_tracer_kills)
{
	pid_t pid = orphan_of_a_tracer(PTRACE_O_EXITKILL);
	WAIT(pid, KILLED(SIGKILL));
}

static void *attach_and_end(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
	return NULL;
}

TEST(the_tracer_is_one_thread)
{
	pid_t pid = check_sleeper();
	pthread_t t;
	pthread_create(&t, NULL, attach_and_end, &pid);
	pthread_join(t, NULL);
	CHECK_SOON(tracer_of(pid) == 0);
	check_reap(pid);
}
