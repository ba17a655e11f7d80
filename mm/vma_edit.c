/*
 * mm/vma_edit.c: changes of the region tree: insert, erase, replace, split.
 *
 * Every edit owns the path first (copies the nodes that another tree shares), takes all memory it may need, and only
 * then changes anything: what fails with -ENOMEM has changed nothing that can be seen.
 * Way in: vma_* of mm/mm.h, under mm->lock for writing. Errors: -ENOMEM. Files that an edit lets go wait in t->dead for
 * mm_write_unlock().
 */
#include "mm/vma_node.h"
#include "mm/slab.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"

extern struct slab_cache vma_node_cache;

static void value_get(const struct vma *v)
{
	if (v->user)
		mapping_user_get(v->user);
}

static void value_put(struct vma_tree *t, const struct vma *v)
{
	if (v->user)
		mapping_user_put(v->user, &t->dead);
}

/* -- owning a path ---------------------------------------------------------------------------------------------- */
/* Makes *slot, a parent's (or the tree's) count on a node, a count on a node that nobody else holds. */
static int node_own(struct vma_tree *t, struct vma_node **slot)
{
	struct vma_node *old = *slot, *copy;

	if (refcount_read(&old->refs) == 1)
		return 0;
	copy = slab_alloc(&vma_node_cache);
	if (!copy)
		return -ENOMEM;
	if (old->level == 0) {
		memcpy(copy, old, offsetof(struct vma_node, values) + old->used * sizeof(old->values[0]));
		for (unsigned i = 0; i < copy->used; i++)
			value_get(&copy->values[i]);
	} else {
		memcpy(copy, old, offsetof(struct vma_node, children) + old->used * sizeof(old->children[0]));
		for (unsigned i = 0; i < copy->used; i++)
			refcount_inc(&copy->children[i]->refs);
	}
	refcount_set(&copy->refs, 1);
	*slot = copy;
	vma_node_put(t, old);
	return 0;
}

/* Owns the way to the first region with end > addr, or to the place behind the last one. The tree is not empty. */
static int path_own(struct vma_tree *t, uptr addr, struct vma_path *p)
{
	struct vma_node **slot = &t->root;

	for (p->depth = 0; ; p->depth++) {
		struct vma_node *n;
		unsigned i;

		if (node_own(t, slot))
			return -ENOMEM;
		n = *slot;
		i = vma_node_index(n, addr);
		if (n->level > 0 && i == n->used)
			i--;
		p->step[p->depth].node = n;
		p->step[p->depth].index = i;
		if (n->level == 0)
			return 0;
		slot = &n->children[i];
	}
}

int vma_own_range(struct vma_tree *t, uptr start, uptr end)
{
	while (t->root && start < end && start < t->root->high) {
		struct vma_path p;
		struct vma_node *leaf;

		if (path_own(t, start, &p))
			return -ENOMEM;
		leaf = p.step[p.depth].node;
		start = leaf->values[leaf->used - 1].end;
	}
	return 0;
}

static void path_summarise(struct vma_path *p, int depth)
{
	for (int d = depth; d >= 0; d--)
		vma_node_summarise(p->step[d].node);
}

/* -- insertion -------------------------------------------------------------------------------------------------- */
/* The nodes that an insertion at p will use: one for each full node from the leaf up, and a new root. Linked through
 * children[0]. */
static int spares_alloc(const struct vma_path *p, struct vma_node **spares)
{
	int wanted = 0;

	while (wanted <= p->depth && p->step[p->depth - wanted].node->used == VMA_FANOUT)
		wanted++;
	if (wanted > p->depth)
		wanted++;
	for (*spares = NULL; wanted > 0; wanted--) {
		struct vma_node *n = slab_alloc(&vma_node_cache);

		if (!n) {
			while (*spares) {
				n = *spares;
				*spares = n->children[0];
				slab_free(&vma_node_cache, n);
			}
			return -ENOMEM;
		}
		n->children[0] = *spares;
		*spares = n;
	}
	return 0;
}

static struct vma_node *spare_take(struct vma_node **spares, u8 level)
{
	struct vma_node *n = *spares;

	*spares = n->children[0];
	refcount_set(&n->refs, 1);
	n->level = level;
	n->used = 0;
	return n;
}

static void entries_move(struct vma_node *to, unsigned at, struct vma_node *from, unsigned i, unsigned n)
{
	if (from->level == 0)
		memmove(&to->values[at], &from->values[i], n * sizeof(to->values[0]));
	else
		memmove(&to->children[at], &from->children[i], n * sizeof(to->children[0]));
}

/* Moves the upper entries of the full node n to right. The side that will get the new entry is left emptier, for
 * neighbours are likely to follow it. */
static void node_halve(struct vma_node *n, unsigned index, struct vma_node *right)
{
	unsigned at = index < VMA_FANOUT / 2 ? VMA_FILL_LOW : VMA_FILL_MERGED;

	entries_move(right, 0, n, at, VMA_FANOUT - at);
	right->used = VMA_FANOUT - at;
	n->used = at;
}

/* Puts one entry (a region into a leaf, a child elsewhere) at index of n. Returns the new right sibling that a full
 * node needed, or NULL. */
static struct vma_node *node_insert(struct vma_node *n, unsigned index, const struct vma *v, struct vma_node *child,
				    struct vma_node **spares)
{
	struct vma_node *right = NULL, *to = n;

	if (n->used == VMA_FANOUT) {
		right = spare_take(spares, n->level);
		node_halve(n, index, right);
		if (index > n->used) {
			to = right;
			index -= n->used;
		}
	}
	entries_move(to, index + 1, to, index, to->used - index);
	if (v)
		to->values[index] = *v;
	else
		to->children[index] = child;
	to->used++;
	vma_node_summarise(n);
	if (right)
		vma_node_summarise(right);
	return right;
}

