/* inotify(7): which events come for what, in what order, and what the calls refuse. */
#include "check.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

static char events[8192];
static int fd;

/* All that is there, as "wd:mask[:name] ..." */
static const char *news(void)
{
	static char text[4096];
	ssize_t n = read(fd, events, sizeof events);
	size_t used = 0;
	text[0] = 0;
	for (char *at = events; n > 0 && at < events + n;) {
		struct inotify_event *e = (void *)at;
		used += snprintf(text + used, sizeof text - used, "%s%d:%x%s%s", used ? " " : "", e->wd, e->mask,
				 e->len ? ":" : "", e->len ? e->name : "");
		at += sizeof *e + e->len;
	}
	return text;
}

static void begin(void)
{
	check_scratch();
	fd = NEED_OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

TEST(errors)
{
	begin();
	CHECK_ERR(inotify_init1(1 << 20), EINVAL);
	CHECK_ERR(inotify_add_watch(fd, ".", 0), EINVAL);
	CHECK_ERR(inotify_add_watch(99, ".", IN_OPEN), EBADF);
	CHECK_ERR(inotify_add_watch(0, ".", IN_OPEN), EINVAL);
	CHECK_ERR(inotify_add_watch(fd, "none", IN_OPEN), ENOENT);
	CHECK_ERR(inotify_add_watch(fd, "", IN_OPEN), ENOENT);
	CHECK_ERR(inotify_add_watch(fd, (char *)8, IN_OPEN), EFAULT);
	CHECK_ERR(inotify_add_watch(fd, ".", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), EINVAL);
	CHECK_EQ(check_spew("f", "", 0, 0600), 0);
	CHECK_ERR(inotify_add_watch(fd, "f", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	CHECK_ERR(inotify_rm_watch(fd, 1), EINVAL);
	CHECK_ERR(inotify_rm_watch(99, 1), EBADF);
	CHECK_ERR(inotify_rm_watch(0, 1), EINVAL);
	CHECK_ERR(read(fd, events, sizeof events), EAGAIN);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	if (geteuid() == 0)
		IN_CHILD {
			CHECK_OK(setuid(65534));
			CHECK_ERR(inotify_add_watch(fd, "f", IN_OPEN), EACCES);
		}
}

TEST(one_file)
{
	begin();
	CHECK_EQ(check_spew("f", "text", 4, 0600), 0);
	CHECK_EQ(inotify_add_watch(fd, "f", IN_ALL_EVENTS), 1);
	int f = NEED_OK(open("f", O_RDWR));
	CHECK_STR(news(), "1:20");
	char c;
	CHECK_EQ(read(f, &c, 1), 1);
	CHECK_EQ(read(f, &c, 1), 1);		/* the same again is one event */
	CHECK_STR(news(), "1:1");
	CHECK_EQ(write(f, "x", 1), 1);
	CHECK_STR(news(), "1:2");
	CHECK_EQ(lseek(f, 0, SEEK_END), 4);
	CHECK_EQ(read(f, &c, 1), 0);		/* nothing was read */
	CHECK_STR(news(), "");
	CHECK_OK(ftruncate(f, 1));
	CHECK_STR(news(), "1:2");
	CHECK_OK(fchmod(f, 0644));
	CHECK_STR(news(), "1:4");
	close(f);
	CHECK_STR(news(), "1:8");
	f = NEED_OK(open("f", O_RDONLY));
	close(f);
	CHECK_STR(news(), "1:20 1:10");
	CHECK_OK(link("f", "g"));
	CHECK_STR(news(), "1:4");
	CHECK_OK(rename("f", "h"));
	CHECK_STR(news(), "1:800");
	CHECK_OK(unlink("g"));
	CHECK_STR(news(), "1:4");
	CHECK_OK(unlink("h"));
	CHECK_STR(news(), "1:4 1:400 1:8000");
	CHECK_ERR(inotify_rm_watch(fd, 1), EINVAL);
}

TEST(a_directory)
{
	begin();
	CHECK_OK(mkdir("d", 0755));
	CHECK_EQ(inotify_add_watch(fd, "d", IN_ALL_EVENTS), 1);
	int f = NEED_OK(open("d/f", O_CREAT | O_WRONLY, 0600));
	CHECK_STR(news(), "1:100:f 1:20:f");
	CHECK_EQ(write(f, "x", 1), 1);
	close(f);
	CHECK_STR(news(), "1:2:f 1:8:f");
	CHECK_OK(mkdir("d/sub", 0755));
	CHECK_STR(news(), "1:40000100:sub");
	CHECK_OK(symlink("x", "d/link"));
	CHECK_OK(mkfifo("d/fifo", 0600));
	CHECK_OK(link("d/f", "d/hard"));
	CHECK_STR(news(), "1:100:link 1:100:fifo 1:100:hard");
	CHECK_OK(chmod("d/sub", 0700));
	CHECK_STR(news(), "1:40000004:sub");
	CHECK_OK(rename("d/f", "d/g"));
	struct inotify_event *e = (void *)events;
	CHECK_STR(news(), "1:40:f 1:80:g");
	uint32_t cookie = e->cookie;
	CHECK(cookie != 0);
	e = (void *)(events + sizeof *e + e->len);
	CHECK_EQ(e->cookie, cookie);
	CHECK_OK(rename("d/g", "out"));
	CHECK_STR(news(), "1:40:g");
	CHECK_OK(rename("out", "d/hard2"));
	CHECK_STR(news(), "1:80:hard2");
	CHECK_OK(unlink("d/link"));
	CHECK_OK(rmdir("d/sub"));
	CHECK_STR(news(), "1:200:link 1:40000200:sub");
	DIR *dir = opendir("d");
	CHECK_STR(news(), "1:40000020");
	readdir(dir);
	closedir(dir);
	CHECK_STR(news(), "1:40000001 1:40000010");
	CHECK_OK(unlink("d/fifo"));
	CHECK_OK(unlink("d/hard"));
	CHECK_OK(unlink("d/hard2"));
	news();
	CHECK_OK(rmdir("d"));
	CHECK_STR(news(), "1:400 1:8000");
}

TEST(a_file_and_its_directory)
{
	begin();
	CHECK_EQ(check_spew("f", "", 0, 0600), 0);
	CHECK_EQ(inotify_add_watch(fd, ".", IN_OPEN | IN_DELETE), 1);
	CHECK_EQ(inotify_add_watch(fd, "f", IN_OPEN | IN_DELETE_SELF), 2);
	close(NEED_OK(open("f", O_RDONLY)));
	CHECK_STR(news(), "1:20:f 2:20");
	CHECK_OK(unlink("f"));
	CHECK_STR(news(), "2:400 2:8000 1:200:f");
}

TEST(masks)
{
	begin();
	CHECK_EQ(check_spew("f", "", 0, 0600), 0);
	CHECK_EQ(inotify_add_watch(fd, "f", IN_OPEN), 1);
	CHECK_EQ(inotify_add_watch(fd, "./f", IN_CLOSE), 1);	/* the same inode: the mask is another */
	close(NEED_OK(open("f", O_RDONLY)));
	CHECK_STR(news(), "1:10");
	CHECK_EQ(inotify_add_watch(fd, "f", IN_OPEN | IN_MASK_ADD), 1);
	close(NEED_OK(open("f", O_RDONLY)));
	CHECK_STR(news(), "1:20 1:10");
	CHECK_ERR(inotify_add_watch(fd, "f", IN_OPEN | IN_MASK_CREATE), EEXIST);
	CHECK_OK(inotify_rm_watch(fd, 1));
	CHECK_STR(news(), "1:8000");
	CHECK_EQ(inotify_add_watch(fd, "f", IN_OPEN | IN_ONESHOT), 2);	/* a number is not used again */
	close(NEED_OK(open("f", O_RDONLY)));
	close(NEED_OK(open("f", O_RDONLY)));
	CHECK_STR(news(), "2:20 2:8000");
	CHECK_OK(symlink("f", "link"));
	CHECK_EQ(inotify_add_watch(fd, "link", IN_DELETE_SELF | IN_DONT_FOLLOW), 3);
	CHECK_OK(unlink("link"));
	CHECK_STR(news(), "3:400 3:8000");
}

/* What was never open does not close. */
TEST(an_open_that_fails)
{
	begin();
	CHECK_OK(mkfifo("fifo", 0600));
	CHECK_OK(mknod("socket", S_IFSOCK | 0600, 0));
	CHECK_EQ(inotify_add_watch(fd, ".", IN_ALL_EVENTS), 1);
	CHECK_ERR(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	CHECK_ERR(open("socket", O_RDONLY), ENXIO);
	CHECK_STR(news(), "");
}

TEST(reading)
{
	begin();
	CHECK_EQ(check_spew("f", "", 0, 0600), 0);
	CHECK_EQ(inotify_add_watch(fd, ".", IN_OPEN | IN_CLOSE), 1);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	CHECK_EQ(poll(&p, 1, 0), 0);
	close(NEED_OK(open("f", O_RDONLY)));
	CHECK_EQ(poll(&p, 1, 0), 1);
	int bytes = 0;
	CHECK_OK(ioctl(fd, FIONREAD, &bytes));
	CHECK_EQ(bytes, 64);
	CHECK_ERR(read(fd, events, 16), EINVAL);	/* no room for the first */
	CHECK_EQ(read(fd, events, 40), 32);		/* whole events only */
	CHECK_EQ(read(fd, events, 400), 32);
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	pid_t child = fork();
	if (child == 0) {
		check_sleep_ms(20);
		close(open("f", O_RDONLY));
		_exit(0);
	}
	CHECK(read(fd, events, 400) >= 32);		/* waits */
	CHECK_WAIT(child, EXITED(0));
}

TEST(exchange)
{
	begin();
	CHECK_EQ(check_spew("f", "", 0, 0600), 0);
	CHECK_OK(mkdir("d", 0700));
	CHECK_EQ(inotify_add_watch(fd, ".", IN_MOVE), 1);
	CHECK_EQ(inotify_add_watch(fd, "d", IN_MOVE_SELF), 2);
	CHECK_OK(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "d", 2));
	CHECK_STR(news(), "1:40:f 1:80:d 1:40000040:d 1:40000080:f 2:800");
	CHECK_EQ(check_spew("g", "", 0, 0600), 0);
	CHECK_EQ(inotify_add_watch(fd, "g", IN_ALL_EVENTS), 3);
	CHECK_OK(rename("d", "g"));		/* what was there goes */
	CHECK_STR(news(), "1:40:d 1:80:g 3:4 3:400 3:8000");
}
