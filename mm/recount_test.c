/*
 * mm/recount_test.c: a recount of forked address spaces finds nothing while all is well, and each wrong count that is made.
 */
#include "arch/host/host.h"
#include "base/errno.h"
#include "mm/cow.h"
#include "mm/recount.h"
#include "mm/table.h"
#include "task/task.h"

#define BASE 0x5fe00000UL
#define PAGES 40
#define FILE_PAGE 39		/* from a file, the others are anonymous */
#define SPACES 3

static struct mm spaces[SPACES];
static struct mapping *some_file = (struct mapping *)spaces;	/* never looked into */
static u32 round;

bool alloc_gate_count(struct task *t) { return false; }
void mm_release(struct mm *mm) { CHECK(!refcount_dec(&mm->count)); }

static pte_t *slot_of(struct mm *mm, unsigned i)
{
	bool out_of_memory;
	pte_t *slot = pt_own_path(mm, BASE + i * PAGE_SIZE, true, &out_of_memory);

	CHECK(slot);
	return slot;
}

static void map_page(struct mm *mm, unsigned i)
{
	bool is_file = i == FILE_PAGE;
	struct page *p = page_alloc_zeroed(NODE_ANY, is_file ? PAGE_FILE : PAGE_ANON);
	pte_t e;

	CHECK(p);
	e = pte_make_leaf(page_to_pfn(p), VM_READ | VM_WRITE);
	if (is_file) {
		p->file.mapping = some_file;
		page_get(p);	/* the page cache's */
	}
	spin_lock(&mm->pt_lock);
	pt_install(mm, BASE + i * PAGE_SIZE, slot_of(mm, i), is_file ? e : pte_set_writable(e), is_file ? RSS_FILE : RSS_ANON);
	spin_unlock(&mm->pt_lock);
}

static void space_begin(struct mm *mm)
{
	*mm = (struct mm){ 0 };
	spin_init(&mm->pt_lock, RANK_PAGETABLE);
	refcount_set(&mm->count, 1);
}

static void begin(void)
{
	struct vma v = { .start = BASE, .end = BASE + PAGES * PAGE_SIZE, .flags = VM_READ | VM_WRITE };

	host_init(64);
	for (int i = 0; i < SPACES; i++)
		space_begin(&spaces[i]);
	spaces[0].root = pt_root_alloc(NODE_ANY);
	CHECK(spaces[0].root);
	for (unsigned i = 0; i < PAGES; i++)
		map_page(&spaces[0], i);
	CHECK(!pt_fork(&spaces[1], &spaces[0], 0) && !pt_fork(&spaces[2], &spaces[1], BASE));
	spin_lock(&spaces[1].pt_lock);
	CHECK(cow_break(&spaces[1], &v, BASE + 3 * PAGE_SIZE, slot_of(&spaces[1], 3)) > 0);
	spin_unlock(&spaces[1].pt_lock);
}

static struct recount recount(void)
{
	struct recount r = { .round = round += 2 };

	for (int i = 0; i < SPACES; i++)
		recount_root(&r, spaces[i].root);
	recount_compare(&r);
	return r;
}

static struct page *page_of(struct mm *mm, unsigned i) { return pte_page(pt_peek(mm, BASE + i * PAGE_SIZE)); }

static void test_all_is_well(void)
{
	struct recount r;

	begin();
	r = recount();
	CHECK(!r.what && r.frames == PAGES + 1);	/* one was copied */
	CHECK(r.tables > SPACES);
	for (int i = 0; i < SPACES; i++)
		pt_root_drop(&spaces[i]);
	r = (struct recount){ .round = round += 2 };
	recount_compare(&r);
	CHECK(!r.what);
}

/* The recount finds that p keeps one number where another is counted. */
static void check_found(const struct page *p, long kept, long counted)
{
	struct recount r = recount();

	CHECK(r.what && r.page == p && r.kept == kept && r.counted == counted);
}

static void test_wrong_mapcount(void)
{
	begin();
	struct page *p = page_of(&spaces[0], 5);

	page_map_get(p);
	check_found(p, 3, 2);	/* entries of two leaf tables, one of them shared */
	page_unmap_put(p);
	CHECK(!recount().what);
	p = page_alloc_zeroed(NODE_ANY, PAGE_ANON);
	page_get(p);
	CHECK(!recount().what);	/* pinned */
	page_map_get(p);
	check_found(p, 1, 0);	/* mapped by no table */
}

static void test_lost_hold(void)
{
	begin();
	struct page *p = page_of(&spaces[0], FILE_PAGE);
	int count = refcount_read(&p->count);

	refcount_inc(&p->count);
	CHECK(!recount().what);
	refcount_set(&p->count, count - 1);	/* the page cache's is gone */
	check_found(p, count - 1, count);
}

static void test_wrong_parents(void)
{
	begin();
	struct page *t = spaces[2].root;

	refcount_inc(&t->count);
	check_found(t, 2, 1);
	refcount_set(&t->count, 1);
	t = pte_page(table_entries(spaces[0].root)[pt_index(BASE, ROOT_LEVEL)]);
	refcount_inc(&t->count);
	check_found(t, refcount_read(&t->count), refcount_read(&t->count) - 1);
}

static void test_writable_and_shared(void)
{
	begin();
	pte_t *entry = table_entries(spaces[0].root) + pt_index(BASE, ROOT_LEVEL);
	struct page *t = pte_page(*entry);

	refcount_inc(&t->count);	/* as with one more fork */
	pte_write(entry, pte_set_writable(*entry));
	check_found(t, refcount_read(&t->count), 1);
}

int main(void)
{
	TEST_RUN(test_all_is_well);
	TEST_RUN(test_wrong_mapcount);
	TEST_RUN(test_lost_hold);
	TEST_RUN(test_wrong_parents);
	TEST_RUN(test_writable_and_shared);
	return test_end();
}
