/*
 * fs/fs_context.c: a file system made step by step: fsopen, fsconfig, fsmount. Each option is tried as it is given, on a file
 * system that is thrown away again, so that a wrong one is refused at once; all of them make the one that is mounted.
 * Locks: the file's pos_lock. Errors: EPERM, EINVAL, ENODEV, EBUSY (not this step now), EBADF, EOPNOTSUPP, ENODATA, ENOMEM.
 * Source: Linux 6.1's behaviour; fsopen(2), fsconfig(2) and fsmount(2) of the newer manuals.
 */
#include "fs/mount.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>

#define OPTIONS_BYTES 4096
#define PARAM_BYTES 256

enum phase { PARAMS, MADE, MOUNTED, FAILED };
struct fs_context {
	const struct fs_type *type;
	enum phase phase;
	u64 flags;			/* MS_RDONLY and the like */
	char *source;			/* owned, or NULL */
	struct superblock *sb;		/* reference, once made */
	char options[OPTIONS_BYTES];
};

static void context_release(struct file *f)
{
	struct fs_context *c = f->private;

	if (c->sb)
		superblock_discard(c->sb);
	kfree(c->source);
	kfree(c);
}

/* Messages about what was wrong would be read here. */
static ssize_t context_read(struct file *f, uptr buf, size_t n, loff *pos) { return -ENODATA; }

static const struct file_ops context_fops = { .read = context_read, .release = context_release };

/* -- fsopen -- */
static int open_context(const struct fs_type *t, unsigned flags)
{
	struct fs_context *c = kzalloc(sizeof(*c));
	struct file *f = c ? file_anon("anon_inode:[fscontext]", FMODE_READ | FMODE_WRITE | FMODE_NONSEEK, O_RDWR,
				       &context_fops, c) : ERR_PTR(-ENOMEM);

	if (IS_ERR(f)) {
		kfree(c);
		return (int)PTR_ERR(f);
	}
	c->type = t;
	int fd = fd_install_new(f, flags & 1 ? O_CLOEXEC : 0);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_fsopen(uptr name, unsigned flags)
{
	if (!may_mount())
		return -EPERM;
	if (flags & ~1U)
		return -EINVAL;
	char *text = path_text_new_flags(name, LOOKUP_EMPTY);
	if (IS_ERR(text))
		return PTR_ERR(text) == -ENAMETOOLONG ? -EINVAL : PTR_ERR(text);
	const struct fs_type *t = fs_type_find(text);
	path_text_free(text);
	return t && t->mount ? open_context(t, flags) : -ENODEV;
}

/* -- fsconfig -- */
static struct superblock *make(struct fs_context *c, const char *options)
{
	if (!ns_capable(c->type->owner ? c->type->owner() : &first_user_ns, CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	return c->type->mount(c->type, c->flags, c->source, options);
}

static int add_option(struct fs_context *c, const char *option)
{
	size_t used = strlen(c->options), n = strlen(option);

	if (strchr(option, ',') || used + n + 2 > OPTIONS_BYTES)
		return -EINVAL;
	struct superblock *trial = make(c, option);
	if (IS_ERR(trial))
		return (int)PTR_ERR(trial);
	superblock_discard(trial);
	snprintf(c->options + used, OPTIONS_BYTES - used, "%s%s", used ? "," : "", option);
	return 0;
}

/* What all file systems know. False: it is none of those. */
static bool set_super_flag(struct fs_context *c, const char *key)
{
	static const struct { const char *name; u64 set, clear; } names[] = {
		{ "ro", MS_RDONLY, 0 }, { "rw", 0, MS_RDONLY }, { "sync", MS_SYNCHRONOUS, 0 }, { "async", 0, MS_SYNCHRONOUS },
		{ "dirsync", MS_DIRSYNC, 0 }, { "lazytime", MS_LAZYTIME, 0 }, { "nolazytime", 0, MS_LAZYTIME },
		{ "mand", MS_MANDLOCK, 0 }, { "nomand", 0, MS_MANDLOCK },
	};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i].name, key))
			continue;
		c->flags = (c->flags & ~names[i].clear) | names[i].set;
		return true;
	}
	return false;
}

enum { SET_FLAG, SET_STRING, SET_BINARY, SET_PATH, SET_PATH_EMPTY, SET_FD, CREATE, RECONFIGURE };

static int set_string(struct fs_context *c, const char *key, const char *value)
{
	char option[2 * PARAM_BYTES + 1];

	if (!strcmp(key, "source")) {
		if (c->source)
			return -EINVAL;
		c->source = kstrdup(value);
		return c->source ? 0 : -ENOMEM;
	}
	snprintf(option, sizeof(option), "%s=%s", key, value);
	return add_option(c, option);
}

static int create(struct fs_context *c)
{
	if (c->phase != PARAMS)
		return -EBUSY;
	struct superblock *sb = make(c, c->options);
	c->phase = IS_ERR(sb) ? FAILED : MADE;
	c->sb = IS_ERR(sb) ? NULL : sb;
	return IS_ERR(sb) ? (int)PTR_ERR(sb) : 0;
}

