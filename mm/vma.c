/*
 * mm/vma.c: looking things up in the region tree, and its life as a whole. Edits are in vma_edit.c.
 *
 * The tree is persistent: fork copies it with one count on the root, and the nodes that two address spaces share are
 * never changed. All searches are O(log n): nodes know the widest gap and the OR of the flags below them.
 * Way in: vma_* of mm/mm.h, under mm->lock (reading is enough but for vma_tree_drop). Nothing here can fail.
 * Differences from Linux: a maple tree there, copied region by region at fork.
 */
#include "mm/vma_node.h"
#include "mm/slab.h"

SLAB_CACHE(vma_node_cache, struct vma_node);

struct vma *vma_find(struct vma_tree *t, uptr addr)
{
	struct vma_node *n = t->root;

	if (!n || n->high <= addr)
		return NULL;
	while (n->level > 0)
		n = n->children[vma_node_index(n, addr)];
	return &n->values[vma_node_index(n, addr)];
}

struct vma *vma_at(struct vma_tree *t, uptr addr)
{
	struct vma *v = vma_find(t, addr);

	return v && v->start <= addr ? v : NULL;
}

struct vma *vma_next(struct vma_tree *t, const struct vma *v)
{
	struct vma_node *n = t->root;

	if (!n || n->high <= v->start)
		return NULL;
	while (n->level > 0)
		n = n->children[vma_node_index(n, v->start)];
	if (v >= n->values && v + 1 < n->values + n->used)
		return (struct vma *)v + 1;
	return vma_find(t, v->end);
}

struct vma *vma_prev(struct vma_tree *t, uptr addr)
{
	struct vma_node *n = t->root, *left = NULL;

	/* The last subtree that lies to the left of the way to addr holds the answer, if the leaf itself does not. */
	while (n && n->level > 0) {
		unsigned i = vma_node_index(n, addr);

		if (i > 0)
			left = n->children[i - 1];
		n = i < n->used ? n->children[i] : NULL;
	}
	if (n) {
		unsigned i = vma_node_index(n, addr);

		if (i > 0)
			return &n->values[i - 1];
	}
	if (!left)
		return NULL;
	while (left->level > 0)
		left = left->children[left->used - 1];
	return &left->values[left->used - 1];
}

bool vma_overlaps(struct vma_tree *t, uptr start, uptr end)
{
	struct vma *v = vma_find(t, start);

	return v && v->start < end;
}

/* Below n: the first region with end > addr and one of flags. A subtree without them is not entered. */
static struct vma *find_flagged(struct vma_node *n, uptr addr, u64 flags)
{
	for (unsigned i = vma_node_index(n, addr); i < n->used; i++) {
		struct vma *v = NULL;

		if (n->level == 0)
			v = n->values[i].flags & flags ? &n->values[i] : NULL;
		else if (n->children[i]->flags & flags)
			v = find_flagged(n->children[i], addr, flags);
		if (v)
			return v;
	}
	return NULL;
}

struct vma *vma_find_flagged(struct vma_tree *t, uptr addr, u64 flags)
{
	return vma_tree_has_special(t, flags) ? find_flagged(t->root, addr, flags) : NULL;
}

bool vma_tree_has_special(const struct vma_tree *t, u64 flags)
{
	return t->root && (t->root->flags & flags);
}

/* -- free ranges ------------------------------------------------------------------------------------------------ */
struct gap_search {
	uptr low, high;
	size_t len;
	uptr edge;	/* of what was seen last: down: its start (it is on the right); up: its end */
};

/* The part of [from, to) inside the limits is long enough. */
static bool gap_fits(const struct gap_search *s, uptr from, uptr to)
{
	from = MAX(from, s->low);
	to = MIN(to, s->high);
	return to > from && to - from >= s->len;
}

/* From right to left. Returns the end of the range found, or 0. */
static uptr gap_down_leaf(const struct vma_node *n, struct gap_search *s)
{
	uptr edge = MIN(s->edge, s->high), low = s->low;
	size_t len = s->len;

#pragma clang loop unroll(disable)
	for (const struct vma *v = n->values + n->used; v-- > n->values; ) {
		uptr from = MAX(v->end, low);

		if (edge > from && edge - from >= len)
			return edge;
		if (v->end <= low)
			break;
		edge = MIN(vma_guarded_start(v), s->high);
	}
	s->edge = edge;
	return 0;
}

static uptr gap_down(const struct vma_node *n, struct gap_search *s)
{
	if (n->level == 0)
		return gap_down_leaf(n, s);
	for (unsigned i = n->used; i-- > 0; ) {
		const struct vma_node *child = n->children[i];

		if (gap_fits(s, child->high, s->edge))
			return MIN(s->edge, s->high);
		if (child->high <= s->low)
			break;
		if (child->gap >= s->len && child->low < s->high) {
			uptr found = gap_down(child, s);

			if (found)
				return found;
		}
		s->edge = child->low;
	}
	return 0;
}

uptr vma_find_gap_down(struct vma_tree *t, uptr low, uptr high, size_t len)
{
	struct gap_search s = { .low = low, .high = high, .len = len, .edge = high };
	uptr end = t->root ? gap_down(t->root, &s) : 0;

	if (!end && gap_fits(&s, low, s.edge))
		end = MIN(s.edge, high);
	return end ? end - len : 0;
}

/* From left to right below n. Returns the start of the range found, or 0. */
static uptr gap_up(const struct vma_node *n, struct gap_search *s)
{
	for (unsigned i = 0; i < n->used && s->edge < s->high; i++) {
		const struct vma *v = &n->values[i];
		const struct vma_node *child = n->level ? n->children[i] : NULL;

		if (gap_fits(s, s->edge, child ? child->low : vma_guarded_start(v)))
			return MAX(s->edge, s->low);
		if (child && child->gap >= s->len && child->high > s->low) {
			uptr found = gap_up(child, s);

			if (found)
				return found;
		}
		s->edge = child ? child->high : v->end;
	}
	return 0;
}

uptr vma_find_gap_up(struct vma_tree *t, uptr low, uptr high, size_t len)
{
	struct gap_search s = { .low = low, .high = high, .len = len, .edge = low };
	uptr start = t->root ? gap_up(t->root, &s) : 0;

	if (!start && gap_fits(&s, s.edge, high))
		start = MAX(s.edge, low);
	return start;
}

/* -- life ------------------------------------------------------------------------------------------------------- */
void vma_node_put(struct vma_tree *t, struct vma_node *n)
{
	if (!n || !refcount_dec(&n->refs))
		return;
	for (unsigned i = 0; i < n->used; i++) {
		if (n->level)
			vma_node_put(t, n->children[i]);
		else if (n->values[i].user)
			mapping_user_put(n->values[i].user, &t->dead);
	}
	slab_free(&vma_node_cache, n);
}

void vma_tree_copy(struct vma_tree *to, const struct vma_tree *from)
{
	*to = (struct vma_tree){ .root = from->root, .count = from->count };
	if (to->root)
		refcount_inc(&to->root->refs);
}

void vma_tree_drop(struct vma_tree *t)
{
	struct mapping_user *dead;

	vma_node_put(t, t->root);
	dead = t->dead;
	*t = (struct vma_tree){ 0 };
	mapping_users_free(dead);
}
