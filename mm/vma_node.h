/*
 * mm/vma_node.h: the nodes of the region tree; only for mm/vma*.c and mm/region.c.
 *
 * A B+tree: level 0 holds the regions in address order, upper levels hold children. A node's count is the number of
 * parents and trees that point to it. A node may be changed in place only if it and all nodes above it have count 1
 * (then mm->lock, held for writing, keeps everybody else away); otherwise the path down to it is copied first.
 * Each node carries a summary of what lies below, so that a search for a free range or for a flag goes straight down.
 *
 * An edit is a path that is found once, a look at the neighbours of its slot, and one splice there.
 */
#ifndef MM_VMA_NODE_H
#define MM_VMA_NODE_H
#include "mm/mm.h"

#define VMA_FANOUT 16
#define VMA_FILL_MERGED 12	/* siblings that have lost entries are merged into a node that keeps some room */
#define VMA_FILL_LOW (VMA_FANOUT - VMA_FILL_MERGED)	/* the smaller part of a node that is split */
#define VMA_DEPTH_MAX 12
#define VM_SEARCHED (VM_FORK_SPECIAL | VM_ATTACHED)

struct vma_node {
	refcount_t refs;
	u8 level, used;
	uptr low, high;		/* first region's start (with its guard), last region's end */
	size_t gap;		/* widest free range between two regions below */
	size_t other_gaps;	/* none but that one (upper node: those of its child too) is wider; may say too much */
	u64 flags;		/* OR of the regions' flags, of those that are searched for: VM_SEARCHED */
	union {
		struct vma values[VMA_FANOUT];
		struct vma_node *children[VMA_FANOUT];	/* owned counts */
	};
};

/*
 * The way from the root (step 0) to a slot of a leaf: the first region with end > addr, or the place behind the last
 * region of all. It is good until the next edit.
 */
struct vma_path {
	int depth;		/* index of the leaf's step; -1: the tree is empty */
	struct { struct vma_node *node; unsigned index; } step[VMA_DEPTH_MAX];
};

/* Index of the first entry whose end lies above addr; node->used if there is none. */
static inline unsigned vma_node_index(const struct vma_node *n, uptr addr)
{
	unsigned i = 0, half = VMA_FANOUT / 2;

	if (n->level == 0) {
		if (n->used > half && n->values[half - 1].end <= addr)
			i = half;
#pragma clang loop unroll(disable)
		while (i < n->used && n->values[i].end <= addr)
			i++;
	} else {
		if (n->used > half && n->children[half - 1]->high <= addr)
			i = half;
#pragma clang loop unroll(disable)
		while (i < n->used && n->children[i]->high <= addr)
			i++;
	}
	return i;
}

/* -- paths: looking (mm/vma_path.c) -- */
void vma_path_find(const struct vma_tree *t, uptr addr, struct vma_path *p);
bool vma_path_back(struct vma_path *p);		/* to the slot before; false: there is none, and p is as it was */
bool vma_path_forward(struct vma_path *p);	/* to the slot behind, if there is a region */
/* The region at the slot, before it, and behind it; NULL: none. */
static inline struct vma *vma_path_at(const struct vma_path *p)
{
	struct vma_node *leaf = p->depth < 0 ? NULL : p->step[p->depth].node;

	return leaf && p->step[p->depth].index < leaf->used ? &leaf->values[p->step[p->depth].index] : NULL;
}
struct vma *vma_path_before(const struct vma_path *p);
struct vma *vma_path_behind(const struct vma_path *p);
/* How many regions of the slot's leaf, from the slot on, end at or below end. */
unsigned vma_path_run(const struct vma_path *p, uptr end);

/* n regions more fit into the slot's leaf. */
static inline bool vma_path_has_room(const struct vma_path *p, unsigned n)
{
	return (p->depth < 0 ? 0 : p->step[p->depth].node->used) + n <= VMA_FANOUT;
}

/* -- and editing (mm/vma_edit.c), under mm->lock for writing -- */
/*
 * The n_old regions from the slot on become the n_new given: any number of old ones in the slot's leaf and none new; or
 * at most three old ones, and more new than old only for at most one of them; or no old one and as many new ones as the leaf
 * has room for. 0, or -ENOMEM: the tree says what it said.
 */
int __must_check vma_path_splice(struct vma_tree *t, struct vma_path *p, unsigned n_old, const struct vma *new,
				 unsigned n_new);

void vma_node_put(struct vma_tree *t, struct vma_node *n);	/* NULL is accepted; files of the dead go to t->dead */
/* -- summaries (mm/vma_summary.c) -- */
void vma_node_summarise(struct vma_node *n);	/* anew */
/* What regions in a row say. */
struct vma_row {
	size_t gap, other_gaps;	/* the widest free range, and the next */
	u64 flags;		/* VM_SEARCHED */
};
#define VMA_NO_BEFORE ~0UL
#define VMA_NO_BEHIND 0UL
static __always_inline void vma_row_add(struct vma_row *row, size_t gap)
{
	row->other_gaps = MAX(row->other_gaps, MIN(gap, row->gap));
	row->gap = MAX(row->gap, gap);
}
/* A guard may reach into the region before: there is nothing between then. */
static inline size_t vma_gap_between(uptr before, uptr behind) { return behind > before ? behind - before : 0; }
/* n regions, between the end of one before them and the (guarded) start of one behind. */
static __always_inline struct vma_row vma_row_look(uptr before, const struct vma *v, unsigned n,
						   uptr behind)
{
	struct vma_row row = { 0 };
	const struct vma *end = v + n;

#pragma clang loop unroll(disable)
	for (;; v++) {
		vma_row_add(&row, vma_gap_between(before, v < end ? vma_guarded_start(v) : behind));
		if (v == end)
			break;
		before = v->end;
		row.flags |= v->flags & VM_SEARCHED;
	}
	return row;
}
/* A node's gaps follow an edit that made `old` of its free ranges `new`. False: it takes a look at all of them. */
static __always_inline bool vma_gaps_follow(struct vma_node *n, const struct vma_row *old, const struct vma_row *new)
{
	if (old->gap < n->gap) {	/* the widest is elsewhere */
		n->other_gaps = MAX(new->other_gaps, new->gap > n->gap ? n->gap : MAX(n->other_gaps, new->gap));
		n->gap = MAX(n->gap, new->gap);
		return true;
	}
	if (new->gap < n->other_gaps)
		return false;
	n->gap = new->gap;
	n->other_gaps = MAX(n->other_gaps, new->other_gaps);
	return true;
}

/* What the nodes above have been told of a node. */
struct vma_summary {
	uptr low, high;
	size_t gap;
	u64 flags;
};
static inline struct vma_summary vma_summary_of(const struct vma_node *n)
{
	return (struct vma_summary){ n->low, n->high, n->gap, n->flags };
}
/* The leaf of p said `old` before: what is above follows, as far up as something changes by it. */
void vma_path_follow(const struct vma_path *p, struct vma_summary old);

/* mm/file_users.c */
void mapping_user_get(struct mapping_user *u);
void mapping_user_put(struct mapping_user *u, struct mapping_user **dead);
void mapping_users_free(struct mapping_user *dead);	/* the whole chain; may sleep */
#endif
