/*
 * namespace/nsfs.c: namespaces as files: what the links of /proc/PID/ns lead to. An open file or a bind mount of one keeps
 * its namespace alive; the same namespace has the same device and inode number wherever it is met.
 * Nothing is kept: each way to a namespace makes an inode of its own, which holds it.
 * Locks: none. Errors: of the ioctls EPERM (the answer is outside what the caller may know of), EINVAL, ENOTTY, EMFILE, ENOMEM.
 * Source: namespaces(7), ioctl_ns(2), proc(5).
 */
#include "namespace/nsfs.h"
#include "namespace/user.h"
#include "base/printk.h"
#include "base/string.h"
#include "fs/internal.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/sched.h>

static struct superblock *nsfs_sb;
static struct mount *nsfs_mount;

static const struct file_ops nsfs_fops;
static const struct inode_ops nsfs_inode_ops = { 0 };

/* -- what /proc/PID/ns shows -- */
enum { LINK_USER = NS_KINDS, LINK_PID };
static const struct { const char *name; int kind; } links[] = {
	{ "cgroup", NS_CGROUP }, { "ipc", NS_IPC }, { "mnt", NS_MOUNT }, { "net", NS_NET }, { "pid", LINK_PID },
	{ "pid_for_children", NS_PID_FOR_CHILDREN }, { "time", NS_TIME }, { "time_for_children", NS_TIME_FOR_CHILDREN },
	{ "user", LINK_USER }, { "uts", NS_UTS },
};

static int link_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (!strcmp(links[i].name, name))
			return links[i].kind;
	return -1;
}

bool nsfs_link_is_offered(const char *name)
{
	int kind = link_kind(name);
	return kind >= 0 && (kind >= NS_KINDS || first_namespaces.of[kind]);
}

static struct ns *user_ns_of(struct task *t)
{
	const struct cred *c = task_get_cred(t);
	struct ns *ns = ns_get(&c->user_ns->ns);

	cred_put(c);
	return ns;
}

/* A pid namespace that has no process yet is no place to go to. */
static struct ns *kind_of_task(struct task *t, int kind)
{
	struct namespaces *set = task_get_namespaces(t);
	struct ns *ns = set ? set->of[kind] : NULL;

	if (ns && kind == NS_PID_FOR_CHILDREN && !READ_ONCE(container_of(ns, struct pid_ns, ns)->reaper))
		ns = NULL;
	if (ns)
		ns_get(ns);
	namespaces_put(set);
	return ns;
}

/* The lock: a thread that execs gives its name back. */
static struct ns *pid_ns_of_task(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct ns *ns = ns_get(&pid_ns_of(t->pid)->ns);

	spin_unlock_irqrestore(&tasklist_lock, flags);
	return ns;
}

struct ns *nsfs_link_get(const char *name, struct task *t)
{
	int kind = link_kind(name);

	if (kind == LINK_USER)
		return user_ns_of(t);
	if (kind == LINK_PID)
		return pid_ns_of_task(t);
	return kind < 0 ? NULL : kind_of_task(t, kind);
}

/* -- the file system -- */
int nsfs_path(struct ns *ns, struct path *out)
{
	char name[32];
	struct inode *i = inode_new(nsfs_sb, S_IFREG | 0444);

	if (!i) {
		ns_put(ns);
		return -ENOMEM;
	}
	i->uid = i->gid = 0;
	i->ino = ns->inode;
	i->private = ns;
	i->ops = &nsfs_inode_ops;
	i->fops = &nsfs_fops;
	snprintf(name, sizeof(name), "%s:", ns->ops->name);	/* shown as "name:[number]" */
	struct dentry *d = dentry_alloc(NULL, name, strlen(name));
	if (!d) {
		inode_put(i);
		return -ENOMEM;
	}
	d->inode = i;
	*out = (struct path){ mount_get(nsfs_mount), d };
	return 0;
}

bool inode_is_nsfs(const struct inode *i) { return i->sb == nsfs_sb; }

struct ns *nsfs_of_file(const struct file *f) { return f->ops == &nsfs_fops ? f->inode->private : NULL; }

static void nsfs_destroy_inode(struct inode *i)
{
	if (i->private)
		ns_put(i->private);
}

static int nsfs_statfs(struct superblock *sb, struct dentry *d, void *kernel_statfs64) { return 0; }
static const struct super_ops nsfs_super_ops = { .destroy_inode = nsfs_destroy_inode, .statfs = nsfs_statfs };
static const struct fs_type nsfs_type = { .name = "nsfs" };

void nsfs_init(void)
{
	nsfs_sb = superblock_new(&nsfs_type, NSFS_MAGIC, &nsfs_super_ops, 0);
	BUG_ON(!nsfs_sb);
	struct inode *i = inode_new(nsfs_sb, S_IFDIR | 0555);
	BUG_ON(!i);
	i->ops = &nsfs_inode_ops;
	BUG_ON(IS_ERR(superblock_set_root(nsfs_sb, i)));
	nsfs_mount = mount_new(nsfs_sb, nsfs_sb->root, 0, "nsfs");
	BUG_ON(!nsfs_mount);
}

/* -- ioctl_ns(2) -- */
/* The answer as a descriptor; takes the reference over. */
static long ns_open(struct ns *ns)
{
	struct path p;
	int err = nsfs_path(ns, &p);

	if (err)
		return err;
	struct file *f = file_open_path(&p, O_RDONLY);
	path_put(&p);
	if (IS_ERR(f))
		return PTR_ERR(f);
	int fd = fd_install_new(f, O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

/* Only the caller's own user namespace and those below it are shown to it. */
static long ioctl_owner(struct ns *ns)
{
	struct user_namespace *owner = ns->owner, *mine = current_cred()->user_ns;

	if (!owner || !user_ns_is_below(owner, mine))
		return -EPERM;
	return ns_open(ns_get(&owner->ns));
}

static long ioctl_parent(struct ns *ns)
{
	struct pid_ns *mine = current_pid_ns();

	if (!ns->ops->parent)
		return -EINVAL;
	if (ns->ops->flag == CLONE_NEWUSER)	/* its owner and its parent are one */
		return ioctl_owner(ns);
	struct ns *parent = ns->ops->parent(ns);
	for (struct ns *at = parent; at; at = at->ops->parent(at))
		if (at == &mine->ns)
			return ns_open(ns_get(parent));
	return -EPERM;
}

static long nsfs_ioctl(struct file *f, unsigned cmd, uptr arg)
{
	struct ns *ns = f->inode->private;

	switch (cmd) {
	case NS_GET_USERNS:
		return ioctl_owner(ns);
	case NS_GET_PARENT:
		return ioctl_parent(ns);
	case NS_GET_NSTYPE:
		return (long)ns->ops->flag;
	case NS_GET_OWNER_UID:
		return ns->ops->flag == CLONE_NEWUSER ? put_user_u32(user_ns_owner_uid(ns), arg) : -EINVAL;
	}
	return -ENOTTY;
}

static loff nsfs_seek(struct file *f, loff off, int whence) { return -ESPIPE; }

static const struct file_ops nsfs_fops = { .ioctl = nsfs_ioctl, .seek = nsfs_seek };
