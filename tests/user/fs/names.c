/* Folders and names: mkdir, rmdir, link, symlink, rename, unlink, chdir, getcwd. */
#include "check.h"

static ino_t inode(const char *path)
{
	struct stat st;
	return stat(path, &st) ? 0 : st.st_ino;
}

static nlink_t links(const char *path)
{
	struct stat st;
	return stat(path, &st) ? 0 : st.st_nlink;
}

TEST(mkdir_and_rmdir)
{
	struct stat st;
	check_scratch();
	umask(027);
	CHECK_OK(mkdir("d", 0777));
	CHECK_OK(stat("d", &st));
	CHECK_EQ(st.st_mode, S_IFDIR | 0750);
	CHECK_EQ(st.st_nlink, 2);
	CHECK_ERR(mkdir("d", 0777), EEXIST);
	CHECK_ERR(mkdir("none/d", 0777), ENOENT);
	CHECK_ERR(mkdir(".", 0777), EEXIST);
	CHECK_OK(mkdir("d/e", 0777));
	CHECK_EQ(links("d"), 3);
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	CHECK_ERR(rmdir("d/e/."), EINVAL);
	CHECK_ERR(rmdir("d/e/.."), ENOTEMPTY);
	CHECK_OK(rmdir("d/e/"));
	CHECK_EQ(links("d"), 2);
	CHECK_OK(rmdir("d"));
	CHECK_ERR(rmdir("d"), ENOENT);
	CHECK_ERR(rmdir("/"), EBUSY);
	CHECK_OK(check_spew("f", "", 0, 0644));
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(mkdir("f/d", 0777), ENOTDIR);
}

TEST(hard_links)
{
	check_scratch();
	CHECK_OK(check_spew("a", "text", 4, 0644));
	CHECK_OK(link("a", "b"));
	CHECK_EQ(inode("a"), inode("b"));
	CHECK_EQ(links("a"), 2);
	CHECK_ERR(link("a", "b"), EEXIST);
	CHECK_ERR(link("none", "c"), ENOENT);
	CHECK_ERR(link("a", "none/c"), ENOENT);
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(link("d", "e"), EPERM);
	CHECK_OK(unlink("a"));
	CHECK_EQ(links("b"), 1);
	char text[10];
	CHECK_EQ(check_slurp("b", text, sizeof text), 4);
	/* The link itself is linked, not what it points to. */
	CHECK_OK(symlink("b", "s"));
	CHECK_OK(link("s", "t"));
	struct stat st;
	CHECK_OK(lstat("t", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_OK(linkat(AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW));
	CHECK_EQ(inode("u"), inode("b"));
}

TEST(symbolic_links)
{
	char text[100] = "";
	struct stat st;
	check_scratch();
	CHECK_OK(symlink("some/where", "s"));
	CHECK_EQ(readlink("s", text, sizeof text), 10);
	CHECK_STR(text, "some/where");
	CHECK_EQ(readlink("s", text, 4), 4);
	CHECK_ERR(readlink("s", text, 0), EINVAL);
	CHECK_OK(lstat("s", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(st.st_size, 10);
	CHECK_EQ(st.st_mode & 0777, 0777);
	CHECK_ERR(symlink("x", "s"), EEXIST);
	CHECK_ERR(symlink("", "e"), ENOENT);
	CHECK_OK(check_spew("f", "", 0, 0644));
	CHECK_ERR(readlink("f", text, sizeof text), EINVAL);
	CHECK_ERR(stat("s", &st), ENOENT);
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("d", "to-d"));
	CHECK_OK(check_spew("to-d/f", "", 0, 0644));
	CHECK_OK(access("d/f", F_OK));
	CHECK_ERR(rmdir("to-d"), ENOTDIR);
	CHECK_OK(unlink("to-d"));
	CHECK_OK(access("d/f", F_OK));
}

TEST(rename_files)
{
	check_scratch();
	CHECK_OK(check_spew("a", "A", 1, 0644));
	CHECK_OK(check_spew("b", "BB", 2, 0644));
	ino_t a = inode("a");
	CHECK_OK(rename("a", "c"));
	CHECK_EQ(inode("c"), a);
	CHECK_ERR(rename("a", "x"), ENOENT);
	CHECK_OK(rename("c", "b"));
	CHECK_EQ(inode("b"), a);
	CHECK_ERR(access("c", F_OK), ENOENT);
	CHECK_OK(rename("b", "b"));
	CHECK_OK(link("b", "b2"));
	CHECK_OK(rename("b", "b2")); /* two names of one file: nothing is done */
	CHECK_EQ(links("b"), 2);
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(rename("b", "d"), EISDIR);
	CHECK_ERR(rename("d", "b"), ENOTDIR);
	CHECK_OK(rename("b", "d/b"));
	CHECK_EQ(inode("d/b"), a);
}

TEST(rename_folders)
{
	check_scratch();
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("a/b", 0755));
	CHECK_OK(mkdir("c", 0755));
	CHECK_OK(check_spew("a/b/f", "x", 1, 0644));
	CHECK_ERR(rename("a", "a/b/c"), EINVAL);
	CHECK_OK(rename("a/b", "c/b"));
	CHECK_EQ(links("a"), 2);
	CHECK_EQ(links("c"), 3);
	CHECK_EQ(inode("c/b/.."), inode("c"));
	CHECK_OK(access("c/b/f", F_OK));
	CHECK_OK(rename("c", "a")); /* an empty folder is replaced */
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(rename("d", "a"), ENOTEMPTY);
	CHECK_ERR(rename("d", "."), EBUSY);
	CHECK_ERR(rename("d/.", "e"), EBUSY);
}

TEST(rename_flags)
{
	check_scratch();
	CHECK_OK(check_spew("a", "A", 1, 0644));
	CHECK_OK(check_spew("b", "B", 1, 0644));
	ino_t a = inode("a"), b = inode("b");
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1 /* NOREPLACE */), EEXIST);
	CHECK_OK(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 2 /* EXCHANGE */));
	CHECK_EQ(inode("a"), b);
	CHECK_EQ(inode("b"), a);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 3), EINVAL);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 64), EINVAL);
}

