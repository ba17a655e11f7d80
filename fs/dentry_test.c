/*
 * fs/dentry_test.c: names in directories against a plain table: random trees are made, moved, exchanged and removed;
 * what is found by name, how directories are listed, and every count must be what the table says.
 */
#include "arch/host/host.h"
#include "fs/internal.h"
#include "fs/notify.h"
#include "mm/slab.h"

#define NODES_MAX 120
#define NAMES 40
struct node { bool lives, is_dir; int parent; unsigned name; struct dentry *d; };
static struct node nodes[NODES_MAX];	/* [0]: the root */
static struct inode inodes[NODES_MAX];
static char names[NAMES][300];

void inode_put(struct inode *i) { (void)refcount_dec(&i->count); }
void notify_inode_gone(struct inode *i) { }

static size_t name_len(unsigned n) { return strlen(names[n]); }
static struct dentry *lookup(int parent, unsigned name)
{
	u32 hash;
	const char *end = name_scan(names[name], &hash);
	CHECK(end == names[name] + name_len(name));
	return dentry_find(nodes[parent].d, names[name], name_len(name), hash);
}

static int model_find(int parent, unsigned name)
{
	for (int i = 1; i < NODES_MAX; i++) {
		if (nodes[i].lives && nodes[i].parent == parent && nodes[i].name == name)
			return i;
	}
	return -1;
}

static int any_dir(void)
{
	int i;
	do
		i = (int)test_random_below(NODES_MAX);
	while (!nodes[i].lives || !nodes[i].is_dir);
	return i;
}

static int any_node(void)
{
	for (int tries = 0; tries < 100; tries++) {
		int i = 1 + (int)test_random_below(NODES_MAX - 1);
		if (nodes[i].lives)
			return i;
	}
	return -1;
}

static bool has_children(int i)
{
	for (int k = 1; k < NODES_MAX; k++) {
		if (nodes[k].lives && nodes[k].parent == i)
			return true;
	}
	return false;
}

static bool is_above(int a, int b)
{
	while (b != a && b)
		b = nodes[b].parent;
	return a == b;
}

/* -- operations -- */
static void do_add(void)
{
	int parent = any_dir(), slot = 1;
	unsigned name = (unsigned)test_random_below(NAMES);

	while (slot < NODES_MAX && nodes[slot].lives)
		slot++;
	struct dentry *old = lookup(parent, name);
	CHECK(!old == (model_find(parent, name) < 0));
	if (old || slot == NODES_MAX) {
		dentry_put(old);
		return;
	}
	struct node *n = &nodes[slot];
	*n = (struct node){ true, test_random_below(2), parent, name, dentry_alloc(nodes[parent].d, names[name], name_len(name)) };
	refcount_set(&inodes[slot].count, 1);
	inodes[slot].version = 0;
	dentry_add(n->d, &inodes[slot]);
}

static void drop(struct node *n)
{
	struct dentry *d = n->d;
	dentry_remove(d);
	CHECK(d->is_unlinked && refcount_read(&d->count) == 1);
	dentry_put(d);
	n->lives = false;
}

static void do_remove(void)
{
	int i = any_node();
	if (i > 0 && !has_children(i))
		drop(&nodes[i]);
}

static void do_move(void)
{
	int i = any_node(), to = any_dir();
	unsigned name = (unsigned)test_random_below(NAMES);

	if (i < 0 || is_above(i, to))
		return;
	int there = model_find(to, name);
	if (there == i || (there > 0 && (has_children(there) || is_above(there, i))))
		return;
	struct dentry *target = there > 0 ? dentry_get(nodes[there].d) :
					    dentry_alloc(nodes[to].d, names[name], name_len(name));
	dentry_move(nodes[i].d, target);
	dentry_put(target);
	if (there > 0) {
		CHECK(refcount_read(&nodes[there].d->count) == 1);
		dentry_put(nodes[there].d);
		nodes[there].lives = false;
	}
	nodes[i].parent = to;
	nodes[i].name = name;
}

