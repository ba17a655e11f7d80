/* Who may trace whom; programs that change their user while they are traced. Needs root. Source: ptrace(2), "Ptrace access mode
 * checking"; execve(2); prctl(2) PR_SET_PTRACER and PR_SET_DUMPABLE. */
#include "ptrace.h"
#include <linux/prctl.h>
#include <sys/prctl.h>

static void become(unsigned id)
{
	CHECK_OK(setresgid(id, id, id));
	CHECK_OK(setresuid(id, id, id));
	prctl(PR_SET_DUMPABLE, 1);
}

static pid_t sleeper_of(unsigned id)
{
	int fds[2];
	char c;
	NEED_OK(pipe(fds));
	pid_t pid = fork();
	if (pid == 0) {
		become(id);
		write(fds[1], "x", 1);
		for (;;)
			pause();
	}
	read(fds[0], &c, 1);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

TEST(another_user)
{
	pid_t same = sleeper_of(1000), other = sleeper_of(1001), root = check_sleeper();
	IN_CHILD {
		become(1000);
		CHECK_ERR(PT(PTRACE_ATTACH, root, 0, 0), EPERM);
		CHECK_ERR(PT(PTRACE_ATTACH, other, 0, 0), EPERM);
		CHECK_OK(PT(PTRACE_ATTACH, same, 0, 0));
		WAIT(same, STOP(SIGSTOP));
		CHECK_OK(PT(PTRACE_DETACH, same, 0, 0));
	}
	CHECK_OK(PT(PTRACE_ATTACH, other, 0, 0));	/* root may */
	tracee_kill(other);
	check_reap(same);
	check_reap(root);
}

TEST(one_id_is_enough_to_refuse)
{
	for (int which = 0; which < 4; which++) {
		int fds[2];
		char c;
		NEED_OK(pipe(fds));
		pid_t pid = fork();
		if (pid == 0) {
			setresgid(1000, which == 0 ? 1001 : 1000, which == 1 ? 1001 : 1000);
			setresuid(1000, which == 2 ? 1001 : 1000, which == 3 ? 1001 : 1000);
			prctl(PR_SET_DUMPABLE, 1);
			write(fds[1], "x", 1);
			for (;;)
				pause();
		}
		read(fds[0], &c, 1);
		IN_CHILD {
			become(1000);
			CHECK_ERR(PT(PTRACE_SEIZE, pid, 0, 0), EPERM);
		}
		check_reap(pid);
		close(fds[0]);
		close(fds[1]);
	}
}

TEST(not_dumpable)
{
	int fds[2];
	char c;
	NEED_OK(pipe(fds));
	pid_t pid = fork();
	if (pid == 0) {
		become(1000);
		prctl(PR_SET_DUMPABLE, 0);
		write(fds[1], "x", 1);
		for (;;)
			pause();
	}
	read(fds[0], &c, 1);
	IN_CHILD {
		become(1000);
		CHECK_ERR(PT(PTRACE_SEIZE, pid, 0, 0), EPERM);
	}
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
	tracee_kill(pid);
}

TEST(not_dumpable_after_the_attach)
{
	IN_CHILD {
		become(1000);
		static long word = 5;
		long v;
		TRACEE(pid) {
			prctl(PR_SET_DUMPABLE, 0);
			raise(SIGUSR1);
		}
		CHECK_OK(PT(PTRACE_PEEKDATA, pid, &word, &v));
		CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
		WAIT(pid, STOP(SIGUSR1));
		CHECK_ERR(PT(PTRACE_PEEKDATA, pid, &word, &v), EIO);
		CHECK_ERR(PT(PTRACE_POKEDATA, pid, &word, 6), EIO);
		CHECK_EQ(regs_of(pid).cs, 0x33);	/* the registers are still there */
		tracee_kill(pid);
	}
}

TEST(traceme_needs_a_parent_with_as_many_rights)
{
	/* the parent gives its capabilities up; the child has them all */
	IN_CHILD {
		int fds[2], status;
		char c;
		CHECK_OK(pipe(fds));
		pid_t pid = fork();
		if (pid == 0) {
			read(fds[0], &c, 1);
			_exit(PT(PTRACE_TRACEME, 0, 0, 0) == -1 && errno == EPERM ? 3 : 4);
		}
		become(1000);
		write(fds[1], "x", 1);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, EXITED(3));
	}
}

/* argv[2]: where to tell the effective user */
HELPER(say_user)
{
	unsigned char user = geteuid() == 0 ? 'r' : geteuid() == 1000 ? 'u' : '?';
	write(atoi(argv[2]), &user, 1);
	return 0;
}

static char user_of_set_id_program(const char *path, bool is_traced, bool is_tracer_root)
{
	int fds[2];
	char user = '-';
	NEED_OK(pipe(fds));
	pid_t tracer = fork();
	if (tracer == 0) {
		if (!is_tracer_root)
			become(1000);
		pid_t pid = fork();
		if (pid == 0) {
			char number[12];
			if (is_tracer_root)
				raise(SIGSTOP);
			become(1000);
			if (is_traced && !is_tracer_root)
				PT(PTRACE_TRACEME, 0, 0, 0);
			snprintf(number, sizeof number, "%d", fds[1]);
			execl(path, path, "@say_user", number, NULL);
			_exit(1);
		}
		int status;
		if (is_tracer_root) {
			CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
			CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
			kill(pid, SIGCONT);
		}
		while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
			PT(PTRACE_CONT, pid, 0, status >> 16 || WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status));
		_exit(check_failed ? 1 : 0);
	}
	close(fds[1]);
	read(fds[0], &user, 1);
	close(fds[0]);
	WAIT(tracer, EXITED(0));
	return user;
}

