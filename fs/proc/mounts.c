/*
 * fs/proc/mounts.c: /proc/PID/mounts and mountinfo: the mounts of the process's namespace that lie below its root.
 * Locks: mount_lock for reading. Source: proc(5), fstab(5).
 */
#include "fs/proc/proc.h"
#include "fs/mount.h"
#include "base/string.h"
#include <linux/mount.h>

#define ESCAPED " \t\n\\#"

static void show_flags(struct text *t, u64 flags)
{
	static const struct { u64 flag; const char *name; } names[] = {
		{ MS_NOSUID, ",nosuid" }, { MS_NODEV, ",nodev" }, { MS_NOEXEC, ",noexec" }, { MS_NOATIME, ",noatime" },
		{ MS_NODIRATIME, ",nodiratime" }, { MS_RELATIME, ",relatime" },
	};
	text_print(t, flags & MS_RDONLY ? "ro" : "rw");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			text_print(t, "%s", names[i].name);
}

static void show_super_options(struct text *t, struct superblock *sb)
{
	char options[256] = "";
	if (sb->type->show_options)
		sb->type->show_options(sb, options, sizeof(options));
	text_print(t, "%s", options);
}

static void show_line(struct text *t, struct mount *m, const char *at)
{
	text_put_escaped(t, m->source ? m->source : "none", ESCAPED);
	text_print(t, " ");
	text_put_escaped(t, at, ESCAPED);
	text_print(t, " %s ", m->sb->type->name);
	show_flags(t, m->flags | m->sb->flags);
	show_super_options(t, m->sb);
	text_print(t, " 0 0\n");
}

static void show_info_line(struct text *t, struct mount *m, const char *at)
{
	char *buf = m->root != m->sb->root ? path_text_alloc() : NULL;
	struct path root = { m, m->root };
	const char *within = "/";
	t->out_of_memory |= !buf && m->root != m->sb->root;
	if (buf && m->root != m->sb->root) {
		/* the part of its file system that is mounted: the path within it */
		bool reached;
		struct path top = { m, m->sb->root };
		within = path_format_from_locked(&root, &top, buf, PATH_BYTES, &reached);
		if (IS_ERR(within))
			within = "/";
	}
	text_print(t, "%d %d %u:%u ", m->id, m->parent ? m->parent->id : m->id, m->sb->dev >> 8, m->sb->dev & 0xff);
	text_put_escaped(t, within, ESCAPED);
	text_print(t, " ");
	text_put_escaped(t, at, ESCAPED);
	text_print(t, " ");
	show_flags(t, m->flags);
	text_print(t, " - %s ", m->sb->type->name);
	text_put_escaped(t, m->source ? m->source : "none", ESCAPED);
	text_print(t, " %s", m->sb->flags & MS_RDONLY ? "ro" : "rw");
	show_super_options(t, m->sb);
	text_print(t, "\n");
	if (buf)
		path_text_free(buf);
}

static int show_mounts(struct text *t, const struct proc_ref *r, void (*line)(struct text *, struct mount *, const char *))
{
	struct task *task = proc_task(r);
	struct fs_room *fs = task ? task_get_fs(task) : NULL;
	struct path root;
	struct mount *m;
	task_put(task);
	if (!fs)
		return task ? -EINVAL : -ESRCH;
	fs_room_get_root(fs, &root);
	fs_room_put(fs);
	char *buf = path_text_alloc();
	rw_read_lock(&mount_lock);
	if (buf && root.mount->ns) {
		list_for_each(m, &root.mount->ns->mounts, ns_node) {
			struct path p = { m, m->root };
			bool reached;
			char *at = path_format_from_locked(&p, &root, buf, PATH_BYTES, &reached);
			if (!IS_ERR(at) && reached)
				line(t, m, at);
		}
	}
	rw_read_unlock(&mount_lock);
	path_put(&root);
	if (!buf)
		return -ENOMEM;
	path_text_free(buf);
	return 0;
}

int proc_show_mounts(struct text *t, const struct proc_ref *r) { return show_mounts(t, r, show_line); }
int proc_show_mountinfo(struct text *t, const struct proc_ref *r) { return show_mounts(t, r, show_info_line); }
