/* execve(2): arguments, environment, and every way to fail. */
#include "check.h"

static char *no_env[] = {0};

/* Exits 0 when argv from the third on and the environment say what the caller's text says. */
HELPER(echo)
{
	for (int i = 2; i < argc; i++)
		check_say("[%s]", argv[i]);
	for (char **e = environ; *e; e++)
		check_say("{%s}", *e);
	return 0;
}

static ssize_t output_of(char *text, size_t size, char **argv, char **env)
{
	int ends[2];
	size_t have = 0;
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execve(check_self, argv, env);
		_exit(127);
	}
	close(ends[1]);
	for (ssize_t n; have < size - 1 && (n = read(ends[0], text + have, size - 1 - have)) > 0;)
		have += n;
	text[have] = 0;
	close(ends[0]);
	CHECK_WAIT(pid, EXITED(0));
	return have;
}

TEST(arguments_and_environment)
{
	char text[300];
	char *argv[] = {(char *)check_self, "@echo", "one", "", "two words", "\xff\x01", 0};
	char *env[] = {"A=1", "EMPTY=", "ODD", "A=2", 0};
	output_of(text, sizeof text, argv, env);
	CHECK_STR(text, "[one][][two words][\xff\x01]{A=1}{EMPTY=}{ODD}{A=2}");
}

TEST(no_environment)
{
	char text[300];
	char *argv[] = {(char *)check_self, "@echo", "x", 0};
	output_of(text, sizeof text, argv, no_env);
	CHECK_STR(text, "[x]");
	output_of(text, sizeof text, argv, 0);
	CHECK_STR(text, "[x]");
}

HELPER(same_pid)
{
	return getpid() == atoi(argv[2]) && getppid() == atoi(argv[3]) ? 0 : 1;
}

TEST(same_process)
{
	char pid[20], ppid[20];
	snprintf(ppid, sizeof ppid, "%d", getpid());
	IN_CHILD {
		snprintf(pid, sizeof pid, "%d", getpid());
		execl(check_self, check_self, "@same_pid", pid, ppid, NULL);
		CHECK(!"exec");
	}
}

