/* open(2): flags, modes, errors. */
#include "check.h"

TEST(create)
{
	struct stat st;
	check_scratch();
	umask(022);
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0666));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0644);
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_OK(open("f", O_RDWR | O_CREAT, 0666));
	CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);
	CHECK_ERR(open("g", O_RDWR), ENOENT);
	CHECK_OK(creat("g", 0600));
	CHECK_ERR(open("none/f", O_RDWR | O_CREAT, 0666), ENOENT);
	CHECK_ERR(open("f/x", O_RDWR | O_CREAT, 0666), ENOTDIR);
	CHECK_ERR(open("", O_RDONLY), ENOENT);
	CHECK_ERR(open("h/", O_RDWR | O_CREAT, 0666), EISDIR);
}

/* The mode of a new file does not bind the descriptor that made it. */
TEST(create_without_permission)
{
	check_scratch();
	IN_CHILD {
		CHECK_OK(setuid(1234));
		int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0));
		CHECK_EQ(write(fd, "x", 1), 1);
		CHECK_ERR(open("f", O_RDONLY), EACCES);
	}
}

TEST(access_modes)
{
	char c;
	check_scratch();
	CHECK_OK(check_spew("f", "x", 1, 0644));
	int r = NEED_OK(open("f", O_RDONLY)), w = NEED_OK(open("f", O_WRONLY)), rw = NEED_OK(open("f", O_RDWR));
	CHECK_ERR(write(r, "y", 1), EBADF);
	CHECK_ERR(read(w, &c, 1), EBADF);
	CHECK_EQ(read(rw, &c, 1), 1);
	CHECK_EQ(write(w, "y", 1), 1);
	CHECK_EQ(fcntl(r, F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(fcntl(w, F_GETFL) & O_ACCMODE, O_WRONLY);
	CHECK_EQ(fcntl(rw, F_GETFL) & O_ACCMODE, O_RDWR);
}

TEST(truncate_flag)
{
	struct stat st;
	check_scratch();
	CHECK_OK(check_spew("f", "hello", 5, 0644));
	int fd = NEED_OK(open("f", O_WRONLY | O_TRUNC));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 0);
}

TEST(append)
{
	char text[20] = "";
	check_scratch();
	CHECK_OK(check_spew("f", "one", 3, 0644));
	int fd = NEED_OK(open("f", O_RDWR | O_APPEND));
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(write(fd, "two", 3), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
	CHECK_EQ(pwrite(fd, "X", 1, 0), 1); /* Linux appends here too */
	CHECK_EQ(pread(fd, text, 20, 0), 7);
	CHECK_STR(text, "onetwoX");
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	CHECK_EQ(pwrite(fd, "Y", 1, 0), 1);
	CHECK_EQ(pread(fd, text, 1, 0), 1);
	CHECK_EQ(text[0], 'Y');
}

TEST(directories)
{
	char c;
	check_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(check_spew("f", "x", 1, 0644));
	CHECK_ERR(open("d", O_WRONLY), EISDIR);
	CHECK_ERR(open("d", O_RDWR), EISDIR);
	CHECK_ERR(open("d", O_RDONLY | O_CREAT, 0644), EISDIR);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
	int fd = NEED_OK(open("d", O_RDONLY | O_DIRECTORY));
	CHECK_ERR(read(fd, &c, 1), EISDIR);
	CHECK_OK(open("d/", O_RDONLY));
	CHECK_OK(open("d/.", O_RDONLY));
	CHECK_OK(open("d/../f", O_RDONLY));
	CHECK_OK(open(".//d///..//f", O_RDONLY));
}

TEST(links)
{
	check_scratch();
	CHECK_OK(check_spew("f", "x", 1, 0644));
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(symlink("none", "dangling"));
	CHECK_OK(symlink("loop", "loop"));
	CHECK_OK(open("l", O_RDONLY));
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("dangling", O_RDONLY), ENOENT);
	CHECK_ERR(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_ERR(open("loop", O_RDONLY), ELOOP);
	CHECK_OK(open("dangling", O_RDWR | O_CREAT, 0644));
	CHECK_OK(access("none", F_OK));
}

TEST(forty_links)
{
	char name[8], next[8];
	check_scratch();
	CHECK_OK(check_spew("l0", "x", 1, 0644));
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof name, "l%d", i);
		snprintf(next, sizeof next, "l%d", i - 1);
		CHECK_OK(symlink(next, name));
	}
	CHECK_OK(open("l40", O_RDONLY));
	CHECK_ERR(open("l41", O_RDONLY), ELOOP);
}

