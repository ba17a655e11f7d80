/* Which calls go on after a handler with SA_RESTART, and which end with EINTR: signal(7). */
#include "check.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/select.h>

static volatile int count;

static void counts(int sig)
{
	count++;
}

static volatile int *seen_by_all;	/* in memory that the child sees too */

static void counts_for_all(int sig)
{
	++*seen_by_all;
}

static void prepare(int flags, long ms)
{
	struct sigaction act = {.sa_handler = counts, .sa_flags = flags};
	struct itimerval soon = {{0, 0}, {0, ms * 1000}};
	sigaction(SIGALRM, &act, 0);
	setitimer(ITIMER_REAL, &soon, 0);
}

/* A child that writes into the pipe after so many milliseconds. */
static pid_t writer(int fd, long ms)
{
	pid_t pid = fork();
	if (pid == 0) {
		check_sleep_ms(ms);
		_exit(write(fd, "w", 1) != 1);
	}
	return pid;
}

TEST(read_is_restarted)
{
	int ends[2];
	char c = 0;
	NEED_OK(pipe(ends));
	pid_t pid = writer(ends[1], 80);
	prepare(SA_RESTART, 20);
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_EQ(c, 'w');
	CHECK_EQ(count, 1);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(read_is_interrupted)
{
	int ends[2];
	char c = 0;
	NEED_OK(pipe(ends));
	prepare(0, 20);
	CHECK_ERR(read(ends[0], &c, 1), EINTR);
	CHECK_EQ(count, 1);
}

TEST(write_is_interrupted)
{
	int ends[2];
	static char block[65536];
	NEED_OK(pipe(ends));
	CHECK_EQ(write(ends[1], block, sizeof block), sizeof block);
	prepare(0, 20);
	CHECK_ERR(write(ends[1], block, 1), EINTR);
	/* What was written before the signal counts. */
	CHECK_EQ(read(ends[0], block, PAGE), PAGE);
	prepare(SA_RESTART, 20);
	CHECK_EQ(write(ends[1], block, 2 * PAGE), PAGE);
	CHECK_EQ(count, 2);
}

TEST(poll_is_never_restarted)
{
	int ends[2];
	NEED_OK(pipe(ends));
	struct pollfd one = {ends[0], POLLIN, 0};
	prepare(SA_RESTART, 20);
	CHECK_ERR(poll(&one, 1, 5000), EINTR);
	prepare(SA_RESTART, 20);
	fd_set set;
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	CHECK_ERR(select(ends[0] + 1, &set, 0, 0, 0), EINTR);
	CHECK_EQ(count, 2);
}

TEST(nanosleep_says_what_is_left)
{
	struct timespec want = {2, 0}, left = {0, 0};
	prepare(SA_RESTART, 50);
	CHECK_ERR(nanosleep(&want, &left), EINTR);
	CHECK(left.tv_sec == 1 && left.tv_nsec > 500000000);
	prepare(SA_RESTART, 50);
	left = (struct timespec){0, 0};
	CHECK_EQ(RAW(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &want, &left), -EINTR);
	CHECK_EQ(left.tv_sec, 1);
}

TEST(signals_without_handler_do_not_interrupt)
{
	struct timespec want = {0, 60000000};
	int ends[2];
	char c;
	NEED_OK(pipe(ends));
	signal(SIGUSR1, SIG_IGN);
	pid_t self = getpid(), pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 5; i++) {
			check_sleep_ms(5);
			kill(self, SIGWINCH);
			kill(self, SIGUSR1);
		}
		check_sleep_ms(30);
		_exit(write(ends[1], "x", 1) != 1);
	}
	long begin = check_now_ms();
	CHECK_OK(nanosleep(&want, 0));
	CHECK(check_now_ms() - begin >= 60);
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(stop_and_continue_restart_by_themselves)
{
	int ends[2];
	char c;
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		struct timespec want = {0, 100000000};
		long begin = check_now_ms();
		CHECK_OK(nanosleep(&want, 0));
		CHECK(check_now_ms() - begin >= 100);
		CHECK_EQ(read(ends[0], &c, 1), 1);
		_exit(check_failed != 0);
	}
	check_sleep_ms(20);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, 0, WUNTRACED), pid);
	CHECK_OK(kill(pid, SIGCONT));
	check_sleep_ms(150);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, 0, WUNTRACED), pid);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(write(ends[1], "x", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(futex_wait)
{
	int word = 1;
	struct timespec limit = {5, 0};
	prepare(0, 20);
	CHECK_EQ(RAW(SYS_futex, &word, FUTEX_WAIT, 1, 0), -EINTR);
	prepare(0, 20);
	CHECK_EQ(RAW(SYS_futex, &word, FUTEX_WAIT, 1, &limit), -EINTR);
	/* Restarted without a limit of time only. */
	prepare(SA_RESTART, 20);
	CHECK_EQ(RAW(SYS_futex, &word, FUTEX_WAIT, 1, &limit), -EINTR);
	CHECK_EQ(count, 3);
	limit = (struct timespec){0, 30000000};
	CHECK_EQ(RAW(SYS_futex, &word, FUTEX_WAIT, 1, &limit), -ETIMEDOUT);
}

TEST(sigtimedwait_is_never_restarted)
{
	sigset_t set;
	struct timespec limit = {2, 0};
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, 0);
	prepare(SA_RESTART, 20);
	CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, 0, &limit, 8), EINTR);
}

TEST(repeated_signals_while_reading)
{
	int ends[2];
	char c;
	struct sigaction act = {.sa_handler = counts_for_all, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 5000}, {0, 5000}};
	NEED_OK(pipe(ends));
	seen_by_all = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGALRM, &act, 0);
	setitimer(ITIMER_REAL, &often, 0);
	pid_t pid = fork();
	if (pid == 0) {
		CHECK_SOON(*seen_by_all > 3);
		_exit(write(ends[1], "w", 1) != 1);
	}
	CHECK_EQ(read(ends[0], &c, 1), 1);
	often = (struct itimerval){0};
	setitimer(ITIMER_REAL, &often, 0);
	CHECK(*seen_by_all > 3);
	CHECK_WAIT(pid, EXITED(0));
}

/* When the handler has returned there is no call left to go on with. */
TEST(nothing_to_restart_after_a_handler)
{
	prepare(0, 20);
	CHECK_ERR(nanosleep(&(struct timespec){20, 0}, NULL), EINTR);
	CHECK_EQ(count, 1);
	CHECK_ERR(syscall(SYS_restart_syscall), EINTR);
}
