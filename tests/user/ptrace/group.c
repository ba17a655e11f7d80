/* Tracees that are threads of one process: group-stops of traced and untraced threads, signals to one of them, the end of all.
 * Source: ptrace(2), "Group-stop", "Tracing of threads". */
#include "ptrace.h"
#include <pthread.h>

static int ready[2];

static void *thread_idle(void *arg)
{
	pid_t tid = (pid_t)syscall(SYS_gettid);
	write(ready[1], &tid, sizeof tid);
	for (;;)
		pause();
	return arg;
}

/* A process of two threads; gives both numbers. */
static pid_t two_threads(pid_t *thread)
{
	NEED_OK(pipe(ready));
	pid_t pid = fork();
	if (pid == 0) {
		pthread_t t;
		pthread_create(&t, NULL, thread_idle, NULL);
		for (;;)
			pause();
	}
	read(ready[0], thread, sizeof *thread);
	return pid;
}

static void seize_both(pid_t pid, pid_t thread, unsigned long options)
{
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, options));
	CHECK_OK(PT(PTRACE_SEIZE, thread, 0, options));
}

TEST(both_stop_with_the_group)
{
	pid_t thread, pid = two_threads(&thread);
	seize_both(pid, thread, PTRACE_O_EXITKILL);
	CHECK_OK(syscall(SYS_tgkill, pid, thread, SIGSTOP));
	WAIT(thread, STOP(SIGSTOP));		/* who took the signal */
	NO_NEWS(pid);
	CHECK_OK(PT(PTRACE_CONT, thread, 0, SIGSTOP));
	WAIT(thread, SEIZE_STOP(SIGSTOP));
	WAIT(pid, SEIZE_STOP(SIGSTOP));
	CHECK_EQ(check_state(pid), 't');
	CHECK_OK(PT(PTRACE_LISTEN, pid, 0, 0));
	CHECK_OK(PT(PTRACE_LISTEN, thread, 0, 0));
	CHECK_OK(kill(pid, SIGCONT));
	WAIT(pid, SEIZE_STOP(SIGTRAP));
	WAIT(thread, SEIZE_STOP(SIGTRAP));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGCONT));		/* who goes on first takes it */
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGCONT));
	CHECK_OK(PT(PTRACE_CONT, thread, 0, 0));
	check_sleep_ms(5);
	NO_NEWS(thread);
	kill(pid, SIGKILL);
	WAIT(thread, KILLED(SIGKILL));
	WAIT(pid, KILLED(SIGKILL));
}

TEST(one_traced_and_one_not)
{
	pid_t thread, pid = two_threads(&thread);
	int status;
	CHECK_OK(PT(PTRACE_SEIZE, thread, 0, PTRACE_O_EXITKILL));
	kill(pid, SIGSTOP);
	/* the leader, untraced, takes it; the tracee joins the group-stop */
	WAIT(thread, SEIZE_STOP(SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_EQ(status, STOP(SIGSTOP));
	CHECK_EQ(check_state(pid), 'T');
	CHECK_OK(PT(PTRACE_CONT, thread, 0, 0));	/* the tracer may let it run all the same */
	check_sleep_ms(5);
	CHECK_EQ(check_state(pid), 'T');
	CHECK_OK(PT(PTRACE_INTERRUPT, thread, 0, 0));
	WAIT(thread, SEIZE_STOP(SIGSTOP));		/* the group is still stopped */
	CHECK_OK(PT(PTRACE_DETACH, thread, 0, 0));	/* and it stops with it again */
	check_sleep_ms(5);
	kill(pid, SIGCONT);
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK(WIFCONTINUED(status));
	check_reap(pid);
}

TEST(attach_to_one_thread)
{
	pid_t thread, pid = two_threads(&thread);
	CHECK_OK(PT(PTRACE_ATTACH, thread, 0, 0));
	WAIT(thread, STOP(SIGSTOP));			/* only this thread */
	CHECK_SOON(check_state(pid) == 'S');
	CHECK_EQ(tracer_of(pid), 0);
	CHECK_OK(PT(PTRACE_DETACH, thread, 0, 0));
	check_sleep_ms(5);
	CHECK_EQ(check_state(pid), 'S');
	check_reap(pid);
}

TEST(exit_group_with_exit_events)
{
	NEED_OK(pipe(ready));
	pid_t thread, pid = fork();
	if (pid == 0) {
		pthread_t t;
		pthread_create(&t, NULL, thread_idle, NULL);
		pause();
		_exit(7);
	}
	read(ready[0], &thread, sizeof thread);
	seize_both(pid, thread, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
	CHECK_OK(syscall(SYS_tgkill, pid, pid, SIGTERM));
	WAIT(pid, STOP(SIGTERM));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGTERM));
	WAIT(pid, EVENT(PTRACE_EVENT_EXIT));
	CHECK_EQ(event_message(pid), SIGTERM);
	WAIT(thread, EVENT(PTRACE_EVENT_EXIT));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	check_sleep_ms(5);
	NO_NEWS(pid);					/* the leader waits for its thread */
	CHECK_OK(PT(PTRACE_CONT, thread, 0, 0));
	WAIT(thread, KILLED(SIGTERM));
	WAIT(pid, KILLED(SIGTERM));
}

TEST(sigkill_with_exit_events)
{
	pid_t pid = check_sleeper();
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL));
	kill(pid, SIGKILL);
	WAIT(pid, EVENT(PTRACE_EVENT_EXIT));
	CHECK_EQ(event_message(pid), SIGKILL);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, KILLED(SIGKILL));
}

