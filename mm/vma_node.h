/*
 * mm/vma_node.h: the nodes of the region tree; only for mm/vma.c and mm/vma_edit.c.
 *
 * A B+tree: level 0 holds the regions in address order, upper levels hold children. A node's count is the number of
 * parents and trees that point to it. A node may be changed in place only if it and all nodes above it have count 1
 * (then mm->lock, held for writing, keeps everybody else away); otherwise the path down to it is copied first.
 * Each node carries a summary of what lies below, so that a search for a free range or for a flag goes straight down.
 */
#ifndef MM_VMA_NODE_H
#define MM_VMA_NODE_H
#include "mm/mm.h"

#define VMA_FANOUT 16
#define VMA_FILL_LOW 4		/* a node with fewer entries is merged with a sibling when both fit */
#define VMA_FILL_MERGED 12	/* ... into a node that keeps some room */
#define VMA_DEPTH_MAX 12

struct vma_node {
	refcount_t refs;
	u8 level, used;
	u32 count;		/* regions below */
	uptr low, high;		/* first region's start (with its guard), last region's end */
	size_t gap;		/* widest free range between two regions below */
	u64 flags;		/* OR of the regions' flags */
	union {
		struct vma values[VMA_FANOUT];
		struct vma_node *children[VMA_FANOUT];	/* owned counts */
	};
};

/* The way from the root (step 0) to a slot of a leaf. */
struct vma_path {
	int depth;		/* index of the leaf's step */
	struct { struct vma_node *node; unsigned index; } step[VMA_DEPTH_MAX];
};

/* Index of the first entry whose end lies above addr; node->used if there is none. */
static inline unsigned vma_node_index(const struct vma_node *n, uptr addr)
{
	unsigned i = 0;

	if (n->level == 0) {
		while (i < n->used && n->values[i].end <= addr)
			i++;
	} else {
		while (i < n->used && n->children[i]->high <= addr)
			i++;
	}
	return i;
}

void vma_node_put(struct vma_tree *t, struct vma_node *n);	/* NULL is accepted; files of the dead go to t->dead */
void vma_node_summarise(struct vma_node *n);

/* mm/file_users.c */
void mapping_user_get(struct mapping_user *u);
void mapping_user_put(struct mapping_user *u, struct mapping_user **dead);
void mapping_users_free(struct mapping_user *dead);	/* the whole chain; may sleep */
#endif
