/* execveat(2). */
#include "check.h"
#include <sys/prctl.h>

HELPER(leave)
{
	return 5;
}

HELPER(is_named)
{
	char name[17] = "";
	prctl(PR_GET_NAME, name);
	return strcmp(name, argv[2]) ? 6 : 5;
}

static char *args[] = {"zero", "@leave", 0};

static long at(int dir, const char *path, int flags)
{
	return syscall(SYS_execveat, dir, path, args, environ, flags);
}

TEST(relative_to_a_folder)
{
	const char *scratch = check_scratch();
	CHECK_OK(symlink(check_self, "link"));
	CHECK_OK(mkdir("inner", 0755));
	int dir = NEED_OK(open(scratch, O_RDONLY | O_DIRECTORY));
	CHECK_OK(chdir("inner"));
	IN_CHILD_ENDS(EXITED(5)) {
		at(dir, "link", 0);
	}
	IN_CHILD_ENDS(EXITED(5)) {
		at(AT_FDCWD, "../link", 0);
	}
	IN_CHILD_ENDS(EXITED(5)) {
		at(-7, check_self, 0); /* an absolute path does not look at the folder */
	}
	CHECK_ERR(at(AT_FDCWD, "link", 0), ENOENT);
}

TEST(empty_path)
{
	int fd = NEED_OK(open(check_self, O_RDONLY));
	IN_CHILD_ENDS(EXITED(5)) {
		at(fd, "", AT_EMPTY_PATH);
	}
	CHECK_ERR(at(fd, "", 0), ENOENT);
	int path = NEED_OK(open(check_self, O_PATH | O_CLOEXEC));
	IN_CHILD_ENDS(EXITED(5)) {
		at(path, "", AT_EMPTY_PATH);
	}
}

TEST(fexecve_of_an_unlinked_file)
{
	/* A copy of the program, without a name. */
	static char block[65536];
	check_scratch();
	int from = NEED_OK(open(check_self, O_RDONLY)), to = NEED_OK(open("copy", O_WRONLY | O_CREAT, 0755));
	for (ssize_t n; (n = read(from, block, sizeof block)) > 0;)
		CHECK_EQ(write(to, block, n), n);
	close(to);
	int fd = NEED_OK(open("copy", O_RDONLY));
	CHECK_OK(unlink("copy"));
	IN_CHILD_ENDS(EXITED(5)) {
		at(fd, "", AT_EMPTY_PATH);
	}
}

TEST(nofollow)
{
	check_scratch();
	CHECK_OK(symlink(check_self, "link"));
	CHECK_ERR(at(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW), ELOOP);
	IN_CHILD_ENDS(EXITED(5)) {
		at(AT_FDCWD, check_self, AT_SYMLINK_NOFOLLOW);
	}
}

TEST(errors)
{
	int fd = NEED_OK(open("/dev/null", O_RDONLY)), dir = NEED_OK(open("/tmp", O_RDONLY | O_DIRECTORY));
	CHECK_ERR(at(AT_FDCWD, check_self, 0x40000), EINVAL);
	CHECK_ERR(at(-7, "x", 0), EBADF);
	CHECK_ERR(at(99, "", AT_EMPTY_PATH), EBADF);
	CHECK_ERR(at(fd, "x", 0), ENOTDIR);
	CHECK_ERR(at(fd, "", AT_EMPTY_PATH), EACCES);
	CHECK_ERR(at(dir, "", AT_EMPTY_PATH), EACCES);
	CHECK_ERR(at(AT_FDCWD, (char *)8, 0), EFAULT);
}

/* A script's interpreter opens it by /dev/fd/N, which exec has closed. */
TEST(script_by_a_descriptor_that_exec_closes)
{
	check_scratch();
	int to = NEED_OK(open("script", O_WRONLY | O_CREAT, 0755));
	CHECK_EQ(write(to, "#!/bin/sh\n", 10), 10);
	close(to);
	int fd = NEED_OK(open("script", O_RDONLY | O_CLOEXEC));
	CHECK_ERR(at(fd, "", AT_EMPTY_PATH), ENOENT);
	int dir = NEED_OK(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	CHECK_ERR(at(dir, "script", 0), ENOENT);
}

/* Who is started by a descriptor alone is named after the file, not after the descriptor. */
TEST(name_by_a_descriptor)
{
	static char block[65536];
	char *named[] = {"zero", "@is_named", "a copy with a l", 0};
	check_scratch();
	int from = NEED_OK(open(check_self, O_RDONLY)), to = NEED_OK(open("a copy with a long name", O_WRONLY | O_CREAT, 0755));
	int memory = NEED_OK(syscall(SYS_memfd_create, "it", 0));
	for (ssize_t n; (n = read(from, block, sizeof block)) > 0;) {
		CHECK_EQ(write(to, block, n), n);
		CHECK_EQ(write(memory, block, n), n);
	}
	close(to);
	int fd = NEED_OK(open("a copy with a long name", O_RDONLY));
	IN_CHILD_ENDS(EXITED(5)) {
		syscall(SYS_execveat, fd, "", named, environ, AT_EMPTY_PATH);
	}
	CHECK_OK(rename("a copy with a long name", "other"));
	named[2] = "other";
	IN_CHILD_ENDS(EXITED(5)) {
		syscall(SYS_execveat, fd, "", named, environ, AT_EMPTY_PATH);
	}
	named[2] = "memfd:it";
	IN_CHILD_ENDS(EXITED(5)) {
		syscall(SYS_execveat, memory, "", named, environ, AT_EMPTY_PATH);
	}
}