TEST(getppid_is_the_real_parents)
{
	pid_t tracee = fork();
	if (tracee == 0) {
		pid_t parent = getppid();
		raise(SIGSTOP);
		_exit(getppid() == parent ? 0 : 1);
	}
	int status;
	CHECK_EQ(waitpid(tracee, &status, WUNTRACED), tracee);
	pid_t tracer = fork();
	if (tracer == 0) {
		CHECK_OK(PT(PTRACE_SEIZE, tracee, 0, 0));
		CHECK_OK(kill(tracee, SIGCONT));
		while (waitpid(tracee, &status, __WALL) == tracee && WIFSTOPPED(status))
			PT(PTRACE_CONT, tracee, 0, status >> 16 ? 0 : WSTOPSIG(status));
		_exit(status == 0 ? check_failed != 0 : 2);
	}
	WAIT(tracer, EXITED(0));
	WAIT(tracee, EXITED(0));
}

TEST(new_thread_in_a_stopped_group)
{
	/* made by a tracee that runs while its group is stopped: it stops too, and when detached stays stopped */
	int go[2];
	NEED_OK(pipe(go));
	NEED_OK(pipe(ready));
	pid_t pid = fork();
	if (pid == 0) {
		char c;
		pthread_t t;
		while (read(go[0], &c, 1) != 1)
			;
		pthread_create(&t, NULL, thread_idle, NULL);
		for (;;)
			pause();
	}
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL));
	kill(pid, SIGSTOP);
	WAIT(pid, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGSTOP));
	WAIT(pid, SEIZE_STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	write(go[1], "x", 1);
	WAIT(pid, EVENT(PTRACE_EVENT_CLONE));
	pid_t thread = (pid_t)event_message(pid);
	int status = 0;
	CHECK_EQ(waitpid(thread, &status, __WALL), thread);
	CHECK_EQ(status >> 16, PTRACE_EVENT_STOP);
	tracee_kill(thread);
	CHECK_OK(kill(pid, SIGKILL));
	WAIT(pid, KILLED(SIGKILL));
}

static void *thread_exits(void *arg) { return arg; }

TEST(the_end_of_a_traced_thread_is_not_the_parents)
{
	int fds[2];
	char c;
	NEED_OK(pipe(fds));
	pid_t pid = fork();
	if (pid == 0) {
		pthread_t t;
		read(fds[0], &c, 1);
		pthread_create(&t, NULL, thread_exits, NULL);
		pthread_join(t, NULL);
		_exit(8);
	}
	pid_t tracer = fork();
	if (tracer == 0) {
		int status, threads = 0;
		pid_t got;
		PT(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACECLONE);
		write(fds[1], "x", 1);
		while ((got = waitpid(-1, &status, __WALL)) > 0) {
			if (WIFSTOPPED(status))
				PT(PTRACE_CONT, got, 0, status >> 16 ? 0 : WSTOPSIG(status));
			else
				threads++;
		}
		_exit(threads);
	}
	int status;
	CHECK_EQ(waitpid(tracer, &status, 0), tracer);
	CHECK_EQ(status, EXITED(2));
	WAIT(pid, EXITED(8));
	CHECK_ERR(waitpid(-1, NULL, __WALL), ECHILD);
}
