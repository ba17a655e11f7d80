/* cgroup.freeze: what is frozen runs no user code, and can be killed, moved, traced and thawed. */
#include "cgroup.h"
#include <sys/ptrace.h>

static long *counter;

static pid_t counts(const char *name)
{
	counter = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = clone_into(name, 0);
	if (pid == 0)
		for (;;) {
			++*(volatile long *)counter;
			sched_yield();
		}
	CHECK_SOON(*(volatile long *)counter > 0);
	return pid;
}

static bool stands_still(void)
{
	long was = *(volatile long *)counter;
	check_sleep_ms(30);
	return *(volatile long *)counter == was;
}

#define FROZEN(name) cg_key(name[0] ? name "/cgroup.events" : "cgroup.events", "frozen")

TEST(freeze_and_thaw)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		int fd = NEED_OK(open(cg_at("a/cgroup.events"), O_RDONLY));
		char text[100];
		CHECK(read(fd, text, sizeof text) > 0);
		pid_t pid = counts("a");
		CHECK_EQ(cg_write("a/cgroup.freeze", "2"), -ERANGE);
		CHECK_EQ(cg_write("a/cgroup.freeze", "-1"), -ERANGE);
		CHECK_EQ(cg_write("a/cgroup.freeze", "x"), -EINVAL);
		CHECK_EQ(cg_write("a/cgroup.freeze", "1"), 0);
		CHECK_STR(cg_read("a/cgroup.freeze"), "1\n");
		CHECK_SOON(FROZEN("a") == 1);
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		CHECK_EQ(poll(&p, 1, 1000), 1);
		CHECK(stands_still());
		CHECK_EQ(check_state(pid), 'S');
		CHECK_EQ(cg_write("a/cgroup.freeze", "0"), 0);
		CHECK_EQ(FROZEN("a"), 0);
		CHECK(!stands_still());
		/* death does not wait */
		CHECK_EQ(cg_write("a/cgroup.freeze", "1"), 0);
		CHECK_SOON(FROZEN("a") == 1);
		kill(pid, SIGUSR1);
		CHECK_WAIT(pid, KILLED(SIGUSR1));
		CHECK_EQ(cg_key("a/cgroup.events", "populated"), 0);
		CHECK_EQ(FROZEN("a"), 1);	/* an empty group is as frozen as it is told to be */
		close(fd);
	}
}

TEST(signals_wait_until_it_is_thawed)
{
	IN_CGROUP {
		pid_t pid = clone_into("", 0);
		if (pid == 0)
			for (;;)
				pause();
		CHECK_EQ(cg_write("cgroup.freeze", "1"), 0);
		CHECK_SOON(FROZEN("") == 1);
		kill(pid, SIGSTOP);
		check_sleep_ms(20);
		CHECK_EQ(FROZEN(""), 1);
		CHECK_EQ(cg_write("cgroup.freeze", "0"), 0);
		CHECK_SOON(check_state(pid) == 'T');
		/* what is stopped counts as frozen, and stays stopped */
		CHECK_EQ(cg_write("cgroup.freeze", "1"), 0);
		CHECK_SOON(FROZEN("") == 1);
		CHECK_EQ(check_state(pid), 'T');
		CHECK_EQ(cg_write("cgroup.freeze", "0"), 0);
		CHECK_EQ(check_state(pid), 'T');
		check_reap(pid);
	}
}

TEST(a_tree)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		CHECK_OK(cg_mkdir("a/c"));
		pid_t one = cg_sleeper("a/b"), two = cg_sleeper("a/c");
		CHECK_EQ(cg_write("a/cgroup.freeze", "1"), 0);
		CHECK_SOON(FROZEN("a") == 1);
		CHECK_EQ(FROZEN("a/b"), 1);
		CHECK_EQ(FROZEN("a/c"), 1);
		CHECK_EQ(FROZEN(""), 0);
		CHECK_STR(cg_read("a/b/cgroup.freeze"), "0\n");
		/* a group born there is frozen, and so is who is put into it */
		CHECK_OK(cg_mkdir("a/d"));
		CHECK_EQ(FROZEN("a/d"), 1);
		pid_t three = cg_sleeper("a/d");
		CHECK_SOON(FROZEN("a") == 1);
		/* thawing below an ancestor that is frozen changes nothing */
		CHECK_EQ(cg_write("a/b/cgroup.freeze", "1"), 0);
		CHECK_EQ(cg_write("a/b/cgroup.freeze", "0"), 0);
		CHECK_EQ(FROZEN("a/b"), 1);
		CHECK_EQ(cg_write("a/b/cgroup.freeze", "1"), 0);
		CHECK_EQ(cg_write("a/cgroup.freeze", "0"), 0);
		CHECK_EQ(FROZEN("a"), 0);
		CHECK_SOON(FROZEN("a/b") == 1);
		CHECK_EQ(FROZEN("a/c"), 0);
		check_reap(one);
		check_reap(two);
		check_reap(three);
	}
}

