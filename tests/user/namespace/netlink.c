/* netlink(7), rtnetlink(7): the loopback of a fresh network namespace is listed, raised and given addresses. */
#include "check.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static bool may(void) { return !geteuid() && !access("/proc/self/ns/net", F_OK); }

static int route_socket(void) { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE); }

struct request { struct nlmsghdr h; char body[512]; };

static void add(struct request *r, unsigned type, const void *value, size_t n)
{
	struct nlattr *a = (struct nlattr *)((char *)r + NLMSG_ALIGN(r->h.nlmsg_len));
	a->nla_type = (unsigned short)type;
	a->nla_len = (unsigned short)(NLA_HDRLEN + n);
	memcpy((char *)a + NLA_HDRLEN, value, n);
	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

/* Sends it and gives the error that the acknowledgement carries. */
static int ask(int fd, struct request *r)
{
	char answer[4096];
	static unsigned number;
	r->h.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	r->h.nlmsg_seq = ++number;
	if (send(fd, r, r->h.nlmsg_len, 0) != (ssize_t)r->h.nlmsg_len)
		return errno;
	for (;;) {
		ssize_t n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
		struct nlmsghdr *h = (struct nlmsghdr *)answer;
		if (n < (ssize_t)sizeof *h)
			return -1;
		CHECK_EQ(h->nlmsg_seq, number);
		if (h->nlmsg_type == NLMSG_ERROR)
			return -((struct nlmsgerr *)NLMSG_DATA(h))->error;
	}
}

static int link_ask(int fd, int type, int flags, int index, unsigned iff, unsigned change)
{
	struct request r = { .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)), .nlmsg_type = type, .nlmsg_flags = flags } };
	struct ifinfomsg *i = NLMSG_DATA(&r.h);
	i->ifi_index = index;
	i->ifi_flags = iff;
	i->ifi_change = change;
	return ask(fd, &r);
}

static int address_ask(int fd, int type, int flags, int index, int family, int prefix, const void *address)
{
	struct request r = { .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)), .nlmsg_type = type, .nlmsg_flags = flags } };
	struct ifaddrmsg *i = NLMSG_DATA(&r.h);
	*i = (struct ifaddrmsg){ .ifa_family = family, .ifa_prefixlen = prefix, .ifa_scope = RT_SCOPE_HOST, .ifa_index = index };
	if (address) {
		add(&r, IFA_LOCAL, address, family == AF_INET ? 4 : 16);
		add(&r, IFA_ADDRESS, address, family == AF_INET ? 4 : 16);
	}
	return ask(fd, &r);
}

/* How many messages of this type a list has. */
static int list(int fd, int type, int wanted, int family)
{
	struct request r = { .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)), .nlmsg_type = type,
				    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 77 } };
	((struct rtgenmsg *)NLMSG_DATA(&r.h))->rtgen_family = family;
	CHECK_OK(send(fd, &r, r.h.nlmsg_len, 0));
	int found = 0;
	char answer[8192];
	for (;;) {
		int n = (int)recv(fd, answer, sizeof answer, MSG_DONTWAIT);
		if (n <= 0)
			return -1;
		for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			CHECK_EQ(h->nlmsg_seq, 77);
			CHECK(h->nlmsg_flags & NLM_F_MULTI);
			if (h->nlmsg_type == NLMSG_DONE)
				return found;
			found += h->nlmsg_type == wanted;
		}
	}
}

TEST(names)
{
	if (!may())
		return;
	struct sockaddr_nl a = { .nl_family = AF_NETLINK }, got;
	socklen_t size = sizeof got;
	int fd = route_socket(), fd2 = route_socket(), fd3 = route_socket();
	CHECK(fd >= 0 && fd2 >= 0);
	CHECK_OK(getsockname(fd, (struct sockaddr *)&got, &size));
	CHECK(size == sizeof got && got.nl_family == AF_NETLINK && got.nl_pid == 0);
	CHECK_OK(bind(fd, (struct sockaddr *)&a, sizeof a));
	CHECK_OK(getsockname(fd, (struct sockaddr *)&got, &size));
	CHECK_EQ(got.nl_pid, getpid());
	a.nl_pid = getpid();
	CHECK_ERR(bind(fd2, (struct sockaddr *)&a, sizeof a), EADDRINUSE);
	a.nl_pid = 12345678;
	CHECK_ERR(bind(fd, (struct sockaddr *)&a, sizeof a), EINVAL);
	CHECK_OK(bind(fd2, (struct sockaddr *)&a, sizeof a));
	CHECK_ERR(bind(fd3, (struct sockaddr *)&a, 4), EINVAL);
	a.nl_pid = 0;
	CHECK_OK(connect(fd3, (struct sockaddr *)&a, sizeof a));
	CHECK_OK(getsockname(fd3, (struct sockaddr *)&got, &size));
	CHECK(got.nl_pid != 0 && got.nl_pid != (unsigned)getpid());
	CHECK_ERR(socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 99), EPROTONOSUPPORT);
	int two[2];
	CHECK_ERR(socketpair(AF_NETLINK, SOCK_RAW, 0, two), EOPNOTSUPP);
}

