/*
 * net/rtnetlink.c: NETLINK_ROUTE, as far as there is something to ask for or to change: the loopback and its addresses.
 * There are no routes and no neighbours: their lists are empty.
 * Errors: EPERM (changes without CAP_NET_ADMIN in the namespace's owner), EOPNOTSUPP, EINVAL, ENODEV, EEXIST, EADDRNOTAVAIL,
 * ENOBUFS, ENOMEM. Source: rtnetlink(7).
 */
#include "net/netlink.h"
#include "net/device.h"
#include "base/errno.h"
#include "base/string.h"
#include "namespace/net_ns.h"
#include "namespace/user.h"
#include <linux/capability.h>
#include <linux/rtnetlink.h>

#define AF_INET 2
#define AF_INET6 10
#define ANSWERED 1
#define QUEUE_LENGTH 1000
#define KIND_GET 2		/* of a request's number: new, del, get, set */

/* The fixed part of a request, or NULL: it is too short; its attributes follow. */
static const void *head_of(const struct nlmsghdr *h, size_t n)
{
	return h->nlmsg_len >= NLMSG_HDRLEN + n ? (const char *)h + NLMSG_HDRLEN : NULL;
}

static const void *attribute_of(const struct nlmsghdr *h, size_t head, unsigned type, size_t least)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(head);
	return h->nlmsg_len > at ? netlink_find((const char *)h + at, h->nlmsg_len - at, type, least) : NULL;
}

