/* Many forks: in a loop, at once, nested; and nothing is left behind. */
#include "check.h"

static long free_kb(void)
{
	return check_field("/proc/meminfo", "MemFree", 10);
}

static void fork_loop(long n)
{
	for (long i = 0; i < n; i++) {
		int status = -1;
		pid_t pid = fork();
		if (pid == 0)
			_exit(i & 0x7f);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != EXITED(i & 0x7f)) {
			check_fail(__FILE_NAME__, __LINE__, "fork %ld: pid %d, status 0x%x, errno %d", i, pid, status, errno);
			return;
		}
	}
}

TEST(loop_10000)
{
	alarm(60);
	fork_loop(100);
	long before = free_kb();
	fork_loop(check_scale(10000));
	long after = free_kb();
	/* On a machine of its own nothing else takes memory: a page left behind per fork would be 40 MB. */
	if (getppid() == 1)
		CHECK(before - after < 8192);
}

TEST(alive_2000)
{
	alarm(60);
	static pid_t pids[2000];
	int hold[2], n = 0;
	char c;
	long room = check_field("/proc/meminfo", "MemAvailable", 10) / 130;
	long want = check_scale(2000) < room ? check_scale(2000) : room;
	if (want > 2000)
		want = 2000;
	NEED_OK(pipe(hold));
	for (; n < want; n++) {
		pids[n] = fork();
		if (pids[n] == 0) {
			close(hold[1]);
			_exit(read(hold[0], &c, 1) == 0 ? n & 0x7f : 99);
		}
		if (CHECK_OK(pids[n]) < 0)
			break;
	}
	for (int i = 1; i < n; i++)
		if (pids[i] == pids[i - 1])
			CHECK(pids[i] != pids[i - 1]);
	CHECK_EQ(waitpid(-1, 0, WNOHANG), 0);
	close(hold[1]);
	for (int i = 0; i < n; i++)
		CHECK_WAIT(pids[i], EXITED(i & 0x7f));
	CHECK_ERR(waitpid(-1, 0, 0), ECHILD);
}

TEST(chain_200)
{
	alarm(60);
	int depth = 0, result[2], got = 0;
	NEED_OK(pipe(result));
	pid_t top = fork();
	if (top == 0) {
		for (depth = 1; depth < 200; depth++) {
			pid_t pid = fork();
			if (pid < 0)
				_exit(1);
			if (pid) {
				int status = 0;
				waitpid(pid, &status, 0);
				_exit(status == 0 ? 0 : 1);
			}
		}
		_exit(write(result[1], &depth, sizeof depth) == sizeof depth ? 0 : 1);
	}
	CHECK_WAIT(top, EXITED(0));
	CHECK_EQ(read(result[0], &got, sizeof got), sizeof got);
	CHECK_EQ(got, 200);
}

/* Each level of a chain writes to the same page: 200 versions of it live at once. */
TEST(chain_of_writers)
{
	alarm(60);
	volatile int *page = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*page = 0;
	pid_t top = fork();
	if (top == 0) {
		int level = 1;
		for (; level <= 100; level++) {
			if (*page != level - 1)
				_exit(1);
			*page = level;
			pid_t pid = fork();
			if (pid) {
				int status = 0;
				waitpid(pid, &status, 0);
				_exit(status == 0 && *page == level ? 0 : 1);
			}
		}
		_exit(0);
	}
	CHECK_WAIT(top, EXITED(0));
	CHECK_EQ(*page, 0);
}

TEST(children_end_in_any_order)
{
	pid_t pids[64];
	int hold[64][2];
	for (int i = 0; i < 64; i++) {
		NEED_OK(pipe(hold[i]));
		pids[i] = fork();
		if (pids[i] == 0) {
			char c;
			close(hold[i][1]);
			_exit(read(hold[i][0], &c, 1) == 1 ? i : 99);
		}
	}
	for (int i = 0; i < 64; i++) {
		int at = i * 37 % 64;
		CHECK_EQ(write(hold[at][1], "x", 1), 1);
		int status = -1;
		CHECK_EQ(waitpid(-1, &status, 0), pids[at]);
		CHECK_EQ(status, EXITED(at));
	}
}

TEST(fork_until_the_pipe_closes)
{
	/* A tree of 2^8 processes, every one of which writes one byte. */
	alarm(60);
	int ends[2];
	char bytes[600];
	long total = 0, n;
	NEED_OK(pipe(ends));
	pid_t top = fork();
	if (top == 0) {
		int children = 0;
		for (int i = 0; i < 8; i++) {
			pid_t pid = fork();
			if (pid < 0)
				_exit(1);
			children = pid ? children + 1 : 0;
		}
		int bad = write(ends[1], "x", 1) != 1, status;
		while (wait(&status) > 0) {
			bad |= status != 0;
			children--;
		}
		_exit(bad);
	}
	close(ends[1]);
	while ((n = read(ends[0], bytes, sizeof bytes)) > 0)
		total += n;
	CHECK_EQ(total, 256);
	CHECK_WAIT(top, EXITED(0));
}
