/*
 * net/device.c: the ioctls that ask for and change network devices: of any socket, for the device of its namespace, "lo".
 * Errors: ENODEV (no such device), EPERM (CAP_NET_ADMIN in the namespace's owner), EINVAL, EFAULT, ENOTTY (no such call).
 * Source: netdevice(7).
 */
#include "net/device.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/user_access.h"
#include "namespace/net_ns.h"
#include "namespace/user.h"
#include <linux/capability.h>
#include <linux/sockios.h>

#define QUEUE_LENGTH 1000

static long by_name(struct net_ns *n, unsigned cmd, struct device_request *r)
{
	r->name[IFNAMSIZ - 1] = 0;
	if (strcmp(r->name, "lo"))
		return -ENODEV;
	switch (cmd) {
	case SIOCGIFFLAGS:
		r->flags = (s16)net_flags(n);
		return 0;
	case SIOCGIFINDEX:
		r->number = LOOPBACK_INDEX;
		return 0;
	case SIOCGIFMTU:
		r->number = (int)n->mtu;
		return 0;
	case SIOCGIFMETRIC:
		r->number = 0;
		return 0;
	case SIOCGIFTXQLEN:
		r->number = QUEUE_LENGTH;
		return 0;
	case SIOCGIFHWADDR:
		memset(&r->address, 0, sizeof(r->address));
		r->address.family = ARPHRD_LOOPBACK;
		return 0;
	case SIOCSIFFLAGS:
		net_set_flags(n, (u16)r->flags, 0xffff);
		return 0;
	case SIOCSIFMTU:
		if (r->number < 0)
			return -EINVAL;
		n->mtu = (u32)r->number;
		return 0;
	}
	return -ENOTTY;
}

static long get_name(uptr arg)
{
	struct device_request r;

	if (copy_from_user(&r, arg, sizeof(r)))
		return -EFAULT;
	if (r.number != LOOPBACK_INDEX)
		return -ENODEV;
	memset(r.name, 0, sizeof(r.name));
	memcpy(r.name, "lo", 3);
	return copy_to_user(arg, &r, sizeof(r));
}

/* The list is of addresses of a family that no socket has. */
static long get_list(uptr arg)
{
	return put_user_u32(0, arg);	/* the bytes used */
}

long device_ioctl(struct net_ns *n, unsigned cmd, uptr arg)
{
	struct device_request r;
	bool is_change = cmd == SIOCSIFFLAGS || cmd == SIOCSIFMTU;

	switch (cmd) {
	case SIOCGIFNAME:
		return get_name(arg);
	case SIOCGIFCONF:
		return get_list(arg);
	case SIOCGIFFLAGS: case SIOCGIFINDEX: case SIOCGIFMTU: case SIOCGIFMETRIC: case SIOCGIFTXQLEN: case SIOCGIFHWADDR:
	case SIOCSIFFLAGS: case SIOCSIFMTU:
		break;
	default:
		return -ENOTTY;
	}
	if (copy_from_user(&r, arg, sizeof(r)))
		return -EFAULT;
	if (is_change && !ns_capable(n->ns.owner, CAP_NET_ADMIN))
		return -EPERM;
	long err = by_name(n, cmd, &r);
	return err || is_change ? err : copy_to_user(arg, &r, sizeof(r));
}
