/*
 * fs/proc/super.c: a mount of procfs: whose processes it shows (those of the mounter's pid namespace), and its options:
 * hidepid (what others may see of a process), gid (who sees all the same), subset=pid (nothing but processes).
 * Locks: none; an option is one word. Errors: EINVAL for an option that is not known, ENOMEM. Source: proc(5).
 */
#include "fs/proc/proc.h"
#include "base/string.h"
#include "base/printk.h"
#include "mm/slab.h"
#include "namespace/user.h"
#include <linux/magic.h>

SLAB_CACHE(proc_super_cache, struct proc_super);

static const char *const hide_names[] = {
	[HIDE_OFF] = "off", [HIDE_NO_ACCESS] = "noaccess", [HIDE_INVISIBLE] = "invisible", [HIDE_NOT_PTRACEABLE] = "ptraceable",
};

static bool cred_is_in_group(u32 gid) { return current->cred->fsgid == gid || cred_has_group(current->cred, gid); }

bool proc_hides(const struct proc_super *s, struct task *t, enum hide_pid from)
{
	enum hide_pid hide = READ_ONCE(s->hide_pid);
	if (likely(hide < from))
		return false;
	if (hide != HIDE_NOT_PTRACEABLE && cred_is_in_group(s->gid))
		return false;
	return proc_may_look(t) != 0;
}

static int hide_pid_parse(const char *v, enum hide_pid *hide)
{
	for (size_t i = 0; i < ARRAY_SIZE(hide_names); i++) {
		char digit[2] = { (char)('0' + i) };
		if (!hide_names[i] || (strcmp(v, hide_names[i]) && strcmp(v, digit)))
			continue;
		*hide = (enum hide_pid)i;
		return 0;
	}
	return -EINVAL;
}

static int option_set(struct proc_super *s, const char *name, const char *value)
{
	char *end;
	if (!value || !*value)
		return -EINVAL;
	if (!strcmp(name, "hidepid"))
		return hide_pid_parse(value, &s->hide_pid);
	if (!strcmp(name, "subset")) {
		s->has_only_pids = true;
		return strcmp(value, "pid") ? -EINVAL : 0;
	}
	if (strcmp(name, "gid"))
		return -EINVAL;
	u64 gid = strtou64(value, &end, 10);
	s->gid = (u32)gid;
	return *end || gid >= 0xffffffff ? -EINVAL : 0;
}

static int options_parse(struct proc_super *s, const char *text)
{
	char *copy = kstrdup(text ? text : ""), *list = copy, *name, *value;
	int err = copy ? 0 : -ENOMEM;
	while (!err && (name = option_next(&list, &value)))
		err = option_set(s, name, value);
	kfree(copy);
	return err;
}

int proc_remount(struct superblock *sb, const char *options)
{
	struct proc_super *s = sb->private, wanted = *s;
	int err = options_parse(&wanted, options);
	if (err)
		return err;
	s->gid = wanted.gid;
	s->has_only_pids = wanted.has_only_pids;
	WRITE_ONCE(s->hide_pid, wanted.hide_pid);
	return 0;
}

void proc_show_options(struct superblock *sb, char *buf, size_t size)
{
	const struct proc_super *s = sb->private;
	int n = 0;
	*buf = 0;
	if (s->gid)
		n += scnprintf(buf + n, size - (size_t)n, ",gid=%u", s->gid);
	if (s->hide_pid != HIDE_OFF)
		n += scnprintf(buf + n, size - (size_t)n, ",hidepid=%s", hide_names[s->hide_pid]);
	if (s->has_only_pids)
		scnprintf(buf + n, size - (size_t)n, ",subset=pid");
}

void proc_destroy_super(struct superblock *sb)
{
	struct proc_super *s = sb->private;
	if (!s)
		return;
	ns_put(&s->ns->ns);
	slab_free(&proc_super_cache, s);
}

struct user_namespace *proc_owner(void)
{
	struct user_namespace *owner = current_pid_ns()->ns.owner;
	return owner ? owner : &first_user_ns;
}

struct superblock *proc_mount(const struct fs_type *type, u64 flags, const char *source, const char *options)
{
	struct proc_super wanted = {};
	int err = options_parse(&wanted, options);
	if (err)
		return ERR_PTR(err);
	struct proc_super *s = slab_alloc(&proc_super_cache);
	struct superblock *sb = s ? superblock_new(type, PROC_SUPER_MAGIC, &proc_super_ops, flags) : NULL;
	if (!sb) {
		if (s)
			slab_free(&proc_super_cache, s);
		return ERR_PTR(-ENOMEM);
	}
	*s = wanted;
	s->ns = current_pid_ns();
	ns_get(&s->ns->ns);
	sb->private = s;
	struct proc_ref r = { .kind = DIR_ROOT };
	return superblock_set_root(sb, proc_inode(sb, &r, S_IFDIR | 0555));
}
