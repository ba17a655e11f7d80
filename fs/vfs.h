/*
 * fs/vfs.h: inodes, names in directories (dentries), mounts, paths and open files.
 *
 * Locks: inode->lock (mutex) guards a directory's contents and a file's size; the dentry hash and parent links are
 * under dentry_lock (spinlock); mounts under mount_lock (rwlock). file->pos_lock: the shared file position.
 * In-memory file systems (tmpfs, devfs, ramfs-like) keep their dentries for ever; procfs makes and drops them.
 */
#ifndef FS_VFS_H
#define FS_VFS_H
#include "base/types.h"
#include "base/list.h"
#include "base/atomic.h"
#include "sync/mutex.h"
#include "sync/waitqueue.h"
#include "base/mode.h"

struct inode; struct dentry; struct mount; struct file; struct superblock; struct mapping; struct task; struct vma; struct mm;
struct poll_table; struct dir_context; struct pid_ns; struct user_namespace;

struct path { struct mount *mount; struct dentry *dentry; };	/* both references when owned */
struct async; struct pid;
struct iter;		/* fs/iter.h: the pieces of user memory of one readv or writev */
struct cred;

struct inode_ops {
	/* Looks name up in dir: an inode reference, NULL: no such name, or ERR_PTR. dir->lock is held. */
	struct inode *(*lookup)(struct inode *dir, struct dentry *d);
	int (*create)(struct inode *dir, struct dentry *d, u32 mode);
	int (*mknod)(struct inode *dir, struct dentry *d, u32 mode, u64 rdev);
	int (*mkdir)(struct inode *dir, struct dentry *d, u32 mode);
	int (*symlink)(struct inode *dir, struct dentry *d, const char *target);
	int (*link)(struct inode *dir, struct dentry *d, struct inode *target);
	int (*unlink)(struct inode *dir, struct dentry *d);
	int (*rmdir)(struct inode *dir, struct dentry *d);
	int (*rename)(struct inode *old_dir, struct dentry *od, struct inode *new_dir, struct dentry *nd, unsigned flags);
	/* The target of a symbolic link into buf; length or -errno. */
	int (*readlink)(struct inode *i, char *buf, size_t size);
	/* A "magic" link (/proc/PID/fd/N, exe, cwd): the path itself. 0 or -errno. */
	int (*follow)(struct inode *i, struct path *out);
	int (*setattr)(struct inode *i, u32 valid, u64 size);	/* truncate; NULL: fields are just stored */
	int (*permission)(struct inode *i, unsigned mask);	/* NULL: mode bits */
	void (*getattr)(struct inode *i);			/* refreshes computed fields; NULL: none */
	int (*tmpfile)(struct inode *dir, struct dentry *d, u32 mode);	/* O_TMPFILE; NULL: EOPNOTSUPP */
};
/* flags in file->mode */
#define FMODE_READ BIT(0)
#define FMODE_WRITE BIT(1)
#define FMODE_NONSEEK BIT(2)	/* pipes, ttys: lseek is ESPIPE */
#define FMODE_PATH BIT(3)	/* O_PATH */
#define FMODE_EXEC BIT(4)	/* opened by exec: writers are refused */

