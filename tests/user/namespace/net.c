/* network_namespaces(7), unix(7), netdevice(7): each has a loopback of its own, which is down at first, and abstract names. */
#include "check.h"
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

static bool may(void) { return !geteuid() && !access("/proc/self/ns/net", F_OK); }

static struct sockaddr_un name_of(const char *text, socklen_t *size)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	strcpy(a.sun_path + 1, text);
	*size = (socklen_t)(sizeof(sa_family_t) + 1 + strlen(text));
	return a;
}

static int listener(const char *text)
{
	socklen_t size;
	struct sockaddr_un a = name_of(text, &size);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&a, size) || listen(fd, 5)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int caller_on(int fd, const char *text)
{
	socklen_t size;
	struct sockaddr_un a = name_of(text, &size);
	return connect(fd, (struct sockaddr *)&a, size) ? -1 : fd;
}

static int caller(const char *text) { return caller_on(socket(AF_UNIX, SOCK_STREAM, 0), text); }

TEST(abstract_names)
{
	if (!may())
		return;
	int outside = listener("furca-net-test"), early = socket(AF_UNIX, SOCK_STREAM, 0);
	int own = open("/proc/self/ns/net", O_RDONLY);
	CHECK(outside >= 0);
	CHECK_ERR(listener("furca-net-test"), EADDRINUSE);
	CHECK_OK(caller("furca-net-test"));
	CHECK_OK(unshare(CLONE_NEWNET));
	CHECK_ERR(caller("furca-net-test"), ECONNREFUSED);
	CHECK_OK(caller_on(early, "furca-net-test"));	/* a socket stays where it was made */
	int inside = listener("furca-net-test");
	CHECK(inside >= 0);
	CHECK_OK(caller("furca-net-test"));
	close(outside);
	CHECK_OK(caller("furca-net-test"));
	CHECK_OK(setns(own, CLONE_NEWNET));
	CHECK_ERR(caller("furca-net-test"), ECONNREFUSED);
}

TEST(names_in_the_file_system_are_everybodys)
{
	if (!may())
		return;
	check_scratch();
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_OK(bind(fd, (struct sockaddr *)&a, sizeof a));
	CHECK_OK(listen(fd, 1));
	CHECK_OK(unshare(CLONE_NEWNET));
	CHECK_OK(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof a));
}

static int flags_of(const char *name)
{
	struct ifreq r = { 0 };
	strncpy(r.ifr_name, name, IFNAMSIZ - 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	int result = ioctl(fd, SIOCGIFFLAGS, &r) ? -1 : (unsigned short)r.ifr_flags;
	close(fd);
	return result;
}

TEST(loopback)
{
	if (!may())
		return;
	int outside = flags_of("lo");
	CHECK_OK(unshare(CLONE_NEWNET));
	CHECK_EQ(flags_of("lo"), IFF_LOOPBACK);
	CHECK_ERR(flags_of("eth0"), ENODEV);
	CHECK_EQ(if_nametoindex("lo"), 1);
	char name[IF_NAMESIZE];
	CHECK(if_indextoname(1, name) && !strcmp(name, "lo"));
	CHECK(!if_indextoname(2, name));
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK_OK(ioctl(fd, SIOCGIFMTU, &r));
	CHECK_EQ(r.ifr_mtu, 65536);
	CHECK_OK(ioctl(fd, SIOCGIFHWADDR, &r));
	CHECK_EQ(r.ifr_hwaddr.sa_family, 772);
	CHECK_ERR(ioctl(fd, SIOCGIFFLAGS, (void *)8), EFAULT);
	r.ifr_flags = IFF_UP;
	CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &r));
	CHECK_EQ(flags_of("lo"), IFF_LOOPBACK | IFF_UP | IFF_RUNNING);
	r.ifr_flags = 0;
	CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &r));
	CHECK_EQ(flags_of("lo"), IFF_LOOPBACK);
	IN_CHILD {
		CHECK_OK(setresuid(1000, 1000, 1000));
		r.ifr_flags = IFF_UP;
		CHECK_ERR(ioctl(fd, SIOCSIFFLAGS, &r), EPERM);
	}
	(void)outside;
}

TEST(rights_belong_to_the_owner)
{
	if (!may())
		return;
	IN_CHILD {
		struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
		int early = socket(AF_UNIX, SOCK_DGRAM, 0);
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(unshare(CLONE_NEWNET), EPERM);
		CHECK_OK(unshare(CLONE_NEWUSER | CLONE_NEWNET));
		CHECK_OK(ioctl(socket(AF_UNIX, SOCK_DGRAM, 0), SIOCSIFFLAGS, &r));
		CHECK_ERR(ioctl(early, SIOCSIFFLAGS, &r), EPERM);	/* a device outside */
	}
}

TEST(proc_net)
{
	char text[4096];
	CHECK(readlink("/proc/net", text, sizeof text) == 8 && !memcmp(text, "self/net", 8));
	if (!may())
		return;
	CHECK_OK(unshare(CLONE_NEWNET));
	CHECK(check_slurp("/proc/net/dev", text, sizeof text) > 0);
	CHECK(strstr(text, "    lo:") != 0 && !strstr(text, "eth"));
}