TEST(set_id_programs)
{
	char path[128];
	static char image[8 << 20];
	snprintf(path, sizeof path, "%s/set_id", check_scratch());
	ssize_t n = check_slurp("/proc/self/exe", image, sizeof image);
	CHECK(n > 0);
	CHECK_OK(check_spew(path, image, (size_t)n, 04755));
	CHECK_EQ(user_of_set_id_program(path, false, false), 'r');
	CHECK_EQ(user_of_set_id_program(path, true, false), 'u');	/* its tracer would be root's */
	CHECK_EQ(user_of_set_id_program(path, true, true), 'r');
}

#define SCOPE "/proc/sys/kernel/yama/ptrace_scope"

static int set_scope(const char *value)
{
	int fd = open(SCOPE, O_WRONLY);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, value, strlen(value));
	int saved = errno;
	close(fd);
	errno = saved;
	return n < 0 ? -1 : 0;
}

/* A program that its user may run and not read is not to be read in memory either. */
TEST(unreadable_program)
{
	char path[128];
	static char image[8 << 20];
	snprintf(path, sizeof path, "%s/unreadable", check_scratch());
	ssize_t n = check_slurp("/proc/self/exe", image, sizeof image);
	CHECK_OK(check_spew(path, image, (size_t)n, 0711));
	IN_CHILD {
		become(1000);
		long v;
		TRACEE(pid) {
			execl(path, path, "@quiet", NULL);
			_exit(9);
		}
		CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
		WAIT(pid, STOP(SIGTRAP));
		CHECK_ERR(PT(PTRACE_PEEKDATA, pid, regs_of(pid).rip, &v), EIO);
		CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
		WAIT(pid, EXITED(0));
	}
}
HELPER(quiet) { return prctl(PR_GET_DUMPABLE); }

TEST(set_ptracer)
{
	if (access(SCOPE, F_OK))
		return;
	CHECK_OK(prctl(PR_SET_PTRACER, getpid(), 0, 0, 0));
	CHECK_OK(prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0));
	CHECK_OK(prctl(PR_SET_PTRACER, 0, 0, 0, 0));
	CHECK_ERR(prctl(PR_SET_PTRACER, 4000000, 0, 0, 0), EINVAL);
}

static pid_t tracer_allowing_sleeper(long allowed)
{
	int fds[2];
	char c;
	NEED_OK(pipe(fds));
	pid_t pid = fork();
	if (pid == 0) {
		become(1000);
		if (allowed)
			CHECK_OK(prctl(PR_SET_PTRACER, allowed, 0, 0, 0));
		write(fds[1], "x", 1);
		for (;;)
			pause();
	}
	read(fds[0], &c, 1);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

/* What a user may do in each scope. The scope is the machine's: it is put back. */
static void try_scope(const char *scope, int errno_stranger, int errno_child, int errno_allowed, int errno_traceme)
{
	int errs[4] = {errno_stranger, errno_child, errno_allowed, errno_traceme}, got[4] = {0}, fds[2];
	CHECK_OK(pipe(fds));
	CHECK_OK(set_scope(scope));
	pid_t stranger = tracer_allowing_sleeper(0), open_to_all = tracer_allowing_sleeper(PR_SET_PTRACER_ANY);
	pid_t tracer = fork();
	if (tracer == 0) {
		become(1000);
		pid_t child = check_sleeper();
		got[0] = PT(PTRACE_SEIZE, stranger, 0, 0) ? errno : 0;
		got[1] = PT(PTRACE_SEIZE, child, 0, 0) ? errno : 0;
		got[2] = PT(PTRACE_SEIZE, open_to_all, 0, 0) ? errno : 0;
		pid_t pid = fork();
		if (pid == 0)
			_exit(PT(PTRACE_TRACEME, 0, 0, 0) ? errno : 0);
		int status = 0;
		waitpid(pid, &status, 0);
		got[3] = WEXITSTATUS(status);
		write(fds[1], got, sizeof got);
		kill(child, SIGKILL);
		_exit(0);
	}
	CHECK_EQ(read(fds[0], got, sizeof got), sizeof got);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(got[i], errs[i]);
	WAIT(tracer, EXITED(0));
	check_reap(stranger);
	check_reap(open_to_all);
	CHECK_OK(set_scope("0"));
}

TEST(scopes)
{
	char old[8] = "";
	if (check_slurp(SCOPE, old, sizeof old) < 0 || *old != '0')
		return;
	CHECK_ERR(set_scope("4"), EINVAL);
	CHECK_ERR(set_scope("-1"), EINVAL);
	CHECK_ERR(set_scope("x"), EINVAL);
	try_scope("0", 0, 0, 0, 0);
	try_scope("1", EPERM, 0, 0, 0);
	try_scope("2", EPERM, EPERM, EPERM, EPERM);
	CHECK_OK(check_slurp(SCOPE, old, sizeof old));
	CHECK_STR(old, "0\n");
}
