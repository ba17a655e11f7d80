/*
 * mm/vma_summary.c: what a node of the region tree says of what lies below it: made anew by a look at all its entries,
 * or, as is nearly always enough, made to follow an edit from the free ranges that the edit touched.
 * For this a node keeps, beside its widest free range, a bound for all the others: if the widest has become narrower but is
 * not below the bound, it is the widest still.
 * Way in: vma_edit.c, under mm->lock for writing. Nothing here can fail.
 */
#include "mm/vma_node.h"

static void summarise_leaf(struct vma_node *n)
{
	struct vma_row row = vma_row_look(VMA_NO_BEFORE, n->values, n->used, VMA_NO_BEHIND);

	n->low = n->used ? vma_guarded_start(&n->values[0]) : 0;
	n->high = n->used ? n->values[n->used - 1].end : 0;
	n->gap = row.gap;
	n->other_gaps = row.other_gaps;
	n->flags = row.flags;
}

static void summarise_upper(struct vma_node *n)
{
	struct vma_row row = { 0 };
	uptr edge = VMA_NO_BEFORE;

#pragma clang loop unroll(disable)
	for (unsigned i = 0; i < n->used; i++) {
		const struct vma_node *child = n->children[i];

		vma_row_add(&row, vma_gap_between(edge, child->low));
		vma_row_add(&row, child->gap);
		row.flags |= child->flags;
		edge = child->high;
	}
	n->low = n->children[0]->low;
	n->high = edge;
	n->gap = row.gap;
	n->other_gaps = row.other_gaps;
	n->flags = row.flags;
}

void vma_node_summarise(struct vma_node *n)
{
	if (n->level == 0)
		summarise_leaf(n);
	else
		summarise_upper(n);
}

/* -- following an edit ------------------------------------------------------------------------------------------- */
static bool summary_differs(const struct vma_summary *s, const struct vma_node *n)
{
	return s->low != n->low || s->high != n->high || s->gap != n->gap || s->flags != n->flags;
}

/* The free ranges around and in child i of n, if the child says so. */
static __always_inline struct vma_row child_row(const struct vma_node *n, unsigned i, uptr low, uptr high, size_t gap)
{
	struct vma_row row = { .gap = gap };

	if (i > 0)
		vma_row_add(&row, vma_gap_between(n->children[i - 1]->high, low));
	if (i + 1 < n->used)
		vma_row_add(&row, vma_gap_between(high, n->children[i + 1]->low));
	return row;
}

/* Child i of n said `old` before. */
static void node_follow(struct vma_node *n, unsigned i, const struct vma_summary *old)
{
	const struct vma_node *child = n->children[i];
	struct vma_row old_row = child_row(n, i, old->low, old->high, old->gap);
	struct vma_row new_row = child_row(n, i, child->low, child->high, child->gap);

	if (unlikely(old->flags & ~child->flags) || !vma_gaps_follow(n, &old_row, &new_row)) {
		vma_node_summarise(n);
		return;
	}
	n->flags |= child->flags;
	if (i == 0)
		n->low = child->low;
	if (i + 1 == n->used)
		n->high = child->high;
}

void vma_path_follow(const struct vma_path *p, struct vma_summary old)
{
	for (int d = p->depth; d > 0 && summary_differs(&old, p->step[d].node); d--) {
		struct vma_summary above = vma_summary_of(p->step[d - 1].node);

		node_follow(p->step[d - 1].node, p->step[d - 1].index, &old);
		old = above;
	}
}