/* Operations on open files. Buffers are user memory unless the name says kernel. */
struct file_ops {
	ssize_t (*read)(struct file *f, uptr buf, size_t n, loff *pos);
	ssize_t (*write)(struct file *f, uptr buf, size_t n, loff *pos);
	ssize_t (*read_kernel)(struct file *f, void *buf, size_t n, loff *pos);	/* exec; NULL: through mapping */
	ssize_t (*write_kernel)(struct file *f, const void *buf, size_t n, loff *pos);	/* splice; NULL: EINVAL */
	/* All pieces of a readv/writev as one operation (pipes, regular files); NULL: piece by piece. */
	ssize_t (*read_iter)(struct file *f, struct iter *it, loff *pos);
	ssize_t (*write_iter)(struct file *f, struct iter *it, loff *pos);
	loff (*seek)(struct file *f, loff off, int whence);	/* NULL: by inode size */
	int (*iterate)(struct file *f, struct dir_context *c);
	unsigned (*poll)(struct file *f, struct poll_table *pt);	/* EPOLL* mask; NULL: always ready */
	bool keeps_state;	/* of reading, in the open file: whoever reads holds pos_lock, also with a position of its own */
	bool never_waits;					/* preadv2 and pwritev2 may be given RWF_NOWAIT */
	long (*ioctl)(struct file *f, unsigned cmd, uptr arg);
	/* NULL: ENODEV, unless the inode has a mapping. Says what a mapping is before its place is known: may change v->flags,
	 * clear v->file (anonymous memory) or replace it by another file (a reference, taken over). mm->lock is not held. */
	int (*mmap)(struct file *f, struct vma *v);
	void (*attached)(struct file *f, bool is_end);	/* VM_ATTACHED: a region was inherited, or ended with its mm */
	int (*open)(struct inode *i, struct file *f);
	void (*flush)(struct file *f);				/* at each close() */
	void (*release)(struct file *f);			/* last reference gone */
	int (*fsync)(struct file *f, int datasync);
	long (*fallocate)(struct file *f, int mode, loff off, loff len);
	/* Extra lines of /proc/PID/fdinfo; numbers of processes as ns has them. */
	void (*show_fdinfo)(struct file *f, const struct pid_ns *ns, char *buf, size_t size);
};

struct inode {
	refcount_t count;
	u32 mode;			/* S_IFMT | permissions. lock */
	u32 uid, gid;			/* lock */
	u32 nlink;			/* lock */
	u64 ino, rdev, size, blocks;	/* lock */
	s64 atime_ns, mtime_ns, ctime_ns, btime_ns;
	struct superblock *sb;		/* reference */
	const struct inode_ops *ops;
	const struct file_ops *fops;
	struct mapping *mapping;	/* owned by the inode: page cache of a regular file, or NULL */
	struct mutex lock;		/* RANK_INODE */
	void *private;			/* the file system's */
	struct pipe *pipe;		/* FIFO: the pipe while somebody has it open */
	atomic_t writers;		/* open for writing; <0: being executed (deny write) */
	struct list marks;		/* fs/notify.c: watches. notify_lock, as the next */
	struct list marked_node;
	struct list posix_locks;	/* fs/locks.c: flock's too */
	u64 version;			/* of a directory: the cookie of the next child. lock */
	u32 seals;			/* memfd: F_SEAL_*. lock */
	void *socket;			/* bound AF_UNIX socket, borrowed */
	bool is_append_only, is_immutable;
	bool is_linkable;		/* made by O_TMPFILE: may be given its first name. lock */
};
struct dentry {
	refcount_t count;
	char *name;			/* owned */
	u32 name_len, name_hash;
	struct dentry *parent;		/* reference; itself for a root. dentry_lock */
	struct inode *inode;		/* reference; NULL: negative */
	struct list children, sibling;	/* parent->inode->lock */
	struct list hash_node;		/* dentry_lock; empty: not to be found by name */
	u64 cookie;			/* its place in the directory's listing: newest first */
	u32 mounts;			/* mounted on here, in any namespace. dentry_lock */
	bool is_unlinked;
	u32 pins;			/* by dentry_pin: of itself, and of what is below. dentry_lock */
	char short_name[28];		/* where name points if it fits */
};
struct super_ops {
	void (*destroy_inode)(struct inode *i);	/* frees private parts; count is 0 */
	int (*statfs)(struct superblock *sb, struct dentry *d, void *kernel_statfs64);
	void (*destroy)(struct superblock *sb);
};
struct superblock {
	refcount_t count;		/* inodes, mounts */
	atomic_t mounts;		/* at 0 its tree of names is dropped */
	atomic_t writers;		/* files open for writing, by whatever mount */
	const struct fs_type *type;	/* borrowed: static */
	u32 dev;			/* st_dev */
	u32 magic;
	struct dentry *root;		/* reference, while it has mounts */
	const struct super_ops *ops;
	void *private;
	u64 flags;			/* SB_RDONLY = MS_RDONLY, ... */
	struct user_namespace *owner;	/* reference: in which CAP_SYS_ADMIN is power over it */
	atomic_long_t next_ino;
};
struct fs_type {
	const char *name;
	struct superblock *(*mount)(const struct fs_type *t, u64 flags, const char *source, const char *options); /* ERR_PTR */
	/* Where a new mount of sb begins, if not at its root: a reference; NULL: there is no such place (any more). */
	struct dentry *(*mount_root)(struct superblock *sb);
	bool no_device;			/* "nodev" in /proc/filesystems */
	/* In which user namespace one must have CAP_SYS_ADMIN to mount it, and which then owns it. NULL: the first. */
	struct user_namespace *(*owner)(void);
	/* Shows things of the system: in a namespace that others own it may be mounted only where it is to be seen already. */
	bool is_revealing;
	/* MS_REMOUNT's options; 0 or -errno. NULL: none are taken. */
	int (*remount)(struct superblock *sb, const char *options);
	void (*show_options)(struct superblock *sb, char *buf, size_t size);	/* ",size=4k"; NULL: none */
	struct list node;
};
#define SUPER_NODEV (1ULL << 40)		/* in superblock->flags: its device nodes are not opened */
void fs_register(struct fs_type *t);

