/*
 * mm/pagetable_test.c: the page-table tree against a plain-array model: long random sequences of map, read, write,
 * fork, unmap, protect, move and exit on several address spaces, seen through CPUs whose TLB and walker's caches keep
 * everything they may (arch/host/mmu.c). Allocations fail now and then. After every so many steps all counts, sums and
 * the invariant are recomputed from the trees.
 */
#include "arch/host/host.h"
#include "base/errno.h"
#include "mm/cow.h"
#include "mm/buddy.h"
#include "mm/table.h"
#include "task/task.h"

#define MMS 8
#define CPUS 3
#define PAGES 1200		/* of a region: three leaf tables and a bit */
#define REGIONS 3

enum { ANON, FILE_PRIVATE, SHARED };
static const uptr region_start[REGIONS] = { 0x3ff000, 0x555500000000, 0x7ffff0000000 };
struct model_page { u64 value; u8 prot; };	/* of a private page: what it reads as */
static struct space {
	struct mm mm;
	bool is_live;
	struct model_page page[REGIONS][PAGES];
} spaces[MMS];
static u64 file_value[PAGES], shared_value[PAGES];
static struct page *file_pages[PAGES], *shared_pages[PAGES];
static unsigned fail_one_in;	/* allocations; 0: none fails */
static u64 frames_at_start, tables_at_start;

static struct task task = { .fail_nth = 1 };
bool alloc_gate_count(struct task *t) { return fail_one_in && test_random_below(fail_one_in) == 0; }
void mm_release(struct mm *mm) { CHECK(!refcount_dec(&mm->count)); }

static u64 frame_value(u64 pfn) { return *(u64 *)phys_to_virt(pfn << PAGE_SHIFT); }
static void set_frame_value(u64 pfn, u64 v) { *(u64 *)phys_to_virt(pfn << PAGE_SHIFT) = v; }
static uptr va_of(int r, unsigned i) { return region_start[r] + i * PAGE_SIZE; }

static void space_begin(struct space *s)
{
	memset(&s->mm, 0, sizeof(s->mm));
	spin_init(&s->mm.pt_lock, RANK_PAGETABLE);
	refcount_set(&s->mm.count, 1);
	refcount_set(&s->mm.users, 1);
	s->is_live = true;
}

static void make_file(struct page **pages, u64 *values, enum page_kind kind)
{
	for (unsigned i = 0; i < PAGES; i++) {
		pages[i] = page_alloc_zeroed(0, kind);
		values[i] = test_random();
		set_frame_value(page_to_pfn(pages[i]), values[i]);
	}
}

static u64 kind_now(enum page_kind k)
{
	struct memory_stats s;

	memory_stats(&s);
	return k == PAGE_ANON ? s.anon_pages : s.table_pages;
}

static void begin(void)
{
	fail_one_in = 0;
	host_init(128);
	host_set_current(&task);
	memset(spaces, 0, sizeof(spaces));
	host_tlb_forget();
	make_file(file_pages, file_value, PAGE_FILE);
	make_file(shared_pages, shared_value, PAGE_SHMEM);
	frames_at_start = kind_now(PAGE_ANON);
	tables_at_start = kind_now(PAGE_TABLE);
	struct space *s = &spaces[0];
	space_begin(s);
	s->mm.root = pt_root_alloc(0);
	for (int r = 0; r < REGIONS; r++)
		for (unsigned i = 0; i < PAGES; i++)
			s->page[r][i] = (struct model_page){ r == FILE_PRIVATE ? file_value[i] : 0, 3 };
}

/* -- a fault handler as small as can be; the VMAs are the model -- */
/* Several pages of the private file at once, as a program's text is mapped: its table may lend them then. */
static void fill_ahead(struct space *s, unsigned i, pte_t *slot, unsigned prot)
{
	uptr va = va_of(FILE_PRIVATE, i);
	unsigned most = MIN(1 + test_random_below(120), MIN(PT_ENTRIES - pt_index(va, 0), PAGES - i)), n = 1;

	while (n < most && s->page[FILE_PRIVATE][i + n].prot == prot)
		n++;
	pt_install_file_pages(&s->mm, va, slot, file_pages + i, n, pte_make_leaf(0, prot));
}

