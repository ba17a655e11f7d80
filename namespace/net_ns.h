/* namespace/net_ns.h: a world of network devices and of abstract socket names; see net_ns.c. */
#ifndef NAMESPACE_NET_NS_H
#define NAMESPACE_NET_NS_H
#include "namespace/namespace.h"
#include "sync/spinlock.h"
struct task;

#define NET_ADDRESSES_MAX 16
#define LOOPBACK_INDEX 1
#define LOOPBACK_MTU 65536

struct net_address {
	u8 family, prefix, scope;	/* family 0: none here */
	u8 bytes[16];
};
/* The one device that each has: the loopback. */
struct net_ns {
	struct ns ns;
	struct spinlock lock;		/* RANK_TASK */
	u32 flags;			/* IFF_*. lock, as the next two */
	u32 mtu;
	struct net_address addresses[NET_ADDRESSES_MAX];
};
extern struct net_ns first_net_ns;
static inline struct net_ns *net_ns_from(struct ns *ns) { return container_of(ns, struct net_ns, ns); }
struct net_ns *current_net_ns(void);	/* borrowed from current's set */
/* Changes those flags that are in mask: the device goes up or down. */
void net_set_flags(struct net_ns *n, u32 flags, u32 mask);
u32 net_flags(struct net_ns *n);	/* as a program sees them: IFF_RUNNING too */
/* 0, -EEXIST, -ENOBUFS (no room), and of remove -EADDRNOTAVAIL. */
int __must_check net_add_address(struct net_ns *n, const struct net_address *a);
int __must_check net_remove_address(struct net_ns *n, const struct net_address *a);
#endif