static void do_exchange(void)
{
	int a = any_node(), b = any_node();

	if (a < 0 || b < 0 || a == b || is_above(a, b) || is_above(b, a))
		return;
	dentry_exchange(nodes[a].d, nodes[b].d);
	int parent = nodes[a].parent;
	unsigned name = nodes[a].name;
	nodes[a].parent = nodes[b].parent;
	nodes[a].name = nodes[b].name;
	nodes[b].parent = parent;
	nodes[b].name = name;
}

/* -- checks -- */
static int listed;
static bool count_entry(struct dir_context *c, const char *name, size_t len, u64 ino, unsigned type)
{
	if (test_random_below(4) == 0)
		return false;	/* full: it comes again */
	listed++;
	return true;
}

static void check_listing(int i)
{
	struct file f = { .path = { NULL, nodes[i].d } };
	struct dir_context c = { .emit = count_entry };
	int want = 2;

	for (int k = 1; k < NODES_MAX; k++)
		want += nodes[k].lives && nodes[k].parent == i;
	listed = 0;
	for (int rounds = 0; rounds < 1000 && listed < want; rounds++)
		CHECK(dentry_iterate(&f, &c) == 0);
	CHECK(listed == want);
	dentry_iterate_end(&f);
}

static void check_all(void)
{
	for (int i = 0; i < NODES_MAX; i++) {
		struct node *n = &nodes[i];
		if (!n->lives)
			continue;
		int children = 0;
		for (int k = 1; k < NODES_MAX; k++)
			children += nodes[k].lives && nodes[k].parent == i;
		/* ours, the directory's pin, and one of each child */
		CHECK(refcount_read(&n->d->count) == (i ? 2 : 1) + children);
		if (i) {
			struct dentry *found = lookup(n->parent, n->name);
			CHECK(found == n->d && found->parent == nodes[n->parent].d);
			CHECK(strcmp(found->name, names[n->name]) == 0);
			dentry_put(found);
		}
		if (n->is_dir)
			check_listing(i);
	}
}

static void test_random_trees(void)
{
	static void (*const operations[])(void) = { do_add, do_add, do_add, do_remove, do_move, do_move, do_exchange };

	for (int step = 0; step < 30000; step++) {
		operations[test_random_below(ARRAY_SIZE(operations))]();
		if (step % 64 == 0)
			check_all();
	}
}

static void test_nothing_is_left(void)
{
	for (bool again = true; again;) {
		again = false;
		for (int i = 1; i < NODES_MAX; i++) {
			if (nodes[i].lives && !has_children(i)) {
				drop(&nodes[i]);
				again = true;
			}
		}
	}
	CHECK(refcount_read(&nodes[0].d->count) == 1);
}

static void test_scans_and_hashes_agree(void)
{
	static char page[2 * 4096] __aligned(4096);

	for (int i = 0; i < 20000; i++) {
		size_t len = test_random_below(60), at = i % 2 ? 4096 - 1 - len : test_random_below(4096 - 61);
		memset(page, '/', 4096);
		for (size_t k = 0; k < len; k++) {
			do
				page[at + k] = (char)test_random();
			while (!page[at + k] || page[at + k] == '/');
		}
		page[at + len] = test_random_below(2) ? 0 : '/';
		u32 hash;
		CHECK(name_scan(page + at, &hash) == page + at + len);
		CHECK(hash == name_hash(page + at, len));
	}
}

int main(void)
{
	host_init(16);
	for (int i = 0; i < NAMES; i++) {
		size_t len = 1 + test_random_below(i % 4 ? 20 : 255);
		for (size_t k = 0; k < len; k++)
			names[i][k] = (char)('a' + test_random_below(26));
		names[i][len] = 0;
		names[i][0] = (char)('!' + i);	/* all differ */
		if (names[i][0] == '/')
			names[i][0] = '~';
	}
	for (int i = 0; i < NODES_MAX; i++)
		inodes[i].mode = S_IFREG;
	nodes[0] = (struct node){ true, true, 0, 0, dentry_alloc(NULL, "", 0) };
	nodes[0].d->inode = &inodes[0];
	TEST_RUN(test_scans_and_hashes_agree);
	TEST_RUN(test_random_trees);
	TEST_RUN(test_nothing_is_left);
	return test_end();
}