TEST(names)
{
	static char name[4200];
	check_scratch();
	memset(name, 'n', 255);
	CHECK_OK(open(name, O_RDWR | O_CREAT, 0644));
	memset(name, 'n', 256);
	CHECK_ERR(open(name, O_RDWR | O_CREAT, 0644), ENAMETOOLONG);
	CHECK_ERR(open(name, O_RDONLY), ENAMETOOLONG);
	memset(name, 0, sizeof name);
	for (int i = 0; i < 2047; i++)
		memcpy(name + 2 * i, "./", 2);
	name[4094] = '.';
	CHECK_OK(open(name, O_RDONLY));
	name[4095] = '/';
	name[4096] = '.';
	CHECK_ERR(open(name, O_RDONLY), ENAMETOOLONG);
	CHECK_OK(open("\x01 odd\xff\n", O_RDWR | O_CREAT, 0644));
}

TEST(openat)
{
	const char *scratch = check_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(check_spew("d/f", "x", 1, 0644));
	int dir = NEED_OK(open("d", O_RDONLY | O_DIRECTORY)), file = NEED_OK(open("d/f", O_RDONLY));
	CHECK_OK(openat(dir, "f", O_RDONLY));
	CHECK_OK(openat(AT_FDCWD, "d/f", O_RDONLY));
	CHECK_OK(openat(dir, "../d/f", O_RDONLY));
	CHECK_OK(openat(99, scratch, O_RDONLY));
	CHECK_ERR(openat(99, "f", O_RDONLY), EBADF);
	CHECK_ERR(openat(file, "f", O_RDONLY), ENOTDIR);
	CHECK_OK(rename("d", "e"));
	CHECK_OK(openat(dir, "f", O_RDONLY));
}

TEST(path_only)
{
	char c;
	struct stat st;
	check_scratch();
	CHECK_OK(check_spew("f", "x", 1, 0));
	int fd = NEED_OK(open("f", O_PATH));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 1);
	CHECK_ERR(read(fd, &c, 1), EBADF);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	CHECK_ERR(lseek(fd, 0, SEEK_SET), EBADF);
	CHECK_OK(dup(fd));
	int dir = NEED_OK(open(".", O_PATH));
	CHECK_OK(openat(dir, "f", O_RDONLY));
	CHECK_OK(fchdir(dir));
}

TEST(lowest_descriptor)
{
	int a = NEED_OK(open("/dev/null", O_RDONLY)), b = NEED_OK(open("/dev/null", O_RDONLY)), c = NEED_OK(open("/dev/null", O_RDONLY));
	CHECK(a < b && b < c);
	CHECK_OK(close(b));
	CHECK_OK(close(a));
	CHECK_EQ(open("/dev/null", O_RDONLY), a);
	CHECK_EQ(open("/dev/null", O_RDONLY), b);
	CHECK_OK(close(b));
	CHECK_ERR(close(b), EBADF);
	CHECK_ERR(close(-1), EBADF);
}

TEST(unlinked_while_open)
{
	char text[6] = "";
	struct stat st;
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_EQ(write(fd, "hello", 5), 5);
	CHECK_OK(unlink("f"));
	CHECK_ERR(open("f", O_RDONLY), ENOENT);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pread(fd, text, 5, 0), 5);
	CHECK_STR(text, "hello");
	/* A new file of the name is another one. */
	CHECK_OK(check_spew("f", "new", 3, 0644));
	IN_CHILD {
		CHECK_EQ(pread(fd, text, 5, 0), 5);
		CHECK_STR(text, "hello");
	}
	CHECK_EQ(write(fd, "more", 4), 4);
	CHECK_OK(close(fd));
	CHECK_EQ(check_slurp("f", text, sizeof text), 3);
}

TEST(close_on_exec_flag)
{
	int fd = NEED_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd = NEED_OK(open("/dev/null", O_RDONLY));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
}
