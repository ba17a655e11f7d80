/* Forking, moving, freezing, counting and killing at once: whatever the order, in the end nobody is there and nothing is counted. */
#include "cgroup.h"
#include <pthread.h>

static void *ends(void *arg) { return arg; }

static void forks_for_ever(void)
{
	for (;;) {
		pid_t pid = fork();
		if (pid == 0) {
			pthread_t t;
			if (pthread_create(&t, 0, ends, 0) == 0)
				pthread_join(t, 0);
			if (vfork() == 0)
				_exit(0);
			_exit(0);
		}
		while (waitpid(-1, 0, 0) > 0)
			;
	}
}

static void moves_for_ever(const char *from, const char *to)
{
	for (;;) {
		char *text = (char *)cg_read(from), *next;
		for (; *text; text = next) {
			long pid = strtol(text, &next, 10);
			next += *next == '\n';
			if (pid > 1)
				cg_write_number(to, pid);
		}
		sched_yield();
	}
}

static void toggles_for_ever(const char *name)
{
	for (;;) {
		cg_write(name, "1");
		sched_yield();
		cg_write(name, "0");
		sched_yield();
	}
}

TEST(everything_at_once)
{
	IN_CGROUP {
		pid_t helpers[4];
		CHECK_EQ(cg_write("cgroup.subtree_control", "+pids"), 0);
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("b"));
		CHECK_EQ(cg_write("a/pids.max", "12"), 0);
		CHECK_EQ(cg_write("pids.max", "40"), 0);
		for (int i = 0; i < 4; i++) {
			pid_t pid;
			while ((pid = clone_into(i % 2 ? "a" : "b", 0)) < 0 && errno == EAGAIN)
				sched_yield();	/* those before it fill the group already */
			if (pid == 0)
				forks_for_ever();
			CHECK(pid > 0);
		}
		for (int i = 0; i < 4; i++) {
			helpers[i] = fork();
			if (helpers[i])
				continue;
			if (i < 2)
				moves_for_ever(i ? "a/cgroup.procs" : "b/cgroup.procs", i ? "b/cgroup.procs" : "a/cgroup.procs");
			toggles_for_ever(i == 2 ? "a/cgroup.freeze" : "cgroup.freeze");
		}
		for (long end = check_now_ms() + check_scale(1500); check_now_ms() < end;) {
			CHECK(atol(cg_read("pids.current")) <= 40 + 4);
			check_sleep_ms(5);
		}
		for (int i = 0; i < 4; i++)
			check_reap(helpers[i]);
		CHECK_EQ(cg_write("a/cgroup.freeze", "0"), 0);
		CHECK_EQ(cg_write("cgroup.freeze", "1"), 0);
		CHECK_SOON(cg_key("cgroup.events", "frozen") == 1);
		CHECK_EQ(cg_write("cgroup.kill", "1"), 0);
		while (wait(0) > 0)
			;
		CHECK_SOON(cg_key("cgroup.events", "populated") == 0);
		CHECK_SOON(!strcmp(cg_read("pids.current"), "0\n"));
		CHECK_STR(cg_read("a/pids.current"), "0\n");
		CHECK_STR(cg_read("b/pids.current"), "0\n");
	}
}

TEST(making_and_removing_at_once)
{
	IN_CGROUP {
		pid_t makers[3];
		for (int i = 0; i < 3; i++) {
			makers[i] = fork();
			if (makers[i])
				continue;
			for (;;) {
				if (i == 2) {
					cg_write("cgroup.subtree_control", "+pids");
					cg_write("cgroup.subtree_control", "-pids");
					continue;
				}
				cg_mkdir("x");
				cg_mkdir("x/y");
				pid_t pid = clone_into("x/y", 0);
				if (pid == 0)
					_exit(0);
				if (pid > 0)
					waitpid(pid, 0, 0);
				cg_rmdir("x/y");
				cg_rmdir("x");
			}
		}
		check_sleep_ms(check_scale(800));
		for (int i = 0; i < 3; i++)
			check_reap(makers[i]);
		CHECK_SOON(!cg_rmdir("x/y") || errno == ENOENT);	/* a child of theirs may be about to end there */
		CHECK_SOON(!cg_rmdir("x") || errno == ENOENT);
		CHECK_EQ(cg_write("cgroup.subtree_control", "-pids"), 0);
		CHECK_EQ(cg_key("cgroup.stat", "nr_descendants"), 0);
		CHECK_SOON(cg_key("cgroup.stat", "nr_dying_descendants") == 0);
	}
}
