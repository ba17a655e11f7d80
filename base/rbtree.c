/*
 * base/rbtree.c: red-black trees. A node is red or black; a red node has no red child; every way from the root down to
 * a missing child passes the same number of black nodes. So the longest way is at most twice the shortest.
 * Insertion and removal break at most one of these rules at one place and mend it on the way up with recolouring and
 * at most three rotations. Locks: the caller's. Source: Cormen et al., Introduction to Algorithms, chapter 13.
 */
#include "base/rbtree.h"

static bool is_red(const struct rb_node *n) { return n && n->red; }

/* Puts b where a hangs (under a's parent, or as the root). */
static void replace_child(struct rb_tree *t, struct rb_node *a, struct rb_node *b)
{
	struct rb_node *p = a->parent;

	if (!p)
		t->root = b;
	else if (p->left == a)
		p->left = b;
	else
		p->right = b;
	if (b)
		b->parent = p;
}

/* x goes down to the left, its right child comes up. */
static void rotate_left(struct rb_tree *t, struct rb_node *x)
{
	struct rb_node *y = x->right;

	x->right = y->left;
	if (y->left)
		y->left->parent = x;
	replace_child(t, x, y);
	y->left = x;
	x->parent = y;
}

static void rotate_right(struct rb_tree *t, struct rb_node *x)
{
	struct rb_node *y = x->left;

	x->left = y->right;
	if (y->right)
		y->right->parent = x;
	replace_child(t, x, y);
	y->right = x;
	x->parent = y;
}

/* n is red, and its parent may be red too. */
static void mend_insert(struct rb_tree *t, struct rb_node *n)
{
	struct rb_node *p, *g, *uncle;

	while (is_red(p = n->parent)) {
		bool is_left = p == p->parent->left;

		g = p->parent;
		uncle = is_left ? g->right : g->left;
		if (is_red(uncle)) {		/* push the black down from the grandparent, go on above */
			p->red = uncle->red = false;
			g->red = true;
			n = g;
			continue;
		}
		if (n == (is_left ? p->right : p->left)) {	/* inner grandchild: make it the outer one */
			if (is_left)
				rotate_left(t, p);
			else
				rotate_right(t, p);
			p = n;
		}
		p->red = false;
		g->red = true;
		if (is_left)
			rotate_right(t, g);
		else
			rotate_left(t, g);
		break;
	}
	t->root->red = false;
}

void rb_insert(struct rb_tree *t, struct rb_node *n, rb_less_fn less)
{
	struct rb_node **link = &t->root, *parent = NULL;
	bool is_leftmost = true;

	while (*link) {
		parent = *link;
		if (less(n, parent)) {
			link = &parent->left;
		} else {
			link = &parent->right;
			is_leftmost = false;
		}
	}
	*n = (struct rb_node){ .parent = parent, .red = true };
	*link = n;
	if (is_leftmost)
		t->leftmost = n;
	mend_insert(t, n);
}

/* The way to x (which may be missing) under parent p lacks one black node. */
static void mend_remove(struct rb_tree *t, struct rb_node *x, struct rb_node *p)
{
	while (x != t->root && !is_red(x)) {
		bool is_left = x == p->left;
		struct rb_node *s = is_left ? p->right : p->left, *near, *far;

		if (s->red) {			/* make the sibling black */
			s->red = false;
			p->red = true;
			if (is_left)
				rotate_left(t, p);
			else
				rotate_right(t, p);
			s = is_left ? p->right : p->left;
		}
		near = is_left ? s->left : s->right;
		far = is_left ? s->right : s->left;
		if (!is_red(near) && !is_red(far)) {	/* take a black from the sibling too, go on above */
			s->red = true;
			x = p;
			p = x->parent;
			continue;
		}
		if (!is_red(far)) {		/* the sibling's red child must be the far one */
			near->red = false;
			s->red = true;
			if (is_left)
				rotate_right(t, s);
			else
				rotate_left(t, s);
			far = s;
			s = near;
		}
		s->red = p->red;
		p->red = false;
		far->red = false;
		if (is_left)
			rotate_left(t, p);
		else
			rotate_right(t, p);
		return;
	}
	if (x)
		x->red = false;
}

void rb_remove(struct rb_tree *t, struct rb_node *n)
{
	struct rb_node *child, *parent;
	bool lost_black;

	if (t->leftmost == n)
		t->leftmost = rb_next(n);
	if (n->left && n->right) {		/* the successor takes n's place and colour */
		struct rb_node *s = n->right;

		while (s->left)
			s = s->left;
		child = s->right;
		lost_black = !s->red;
		parent = s->parent == n ? s : s->parent;
		if (s->parent != n) {
			replace_child(t, s, child);
			s->right = n->right;
			s->right->parent = s;
		}
		replace_child(t, n, s);
		s->left = n->left;
		s->left->parent = s;
		s->red = n->red;
	} else {
		child = n->left ? n->left : n->right;
		parent = n->parent;
		lost_black = !n->red;
		replace_child(t, n, child);
	}
	if (lost_black)
		mend_remove(t, child, parent);
	*n = (struct rb_node){ };
}

struct rb_node *rb_next(const struct rb_node *n)
{
	if (n->right) {
		n = n->right;
		while (n->left)
			n = n->left;
		return (struct rb_node *)n;
	}
	while (n->parent && n == n->parent->right)
		n = n->parent;
	return n->parent;
}
