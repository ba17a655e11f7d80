/*
 * mm/vma_test.c: the region tree against a sorted array, over long random sequences of edits and forks, with
 * allocations that fail. After each step the whole tree is checked: order, summaries, counts, and that trees which
 * share nodes do not see each other's edits.
 */
#include "arch/host/host.h"
#include "mm/vma_node.h"
#include "mm/slab.h"
#include "task/task.h"
#include "base/errno.h"

extern struct slab_cache vma_node_cache;

/* -- users: only their counts matter here ----------------------------------------------------------------------- */
struct mapping_user { long count; };
static struct mapping_user users[4];

void mapping_user_get(struct mapping_user *u) { u->count++; }
void mapping_user_put(struct mapping_user *u, struct mapping_user **dead) { u->count--; }
void mapping_users_free(struct mapping_user *dead) { CHECK(!dead); }

/* -- the model -------------------------------------------------------------------------------------------------- */
#define MODEL_MAX 4096
#define TREES 5
struct model {
	unsigned count;
	struct vma values[MODEL_MAX];
};
static struct model models[TREES];
static struct vma_tree trees[TREES];
static uptr space;	/* addresses used: [64 KiB, space) */
static struct task task;		/* whose allocations fail */

static bool same(const struct vma *a, const struct vma *b)
{
	return a->start == b->start && a->end == b->end && a->flags == b->flags && a->user == b->user &&
	       a->offset_pages == b->offset_pages;
}

static unsigned model_index(const struct model *m, uptr addr)
{
	unsigned i = 0;

	while (i < m->count && m->values[i].end <= addr)
		i++;
	return i;
}

static void model_insert(struct model *m, unsigned i, const struct vma *v)
{
	memmove(&m->values[i + 1], &m->values[i], (m->count - i) * sizeof(*v));
	m->values[i] = *v;
	m->count++;
}

static void model_erase(struct model *m, unsigned i)
{
	memmove(&m->values[i], &m->values[i + 1], (m->count - i - 1) * sizeof(m->values[0]));
	m->count--;
}

static uptr model_gap_down(const struct model *m, uptr low, uptr high, size_t len)
{
	uptr edge = high;

	for (unsigned i = m->count + 1; i-- > 0; ) {
		uptr from = i ? m->values[i - 1].end : 0, to = MIN(edge, high);

		from = MAX(from, low);
		if (to > from && to - from >= len)
			return to - len;
		if (i)
			edge = vma_guarded_start(&m->values[i - 1]);
	}
	return 0;
}

static uptr model_gap_up(const struct model *m, uptr low, uptr high, size_t len)
{
	for (unsigned i = 0; i <= m->count; i++) {
		uptr from = i ? m->values[i - 1].end : 0;
		uptr to = i < m->count ? vma_guarded_start(&m->values[i]) : high;

		from = MAX(from, low);
		to = MIN(to, high);
		if (to > from && to - from >= len)
			return from;
	}
	return 0;
}

/* -- checks ----------------------------------------------------------------------------------------------------- */
static void node_check(const struct vma_node *n, bool is_root)
{
	struct vma_node copy = *n;

	CHECK(n->used <= VMA_FANOUT && (n->used > 0 || is_root));
	CHECK(refcount_read(&n->refs) >= 1);
	for (unsigned i = 0; n->level && i < n->used; i++) {
		CHECK(n->children[i]->level == n->level - 1);
		node_check(n->children[i], false);
	}
	vma_node_summarise(&copy);
	CHECK(copy.low == n->low && copy.high == n->high && copy.gap == n->gap && copy.flags == n->flags);
	CHECK(n->other_gaps >= copy.other_gaps && n->other_gaps <= n->gap);
}

