/* What wait says to a tracer and to a real parent, in which order, and with which options. Source: ptrace(2), wait(2). */
#include "ptrace.h"
#include <pthread.h>

/* Linux's waitid gives a tracer CLD_TRAPPED and the whole code. */
TEST(waitid_of_a_stop)
{
	TRACEE(pid) {
		kill(getpid(), SIGUSR1);
	}
	siginfo_t info;
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	CHECK_OK(waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT));
	CHECK_EQ(info.si_code, CLD_TRAPPED);
	CHECK_EQ(info.si_status, SIGUSR1);
	CHECK_EQ(info.si_pid, pid);
	/* traced children's stops are told whatever is asked for */
	memset(&info, 0, sizeof info);
	CHECK_OK(waitid(P_PID, pid, &info, WEXITED));
	CHECK_EQ(info.si_code, CLD_TRAPPED);
	info.si_pid = 1;
	CHECK_OK(waitid(P_PID, pid, &info, WSTOPPED | WNOHANG));
	CHECK_EQ(info.si_pid, 0);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	CHECK_OK(waitid(P_PID, pid, &info, WSTOPPED));
	CHECK_EQ(info.si_status, SIGTRAP | PTRACE_EVENT_EXIT << 8);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(sigchld_for_stops)
{
	sigset_t set;
	siginfo_t info;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	TRACEE(pid) {
	}
	CHECK_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	CHECK_EQ(info.si_code, CLD_TRAPPED);
	CHECK_EQ(info.si_status, SIGSTOP);
	CHECK_EQ(info.si_pid, pid);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	CHECK_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	CHECK_EQ(info.si_code, CLD_EXITED);
	WAIT(pid, EXITED(0));
}

/* A tracer that is not the parent: a child of ours, which traces another child of ours. */
struct family {
	pid_t child, tracer;
	int go[2], said[2];
};

