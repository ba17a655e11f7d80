/*
 * mm/region_test.c: the bookkeeping of regions against an array with one entry a page, over long random sequences of
 * mapping, unmapping, change of flags and growth, with allocations that fail. After each step the regions must be what
 * the array says, merged as far as can be, and every counter of struct mm must be what the regions add up to.
 */
#include "arch/host/host.h"
#include "base/errno.h"
#include "mm/region.h"
#include "mm/slab.h"
#include "task/task.h"

#define PAGES 300
#define BASE 0x100000UL
#define FILES 2

struct model_page {
	u64 flags;		/* 0: nothing is mapped */
	int file;		/* 0: anonymous */
	u64 offset;
};
static struct model_page model[PAGES];
static struct mm mm;
static struct task task;
static struct signal signal;
static struct mapping_user users[FILES + 1];
static u64 commit_sum;
static uptr unmapped_start, unmapped_end;

/* -- what is not under test ---------------------------------------------------------------------------------------- */
void mapping_user_get(struct mapping_user *u) { u->count.v++; }
void mapping_user_put(struct mapping_user *u, struct mapping_user **dead) { u->count.v--; }
void mapping_users_free(struct mapping_user *dead) { CHECK(!dead); }
bool capable(int cap) { return false; }
void commit_uncharge(u64 pages) { commit_sum -= pages; }
void pt_unmap(struct mm *m, uptr start, uptr end)
{
	unmapped_start = start;
	unmapped_end = end;
}

/* -- checks -------------------------------------------------------------------------------------------------------- */
static uptr va(unsigned page) { return BASE + page * PAGE_SIZE; }

static bool continues(unsigned page)
{
	const struct model_page *a = &model[page - 1], *b = &model[page];

	return a->flags == b->flags && a->file == b->file && a->offset + 1 == b->offset;
}

