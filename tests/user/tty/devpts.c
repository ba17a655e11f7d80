/* The file system devpts: instances, options, its ptmx. Needs root. */
#include "tty.h"
#include <sched.h>
#include <sys/sysmacros.h>

static void own_instance(const char *options)
{
	tty_mount_devpts();
	if (geteuid())
		_exit(0);
	/* a mount namespace of our own where there are such: nothing is left behind in any case */
	if (unshare(CLONE_NEWNS) == 0)
		mount(0, "/", 0, MS_REC | MS_PRIVATE, 0);
	check_scratch();
	NEED_OK(mkdir("pts", 0755));
	NEED_OK(mount("devpts", "pts", "devpts", 0, options));
}

TEST(modes)
{
	struct stat st;
	own_instance("newinstance,gid=5,mode=620,ptmxmode=666");
	CHECK_OK(stat("pts/ptmx", &st));
	CHECK_EQ(st.st_mode, S_IFCHR | 0666);
	CHECK_EQ(st.st_rdev, makedev(5, 2));
	int master = CHECK_OK(open("pts/ptmx", O_RDWR | O_NOCTTY));
	CHECK_OK(stat("pts/0", &st));
	CHECK_EQ(st.st_mode, S_IFCHR | 0620);
	CHECK_EQ(st.st_gid, 5);
	CHECK_EQ(st.st_uid, 0);
	CHECK_EQ(st.st_rdev, makedev(136, 0));
	int second = CHECK_OK(open("pts/ptmx", O_RDWR | O_NOCTTY));
	CHECK_OK(stat("pts/1", &st));
	CHECK_OK(close(master));
	CHECK_ERR(stat("pts/0", &st), ENOENT);
	master = CHECK_OK(open("pts/ptmx", O_RDWR | O_NOCTTY));
	CHECK_OK(stat("pts/0", &st));
	close(master);
	close(second);
	CHECK_OK(umount("pts"));
}

TEST(apart)
{
	own_instance("ptmxmode=666");
	int ours = CHECK_OK(open("pts/ptmx", O_RDWR | O_NOCTTY));
	CHECK_OK(ioctl(ours, TIOCSPTLCK, &(int){0}));
	CHECK_OK(access("pts/0", F_OK));
	int slave = CHECK_OK(open("pts/0", O_RDWR | O_NOCTTY));
	tty_type(ours, "mine\n");
	CHECK_STR(tty_text(slave), "mine\n");
	int other = tty_master(), other_slave = tty_slave(other, O_NOCTTY);
	tty_type(other, "yours\n");
	CHECK_STR(tty_text(other_slave), "yours\n");
	CHECK(!tty_ready(slave, POLLIN, 0));
	CHECK_ERR(umount("pts"), EBUSY);
	close(slave);
	close(ours);
	CHECK_OK(umount("pts"));
}

TEST(limit)
{
	own_instance("max=1,ptmxmode=666");
	int master = CHECK_OK(open("pts/ptmx", O_RDWR | O_NOCTTY));
	CHECK_ERR(open("pts/ptmx", O_RDWR | O_NOCTTY), ENOSPC);
	close(master);
	CHECK_OK(umount("pts"));
}

TEST(refused)
{
	own_instance("");
	CHECK_ERR(mount("devpts", "pts", "devpts", 0, "color=blue"), EINVAL);
	CHECK_ERR(mount("devpts", "pts", "devpts", 0, "mode=abc"), EINVAL);
	CHECK_ERR(open("pts/new", O_RDWR | O_CREAT, 0600), EACCES);
	CHECK_ERR(mkdir("pts/new", 0700), EPERM);
	CHECK_ERR(unlink("pts/ptmx"), EPERM);
	CHECK_OK(umount("pts"));
}
