/*
 * fs/proc/mounts.c: /proc/PID/mounts, mountinfo and mountstats: the mounts of the process's namespace that lie below its
 * root. An open file stays with the namespace and the root that the process had when it was opened; poll tells of changes.
 * Locks: mount_lock for reading. Errors: EINVAL (the process has no namespace any more), ENOENT, ENOMEM.
 * Source: proc(5), fstab(5).
 */
#include "fs/proc/proc.h"
#include "fs/mount.h"
#include "fs/poll.h"
#include "base/string.h"
#include "mm/slab.h"
#include <linux/eventpoll.h>

#define ESCAPED " \t\n\\"
#define ESCAPED_SOURCE ESCAPED "#"

struct flag_name { u64 flag; const char *name; };

static void show_flags(struct text *t, u64 flags, const struct flag_name *names)
{
	for (; names->name; names++) {
		if (flags & names->flag)
			text_print(t, "%s", names->name);
	}
}

static void show_mount_flags(struct text *t, u64 flags)
{
	static const struct flag_name names[] = {
		{ MS_NOSUID, ",nosuid" }, { MS_NODEV, ",nodev" }, { MS_NOEXEC, ",noexec" }, { MS_NOATIME, ",noatime" },
		{ MS_NODIRATIME, ",nodiratime" }, { MS_RELATIME, ",relatime" }, { MS_NOSYMFOLLOW, ",nosymfollow" }, {},
	};
	show_flags(t, flags, names);
}

static void show_super_options(struct text *t, struct superblock *sb)
{
	char options[256] = "";
	if (sb->type->show_options)
		sb->type->show_options(sb, options, sizeof(options));
	text_print(t, "%s", options);
}

static void show_super_flags(struct text *t, u64 flags)
{
	static const struct flag_name names[] = {
		{ MS_SYNCHRONOUS, ",sync" }, { MS_DIRSYNC, ",dirsync" }, { MS_MANDLOCK, ",mand" }, { MS_LAZYTIME, ",lazytime" }, {},
	};
	show_flags(t, flags, names);
}

typedef void (*show_line_fn)(struct text *t, struct mount *m, const char *at, const struct path *root);

static void show_line(struct text *t, struct mount *m, const char *at, const struct path *root)
{
	text_put_escaped(t, m->source, ESCAPED_SOURCE);
	text_print(t, " ");
	text_put_escaped(t, at, ESCAPED);
	text_print(t, " %s %s", m->sb->type->name, mount_is_readonly(m) ? "ro" : "rw");
	show_super_flags(t, m->sb->flags);
	show_mount_flags(t, m->flags);
	show_super_options(t, m->sb);
	text_print(t, " 0 0\n");
}

/* The part of its file system that is mounted: the path within that. */
static void show_part(struct text *t, struct mount *m)
{
	char *buf = m->root == m->sb->root ? NULL : path_text_alloc();
	const char *within = "/";

	t->out_of_memory |= !buf && m->root != m->sb->root;
	if (buf && m->root->parent == m->root)		/* a file without a directory: of nsfs */
		within = path_format_nameless(m->root, buf, PATH_BYTES);
	else if (buf)
		within = dentry_format(m->root, buf, PATH_BYTES);
	text_put_escaped(t, IS_ERR(within) ? "/" : within, ESCAPED);
	if (buf)
		path_text_free(buf);
}

static void show_propagation(struct text *t, const struct mount *m, const struct path *root)
{
	if (m->is_shared)
		text_print(t, " shared:%d", m->group);
	if (m->master) {
		int from = mount_dominating_group_locked(m, root);
		text_print(t, " master:%d", m->master->group);
		if (from && from != m->master->group)
			text_print(t, " propagate_from:%d", from);
	}
	if (m->is_unbindable)
		text_print(t, " unbindable");
}

