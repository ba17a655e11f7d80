/* net/calls.h: what the files of socket calls share. */
#ifndef NET_CALLS_H
#define NET_CALLS_H
#include "fs/vfs.h"
/* The socket behind fd: a reference on its file. 0, -EBADF, -ENOTSOCK. */
int __must_check socket_get(int fd, struct file **out);
#endif