static int fill(struct space *s, struct vma *v, int r, unsigned i, pte_t *slot, bool is_write)
{
	uptr va = va_of(r, i);
	unsigned prot = v->flags & 7;

	if (r == FILE_PRIVATE && test_random_below(2)) {
		fill_ahead(s, i, slot, prot);
		return 0;
	}
	if (r != ANON) {
		struct page *p = r == SHARED ? shared_pages[i] : file_pages[i];
		pte_t e = pte_make_leaf(page_to_pfn(p), prot);
		page_get(p);
		pt_install(&s->mm, va, slot, r == SHARED ? pte_set_shared(e) : e, r == SHARED ? RSS_SHMEM : RSS_FILE);
		return 0;
	}
	if (!is_write) {
		pt_install(&s->mm, va, slot, pte_set_special(pte_make_leaf(page_to_pfn(zero_page), prot)), -1);
		return 0;
	}
	struct page *p = page_alloc_zeroed(0, PAGE_ANON);
	if (!p)
		return -ENOMEM;
	pt_install(&s->mm, va, slot, pte_set_writable(pte_make_leaf(page_to_pfn(p), prot)), RSS_ANON);
	return 0;
}

static int fault(struct space *s, int r, unsigned i, bool is_write)
{
	uptr va = va_of(r, i);
	unsigned prot = s->page[r][i].prot;
	struct vma v = { .start = va, .end = va + PAGE_SIZE, .flags = prot | (r == SHARED ? VM_SHARED : 0) };
	bool out_of_memory;
	int result = 0;

	if (is_write ? !(prot & 2) : !prot)
		return -EFAULT;
	spin_lock(&s->mm.pt_lock);
	pte_t *slot = pt_own_path(&s->mm, va, true, &out_of_memory);
	if (!slot)
		result = -ENOMEM;
	else if (pte_is_empty(*slot))
		result = fill(s, &v, r, i, slot, is_write);
	else if (is_write && !pte_is_writable(*slot))
		result = MIN(0, cow_break(&s->mm, &v, va, slot));
	spin_unlock(&s->mm.pt_lock);
	return result;
}

/* An access as a program does it: on some CPU, with faults settled. 0 and the frame, or -EFAULT. */
static int access(struct space *s, int r, unsigned i, bool is_write, u64 *pfn)
{
	host_switch_cpu(test_random_below(CPUS));
	if (host_cpu->loaded_mm != &s->mm && test_random_below(8))	/* mostly where it is loaded: a load flushes */
		host_switch_cpu(s->mm.cpus_loaded ? __builtin_ctzl(s->mm.cpus_loaded) : 0);
	if (current)
		current->mm = test_random_below(8) ? &s->mm : NULL;	/* NULL: a CPU that is flushed leaves the mm */
	for (int tries = 0; tries < 1000; tries++) {
		mm_load(&s->mm);
		if (host_access(va_of(r, i), is_write, pfn) == 0)
			return 0;
		if (fault(s, r, i, is_write) == -EFAULT)
			return -EFAULT;
	}
	CHECK(!"the access never succeeds");
	return -1;
}

static u64 *model_value(struct space *s, int r, unsigned i)
{
	return r == SHARED ? &shared_value[i] : &s->page[r][i].value;
}

static void step_write(struct space *s, int r, unsigned i)
{
	u64 pfn, v = test_random();
	bool may = s->page[r][i].prot & 2;

	CHECK((access(s, r, i, true, &pfn) == 0) == may);
	if (!may)
		return;
	CHECK(frame_value(pfn) == *model_value(s, r, i));	/* nothing was lost by the copy */
	set_frame_value(pfn, v);
	*model_value(s, r, i) = v;
}

static void step_read(struct space *s, int r, unsigned i)
{
	u64 pfn;

	CHECK((access(s, r, i, false, &pfn) == 0) == (s->page[r][i].prot != 0));
	if (s->page[r][i].prot)
		CHECK(frame_value(pfn) == *model_value(s, r, i));
}