static void tree_check(struct vma_tree *t, const struct model *m)
{
	struct vma *v = vma_find(t, 0);
	u64 flags = 0;

	if (t->root)
		node_check(t->root, true);
	CHECK(t->count == m->count && (!t->root || t->root->used > 0));
	for (unsigned i = 0; i < m->count; i++, v = vma_next(t, v)) {
		CHECK(v && same(v, &m->values[i]));
		flags |= v->flags;
	}
	CHECK(!v);
	CHECK(vma_tree_has_special(t, VM_FORK_SPECIAL) == !!(flags & VM_FORK_SPECIAL));
}

static void check_lookups(struct vma_tree *t, const struct model *m)
{
	uptr addr = test_random_below(space >> PAGE_SHIFT) << PAGE_SHIFT, low = PAGE_SIZE, high = space;
	size_t len = (1 + test_random_below(test_random_below(2) ? 8 : 2000)) << PAGE_SHIFT;
	unsigned i = model_index(m, addr);
	struct vma *v = vma_find(t, addr), *prev = vma_prev(t, addr);

	CHECK(i < m->count ? v && same(v, &m->values[i]) : !v);
	CHECK(i > 0 ? prev && same(prev, &m->values[i - 1]) : !prev);
	v = vma_at(t, addr);
	CHECK(i < m->count && m->values[i].start <= addr ? v && same(v, &m->values[i]) : !v);
	CHECK(vma_overlaps(t, addr, addr + len) == (i < m->count && m->values[i].start < addr + len));
	while (i < m->count && !(m->values[i].flags & VM_FORK_SPECIAL))
		i++;
	v = vma_find_flagged(t, addr, VM_FORK_SPECIAL);
	CHECK(i < m->count ? v && same(v, &m->values[i]) : !v);
	if (test_random_below(2)) {
		low = MAX(low, addr);
		high = low + (test_random_below(space >> PAGE_SHIFT) << PAGE_SHIFT);
	}
	CHECK(vma_find_gap_down(t, low, high, len) == model_gap_down(m, low, high, len));
	CHECK(vma_find_gap_up(t, low, high, len) == model_gap_up(m, low, high, len));
}

/* -- steps ------------------------------------------------------------------------------------------------------ */
static struct vma random_region(uptr start, uptr end)
{
	struct vma v = { .start = start, .end = end, .flags = VM_READ, .offset_pages = start >> PAGE_SHIFT };
	u64 r = test_random();

	if (r % 3 == 0)
		v.user = &users[r / 3 % ARRAY_SIZE(users)];
	if (r % 32 == 1)
		v.flags |= r % 64 == 1 ? VM_DONTFORK : VM_LOCKED;
	if (r % 32 == 2)
		v.flags |= VM_GROWSDOWN;
	return v;
}

static void step_insert(struct vma_tree *t, struct model *m)
{
	uptr start = 0x10000 + (test_random_below((space - 0x10000) >> PAGE_SHIFT) << PAGE_SHIFT);
	unsigned i = model_index(m, start);
	uptr limit = i < m->count ? m->values[i].start : space;

	if (start >= limit || m->count == MODEL_MAX)
		return;
	struct vma v = random_region(start, MIN(limit, start + ((1 + test_random_below(4)) << PAGE_SHIFT)));
	int err = vma_insert(t, &v);
	CHECK(err == 0 || err == -ENOMEM);
	if (!err)
		model_insert(m, i, &v);
}

static void step_erase(struct vma_tree *t, struct model *m)
{
	if (!m->count)
		return;
	unsigned i = test_random_below(m->count);
	int err = vma_erase(t, m->values[i].start);

	CHECK(err == 0 || err == -ENOMEM);
	if (!err)
		model_erase(m, i);
}

/* As munmap: owns a range, after which erasing cannot fail. */
static void step_erase_range(struct vma_tree *t, struct model *m)
{
	uptr start = test_random_below(space >> PAGE_SHIFT) << PAGE_SHIFT;
	uptr end = start + (test_random_below(40) << PAGE_SHIFT);
	unsigned i = model_index(m, start);

	if (vma_own_range(t, start, end))
		return;
	while (i < m->count && m->values[i].start < end) {
		if (m->values[i].start < start) {
			i++;
			continue;
		}
		CHECK(vma_erase(t, m->values[i].start) == 0);
		model_erase(m, i);
	}
}

