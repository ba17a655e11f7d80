/*
 * fs/dentry.c: names in directories. In-memory file systems have no other directory contents than these: a dentry that
 * is in its directory is pinned by it, found through one hash over (parent, name), and listed newest first.
 * File systems with a lookup operation (procfs) make dentries on demand that nobody finds again by name.
 *
 * Locks: dentry_lock (spinlock) for the hash, names and parent links; the directory's inode->lock for its children.
 * Errors: NULL when memory is out.
 */
#include "fs/internal.h"
#include "fs/notify.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"

#define BUCKETS_FIRST 256
/* Positions grow while cookies fall: a file made while its directory is being read lies before the reader. */
#define POSITION_TOP (1LL << 40)

SLAB_CACHE(dentry_cache, struct dentry);
struct spinlock dentry_lock = SPINLOCK_INIT(RANK_DENTRY);

static struct list first_buckets[BUCKETS_FIRST];
static struct list *buckets;		/* dentry_lock */
static u32 bucket_count, hashed_count;	/* dentry_lock */

/* Eight bytes a step, the last ones filled up with zeroes. */
#define HASH_STEP(h, w) (((h) ^ (w)) * 0x9e3779b97f4a7c15ULL)

u32 name_hash(const char *name, size_t len)
{
	u64 h = 0, w;

	for (; len >= 8; len -= 8, name += 8) {
		__builtin_memcpy(&w, name, 8);
		h = HASH_STEP(h, w);
	}
	w = 0;
	memcpy(&w, name, len);
	return (u32)(HASH_STEP(h, w) >> 32);
}

/* High bits set in the bytes of w that equal c; only the lowest of them is sure. */
static u64 bytes_equal(u64 w, u8 c)
{
	const u64 ones = 0x0101010101010101ULL;

	w ^= ones * c;
	return (w - ones) & ~w & ones << 7;
}

__reads_words const char *name_scan(const char *s, u32 *hash)
{
	u64 h = 0, w, stop;

	for (;;) {
		/* A word may reach beyond the string's end, but not into a page where nothing is. */
		if (unlikely(((unsigned long)s & ~PAGE_MASK) > PAGE_SIZE - 8))
			break;
		__builtin_memcpy(&w, s, 8);
		stop = bytes_equal(w, 0) | bytes_equal(w, '/');
		if (stop) {
			unsigned bits = (unsigned)__builtin_ctzl(stop) & ~7u;
			*hash = (u32)(HASH_STEP(h, w & ((1UL << bits) - 1)) >> 32);
			return s + bits / 8;
		}
		h = HASH_STEP(h, w);
		s += 8;
	}
	w = 0;
	for (unsigned bits = 0; *s && *s != '/'; s++) {
		w |= (u64)(u8)*s << bits;
		bits += 8;
		if (bits == 64) {
			h = HASH_STEP(h, w);
			w = bits = 0;
		}
	}
	*hash = (u32)(HASH_STEP(h, w) >> 32);
	return s;
}

static struct list *bucket_of(const struct dentry *parent, u32 hash)
{
	u64 k = ((unsigned long)parent >> 5 ^ hash) * 0x9e3779b97f4a7c15ULL;
	return &buckets[(k >> 32) & (bucket_count - 1)];
}

static void buckets_init(struct list *b, u32 n)
{
	for (u32 i = 0; i < n; i++)
		list_init(&b[i]);
}

/* Doubles the hash. Without memory for it chains just grow longer. */
static struct list *buckets_grow_locked(void)
{
	struct list *old = buckets;
	u32 old_count = bucket_count, n = bucket_count * 2;
	struct list *grown = kmalloc(n * sizeof(*grown));
	struct dentry *d;

	if (!grown)
		return NULL;
	buckets_init(grown, n);
	buckets = grown;
	bucket_count = n;
	for (u32 i = 0; i < old_count; i++) {
		while (!list_is_empty(&old[i])) {
			d = list_first(&old[i], struct dentry, hash_node);
			list_remove(&d->hash_node);
			list_push_back(bucket_of(d->parent, d->name_hash), &d->hash_node);
		}
	}
	return old == first_buckets ? NULL : old;
}

static void hash_add_locked(struct dentry *d)
{
	list_push_front(bucket_of(d->parent, d->name_hash), &d->hash_node);
	hashed_count++;
}

static void hash_remove_locked(struct dentry *d)
{
	if (list_is_empty(&d->hash_node))
		return;
	list_remove(&d->hash_node);
	hashed_count--;
}