static void tracer_of_sibling(struct family *f, unsigned long options)
{
	char c;
	CHECK_OK(pipe(f->go));
	CHECK_OK(pipe(f->said));
	f->child = fork();
	if (f->child == 0) {
		close(f->go[1]);
		read(f->go[0], &c, 1);
		_exit(6);
	}
	f->tracer = fork();
	if (f->tracer == 0) {
		int status;
		close(f->go[1]);
		PT(PTRACE_SEIZE, f->child, 0, options);
		write(f->said[1], "s", 1);
		while (waitpid(f->child, &status, __WALL) == f->child && WIFSTOPPED(status)) {
			char kind = status >> 16 ? 'E' : 'S';
			write(f->said[1], &kind, 1);
			int event = status >> 16;
			PT(PTRACE_CONT, f->child, 0, event ? 0 : WSTOPSIG(status));
		}
		write(f->said[1], "x", 1);
		check_sleep_ms(60);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	CHECK_EQ(read(f->said[0], &c, 1), 1);
	CHECK_EQ(c, 's');
}

TEST(the_tracer_reaps_first)
{
	struct family f;
	char c = 0;
	tracer_of_sibling(&f, 0);
	NO_NEWS(f.child);
	write(f.go[1], "x", 1);
	CHECK_EQ(read(f.said[0], &c, 1), 1);
	CHECK_EQ(c, 'x');
	/* the tracer has seen the end: now it is ours */
	WAIT(f.child, EXITED(6));
	WAIT(f.tracer, EXITED(6));
}

TEST(the_real_parent_waits_for_the_tracer)
{
	struct family f;
	int stuck[2];
	char c;
	CHECK_OK(pipe(stuck));
	f.child = fork();
	if (f.child == 0) {
		close(stuck[1]);
		read(stuck[0], &c, 1);
		_exit(4);
	}
	CHECK_OK(pipe(f.said));
	f.tracer = fork();
	if (f.tracer == 0) {
		PT(PTRACE_SEIZE, f.child, 0, 0);
		write(f.said[1], "s", 1);
		for (;;)
			pause();	/* it never waits */
	}
	read(f.said[0], &c, 1);
	close(stuck[1]);
	close(stuck[0]);
	kill(f.tracer, SIGSTOP);
	kill(f.child, SIGKILL);
	CHECK_SOON(check_state(f.child) == 'Z');
	NO_NEWS(f.child);
	CHECK_EQ(waitpid(f.child, NULL, WNOHANG), 0);
	/* the death of the tracer gives it back */
	kill(f.tracer, SIGKILL);
	WAIT(f.child, KILLED(SIGKILL));
	WAIT(f.tracer, KILLED(SIGKILL));
}

TEST(the_real_parent_sees_group_stops)
{
	struct family f;
	int status = 0;
	tracer_of_sibling(&f, 0);
	kill(f.child, SIGSTOP);
	/* the signal is the tracer's to see, the group-stop is both's. The tracer lets it go on, so it may be over. */
	CHECK_EQ(waitpid(f.child, &status, WUNTRACED), f.child);
	CHECK_EQ(status, STOP(SIGSTOP));
	char said[2];
	CHECK_EQ(read(f.said[0], said, 1), 1);
	CHECK_EQ(said[0], 'S');
	CHECK_EQ(read(f.said[0], said, 1), 1);
	CHECK_EQ(said[0], 'E');
	kill(f.child, SIGKILL);
	WAIT(f.child, KILLED(SIGKILL));
	WAIT(f.tracer, EXITED(1));
}

TEST(tracees_are_waited_for_by_any_thread_and_only_by_number)
{
	/* a tracee that is no child: waitpid of it needs no option; __WNOTHREAD limits it to the tracer's thread */
	int fds[2];
	pid_t grandchild = 0;
	CHECK_OK(pipe(fds));
	pid_t middle = fork();
	if (middle == 0) {
		grandchild = check_sleeper();
		write(fds[1], &grandchild, sizeof grandchild);
		for (;;)
			pause();
	}
	read(fds[0], &grandchild, sizeof grandchild);
	CHECK_ERR(waitpid(grandchild, NULL, WNOHANG), ECHILD);
	CHECK_OK(PT(PTRACE_SEIZE, grandchild, 0, PTRACE_O_EXITKILL));
	CHECK_EQ(waitpid(grandchild, NULL, WNOHANG), 0);
	CHECK_OK(PT(PTRACE_INTERRUPT, grandchild, 0, 0));
	int status;
	CHECK_EQ(waitpid(grandchild, &status, 0), grandchild);
	CHECK_EQ(status, SEIZE_STOP(SIGTRAP));
	kill(grandchild, SIGKILL);
	CHECK_EQ(waitpid(grandchild, &status, 0), grandchild);
	CHECK_EQ(status, SIGKILL);
	/* reaped as a tracee, it is still its parent's zombie */
	CHECK_EQ(check_state(grandchild), 'Z');
	CHECK_ERR(waitpid(grandchild, NULL, WNOHANG), ECHILD);
	check_reap(middle);
}

static void *wait_in_thread(void *arg)
{
	int status = 0;
	CHECK_ERR(waitpid(*(pid_t *)arg, &status, __WALL | __WNOTHREAD | WNOHANG), ECHILD);
	CHECK_EQ(waitpid(*(pid_t *)arg, &status, __WALL), *(pid_t *)arg);
	CHECK_EQ(status, STOP(SIGUSR1));
	/* but only the tracer itself may ask for more */
	CHECK_ERR(PT(PTRACE_CONT, *(pid_t *)arg, 0, 0), ESRCH);
	return NULL;
}

TEST(another_thread_waits)
{
	pthread_t t;
	TRACEE(pid) {
		kill(getpid(), SIGUSR1);
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	pthread_create(&t, NULL, wait_in_thread, &pid);
	pthread_join(t, NULL);
	tracee_kill(pid);
}

static void *thread_pause(void *arg)
{
	for (;;)
		pause();
	return arg;
}

TEST(a_traced_leader_that_is_dead_waits_for_its_threads)
{
	TRACEE(pid) {
		pthread_t t;
		pthread_create(&t, NULL, thread_pause, NULL);
		syscall(SYS_exit, 3);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EVENT(PTRACE_EVENT_CLONE));
	pid_t thread = (pid_t)event_message(pid);
	WAIT(thread, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_CONT, thread, 0, 0));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	CHECK_SOON(check_state(pid) == 'Z');
	NO_NEWS(pid);
	kill(pid, SIGKILL);
	WAIT(thread, KILLED(SIGKILL));
	WAIT(pid, KILLED(SIGKILL));
}

TEST(autoreaped_children_are_seen_by_a_tracer)
{
	signal(SIGCHLD, SIG_IGN);
	TRACEE(pid) {
		_exit(4);
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(4));	/* a tracee's end is always told */
}

TEST(errors)
{
	pid_t pid = check_sleeper();
	int status;
	CHECK_ERR(PT(PTRACE_ATTACH, getpid(), 0, 0), EPERM);
	CHECK_ERR(PT(PTRACE_ATTACH, 4000000, 0, 0), ESRCH);
	CHECK_ERR(PT(PTRACE_CONT, pid, 0, 0), ESRCH);
	CHECK_ERR(PT(PTRACE_PEEKDATA, pid, &status, &status), ESRCH);
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
	CHECK_ERR(PT(PTRACE_GETREGS, pid, 0, &status), ESRCH);	/* it runs */
	CHECK_OK(PT(PTRACE_INTERRUPT, pid, 0, 0));
	WAIT(pid, SEIZE_STOP(SIGTRAP));
	CHECK_ERR(PT(PTRACE_CONT, pid, 0, 65), EIO);
	CHECK_ERR(PT(PTRACE_SYSCALL, pid, 0, -1), EIO);
	CHECK_ERR(PT(0x5555, pid, 0, 0), EIO);
	CHECK_ERR(PT(18 /* GETFPXREGS */, pid, 0, &status), EIO);
	CHECK_ERR(PT(PTRACE_GETEVENTMSG, pid, 0, 8), EFAULT);
	tracee_kill(pid);
	CHECK_ERR(PT(PTRACE_ATTACH, pid, 0, 0), ESRCH);
	/* a zombie cannot be attached to */
	pid = fork();
	if (pid == 0)
		_exit(0);
	CHECK_SOON(check_state(pid) == 'Z');
	CHECK_ERR(PT(PTRACE_ATTACH, pid, 0, 0), EPERM);
	CHECK_ERR(PT(PTRACE_SEIZE, pid, 0, 0), EPERM);
	WAIT(pid, EXITED(0));
}