/* written: as pt_fork takes it. */
static void fork_space(struct space *s, uptr written)
{
	for (int k = 0; k < MMS; k++) {
		struct space *c = &spaces[k];

		if (c->is_live)
			continue;
		space_begin(c);
		if (pt_fork(&c->mm, &s->mm, written)) {
			c->is_live = false;
			return;
		}
		memcpy(c->page, s->page, sizeof(c->page));
		return;
	}
}

static void step_fork(struct space *s)
{
	fork_space(s, test_random_below(2) ? va_of(test_random_below(REGIONS), test_random_below(PAGES)) : 0);
}

static void step_exit(struct space *s)
{
	tlb_evict_mm(&s->mm);
	CHECK(s->mm.cpus_loaded == 0 && refcount_read(&s->mm.count) == 1);
	pt_root_drop(&s->mm);
	s->is_live = false;
}

static void choose_range(unsigned *from, unsigned *to)
{
	*from = test_random_below(PAGES);
	*to = *from + 1 + test_random_below(test_random_below(3) ? 12 : PAGES);
	*to = MIN(*to, (unsigned)PAGES);
}

static void forget_private(struct space *s, int r, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		s->page[r][i].value = r == FILE_PRIVATE ? file_value[i] : 0;
}

static void step_unmap(struct space *s, int r)
{
	unsigned from, to;

	choose_range(&from, &to);
	pt_unmap(&s->mm, va_of(r, from), va_of(r, to));
	forget_private(s, r, from, to);
}

static void step_protect(struct space *s, int r)
{
	static const u8 prots[] = { 0, 1, 3, 3, 3 };
	unsigned from, to, prot = prots[test_random_below(ARRAY_SIZE(prots))];

	choose_range(&from, &to);
	while (pt_protect(&s->mm, va_of(r, from), va_of(r, to), prot))
		;
	for (unsigned i = from; i < to; i++)
		s->page[r][i].prot = prot;
}

static void step_move(struct space *s)
{
	unsigned n = 1 + test_random_below(PAGES / 2), from = test_random_below(PAGES / 2 - n + 1);
	unsigned to = PAGES / 2 + test_random_below(PAGES / 2 - n + 1);
	size_t done = 0, moved;

	if (test_random_below(4) == 0) {	/* a whole leaf table moves as it is: region 0 begins one page before one */
		from = 1;
		to = 513;
		n = MIN(512u, PAGES - to);
	}
	pt_unmap(&s->mm, va_of(ANON, to), va_of(ANON, to + n));
	while (pt_move(&s->mm, va_of(ANON, from) + done, va_of(ANON, to) + done, n * PAGE_SIZE - done, &moved))
		done += moved;
	for (unsigned i = 0; i < n; i++) {
		s->page[ANON][to + i] = s->page[ANON][from + i];
		s->page[ANON][from + i].value = 0;
	}
}

static bool clear_accessed(struct mm *mm, uptr va, pte_t *slot, void *arg)
{
	pte_exchange(slot, pte_clear_accessed(*slot));
	return false;
}

/* -- everything recomputed -- */
#define FRAMES (128 << 8)
static u32 seen_parents[FRAMES], seen_borrowers[FRAMES];
static u64 lent_ever;
static u64 seen_tables, seen_anon;

static void survey(struct page *t)
{
	if (seen_parents[page_to_pfn(t)]++)
		return;			/* a shared table's entries count once */
	seen_tables++;
	u64 borrowed = t->table.level ? 0 : table_borrowed(t);
	if (borrowed) {
		lent_ever++;
		seen_borrowers[t->table.lender]++;
		survey(table_lender(t));
	}
	for (unsigned i = 0; i < (t->table.level == ROOT_LEVEL ? PT_ROOT_USER_ENTRIES : PT_ENTRIES); i++) {
		pte_t e = table_entries(t)[i];
		if (pte_is_empty(e) || pte_is_special(e) || (borrowed >> i / PT_GROUP & 1))
			continue;
		if (t->table.level)
			survey(pte_page(e));
		else if (seen_parents[pte_pfn(e)]++ == 0 && pte_page(e)->kind == PAGE_ANON)
			seen_anon++;
	}
}

