/* Scripts: "#!" lines and what becomes of the arguments. */
#include "check.h"

HELPER(args)
{
	for (int i = 0; i < argc; i++)
		check_say("[%s]", argv[i]);
	return 0;
}

/* A program's name short enough for a "#!" line, wherever the tests lie. */
static void make_interpreter(void)
{
	check_scratch();
	CHECK_OK(symlink(check_self, "i"));
}

static void script(const char *name, const char *format, const char *more)
{
	char text[600];
	snprintf(text, sizeof text, format, getpid(), more);
	CHECK_OK(check_spew(name, text, strlen(text), 0755));
}

static char output[2000];

static int run(const char *name, char *arg1, char *arg2)
{
	int ends[2], status = 0;
	size_t have = 0;
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		char *argv[] = {"zero", arg1, arg2, 0};
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execve(name, argv, environ);
		_exit(errno);
	}
	close(ends[1]);
	for (ssize_t n; (n = read(ends[0], output + have, sizeof output - 1 - have)) > 0;)
		have += n;
	output[have] = 0;
	close(ends[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *want(const char *arg, const char *name, const char *rest)
{
	static char text[600];
	snprintf(text, sizeof text, "[/tmp/furca-test.%d/i]%s[%s]%s", getpid(), arg, name, rest);
	return text;
}

TEST(with_an_argument)
{
	make_interpreter();
	script("s", "#!/tmp/furca-test.%d/i @args\nanything\n", "");
	CHECK_EQ(run("./s", "one", "two"), 0);
	CHECK_STR(output, want("[@args]", "./s", "[one][two]"));
	CHECK_EQ(run("./s", 0, 0), 0);
	CHECK_STR(output, want("[@args]", "./s", ""));
}

TEST(all_the_rest_is_one_argument)
{
	make_interpreter();
	script("s", "#! \t /tmp/furca-test.%d/i  \t @args  two words\t \n", "");
	/* The helper's name is "args  two words": there is none, which main() says with 99. */
	CHECK_EQ(run("./s", 0, 0), 99);
}

TEST(spaces_at_the_end_are_cut)
{
	make_interpreter();
	script("s", "#! \t/tmp/furca-test.%d/i \t@args \t \n", "");
	CHECK_EQ(run("./s", "x", 0), 0);
	CHECK_STR(output, want("[@args]", "./s", "[x]"));
}

TEST(no_newline)
{
	make_interpreter();
	script("s", "#!/tmp/furca-test.%d/i @args", "");
	CHECK_EQ(run("./s", 0, 0), 0);
	CHECK_STR(output, want("[@args]", "./s", ""));
}

TEST(without_an_argument)
{
	make_interpreter();
	script("@args", "#!/tmp/furca-test.%d/i\n", "");
	CHECK_EQ(run("@args", "x", 0), 0);
	CHECK_STR(output, want("", "@args", "[x]"));
}

TEST(interpreter_missing)
{
	check_scratch();
	CHECK_OK(check_spew("s", "#!/none/at/all\n", 15, 0755));
	CHECK_EQ(run("./s", 0, 0), ENOENT);
	CHECK_OK(check_spew("s", "#!/tmp\n", 7, 0755));
	CHECK_EQ(run("./s", 0, 0), EACCES);
}

TEST(not_executable)
{
	make_interpreter();
	script("s", "#!/tmp/furca-test.%d/i @args\n", "");
	CHECK_OK(chmod("s", 0644));
	CHECK_EQ(run("./s", 0, 0), EACCES);
}

TEST(nested)
{
	char name[8], text[100];
	make_interpreter();
	script("s0", "#!/tmp/furca-test.%d/i @args\n", "");
	for (int i = 1; i < 8; i++) {
		snprintf(name, sizeof name, "s%d", i);
		snprintf(text, sizeof text, "#!/tmp/furca-test.%d/s%d\n", getpid(), i - 1);
		CHECK_OK(check_spew(name, text, strlen(text), 0755));
	}
	CHECK_EQ(run("./s1", "x", 0), 0);
	snprintf(text, sizeof text, "/tmp/furca-test.%d/s0", getpid());
	CHECK_STR(output, want("[@args]", text, "[./s1][x]"));
	CHECK_EQ(run("./s4", 0, 0), 0);
	CHECK_EQ(run("./s5", 0, 0), ELOOP);
	CHECK_EQ(run("./s7", 0, 0), ELOOP);
}

TEST(long_line)
{
	char text[600];
	make_interpreter();
	/* The kernel looks at 256 bytes. A name that does not end in them is refused; an argument is cut. */
	memset(text, 'x', sizeof text);
	text[0] = '#';
	text[1] = '!';
	text[300] = '\n';
	CHECK_OK(check_spew("s", text, 301, 0755));
	CHECK_EQ(run("./s", 0, 0), ENOEXEC);
	int n = snprintf(text, sizeof text, "#!/tmp/furca-test.%d/i ", getpid());
	memset(text + n, 'y', 400 - n);
	text[400] = '\n';
	CHECK_OK(check_spew("s", text, 401, 0755));
	CHECK(run("./s", 0, 0) != ENOEXEC);
}

TEST(through_a_descriptor)
{
	make_interpreter();
	script("s", "#!/tmp/furca-test.%d/i @args\n", "");
	int fd = NEED_OK(open("s", O_RDONLY));
	char name[40];
	int ends[2];
	NEED_OK(pipe(ends));
	IN_CHILD {
		char *argv[] = {"zero", "x", 0};
		dup2(ends[1], 1);
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		CHECK(!"execveat");
	}
	ssize_t n = read(ends[0], output, sizeof output - 1);
	output[n > 0 ? n : 0] = 0;
	snprintf(name, sizeof name, "/dev/fd/%d", fd);
	CHECK_STR(output, want("[@args]", name, "[x]"));
	/* The script's descriptor would be gone before its interpreter reads it. */
	CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
	char *argv[] = {"zero", 0};
	CHECK_ERR(syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH), ENOENT);
}