TEST(unlink_rules)
{
	check_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(unlink("d"), EISDIR);
	CHECK_ERR(unlink("none"), ENOENT);
	CHECK_OK(check_spew("f", "", 0, 0644));
	CHECK_ERR(unlink("f/"), ENOTDIR);
	CHECK_ERR(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
	CHECK_ERR(unlinkat(AT_FDCWD, "f", 0x1), EINVAL);
	CHECK_OK(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
	CHECK_OK(unlink("f"));
}

TEST(working_folder)
{
	char text[300], small[4];
	const char *scratch = check_scratch();
	CHECK_STR(getcwd(text, sizeof text), scratch);
	CHECK_ERR((long)getcwd(small, sizeof small) ? 0 : -1, ERANGE);
	CHECK_EQ(RAW(SYS_getcwd, text, sizeof text), strlen(scratch) + 1);
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chdir("d"));
	getcwd(text, sizeof text);
	CHECK_STR(text + strlen(scratch), "/d");
	CHECK_OK(rename("../d", "../e"));
	getcwd(text, sizeof text);
	CHECK_STR(text + strlen(scratch), "/e");
	CHECK_OK(chdir(".."));
	CHECK_STR(getcwd(text, sizeof text), scratch);
	CHECK_ERR(chdir("none"), ENOENT);
	CHECK_OK(check_spew("f", "", 0, 0644));
	CHECK_ERR(chdir("f"), ENOTDIR);
	int fd = NEED_OK(open("e", O_RDONLY | O_DIRECTORY));
	CHECK_OK(fchdir(fd));
	CHECK_ERR(fchdir(99), EBADF);
	CHECK_OK(chdir("/"));
	CHECK_STR(getcwd(text, sizeof text), "/");
	CHECK_OK(chdir("../../.."));
	CHECK_STR(getcwd(text, sizeof text), "/");
	IN_CHILD {
		CHECK_OK(chdir("/tmp"));
	}
	CHECK_STR(getcwd(text, sizeof text), "/");
}

TEST(folder_removed_under_us)
{
	char text[300];
	check_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chdir("d"));
	CHECK_OK(rmdir("../d"));
	CHECK_ERR((long)RAW(SYS_getcwd, text, sizeof text) == -ENOENT ? (errno = ENOENT, -1) : 0, ENOENT);
	CHECK_ERR(open("f", O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERR(mkdir("x", 0755), ENOENT);
	CHECK_OK(chdir(".."));
}

static int count(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;
	for (struct dirent *e; dir && (e = readdir(dir));)
		n++;
	if (dir)
		closedir(dir);
	return n;
}

TEST(reading_a_folder)
{
	char name[20];
	bool dot = false, up = false;
	int seen = 0, n = check_scale(300);
	check_scratch();
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "file-%d", i);
		CHECK_OK(check_spew(name, "", 0, 0644));
	}
	CHECK_OK(mkdir("folder", 0755));
	CHECK_OK(symlink("x", "link"));
	DIR *dir = opendir(".");
	for (struct dirent *e; (e = readdir(dir));) {
		dot |= !strcmp(e->d_name, ".");
		up |= !strcmp(e->d_name, "..");
		if (!strcmp(e->d_name, "folder"))
			CHECK_EQ(e->d_type, DT_DIR);
		else if (!strcmp(e->d_name, "link"))
			CHECK_EQ(e->d_type, DT_LNK);
		else if (!strncmp(e->d_name, "file-", 5)) {
			seen++;
			if (e->d_type != DT_REG || e->d_ino != inode(e->d_name))
				CHECK_STR(e->d_name, "what it should be");
		}
	}
	CHECK(dot && up);
	CHECK_EQ(seen, n);
	rewinddir(dir);
	CHECK(readdir(dir) != 0);
	closedir(dir);
	CHECK_EQ(count("."), n + 4);
	CHECK_EQ(count("folder"), 2);
}

