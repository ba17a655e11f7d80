/*
 * fs/mount.h: the mount tree from inside: what mount.c, mount_tree.c, propagate.c, mount_calls.c, pivot_root.c, the mount
 * namespaces and procfs share. "_locked": mount_lock is held, for writing where something changes. What such a function
 * takes out of the tree it puts on a list `gone`, for mounts_put() once the lock is given back.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H
#include "fs/internal.h"
#include "namespace/mount.h"
#include <linux/mount.h>

#define MOUNT_FLAGS_ATIME (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)
#define MOUNT_FLAGS_RIGHTS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* -- mount.c -- */
struct mount *mount_on_locked(const struct path *p);	/* what is mounted on p, borrowed; NULL */
/* The top of what is mounted on p and on that, as path_enter_mounts. The references are the caller's. */
void path_enter_mounts_locked(struct path *p);
void mount_place_locked(struct mount *m, const struct path *at);
/* Takes m from its place; the references that it held there go to *at, to be put without the lock. */
void mount_displace_locked(struct mount *m, struct path *at);
/* Keeps at's dentry from leaving its directory unseen; -ENOENT: it has left. Ended by mountpoint_release. */
int mountpoint_hold(struct dentry *d);
void mountpoint_release(struct dentry *d);
/* The next mount of the tree below top (top included, parents first), or NULL; _skip: none of those below m. */
struct mount *mount_next_locked(struct mount *m, struct mount *top);
struct mount *mount_next_skip_locked(struct mount *m, struct mount *top);
#define for_each_mount_locked(m, top) for ((m) = (top); (m); (m) = mount_next_locked((m), (top)))
bool mount_is_below(const struct mount *m, const struct mount *ancestor);	/* or the same */
bool path_is_reachable_locked(const struct path *p, const struct path *root);	/* p lies below root */
void mounts_put(struct list *gone);

/* -- mount_tree.c -- */
#define COPY_PRIVATE 1
#define COPY_SLAVE 2			/* receives from what it is a copy of */
#define COPY_SHARED_TO_SLAVE 4		/* the same, if that is shared */
#define COPY_MAKE_SHARED 8
#define COPY_UNBINDABLE 16		/* unbindable ones too */
#define COPY_NS_FILES 32		/* the files of mount namespaces too */
/* A mount like old, of the part that begins at root; in no tree. NULL: out of memory. */
struct mount *mount_copy_locked(struct mount *old, struct dentry *root, unsigned how);
/* The same with all that is mounted below root; twin of each old one is its copy. ERR_PTR: -EINVAL, -EPERM, -ENOMEM. */
struct mount *mount_tree_copy_locked(struct mount *old, struct dentry *root, unsigned how, struct list *gone);
void mount_tree_discard_locked(struct mount *top, struct list *gone);	/* a copy that nobody has seen; NULL accepted */
/* Puts the tree m on at, and copies of it where at's mount propagates to. moves: m has a place already, else it is in no
 * tree and the caller's reference becomes the tree's. 0, -ENOSPC, -ENOMEM: then nothing has changed. */
int mount_tree_attach_locked(struct mount *m, const struct path *at, bool moves, struct list *gone);
#define REMOVE_PROPAGATE 1
#define REMOVE_SYNC 2			/* nothing uses them: all come apart */
#define REMOVE_CONNECTED 4		/* all stay together */
void mount_tree_remove_locked(struct mount *top, unsigned how, struct list *gone);
/* A less privileged namespace shall neither move nor change what is in this tree. */
void mount_tree_lock_locked(struct mount *top);

/* -- propagate.c -- */
void mount_set_shared_locked(struct mount *m);
void mount_set_propagation_locked(struct mount *m, u64 type);	/* MS_SHARED, ... */
void mount_join_peers_locked(struct mount *m, struct mount *peer);
void mount_join_master_locked(struct mount *m, struct mount *master);
/* Makes a copy of source for each mount that dest propagates to, in list `copies` (of work; ->left is the place it is for,
 * borrowed). 0 or -errno; the copies made are in the list either way. */
int propagate_copies_locked(struct mount *dest, struct dentry *mountpoint, struct mount *source, struct list *copies,
			    struct list *gone);
/* Adds to `going` what goes along, and sets back what lay on top of it. */
void propagate_removal_locked(struct list *going);
void propagate_unlock_locked(struct mount *m);	/* what goes along with m goes though it is locked */
bool mount_is_busy_locked(struct mount *m, int holders);	/* it, or what would go along */
/* The nearest group above m in whose mounts somebody with this root sees one: its number, or 0. */
int mount_dominating_group_locked(const struct mount *m, const struct path *root);

/* -- mount_calls.c -- */
u64 mount_flags_of(u64 flags);		/* those of one mount, from mount(2)'s */
bool mount_flags_may_change(const struct mount *m, u64 wanted);
struct mount *mount_bind_copy_locked(const struct path *from, bool is_recursive, struct list *gone);
int mount_may_move_locked(const struct path *from, const struct path *at);
bool mount_is_revealing_locked(struct mount *fresh);
/* A change of the tree begins: *at becomes the top of what is mounted there, and keeps its name till the end, which gives
 * the lock back and puts what is gone. 0 or -ENOENT: then nothing has begun. */
int mount_change_begin(struct path *at);
void mount_change_end(const struct path *at, struct list *gone);
int superblock_set_readonly(struct mount *m, bool is_readonly);	/* 0 or -EBUSY */
void mount_release(struct mount *m);	/* as mount_put, but no use that keeps a mount from expiring */

/* -- mount_fd.c -- */
/* A descriptor of the tree m, which has no place; takes the reference over. allows: may it be (under mount_lock)? NULL: it
 * may. The descriptor, or -errno: then the tree is gone. */
int mount_open_detached(struct mount *m, bool cloexec, bool (*allows)(struct mount *m));
#endif