/* parts: regions that a failed split may have left. */
static void check_regions(bool may_have_parts)
{
	u64 total = 0, locked = 0, committed = 0, data = 0, exec = 0, stack = 0;
	struct vma *v = vma_find(&mm.vmas, 0);

	for (unsigned i = 0; i < PAGES; i++) {
		const struct model_page *p = &model[i];

		if (!p->flags) {
			CHECK(!v || v->start > va(i));
			continue;
		}
		CHECK(v && v->start <= va(i) && v->end > va(i) && v->flags == p->flags);
		CHECK(v->user == (p->file ? &users[p->file] : NULL));
		CHECK(v->offset_pages + ((va(i) - v->start) >> PAGE_SHIFT) == p->offset);
		CHECK(v->start < va(i) || i == 0 || !continues(i) || may_have_parts);
		total++;
		locked += !!(p->flags & VM_LOCKED);
		committed += !!(p->flags & VM_ACCOUNT);
		exec += (p->flags & (VM_EXEC | VM_WRITE)) == VM_EXEC;
		data += (p->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
		if (v->end == va(i) + PAGE_SIZE)
			v = vma_next(&mm.vmas, v);
	}
	CHECK(!v && mm.total_pages == total && mm.locked_pages == locked && mm.stack_pages == stack);
	CHECK(mm.committed_pages == committed && commit_sum == committed);
	CHECK(mm.data_pages == data && mm.exec_pages == exec);
}

/* -- steps --------------------------------------------------------------------------------------------------------- */
static u64 random_flags(void)
{
	static const u64 flags[] = { VM_READ, VM_READ | VM_WRITE | VM_ACCOUNT, VM_READ | VM_EXEC, VM_READ | VM_LOCKED };

	return flags[test_random_below(ARRAY_SIZE(flags))];
}

static void model_clear(unsigned first, unsigned last)
{
	for (unsigned i = first; i < last; i++)
		model[i] = (struct model_page){ 0 };
}

static int step_unmap(unsigned first, unsigned last)
{
	bool any = vma_overlaps(&mm.vmas, va(first), va(last));
	int err;

	unmapped_end = 0;
	err = region_unmap(&mm, va(first), va(last));
	if (err) {
		CHECK(!unmapped_end);
		return err;
	}
	CHECK(!any || (unmapped_start == va(first) && unmapped_end == va(last)));
	model_clear(first, last);
	return 0;
}

static int step_map(unsigned first, unsigned last)
{
	bool is_over = test_random_below(2) && region_around(&mm, va(first), va(last));
	int file = test_random_below(2) ? test_random_below(FILES + 1) : 0, err = is_over ? 0 : step_unmap(first, last);
	struct vma v = { .start = va(first), .end = va(last), .flags = random_flags() };

	if (err)
		return err;
	v.offset_pages = file ? first + test_random_below(2) : v.start >> PAGE_SHIFT;
	v.user = file ? &users[file] : NULL;
	v.file = (struct file *)v.user;
	unmapped_end = 0;
	err = is_over ? region_replace(&mm, &v) : region_insert(&mm, &v);
	CHECK((unmapped_end == v.end) == (is_over && !err));
	if (err)
		return err;
	commit_sum += v.flags & VM_ACCOUNT ? last - first : 0;
	for (unsigned i = first; i < last; i++)
		model[i] = (struct model_page){ v.flags, file, v.offset_pages + i - first };
	return 0;
}

/* As exec: some regions side by side or with room between them, by one edit if one is enough. */
static int step_map_row(unsigned first, unsigned last)
{
	struct vma row[6];
	int err = step_unmap(first, last);
	unsigned n = 0;

	for (unsigned i = first; i < last && n < ARRAY_SIZE(row) && !err; i++) {
		unsigned end = MIN(last, i + 1 + test_random_below(3));

		row[n++] = (struct vma){ .start = va(i), .end = va(end), .flags = random_flags(),
					 .offset_pages = va(i) >> PAGE_SHIFT };
		i = end - test_random_below(2);
	}
	if (err || !n)
		return err;
	u32 count = mm.vmas.count;
	err = region_insert_row(&mm, row, n);
	CHECK(err || mm.vmas.count == count + n);
	for (unsigned i = 0; i < n && err != -ENOMEM; i++) {
		u64 pages = region_pages(&row[i]), at = (row[i].start - BASE) >> PAGE_SHIFT;

		if (err && region_insert(&mm, &row[i]))
			return -ENOMEM;
		commit_sum += row[i].flags & VM_ACCOUNT ? pages : 0;
		for (unsigned k = 0; k < pages; k++)
			model[at + k] = (struct model_page){ row[i].flags, 0, row[i].offset_pages + k };
	}
	return err == -EAGAIN ? 0 : err;
}

/* As mprotect: each region of the range gets the flags; the commit charge follows as its caller does it. */
static int step_change(unsigned first, unsigned last)
{
	u64 flags = random_flags();

	while (first < last) {
		struct vma *v = vma_at(&mm.vmas, va(first));
		unsigned end = v ? MIN(last, (v->end - BASE) >> PAGE_SHIFT) : first + 1;
		u64 old = v ? v->flags : 0;
		int err = v ? region_change(&mm, va(first), va(end), flags) : 0;

		if (err)
			return err;
		if (v && (flags ^ old) & VM_ACCOUNT)
			commit_sum += flags & VM_ACCOUNT ? end - first : -(u64)(end - first);
		for (; first < end; first++)
			if (model[first].flags)
				model[first].flags = flags;
	}
	return 0;
}

static int step_extend(unsigned first, unsigned more)
{
	struct vma *v = vma_find(&mm.vmas, va(first)), old;
	unsigned end;
	int err;

	if (!v)
		return 0;
	old = *v;
	end = (old.end - BASE) >> PAGE_SHIFT;
	more = MIN(more, PAGES - end);
	if (!more || vma_overlaps(&mm.vmas, old.end, old.end + more * PAGE_SIZE))
		return 0;
	err = region_extend(&mm, old.start, old.end + more * PAGE_SIZE);
	if (err)
		return err;
	commit_sum += old.flags & VM_ACCOUNT ? more : 0;
	for (unsigned i = end; i < end + more; i++)
		model[i] = (struct model_page){ old.flags, model[end - 1].file, model[i - 1].offset + 1 };
	return 0;
}

static void random_steps(unsigned steps, bool with_failures)
{
	bool has_parts = false;

	for (unsigned n = 0; n < steps; n++) {
		unsigned first = test_random_below(PAGES), last = MIN(PAGES, first + 1 + test_random_below(12));
		int err = 0;

		if (with_failures)
			task.fail_nth = test_random_below(3) ? 0 : 1 + test_random_below(5);
		switch (test_random_below(10)) {
		case 0 ... 2: err = step_map(first, last); break;
		case 3 ... 4: err = step_unmap(first, last); break;
		case 5 ... 6: err = step_change(first, last); break;
		case 7: err = step_extend(first, last - first); break;
		case 8 ... 9: err = step_map_row(first, last); break;
		}
		task.fail_nth = 0;
		CHECK(err == 0 || (err == -ENOMEM && with_failures));
		has_parts |= err != 0;
		check_regions(has_parts);
	}
	CHECK(step_unmap(0, PAGES) == 0 && mm.vmas.count == 0);
	check_regions(false);
	vma_tree_drop(&mm.vmas);
	for (unsigned i = 0; i <= FILES; i++)
		CHECK(users[i].count.v == 0);
}

static void steps(void) { random_steps(30000, false); }
static void steps_with_failures(void) { random_steps(30000, true); }

/* A process may have so many regions, and what would make one more is refused; what makes none is not. */
static void count_limit(void)
{
	struct vma v = { .start = va(0), .end = va(10), .flags = VM_READ, .offset_pages = va(0) >> PAGE_SHIFT };

	mm_count_max = 3;
	CHECK(region_insert(&mm, &v) == 0);
	CHECK(region_change(&mm, va(4), va(5), VM_READ | VM_EXEC) == 0 && mm.vmas.count == 3);
	CHECK(region_change(&mm, va(7), va(8), VM_READ | VM_EXEC) == -ENOMEM && mm.vmas.count == 3);
	CHECK(region_unmap(&mm, va(1), va(2)) == -ENOMEM && mm.vmas.count == 3);
	CHECK(region_change(&mm, va(5), va(6), VM_READ | VM_EXEC) == 0 && mm.vmas.count == 3);
	CHECK(region_unmap(&mm, va(9), va(10)) == 0 && mm.vmas.count == 3);
	CHECK(region_change(&mm, va(4), va(6), VM_READ) == 0 && mm.vmas.count == 1);
	CHECK(region_unmap(&mm, va(0), va(10)) == 0 && mm.vmas.count == 0 && mm.total_pages == 0);
	mm_count_max = MM_COUNT_MAX_DEFAULT;
	vma_tree_drop(&mm.vmas);
}

int main(void)
{
	host_init(64);
	host_set_current(&task);
	task.signal = &signal;
	for (unsigned i = 0; i < RLIMITS; i++)
		signal.limits[i] = (struct rlimit_pair){ ~0UL, ~0UL };
	TEST_RUN(steps);
	TEST_RUN(steps_with_failures);
	TEST_RUN(count_limit);
	return test_end();
}