TEST(loopback_up_and_down)
{
	if (!may())
		return;
	CHECK_OK(unshare(CLONE_NEWNET));
	int fd = route_socket();
	CHECK_EQ(list(fd, RTM_GETLINK, RTM_NEWLINK, AF_UNSPEC), 1);
	CHECK_EQ(list(fd, RTM_GETADDR, RTM_NEWADDR, AF_UNSPEC), 0);
	CHECK_EQ(link_ask(fd, RTM_NEWLINK, 0, 1, IFF_UP, IFF_UP), 0);
	CHECK_EQ(list(fd, RTM_GETADDR, RTM_NEWADDR, AF_INET), 1);
	struct ifreq r = { .ifr_name = "lo" };
	CHECK_OK(ioctl(socket(AF_UNIX, SOCK_DGRAM, 0), SIOCGIFFLAGS, &r));
	CHECK(r.ifr_flags & IFF_UP);
	CHECK_EQ(link_ask(fd, RTM_SETLINK, 0, 1, 0, IFF_UP), 0);
	CHECK_OK(ioctl(socket(AF_UNIX, SOCK_DGRAM, 0), SIOCGIFFLAGS, &r));
	CHECK(!(r.ifr_flags & IFF_UP));
	CHECK_EQ(link_ask(fd, RTM_SETLINK, 0, 999, 0, 0), ENODEV);
	CHECK_EQ(link_ask(fd, RTM_NEWLINK, 0, 999, 0, 0), ENODEV);
	CHECK_EQ(link_ask(fd, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 1, 0, 0), EEXIST);
	CHECK_EQ(link_ask(fd, RTM_DELLINK, 0, 1, 0, 0), EOPNOTSUPP);
	CHECK_EQ(link_ask(fd, RTM_DELLINK, 0, 999, 0, 0), ENODEV);
	CHECK_EQ(link_ask(fd, RTM_GETLINK, 0, 999, 0, 0), ENODEV);
}

TEST(addresses)
{
	static const unsigned char local[4] = { 127, 0, 0, 1 }, other[4] = { 10, 1, 2, 3 };
	if (!may())
		return;
	CHECK_OK(unshare(CLONE_NEWNET));
	int fd = route_socket(), create = NLM_F_CREATE | NLM_F_EXCL;
	CHECK_EQ(address_ask(fd, RTM_NEWADDR, create, 1, AF_INET, 8, local), 0);	/* what bwrap does */
	CHECK_EQ(address_ask(fd, RTM_NEWADDR, create, 1, AF_INET, 8, local), EEXIST);
	CHECK_EQ(address_ask(fd, RTM_NEWADDR, create, 1, AF_INET, 24, other), 0);
	CHECK_EQ(list(fd, RTM_GETADDR, RTM_NEWADDR, AF_INET), 2);
	CHECK_EQ(address_ask(fd, RTM_NEWADDR, create, 1, AF_INET, 33, other), EINVAL);
	CHECK_EQ(address_ask(fd, RTM_NEWADDR, create, 1, AF_INET, 24, 0), EINVAL);
	CHECK_EQ(address_ask(fd, RTM_NEWADDR, create, 99, AF_INET, 24, other), ENODEV);
	CHECK_EQ(address_ask(fd, RTM_DELADDR, 0, 1, AF_INET, 24, other), 0);
	CHECK_EQ(address_ask(fd, RTM_DELADDR, 0, 1, AF_INET, 24, other), EADDRNOTAVAIL);
	CHECK_EQ(list(fd, RTM_GETADDR, RTM_NEWADDR, AF_INET), 1);
}

TEST(only_the_owner_changes)
{
	if (!may())
		return;
	IN_CHILD {
		CHECK_OK(setresuid(1000, 1000, 1000));
		int fd = route_socket();
		CHECK(list(fd, RTM_GETLINK, RTM_NEWLINK, AF_UNSPEC) >= 1);
		CHECK_EQ(link_ask(fd, RTM_SETLINK, 0, 1, IFF_UP, IFF_UP), EPERM);
		CHECK_OK(unshare(CLONE_NEWUSER | CLONE_NEWNET));
		CHECK_EQ(link_ask(route_socket(), RTM_SETLINK, 0, 1, IFF_UP, IFF_UP), 0);
	}
}

TEST(pieces)
{
	char answer[64];
	if (!may())
		return;
	CHECK_OK(unshare(CLONE_NEWNET));
	int fd = route_socket();
	struct nlmsghdr h = { .nlmsg_len = 4, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK, .nlmsg_type = RTM_GETLINK };
	CHECK_EQ(send(fd, &h, sizeof h, 0), (ssize_t)sizeof h);		/* no message: dropped */
	CHECK_ERR(recv(fd, answer, sizeof answer, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(send(fd, (void *)8, 20, 0), EFAULT);
	struct request r = { .h = { .nlmsg_len = NLMSG_LENGTH(1), .nlmsg_type = 9999 } };
	CHECK_EQ(ask(fd, &r), EOPNOTSUPP);
	CHECK_EQ(link_ask(fd, RTM_SETLINK, 0, 1, IFF_UP, IFF_UP), 0);
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = 87654321 };
	CHECK_ERR(sendto(fd, &h, sizeof h, 0, (struct sockaddr *)&to, sizeof to), ECONNREFUSED);
}
