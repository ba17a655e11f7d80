/* What execve(2) keeps, and what it resets. */
#include "check.h"
#include <sys/prctl.h>

static void nothing(int sig)
{
}

HELPER(dispositions)
{
	struct sigaction now;
	sigaction(SIGUSR1, 0, &now);
	CHECK(now.sa_handler == SIG_DFL);
	CHECK_EQ(now.sa_flags & (SA_SIGINFO | SA_RESTART | SA_ONSTACK), 0);
	sigaction(SIGUSR2, 0, &now);
	CHECK(now.sa_handler == SIG_IGN);
	sigaction(SIGCHLD, 0, &now);
	CHECK(now.sa_handler == SIG_IGN || now.sa_handler == SIG_DFL);
	return check_failed != 0;
}

TEST(handlers_reset_ignored_kept)
{
	struct sigaction act = {.sa_handler = nothing, .sa_flags = SA_RESTART | SA_ONSTACK};
	sigaction(SIGUSR1, &act, 0);
	signal(SIGUSR2, SIG_IGN);
	IN_CHILD {
		execl(check_self, check_self, "@dispositions", NULL);
		CHECK(!"exec");
	}
}

HELPER(mask)
{
	sigset_t set;
	sigprocmask(SIG_BLOCK, 0, &set);
	CHECK(sigismember(&set, SIGTERM));
	CHECK(!sigismember(&set, SIGINT));
	sigpending(&set);
	CHECK(sigismember(&set, SIGTERM));
	CHECK(sigismember(&set, SIGRTMIN + 3));
	return check_failed != 0;
}

TEST(mask_and_pending_kept)
{
	IN_CHILD {
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		sigaddset(&set, SIGRTMIN + 3);
		sigprocmask(SIG_SETMASK, &set, 0);
		raise(SIGTERM);
		raise(SIGRTMIN + 3);
		execl(check_self, check_self, "@mask", NULL);
		CHECK(!"exec");
	}
}

HELPER(altstack)
{
	stack_t now;
	sigaltstack(0, &now);
	CHECK_EQ(now.ss_flags, SS_DISABLE);
	CHECK_EQ(now.ss_size, 0);
	return check_failed != 0;
}

TEST(altstack_gone)
{
	static char space[32768];
	stack_t alt = {.ss_sp = space, .ss_size = sizeof space};
	NEED_OK(sigaltstack(&alt, 0));
	IN_CHILD {
		execl(check_self, check_self, "@altstack", NULL);
		CHECK(!"exec");
	}
}

HELPER(descriptors)
{
	CHECK_ERR(fcntl(20, F_GETFD), EBADF);
	CHECK_EQ(fcntl(21, F_GETFD), 0);
	CHECK_ERR(fcntl(22, F_GETFD), EBADF);
	CHECK_EQ(lseek(21, 0, SEEK_CUR), 3);
	CHECK_ERR(fcntl(200, F_GETFD), EBADF);
	return check_failed != 0;
}

TEST(close_on_exec)
{
	check_scratch();
	CHECK_OK(check_spew("f", "hello", 5, 0644));
	int fd = NEED_OK(open("f", O_RDONLY));
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	CHECK_EQ(dup3(fd, 20, O_CLOEXEC), 20);
	CHECK_EQ(dup2(fd, 21), 21);
	CHECK_EQ(dup2(fd, 22), 22);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 200), 200);
	CHECK_OK(fcntl(22, F_SETFD, FD_CLOEXEC));
	IN_CHILD {
		execl(check_self, check_self, "@descriptors", NULL);
		CHECK(!"exec");
	}
	/* The parent's own are untouched. */
	CHECK_OK(fcntl(20, F_GETFD));
	CHECK_EQ(fcntl(22, F_GETFD), FD_CLOEXEC);
}

HELPER(leave)
{
	return 0;
}

/* A pipe's end with close-on-exec ends at the exec, not at the death: what popen and shells rest on. */
TEST(close_on_exec_is_seen_by_a_reader)
{
	int ends[2];
	char c;
	NEED_OK(pipe2(ends, O_CLOEXEC));
	pid_t pid = fork();
	if (pid == 0) {
		execl(check_self, check_self, "@sleeper", NULL);
		_exit(1);
	}
	close(ends[1]);
	CHECK_EQ(read(ends[0], &c, 1), 0);
	CHECK_EQ(waitpid(pid, 0, WNOHANG), 0);
	check_reap(pid);
}

HELPER(sleeper)
{
	for (;;)
		pause();
	return 0;
}

