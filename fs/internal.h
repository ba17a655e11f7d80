/*
 * fs/internal.h: what the files of fs/ share and nobody else needs: dentries and mounts from inside, the path walk,
 * attribute and open helpers. The public part is vfs.h.
 */
#ifndef FS_INTERNAL_H
#define FS_INTERNAL_H
#include "fs/vfs.h"
#include "base/errno.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

#define PATH_BYTES 4096		/* PATH_MAX: a path with its NUL */
#define NAME_BYTES_MAX 255	/* NAME_MAX */
#define SYMLINKS_MAX 40
#define S_IALLUGO 07777
#define LOOKUP_MISSING_NOTE BIT(8)	/* tell missing_note() when nothing is there */

/* -- dentries (dentry.c) -- */
extern struct spinlock dentry_lock;
u32 name_hash(const char *name, size_t len);
/* The end of the path component that begins at s, and its name_hash. */
const char *name_scan(const char *s, u32 *hash);
/* Nameless in the cache, count 1, takes its own reference to parent (NULL: it is a root). NULL: out of memory. */
struct dentry *dentry_alloc(struct dentry *parent, const char *name, size_t len);
/* The child of that name, a reference, or NULL. */
struct dentry *dentry_find(struct dentry *parent, const char *name, size_t len, u32 hash);
/* The same, borrowed under dentry_lock, which is held. */
struct dentry *dentry_find_locked(struct dentry *parent, const char *name, size_t len, u32 hash);
/* Puts d into its directory with inode i (the reference is taken over); pins it there. Directory locked. */
void dentry_add(struct dentry *d, struct inode *i);
/* Takes d out of its directory for good: the pin goes. Directory locked. */
void dentry_remove(struct dentry *d);
/* Makes d and the folders it is in findable by name though their file system does not list them (a mount point in procfs), and
 * ends that. */
void dentry_pin(struct dentry *d);
void dentry_unpin(struct dentry *d);
/* d becomes parent's child called like target; target (replaced) is removed if it was there. Directories locked. */
void dentry_move(struct dentry *d, struct dentry *target);
void dentry_exchange(struct dentry *a, struct dentry *b);
struct dentry *dentry_parent_get(struct dentry *d);
bool dentry_is_below(struct dentry *d, struct dentry *ancestor);	/* or the same */
static inline bool dentry_has_children(struct dentry *d) { return !list_is_empty(&d->children); }
/* Listing of a directory whose entries are its dentries (tmpfs, devfs): "." and ".." too. */
int dentry_iterate(struct file *f, struct dir_context *c);
void dentry_iterate_end(struct file *f);	/* release: drops the cursor */
loff dentry_seek(struct file *f, loff off, int whence);

/* -- inodes (inode.c) -- */
static inline bool inode_is_dir(const struct inode *i) { return S_ISDIR(i->mode); }
static inline bool inode_is_reg(const struct inode *i) { return S_ISREG(i->mode); }
/* As inode_new, but a setgid directory hands its group on. */
struct inode *inode_new_in(struct superblock *sb, const struct inode *dir, u32 mode);
int inode_mode_permission(struct inode *i, unsigned mask);	/* by mode bits and capabilities alone */
/* Has current the capability over i: in its user namespace, where both of i's ids must have a name? */
bool inode_capable(const struct inode *i, int cap);
void inode_touch(struct inode *i);		/* mtime and ctime are now */
void inode_touch_changed(struct inode *i);	/* ctime */
void path_accessed(const struct path *p);	/* atime, as the mount's flags say */
static inline void file_accessed(struct file *f) { if (!(f->flags & O_NOATIME)) path_accessed(&f->path); }
/* The set-id bits that a change of contents or owner takes away. */
u32 inode_setid_at_stake(const struct inode *i);
/* A write by somebody without CAP_FSETID takes them away. Inode locked. */
void inode_drop_setid(struct inode *i);
int inode_deny_write(struct inode *i);		/* 0, -ETXTBSY when somebody writes */
int inode_get_write(struct inode *i);		/* 0, -ETXTBSY when it is being executed */
void inode_put_write(struct inode *i);
struct superblock *superblock_new(const struct fs_type *t, u32 magic, const struct super_ops *ops, u64 flags);
/* Gives sb the root directory i (its reference is taken over; an ERR_PTR is passed on). sb, or ERR_PTR: then sb is gone. */
struct superblock *superblock_set_root(struct superblock *sb, struct inode *i);
void superblock_put(struct superblock *sb);
void superblock_discard(struct superblock *sb);	/* as superblock_put, of one that no mount shows: its names go too */
static inline struct superblock *superblock_get(struct superblock *sb) { refcount_inc(&sb->count); return sb; }