static void step_replace(struct vma_tree *t, struct model *m)
{
	if (!m->count)
		return;
	unsigned i = test_random_below(m->count);
	struct vma v = random_region(m->values[i].start, m->values[i].end);

	if (test_random_below(2) && v.end - v.start > PAGE_SIZE)
		v.start += PAGE_SIZE;
	int err = vma_replace(t, m->values[i].start, &v);
	CHECK(err == 0 || err == -ENOMEM);
	if (!err)
		m->values[i] = v;
}

static void step_split(struct vma_tree *t, struct model *m)
{
	uptr addr = test_random_below(space >> PAGE_SHIFT) << PAGE_SHIFT;
	unsigned i = model_index(m, addr);

	if (m->count == MODEL_MAX)
		return;
	int err = vma_split(t, addr);
	CHECK(err == 0 || err == -ENOMEM);
	if (err || i == m->count || m->values[i].start >= addr)
		return;
	struct vma upper = m->values[i];
	upper.offset_pages += (addr - upper.start) >> PAGE_SHIFT;
	upper.start = addr;
	m->values[i].end = addr;
	model_insert(m, i + 1, &upper);
}

/* As where regions merge: two or three, in whatever leaves they lie, become one or two. */
static void step_splice(struct vma_tree *t, struct model *m)
{
	unsigned n_old = 2 + test_random_below(2), n_new = 1 + test_random_below(2);
	struct vma_path p;
	struct vma new[2];

	if (m->count < n_old)
		return;
	unsigned i = test_random_below(m->count - n_old + 1);
	uptr start = m->values[i].start, end = m->values[i + n_old - 1].end;
	uptr middle = n_new == 2 ? m->values[i + test_random_below(n_old - 1)].end : end;

	new[0] = random_region(start, middle);
	new[1] = random_region(middle, end);
	vma_path_find(t, start, &p);
	CHECK(vma_path_at(&p) && same(vma_path_at(&p), &m->values[i]));
	CHECK(i ? same(vma_path_before(&p), &m->values[i - 1]) : !vma_path_before(&p));
	CHECK(same(vma_path_behind(&p), &m->values[i + 1]));
	int err = vma_path_splice(t, &p, n_old, new, n_new);
	CHECK(err == 0 || err == -ENOMEM);
	if (err)
		return;
	for (unsigned k = 0; k < n_old; k++)
		model_erase(m, i);
	for (unsigned k = 0; k < n_new; k++)
		model_insert(m, i + k, &new[k]);
}

/* As munmap of many: what lies together in one leaf goes at once. */
static void step_erase_run(struct vma_tree *t, struct model *m)
{
	if (!m->count)
		return;
	unsigned i = test_random_below(m->count);
	struct vma_path p;

	vma_path_find(t, m->values[i].start, &p);
	unsigned n = vma_path_run(&p, m->values[MIN(m->count - 1, i + test_random_below(12))].end);
	CHECK(n > 0);
	int err = vma_path_splice(t, &p, n, NULL, 0);
	CHECK(err == 0 || err == -ENOMEM);
	for (unsigned k = 0; k < n && !err; k++)
		model_erase(m, i);
}

static void step_fork(unsigned from, unsigned to)
{
	if (from == to)
		return;
	vma_tree_drop(&trees[to]);
	vma_tree_copy(&trees[to], &trees[from]);
	models[to] = models[from];
}

