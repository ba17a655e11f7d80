/* Stopping and going on, as the parent sees it. */
#include "check.h"

TEST(wait4_untraced_and_continued)
{
	int status = 0;
	pid_t pid = check_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
	CHECK_EQ(check_state(pid), 'T');
	/* One report for one stop. */
	CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK(WIFCONTINUED(status));
	CHECK_EQ(status, 0xffff);
	CHECK_EQ(waitpid(pid, &status, WCONTINUED | WNOHANG), 0);
	check_reap(pid);
}

/* The last number of /proc/PID/stat: what a wait would report. */
static int code_shown(pid_t pid)
{
	char path[40], text[512], *last;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	return check_slurp(path, text, sizeof text) < 0 || !(last = strrchr(text, ' ')) ? -1 : atoi(last);
}

TEST(stat_shows_the_code)
{
	int status = 0;
	siginfo_t info;
	pid_t pid = check_sleeper();
	CHECK_EQ(code_shown(pid), 0);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT));
	CHECK_EQ(code_shown(pid), SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_EQ(code_shown(pid), 0);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK_EQ(code_shown(pid), 0);
	CHECK_OK(kill(pid, SIGTERM));
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	CHECK_EQ(code_shown(pid), SIGTERM);
	check_reap(pid);
}

TEST(waitid_stopped_and_continued)
{
	siginfo_t info;
	pid_t pid = check_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT), 0);
	CHECK_EQ(info.si_code, CLD_STOPPED);
	CHECK_EQ(info.si_status, SIGSTOP);
	CHECK_EQ(waitid(P_PID, pid, &info, WSTOPPED), 0);
	CHECK_EQ(info.si_status, SIGSTOP);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(waitid(P_PID, pid, &info, WCONTINUED), 0);
	CHECK_EQ(info.si_code, CLD_CONTINUED);
	CHECK_EQ(info.si_status, SIGCONT);
	check_reap(pid);
}

TEST(not_reported_unasked)
{
	pid_t pid = check_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_SOON(check_state(pid) == 'T');
	CHECK_EQ(waitpid(pid, 0, WNOHANG), 0);
	siginfo_t info;
	CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0);
	CHECK_EQ(info.si_pid, 0);
	check_reap(pid);
}

TEST(killed_while_stopped)
{
	pid_t pid = check_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_SOON(check_state(pid) == 'T');
	CHECK_OK(kill(pid, SIGTERM));
	CHECK_EQ(waitpid(pid, 0, WNOHANG), 0);
	CHECK_EQ(check_state(pid), 'T');
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_WAIT(pid, KILLED(SIGTERM));
	pid = check_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_SOON(check_state(pid) == 'T');
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_WAIT(pid, KILLED(SIGKILL));
}

TEST(continue_unblocked_and_stop_cancelled)
{
	/* A pending stop signal is thrown away by SIGCONT, and the other way round. */
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, 0);
	raise(SIGTSTP);
	raise(SIGCONT);
	sigpending(&set);
	CHECK(!sigismember(&set, SIGTSTP));
	CHECK(sigismember(&set, SIGCONT));
	raise(SIGTSTP);
	sigpending(&set);
	CHECK(sigismember(&set, SIGTSTP));
	CHECK(!sigismember(&set, SIGCONT));
	raise(SIGCONT);
}

static volatile int stops;

static void on_child(int sig, siginfo_t *info, void *context)
{
	stops += info->si_code == CLD_STOPPED ? 1 : info->si_code == CLD_CONTINUED ? 10 : 100;
}

TEST(sigchld_for_stops)
{
	struct sigaction act = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigaction(SIGCHLD, &act, 0);
	pid_t pid = check_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_SOON(stops == 1);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_SOON(stops == 11);
	check_reap(pid);
	CHECK_EQ(stops, 111);
}

TEST(no_sigchld_with_nocldstop)
{
	struct sigaction act = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP};
	int status;
	sigaction(SIGCHLD, &act, 0);
	pid_t pid = check_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK_EQ(stops, 0);
	check_reap(pid);
	CHECK_EQ(stops, 100);
}

TEST(all_threads_stop)
{
	volatile long *count = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			++*count;
	CHECK_SOON(*count > 0);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, 0, WUNTRACED), pid);
	long at = *count;
	check_sleep_ms(30);
	CHECK_EQ(*count, at);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_SOON(*count != at);
	check_reap(pid);
}