static bool is_dump(const struct nlmsghdr *h) { return (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP; }

static int end_list(struct netlink_answer *a)
{
	netlink_begin(a, NLMSG_DONE, NLM_F_MULTI, sizeof(int));
	int err = netlink_answer_send(a);
	return err ? err : ANSWERED;
}

static void put_u32(struct netlink_answer *a, unsigned type, u32 v) { netlink_attribute(a, type, &v, sizeof(v)); }
static void put_u8(struct netlink_answer *a, unsigned type, u8 v) { netlink_attribute(a, type, &v, sizeof(v)); }

/* -- devices -- */
static void put_link(struct netlink_answer *a, struct net_ns *n, unsigned flags)
{
	static const u8 nowhere[6];
	struct ifinfomsg *i = netlink_begin(a, RTM_NEWLINK, flags, sizeof(*i));
	bool is_up = net_flags(n) & IFF_UP;

	if (!i)
		return;
	i->ifi_type = ARPHRD_LOOPBACK;
	i->ifi_index = LOOPBACK_INDEX;
	i->ifi_flags = net_flags(n);
	netlink_attribute(a, IFLA_IFNAME, "lo", 3);
	put_u32(a, IFLA_TXQLEN, QUEUE_LENGTH);
	put_u8(a, IFLA_OPERSTATE, is_up ? 0 : 2);	/* unknown, as of all without a carrier; down */
	put_u8(a, IFLA_LINKMODE, 0);
	put_u32(a, IFLA_MTU, n->mtu);
	put_u32(a, IFLA_GROUP, 0);
	put_u32(a, IFLA_PROMISCUITY, 0);
	put_u32(a, IFLA_NUM_TX_QUEUES, 1);
	put_u32(a, IFLA_NUM_RX_QUEUES, 1);
	put_u8(a, IFLA_CARRIER, 1);
	netlink_attribute(a, IFLA_QDISC, is_up ? "noqueue" : "noop", is_up ? 8 : 5);
	netlink_attribute(a, IFLA_ADDRESS, nowhere, sizeof(nowhere));
	netlink_attribute(a, IFLA_BROADCAST, nowhere, sizeof(nowhere));
}

/* 0, -EINVAL (none is named), -ENODEV. */
static int find_link(const struct nlmsghdr *h, const struct ifinfomsg *i)
{
	const char *name = attribute_of(h, sizeof(*i), IFLA_IFNAME, 1);

	if (i->ifi_index)
		return i->ifi_index == LOOPBACK_INDEX ? 0 : i->ifi_index < 0 ? -EINVAL : -ENODEV;
	return !name ? -EINVAL : strncmp(name, "lo", 3) ? -ENODEV : 0;
}

static int get_link(struct unix_socket *s, const struct nlmsghdr *h)
{
	struct netlink_answer a = { .to = s, .asked = h };
	const struct ifinfomsg *i = head_of(h, sizeof(*i));

	if (is_dump(h)) {	/* a bare family will do */
		put_link(&a, s->net, NLM_F_MULTI);
		return end_list(&a);
	}
	int err = i ? find_link(h, i) : -EINVAL;
	if (err)
		return err;
	put_link(&a, s->net, 0);
	err = netlink_answer_send(&a);
	return err ? err : ANSWERED;
}

static int set_link(struct unix_socket *s, const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = head_of(h, sizeof(*i));
	const u32 *mtu = attribute_of(h, sizeof(*i), IFLA_MTU, sizeof(*mtu));
	int err = i ? find_link(h, i) : -EINVAL;

	if (err == -EINVAL && i && !i->ifi_index && h->nlmsg_type == RTM_NEWLINK)
		err = -ENODEV;		/* not named: it would be a new one */
	if (err == -ENODEV && h->nlmsg_type == RTM_NEWLINK && (h->nlmsg_flags & NLM_F_CREATE))
		return -EOPNOTSUPP;	/* other kinds of device */
	if (!err && h->nlmsg_type == RTM_NEWLINK && (h->nlmsg_flags & NLM_F_EXCL))
		err = -EEXIST;
	if (!err && h->nlmsg_type == RTM_NEWLINK && (h->nlmsg_flags & NLM_F_REPLACE))
		err = -EOPNOTSUPP;
	if (err)
		return err;
	if (mtu)
		s->net->mtu = *mtu;
	if (i->ifi_flags || i->ifi_change)
		net_set_flags(s->net, i->ifi_flags, i->ifi_change ? i->ifi_change : ~0U);
	return 0;
}

static int delete_link(const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = head_of(h, sizeof(*i));
	int err = i ? find_link(h, i) : -EINVAL;
	return err ? err : -EOPNOTSUPP;		/* the loopback stays */
}

/* -- addresses -- */
static void put_address(struct netlink_answer *a, const struct net_address *at)
{
	bool is_old = at->family == AF_INET;
	struct ifaddrmsg *i = netlink_begin(a, RTM_NEWADDR, NLM_F_MULTI, sizeof(*i));
	size_t bytes = is_old ? 4 : 16;

	if (!i)
		return;
	*i = (struct ifaddrmsg){ at->family, at->prefix, IFA_F_PERMANENT, at->scope, LOOPBACK_INDEX };
	netlink_attribute(a, IFA_ADDRESS, at->bytes, bytes);
	if (is_old) {
		netlink_attribute(a, IFA_LOCAL, at->bytes, bytes);
		netlink_attribute(a, IFA_LABEL, "lo", 3);
	}
	put_u32(a, IFA_FLAGS, IFA_F_PERMANENT);
	netlink_attribute(a, IFA_CACHEINFO, &(struct ifa_cacheinfo){ ~0U, ~0U, 0, 0 }, sizeof(struct ifa_cacheinfo));
}

static int get_addresses(struct unix_socket *s, const struct nlmsghdr *h)
{
	struct netlink_answer a = { .to = s, .asked = h };
	const struct rtgenmsg *family = head_of(h, sizeof(*family));

	if (!is_dump(h))
		return -EOPNOTSUPP;
	for (int i = 0; i < NET_ADDRESSES_MAX; i++) {
		const struct net_address at = s->net->addresses[i];
		if (at.family && (!family || !family->rtgen_family || family->rtgen_family == at.family))
			put_address(&a, &at);
	}
	return end_list(&a);
}

static int change_address(struct unix_socket *s, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *i = head_of(h, sizeof(*i));

	if (!i)
		return -EINVAL;
	if (i->ifa_family != AF_INET && i->ifa_family != AF_INET6)
		return -EOPNOTSUPP;
	size_t bytes = i->ifa_family == AF_INET ? 4 : 16;
	const void *at = attribute_of(h, sizeof(*i), IFA_LOCAL, bytes);
	if (!at && (bytes == 16 || h->nlmsg_type == RTM_DELADDR))
		at = attribute_of(h, sizeof(*i), IFA_ADDRESS, bytes);
	if (!at || i->ifa_prefixlen > bytes * 8)
		return -EINVAL;
	if (i->ifa_index != LOOPBACK_INDEX)
		return -ENODEV;
	struct net_address a = { .family = i->ifa_family, .prefix = i->ifa_prefixlen, .scope = i->ifa_scope };
	memcpy(a.bytes, at, bytes);
	if (h->nlmsg_type == RTM_DELADDR)
		return net_remove_address(s->net, &a);
	int err = net_add_address(s->net, &a);
	return err == -EEXIST && (h->nlmsg_flags & NLM_F_REPLACE) ? 0 : err;
}

int rtnetlink_request(struct unix_socket *s, const struct nlmsghdr *h)
{
	struct netlink_answer none = { .to = s, .asked = h };

	if (h->nlmsg_type > RTM_MAX || !head_of(h, sizeof(struct rtgenmsg)))
		return h->nlmsg_type > RTM_MAX ? -EOPNOTSUPP : 0;
	if ((h->nlmsg_type - RTM_BASE) % 4 != KIND_GET && !ns_capable(s->net->ns.owner, CAP_NET_ADMIN))
		return -EPERM;
	switch (h->nlmsg_type) {
	case RTM_GETLINK: return get_link(s, h);
	case RTM_NEWLINK:
	case RTM_SETLINK: return set_link(s, h);
	case RTM_DELLINK: return delete_link(h);
	case RTM_GETADDR: return get_addresses(s, h);
	case RTM_NEWADDR:
	case RTM_DELADDR: return change_address(s, h);
	case RTM_GETROUTE:
	case RTM_GETNEIGH: return is_dump(h) ? end_list(&none) : -EOPNOTSUPP;
	}
	return -EOPNOTSUPP;
}