static void check_all(void)
{
	memset(seen_parents, 0, sizeof(seen_parents));
	memset(seen_borrowers, 0, sizeof(seen_borrowers));
	seen_tables = seen_anon = 0;
	for (int k = 0; k < MMS; k++) {
		if (!spaces[k].is_live)
			continue;
		pt_check(&spaces[k].mm);
		survey(spaces[k].mm.root);
	}
	for (u64 pfn = 0; pfn < FRAMES; pfn++) {
		struct page *p = pfn_to_page(pfn);
		if (!seen_parents[pfn])
			continue;
		bool is_file = p->kind == PAGE_FILE || p->kind == PAGE_SHMEM;
		CHECK(refcount_read(&p->count) == (int)seen_parents[pfn] + is_file);
		CHECK(atomic_read(&p->mapcount) == (int)(p->kind == PAGE_TABLE ? seen_borrowers : seen_parents)[pfn]);
	}
	CHECK(kind_now(PAGE_ANON) == frames_at_start + seen_anon);
	CHECK(kind_now(PAGE_TABLE) == tables_at_start + seen_tables);
	for (u32 i = 0; i < CPUS_MAX; i++)		/* the pools are all zero */
		for (struct page *t = page_caches[i].tables; t; t = t->private)
			for (unsigned k = 0; k < PT_ENTRIES; k++)
				CHECK(table_entries(t)[k] == 0);
}

static void run(unsigned steps, unsigned check_every)
{
	struct space *s = &spaces[0];

	for (unsigned n = 0; n < steps; n++) {
		if (test_random_below(100) == 0)	/* a while with one, so that CPUs' caches fill */
			s = &spaces[test_random_below(MMS)];
		int r = test_random_below(REGIONS);
		unsigned near = test_random_below(2) ? 504 + test_random_below(12) : test_random_below(PAGES);

		if (!s->is_live)
			continue;
		switch (test_random_below(96)) {
		case 0: case 1: step_fork(s); break;
		case 2:
			if (s != &spaces[0])
				step_exit(s);
			break;
		case 3: case 4: case 5: step_unmap(s, r); break;
		case 6: case 7: step_protect(s, r); break;
		case 8: step_move(s); break;
		case 9: (void)!pt_edit(&s->mm, va_of(r, 0), va_of(r, PAGES), clear_accessed, NULL); break;
		default:
			if (test_random_below(2))
				step_write(s, r, near);
			else
				step_read(s, r, near);
		}
		if (n % 16 == 0)
			host_tlb_check();
		if (n % check_every == 0)
			check_all();
	}
}

static void end_all(void)
{
	for (int k = 0; k < MMS; k++)
		if (spaces[k].is_live)
			for (unsigned i = 0; i < PAGES; i++)
				for (int r = 0; r < REGIONS; r++)
					step_read(&spaces[k], r, i);
	for (int k = 0; k < MMS; k++)
		if (spaces[k].is_live)
			step_exit(&spaces[k]);
	check_all();
	for (unsigned i = 0; i < PAGES; i++)
		CHECK(refcount_read(&file_pages[i]->count) == 1 && refcount_read(&shared_pages[i]->count) == 1);
}

static void test_random_sequences(void)
{
	begin();
	run(400000, 2000);
	end_all();
	for (int c = COW_SHARED; c <= COW_ZERO; c++)
		CHECK(cow_counts[c] > 0);
	CHECK(lent_ever > 100);
}

static void test_failing_allocations(void)
{
	begin();
	fail_one_in = 4;
	run(150000, 1000);
	fail_one_in = 0;
	end_all();
}

