/*
 * namespace/net_ns.c: network namespaces. There is no network yet but AF_UNIX, whose abstract names each namespace has of its
 * own, and a loopback device that can be named, raised and given addresses (net/device.c, net/netlink.c).
 * Locks: the namespace's own. Errors: ENOSPC, ENOMEM. Source: network_namespaces(7), unix(7), netdevice(7).
 */
#include "namespace/net_ns.h"
#include "namespace/user.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/slab.h"
#include "net/device.h"
#include "task/task.h"
#include <linux/sched.h>

#define AF_INET 2
#define AF_INET6 10
#define SCOPE_HOST 254		/* RT_SCOPE_HOST */
#define FLAGS_SETTABLE (IFF_UP | IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP | IFF_DEBUG | IFF_NOTRAILERS | IFF_DYNAMIC)

SLAB_CACHE(net_ns_cache, struct net_ns);

static struct ns *net_ns_copy(struct ns *from, const struct ns_request *req);
static void net_ns_destroy(struct ns *ns);
static const struct ns_ops net_ns_ops = {
	.name = "net", .flag = CLONE_NEWNET, .copy = net_ns_copy, .destroy = net_ns_destroy,
};

struct net_ns first_net_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xeffffff9, .ops = &net_ns_ops, .owner = &first_user_ns },
	.lock = SPINLOCK_INIT(RANK_TASK),
	.flags = IFF_LOOPBACK, .mtu = LOOPBACK_MTU,
};

struct net_ns *current_net_ns(void) { return net_ns_from(current->ns->of[NS_NET]); }

/* Nothing of the old one is taken over: the loopback is down and has no address. */
static struct ns *net_ns_copy(struct ns *from, const struct ns_request *req)
{
	struct net_ns *n = slab_zalloc(&net_ns_cache);

	if (!n)
		return ERR_PTR(-ENOMEM);
	int err = ns_init(&n->ns, &net_ns_ops, req->owner);
	if (err) {
		slab_free(&net_ns_cache, n);
		return ERR_PTR(err);
	}
	spin_init(&n->lock, RANK_TASK);
	n->flags = IFF_LOOPBACK;
	n->mtu = LOOPBACK_MTU;
	return &n->ns;
}

static void net_ns_destroy(struct ns *ns)
{
	ns_uninit(ns);
	slab_free(&net_ns_cache, net_ns_from(ns));
}

/* -- addresses -- */
static struct net_address *find_locked(struct net_ns *n, const struct net_address *a)
{
	for (int i = 0; i < NET_ADDRESSES_MAX; i++) {
		struct net_address *at = &n->addresses[i];
		if (at->family == a->family && (!a->family || !memcmp(at->bytes, a->bytes, sizeof(a->bytes))))
			return at;
	}
	return NULL;
}

static int add_locked(struct net_ns *n, const struct net_address *a)
{
	static const struct net_address none;

	if (find_locked(n, a))
		return -EEXIST;
	struct net_address *room = find_locked(n, &none);
	if (!room)
		return -ENOBUFS;
	*room = *a;
	return 0;
}

int net_add_address(struct net_ns *n, const struct net_address *a)
{
	unsigned long flags = spin_lock_irqsave(&n->lock);
	int err = add_locked(n, a);

	spin_unlock_irqrestore(&n->lock, flags);
	return err;
}

int net_remove_address(struct net_ns *n, const struct net_address *a)
{
	unsigned long flags = spin_lock_irqsave(&n->lock);
	struct net_address *at = find_locked(n, a);

	if (at)
		at->family = 0;
	spin_unlock_irqrestore(&n->lock, flags);
	return at ? 0 : -EADDRNOTAVAIL;
}

/* -- the device -- */
u32 net_flags(struct net_ns *n)
{
	u32 flags = READ_ONCE(n->flags);
	return flags & IFF_UP ? flags | IFF_RUNNING | IFF_LOWER_UP : flags;
}

/* A loopback that comes up has the addresses that everybody expects it to have. */
static const struct net_address usual[] = {
	{ AF_INET, 8, SCOPE_HOST, { 127, 0, 0, 1 } }, { AF_INET6, 128, SCOPE_HOST, { [15] = 1 } },
};

void net_set_flags(struct net_ns *n, u32 flags, u32 mask)
{
	unsigned long irq = spin_lock_irqsave(&n->lock);
	u32 was = n->flags;

	mask &= FLAGS_SETTABLE;
	n->flags = (was & ~mask) | (flags & mask);
	for (size_t i = 0; i < ARRAY_SIZE(usual) && (~was & n->flags & IFF_UP); i++)
		(void)!add_locked(n, &usual[i]);
	spin_unlock_irqrestore(&n->lock, irq);
}
