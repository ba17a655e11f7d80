/* fs/sysfs.h: a small tree of read-only text files at /sys; see sysfs.c. */
#ifndef FS_SYSFS_H
#define FS_SYSFS_H
#include "base/types.h"
/* Prints the file's text into buf; returns its length. */
typedef int (*sysfs_show)(void *arg, char *buf, size_t size);
/* A file at path (relative: "class/virtio-ports/vport0p1/name"); its folders are made. 0 or -ENOMEM. Any time after
 * boot's memory is ready; before or after a mount. */
int __must_check sysfs_add(const char *path, sysfs_show show, void *arg);
void sysfs_init(void);
#endif