struct file {
	refcount_t count;
	u32 mode;			/* FMODE_* */
	u32 flags;			/* O_* as F_GETFL shows; fcntl changes under lock */
	struct spinlock lock;
	struct mutex pos_lock;
	loff pos;
	struct path path;		/* references */
	struct inode *inode;		/* borrowed from path, or the reference of an anonymous file */
	const struct file_ops *ops;
	void *private;
	struct cred *cred;		/* reference: the opener's */
	bool is_writer;			/* counted in inode->writers and mount->writers */
	bool denies_write;		/* being executed: counted in inode->writers, negatively */
	struct waitqueue *unused_wq;
	struct list epoll_links;	/* fs/epoll.c */
	struct async *async;		/* owned: O_ASYNC's waiters (fs/async.c), or NULL. pos_lock */
	struct pid *owner;		/* reference: F_SETOWN, or NULL. lock, as the next four */
	int owner_type, owner_signal;	/* F_OWNER_*, F_SETSIG */
	u32 owner_uid, owner_euid;	/* whose right to signal the owner counts */
};

/* -- open files -- */
struct file *file_alloc(u32 mode, u32 flags, const struct file_ops *ops, void *private);	/* no path; NULL: memory */
/* A file over a nameless inode, shown in /proc/PID/fd as name ("pipe:[12]", "anon_inode:[eventfd]"). ERR_PTR. */
struct file *file_anon(const char *name, u32 mode, u32 flags, const struct file_ops *ops, void *private);
/* A nameless inode; out takes all references. ERR_PTR. */
struct inode *anon_inode_new(const char *name, u32 mode, struct path *out);
struct file *file_open(const char *path, unsigned flags, u32 mode);	/* kernel path, current's root; ERR_PTR */
struct file *file_open_path(const struct path *p, unsigned flags);	/* ERR_PTR */
struct file *file_open_exec(int dirfd, const char *path, int at_flags);	/* for execve: checks x, regular, noexec; denies write */
/* Ends file_open_exec's write denial early (an interpreter once loaded); else it ends with the last reference. */
void file_allow_write(struct file *f);
static inline struct file *file_get(struct file *f) { refcount_inc(&f->count); return f; }
void file_put(struct file *f);
void owner_send_urgent(struct file *f);		/* SIGURG to whom F_SETOWN named */
ssize_t file_read_kernel(struct file *f, void *buf, size_t n, loff pos);
ssize_t file_write_kernel(struct file *f, const void *buf, size_t n, loff *pos);
/* An unlinked file in internal tmpfs: shared anonymous memory, memfd, SysV shm. ERR_PTR. */
struct file *shmem_file_new(const char *name, u64 size_bytes, u64 vm_flags);

