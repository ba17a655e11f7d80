/*
 * fs/namei.c: from a path to a place and back: path_lookup for all who only look, path_format, and the note of what
 * was looked for in system folders and not found.
 * Locks: dentry_lock in path_format, which may be called with any sleeping lock held. Errors: see walk.c.
 * Source: path_resolution(7), openat(2) for AT_EMPTY_PATH, proc(5) for "(deleted)".
 */
#include "fs/internal.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <linux/magic.h>

int path_lookup_resolve(int dirfd, const char *path, unsigned flags, u32 resolve, struct path *out)
{
	struct walk w;
	int err = walk_start(&w, dirfd, path, flags, resolve);
	if (!err)
		err = walk_whole(&w, flags & LOOKUP_FOLLOW);
	if (!err && (flags & LOOKUP_DIRECTORY) && !inode_is_dir(w.path.dentry->inode))
		err = -ENOTDIR;
	if (!err) {
		*out = w.path;
		w.path = (struct path){ NULL, NULL };
	}
	walk_end(&w);
	if (err == -ENOENT && (flags & LOOKUP_MISSING_NOTE))
		missing_note(path);
	return err;
}

int path_lookup(int dirfd, const char *path, unsigned flags, struct path *out)
{
	return path_lookup_resolve(dirfd, path, flags, 0, out);
}

char *path_text_new_flags(uptr path, unsigned flags)
{
	char *text = path_text_alloc();
	if (!text)
		return ERR_PTR(-ENOMEM);
	ssize_t n = strncpy_from_user(text, path, PATH_BYTES);
	if (n == 0 && !(flags & LOOKUP_EMPTY))
		n = -ENOENT;
	if (n >= 0)
		return text;
	path_text_free(text);
	return ERR_PTR(n);
}

char *path_text_new(uptr path)
{
	return path_text_new_flags(path, 0);
}

int path_lookup_user(int dirfd, uptr path, unsigned flags, struct path *out)
{
	char *text = path_text_new_flags(path, flags);
	if (IS_ERR(text))
		return (int)PTR_ERR(text);
	int err = path_lookup(dirfd, text, flags, out);
	path_text_free(text);
	return err;
}

/* -- back to text: built from the end of the buffer -- */
struct text_end { char *at, *start; };

static bool put_front(struct text_end *t, const char *s, size_t n)
{
	if ((size_t)(t->at - t->start) < n)
		return false;
	t->at -= n;
	memcpy(t->at, s, n);
	return true;
}

/* Nameless files: "pipe:[12]", "anon_inode:[eventfd]"; in the internal tmpfs "/memfd:x (deleted)". */
char *path_format_nameless(const struct dentry *d, char *buf, size_t size)
{
	int n;

	if (d->inode->sb->magic == TMPFS_MAGIC)
		n = snprintf(buf, size, "/%s (deleted)", d->name);
	else if (d->name_len && d->name[d->name_len - 1] == ':')
		n = snprintf(buf, size, "%s[%lu]", d->name, (unsigned long)d->inode->ino);
	else
		n = snprintf(buf, size, "%s", d->name);
	return n < (int)size ? buf : ERR_PTR(-ENAMETOOLONG);
}

/* Up to root, or as far as it goes. 0, or -ENAMETOOLONG; *reached: root was on the way. dentry_lock held. */
static int format_up_locked(const struct path *p, const struct path *root, struct text_end *t, bool *reached)
{
	struct dentry *d = p->dentry;
	struct mount *m = p->mount;

	*reached = true;
	while (d != root->dentry || m != root->mount) {
		if (d == m->root || d == d->parent) {
			if (!m->parent || d != m->root) {
				*reached = false;
				break;
			}
			d = m->mountpoint;
			m = m->parent;
			continue;
		}
		if (!put_front(t, d->name, d->name_len) || !put_front(t, "/", 1))
			return -ENAMETOOLONG;
		d = d->parent;
	}
	return 0;
}

char *path_format_from_locked(const struct path *p, const struct path *root, char *buf, size_t size, bool *reached)
{
	struct text_end t = { buf + size, buf };
	int err = 0;

	if (!put_front(&t, "", 1))
		return ERR_PTR(-ENAMETOOLONG);
	spin_lock(&dentry_lock);
	if (p->dentry->is_unlinked && !put_front(&t, " (deleted)", 10))
		err = -ENAMETOOLONG;
	char *end = t.at;
	if (!err)
		err = format_up_locked(p, root, &t, reached);
	spin_unlock(&dentry_lock);
	if (!err && t.at == end && !put_front(&t, "/", 1))
		err = -ENAMETOOLONG;
	return err ? ERR_PTR(err) : t.at;
}

