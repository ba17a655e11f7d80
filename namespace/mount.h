/* namespace/mount.h: mount namespaces: each a tree of mounts of its own; see mount_ns.c, and fs/mount.c for the tree. */
#ifndef NAMESPACE_MOUNT_H
#define NAMESPACE_MOUNT_H
#include "namespace/namespace.h"
#include "sync/waitqueue.h"
struct mount; struct superblock;
struct mount_ns {
	struct ns ns;
	struct list node;		/* in mount_namespaces. mount_lock */
	struct mount *root;		/* borrowed: it stays while the namespace does */
	struct list mounts;		/* of ns_node, in order of mounting. mount_lock */
	u32 count, pending;		/* in the list; about to come there. mount_lock */
	u64 event;			/* moves with each change. mount_lock */
	bool is_detached;		/* nobody lives in it: it holds a tree without a place */
	struct waitqueue changed;	/* those who poll /proc/PID/mounts */
};
extern struct mount_ns first_mount_ns;
extern struct list mount_namespaces;	/* all of them. mount_lock */
extern int mount_max;			/* /proc/sys/fs/mount-max: mounts in one namespace */
struct mount_ns *mount_ns_new_detached(void);	/* nobody's, for a tree without a place. NULL: memory */
struct mount_ns *current_mount_ns(void);	/* borrowed */
/* May current change its tree of mounts? */
bool may_mount(void);
struct inode;
/* Is it the file of a mount namespace, and of one that is no newer than `than` (NULL: of any)? */
bool inode_is_mount_ns(const struct inode *i, const struct mount_ns *than);
/* mount_lock is held for writing. */
void mount_ns_add_locked(struct mount_ns *ns, struct mount *m);	/* m alone; the namespace takes over the tree's reference */
void mount_ns_remove_locked(struct mount *m);			/* and gives it to the caller */
void mount_ns_touch_locked(struct mount_ns *ns);
/* Boot: the root of the first namespace. */
int mount_root(struct superblock *base, struct superblock *sb);
#endif