struct dentry *dentry_alloc(struct dentry *parent, const char *name, size_t len)
{
	struct dentry *d = slab_zalloc(&dentry_cache);
	if (!d)
		return NULL;
	d->name = d->short_name;
	if (len >= sizeof(d->short_name) && !(d->name = kmalloc(len + 1))) {
		slab_free(&dentry_cache, d);
		return NULL;
	}
	memcpy(d->name, name, len);
	d->name[len] = 0;
	d->name_len = len;
	d->name_hash = name_hash(name, len);
	refcount_set(&d->count, 1);
	d->parent = parent ? dentry_get(parent) : d;
	list_init(&d->children);
	list_init(&d->sibling);
	list_init(&d->hash_node);
	return d;
}

/* Its last reference is gone: and so may be its parents'. */
static __noinline void dentry_end(struct dentry *d)
{
	do {
		struct dentry *parent = d->parent == d ? NULL : d->parent;
		if (d->inode) {
			if (!d->inode->nlink)
				notify_inode_gone(d->inode);
			inode_put(d->inode);
		}
		if (d->name != d->short_name)
			kfree(d->name);
		slab_free(&dentry_cache, d);
		d = parent;
	} while (d && refcount_dec(&d->count));
}

void dentry_put(struct dentry *d)
{
	if (likely(d) && unlikely(refcount_dec(&d->count)))
		dentry_end(d);
}

/* Two names of this length, which is not 0; the last words may overlap the ones before. */
static __always_inline bool names_are_equal(const char *a, const char *b, size_t len)
{
	u64 x, y;
	u32 v, w;

	if (len < 4)
		return a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1];
	if (len < 8) {
		__builtin_memcpy(&v, a, 4);
		__builtin_memcpy(&w, b, 4);
		if (v != w)
			return false;
		__builtin_memcpy(&v, a + len - 4, 4);
		__builtin_memcpy(&w, b + len - 4, 4);
		return v == w;
	}
	for (size_t i = 0; i + 8 < len; i += 8) {
		__builtin_memcpy(&x, a + i, 8);
		__builtin_memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	__builtin_memcpy(&x, a + len - 8, 8);
	__builtin_memcpy(&y, b + len - 8, 8);
	return x == y;
}

struct dentry *dentry_find_locked(struct dentry *parent, const char *name, size_t len, u32 hash)
{
	struct dentry *d;

	if (unlikely(!bucket_count))
		return NULL;
	struct list *b = bucket_of(parent, hash);
	list_for_each(d, b, hash_node) {
		if (d->name_hash == hash && d->parent == parent && d->name_len == len && names_are_equal(d->name, name, len))
			return d;
	}
	return NULL;
}

struct dentry *dentry_find(struct dentry *parent, const char *name, size_t len, u32 hash)
{
	spin_lock(&dentry_lock);
	struct dentry *found = dentry_find_locked(parent, name, len, hash);
	if (found)
		dentry_get(found);
	spin_unlock(&dentry_lock);
	return found;
}

static void hash_add(struct dentry *d)
{
	struct list *old = NULL;

	spin_lock(&dentry_lock);
	if (!bucket_count) {
		buckets_init(first_buckets, BUCKETS_FIRST);
		buckets = first_buckets;
		bucket_count = BUCKETS_FIRST;
	} else if (hashed_count >= 2 * bucket_count) {
		old = buckets_grow_locked();
	}
	hash_add_locked(d);
	spin_unlock(&dentry_lock);
	kfree(old);
}

/* At the front of the parent's listing, with a new cookie. */
static void child_link(struct dentry *parent, struct dentry *d)
{
	d->cookie = ++parent->inode->version;
	list_push_front(&parent->children, &d->sibling);
}

void dentry_add(struct dentry *d, struct inode *i)
{
	d->inode = i;
	dentry_get(d);
	child_link(d->parent, d);
	hash_add(d);
}

/* The folders too: one made anew by a lookup would not know of d. */
void dentry_pin(struct dentry *d)
{
	spin_lock(&dentry_lock);
	for (; d->parent != d && (d->pins || (list_is_empty(&d->hash_node) && !d->is_unlinked)); d = d->parent)
		if (!d->pins++)
			hash_add_locked(dentry_get(d));
	spin_unlock(&dentry_lock);
}

void dentry_unpin(struct dentry *d)
{
	bool is_more = true;

	for (struct dentry *parent; is_more; d = parent) {
		spin_lock(&dentry_lock);
		bool was_last = d->pins && --d->pins == 0;
		parent = d->parent;
		is_more = parent != d && parent->pins;
		if (was_last)
			hash_remove_locked(d);
		spin_unlock(&dentry_lock);
		if (was_last)
			dentry_put(d);		/* its parent is held by what pins it */
	}
}

void dentry_remove(struct dentry *d)
{
	bool was_in;

	spin_lock(&dentry_lock);
	was_in = !list_is_empty(&d->hash_node);
	hash_remove_locked(d);
	d->is_unlinked = true;
	spin_unlock(&dentry_lock);
	list_remove(&d->sibling);
	if (was_in)
		dentry_put(d);
}

