/*
 * fs/walk.c: the walk along a path: one component after the other, through symbolic links, "..", and mounts.
 * Links are followed without recursion: the rest of a path waits on w->stack while the link's text is walked.
 * Plain names are taken in one run under dentry_lock (walk_run), which counts nothing on its way and hands over the links
 * among them; a component that wants more than a look into the hash is taken by itself.
 * Way in: walk_start, then walk_whole; or walk_parent and walk_step, for who makes or removes what is at the end.
 * Way out: w->path, or walk_end.
 * Locks: dentry_lock; a directory's inode->lock around its lookup operation; none is held on return.
 * Errors: ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG; openat2's EXDEV, ELOOP, EAGAIN.
 * Source: path_resolution(7), openat2(2).
 */
#include "fs/mount.h"
#include "base/string.h"
#include "mm/slab.h"
#include "task/task.h"
#include <linux/mount.h>
#include <linux/openat2.h>

struct path_text { char bytes[PATH_BYTES]; };
SLAB_CACHE(path_text_cache, struct path_text);
int protected_symlinks = 1;

static char *text_alloc(void) { return slab_alloc(&path_text_cache); }
void path_text_free(char *text) { slab_free(&path_text_cache, text); }
char *path_text_alloc(void) { return text_alloc(); }

/* -- beginning and end -- */
/* Nobody else changes a room that only current holds, so its root need not be counted. */
static void walk_set_root(struct walk *w)
{
	struct fs_room *fs = current->fs;

	if (w->root.mount)
		return;
	w->root_is_owned = refcount_read(&fs->count) != 1;
	if (w->root_is_owned)
		fs_room_get_root(fs, &w->root);
	else
		w->root = fs->root;
}

static int start_at_fd(struct walk *w, int dirfd, bool is_empty)
{
	struct file *f = fd_get_raw(dirfd);

	if (!f)
		return -EBADF;
	if (!is_empty && (!f->path.dentry || !inode_is_dir(f->inode))) {
		file_put(f);
		return -ENOTDIR;
	}
	w->path = f->path;
	path_get(&w->path);
	file_put(f);
	return 0;
}

int walk_start(struct walk *w, int dirfd, const char *path, unsigned flags, u32 resolve)
{
	int err = 0;

	w->path = w->root = (struct path){ NULL, NULL };
	w->root_is_owned = false;
	w->flags = flags;
	w->resolve = resolve;
	w->next = path;
	w->text = NULL;
	w->wants_directory = false;
	w->links = w->depth = 0;
	w->type = LAST_NONE;
	if (!*path && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	if (*path == '/' && (resolve & RESOLVE_BENEATH))
		return -EXDEV;
	if (*path == '/' && !(resolve & RESOLVE_IN_ROOT)) {
		walk_set_root(w);
		w->path = w->root;
		path_get(&w->path);
		return 0;
	}
	if (dirfd == AT_FDCWD)
		fs_room_get_cwd(current->fs, &w->path);
	else
		err = start_at_fd(w, dirfd, !*path);
	if (!err && (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT))) {
		w->root = w->path;
		path_get(&w->root);
		w->root_is_owned = true;
	}
	return err;
}

void walk_end(struct walk *w)
{
	while (w->depth)
		path_text_free(w->stack[--w->depth].text);
	path_text_free(w->text);
	w->text = NULL;
	path_put(&w->path);
	if (w->root_is_owned)
		path_put(&w->root);
	w->root_is_owned = false;
}

/* -- components -- */
static const char *past_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return s;
}

/* The string in hand is used up: what waits takes its place. False: nothing does, or it is not used up. */
static bool text_pop(struct walk *w)
{
	w->next = past_slashes(w->next);
	if (*w->next || !w->depth)
		return false;
	path_text_free(w->text);
	w->depth--;
	w->text = w->stack[w->depth].text;
	w->next = w->stack[w->depth].rest;
	return true;
}

/* Brings the next component to hand. False: there is none (the path was "/" or empty). */
static bool component_next(struct walk *w)
{
	while (text_pop(w))
		;
	if (!*w->next)
		return false;
	w->name = w->next;
	w->next = name_scan(w->name, &w->hash);
	w->len = (u32)(w->next - w->name);
	w->type = LAST_NAME;
	if (w->name[0] == '.' && w->len <= 2)
		w->type = w->len == 1 ? LAST_DOT : w->name[1] == '.' ? LAST_DOTDOT : LAST_NAME;
	return true;
}

/* Rests on the stack are never empty, so the component is the last if its own string ends and nothing waits. */
static bool component_is_final(const struct walk *w)
{
	return !*past_slashes(w->next) && !w->depth;
}

static bool component_is_last(struct walk *w)
{
	if (!component_is_final(w))
		return false;
	if (*w->next == '/')
		w->wants_directory = true;
	return true;
}