char *dentry_format(struct dentry *d, char *buf, size_t size)
{
	struct text_end t = { buf + size, buf };
	bool fits = put_front(&t, "", 1);

	spin_lock(&dentry_lock);
	if (d->is_unlinked)
		fits = fits && put_front(&t, "//deleted", 9);
	if (d == d->parent)
		fits = fits && put_front(&t, "/", 1);
	for (; fits && d != d->parent; d = d->parent)
		fits = put_front(&t, d->name, d->name_len) && put_front(&t, "/", 1);
	spin_unlock(&dentry_lock);
	return fits ? t.at : ERR_PTR(-ENAMETOOLONG);
}

char *path_format_from(const struct path *p, const struct path *root, char *buf, size_t size, bool *reached)
{
	rw_read_lock(&mount_lock);
	char *s = path_format_from_locked(p, root, buf, size, reached);
	rw_read_unlock(&mount_lock);
	return s;
}

char *path_format(const struct path *p, char *buf, size_t size)
{
	struct path root = { NULL, NULL };
	bool reached;

	if (!p->mount->ns && !p->mount->parent && p->dentry == p->dentry->parent && p->mount->root != p->dentry)
		return path_format_nameless(p->dentry, buf, size);
	if (current->fs)
		fs_room_get_root(current->fs, &root);
	char *s = path_format_from(p, &root, buf, size, &reached);
	if (root.mount)
		path_put(&root);
	return s;
}

/* -- what was missing -- */
#define MISSING_MAX 64
#define MISSING_PLACES 256
static struct mutex missing_lock = MUTEX_INIT(missing_lock, RANK_INODE);
static struct { char *path; size_t len; u32 hash; } missing[MISSING_MAX];	/* path: owned; a ring. missing_lock */
static u8 missing_place[MISSING_PLACES];	/* by hash: where in the ring to look first. missing_lock */
static unsigned missing_count;		/* ever noted. missing_lock */

static bool missing_is(unsigned i, const char *path, size_t len, u32 hash)
{
	return missing[i].hash == hash && missing[i].len == len && !memcmp(missing[i].path, path, len);
}

/* Known paths are looked for again and again: by the loader, for each program. */
static bool missing_is_known(const char *path, size_t len, u32 hash)
{
	unsigned kept = MIN(missing_count, (unsigned)MISSING_MAX), first = missing_place[hash % MISSING_PLACES];

	if (first < kept && missing_is(first, path, len, hash))
		return true;
	for (unsigned i = 0; i < kept; i++) {
		if (missing_is(i, path, len, hash)) {
			missing_place[hash % MISSING_PLACES] = (u8)i;
			return true;
		}
	}
	return false;
}

static bool is_in_system_folder(const char *path)
{
	static const struct { const char *name; size_t len; } folders[] = {
		{ "/usr/", 5 }, { "/lib/", 5 }, { "/lib64/", 7 }, { "/bin/", 5 }, { "/sbin/", 6 }, { "/etc/", 5 }, { "/opt/", 5 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		if (path[1] == folders[i].name[1] && strncmp(path, folders[i].name, folders[i].len) == 0)
			return true;
	}
	return false;
}

void missing_note(const char *path)
{
	if (path[0] != '/' || !is_in_system_folder(path))
		return;
	size_t len = strlen(path);
	u32 hash = name_hash(path, len);
	mutex_lock(&missing_lock);
	char *copy = missing_is_known(path, len, hash) ? NULL : kstrdup(path);
	if (copy) {
		unsigned slot = missing_count++ % MISSING_MAX;
		kfree(missing[slot].path);
		missing[slot].path = copy;
		missing[slot].len = len;
		missing[slot].hash = hash;
	}
	mutex_unlock(&missing_lock);
}

void missing_for_each(void (*fn)(const char *path, void *arg), void *arg)
{
	mutex_lock(&missing_lock);
	unsigned first = missing_count > MISSING_MAX ? missing_count - MISSING_MAX : 0;
	for (unsigned i = first; i < missing_count; i++)
		fn(missing[i % MISSING_MAX].path, arg);
	mutex_unlock(&missing_lock);
}