/* -- the room "files": a handle on a body shared until written (fs/files.c) -- */
struct fd_table;
struct files {
	refcount_t count;		/* CLONE_FILES sharers */
	refcount_t holds;		/* keeps the struct: sharers together hold one, foreign readers one each */
	struct spinlock lock;		/* RANK_FILES */
	struct fd_table *table;		/* owned reference on the body; NULL: the last sharer is gone */
	int next_fd;			/* no descriptor below is free. lock */
	bool has_locks;			/* may own POSIX locks (fs/locks.c) */
};
struct files *files_new(void);
extern int nr_open;				/* /proc/sys/fs/nr_open: descriptors end here */
bool files_is_too_big(struct files *f);		/* since nr_open was lowered: it cannot be copied, EMFILE */
struct files *files_copy(struct files *from);	/* fork: O(1): one handle more on the body. NULL: memory */
void files_put(struct files *f);		/* NULL accepted. last: drops POSIX locks of this owner, closes */
struct file *fd_get(int fd);			/* current's; reference, or NULL (also for O_PATH files) */
struct file *fd_get_raw(int fd);		/* O_PATH files too */
/* A foreign task's room, for reading: keeps the struct, never the files in it. NULL: none. Ended by files_release. */
struct files *files_hold(struct task *t);
void files_release(struct files *f);
/* The address of the place-th file that epoll f watches under descriptor fd, only to be compared, or ERR_PTR: -EINVAL not an
 * epoll, -ENOENT. */
const void *epoll_target(struct file *f, int fd, unsigned place);
struct file *files_get_file(struct files *f, int fd);		/* of a held room; reference or NULL. O_PATH files too */
int fd_install_new(struct file *f, unsigned flags /* O_CLOEXEC */);	/* takes the reference over; fd or -EMFILE/-ENOMEM
								   (then the reference is still the caller's) */
int fd_reserve(unsigned flags);			/* a number with nothing behind it yet; -EMFILE */
void fd_install(int fd, struct file *f);	/* behind a reserved number; takes the reference over */
void fd_unreserve(int fd);
int fd_close(int fd);
int fd_replace(int fd, struct file *f, unsigned flags);	/* dup2 */
int files_exec(struct task *t);			/* exec: own, unshared table without close-on-exec files. 0 or -ENOMEM */
int __must_check files_unshare(void);		/* current gets a handle that no other task shares. 0 or -ENOMEM */
int files_next_fd(struct files *f, int from);	/* first used descriptor >= from, or -1 (for /proc/PID/fd) */
bool files_is_cloexec(struct files *f, int fd);
int files_close_range(unsigned first, unsigned last, unsigned flags);

/* -- the room "fs": root, cwd, umask (fs/fs_room.c) -- */
struct fs_room {
	refcount_t count;
	struct spinlock lock;		/* RANK_FS, irqsave: taken under task->lock by foreign readers */
	struct path root, cwd;		/* references */
	u32 umask;
};
/* A foreign task's root and working directory: references. False: the task has none any more. */
bool fs_room_paths_of(struct task *t, struct path *root, struct path *cwd);
struct fs_room *fs_room_copy(struct fs_room *from);
void fs_room_put(struct fs_room *f);
void fs_room_set(struct fs_room *f, struct path *root, struct path *cwd);	/* takes the references over */
void fs_room_get_root(struct fs_room *f, struct path *out);	/* references */
void fs_room_get_cwd(struct fs_room *f, struct path *out);
bool fs_room_is_chrooted(struct fs_room *f);	/* its root is not that of its mount namespace */