static int exec_errno(const char *path)
{
	char *argv[] = {"x", 0};
	pid_t pid = fork();
	int status = 0;
	if (pid == 0) {
		execve(path, argv, no_env);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(path_errors)
{
	static char long_name[5000];
	check_scratch();
	CHECK_OK(check_spew("plain", "\x7f" "ELF", 4, 0644));
	CHECK_OK(symlink("loop", "loop"));
	CHECK_OK(mkdir("folder", 0755));
	CHECK_EQ(exec_errno("none"), ENOENT);
	CHECK_EQ(exec_errno(""), ENOENT);
	CHECK_EQ(exec_errno("none/none"), ENOENT);
	CHECK_EQ(exec_errno("plain/none"), ENOTDIR);
	CHECK_EQ(exec_errno("plain"), EACCES);
	CHECK_EQ(exec_errno("folder"), EACCES);
	CHECK_EQ(exec_errno("/dev/null"), EACCES);
	CHECK_EQ(exec_errno("loop"), ELOOP);
	memset(long_name, 'n', 300);
	CHECK_EQ(exec_errno(long_name), ENAMETOOLONG);
	memset(long_name, '/', 4500);
	CHECK_EQ(exec_errno(long_name), ENAMETOOLONG);
	CHECK_EQ(exec_errno((char *)8), EFAULT);
}

TEST(bad_vectors)
{
	char *bad_string[] = {(char *)check_self, (char *)8, 0};
	char *good[] = {(char *)check_self, 0};
	CHECK_ERR(execve(check_self, (char **)8, no_env), EFAULT);
	CHECK_ERR(execve(check_self, bad_string, no_env), EFAULT);
	CHECK_ERR(execve(check_self, good, (char **)8), EFAULT);
	CHECK_ERR(execve(check_self, good, bad_string), EFAULT);
}

TEST(not_a_program)
{
	static char big[9000];
	check_scratch();
	CHECK_OK(check_spew("empty", "", 0, 0755));
	CHECK_OK(check_spew("text", "hello\n", 6, 0755));
	CHECK_OK(check_spew("short", "\x7f" "ELF", 4, 0755));
	memcpy(big, "\x7f" "ELF\x02\x01\x01", 7);
	CHECK_OK(check_spew("zeros", big, sizeof big, 0755));
	CHECK_OK(check_spew("shell2", "#!\n", 3, 0755));
	CHECK_OK(check_spew("shell3", "#!   \n", 6, 0755));
	CHECK_EQ(exec_errno("empty"), ENOEXEC);
	CHECK_EQ(exec_errno("text"), ENOEXEC);
	CHECK_EQ(exec_errno("short"), ENOEXEC);
	CHECK_EQ(exec_errno("zeros"), ENOEXEC);
	CHECK_EQ(exec_errno("shell2"), ENOEXEC);
	CHECK_EQ(exec_errno("shell3"), ENOEXEC);
}

TEST(wrong_machine)
{
	char head[PAGE];
	check_scratch();
	int fd = NEED_OK(open(check_self, O_RDONLY));
	CHECK_EQ(read(fd, head, sizeof head), sizeof head);
	head[18] = (char)0xb7; /* e_machine: AArch64 */
	head[19] = 0;
	CHECK_OK(check_spew("arm", head, sizeof head, 0755));
	CHECK_EQ(exec_errno("arm"), ENOEXEC);
}

TEST(failure_leaves_everything)
{
	struct sigaction now;
	volatile int word = 5;
	int fd = NEED_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
	signal(SIGUSR1, (void (*)(int))(void *)check_self);
	CHECK_ERR(execl("/none", "none", NULL), ENOENT);
	CHECK_OK(fcntl(fd, F_GETFD));
	sigaction(SIGUSR1, 0, &now);
	CHECK(now.sa_handler == (void (*)(int))(void *)check_self);
	CHECK_EQ(word, 5);
}

HELPER(count)
{
	int n = 0;
	for (char **e = environ; *e; e++)
		n++;
	return argc == atoi(argv[2]) && n == atoi(argv[3]) ? 0 : 1;
}

TEST(many_arguments)
{
	static char *argv[5003], *env[3001];
	argv[0] = (char *)check_self;
	argv[1] = "@count";
	argv[2] = "5002";
	argv[3] = "3000";
	for (int i = 4; i < 5002; i++)
		argv[i] = "argument";
	for (int i = 0; i < 3000; i++)
		env[i] = "NAME=value";
	IN_CHILD {
		execve(check_self, argv, env);
		CHECK(!"exec");
	}
}

TEST(too_long_for_one_string)
{
	/* One string may have 32 pages with its zero. */
	char *text = malloc(33 * PAGE);
	memset(text, 'x', 33 * PAGE);
	char *argv[] = {(char *)check_self, "@count", "4", "0", 0, 0};
	IN_CHILD {
		argv[4] = text;
		argv[2] = "5";
		text[32 * PAGE - 1] = 0;
		execve(check_self, argv, no_env);
		CHECK(!"exec");
	}
	text[32 * PAGE - 1] = 'x';
	text[32 * PAGE] = 0;
	argv[4] = text;
	CHECK_ERR(execve(check_self, argv, no_env), E2BIG);
	argv[4] = 0;
	char *env[] = {text, 0};
	CHECK_ERR(execve(check_self, argv, env), E2BIG);
}

TEST(too_much_in_all)
{
	/* A quarter of the stack's limit, but never less than 128 KiB. */
	static char *argv[400];
	char *text = malloc(16 * PAGE);
	memset(text, 'x', 16 * PAGE);
	text[16 * PAGE - 1] = 0;
	argv[0] = (char *)check_self;
	argv[1] = "@count";
	argv[2] = "32";
	argv[3] = "0";
	for (int i = 4; i < 32; i++)
		argv[i] = text;
	IN_CHILD {
		CHECK_OK(setrlimit(RLIMIT_STACK, &(struct rlimit){8 << 20, 8 << 20}));
		IN_CHILD {
			execve(check_self, argv, no_env); /* 28 * 64 KiB < 2 MiB */
			CHECK(!"exec");
		}
		for (int i = 4; i < 40; i++)
			argv[i] = text;
		CHECK_ERR(execve(check_self, argv, no_env), E2BIG);
	}
	IN_CHILD {
		CHECK_OK(setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, 1 << 20}));
		for (int i = 4; i < 10; i++)
			argv[i] = text;
		argv[10] = 0;
		CHECK_ERR(execve(check_self, argv, no_env), E2BIG);
		argv[6] = 0;
		argv[2] = "6";
		execve(check_self, argv, no_env);
		CHECK(!"exec");
	}
}

