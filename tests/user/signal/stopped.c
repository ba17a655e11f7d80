/*
 * What a stop and a SIGCONT in the middle make of a call that sleeps: most go on with what is left of their time, some end
 * with EINTR though no handler ran.
 * Source: signal(7), "Interruption of system calls and library functions by stop signals".
 */
#include "check.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define LIMIT_MS 400

static struct timespec in_ms(long ms) { return (struct timespec){ms / 1000, ms % 1000 * 1000000}; }

static struct timespec limit = {0, LIMIT_MS * 1000000};
static struct timeval limit_micro = {0, LIMIT_MS * 1000};

static long call_nanosleep(void) { return RAW(SYS_nanosleep, &limit, 0); }
static long call_clock_nanosleep(void)
{
	return RAW(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &limit, 0);
}
static long call_clock_nanosleep_at(void)
{
	struct timespec t = check_from_now(CLOCK_REALTIME, LIMIT_MS);
	return RAW(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &t, 0);
}
static long call_poll(void) { return RAW(SYS_poll, 0, 0, LIMIT_MS); }
static long call_ppoll(void)
{
	struct timespec t = in_ms(LIMIT_MS);
	sigset_t set;
	sigemptyset(&set);
	return RAW(SYS_ppoll, 0, 0, &t, &set, 8);
}
static long call_select(void) { return RAW(SYS_select, 0, 0, 0, 0, &limit_micro); }
static long call_pselect(void)
{
	struct timespec t = in_ms(LIMIT_MS);
	return RAW(SYS_pselect6, 0, 0, 0, 0, &t, 0);
}
static long call_epoll_wait(void)
{
	struct epoll_event e;
	return RAW(SYS_epoll_wait, epoll_create1(0), &e, 1, LIMIT_MS);
}
static unsigned word;
static long call_futex(void)
{
	struct timespec t = in_ms(LIMIT_MS);
	return RAW(SYS_futex, &word, FUTEX_WAIT, 0, &t, 0, 0);
}
static long call_futex_at(void)
{
	struct timespec t = check_from_now(CLOCK_MONOTONIC, LIMIT_MS);
	return RAW(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &t, 0, ~0u);
}
static long call_futex_waitv(void)
{
	struct timespec t = check_from_now(CLOCK_MONOTONIC, LIMIT_MS);
	struct futex_waitv w = {.uaddr = (uintptr_t)&word, .flags = FUTEX_32};
	return RAW(449, &w, 1, 0, &t, CLOCK_MONOTONIC);
}
static long call_sigtimedwait(void)
{
	struct timespec t = in_ms(LIMIT_MS);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return RAW(SYS_rt_sigtimedwait, &set, 0, &t, 8);
}
static long call_semtimedop(void)
{
	struct timespec t = in_ms(LIMIT_MS);
	struct sembuf down = {0, -1, 0};
	int id = semget(IPC_PRIVATE, 1, 0600);
	long r = RAW(SYS_semtimedop, id, &down, 1, &t);
	semctl(id, 0, IPC_RMID);
	return r;
}
static long call_recv_timeout(void)
{
	int s[2];
	char c;
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0, LIMIT_MS * 1000}, sizeof(struct timeval));
	return RAW(SYS_recvfrom, s[0], &c, 1, 0, 0, 0);
}

/* These have no limit of time: SIGALRM's end kills the child, which shows that they went on. */
static long call_read(void)
{
	int p[2];
	char c;
	pipe(p);
	return RAW(SYS_read, p[0], &c, 1);
}
static long call_recv(void)
{
	int s[2];
	char c;
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	return RAW(SYS_recvfrom, s[0], &c, 1, 0, 0, 0);
}
static long call_pause(void) { return RAW(SYS_pause); }
static long call_sigsuspend(void)
{
	unsigned long none = 0;
	return RAW(SYS_rt_sigsuspend, &none, 8);
}
static long call_wait(void)
{
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return RAW(SYS_wait4, -1, 0, 0, 0);
}
static long call_msgrcv(void)
{
	struct { long type; char text[8]; } m;
	int id = msgget(IPC_PRIVATE, 0600);
	return RAW(SYS_msgrcv, id, &m, 8, 0, 0);
}
static long call_flock(void)
{
	int a = open("lock", O_RDWR | O_CREAT, 0600), b = open("lock", O_RDWR);
	flock(a, LOCK_EX);
	return RAW(SYS_flock, b, LOCK_EX);
}
static long call_signalfd(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return RAW(SYS_read, signalfd(-1, &set, 0), &info, sizeof info);
}

static const struct row { const char *name; long (*call)(void); long wanted; } rows[] = {
	{"nanosleep", call_nanosleep, 0}, {"clock_nanosleep", call_clock_nanosleep, 0},
	{"clock_nanosleep at", call_clock_nanosleep_at, 0}, {"poll", call_poll, 0}, {"ppoll", call_ppoll, 0},
	{"select", call_select, 0}, {"pselect6", call_pselect, 0}, {"epoll_wait", call_epoll_wait, -EINTR},
	{"futex", call_futex, -ETIMEDOUT}, {"futex at", call_futex_at, -ETIMEDOUT},
	{"futex_waitv", call_futex_waitv, -ETIMEDOUT}, {"sigtimedwait", call_sigtimedwait, -EINTR},
	{"semtimedop", call_semtimedop, -EINTR}, {"recv with a limit", call_recv_timeout, -EINTR},
};
static const struct row endless[] = {
	{"read", call_read, 0}, {"recv", call_recv, 0}, {"pause", call_pause, 0}, {"sigsuspend", call_sigsuspend, 0},
	{"wait4", call_wait, 0}, {"msgrcv", call_msgrcv, 0}, {"flock", call_flock, 0}, {"signalfd", call_signalfd, 0},
};

static void stop_and_continue(pid_t pid)
{
	CHECK_SOON(check_state(pid) == 'S');
	check_sleep_ms(20);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, 0, WUNTRACED), pid);
	CHECK_OK(kill(pid, SIGCONT));
}

TEST(with_a_limit_of_time)
{
	check_scratch();
	for (size_t i = 0, late = 0; i < sizeof rows / sizeof *rows; i++) {
		long begin = check_now_ms();
		pid_t pid = fork();
		if (pid == 0)
			_exit((int)-rows[i].call());
		stop_and_continue(pid);
		bool in_time = check_now_ms() - begin < LIMIT_MS;
		int status = -1;
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		if (!in_time && late++ < 10) {	/* the machine stood still: the limit was over first */
			i--;
			continue;
		}
		if (status != EXITED((int)-rows[i].wanted))
			check_fail(__FILE_NAME__, __LINE__, "%s: status %#x", rows[i].name, status);
		if (rows[i].wanted != -EINTR && check_now_ms() - begin < LIMIT_MS)
			check_fail(__FILE_NAME__, __LINE__, "%s: too early", rows[i].name);
	}
}

TEST(without_one)
{
	check_scratch();
	for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			signal(SIGALRM, SIG_DFL);
			_exit((int)-endless[i].call());
		}
		stop_and_continue(pid);
		CHECK_SOON(check_state(pid) == 'S');
		check_sleep_ms(20);
		if (check_state(pid) != 'S')
			check_fail(__FILE_NAME__, __LINE__, "%s: it did not go on", endless[i].name);
		check_reap(pid);
	}
}
