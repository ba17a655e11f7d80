/*
 * net/netlink.h: AF_NETLINK sockets of NETLINK_ROUTE: a datagram socket whose other end is the kernel; see netlink.c (the
 * socket) and rtnetlink.c (what it answers).
 */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H
#include "net/unix.h"
#include <linux/netlink.h>

#define AF_NETLINK 16

/* -- netlink.c -- */
int __must_check netlink_bind(struct unix_socket *s, const struct socket_name *n);
int __must_check netlink_connect(struct unix_socket *s, const struct socket_name *n);
void netlink_name(const struct unix_socket *s, struct socket_name *out);	/* its own */
void netlink_kernel_name(struct socket_name *out);
ssize_t netlink_send(struct unix_socket *s, struct socket_io *io);
/*
 * A datagram for the process's own socket f, made ahead so that nothing can fail when it is due: -ENOTSOCK, -EINVAL (of
 * another family), -EAGAIN (too many unread), -ENOMEM. Delivering ends it; so does unix_message_free.
 */
int __must_check netlink_prepare(struct unix_message **out, struct file *f, size_t n);
void netlink_deliver(struct unix_message *m);

/* An answer in the making: messages one after the other in one datagram. */
struct netlink_answer {
	struct unix_socket *to;
	const struct nlmsghdr *asked;
	struct unix_message *m;		/* owned; NULL: none yet */
	struct nlmsghdr *last;		/* in m: the message at hand */
	size_t room;			/* bytes that m can hold */
	bool is_out_of_memory;
};
/* Begins a message with a header of n bytes, zeroed, that is returned; NULL: memory. */
void *netlink_begin(struct netlink_answer *a, unsigned type, unsigned flags, size_t n);
void netlink_attribute(struct netlink_answer *a, unsigned type, const void *value, size_t n);
int __must_check netlink_answer_send(struct netlink_answer *a);	/* 0 or -ENOMEM; ends it */
/* The value of an attribute of at least `least` bytes in n bytes at `from`, or NULL. */
const void *netlink_find(const void *from, size_t n, unsigned type, size_t least);

/* -- rtnetlink.c: 0: done, to be acknowledged if asked; 1: answered; -errno -- */
int rtnetlink_request(struct unix_socket *s, const struct nlmsghdr *h);
#endif
