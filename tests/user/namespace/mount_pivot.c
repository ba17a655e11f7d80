/* pivot_root(2), chroot(2): what may become the root, and what becomes of the old one. */
#include "mounts.h"

static long pivot(const char *new_root, const char *put_old) { return syscall(SYS_pivot_root, new_root, put_old); }

/* A root that may be given up, whatever the system's own first one is: r, with r/new a mount and r/new/old a place. */
static bool begin(void)
{
	if (!mounts_begin())
		return false;
	mounts_dir("r");
	mounts_tmpfs("r");
	mounts_mark("r/was_root");
	mounts_dir("r/new"), mounts_dir("r/proc"), mounts_dir("r/dir");
	mounts_bind("/proc", "r/proc");
	mounts_tmpfs("r/new");
	mounts_mark("r/new/x");
	mounts_dir("r/new/old"), mounts_dir("r/new/proc");
	mounts_bind("/proc", "r/new/proc");
	NEED_OK(chroot("r"));
	NEED_OK(chdir("/"));
	return true;
}

TEST(exchanges_the_roots)
{
	if (!begin())
		return;
	int fds[2], back[2];
	char c, cwd[100];
	NEED_OK(pipe(fds));
	NEED_OK(pipe(back));
	/* another process at the old root comes along; one that is elsewhere stays there */
	pid_t p = fork();
	if (!p) {
		CHECK_EQ(write(back[1], "1", 1), 1);
		CHECK_EQ(read(fds[0], &c, 1), 1);
		CHECK(mounts_has("/x") && mounts_has("x"));
		_exit(check_failed != 0);
	}
	pid_t q = fork();
	if (!q) {
		NEED_OK(chdir("/dir"));
		CHECK_EQ(write(back[1], "1", 1), 1);
		CHECK_EQ(read(fds[0], &c, 1), 1);
		CHECK(mounts_has("/x"));
		CHECK(getcwd(cwd, sizeof cwd));
		CHECK_STR(cwd, "/old/dir");
		_exit(check_failed != 0);
	}
	CHECK_EQ(read(back[0], &c, 1), 1);
	CHECK_EQ(read(back[0], &c, 1), 1);
	CHECK_OK(pivot("/new", "/new/old"));
	CHECK(mounts_has("/x") && mounts_has("x"));
	CHECK(mounts_has("/old/was_root"));
	CHECK(mounts_is("/old") && mounts_is("/"));
	CHECK(getcwd(cwd, sizeof cwd));
	CHECK_STR(cwd, "/");
	CHECK_EQ(write(fds[1], "11", 2), 2);
	CHECK_WAIT(p, EXITED(0));
	CHECK_WAIT(q, EXITED(0));
	CHECK_OK(umount2("/old", MNT_DETACH));
	CHECK(!mounts_has("/old/was_root"));
	/* there is no way up */
	NEED_OK(chdir("../../.."));
	CHECK(mounts_has("x"));
}

TEST(dot_on_dot)
{
	char cwd[100];
	if (!begin())
		return;
	NEED_OK(chdir("/new"));
	CHECK_OK(pivot(".", "."));
	CHECK(mounts_has("/x"));
	CHECK(mounts_has("x"));		/* the working directory lies below the old root, which covers the new one */
	CHECK_OK(umount2(".", MNT_DETACH));
	CHECK(mounts_has("/x"));
	CHECK_OK(chdir("/"));
	CHECK(getcwd(cwd, sizeof cwd));
	CHECK_STR(cwd, "/");
	struct mount_line m;
	CHECK_EQ(mounts_find("/", &m), 1);
}

TEST(errors)
{
	if (!begin())
		return;
	NEED_OK(check_spew("/file", "", 0, 0644));
	CHECK_ERR(pivot("/absent", "/new/old"), ENOENT);
	CHECK_ERR(pivot("/new", "/new/absent"), ENOENT);
	CHECK_ERR(pivot("/file", "/new/old"), ENOTDIR);
	CHECK_ERR(pivot("/new", "/file"), ENOTDIR);
	CHECK_ERR(pivot("/new", "/new/x"), ENOTDIR);
	CHECK_ERR(pivot((char *)1, "/new/old"), EFAULT);
	CHECK_ERR(pivot("/new", (char *)1), EFAULT);
	CHECK_ERR(pivot("/", "/"), EBUSY);
	CHECK_ERR(pivot("/new", "/dir"), EBUSY);	/* put_old on the root's own mount */
	CHECK_ERR(pivot("/dir", "/new/old"), EBUSY);
	CHECK_ERR(pivot("/new/old", "/new/old"), EINVAL);	/* no mount */
	CHECK_ERR(pivot("/new", "/proc"), EINVAL);	/* not below */
	CHECK_ERR(pivot("/new/proc", "/new"), EINVAL);
	IN_CHILD {
		NEED_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(pivot("/new", "/new/old"), EPERM);
		CHECK_ERR(pivot("/absent", "/new/old"), EPERM);
	}
	/* what is shared would have to do the same elsewhere */
	mounts_type("/new", MS_SHARED);
	CHECK_ERR(pivot("/new", "/new/old"), EINVAL);
	mounts_type("/new", MS_PRIVATE);
	mounts_type("/", MS_SHARED);
	CHECK_ERR(pivot("/new", "/new/old"), EINVAL);
	mounts_type("/", MS_PRIVATE);
	/* the root must be one of a mount */
	IN_CHILD {
		mounts_dir("/dir/new"), mounts_dir("/dir/proc");
		mounts_tmpfs("/dir/new");
		mounts_dir("/dir/new/old");
		NEED_OK(chroot("/dir"));
		CHECK_ERR(pivot("/new", "/new/old"), EINVAL);
	}
	CHECK_OK(pivot("/new", "/new/old"));
}

/* A place on the way out of a chroot is never the way out. */
TEST(chroot_and_the_way_up)
{
	char cwd[100];
	if (!mounts_begin())
		return;
	mounts_dir("r"), mounts_dir("r/in"), mounts_dir("r/in/deep");
	mounts_mark("outside");
	mounts_tmpfs("r/in/deep");
	NEED_OK(chroot("r"));
	NEED_OK(chdir("/in/deep"));
	CHECK_OK(chdir("../../../.."));
	CHECK(!mounts_has("outside"));
	CHECK(getcwd(cwd, sizeof cwd));
	CHECK_STR(cwd, "/");
	CHECK_ERR(chroot("absent"), ENOENT);
	IN_CHILD {
		NEED_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(chroot("/"), EPERM);
		CHECK_ERR(chroot("/absent"), ENOENT);
	}
}