struct dentry *lookup_child_locked(struct dentry *dir, const char *name, size_t len, u32 hash)
{
	struct dentry *d = dentry_find(dir, name, len, hash);
	const struct inode_ops *ops = dir->inode->ops;

	if (d || !ops->lookup)
		return d;
	d = dentry_alloc(dir, name, len);
	if (!d)
		return ERR_PTR(-ENOMEM);
	struct inode *i = ops->lookup(dir->inode, d);
	if (!i || IS_ERR(i)) {
		dentry_put(d);
		return (struct dentry *)i;
	}
	d->inode = i;
	return d;
}

struct dentry *lookup_child(struct dentry *dir, const char *name, size_t len, u32 hash)
{
	struct dentry *d = dentry_find(dir, name, len, hash);

	if (d || !dir->inode->ops->lookup)
		return d;
	mutex_lock(&dir->inode->lock);
	d = lookup_child_locked(dir, name, len, hash);
	mutex_unlock(&dir->inode->lock);
	return d;
}

/* -- steps -- */
static bool path_is(const struct path *a, const struct path *b)
{
	return a->dentry == b->dentry && a->mount == b->mount;
}

static int go_up(struct walk *w)
{
	for (;;) {
		if (path_is(&w->path, &w->root))
			return w->resolve & RESOLVE_BENEATH ? -EXDEV : 0;
		if (w->path.dentry != w->path.mount->root) {
			struct dentry *up = dentry_parent_get(w->path.dentry);
			dentry_put(w->path.dentry);
			w->path.dentry = up;
			break;
		}
		struct mount *from = w->path.mount;
		if (!path_leave_mount(&w->path))
			return 0;
		if ((w->resolve & RESOLVE_NO_XDEV) && from != w->path.mount)
			return -EXDEV;
	}
	path_enter_mounts(&w->path);
	return 0;
}

/* Who walks below a folder must not get out of it by the ".." of one that is moved away meanwhile. */
static bool has_left_root(struct walk *w)
{
	if (!(w->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)))
		return false;
	rw_read_lock(&mount_lock);
	bool is_below = path_is_reachable_locked(&w->path, &w->root);
	rw_read_unlock(&mount_lock);
	return !is_below;
}

static int step_up(struct walk *w)
{
	walk_set_root(w);
	int err = go_up(w);
	return !err && unlikely(has_left_root(w)) ? -EAGAIN : err;
}