TEST(moving_in_and_out)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("b"));
		CHECK_EQ(cg_write("b/cgroup.freeze", "1"), 0);
		CHECK_EQ(FROZEN("b"), 1);
		pid_t pid = counts("a");
		CHECK_EQ(cg_write_number("b/cgroup.procs", pid), 0);
		CHECK_SOON(FROZEN("b") == 1);
		CHECK(stands_still());
		CHECK_EQ(cg_write_number("a/cgroup.procs", pid), 0);
		CHECK_SOON(FROZEN("a") == 0);
		CHECK(!stands_still());
		CHECK_EQ(FROZEN("b"), 1);
		check_reap(pid);
	}
}

TEST(a_parent_that_waits_for_its_vfork_child)
{
	IN_CGROUP {
		pid_t pid = clone_into("", 0);
		if (pid == 0) {
			if (vfork() == 0)
				for (;;)
					pause();
			_exit(0);
		}
		CHECK_SOON(cg_lines("cgroup.procs") == 2);
		CHECK_EQ(cg_write("cgroup.freeze", "1"), 0);
		CHECK_SOON(FROZEN("") == 1);
		CHECK_EQ(cg_write("cgroup.kill", "1"), 0);
		CHECK_WAIT(pid, KILLED(SIGKILL));
	}
}

TEST(a_sleep_goes_on_afterwards)
{
	IN_CGROUP {
		long start = check_now_ms();
		pid_t pid = clone_into("", 0);
		if (pid == 0) {
			struct timespec all = {0, 300000000};
			int result = nanosleep(&all, 0);
			_exit(result == 0 && check_now_ms() - start >= 300 ? 7 : 1);
		}
		check_sleep_ms(20);
		CHECK_EQ(cg_write("cgroup.freeze", "1"), 0);
		CHECK_SOON(FROZEN("") == 1);
		CHECK_EQ(cg_write("cgroup.freeze", "0"), 0);
		CHECK_WAIT(pid, EXITED(7));
	}
}

TEST(tracing_what_is_frozen)
{
	IN_CGROUP {
		pid_t pid = cg_sleeper("");
		CHECK_EQ(cg_write("cgroup.freeze", "1"), 0);
		CHECK_SOON(FROZEN("") == 1);
		if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
			int status;
			siginfo_t info;
			CHECK_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
			CHECK_EQ(waitpid(pid, &status, 0), pid);
			CHECK(WIFSTOPPED(status));
			CHECK_EQ(FROZEN(""), 1);
			CHECK_OK(ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
			CHECK_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
			CHECK_SOON(FROZEN("") == 1);
		}
		CHECK_EQ(cg_write("cgroup.freeze", "0"), 0);
		check_reap(pid);
	}
}

TEST(many_processes)
{
	IN_CGROUP {
		for (int i = 0; i < 30; i++)
			cg_sleeper("");
		for (int i = 0; i < 3; i++) {
			CHECK_EQ(cg_write("cgroup.freeze", "1"), 0);
			CHECK_SOON(FROZEN("") == 1);
			CHECK_EQ(cg_write("cgroup.freeze", "0"), 0);
			CHECK_EQ(FROZEN(""), 0);
		}
		CHECK_EQ(cg_write("cgroup.freeze", "1"), 0);
		CHECK_EQ(cg_write("cgroup.kill", "1"), 0);
		for (int i = 0; i < 30; i++)
			CHECK(wait(0) > 0);
		CHECK_EQ(cg_key("cgroup.events", "populated"), 0);
	}
}
