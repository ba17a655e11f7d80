/*
 * mm/vma_path.c: paths in the region tree: found by address, moved to the neighbouring slots.
 * Way in: vma_path_* of mm/vma_node.h, under mm->lock (reading is enough). Nothing here can fail.
 */
#include "mm/vma_node.h"

void vma_path_find(const struct vma_tree *t, uptr addr, struct vma_path *p)
{
	struct vma_node *n = t->root;

	for (p->depth = -1; n; ) {
		unsigned i = vma_node_index(n, addr);

		if (n->level > 0 && i == n->used)
			i--;
		p->depth++;
		p->step[p->depth].node = n;
		p->step[p->depth].index = i;
		n = n->level > 0 ? n->children[i] : NULL;
	}
}

/* From step d, whose index was moved, down to the first or the last slot. */
static void go_down(struct vma_path *p, int d, bool to_last)
{
	while (d < p->depth) {
		struct vma_node *n = p->step[d].node->children[p->step[d].index];

		d++;
		p->step[d].node = n;
		p->step[d].index = to_last ? n->used - 1 : 0;
	}
}

bool vma_path_back(struct vma_path *p)
{
	int d = p->depth;

	while (d >= 0 && p->step[d].index == 0)
		d--;
	if (d < 0)
		return false;
	p->step[d].index--;
	go_down(p, d, true);
	return true;
}

bool vma_path_forward(struct vma_path *p)
{
	int d = p->depth;

	while (d >= 0 && p->step[d].index + 1 >= p->step[d].node->used)
		d--;
	if (d < 0)
		return false;
	p->step[d].index++;
	go_down(p, d, false);
	return true;
}

struct vma *vma_path_before(const struct vma_path *p)
{
	struct vma_path q;

	if (p->depth < 0)
		return NULL;
	if (p->step[p->depth].index > 0)
		return &p->step[p->depth].node->values[p->step[p->depth].index - 1];
	q = *p;
	return vma_path_back(&q) ? vma_path_at(&q) : NULL;
}

struct vma *vma_path_behind(const struct vma_path *p)
{
	struct vma_path q;

	if (p->depth < 0)
		return NULL;
	if (p->step[p->depth].index + 1 < p->step[p->depth].node->used)
		return &p->step[p->depth].node->values[p->step[p->depth].index + 1];
	q = *p;
	return vma_path_forward(&q) ? vma_path_at(&q) : NULL;
}

unsigned vma_path_run(const struct vma_path *p, uptr end)
{
	const struct vma_node *leaf = p->step[p->depth].node;
	unsigned first = p->step[p->depth].index, i = first;

	while (i < leaf->used && leaf->values[i].end <= end)
		i++;
	return i - first;
}