static void show_info_line(struct text *t, struct mount *m, const char *at, const struct path *root)
{
	text_print(t, "%d %d %u:%u ", m->id, m->parent ? m->parent->id : m->id, dev_major(m->sb->dev), dev_minor(m->sb->dev));
	show_part(t, m);
	text_print(t, " ");
	text_put_escaped(t, at, ESCAPED);
	text_print(t, " %s", m->flags & MS_RDONLY ? "ro" : "rw");
	show_mount_flags(t, m->flags);
	show_propagation(t, m, root);
	text_print(t, " - %s ", m->sb->type->name);
	text_put_escaped(t, m->source, ESCAPED_SOURCE);
	text_print(t, " %s", m->sb->flags & MS_RDONLY ? "ro" : "rw");
	show_super_flags(t, m->sb->flags);
	show_super_options(t, m->sb);
	text_print(t, "\n");
}

static void show_stats_line(struct text *t, struct mount *m, const char *at, const struct path *root)
{
	text_print(t, "device ");
	text_put_escaped(t, m->source, ESCAPED_SOURCE);
	text_print(t, " mounted on ");
	text_put_escaped(t, at, ESCAPED);
	text_print(t, " with fstype %s\n", m->sb->type->name);
}

/* -- the open file -- */
struct mounts_view {
	struct mount_ns *ns;	/* reference */
	struct path root;	/* references */
	u64 seen;		/* the namespace's event that was last told */
};

static int show_mounts(struct text *t, show_line_fn line)
{
	struct mounts_view *v = t->view;
	char *buf = path_text_alloc();
	struct mount *m;

	if (!buf)
		return -ENOMEM;
	rw_read_lock(&mount_lock);
	list_for_each(m, &v->ns->mounts, ns_node) {
		struct path p = { m, m->root };
		bool reached;
		char *at = path_format_from_locked(&p, &v->root, buf, PATH_BYTES, &reached);
		if (!IS_ERR(at) && reached)
			line(t, m, at, &v->root);
	}
	rw_read_unlock(&mount_lock);
	path_text_free(buf);
	return 0;
}

int proc_show_mounts(struct text *t, const struct proc_ref *r) { return show_mounts(t, show_line); }
int proc_show_mountinfo(struct text *t, const struct proc_ref *r) { return show_mounts(t, show_info_line); }
int proc_show_mountstats(struct text *t, const struct proc_ref *r) { return show_mounts(t, show_stats_line); }

static void view_free(struct mounts_view *v)
{
	if (!v)
		return;
	if (v->ns)
		ns_put(&v->ns->ns);
	path_put(&v->root);
	kfree(v);
}

static int view_fill(struct mounts_view *v, struct task *task)
{
	struct namespaces *set = task_get_namespaces(task);
	struct fs_room *fs = task_get_fs(task);
	int err = !set ? -EINVAL : !fs ? -ENOENT : 0;

	if (!err) {
		v->ns = container_of(ns_get(set->of[NS_MOUNT]), struct mount_ns, ns);
		v->seen = READ_ONCE(v->ns->event);
		fs_room_get_root(fs, &v->root);
	}
	namespaces_put(set);
	fs_room_put(fs);
	return err;
}

static int mounts_open(struct inode *i, struct file *f)
{
	struct mounts_view *v = kzalloc(sizeof(*v));
	struct text *t = kzalloc(sizeof(*t));
	struct task *task = proc_task(i->private);
	int err = !task ? -EINVAL : v && t ? view_fill(v, task) : -ENOMEM;

	task_put(task);
	if (err) {
		view_free(v);
		kfree(t);
		return err;
	}
	t->view = v;
	f->private = t;
	return 0;
}

static void mounts_release(struct file *f)
{
	view_free(((struct text *)f->private)->view);
	proc_text_release(f);
}

static unsigned mounts_poll(struct file *f, struct poll_table *pt)
{
	struct mounts_view *v = ((struct text *)f->private)->view;

	poll_wait(f, &v->ns->changed, pt);
	u64 now = READ_ONCE(v->ns->event);
	bool is_news = now != v->seen;
	v->seen = now;
	return EPOLLIN | EPOLLRDNORM | (is_news ? EPOLLERR | EPOLLPRI : 0);
}

const struct file_ops proc_mounts_fops = { PROC_TEXT_FOPS(mounts_open, mounts_release), .poll = mounts_poll };