/* -- paths (fs/namei.c) -- */
#define LOOKUP_FOLLOW BIT(0)
#define LOOKUP_DIRECTORY BIT(1)
#define LOOKUP_EMPTY BIT(2)	/* AT_EMPTY_PATH */
#define LOOKUP_PARENT BIT(3)
static inline void path_get(struct path *p);
void path_put(struct path *p);
bool path_is_noexec(const struct path *p);	/* on a mount with MS_NOEXEC; false for a file without a path */
bool path_may_suid(const struct path *p);	/* its set-ID bits count for current */
struct mount *mount_get(struct mount *m);
void mount_put(struct mount *m);
static inline struct dentry *dentry_get(struct dentry *d) { refcount_inc(&d->count); return d; }
void dentry_put(struct dentry *d);
void dentry_copy_name(struct dentry *d, char *to, size_t size);	/* cut to size, with a 0 at its end */
static inline void path_get(struct path *p) { mount_get(p->mount); dentry_get(p->dentry); }
static inline struct inode *inode_get(struct inode *i) { refcount_inc(&i->count); return i; }
void inode_put(struct inode *i);
int __must_check path_lookup(int dirfd, const char *path, unsigned lookup_flags, struct path *out);
int __must_check path_lookup_user(int dirfd, uptr path, unsigned lookup_flags, struct path *out);
int vfs_mknod(int dirfd, const char *path, u32 mode, u64 rdev);	/* path may be an ERR_PTR */
int vfs_unlink(int dirfd, const char *path);
/* The path as seen from current's root, "(deleted)" and "(unreachable)" as Linux; returns start inside buf or ERR_PTR. */
char *path_format(const struct path *p, char *buf, size_t size);
int inode_permission(struct inode *i, unsigned mask);	/* MAY_READ 4, MAY_WRITE 2, MAY_EXEC 1: 0 or -EACCES/-EROFS */
bool inode_is_owner(const struct inode *i);	/* current owns it or has CAP_FOWNER over it */
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
struct inode *inode_new(struct superblock *sb, u32 mode);	/* count 1, current's ids, times now; NULL: memory */

/* -- directories -- */
struct dir_context {
	loff pos;	/* the file system keeps it; 0 ".", 1 ".." by convention */
	/* Gives one entry out; false: buffer full (it is given again next time). */
	bool (*emit)(struct dir_context *c, const char *name, size_t len, u64 ino, unsigned type);
};

/* -- poll (fs/poll.c) -- */
struct poll_table {
	void (*queue)(struct poll_table *pt, struct file *f, struct waitqueue *wq);	/* NULL: only look */
	unsigned long key;	/* events wanted */
};
static inline void poll_wait(struct file *f, struct waitqueue *wq, struct poll_table *pt)
{
	if (pt && pt->queue)
		pt->queue(pt, f, wq);
}

/* -- devices (fs/dev/) -- */
/* A node under /dev with these operations; name may hold one '/'. */
int dev_register(const char *name, u32 mode, unsigned major, unsigned minor, const struct file_ops *ops, void *private);
const struct file_ops *dev_find(u32 mode, u64 rdev, void **private);	/* opening a device inode: ops of its number */
static inline u64 dev_make(unsigned major, unsigned minor)
{
	return (u64)(minor & 0xff) | (u64)major << 8 | (u64)(minor & ~0xffu) << 12;
}
static inline unsigned dev_major(u64 dev) { return (unsigned)(dev >> 8) & 0xfff; }
static inline unsigned dev_minor(u64 dev) { return (unsigned)(dev & 0xff) | (unsigned)(dev >> 12 & 0xfff00); }

/* -- boot -- */
void fs_init(void);			/* root tmpfs, devfs on /dev; first_task gets its fs and files rooms */
int initramfs_unpack(void);		/* boot_info's initrd into the root; 0 or -errno (said in the log) */
/* Where a lookup in a system folder found nothing: kept for /proc/furca/missing. */
void missing_note(const char *path);
#endif