static int configure(struct fs_context *c, unsigned cmd, const char *key, const char *value)
{
	if (cmd == CREATE)
		return create(c);
	if (cmd == RECONFIGURE || c->phase != PARAMS)
		return -EBUSY;
	if (cmd == SET_FLAG)
		return set_super_flag(c, key) ? 0 : add_option(c, key);
	return cmd == SET_STRING ? set_string(c, key, value) : -EINVAL;	/* no option here is of another kind */
}

/* Which arguments there must be, and which there must not. */
static int check_arguments(unsigned cmd, bool has_key, bool has_value, int aux)
{
	bool is_right = false;

	switch (cmd) {
	case SET_FLAG:
		is_right = has_key && !has_value && !aux;
		break;
	case SET_STRING:
		is_right = has_key && has_value && !aux;
		break;
	case SET_BINARY:
		is_right = has_key && has_value && aux > 0 && aux <= 1 << 20;
		break;
	case SET_PATH:
	case SET_PATH_EMPTY:
		is_right = has_key && has_value && (aux == AT_FDCWD || aux >= 0);
		break;
	case SET_FD:
		is_right = has_key && !has_value && aux >= 0;
		break;
	case CREATE:
	case RECONFIGURE:
		is_right = !has_key && !has_value && !aux;
		break;
	default:
		return -EOPNOTSUPP;
	}
	return is_right ? 0 : -EINVAL;
}

/* 0, -EFAULT, or -EINVAL: too long. */
static int string_copy(char *to, uptr from)
{
	*to = 0;
	long n = from ? strncpy_from_user(to, from, PARAM_BYTES) : 0;
	return n == -ENAMETOOLONG ? -EINVAL : (int)MIN(n, 0L);
}

long sys_fsconfig(int fd, unsigned cmd, uptr key, uptr value, int aux)
{
	char name[PARAM_BYTES], text[PARAM_BYTES];

	if (fd < 0)
		return -EINVAL;
	long err = check_arguments(cmd, key, value, aux);
	if (err)
		return err;
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	err = f->ops == &context_fops ? string_copy(name, key) : -EINVAL;
	if (!err && cmd == SET_STRING)
		err = string_copy(text, value);
	if (!err) {
		mutex_lock(&f->pos_lock);
		err = configure(f->private, cmd, name, text);
		mutex_unlock(&f->pos_lock);
	}
	file_put(f);
	return err;
}

/* -- fsmount -- */
/* MOUNT_ATTR_*, the words of fsmount and mount_setattr, in mount(2)'s. */
static int mount_flags_of_attr(unsigned attr, u64 *flags)
{
	const unsigned known = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME |
			       MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW;

	if (attr & ~known)
		return -EINVAL;
	*flags = (attr & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0) | (attr & MOUNT_ATTR_NOSUID ? MS_NOSUID : 0) |
		 (attr & MOUNT_ATTR_NODEV ? MS_NODEV : 0) | (attr & MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0) |
		 (attr & MOUNT_ATTR_NODIRATIME ? MS_NODIRATIME : 0) | (attr & MOUNT_ATTR_NOSYMFOLLOW ? MS_NOSYMFOLLOW : 0);
	switch (attr & MOUNT_ATTR__ATIME) {
	case MOUNT_ATTR_RELATIME:
		break;
	case MOUNT_ATTR_NOATIME:
		*flags |= MS_NOATIME;
		break;
	case MOUNT_ATTR_STRICTATIME:
		*flags |= MS_STRICTATIME;
		break;
	default:
		return -EINVAL;
	}
	*flags = mount_flags_of(*flags);
	return 0;
}

static bool may_be_seen_locked(struct mount *m) { return !mount_is_revealing_locked(m); }

static int mount_context(struct fs_context *c, u64 flags, bool cloexec)
{
	if (c->phase == PARAMS || c->phase == FAILED)
		return -EINVAL;
	if (c->phase != MADE)
		return -EBUSY;
	struct superblock *sb = c->sb;
	struct dentry *root = sb->type->mount_root ? sb->type->mount_root(sb) : dentry_get(sb->root);
	struct mount *m = root ? mount_new(sb, root, flags, c->source) : NULL;
	dentry_put(root);
	if (!m)
		return -ENOMEM;
	superblock_put(sb);	/* the mount holds it */
	c->sb = NULL;
	c->phase = MOUNTED;
	return mount_open_detached(m, cloexec, may_be_seen_locked);
}

long sys_fsmount(int fs_fd, unsigned flags, unsigned attr)
{
	u64 mount_flags;

	if (!may_mount())
		return -EPERM;
	if ((flags & ~1U) || mount_flags_of_attr(attr, &mount_flags))
		return -EINVAL;
	struct file *f = fd_get(fs_fd);
	if (!f)
		return -EBADF;
	long fd = -EINVAL;
	if (f->ops == &context_fops) {
		mutex_lock(&f->pos_lock);
		fd = mount_context(f->private, mount_flags, flags & 1);
		mutex_unlock(&f->pos_lock);
	}
	file_put(f);
	return fd;
}
