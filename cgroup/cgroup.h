/*
 * cgroup/cgroup.h: the tree of control groups (version 2): named sets of tasks that are limited, frozen, killed and counted
 * together. Every task is in one; most are in the root, for which nothing is counted: NULL stands for it in a task.
 *
 *   cgroup.c   the tree: making, removing, limits of its size, threaded subtrees, the way of a name
 *   tasks.c    who is where: fork, exit, moving; populated
 *   freezer.c  cgroup.freeze     pids.c  pids.max
 *   device.c   programs about devices (ebpf.c runs them, bpf_call.c is the call)
 *   control.c  which controllers a group's children have
 *   files.c    what the files say and take        fs.c  the file system
 *
 * Locks: cgroup_mutex for the tree and its settings; tasklist_lock for tasks' places and all counts of tasks. Changing the
 * tree takes both, so either is enough to read it.
 */
#ifndef CGROUP_CGROUP_H
#define CGROUP_CGROUP_H
#include "base/atomic.h"
#include "base/list.h"
#include "sync/mutex.h"
#include "sync/waitqueue.h"

struct task;
struct file;
struct dentry;
struct inode;
struct superblock;
struct cgroup_node;
struct clone_request;

#define CGROUP_NO_LIMIT 0x7fffffff
#define PIDS_NO_LIMIT 4194305	/* one more than there can be */

struct cgroup {
	refcount_t count;		/* tasks (zombies too), children, inodes, namespaces; one while it is in the tree */
	struct cgroup *parent;		/* reference; NULL: the root */
	struct list children, sibling;	/* of those not removed. both locks */
	char *name;			/* owned */
	int level;			/* 0: the root */
	bool is_dead;			/* removed. both locks */
	int descendants;		/* not removed. cgroup_mutex */
	atomic_t dying;			/* removed descendants that something still holds */
	int max_descendants, max_depth;	/* cgroup_mutex */
	struct cgroup *dom;		/* borrowed: whose resources a threaded group shares; itself: a domain. both locks */
	/* tasks; tasklist_lock */
	int tasks;			/* living ones right here */
	int populated_children;
	/* freezer; tasklist_lock */
	bool is_freeze_set;		/* cgroup.freeze */
	int freeze_depth;		/* how many of itself and its ancestors are set */
	bool is_frozen;
	int frozen_tasks;
	/* pids; tasklist_lock. Counted everywhere, limited and shown where the parent has the controller on */
	bool has_pids_below;		/* cgroup.subtree_control. both locks */
	int pids, pids_peak, pids_max;
	u64 pids_refused;
	/* devices: cgroup/device.c's own lock */
	struct list devices;		/* its programs */
	u32 device_flags;		/* BPF_F_ALLOW_*: what those below may do; 0 with an empty list */
	/* the file system */
	struct dentry *dentry;		/* borrowed: its directory, while it is not dead. cgroup_mutex */
	struct inode *procs;		/* borrowed: its cgroup.procs, whose mode says who may move tasks. cgroup_mutex */
	struct cgroup_node *events_file, *pids_events_file;	/* borrowed; NULL: not there (any more). tasklist_lock */
};

extern struct cgroup root_cgroup;
extern struct mutex cgroup_mutex;
extern bool cgroup_ns_delegate;		/* mount option nsdelegate: a namespace's root is a border */

