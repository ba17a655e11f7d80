/* Pid namespaces that end while everybody in them is forking, from inside and outside at once. */
#include "pid_ns.h"

static void bomb(int depth)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		pid_t pid = depth < 3 && getpid() % 5 == 0 ? ns_fork(CLONE_NEWPID) : fork();
		if (pid == 0 && depth < 4) {
			depth++;
			continue;
		}
		if (pid == 0) {
			if (vfork() == 0)
				_exit(0);
			_exit(0);
		}
		check_sleep_ms(1);
	}
}

TEST(killed_while_it_forks)
{
	if (geteuid())
		return;
	setrlimit(RLIMIT_NPROC, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	for (long i = check_scale(12); i > 0; i--) {
		pid_t init = ns_fork(CLONE_NEWPID);
		if (init == 0)
			bomb(0);
		check_sleep_ms(4 + i % 4 * 4);
		CHECK_OK(kill(init, SIGKILL));
		CHECK_WAIT(init, KILLED(SIGKILL));
	}
	CHECK_ERR(waitpid(-1, 0, 0), ECHILD);
}

TEST(entered_while_it_ends)
{
	if (geteuid())
		return;
	for (long i = check_scale(25); i > 0; i--) {
		char path[40];
		pid_t init = ns_fork(CLONE_NEWPID), sons[3];
		if (init == 0)
			for (;;)
				pause();
		snprintf(path, sizeof path, "/proc/%d/ns/pid", init);
		int ns = NEED_OK(open(path, O_RDONLY));
		for (int k = 0; k < 3; k++) {
			sons[k] = fork();
			if (sons[k])
				continue;
			if (setns(ns, CLONE_NEWPID))
				_exit(1);
			for (;;) {	/* until nobody can be born there any more */
				pid_t pid = fork();
				if (pid == 0) {
					fork();
					pause();
				}
				if (pid < 0 && errno != EAGAIN)	/* that: as many as the machine holds, until init is killed */
					_exit(errno == ENOMEM ? 0 : 1);
				while (waitpid(-1, 0, WNOHANG) > 0)
					;
			}
		}
		check_sleep_ms(1 + i % 3);
		CHECK_OK(kill(init, SIGKILL));
		/* who entered leaves zombies to init's parent: they reap, or die and leave them to process 1 */
		for (int k = 0; k < 3; k++)
			CHECK_WAIT(sons[k], EXITED(0));
		CHECK_WAIT(init, KILLED(SIGKILL));
		close(ns);
	}
}

TEST(two_who_want_to_be_first)
{
	if (geteuid())
		return;
	for (long i = check_scale(30); i > 0; i--) {
		IN_CHILD {
			CHECK_OK(unshare(CLONE_NEWPID));
			int *started = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
			pid_t first = fork();
			if (first == 0) {
				__atomic_add_fetch(started, getpid() == 1, __ATOMIC_SEQ_CST);
				_exit(0);
			}
			CHECK_WAIT(first, EXITED(0));
			CHECK_EQ(*started, 1);
			CHECK_ERR(fork(), ENOMEM);
		}
	}
}
