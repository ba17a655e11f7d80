/* fs/mount.h: the mount tree from inside: shared by mount.c, mount_calls.c and procfs. See mount.c. */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H
#include "fs/internal.h"

struct mount *mount_on_locked(const struct path *p);	/* what is mounted on p, borrowed; NULL */
void mount_attach_locked(struct mount *m, const struct path *at);
void mount_detach_locked(struct mount *m, struct path *at);
struct mount *mount_tree_next_locked(struct mount *m, struct mount *top);
void mount_ns_add_locked(struct mount_ns *ns, struct mount *m);
#endif