TEST(empty_argv)
{
	/* Linux gives such a program one empty argument: main() runs all blocks then, so a program of /bin/true's kind is made. */
	static const unsigned char code[] = {
		0x48, 0x8b, 0x3c, 0x24,       /* mov (%rsp), %rdi: argc */
		0xb8, 60, 0, 0, 0, 0x0f, 0x05 /* exit(argc) */
	};
	unsigned char image[256] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	unsigned long base = 0x400000;
	*(uint16_t *)(image + 16) = 2;            /* ET_EXEC */
	*(uint16_t *)(image + 18) = 62;           /* x86-64 */
	*(uint32_t *)(image + 20) = 1;
	*(uint64_t *)(image + 24) = base + 0x80;  /* entry */
	*(uint64_t *)(image + 32) = 64;           /* program headers */
	*(uint16_t *)(image + 52) = 64;
	*(uint16_t *)(image + 54) = 56;
	*(uint16_t *)(image + 56) = 1;
	*(uint32_t *)(image + 64) = 1;            /* PT_LOAD */
	*(uint32_t *)(image + 68) = 5;            /* R X */
	*(uint64_t *)(image + 80) = base;
	*(uint64_t *)(image + 88) = base;
	*(uint64_t *)(image + 96) = sizeof image;
	*(uint64_t *)(image + 104) = sizeof image;
	*(uint64_t *)(image + 112) = PAGE;
	memcpy(image + 0x80, code, sizeof code);
	check_scratch();
	CHECK_OK(check_spew("argc", (char *)image, sizeof image, 0755));
	char *none[] = {0}, *three[] = {"a", "b", "c", 0};
	IN_CHILD_ENDS(EXITED(3)) {
		execve("argc", three, no_env);
	}
	IN_CHILD_ENDS(EXITED(1)) {
		execve("argc", none, no_env);
	}
	IN_CHILD_ENDS(EXITED(1)) {
		execve("argc", 0, 0);
	}
}

TEST(permission)
{
	check_scratch();
	CHECK_OK(symlink(check_self, "link"));
	char *argv[] = {(char *)check_self, "@leave", 0};
	IN_CHILD {
		execve("link", argv, environ);
		CHECK(!"exec");
	}
	CHECK_OK(check_spew("script", "#!/none\n", 8, 0744));
	CHECK_OK(mkdir("closed", 0700));
	CHECK_OK(check_spew("closed/script", "#!/none\n", 8, 0755));
	IN_CHILD {
		CHECK_OK(setuid(1234));
		CHECK_ERR(execve("script", argv, environ), EACCES);
		CHECK_ERR(execve("closed/script", argv, environ), EACCES);
	}
	CHECK_ERR(execve("script", argv, environ), ENOENT);
}

HELPER(leave)
{
	return 0;
}

TEST(again_and_again)
{
	char left[20];
	snprintf(left, sizeof left, "%ld", check_scale(50));
	IN_CHILD_ENDS(EXITED(42)) {
		execl(check_self, check_self, "@countdown", left, NULL);
	}
}

HELPER(countdown)
{
	char left[20];
	int n = atoi(argv[2]);
	if (n == 0)
		return 42;
	snprintf(left, sizeof left, "%d", n - 1);
	execl(check_self, check_self, "@countdown", left, NULL);
	return 1;
}

TEST(programs_by_name_in_proc)
{
	char text[100];
	IN_CHILD {
		execl("/proc/self/exe", "zero", "@leave", NULL);
		CHECK(!"exec");
	}
	ssize_t n = readlink("/proc/self/exe", text, sizeof text - 1);
	CHECK(n > 0);
}

HELPER(names)
{
	char text[1100] = "", link[1100] = "";
	check_slurp("/proc/self/comm", text, sizeof text);
	CHECK_STR(text, "a-name-longer-t\n");
	ssize_t n = check_slurp("/proc/self/cmdline", text, sizeof text);
	CHECK_EQ(n, strlen(argv[0]) + 1 + sizeof "@names" + strlen(argv[2]) + 1);
	CHECK_STR(text, "zero");
	CHECK_STR(text + 5, "@names");
	n = readlink("/proc/self/exe", link, sizeof link - 1);
	CHECK(n > 0);
	CHECK_STR(link, argv[2]);
	n = check_slurp("/proc/self/environ", text, sizeof text);
	CHECK_STR(text, "HELLO=there");
	return check_failed != 0;
}

TEST(names_in_proc)
{
	char *env[] = {"HELLO=there", 0};
	char real[1100], path[1200];
	ssize_t n = readlink("/proc/self/exe", real, sizeof real - 1);
	real[n > 0 ? n : 0] = 0;
	check_scratch();
	CHECK_OK(symlink(real, "a-name-longer-than-fifteen"));
	snprintf(path, sizeof path, "a-name-longer-than-fifteen");
	char *argv[] = {"zero", "@names", real, 0};
	IN_CHILD {
		execve(path, argv, env);
		CHECK(!"exec");
	}
}