/* fork's price: the number of tables copied, not the size of the parent. */
static void test_fork_copies_one_table(void)
{
	begin();
	struct space *s = &spaces[0];
	for (unsigned i = 0; i < PAGES; i++)
		for (int r = 0; r < REGIONS; r++)
			step_write(s, r, i);
	u64 anon = kind_now(PAGE_ANON);
	table_pool_drain();
	u64 tables = kind_now(PAGE_TABLE);
	fork_space(s, 0);
	CHECK(kind_now(PAGE_TABLE) == tables + 1 && kind_now(PAGE_ANON) == anon);
	for (int k = 0; k < RSS_KINDS; k++)
		CHECK(pt_rss(&spaces[0].mm, k) == pt_rss(&spaces[1].mm, k));
	step_write(&spaces[1], ANON, 600);	/* three tables and a page */
	table_pool_drain();
	CHECK(kind_now(PAGE_TABLE) == tables + 1 + 3 && kind_now(PAGE_ANON) == anon + 1);
	end_all();
}

/* The page that both are about to write: its path is copied at once, and neither faults. */
static void test_fork_splits_a_path(void)
{
	uptr va = va_of(ANON, 600);

	begin();
	struct space *s = &spaces[0], *child = &spaces[1];
	for (unsigned i = 590; i < 610; i++)
		step_write(s, ANON, i);
	table_pool_drain();
	u64 tables = kind_now(PAGE_TABLE), anon = kind_now(PAGE_ANON);
	fork_space(s, va + 8);
	CHECK(kind_now(PAGE_TABLE) == tables + 1 + 3 && kind_now(PAGE_ANON) == anon + 1);
	CHECK(pte_is_writable(pt_peek(&s->mm, va)) && pte_is_writable(pt_peek(&child->mm, va)));
	CHECK(!pte_is_writable(pt_peek(&s->mm, va + PAGE_SIZE)) && !pte_is_writable(pt_peek(&child->mm, va + PAGE_SIZE)));
	CHECK(child->mm.minor_faults == 1);
	pt_check(&s->mm);
	pt_check(&child->mm);
	step_write(child, ANON, 600);
	step_read(s, ANON, 600);
	/* what the parent may not write itself is left for later */
	fork_space(s, va + PAGE_SIZE);
	CHECK(!owned_leaf_slot(s->mm.root, va));
	end_all();
}

/* Each case of cow.c by its number. */
static void check_case(struct space *s, int r, unsigned i, unsigned flags, int expected)
{
	bool out_of_memory;
	struct vma v = { .start = va_of(r, i), .end = va_of(r, i + 1), .flags = flags };

	spin_lock(&s->mm.pt_lock);
	CHECK(cow_break(&s->mm, &v, va_of(r, i), pt_own_path(&s->mm, va_of(r, i), true, &out_of_memory)) == expected);
	spin_unlock(&s->mm.pt_lock);
}
static void test_cow_cases(void)
{
	begin();
	struct space *s = &spaces[0];
	step_read(s, ANON, 1);
	step_read(s, FILE_PRIVATE, 1);
	step_read(s, SHARED, 1);
	step_write(s, ANON, 2);
	step_fork(s);
	check_case(s, SHARED, 1, VM_READ | VM_WRITE | VM_SHARED, COW_SHARED);
	check_case(s, SHARED, 1, VM_READ | VM_WRITE | VM_SHARED, COW_RETRY);
	check_case(s, ANON, 2, VM_READ | VM_WRITE, COW_ANON);
	check_case(s, ANON, 2, VM_READ | VM_WRITE, COW_RETRY);
	check_case(s, FILE_PRIVATE, 1, VM_READ | VM_WRITE, COW_FILE);
	check_case(s, ANON, 1, VM_READ | VM_WRITE, COW_ZERO);
	check_case(&spaces[1], ANON, 2, VM_READ | VM_WRITE, COW_SOLE);
	/* a forced write to a read-only region: a frame of its own, still not writable */
	check_case(&spaces[1], FILE_PRIVATE, 1, VM_READ, COW_FILE);
	check_case(&spaces[1], FILE_PRIVATE, 1, VM_READ, COW_SOLE);
	CHECK(!pte_is_writable(pt_peek(&spaces[1].mm, va_of(FILE_PRIVATE, 1))));
	end_all();
}

int main(void)
{
	TEST_RUN(test_fork_copies_one_table);
	TEST_RUN(test_fork_splits_a_path);
	TEST_RUN(test_cow_cases);
	TEST_RUN(test_random_sequences);
	TEST_RUN(test_failing_allocations);
	return test_end();
}
