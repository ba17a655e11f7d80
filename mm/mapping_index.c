/*
 * mm/mapping_index.c: the pages of one mapping by index: a radix tree with 64 slots a node, as high as the largest
 * index needs. A file of one page has no node at all: mapping->pages is the page.
 *
 * Locks: changes are made under mapping->lock and published under mapping->pages_lock, so nodes can be allocated with
 * no spinlock held, and who holds either lock may look. Errors: -ENOMEM (an empty node may be left; it is used later).
 */
#include "mm/mapping_index.h"
#include "mm/slab.h"
#include "base/errno.h"

#define INDEX_BITS 6
#define INDEX_SLOTS (1u << INDEX_BITS)

struct index_node {
	u32 used;
	void *slots[INDEX_SLOTS];	/* level 0: references to pages; else: owned nodes */
};
static SLAB_CACHE(index_node_cache, struct index_node);

static unsigned slot_of(u64 index, unsigned level) { return index >> (INDEX_BITS * level) & (INDEX_SLOTS - 1); }

/* A tree of so many levels of nodes has room for index. */
static bool height_fits(unsigned height, u64 index)
{
	return height * INDEX_BITS >= 64 || index >> (height * INDEX_BITS) == 0;
}

struct page *index_find(const struct mapping *m, u64 index)
{
	void *p = m->pages;

	if (!height_fits(m->pages_height, index))
		return NULL;
	for (unsigned level = m->pages_height; p && level-- > 0; )
		p = ((struct index_node *)p)->slots[slot_of(index, level)];
	return p;
}

struct page *const *index_run(const struct mapping *m, u64 index, unsigned *n)
{
	const struct index_node *node = m->pages;
	unsigned left = INDEX_SLOTS - slot_of(index, 0);

	*n = MIN(*n, left);
	if (!node || !height_fits(m->pages_height, index))
		return NULL;
	if (m->pages_height == 0) {
		*n = 1;
		return (struct page *const *)&m->pages;
	}
	for (unsigned level = m->pages_height; node && --level > 0; )
		node = node->slots[slot_of(index, level)];
	return node ? (struct page *const *)&node->slots[slot_of(index, 0)] : NULL;
}

/* Puts a new node on top until index fits. */
static int grow(struct mapping *m, u64 index)
{
	while (!height_fits(m->pages_height, index)) {
		struct index_node *n = NULL;

		if (m->pages) {
			n = slab_zalloc(&index_node_cache);
			if (!n)
				return -ENOMEM;
			n->slots[0] = m->pages;
			n->used = 1;
		}
		spin_lock(&m->pages_lock);
		m->pages = n;
		m->pages_height++;
		spin_unlock(&m->pages_lock);
	}
	return 0;
}

/* The place for what stands at index, with the nodes above it made; the level-0 node in *parent (NULL: height 0). */
static void **find_slot(struct mapping *m, u64 index, struct index_node **parent)
{
	void **slot = &m->pages;

	*parent = NULL;
	for (unsigned level = m->pages_height; level-- > 0; ) {
		struct index_node *n = *slot;

		if (!n) {
			n = slab_zalloc(&index_node_cache);
			if (!n)
				return NULL;
			spin_lock(&m->pages_lock);
			*slot = n;
			if (*parent)
				(*parent)->used++;
			spin_unlock(&m->pages_lock);
		}
		*parent = n;
		slot = &n->slots[slot_of(index, level)];
	}
	return slot;
}

int index_insert(struct mapping *m, u64 index, struct page *p)
{
	struct index_node *parent;
	void **slot;

	if (grow(m, index))
		return -ENOMEM;
	slot = find_slot(m, index, &parent);
	if (!slot)
		return -ENOMEM;
	p->file.mapping = m;
	p->file.index = index;
	spin_lock(&m->pages_lock);
	*slot = p;
	if (parent)
		parent->used++;
	m->page_count++;
	spin_unlock(&m->pages_lock);
	return 0;
}

/* Below node n of a level, whose first slot is the index base: the first page at or after *index. */
static struct page *next_below(struct index_node *n, unsigned level, u64 base, u64 *index)
{
	unsigned i = *index > base ? slot_of(*index, level) : 0;

	for (; i < INDEX_SLOTS; i++) {
		u64 at = base + ((u64)i << (INDEX_BITS * level));
		struct page *p = n->slots[i];

		if (p && level > 0)
			p = next_below(n->slots[i], level - 1, at, index);
		if (p) {
			if (level == 0)
				*index = at;
			return p;
		}
	}
	return NULL;
}

struct page *index_next(const struct mapping *m, u64 *index)
{
	if (!m->pages || !height_fits(m->pages_height, *index))
		return NULL;
	if (m->pages_height == 0)
		return m->pages;
	return next_below(m->pages, m->pages_height - 1, 0, index);
}

/* Empties the slot of index, and frees the nodes above it that this leaves empty. Under pages_lock. */
static void clear_slot(struct mapping *m, u64 index)
{
	void **path[64 / INDEX_BITS + 2], **slot = &m->pages;
	unsigned depth = 0;

	for (unsigned level = m->pages_height; level-- > 0; ) {
		path[depth++] = slot;
		slot = &((struct index_node *)*slot)->slots[slot_of(index, level)];
	}
	*slot = NULL;
	while (depth-- > 0) {
		struct index_node *n = *path[depth];

		if (--n->used > 0)
			return;
		*path[depth] = NULL;
		slab_free(&index_node_cache, n);
	}
	m->pages_height = 0;
}

struct page *index_take(struct mapping *m, u64 start, u64 end)
{
	struct page *p;

	spin_lock(&m->pages_lock);
	p = index_next(m, &start);
	if (p && start < end) {
		clear_slot(m, start);
		p->file.mapping = NULL;
		m->page_count--;
	} else {
		p = NULL;
	}
	spin_unlock(&m->pages_lock);
	return p;
}

static void free_below(struct index_node *n, unsigned level)
{
	for (unsigned i = 0; level > 0 && i < INDEX_SLOTS; i++)
		if (n->slots[i])
			free_below(n->slots[i], level - 1);
	slab_free(&index_node_cache, n);
}

void index_destroy(struct mapping *m)
{
	if (m->pages && m->pages_height > 0)
		free_below(m->pages, m->pages_height - 1);
	m->pages = NULL;
	m->pages_height = 0;
}
