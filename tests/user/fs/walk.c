/* The walk along a path: plain names in a row, and everything that is not plain among them. */
#include "check.h"
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>

static long stat_error(const char *path)
{
	struct stat st;
	return stat(path, &st) ? errno : 0;
}

static void make_tree(void)
{
	check_scratch();
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("a/b", 0755));
	CHECK_OK(mkdir("a/b/a folder with a name of forty characters", 0755));
	CHECK_OK(mkdir("a/.c", 0755));
	CHECK_OK(check_spew("a/b/a folder with a name of forty characters/file", "x", 1, 0644));
	CHECK_OK(check_spew("a/.c/f", "y", 1, 0644));
	CHECK_OK(symlink("b/a folder with a name of forty characters", "a/link"));
	CHECK_OK(symlink("file", "a/link/to file"));
	CHECK_OK(symlink("a/", "to a"));
	CHECK_OK(symlink("nothing", "to nothing"));
}

TEST(found)
{
	make_tree();
	CHECK_EQ(stat_error("a/b/a folder with a name of forty characters/file"), 0);
	CHECK_EQ(stat_error("a//b///a folder with a name of forty characters//file"), 0);
	CHECK_EQ(stat_error("./a/./b/../b/a folder with a name of forty characters/./file"), 0);
	CHECK_EQ(stat_error("a/link/file"), 0);
	CHECK_EQ(stat_error("a/link/to file"), 0);
	CHECK_EQ(stat_error("to a/link/../link/to file"), ENOENT);	/* ".." of where the link leads */
	CHECK_EQ(stat_error("to a/link/../../link/to file"), 0);
	CHECK_EQ(stat_error("a/.c/f"), 0);
	CHECK_EQ(stat_error("a/b/"), 0);
	CHECK_EQ(stat_error("a/link/"), 0);
	CHECK_EQ(stat_error("to a"), 0);
}

TEST(not_found)
{
	char name[300];
	make_tree();
	CHECK_EQ(stat_error("a/b/c"), ENOENT);
	CHECK_EQ(stat_error("a/none/c"), ENOENT);
	CHECK_EQ(stat_error("a/none/.."), ENOENT);
	CHECK_EQ(stat_error("a/b/a folder with a name of forty character"), ENOENT);
	CHECK_EQ(stat_error("a/b/a folder with a name of forty characterz"), ENOENT);
	CHECK_EQ(stat_error("a/link/file/"), ENOTDIR);
	CHECK_EQ(stat_error("a/link/file/x"), ENOTDIR);
	CHECK_EQ(stat_error("a/link/to file/"), ENOTDIR);
	CHECK_EQ(stat_error("to nothing"), ENOENT);
	CHECK_EQ(stat_error("to nothing/x"), ENOENT);
	memset(name, 'x', sizeof name);
	name[255] = 0;
	CHECK_EQ(stat_error(name), ENOENT);
	name[255] = 'x';
	name[256] = 0;
	CHECK_EQ(stat_error(name), ENAMETOOLONG);
	memcpy(name, "none/", 5);
	CHECK_EQ(stat_error(name), ENOENT);
}