HELPER(kept)
{
	struct rlimit limit;
	char cwd[200];
	CHECK_EQ(umask(0), 026);
	CHECK_STR(getcwd(cwd, sizeof cwd), argv[2]);
	getrlimit(RLIMIT_NOFILE, &limit);
	CHECK_EQ(limit.rlim_cur, 99);
	CHECK_EQ(getpgrp(), atoi(argv[3]));
	CHECK_EQ(getuid(), 21);
	CHECK_EQ(geteuid(), 22);
	uid_t r, e, s;
	getresuid(&r, &e, &s);
	CHECK_EQ(s, 22); /* the saved id becomes the effective one */
	int left = alarm(0);
	CHECK(left > 50 && left <= 100);
	return check_failed != 0;
}

TEST(process_attributes_kept)
{
	char group[20];
	const char *scratch = check_scratch();
	snprintf(group, sizeof group, "%d", getpgrp());
	IN_CHILD {
		umask(026);
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){99, 99});
		alarm(100);
		CHECK_OK(setresuid(21, 22, 0));
		execl(check_self, check_self, "@kept", scratch, group, NULL);
		CHECK(!"exec");
	}
}

/* prctl's choices about huge pages and write-back: fork and exec keep them. */
static bool are_chosen(void)
{
	CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	CHECK_EQ(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), 1);
	return !check_failed;
}

HELPER(choices)
{
	return !are_chosen();
}

TEST(choices_kept)
{
	if (prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0) < 0 && errno == EPERM)
		return;		/* a root without CAP_SYS_RESOURCE */
	CHECK_ERR(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
	CHECK_OK(prctl(PR_SET_THP_DISABLE, 7, 0, 0, 0));
	CHECK_ERR(prctl(PR_SET_IO_FLUSHER, 2, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_IO_FLUSHER, 1, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_IO_FLUSHER, 1, 0, 0, 0), EINVAL);
	CHECK_OK(prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0));
	IN_CHILD {
		are_chosen();
		execl(check_self, check_self, "@choices", NULL);
		CHECK(!"exec");
	}
	CHECK_OK(prctl(PR_SET_IO_FLUSHER, 0, 0, 0, 0));
	CHECK_OK(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
	CHECK_OK(setresuid(21, 21, 21));
	CHECK_ERR(prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), EPERM);
}

static long locked_kb(void)
{
	return check_field("/proc/self/status", "VmLck", 10);
}

HELPER(memory)
{
	CHECK_EQ(locked_kb(), 0);
	CHECK_ERR(msync((void *)0x200000000000, PAGE, MS_ASYNC), ENOMEM);
	return check_failed != 0;
}

TEST(memory_is_new)
{
	void *want = (void *)0x200000000000;
	CHECK(mmap(want, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == want);
	CHECK_OK(mlock(want, PAGE));
	IN_CHILD {
		CHECK_EQ(locked_kb(), 0); /* locks are not inherited by fork either */
		CHECK_OK(mlock(want, PAGE));
		CHECK_EQ(locked_kb(), 4);
		execl(check_self, check_self, "@memory", NULL);
		CHECK(!"exec");
	}
	CHECK_EQ(locked_kb(), 4);
}

HELPER(float_state)
{
	unsigned mxcsr = 0;
	unsigned short control = 0;
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(control));
	CHECK_EQ(mxcsr & 0xffc0, 0x1f80);
	CHECK_EQ(control, 0x37f);
	return check_failed != 0;
}

TEST(float_state_is_fresh)
{
	IN_CHILD {
		unsigned mxcsr = 0x7f80;
		unsigned short control = 0xf7f;
		__asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
		__asm__ volatile("fldcw %0" ::"m"(control));
		execl(check_self, check_self, "@float_state", NULL);
		CHECK(!"exec");
	}
}

HELPER(own_child)
{
	int status = 0;
	pid_t pid = atoi(argv[2]);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(9));
	return check_failed != 0;
}

TEST(children_are_kept)
{
	IN_CHILD {
		char text[20];
		pid_t pid = fork();
		if (pid == 0) {
			check_sleep_ms(30);
			_exit(9);
		}
		snprintf(text, sizeof text, "%d", pid);
		execl(check_self, check_self, "@own_child", text, NULL);
		CHECK(!"exec");
	}
}

/* No SIGCHLD is sent at exec: the parent hears of the end only. */
TEST(no_signal_to_the_parent)
{
	sigset_t set;
	int ends[2];
	char c;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, 0);
	NEED_OK(pipe2(ends, O_CLOEXEC));
	pid_t pid = fork();
	if (pid == 0) {
		execl(check_self, check_self, "@sleeper", NULL);
		_exit(1);
	}
	close(ends[1]);
	CHECK_EQ(read(ends[0], &c, 1), 0);
	sigpending(&set);
	CHECK(!sigismember(&set, SIGCHLD));
	check_reap(pid);
	sigpending(&set);
	CHECK(sigismember(&set, SIGCHLD));
}
