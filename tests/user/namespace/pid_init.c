/* pid_namespaces(7), "The namespace init process": what it does not die of, what dies with it, and who becomes its child. */
#include "pid_ns.h"
#include <linux/reboot.h>
#include <poll.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>

static volatile int got;
static siginfo_t got_info;
static void on_signal(int sig, siginfo_t *info, void *context)
{
	got = sig;
	got_info = *info;
}

static void handle(int sig)
{
	CHECK_OK(sigaction(sig, &(struct sigaction){.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO}, 0));
}

TEST(no_signal_from_inside_without_a_handler)
{
	IN_PID_NS {
		int fatal[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGSEGV, SIGABRT, SIGRTMIN, SIGKILL, SIGSTOP, SIGTSTP};
		for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
			CHECK_OK(kill(1, fatal[i]));
		IN_CHILD {
			for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
				CHECK_OK(kill(1, fatal[i]));
			CHECK_OK(syscall(SYS_tgkill, 1, 1, SIGKILL));
			int fd = NEED_OK(syscall(SYS_pidfd_open, 1, 0));
			CHECK_OK(syscall(SYS_pidfd_send_signal, fd, SIGKILL, 0, 0));
			CHECK_OK(sigqueue(1, SIGTERM, (union sigval){0}));
		}
		check_sleep_ms(10);
		handle(SIGTERM);
		IN_CHILD
			CHECK_OK(kill(1, SIGTERM));
		CHECK_SOON(got == SIGTERM);
		CHECK_EQ(got_info.si_code, SI_USER);
		CHECK(got_info.si_pid > 1);
	}
}

TEST(killed_from_outside)
{
	if (geteuid())
		return;
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0)
		for (;;)
			pause();
	CHECK_OK(kill(init, SIGTERM));	/* no handler: nothing, from outside too */
	CHECK_OK(kill(init, SIGUSR1));
	check_sleep_ms(20);
	CHECK_EQ(check_state(init), 'S');
	CHECK_OK(kill(init, SIGTSTP));
	check_sleep_ms(20);
	CHECK_EQ(check_state(init), 'S');
	CHECK_OK(kill(init, SIGSTOP));
	CHECK_SOON(check_state(init) == 'T');
	CHECK_OK(kill(init, SIGCONT));
	CHECK_SOON(check_state(init) == 'S');
	CHECK_OK(kill(init, SIGKILL));
	CHECK_WAIT(init, KILLED(SIGKILL));
}

TEST(a_fault_of_its_own_kills_it)
{
	IN_PID_NS_ENDS(KILLED(SIGSEGV))
		*(volatile int *)8 = 1;
}

TEST(default_of_a_caught_signal_after_exec_is_no_death)
{
	IN_PID_NS {
		handle(SIGUSR1);
		CHECK_OK(signal(SIGUSR1, SIG_DFL) == SIG_ERR ? -1 : 0);
		/* blocked, pending, then taken with the default: nothing */
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, 0);
		CHECK_OK(kill(1, SIGUSR1));
		sigset_t pending;
		sigpending(&pending);
		CHECK(sigismember(&pending, SIGUSR1));
		sigprocmask(SIG_UNBLOCK, &set, 0);
		check_sleep_ms(5);
	}
}

TEST(death_of_init_is_everybodys)
{
	if (geteuid())
		return;
	struct meeting m;
	int life[2];
	meeting_init(&m);
	NEED_OK(pipe(life));
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		close(life[0]);
		signal(SIGTERM, SIG_IGN);
		for (int i = 0; i < 3; i++)
			if (fork() == 0) {
				setsid();
				if (i == 1)
					fork();
				if (i == 2 && ns_fork(CLONE_NEWPID) >= 0)	/* a world in the world */
					fork();
				for (;;)
					pause();
			}
		meet_parent(&m);
		_exit(33);	/* without a word to the others */
	}
	close(life[1]);
	meet_child(&m);
	CHECK_WAIT(init, EXITED(33));
	/* once it can be waited for, all others are gone: nobody holds the pipe */
	struct pollfd p = {.fd = life[0], .events = POLLIN};
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK(p.revents & POLLHUP);
}

TEST(zombies_of_others_are_reaped_with_it)
{
	if (geteuid())
		return;
	struct meeting m;
	meeting_init(&m);
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		for (int i = 0; i < 5; i++)
			if (fork() == 0)
				_exit(0);
		check_sleep_ms(20);
		meet_parent(&m);
		_exit(0);
	}
	meet_child(&m);
	CHECK_WAIT(init, EXITED(0));
	CHECK_ERR(waitpid(-1, 0, 0), ECHILD);
}

TEST(a_child_from_outside_is_waited_for)
{
	if (geteuid())
		return;
	IN_CHILD {
		CHECK_OK(unshare(CLONE_NEWPID));
		pid_t init = fork();
		if (init == 0)
			for (;;)
				pause();
		pid_t second = fork();	/* in there, but our child */
		if (second == 0)
			for (;;)
				pause();
		CHECK_OK(kill(init, SIGKILL));
		CHECK_SOON(check_state(second) == 'Z');
		/* init cannot go before its world is empty */
		check_sleep_ms(20);
		CHECK_EQ(waitpid(init, 0, WNOHANG), 0);
		CHECK_WAIT(second, KILLED(SIGKILL));
		CHECK_WAIT(init, KILLED(SIGKILL));
		CHECK_ERR(fork(), ENOMEM);
	}
}