/* cgroup.c */
static inline struct cgroup *cgroup_get(struct cgroup *c) { refcount_inc(&c->count); return c; }
void cgroup_put(struct cgroup *c);	/* NULL accepted */
/* One that is not in the tree yet: a reference, or ERR_PTR: -EAGAIN (limits), -ENOMEM. cgroup_mutex */
struct cgroup *cgroup_new(struct cgroup *parent, const char *name);
void cgroup_link(struct cgroup *c);				/* into the tree. cgroup_mutex */
int __must_check cgroup_unlink(struct cgroup *c);		/* out of it; -EBUSY: not empty. cgroup_mutex */
bool cgroup_is_below(const struct cgroup *c, const struct cgroup *ancestor);	/* or the same */
/* The next in the subtree of top, parents first; NULL: no more. Either lock. */
struct cgroup *cgroup_next(struct cgroup *c, struct cgroup *top);
/* The path as seen from root into buf ("/" for itself, ".." for what is outside): its length. */
size_t cgroup_path(const struct cgroup *c, const struct cgroup *root, char *buf, size_t size);
static inline bool cgroup_is_threaded(const struct cgroup *c) { return c->dom != c; }
static inline bool cgroup_is_root(const struct cgroup *c) { return !c->parent; }
const char *cgroup_type_name(struct cgroup *c);			/* either lock */
int __must_check cgroup_make_threaded(struct cgroup *c);	/* -EOPNOTSUPP. cgroup_mutex */
int __must_check cgroup_may_host(struct cgroup *c);		/* may tasks come in: -EOPNOTSUPP, -EBUSY. either lock */
bool cgroup_can_be_thread_root(struct cgroup *c);
bool cgroup_is_thread_root(struct cgroup *c);
bool cgroup_is_valid_domain(struct cgroup *c);

/* tasks.c */
struct cgroup *task_cgroup_locked(const struct task *t);	/* borrowed, never NULL. tasklist_lock */
struct cgroup *task_get_cgroup(struct task *t);			/* a reference */
/* clone's last question, under tasklist_lock: 0: the child is in its group (child->cgroup if that is set already, as
 * CLONE_INTO_CGROUP does, else its parent's); -EAGAIN pids.max; -ENODEV and cgroup_may_host's. */
int __must_check cgroup_fork_locked(struct task *child, const struct clone_request *req);
void cgroup_exit_locked(struct task *t);	/* it lives no more: tasklist_lock */
void cgroup_release_locked(struct task *t);	/* its number goes: tasklist_lock */
static inline bool cgroup_is_populated(const struct cgroup *c) { return c->tasks || c->populated_children; }
/* Moves t's whole thread group, or t alone. cgroup_mutex; the rights are checked already. */
void cgroup_move(struct task *t, struct cgroup *to, bool is_group);
/* May the opener of f (for a clone: current, f NULL) move tasks from one to the other? -EACCES, -ENOENT. cgroup_mutex */
int __must_check cgroup_may_move(const struct file *f, struct cgroup *from, struct cgroup *to, struct cgroup *ns_root);
void cgroup_kill(struct cgroup *c);		/* SIGKILL to all in its subtree */
/* A clone's CLONE_INTO_CGROUP: the group behind the descriptor if the caller may: a reference, or ERR_PTR. */
struct cgroup *cgroup_for_clone(int fd, bool is_thread);

/* freezer.c: tasklist_lock */
void cgroup_freeze_set_locked(struct cgroup *c, bool on);
void cgroup_freeze_new_locked(struct cgroup *c);		/* a new child of its parent, perhaps a frozen one's */
void cgroup_freeze_moved_locked(struct task *t, struct cgroup *from, struct cgroup *to);
void cgroup_freeze_forked_locked(struct task *child, struct cgroup *c);	/* child: not seen by anybody yet */
void cgroup_frozen_update_locked(struct cgroup *c);		/* counts have changed */
/* current sleeps and runs no user code until it says otherwise: what stops, ptrace stops and vfork's wait are to the
 * freezer. */
void cgroup_enter_frozen(void);
void cgroup_leave_frozen(void);

/* pids.c: tasklist_lock */
int __must_check cgroup_pids_try_locked(struct cgroup *c);	/* one more: -EAGAIN */
void cgroup_pids_add_locked(struct cgroup *c, int n);		/* whatever the limit */

/* control.c */
static inline bool cgroup_has_pids(const struct cgroup *c) { return c->parent && c->parent->has_pids_below; }
int __must_check cgroup_control_write(struct cgroup *c, char *text);	/* cgroup.subtree_control */

/* files.c */
void cgroup_notify_locked(struct cgroup_node *file);		/* NULL accepted. tasklist_lock */

/* fs.c */
int __must_check cgroup_files_sync(struct dentry *dir);		/* the controllers' files as they should be: -ENOMEM */
struct cgroup *cgroup_of_directory(const struct file *f);	/* borrowed; NULL: f is none */
void cgroup_init(void);
#endif
