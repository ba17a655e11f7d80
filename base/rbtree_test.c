/* base/rbtree_test.c: random insertions and removals; after each the rules of the tree and the order hold. */
#include "arch/host/host.h"
#include "base/rbtree.h"

struct item { struct rb_node node; u64 key; u64 order; bool is_in; };
#define ITEMS 400
static struct item items[ITEMS];

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, node)->key < rb_entry(b, struct item, node)->key;
}

/* Black nodes on every way down; fails the test where the ways differ or red follows red. */
static int black_height(const struct rb_node *n, const struct rb_node *parent)
{
	int left, right;

	if (!n)
		return 1;
	CHECK(n->parent == parent);
	CHECK(!(n->red && parent && parent->red));
	left = black_height(n->left, n);
	right = black_height(n->right, n);
	CHECK(left == right);
	return left + !n->red;
}

static void check_tree(const struct rb_tree *t, int count)
{
	const struct item *last = NULL;
	int n = 0;

	CHECK(!t->root || !t->root->red);
	black_height(t->root, NULL);
	for (struct rb_node *r = rb_first(t); r; r = rb_next(r)) {
		const struct item *i = rb_entry(r, struct item, node);

		CHECK(i->is_in);
		CHECK(!last || last->key < i->key || (last->key == i->key && last->order < i->order));
		last = i;
		n++;
	}
	CHECK(n == count);
}

static void random_edits(u64 keys)
{
	struct rb_tree t = { };
	int count = 0;

	for (u64 step = 0; step < 4000; step++) {
		struct item *i = &items[test_random_below(ITEMS)];

		if (i->is_in) {
			rb_remove(&t, &i->node);
			count--;
		} else {
			i->key = test_random_below(keys);
			i->order = step;
			rb_insert(&t, &i->node, item_less);
			count++;
		}
		i->is_in = !i->is_in;
		check_tree(&t, count);
	}
	for (int i = 0; i < ITEMS; i++) {
		if (items[i].is_in) {
			rb_remove(&t, &items[i].node);
			items[i].is_in = false;
			check_tree(&t, --count);
		}
	}
	CHECK(!t.root && !t.leftmost);
}

static void test_distinct_keys(void) { random_edits(1UL << 60); }
static void test_equal_keys_keep_order(void) { random_edits(10); }

int main(void)
{
	host_init(32);
	TEST_RUN(test_distinct_keys);
	TEST_RUN(test_equal_keys_keep_order);
	return test_end();
}