/* -- mounts (mount.c; from inside: mount.h) -- */
struct mount_ns;
struct mount {
	refcount_t count;
	int id;
	/* Its place. mount_lock and dentry_lock. parent: a reference, unless parent keeps m though both left the tree. */
	struct mount *parent;		/* NULL: a tree's root, or detached */
	struct dentry *mountpoint;	/* reference; in parent */
	struct dentry *root;		/* reference */
	struct superblock *sb;		/* reference */
	u64 flags;			/* MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, ... of this mount */
	u64 flags_locked;		/* of flags, those that stay as they are (MS_RELATIME: access times). mount_lock */
	bool is_locked;			/* stays where it is: it hides what a less privileged namespace may not see. mount_lock */
	bool is_shared, is_unbindable;	/* mount_lock */
	bool is_expiring;		/* MNT_EXPIRE was here once. mount_lock */
	bool is_leaving;		/* on its way out of the tree, or out. mount_lock */
	bool keeps_children;		/* out of the tree, and what is locked below it went along: it holds those */
	char *source;			/* owned: what /proc/mounts shows first */
	struct list children, sibling;	/* mount_lock */
	struct list ns_node;		/* mount_lock */
	struct mount_ns *ns;		/* borrowed; NULL: in no tree. mount_lock */
	atomic_t writers;		/* files open for writing */
	/* Propagation (propagate.c). mount_lock */
	int group;			/* the peer group's number; 0: none */
	struct list peers;		/* the ring of its peer group, without a head */
	struct mount *master;		/* borrowed: from whose group it receives; NULL: from none */
	struct list slaves, slave_node;
	/* Of the change that is being made; meaningless outside. mount_lock */
	struct list work;
	struct mount *copy, *twin;
	bool is_target, is_candidate, may_go;
	struct list target;
	struct path left;		/* the place it had: references to put without the lock */
};
extern struct rwlock mount_lock;
struct mount *mount_new(struct superblock *sb, struct dentry *root, u64 flags, const char *source);
/* If something is mounted on p, p becomes its root (and what is mounted on that…). */
void path_enter_mounts(struct path *p);
/* p, a mount's root, becomes the place it is mounted on. False: it is mounted nowhere. */
bool path_leave_mount(struct path *p);
int mount_want_write(struct mount *m);		/* 0 or -EROFS */
bool mount_is_readonly(const struct mount *m);
bool mount_allows_devices(const struct mount *m);
/* A place where the caller's tree has something mounted. */
bool dentry_is_mountpoint_here(struct dentry *d);
/* d left its directory: what other trees have mounted on it goes. No lock of mounts held. */
void mounts_leave_dentry(struct dentry *d);
/* Mounts type on the directory at path (kernel memory). */
int mount_at(const char *type, const char *source, const char *target, u64 flags, const char *options);
/* The next option of a list; NULL: none. *value: behind '=', or NULL. The list is cut up. (options.c) */
char *option_next(char **list, char **value);
struct fs_type *fs_type_find(const char *name);
struct user_namespace *fs_owner_mounter(void);	/* fs_type.owner: what anybody may mount in a namespace of his own */
void fs_type_for_each(void (*fn)(const struct fs_type *t, void *arg), void *arg);

/* -- the walk (namei.c, walk.c) -- */
enum last_type { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_NONE };
struct walk {
	struct path path;		/* owned: how far it is */
	struct path root;		/* what "/" is, and ".." cannot leave */
	bool root_is_owned;
	unsigned flags;			/* LOOKUP_* */
	u32 resolve;			/* openat2's RESOLVE_* */
	const char *next;		/* what is left of the current string */
	const char *name;		/* the component at hand: not terminated */
	u32 len, hash;
	enum last_type type;
	bool wants_directory;		/* a slash follows the last component */
	int links, depth;
	struct { char *text; const char *rest; } stack[SYMLINKS_MAX];	/* owned texts of links being followed */
	char *text;			/* owned: the text that next points into, unless it is the caller's */
};
int __must_check walk_start(struct walk *w, int dirfd, const char *path, unsigned flags, u32 resolve);
int __must_check walk_whole(struct walk *w, bool follow);	/* all of it: w->path is the place. 0 or -errno */
int __must_check walk_parent(struct walk *w);	/* all but the last component, which is then at hand */
/* Takes the component at hand. 0; 1: it was a link whose text comes next (only with follow); -errno. */
int __must_check walk_step(struct walk *w, bool follow);
/* Follows the link d (in w->path's directory). As walk_step: 0 (a magic link: there already), 1, -errno. */
int __must_check walk_follow(struct walk *w, struct dentry *d);
void walk_end(struct walk *w);			/* drops what it holds; path too */
/* The child of dir called name: a reference, NULL: no such, or ERR_PTR. dir->inode->lock held by the caller or not: */
struct dentry *lookup_child(struct dentry *dir, const char *name, size_t len, u32 hash);
struct dentry *lookup_child_locked(struct dentry *dir, const char *name, size_t len, u32 hash);

