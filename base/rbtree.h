/*
 * base/rbtree.h: red-black trees whose links live in the objects, ordered by a caller's comparison.
 * Used by timers and the fair scheduling class. Locks: the caller's.
 */
#ifndef BASE_RBTREE_H
#define BASE_RBTREE_H
#include "base/types.h"

struct rb_node {
	struct rb_node *parent, *left, *right;
	bool red;
};
struct rb_tree {
	struct rb_node *root;
	struct rb_node *leftmost; /* borrowed: the smallest node, or NULL */
};
typedef bool (*rb_less_fn)(const struct rb_node *a, const struct rb_node *b);

void rb_insert(struct rb_tree *t, struct rb_node *n, rb_less_fn less); /* equal keys: after the older ones */
void rb_remove(struct rb_tree *t, struct rb_node *n);
struct rb_node *rb_next(const struct rb_node *n);
static inline struct rb_node *rb_first(const struct rb_tree *t) { return t->leftmost; }
#define rb_entry(n, type, member) container_of(n, type, member)
#endif