TEST(removing_while_reading)
{
	char name[20];
	int removed = 0, n = check_scale(300);
	check_scratch();
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "f%d", i);
		CHECK_OK(check_spew(name, "", 0, 0644));
	}
	DIR *dir = opendir(".");
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] == 'f' && !unlink(e->d_name))
			removed++;
	closedir(dir);
	CHECK_EQ(removed, n);
	CHECK_EQ(count("."), 2);
}

TEST(getdents_raw)
{
	char buffer[512];
	check_scratch();
	int fd = NEED_OK(open(".", O_RDONLY | O_DIRECTORY));
	CHECK_EQ(RAW(SYS_getdents64, fd, buffer, 10), -EINVAL);
	CHECK(RAW(SYS_getdents64, fd, buffer, sizeof buffer) >= 48);
	CHECK_EQ(RAW(SYS_getdents64, fd, buffer, sizeof buffer), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK(RAW(SYS_getdents64, fd, buffer, sizeof buffer) >= 48);
	int null = NEED_OK(open("/dev/null", O_RDONLY));
	CHECK_EQ(RAW(SYS_getdents64, null, buffer, sizeof buffer), -ENOTDIR);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(RAW(SYS_getdents64, fd, 8, 512), -EFAULT);
}

TEST(deep)
{
	check_scratch();
	for (int i = 0; i < 100; i++) {
		CHECK_OK(mkdir("d", 0755));
		CHECK_OK(chdir("d"));
	}
	char text[600];
	CHECK(getcwd(text, sizeof text));
	CHECK(strlen(text) > 200);
	for (int i = 0; i < 100; i++) {
		CHECK_OK(chdir(".."));
		CHECK_OK(rmdir("d"));
	}
}

/* RENAME_WHITEOUT leaves a device of the number 0 where the name was. */
TEST(whiteout)
{
	struct stat s;
	check_scratch();
	CHECK_OK(mkdir("d", 0700));
	CHECK_OK(check_spew("a", "text", 4, 0600));
	if (syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d/b", 4 /* WHITEOUT */) < 0) {
		CHECK_EQ(errno, EINVAL);	/* not on every file system */
		return;
	}
	CHECK_OK(lstat("a", &s));
	CHECK_EQ(s.st_mode, S_IFCHR);
	CHECK_EQ(s.st_rdev, 0);
	CHECK_OK(stat("d/b", &s));
	CHECK_EQ(s.st_size, 4);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "e", 6), EINVAL);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "a", 5), EEXIST);
	CHECK_OK(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "e", 5));
	CHECK_OK(lstat("d", &s));
	CHECK_EQ(s.st_mode, S_IFCHR);
	CHECK_OK(stat("e/b", &s));
	CHECK_OK(unlink("d"));
	CHECK_OK(unlink("a"));
	CHECK_ERR(unlink("a"), ENOENT);
}