TEST(the_link_itself)
{
	struct stat st;
	make_tree();
	CHECK_OK(lstat("a/link", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_OK(lstat("a/link/", &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_OK(lstat("to a", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_ERR(open("a/link", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("a/b", O_RDONLY | O_CREAT, 0644), EISDIR);
	CHECK_OK(close(NEED_OK(open("to a/link/to file", O_RDONLY | O_CREAT, 0644))));
}

TEST(links_in_links)
{
	make_tree();
	CHECK_OK(symlink("to a/link", "far"));
	CHECK_OK(symlink("far//../.././../to a/", "farther"));
	CHECK_OK(symlink("round", "and"));
	CHECK_OK(symlink("and", "round"));
	CHECK_OK(symlink("a/link/file", "end"));
	CHECK_EQ(stat_error("far/file"), 0);
	CHECK_EQ(stat_error("far//to file"), 0);
	CHECK_EQ(stat_error("farther/link/file"), 0);
	CHECK_EQ(stat_error("farther/link/none"), ENOENT);
	CHECK_EQ(stat_error("farther"), 0);
	CHECK_EQ(stat_error("and"), ELOOP);
	CHECK_EQ(stat_error("round/x"), ELOOP);
	CHECK_EQ(stat_error("end"), 0);
	CHECK_EQ(stat_error("end/"), ENOTDIR);
	CHECK_EQ(stat_error("end/x"), ENOTDIR);
	CHECK_OK(close(NEED_OK(open("end", O_RDWR | O_CREAT, 0644))));
	CHECK_OK(close(NEED_OK(open("to nothing", O_RDWR | O_CREAT, 0644))));
	CHECK_EQ(stat_error("nothing"), 0);
}

static long open_error(int dir, const char *path, unsigned long flags, unsigned long resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };
	long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
	return fd < 0 ? errno : close((int)fd);
}

TEST(links_that_are_refused)
{
	make_tree();
	CHECK_OK(symlink("/b", "a/from the root"));
	CHECK_OK(symlink("../a/b", "a/up"));
	int a = NEED_OK(open("a", O_PATH));
	CHECK_EQ(open_error(AT_FDCWD, "a/b", 0, RESOLVE_NO_SYMLINKS), 0);
	CHECK_EQ(open_error(AT_FDCWD, "a/link/file", 0, RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_EQ(open_error(AT_FDCWD, "a/link", 0, RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_EQ(open_error(AT_FDCWD, "a/link", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS), 0);
	CHECK_EQ(open_error(AT_FDCWD, "a/link/file", 0, RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV), 0);
	CHECK_EQ(open_error(a, "link/file", 0, RESOLVE_BENEATH), 0);
	CHECK_EQ(open_error(a, "from the root", 0, RESOLVE_BENEATH), EXDEV);
	CHECK_EQ(open_error(a, "up/x", 0, RESOLVE_BENEATH), EXDEV);
	CHECK_EQ(open_error(a, "from the root", 0, RESOLVE_IN_ROOT), 0);
	CHECK_EQ(open_error(a, "from the root/../link/file", 0, RESOLVE_IN_ROOT), 0);
	CHECK_EQ(open_error(a, "up", 0, RESOLVE_IN_ROOT), ENOENT);
}

/* A folder that not everybody may search, on the way. */
TEST(searched_by_few)
{
	make_tree();
	CHECK_OK(chmod("a", 0711));
	CHECK_OK(chmod("a/b", 0750));
	CHECK_EQ(stat_error("a/link/file"), 0);
	if (getuid())
		return;
	IN_CHILD {
		CHECK_OK(setgid(4711));
		CHECK_OK(setuid(4711));
		CHECK_EQ(stat_error("a/.c/f"), 0);
		CHECK_EQ(stat_error("a/b"), 0);
		CHECK_EQ(stat_error("a/link/file"), EACCES);
		CHECK_EQ(stat_error("a/b/none"), EACCES);
		CHECK_EQ(stat_error("a/none/x"), ENOENT);
	}
}

TEST(mounts_on_the_way)
{
	if (getuid())
		return;
	make_tree();
	if (mount("t", "a/b", "tmpfs", 0, NULL))
		return;
	CHECK_EQ(stat_error("a/link/file"), ENOENT);
	CHECK_OK(mkdir("a/b/in", 0755));
	CHECK_EQ(stat_error("a/b/in"), 0);
	CHECK_EQ(stat_error("a/b/in/../../link"), ENOENT);
	CHECK_EQ(stat_error("a/b/in/../../.c/f"), 0);
	CHECK_OK(umount("a/b"));
	CHECK_EQ(stat_error("a/link/file"), 0);
}

/* Folders come and go while others walk through them. */
TEST(while_names_change)
{
	make_tree();
	long end = check_now_ms() + 300;
	pid_t pid = check_child_begin();
	if (!pid) {
		while (check_now_ms() < end) {
			CHECK_OK(rename("a/b", "a/d"));
			CHECK_OK(rename("a/d", "a/b"));
			CHECK_OK(mkdir("a/e", 0755));
			CHECK_OK(mkdir("a/e/f", 0755));
			CHECK_OK(rmdir("a/e/f"));
			CHECK_OK(rmdir("a/e"));
		}
		_exit(check_failed ? 1 : 0);
	}
	while (check_now_ms() < end) {
		long one = stat_error("a/b/a folder with a name of forty characters/file"), two = stat_error("a/e/f"),
		     three = stat_error("a/e/f/..");
		CHECK((!one || one == ENOENT) && (!two || two == ENOENT) && (!three || three == ENOENT));
	}
	CHECK_WAIT(pid, EXITED(0));
}

/* A folder is moved out of the one that the walk must not leave, while the walk is in it. */
TEST(moved_away_on_the_way)
{
	check_scratch();
	CHECK_OK(mkdir("in", 0755));
	CHECK_OK(mkdir("in/d", 0755));
	CHECK_OK(mkdir("out", 0755));
	CHECK_OK(check_spew("out/secret", "x", 1, 0644));
	int in = NEED_OK(open("in", O_PATH)), escapes = 0;
	long end = check_now_ms() + 400;
	pid_t pid = check_child_begin();
	if (!pid) {
		while (check_now_ms() < end) {
			CHECK_OK(rename("in/d", "out/d"));
			CHECK_OK(rename("out/d", "in/d"));
		}
		_exit(check_failed ? 1 : 0);
	}
	while (check_now_ms() < end) {
		escapes += open_error(in, "d/../secret", 0, RESOLVE_IN_ROOT) == 0;
		escapes += open_error(in, "d/../secret", 0, RESOLVE_BENEATH) == 0;
	}
	CHECK_EQ(escapes, 0);
	CHECK_WAIT(pid, EXITED(0));
}