/* Inserts v before slot p of an owned path, with the spares counted for it. Cannot fail. */
static void path_insert(struct vma_tree *t, struct vma_path *p, const struct vma *v, struct vma_node **spares)
{
	int d = p->depth;
	struct vma_node *right;

	value_get(v);
	right = node_insert(p->step[d].node, p->step[d].index, v, NULL, spares);
	while (right && d > 0) {
		d--;
		right = node_insert(p->step[d].node, p->step[d].index + 1, NULL, right, spares);
	}
	if (right) {
		struct vma_node *root = spare_take(spares, t->root->level + 1);

		root->children[0] = t->root;
		root->children[1] = right;
		root->used = 2;
		vma_node_summarise(root);
		t->root = root;
	} else {
		path_summarise(p, d - 1);
	}
	t->count++;
	ASSERT(!*spares);
}

static int tree_start(struct vma_tree *t)
{
	struct vma_node *n = slab_zalloc(&vma_node_cache);

	if (!n)
		return -ENOMEM;
	refcount_set(&n->refs, 1);
	t->root = n;
	return 0;
}

int vma_insert(struct vma_tree *t, const struct vma *v)
{
	struct vma_node *spares;
	struct vma_path p;

	if (!t->root && tree_start(t))
		return -ENOMEM;
	if (path_own(t, v->start, &p) || spares_alloc(&p, &spares))
		return -ENOMEM;
	path_insert(t, &p, v, &spares);
	return 0;
}

/* -- in place --------------------------------------------------------------------------------------------------- */
int vma_replace(struct vma_tree *t, uptr start, const struct vma *v)
{
	struct vma_path p;
	struct vma *slot;

	if (path_own(t, start, &p))
		return -ENOMEM;
	slot = &p.step[p.depth].node->values[p.step[p.depth].index];
	ASSERT(p.step[p.depth].index < p.step[p.depth].node->used && slot->start == start);
	value_get(v);
	value_put(t, slot);
	*slot = *v;
	path_summarise(&p, p.depth);
	return 0;
}

int vma_split(struct vma_tree *t, uptr addr)
{
	struct vma *slot = vma_at(t, addr), upper;
	struct vma_node *spares;
	struct vma_path p;

	if (!slot || slot->start == addr)
		return 0;
	if (path_own(t, addr, &p) || spares_alloc(&p, &spares))
		return -ENOMEM;
	slot = &p.step[p.depth].node->values[p.step[p.depth].index];
	upper = *slot;
	upper.offset_pages += (addr - slot->start) >> PAGE_SHIFT;
	upper.start = addr;
	slot->end = addr;
	p.step[p.depth].index++;
	path_insert(t, &p, &upper, &spares);
	return 0;
}

/* -- erasure ---------------------------------------------------------------------------------------------------- */
static void entry_remove(struct vma_node *n, unsigned i)
{
	entries_move(n, i, n, i + 1, n->used - i - 1);
	n->used--;
}

/* Joins child i of the owned parent with its right neighbour, if both fit into one and memory is there. */
static void children_merge(struct vma_tree *t, struct vma_node *parent, unsigned i)
{
	struct vma_node *left, *right;

	if (parent->children[i]->used + parent->children[i + 1]->used > VMA_FILL_MERGED)
		return;
	if (node_own(t, &parent->children[i]) || node_own(t, &parent->children[i + 1]))
		return;
	left = parent->children[i];
	right = parent->children[i + 1];
	entries_move(left, left->used, right, 0, right->used);
	left->used += right->used;
	vma_node_summarise(left);
	entry_remove(parent, i + 1);
	slab_free(&vma_node_cache, right);
}

/* Child i of the owned parent has lost an entry: an empty one goes, a nearly empty one is merged. */
static void child_shrink(struct vma_tree *t, struct vma_node *parent, unsigned i)
{
	struct vma_node *child = parent->children[i];

	if (child->used == 0) {
		entry_remove(parent, i);
		slab_free(&vma_node_cache, child);
	} else if (child->used < VMA_FILL_LOW) {
		if (i + 1 < parent->used)
			children_merge(t, parent, i);
		if (i > 0 && i < parent->used && parent->children[i]->used < VMA_FILL_LOW)
			children_merge(t, parent, i - 1);
	}
}

/* A root with one child is no use; an empty one none either. */
static void root_shrink(struct vma_tree *t)
{
	struct vma_node *root = t->root;

	while (root->level > 0 && root->used == 1) {
		t->root = root->children[0];
		slab_free(&vma_node_cache, root);
		root = t->root;
		if (refcount_read(&root->refs) > 1)
			return;
	}
	if (root->used == 0) {
		slab_free(&vma_node_cache, root);
		t->root = NULL;
	}
}

int vma_erase(struct vma_tree *t, uptr start)
{
	struct vma_path p;
	struct vma_node *leaf;
	unsigned i;

	if (!t->root || path_own(t, start, &p))
		return -ENOMEM;
	leaf = p.step[p.depth].node;
	i = p.step[p.depth].index;
	ASSERT(i < leaf->used && leaf->values[i].start == start);
	value_put(t, &leaf->values[i]);
	entry_remove(leaf, i);
	vma_node_summarise(leaf);
	for (int d = p.depth - 1; d >= 0; d--) {
		child_shrink(t, p.step[d].node, p.step[d].index);
		vma_node_summarise(p.step[d].node);
	}
	t->count--;
	root_shrink(t);
	return 0;
}
