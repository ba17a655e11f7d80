/* fs/fd_table.c: bodies of descriptor tables. See fd_table.h; the rules of sharing are in files.c. */
#include "fs/fd_table.h"
#include "fs/vfs.h"
#include "base/string.h"
#include "mm/slab.h"

SLAB_CACHE(fd_table_cache, struct fd_table);

struct fd_table *fd_table_new(u32 capacity)
{
	struct fd_table *t = slab_alloc(&fd_table_cache);

	if (!t)
		return NULL;
	refcount_set(&t->count, 1);
	t->reserved = 0;
	t->has_cloexec = false;
	t->open = t->inline_open;
	t->cloexec = t->inline_cloexec;
	t->files = t->inline_files;
	t->capacity = FD_INLINE;
	if (capacity <= FD_INLINE) {
		t->inline_open[0] = t->inline_cloexec[0] = 0;
		memset(t->inline_files, 0, sizeof(t->inline_files));
		return t;
	}
	t->capacity = ALIGN_UP(capacity, 64u);
	size_t words = t->capacity / 64;
	t->files = kzalloc(t->capacity * sizeof(*t->files));
	t->open = kzalloc(2 * words * sizeof(u64));
	t->cloexec = t->open + words;
	if (!t->files || !t->open) {
		fd_table_free(t);
		return NULL;
	}
	return t;
}

void fd_table_free(struct fd_table *t)
{
	if (t->files != t->inline_files)
		kfree(t->files);
	if (t->open != t->inline_open)
		kfree(t->open);
	slab_free(&fd_table_cache, t);
}

void fd_table_close_all(struct fd_table *t)
{
	for (u32 fd = fd_table_next_open(t, 0); fd < t->capacity; fd = fd_table_next_open(t, fd + 1)) {
		if (t->files[fd])
			file_put(t->files[fd]);
	}
	fd_table_free(t);
}

struct fd_table *fd_table_copy(const struct fd_table *from, u32 capacity, bool is_exec)
{
	struct fd_table *t = fd_table_new(MAX(capacity, fd_table_used(from)));

	if (!t)
		return NULL;
	for (u32 fd = fd_table_next_open(from, 0); fd < from->capacity; fd = fd_table_next_open(from, fd + 1)) {
		struct file *f = from->files[fd];
		bool cloexec = fd_table_bit(from->cloexec, fd);
		if (!f || (is_exec && cloexec))
			continue;
		t->files[fd] = file_get(f);
		fd_table_set(t->open, fd);
		if (cloexec) {
			fd_table_set(t->cloexec, fd);
			t->has_cloexec = true;
		}
	}
	return t;
}

static u32 find_bit(const struct fd_table *t, u32 from, u64 flip)
{
	if (from >= t->capacity)
		return t->capacity;
	u32 w = from / 64;
	u64 bits = (t->open[w] ^ flip) & ~0UL << from % 64;
	while (!bits) {
		if (++w == t->capacity / 64)
			return t->capacity;
		bits = t->open[w] ^ flip;
	}
	return w * 64 + (u32)__builtin_ctzl(bits);
}

u32 fd_table_first_free(const struct fd_table *t, u32 from) { return MAX(from, find_bit(t, from, ~0UL)); }
u32 fd_table_next_open(const struct fd_table *t, u32 from) { return find_bit(t, from, 0); }

u32 fd_table_used(const struct fd_table *t)
{
	for (u32 w = t->capacity / 64; w-- > 0;) {
		if (t->open[w])
			return w * 64 + 64 - (u32)__builtin_clzl(t->open[w]);
	}
	return 0;
}