/* The two change names; a short name lives inside its dentry. */
static void names_swap_locked(struct dentry *a, struct dentry *b)
{
	struct dentry t = *a;

	a->name_len = b->name_len;
	a->name_hash = b->name_hash;
	a->name = b->name == b->short_name ? a->short_name : b->name;
	memcpy(a->short_name, b->short_name, sizeof(a->short_name));
	b->name_len = t.name_len;
	b->name_hash = t.name_hash;
	b->name = t.name == a->short_name ? b->short_name : t.name;
	memcpy(b->short_name, t.short_name, sizeof(b->short_name));
}

void dentry_move(struct dentry *d, struct dentry *target)
{
	struct dentry *old_parent = d->parent, *new_parent = target->parent;
	bool replaces = !list_is_empty(&target->hash_node);

	spin_lock(&dentry_lock);
	hash_remove_locked(d);
	hash_remove_locked(target);
	names_swap_locked(d, target);
	d->parent = new_parent;
	target->parent = old_parent;	/* the references change hands with the links */
	target->is_unlinked = true;
	hash_add_locked(d);
	spin_unlock(&dentry_lock);
	list_remove(&d->sibling);
	child_link(new_parent, d);
	if (replaces) {
		list_remove(&target->sibling);
		dentry_put(target);
	}
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
	struct dentry *t = a->parent;

	spin_lock(&dentry_lock);
	hash_remove_locked(a);
	hash_remove_locked(b);
	names_swap_locked(a, b);
	a->parent = b->parent;
	b->parent = t;
	hash_add_locked(a);
	hash_add_locked(b);
	spin_unlock(&dentry_lock);
	list_remove(&a->sibling);
	list_remove(&b->sibling);
	child_link(a->parent, a);
	child_link(b->parent, b);
}

struct dentry *dentry_parent_get(struct dentry *d)
{
	spin_lock(&dentry_lock);
	struct dentry *p = dentry_get(d->parent);
	spin_unlock(&dentry_lock);
	return p;
}

void dentry_copy_name(struct dentry *d, char *to, size_t size)
{
	spin_lock(&dentry_lock);
	size_t n = MIN(d->name_len, size - 1);
	memcpy(to, d->name, n);
	spin_unlock(&dentry_lock);
	to[n] = 0;
}

bool dentry_is_below(struct dentry *d, struct dentry *ancestor)
{
	bool below = false;

	spin_lock(&dentry_lock);
	for (;; d = d->parent) {
		below = d == ancestor;
		if (below || d == d->parent)
			break;
	}
	spin_unlock(&dentry_lock);
	return below;
}

/* -- listing -- */
static loff position_of(const struct dentry *d)
{
	return POSITION_TOP - (loff)d->cookie;
}

/* The entry to go on with: the one remembered, or the first at or behind the position. NULL: the end. */
static struct dentry *listing_resume(struct file *f, struct dentry *dir, loff pos)
{
	struct dentry *d = f->private;

	if (d && !d->is_unlinked && d->parent == dir && position_of(d) == pos)
		return d;
	list_for_each(d, &dir->children, sibling) {
		if (position_of(d) >= pos)
			return d;
	}
	return NULL;
}

static void listing_remember(struct file *f, struct dentry *d)
{
	struct dentry *old = f->private;
	f->private = d ? dentry_get(d) : NULL;
	dentry_put(old);
}

static bool emit_dots(struct file *f, struct dir_context *c)
{
	struct dentry *dir = f->path.dentry;

	if (c->pos == 0) {
		if (!c->emit(c, ".", 1, dir->inode->ino, 4))
			return false;
		c->pos = 1;
	}
	if (c->pos == 1) {
		struct dentry *p = dentry_parent_get(dir);
		bool went = c->emit(c, "..", 2, p->inode->ino, 4);
		dentry_put(p);
		if (!went)
			return false;
		c->pos = 2;
	}
	return true;
}

int dentry_iterate(struct file *f, struct dir_context *c)
{
	struct dentry *dir = f->path.dentry, *d;

	if (!emit_dots(f, c))
		return 0;
	d = listing_resume(f, dir, c->pos);
	while (d && &d->sibling != &dir->children) {
		c->pos = position_of(d);
		if (!c->emit(c, d->name, d->name_len, d->inode->ino, d->inode->mode >> 12)) {
			listing_remember(f, d);
			return 0;
		}
		c->pos++;
		d = list_next(d, sibling);
	}
	listing_remember(f, NULL);
	return 0;
}

void dentry_iterate_end(struct file *f)
{
	dentry_put(f->private);
	f->private = NULL;
}

loff dentry_seek(struct file *f, loff off, int whence)
{
	if (whence == 1 /* SEEK_CUR */)
		off += f->pos;
	else if (whence != 0)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	f->pos = off;
	return off;
}
