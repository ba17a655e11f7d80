/*
 * net/device.h: network devices: ioctls on them (device.c), and what the ABI calls things: <linux/if.h> itself needs a C library.
 */
#ifndef NET_DEVICE_H
#define NET_DEVICE_H
#include "base/types.h"
struct net_ns;
long device_ioctl(struct net_ns *n, unsigned cmd, uptr arg);	/* -ENOTTY: no such call */

#define IFNAMSIZ 16
#define IFF_UP 1
#define IFF_DEBUG 4
#define IFF_LOOPBACK 8
#define IFF_NOTRAILERS 0x20
#define IFF_RUNNING 0x40
#define IFF_NOARP 0x80
#define IFF_PROMISC 0x100
#define IFF_ALLMULTI 0x200
#define IFF_DYNAMIC 0x8000
#define IFF_LOWER_UP 0x10000
#define ARPHRD_LOOPBACK 772

struct device_request {			/* struct ifreq */
	char name[IFNAMSIZ];
	union {
		s16 flags;
		s32 number;		/* index, MTU, metric, queue length */
		struct { u16 family; u8 bytes[14]; } address;
		u64 words[3];
	};
};
_Static_assert(sizeof(struct device_request) == 40, "the ABI's layout");
#endif
