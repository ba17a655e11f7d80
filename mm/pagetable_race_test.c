/*
 * mm/pagetable_race_test.c: address spaces that share tables, each driven by a thread of its own: claims, copies and
 * drops of the same tables and frames meet at any moment. Every address space must read what was written in it, and at
 * the end every count must have come down to nothing.
 */
#include "arch/host/host.h"
#include "base/errno.h"
#include "mm/buddy.h"
#include "mm/cow.h"

#define THREADS 4
#define PAGES 1100	/* of a space: three leaf tables */
#define STEPS 400000
#define BASE 0x5fe00000UL
#define TEXT 128
#define TEXT_BASE (BASE + 1200 * PAGE_SIZE)	/* in the last of them */

struct space {
	struct mm mm;
	u64 value[PAGES];
};
static struct page *text[TEXT];
static struct space *mailbox[THREADS];	/* a space on its way to another thread; atomic */

void mm_release(struct mm *mm) { CHECK(!refcount_dec(&mm->count)); }

static struct space *space_new(void)
{
	struct space *s = calloc(1, sizeof(*s));

	spin_init(&s->mm.pt_lock, RANK_PAGETABLE);
	refcount_set(&s->mm.count, 1);
	return s;
}

static u64 *frame_word(pte_t e) { return phys_to_virt(pte_pfn(e) << PAGE_SHIFT); }

static void write_page(struct space *s, unsigned i)
{
	uptr va = BASE + i * PAGE_SIZE;
	struct vma v = { .start = va, .end = va + PAGE_SIZE, .flags = VM_READ | VM_WRITE };
	bool out_of_memory;

	spin_lock(&s->mm.pt_lock);
	pte_t *slot = pt_own_path(&s->mm, va, true, &out_of_memory);
	CHECK(slot);
	if (pte_is_empty(*slot)) {
		struct page *p = page_alloc_zeroed(NODE_ANY, PAGE_ANON);
		CHECK(p);
		pt_install(&s->mm, va, slot, pte_set_writable(pte_make_leaf(page_to_pfn(p), 3)), RSS_ANON);
	} else if (!pte_is_writable(*slot)) {
		CHECK(cow_break(&s->mm, &v, va, slot) > 0);
	}
	CHECK(*frame_word(*slot) == s->value[i]);
	*frame_word(*slot) = s->value[i] = test_random();
	spin_unlock(&s->mm.pt_lock);
}

static void read_page(struct space *s, unsigned i)
{
	spin_lock(&s->mm.pt_lock);
	pte_t e = pt_peek(&s->mm, BASE + i * PAGE_SIZE);
	CHECK((pte_is_empty(e) ? 0 : *frame_word(e)) == s->value[i]);
	spin_unlock(&s->mm.pt_lock);
}

/* A program's text, in the same leaf table as the rest: it is lent there. */
static void map_text(struct space *s)
{
	bool out_of_memory;

	spin_lock(&s->mm.pt_lock);
	pte_t *slot = pt_own_path(&s->mm, TEXT_BASE, true, &out_of_memory);
	CHECK(slot);
	pt_install_file_pages(&s->mm, TEXT_BASE, slot, text, TEXT, pte_make_leaf(0, 5));
	spin_unlock(&s->mm.pt_lock);
}

/* A page of text is replaced by a copy, as a debugger's breakpoint does it. */
static void break_text(struct space *s, unsigned i)
{
	uptr va = TEXT_BASE + i * PAGE_SIZE;
	struct vma v = { .start = va, .end = va + PAGE_SIZE, .flags = VM_READ | VM_WRITE };
	bool out_of_memory;

	spin_lock(&s->mm.pt_lock);
	pte_t *slot = pt_own_path(&s->mm, va, true, &out_of_memory);
	CHECK(slot);
	if (!pte_is_empty(*slot) && !pte_is_writable(*slot))
		CHECK(cow_break(&s->mm, &v, va, slot) > 0);
	CHECK(pte_is_empty(*slot) || *frame_word(*slot) == i);
	spin_unlock(&s->mm.pt_lock);
}

static void drop(struct space *s)
{
	pt_root_drop(&s->mm);
	free(s);
}

/* A child for somebody else: its tables are shared across threads. */
static void give_child(struct space *s)
{
	struct space *child = space_new();

	CHECK(!pt_fork(&child->mm, &s->mm, test_random_below(2) ? BASE + test_random_below(PAGES) * PAGE_SIZE : 0));
	memcpy(child->value, s->value, sizeof(child->value));
	child = __atomic_exchange_n(&mailbox[test_random_below(THREADS)], child, __ATOMIC_ACQ_REL);
	if (child)
		drop(child);
}

static void run(unsigned n)
{
	struct space *s = space_new();

	s->mm.root = pt_root_alloc(0);
	CHECK(s->mm.root);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned i = test_random_below(2) ? test_random_below(PAGES) : test_random_below(8);
		unsigned what = test_random_below(64);

		if (what == 0) {
			give_child(s);
		} else if (what == 1) {
			struct space *other = __atomic_exchange_n(&mailbox[n], NULL, __ATOMIC_ACQ_REL);
			if (other) {
				drop(s);
				s = other;
			}
		} else if (what == 2) {
			unsigned len = 1 + test_random_below(PAGES - i);
			pt_unmap(&s->mm, BASE + i * PAGE_SIZE, BASE + (i + len) * PAGE_SIZE);
			memset(&s->value[i], 0, len * sizeof(s->value[0]));
		} else if (what == 3) {
			map_text(s);
		} else if (what == 4) {
			break_text(s, i % TEXT);
		} else if (what == 5) {
			pt_unmap(&s->mm, TEXT_BASE + i % TEXT * PAGE_SIZE, TEXT_BASE + TEXT * PAGE_SIZE);
		} else if (what < 24) {
			write_page(s, i);
		} else {
			read_page(s, i);
		}
		if (step % 4096 == 0)
			pt_check(&s->mm);
	}
	drop(s);
}

static void test_threads(void)
{
	struct memory_stats m;

	for (unsigned i = 0; i < TEXT; i++) {
		text[i] = page_alloc_zeroed(NODE_ANY, PAGE_FILE);
		CHECK(text[i]);
		*(u64 *)page_address(text[i]) = i;
	}
	host_run_threads(THREADS, run);
	for (int i = 0; i < THREADS; i++)
		if (mailbox[i])
			drop(mailbox[i]);
	memory_stats(&m);
	CHECK(m.anon_pages == 0 && m.table_pages == 0);
	for (unsigned i = 0; i < TEXT; i++)
		CHECK(refcount_read(&text[i]->count) == 1 && atomic_read(&text[i]->mapcount) == 0);
}

int main(void)
{
	host_init(256);
	TEST_RUN(test_threads);
	return test_end();
}
