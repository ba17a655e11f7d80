/* process_mrelease(2): the memory of a process that is being killed comes back before the process is gone. */
#include "check.h"
#include <sys/prctl.h>

#define PAGES 2000

static long release(int pidfd, unsigned flags) { return syscall(SYS_process_mrelease, pidfd, flags); }

static int pidfd_of(pid_t pid) { return NEED_OK(syscall(SYS_pidfd_open, pid, 0)); }

static void fill(char *at)
{
	for (size_t i = 0; i < PAGES; i++)
		at[i * PAGE] = (char)i;
}

TEST(refused)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	int child = pidfd_of(pid);
	CHECK_ERR(release(child, 1), EINVAL);
	CHECK_ERR(release(999, 0), EBADF);
	CHECK_ERR(release(0, 0), EBADF);
	CHECK_ERR(release(child, 0), EINVAL);	/* nobody has killed it */
	kill(pid, SIGKILL);
	siginfo_t info;
	CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	CHECK_ERR(release(child, 0), ESRCH);
	CHECK_WAIT(pid, KILLED(SIGKILL));
	CHECK_ERR(release(child, 0), ESRCH);
}

/* The child dies, or is dead already, whenever it is told to let go. */
TEST(of_a_killed_process)
{
	char *shared = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *mine = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(shared);
	fill(mine);
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			fill(mine);
			shared[PAGE] = 77;
			for (;;)
				mine[PAGE]++;
		}
		int child = pidfd_of(pid);
		usleep(i * 1000);
		kill(pid, SIGKILL);
		long r = release(child, 0);
		CHECK(r == 0 || errno == ESRCH);
		CHECK_WAIT(pid, KILLED(SIGKILL));
		close(child);
	}
	CHECK_EQ(shared[2 * PAGE], 2);
	CHECK_EQ(mine[3 * PAGE], 3);
}

/* Who shares the memory and lives on keeps it. */
TEST(not_while_it_is_shared)
{
	static int ready[2], hold[2];
	char c;
	NEED_OK(pipe(ready));
	NEED_OK(pipe(hold));
	pid_t pid = fork();
	if (pid == 0) {
		pid_t owner = getpid();
		if (vfork() == 0) {		/* its parent waits for it */
			prctl(PR_SET_PDEATHSIG, 0);
			write(ready[1], "x", 1);
			close(ready[1]);
			close(hold[1]);
			read(hold[0], &c, 1);
			_exit(0);
		}
		_exit(owner != getpid());
	}
	close(hold[0]);
	NEED_OK(read(ready[0], &c, 1));
	int parent = pidfd_of(pid);
	kill(pid, SIGKILL);
	long r = release(parent, 0);
	CHECK(r < 0 && (errno == EINVAL || errno == ESRCH));
	close(hold[1]);
	CHECK_WAIT(pid, KILLED(SIGKILL));
}