TEST(orphans_come_to_it)
{
	IN_PID_NS {
		pid_t child = fork();
		if (child == 0) {
			pid_t orphan = fork();
			if (orphan == 0) {
				CHECK_SOON(getppid() == 1);
				_exit(21);
			}
			_exit(0);
		}
		CHECK_WAIT(child, EXITED(0));
		int status = 0;
		CHECK_EQ(waitpid(-1, &status, 0), 3);
		CHECK_EQ(status, EXITED(21));
	}
}

TEST(orphans_of_a_child_from_outside_too)
{
	if (geteuid())
		return;
	IN_CHILD {
		prctl(PR_SET_CHILD_SUBREAPER, 1);	/* which does not reach into it */
		CHECK_OK(unshare(CLONE_NEWPID));
		pid_t init = fork();
		if (init == 0) {
			int status = 0;
			while (waitpid(-1, &status, 0) < 0)
				check_sleep_ms(2);
			_exit(WEXITSTATUS(status));
		}
		pid_t second = fork();
		if (second == 0) {
			if (fork() == 0) {
				CHECK_SOON(getppid() == 1);
				_exit(44);
			}
			_exit(0);
		}
		CHECK_WAIT(second, EXITED(0));
		CHECK_WAIT(init, EXITED(44));
		CHECK_ERR(waitpid(-1, 0, 0), ECHILD);
	}
}

TEST(subreaper_inside)
{
	IN_PID_NS {
		pid_t middle = fork();
		if (middle == 0) {
			prctl(PR_SET_CHILD_SUBREAPER, 1);
			pid_t child = fork();
			if (child == 0) {
				if (fork() == 0) {
					CHECK_SOON(getppid() == 2);
					_exit(8);
				}
				_exit(0);
			}
			CHECK_WAIT(child, EXITED(0));
			int status = 0;
			CHECK(waitpid(-1, &status, 0) > 0);
			CHECK_EQ(status, EXITED(8));
			_exit(check_failed != 0);
		}
		CHECK_WAIT(middle, EXITED(0));
		CHECK_ERR(waitpid(-1, 0, 0), ECHILD);
	}
}

static int thread_forks(void *arg)
{
	raw_sleep_ms(50);
	long orphan_parent = RAW(SYS_fork);
	if (orphan_parent == 0) {
		if (RAW(SYS_fork) == 0) {
			raw_sleep_ms(50);
			RAW(SYS_exit_group, RAW(SYS_getppid) == 1 ? 6 : 7);
		}
		RAW(SYS_exit_group, 0);
	}
	int status = -1;
	RAW(SYS_wait4, orphan_parent, &status, 0, 0);
	if (status)
		RAW(SYS_exit_group, 50);
	RAW(SYS_wait4, -1, &status, 0, 0);
	RAW(SYS_exit_group, status >> 8);
	return 0;
}

TEST(its_leader_may_go_before_its_threads)
{
	if (geteuid())
		return;
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		char *stack = clone_stack();
		clone_call(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), 0, 0, 0, thread_forks, 0);
		RAW(SYS_exit, 0);
	}
	CHECK_WAIT(init, EXITED(6));
}

TEST(kill_everybody_stays_inside)
{
	pid_t outside = check_sleeper();
	IN_PID_NS {
		pid_t a = check_sleeper(), b = check_sleeper();
		IN_CHILD
			CHECK_OK(kill(-1, SIGTERM));	/* not itself, and not process 1 */
		CHECK_WAIT(a, KILLED(SIGTERM));
		CHECK_WAIT(b, KILLED(SIGTERM));
		CHECK_ERR(kill(-1, SIGTERM), ESRCH);
	}
	CHECK_EQ(kill(outside, 0), 0);
	check_reap(outside);
}

TEST(reboot_ends_the_world)
{
	struct { int cmd, signal; } const ends[] = {
		{LINUX_REBOOT_CMD_RESTART, SIGHUP}, {LINUX_REBOOT_CMD_RESTART2, SIGHUP},
		{LINUX_REBOOT_CMD_POWER_OFF, SIGINT}, {LINUX_REBOOT_CMD_HALT, SIGINT},
	};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		IN_PID_NS_ENDS(KILLED(ends[i].signal)) {
			syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, ends[i].cmd, "again");
			check_sleep_ms(3000);
			_exit(1);
		}
		IN_PID_NS_ENDS(KILLED(ends[i].signal)) {
			if (fork() == 0) {
				syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, ends[i].cmd, "again");
				_exit(1);
			}
			check_sleep_ms(3000);
			_exit(1);
		}
	}
	IN_PID_NS {
		CHECK_ERR(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_ON, 0), EINVAL);
		CHECK_ERR(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 77, 0), EINVAL);
		CHECK_ERR(syscall(SYS_reboot, 1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0), EINVAL);
		CHECK_OK(setuid(65534));
		CHECK_ERR(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0), EPERM);
	}
}

TEST(many_worlds_come_and_go)
{
	if (geteuid())
		return;
	for (long i = check_scale(60); i > 0; i--) {
		pid_t init = ns_fork(CLONE_NEWPID);
		if (init == 0) {
			for (int k = 0; k < 4; k++)
				if (fork() == 0)
					for (;;)
						pause();
			_exit(getpid());
		}
		CHECK_WAIT(init, EXITED(1));
	}
}