/* growing: how many of 100 edits insert. */
static void random_steps(unsigned steps, unsigned growing, bool with_failures)
{
	for (unsigned n = 0; n < steps; n++) {
		unsigned i = test_random_below(TREES), what = test_random_below(100);
		struct vma_tree *t = &trees[i];
		struct model *m = &models[i];

		if (with_failures && test_random_below(4) == 0)
			task.fail_nth = 1 + test_random_below(4);
		if (what < growing)
			step_insert(t, m);
		else if (what < 80)
			step_erase(t, m);
		else if (what < 82)
			step_erase_range(t, m);
		else if (what < 84)
			step_erase_run(t, m);
		else if (what < 88)
			step_splice(t, m);
		else if (what < 92)
			step_replace(t, m);
		else if (what < 99)
			step_split(t, m);
		else
			step_fork(i, test_random_below(TREES));
		task.fail_nth = 0;
		check_lookups(t, m);
		if (n % 64 == 0)
			for (unsigned k = 0; k < TREES; k++)
				tree_check(&trees[k], &models[k]);
	}
}

static void drop_all(void)
{
	for (unsigned i = 0; i < TREES; i++) {
		tree_check(&trees[i], &models[i]);
		vma_tree_drop(&trees[i]);
		models[i].count = 0;
	}
	CHECK(slab_live(&vma_node_cache) == 0);
	for (unsigned i = 0; i < ARRAY_SIZE(users); i++)
		CHECK(users[i].count == 0);
}

/* -- cases ------------------------------------------------------------------------------------------------------ */
static void small_trees(void)
{
	space = 0x10000 + (120 << PAGE_SHIFT);
	random_steps(20000, 50, false);
	drop_all();
}

static void large_trees(void)
{
	space = 0x10000 + (20000UL << PAGE_SHIFT);
	random_steps(20000, 75, false);
	random_steps(10000, 20, false);
	drop_all();
}

static void failing_allocations(void)
{
	space = 0x10000 + (3000UL << PAGE_SHIFT);
	random_steps(10000, 60, true);
	random_steps(10000, 25, true);
	drop_all();
}

/* A copy is one count, whatever the size; an edit of the copy copies one path. */
static void copy_costs_one_count(void)
{
	struct vma_tree a = { 0 }, b;
	struct vma v = { .flags = VM_READ, .user = &users[0] };

	for (unsigned i = 0; i < 60000; i++) {
		v.start = 0x10000 + i * 2 * PAGE_SIZE;
		v.end = v.start + PAGE_SIZE;
		CHECK(vma_insert(&a, &v) == 0);
	}
	CHECK(users[0].count == 60000 && a.count == 60000 && a.root->level <= 5);
	CHECK(slab_live(&vma_node_cache) < 60000 / 8);
	long nodes = slab_live(&vma_node_cache);
	vma_tree_copy(&b, &a);
	CHECK(slab_live(&vma_node_cache) == nodes && users[0].count == 60000);
	CHECK(vma_erase(&b, v.start) == 0);
	CHECK(slab_live(&vma_node_cache) <= nodes + a.root->level + 2);
	CHECK(users[0].count <= 60000 + VMA_FANOUT);
	CHECK(vma_at(&a, v.start) && !vma_at(&b, v.start));
	/* No gap is wide enough but the one above: found without a look at each region. */
	CHECK(vma_find_gap_down(&a, PAGE_SIZE, 1UL << 40, 2 * PAGE_SIZE) == (1UL << 40) - 2 * PAGE_SIZE);
	CHECK(vma_find_gap_up(&a, 0x10000, 1UL << 40, 2 * PAGE_SIZE) == v.end);
	vma_tree_drop(&a);
	CHECK(vma_find(&b, 0)->start == 0x10000);
	vma_tree_drop(&b);
	CHECK(slab_live(&vma_node_cache) == 0 && users[0].count == 0);
}

int main(void)
{
	host_init(64);
	host_set_current(&task);
	TEST_RUN(small_trees);
	TEST_RUN(large_trees);
	TEST_RUN(failing_allocations);
	TEST_RUN(copy_costs_one_count);
	return test_end();
}