int __must_check path_lookup_resolve(int dirfd, const char *path, unsigned flags, u32 resolve, struct path *out);
/* The path of p as seen from root; *reached: p lies below root. Start inside buf, or ERR_PTR(-ENAMETOOLONG). */
/* The same under mount_lock. */
char *path_format_from_locked(const struct path *p, const struct path *root, char *buf, size_t size, bool *reached);
char *path_format_from(const struct path *p, const struct path *root, char *buf, size_t size, bool *reached);
/* The path within its file system, with "//deleted". */
char *dentry_format(struct dentry *d, char *buf, size_t size);
/* The name of what lies in no directory. As path_format. */
char *path_format_nameless(const struct dentry *d, char *buf, size_t size);
void missing_for_each(void (*fn)(const char *path, void *arg), void *arg);
/* /proc/sys/fs/protected_*: links that lead astray in sticky directories, links to files of others; on as in Debian. */
extern int protected_symlinks, protected_hardlinks;
char *path_text_alloc(void);			/* PATH_BYTES; NULL: out of memory */
char *path_text_new(uptr path);			/* a user's path in kernel memory; ERR_PTR (-ENOENT: empty) */
char *path_text_new_flags(uptr path, unsigned lookup_flags);
void path_text_free(char *text);

/* -- changing directories (create.c, remove.c, rename.c) -- */
int may_create_in(struct inode *dir);
int may_delete(struct inode *dir, struct inode *victim, bool is_dir);	/* dir locked */
int remove_locked(struct inode *dir, struct dentry *d, bool is_dir);	/* with every check; dir locked */
int vfs_mkdir(int dirfd, const char *path, u32 mode);
int vfs_symlink(const char *target, int dirfd, const char *path);
int vfs_link(const char *old, const char *path);

int vfs_rmdir(int dirfd, const char *path);

/* -- descriptors (files.c) -- */
int fd_install_from(struct file *file, u32 from, unsigned flags);	/* as fd_install_new, at or above from */
int fd_may_install(void);		/* 0, or -EMFILE: no number is free */
int fd_get_cloexec(int fd);
int fd_set_cloexec(int fd, bool on);
u32 files_capacity(struct files *f);
struct fd_table;
/* close()'s effect on what exec is about to leave out. */
void files_leave_cloexec(struct files *f, struct fd_table *t);

/* -- open (open.c) -- */
int vfs_truncate(const struct path *p, loff size);

/* -- attributes (attr.c) -- */
#define ATTR_MODE 1
#define ATTR_UID 2
#define ATTR_GID 4
#define ATTR_SIZE 8
#define ATTR_ATIME 16
#define ATTR_MTIME 32

/* -- locks (locks.c) -- */
void locks_drop_posix(struct inode *i, struct files *owner);	/* close() by this room */
long locks_fcntl(struct file *f, int fd, int cmd, unsigned long arg);	/* F_GETLK, F_SETLK and the like */
struct text;
void locks_show(struct text *t);		/* /proc/locks */
void locks_drop_file(struct file *f);		/* flock and OFD locks: the last reference is gone */

/* -- O_ASYNC (async.c) -- */
int __must_check async_set(struct file *f, int fd, bool on);
void async_end(struct file *f);			/* the last reference is gone: the owner too */
/* One who asks for signals to f's owner, through fd. The file outlives it. NULL: memory. */
struct async *async_new(struct file *f, int fd);
void async_raise(struct async *a, unsigned events);
void async_drop(struct async *a);		/* sleeps */
void owner_set_default(struct file *f);
long owner_set_id(struct file *f, int id);	/* F_SETOWN */
long owner_get_id(struct file *f);
long owner_ex(struct file *f, uptr arg, bool sets);

/* -- others -- */
void epoll_file_gone(struct file *f);		/* epoll.c: the file leaves all epolls */
extern const struct file_ops pipe_fops, directory_fops;
int nameless_path(const char *name, struct inode *i, struct path *out);
ssize_t file_read_at(struct file *f, void *buf, size_t n, loff *pos);	/* kernel buffer; moves *pos */
void internal_mount_init(void);
void tmpfs_init(void), nsfs_init(void), shmem_init(void), devfs_init(void), procfs_init(void), sysfs_init(void);
struct superblock *tmpfs_root_new(void);
void memory_devices_init(void), kmsg_init(void);
struct fs_room *fs_room_first(void);
loff generic_seek(struct file *f, loff off, int whence), still_seek(struct file *f, loff off, int whence);
#endif
