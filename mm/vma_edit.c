/*
 * mm/vma_edit.c: changes of the region tree. All of them are one splice: some regions in a row become others.
 *
 *   in a leaf        most often: entries move, the summaries that changed are made anew upward
 *   leaf too full    it is split first, and what is above it where that is full too
 *   across leaves    neighbours that merge: never more regions than before
 *
 * Every edit owns the path first (copies the nodes that another tree shares), takes all memory it may need, and only
 * then changes anything: what fails with -ENOMEM has changed nothing that can be seen.
 * Way in: vma_path_splice, vma_* of mm/mm.h, under mm->lock for writing. Errors: -ENOMEM. Files that an edit lets go
 * wait in t->dead for mm_write_unlock().
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
/* A shared node is copied: *slot, a parent's (or the tree's) count on it, becomes one on the copy. */
static __noinline int node_copy(struct vma_tree *t, struct vma_node **slot)
{
	struct vma_node *old = *slot, *copy = slab_alloc(&vma_node_cache);

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

/* Makes *slot a count on a node that nobody else holds. */
static int node_own(struct vma_tree *t, struct vma_node **slot)
{
	return likely(refcount_read(&(*slot)->refs) == 1) ? 0 : node_copy(t, slot);
}

/* Owns all nodes of a path. */
static int path_own(struct vma_tree *t, struct vma_path *p)
{
	struct vma_node **slot = &t->root;

	for (int d = 0; d <= p->depth; d++) {
		if (node_own(t, slot))
			return -ENOMEM;
		p->step[d].node = *slot;
		slot = &(*slot)->children[p->step[d].index];
	}
	return 0;
}

int vma_own_range(struct vma_tree *t, uptr start, uptr end)
{
	while (t->root && start < end && start < t->root->high) {
		struct vma_path p;

		vma_path_find(t, start, &p);
		if (path_own(t, &p))
			return -ENOMEM;
		start = p.step[p.depth].node->high;
	}
	return 0;
}

/* -- entries ---------------------------------------------------------------------------------------------------- */
static void entries_move(struct vma_node *to, unsigned at, struct vma_node *from, unsigned i, unsigned n)
{
	if (!n)
		return;
	if (from->level == 0)
		memmove(&to->values[at], &from->values[i], n * sizeof(to->values[0]));
	else
		memmove(&to->children[at], &from->children[i], n * sizeof(to->children[0]));
}

static void entry_remove(struct vma_node *n, unsigned i)
{
	entries_move(n, i, n, i + 1, n->used - i - 1);
	n->used--;
}

/* n_old entries of an owned leaf, from i on, become the n_new given, for which there is room. */
static void leaf_edit(struct vma_tree *t, struct vma_node *n, unsigned i, unsigned n_old, const struct vma *new,
		      unsigned n_new)
{
	struct vma *at = &n->values[i], *old_end = at + n_old;

#pragma clang loop unroll(disable)
	for (const struct vma *v = new; v < new + n_new; v++)
		value_get(v);
#pragma clang loop unroll(disable)
	for (const struct vma *v = at; v < old_end; v++)
		value_put(t, v);
	if (n_old != n_new)
		entries_move(n, i + n_new, n, i + n_old, n->used - i - n_old);
#pragma clang loop unroll(disable)
	for (struct vma *end = at + n_new; at < end; at++)
		*at = *new++;
	n->used += n_new - n_old;
}

/* leaf_edit with its summary. */
static void leaf_splice(struct vma_tree *t, struct vma_node *n, unsigned i, unsigned n_old, const struct vma *new,
			unsigned n_new)
{
	const struct vma *at = &n->values[i];
	uptr before = i ? at[-1].end : VMA_NO_BEFORE;
	uptr behind = i + n_old < n->used ? vma_guarded_start(&at[n_old]) : VMA_NO_BEHIND;
	struct vma_row old_row = vma_row_look(before, at, n_old, behind);
	struct vma_row new_row = vma_row_look(before, new, n_new, behind);

	leaf_edit(t, n, i, n_old, new, n_new);
	if (unlikely(!n->used || old_row.flags) || !vma_gaps_follow(n, &old_row, &new_row)) {
		vma_node_summarise(n);
		return;
	}
	n->flags |= new_row.flags;
	n->low = vma_guarded_start(&n->values[0]);
	n->high = n->values[n->used - 1].end;
}

/* -- a leaf that is too full ------------------------------------------------------------------------------------ */
/* The nodes that a split of p's leaf will use: one for each full node from the leaf up, and a new root. Linked through
 * children[0]. */
static int spares_alloc(const struct vma_path *p, struct vma_node **spares)
{
	int wanted = 1;

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

/* Moves the upper entries of n to a new right sibling. The side that will get what goes to index is left emptier, for
 * neighbours are likely to follow it. */
static struct vma_node *node_halve(struct vma_node *n, unsigned index, struct vma_node **spares)
{
	struct vma_node *right = spare_take(spares, n->level);
	unsigned at = index < VMA_FANOUT / 2 ? VMA_FILL_LOW : VMA_FILL_MERGED;

	entries_move(right, 0, n, at, n->used - at);
	right->used = n->used - at;
	n->used = at;
	return right;
}

/* Puts a child at index of n. Returns the new right sibling that a full node needed, or NULL. */
static struct vma_node *child_insert(struct vma_node *n, unsigned index, struct vma_node *child,
				     struct vma_node **spares)
{
	struct vma_node *right = NULL, *to = n;

	if (n->used == VMA_FANOUT) {
		right = node_halve(n, index, spares);
		if (index > n->used) {
			to = right;
			index -= n->used;
		}
	}
	entries_move(to, index + 1, to, index, to->used - index);
	to->children[index] = child;
	to->used++;
	vma_node_summarise(n);
	if (right)
		vma_node_summarise(right);
	return right;
}

/* p's leaf has a new right sibling: it is put into the nodes above. */
static void path_add_sibling(struct vma_tree *t, struct vma_path *p, struct vma_node *right, struct vma_node **spares)
{
	int d = p->depth;

	while (right && d > 0) {
		d--;
		right = child_insert(p->step[d].node, p->step[d].index + 1, right, spares);
	}
	if (right) {
		struct vma_node *root = spare_take(spares, t->root->level + 1);

		root->children[0] = t->root;
		root->children[1] = right;
		root->used = 2;
		vma_node_summarise(root);
		t->root = root;
	}
	while (d-- > 0)
		vma_node_summarise(p->step[d].node);
}

/* At most one region becomes more than its leaf has room for. The path is owned. */
static int splice_with_split(struct vma_tree *t, struct vma_path *p, unsigned n_old, const struct vma *new,
			     unsigned n_new)
{
	struct vma_node *leaf = p->step[p->depth].node, *right, *spares;
	unsigned index = p->step[p->depth].index;

	ASSERT(n_old <= 1);
	if (spares_alloc(p, &spares))
		return -ENOMEM;
	right = node_halve(leaf, index, &spares);
	if (index + n_old > leaf->used)
		leaf_edit(t, right, index - leaf->used, n_old, new, n_new);
	else
		leaf_edit(t, leaf, index, n_old, new, n_new);
	vma_node_summarise(leaf);
	vma_node_summarise(right);
	path_add_sibling(t, p, right, &spares);
	ASSERT(!spares);
	return 0;
}

/* -- nodes that have become rather empty ------------------------------------------------------------------------ */
/* Joins child i of the owned parent with its right neighbour, if there is one, both fit into one and memory is there. */
static void children_merge(struct vma_tree *t, struct vma_node *parent, unsigned i)
{
	struct vma_node *left, *right;

	if (i + 1 >= parent->used || parent->children[i]->used + parent->children[i + 1]->used > VMA_FILL_MERGED)
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

/* Child i of the owned parent has lost entries: an empty one goes; neighbours that fit into one are merged. */
static void child_shrink(struct vma_tree *t, struct vma_node *parent, unsigned i)
{
	if (parent->children[i]->used == 0) {
		slab_free(&vma_node_cache, parent->children[i]);
		entry_remove(parent, i);
	} else {
		children_merge(t, parent, i);
	}
	if (i > 0)
		children_merge(t, parent, i - 1);
}

/* The leaf of p, which has lost entries, goes or can be merged with a sibling. */
static bool leaf_may_shrink(const struct vma_path *p)
{
	const struct vma_node *leaf = p->step[p->depth].node, *parent;
	unsigned i;

	if (p->depth == 0 || leaf->used == 0)
		return leaf->used == 0;
	parent = p->step[p->depth - 1].node;
	i = p->step[p->depth - 1].index;
	return (i > 0 && parent->children[i - 1]->used + leaf->used <= VMA_FILL_MERGED) ||
	       (i + 1 < parent->used && parent->children[i + 1]->used + leaf->used <= VMA_FILL_MERGED);
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

/* The leaf of p has lost entries. */
static void path_shrink(struct vma_tree *t, struct vma_path *p)
{
	for (int d = p->depth - 1; d >= 0; d--) {
		struct vma_node *n = p->step[d].node;

		child_shrink(t, n, p->step[d].index);
		if (n->used)
			vma_node_summarise(n);
	}
	root_shrink(t);
}

/* -- the splice ------------------------------------------------------------------------------------------------- */
/* Within one owned leaf, which has room. */
static void splice_in_leaf(struct vma_tree *t, struct vma_path *p, unsigned n_old, const struct vma *new,
			   unsigned n_new)
{
	struct vma_node *leaf = p->step[p->depth].node;
	struct vma_summary old = vma_summary_of(leaf);

	leaf_splice(t, leaf, p->step[p->depth].index, n_old, new, n_new);
	if (n_new < n_old && unlikely(leaf_may_shrink(p)))
		path_shrink(t, p);
	else if (p->depth > 0)
		vma_path_follow(p, old);
}

/* Of regions that do not all lie in one leaf. Their paths are owned first, then those go that there are too many of. */
static int splice_across(struct vma_tree *t, struct vma_path *p, unsigned n_old, const struct vma *new, unsigned n_new)
{
	struct vma_path q = *p;
	uptr starts[3];

	ASSERT(n_new <= n_old && n_old <= ARRAY_SIZE(starts));
	for (unsigned i = 0; i < n_old; i++) {
		if (i)
			vma_path_forward(&q);
		if (path_own(t, &q))
			return -ENOMEM;
		starts[i] = vma_path_at(&q)->start;
	}
	for (unsigned i = n_old; i-- > n_new; ) {
		vma_path_find(t, starts[i], &q);
		splice_in_leaf(t, &q, 1, NULL, 0);
	}
	vma_path_find(t, starts[0], &q);
	for (unsigned i = 0; i < n_new; i++) {
		if (i)
			vma_path_forward(&q);
		splice_in_leaf(t, &q, 1, &new[i], 1);
	}
	return 0;
}

/* The first node of an empty tree. */
static int tree_start(struct vma_tree *t, struct vma_path *p)
{
	struct vma_node *n = slab_zalloc(&vma_node_cache);

	if (!n)
		return -ENOMEM;
	refcount_set(&n->refs, 1);
	t->root = n;
	p->depth = 0;
	p->step[0].node = n;
	p->step[0].index = 0;
	return 0;
}

int vma_path_splice(struct vma_tree *t, struct vma_path *p, unsigned n_old, const struct vma *new, unsigned n_new)
{
	struct vma_node *leaf;
	int err = unlikely(p->depth < 0) ? tree_start(t, p) : path_own(t, p);

	if (err)
		return err;
	leaf = p->step[p->depth].node;
	if (unlikely(p->step[p->depth].index + n_old > leaf->used))
		err = splice_across(t, p, n_old, new, n_new);
	else if (unlikely(leaf->used - n_old + n_new > VMA_FANOUT))
		err = splice_with_split(t, p, n_old, new, n_new);
	else
		splice_in_leaf(t, p, n_old, new, n_new);
	if (!err)
		t->count += n_new - n_old;
	return err;
}

/* -- single regions --------------------------------------------------------------------------------------------- */
int vma_insert(struct vma_tree *t, const struct vma *v)
{
	struct vma_path p;

	vma_path_find(t, v->start, &p);
	return vma_path_splice(t, &p, 0, v, 1);
}

/* The path to the region that starts at start. */
static void find_start(const struct vma_tree *t, uptr start, struct vma_path *p)
{
	vma_path_find(t, start, p);
	ASSERT(vma_path_at(p) && vma_path_at(p)->start == start);
}

int vma_replace(struct vma_tree *t, uptr start, const struct vma *v)
{
	struct vma_path p;

	find_start(t, start, &p);
	return vma_path_splice(t, &p, 1, v, 1);
}

int vma_erase(struct vma_tree *t, uptr start)
{
	struct vma_path p;

	find_start(t, start, &p);
	return vma_path_splice(t, &p, 1, NULL, 0);
}

int vma_split(struct vma_tree *t, uptr addr)
{
	struct vma parts[2], *found;
	struct vma_path p;

	vma_path_find(t, addr, &p);
	found = vma_path_at(&p);
	if (!found || found->start >= addr)
		return 0;
	parts[0] = parts[1] = *found;
	parts[0].end = parts[1].start = addr;
	parts[1].offset_pages += (addr - found->start) >> PAGE_SHIFT;
	return vma_path_splice(t, &p, 1, parts, 2);
}
