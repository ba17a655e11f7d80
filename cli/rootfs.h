// --rootfs: the caller's own root file system, from a folder or from any archive that libarchive reads.
#ifndef FURCA_CLI_ROOTFS_H
#define FURCA_CLI_ROOTFS_H

#include "image.h"

// 0, or an exit status after a message.
int rootfs_add(struct image *im, const char *path);

// Finds the program in it, as a shell there would. 0 and a path in the VM (owned), or an exit status after a message.
int rootfs_find(struct image *im, const char *name, const char *workdir, const char *search, char **path);
#endif