/* A link whose target is no text but a place (/proc/PID/fd/N). */
static int follow_magic(struct walk *w, struct dentry *d)
{
	struct path to;

	if (w->resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return w->resolve & RESOLVE_NO_MAGICLINKS ? -ELOOP : -EXDEV;
	int err = d->inode->ops->follow(d->inode, &to);
	if (err)
		return err;
	if ((w->resolve & RESOLVE_NO_XDEV) && to.mount != w->path.mount) {
		path_put(&to);
		return -EXDEV;
	}
	path_put(&w->path);
	w->path = to;
	return 0;
}

/* Makes text what is walked next; what is left of the current string waits, if there is anything. */
static void push_text(struct walk *w, char *text)
{
	const char *rest = past_slashes(w->next);

	if (*rest) {
		w->stack[w->depth].text = w->text;
		w->stack[w->depth].rest = rest;
		w->depth++;
	} else {
		path_text_free(w->text);
	}
	w->text = text;
	w->next = text;
}

static int link_to_root(struct walk *w)
{
	if (w->resolve & RESOLVE_BENEATH)
		return -EXDEV;
	walk_set_root(w);
	if ((w->resolve & RESOLVE_NO_XDEV) && w->root.mount != w->path.mount)
		return -EXDEV;
	path_put(&w->path);
	w->path = w->root;
	path_get(&w->path);
	return 0;
}

/* In a sticky directory that everybody may write to, a link at a path's end is followed only if it is the follower's
 * own or the directory owner's. */
static bool is_trap(const struct walk *w, const struct inode *link)
{
	const struct inode *dir = w->path.dentry->inode;

	return protected_symlinks && component_is_final(w) && link->uid != current_cred()->fsuid &&
	       (dir->mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) && link->uid != dir->uid;
}

int walk_follow(struct walk *w, struct dentry *d)
{
	if (++w->links > SYMLINKS_MAX || (w->resolve & RESOLVE_NO_SYMLINKS))
		return -ELOOP;
	if (is_trap(w, d->inode))
		return -EACCES;
	if (w->path.mount->flags & MS_NOSYMFOLLOW)
		return -ELOOP;
	struct path at = { w->path.mount, d };
	path_accessed(&at);
	if (d->inode->ops->follow)
		return follow_magic(w, d);
	char *text = text_alloc();
	if (!text)
		return -ENOMEM;
	int n = d->inode->ops->readlink(d->inode, text, PATH_BYTES - 1);
	if (n > 0) {
		text[n] = 0;
		push_text(w, text);
		int err = *text == '/' ? link_to_root(w) : 0;
		return err ? err : 1;
	}
	path_text_free(text);
	return n < 0 ? n : -ENOENT;
}

/* Goes to the child d of the current directory; the reference is taken over. */
static int step_down(struct walk *w, struct dentry *d)
{
	dentry_put(w->path.dentry);
	w->path.dentry = d;
	if (READ_ONCE(d->mounts)) {
		struct mount *from = w->path.mount;
		path_enter_mounts(&w->path);
		if ((w->resolve & RESOLVE_NO_XDEV) && from != w->path.mount)
			return -EXDEV;
	}
	return 0;
}

int walk_step(struct walk *w, bool follow)
{
	if (w->type == LAST_DOT)
		return 0;
	if (w->type == LAST_DOTDOT)
		return step_up(w);
	if (w->len > NAME_BYTES_MAX)
		return -ENAMETOOLONG;
	struct dentry *d = lookup_child(w->path.dentry, w->name, w->len, w->hash);
	if (!d)
		return -ENOENT;
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	if (follow && S_ISLNK(d->inode->mode)) {
		int err = walk_follow(w, d);
		dentry_put(d);
		return err;
	}
	return step_down(w, d);
}

/* Any name in it may be looked for, by anybody, and what is not in the hash is not there. */
static bool is_plain_directory(const struct inode *i)
{
	return (i->mode & (S_IFMT | 0111)) == (S_IFDIR | 0111) && !i->ops->lookup && !i->ops->permission;
}

/* "." and "..", with the few names of one letter behind a dot, and what is too long. */
static bool is_odd_name(const char *name, const char *end)
{
	return (*name == '.' && end - name <= 2) || end - name > NAME_BYTES_MAX;
}

/*
 * Takes plain names one after the other, in plain directories. A dentry in the hash is held by its directory until it
 * leaves the hash, which takes dentry_lock: so only the last one reached is counted. Stops in front of what is not plain,
 * behind a symbolic link that is to be followed (*link, a reference), and in front of the last component if to_parent or if
 * a slash is behind it.
 * 0; 1: the last one was taken; -ENOENT.
 */
static __noinline int walk_run(struct walk *w, bool to_parent, bool follow, struct dentry **link)
{
	struct dentry *from = w->path.dentry, *at = from, *d;
	const char *next = past_slashes(w->next);
	int result = 0;

	spin_lock(&dentry_lock);
	while (*next && !result) {
		u32 hash;
		const char *end = name_scan(next, &hash), *rest = past_slashes(end);
		bool is_last = !*rest && !w->depth;

		if ((is_last && (to_parent || *end)) || unlikely(is_odd_name(next, end)))
			break;
		d = dentry_find_locked(at, next, (size_t)(end - next), hash);
		if (unlikely(!d))
			result = -ENOENT;
		if (unlikely(!d || d->mounts))
			break;
		next = rest;
		if (S_ISLNK(d->inode->mode) && (!is_last || follow)) {
			*link = dentry_get(d);
			break;
		}
		at = d;
		result = is_last;
		if (!is_plain_directory(d->inode))
			break;
	}
	if (at != from)
		dentry_get(at);
	spin_unlock(&dentry_lock);
	w->next = next;
	if (at != from) {
		w->path.dentry = at;
		dentry_put(from);
	}
	return result;
}

/* Up to the last component, which is then at hand, or (not to_parent) over it, if that is no more than a look: then 1. */
static int walk_names(struct walk *w, bool to_parent, bool follow)
{
	for (;;) {
		struct dentry *link = NULL;
		int err = is_plain_directory(w->path.dentry->inode) ? walk_run(w, to_parent, follow, &link) : 0;
		if (link) {
			err = walk_follow(w, link);
			dentry_put(link);
			if (err < 0)
				return err;
			continue;
		}
		if (err)
			return err;
		if (text_pop(w))
			continue;
		if (!component_next(w)) {
			w->type = LAST_NONE;
			return 0;
		}
		struct inode *dir = w->path.dentry->inode;
		if (!inode_is_dir(dir))
			return -ENOTDIR;
		err = inode_permission(dir, MAY_EXEC);
		if (err)
			return err;
		if (component_is_last(w))
			return 0;
		err = walk_step(w, true);
		if (err < 0)
			return err;
	}
}

int walk_parent(struct walk *w)
{
	return walk_names(w, true, false);
}

int walk_whole(struct walk *w, bool follow)
{
	int err;

	do {
		err = walk_names(w, false, follow || w->wants_directory);
		if (err || w->type == LAST_NONE)
			break;
		err = walk_step(w, follow || w->wants_directory);
	} while (err == 1);
	if (err < 0)
		return err;
	return w->wants_directory && !inode_is_dir(w->path.dentry->inode) ? -ENOTDIR : 0;
}
