/*
 * mm/census.c: how many address spaces map each frame. Page tables are shared, so neither a frame's count nor that of the
 * table it is in says so: tables above may be shared too, and the sharers may have shared on. The exact number takes a look
 * at all address spaces:
 *
 *   1  who there is: a use of each address space
 *   2  each leaf table: how many of them have it in their tree
 *   3  each leaf table once: that number is added to every frame it maps
 *
 * The second step is a look at each table above the leaves, the third one at each resident page in the machine, shared ones
 * once. What changes meanwhile may be counted or not, as with any such look.
 * Way in: smaps and smaps_rollup. Locks: census_lock, held from begin to end; under it each pt_lock for a few tables at a
 * time. Errors: -ENOMEM. Source: what Linux's page_mapcount() says of a page without huge ones, seen through proc(5)'s Pss.
 */
#include "mm/census.h"
#include "mm/mm.h"
#include "mm/table.h"
#include "mm/slab.h"
#include "task/task.h"
#include "base/errno.h"

#define TABLES_AT_ONCE 16

static struct mutex census_lock = MUTEX_INIT(census_lock, RANK_CENSUS);
/* Records say in which round they were counted; one more: a table whose frames have been told of it. under census_lock */
static u32 round;

/* Uses of address spaces; one that several processes share is here several times. */
struct crowd { struct mm **mms; size_t n, room; };

/* -- 1: who there is ------------------------------------------------------------------------------------------------ */
/* Under tasklist_lock. */
static void join(struct crowd *c, struct task *t)
{
	struct task *thread;

	list_for_each(thread, &t->signal->thread_list, thread_node) {
		struct mm *mm = task_get_mm(thread);

		if (!mm)
			continue;
		c->mms[c->n++] = mm;
		return;
	}
}

/* False: there are more than there is room for; c->room says how many. */
static bool try_gather(struct crowd *c)
{
	size_t there = 0;
	struct task *t;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	list_for_each(t, &all_processes, all_node)
		there++;
	if (there <= c->room) {
		list_for_each(t, &all_processes, all_node)
			join(c, t);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (there <= c->room)
		return true;
	c->room = there + there / 8 + 8;
	return false;
}

static int gather(struct crowd *c)
{
	while (!try_gather(c)) {
		kfree(c->mms);
		c->mms = kmalloc(c->room * sizeof(*c->mms));
		if (!c->mms)
			return -ENOMEM;
	}
	return 0;
}

static void dismiss(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++)
		mm_put(c->mms[i]);
	kfree(c->mms);
}

/* -- 2 and 3 ---------------------------------------------------------------------------------------------------------- */
static void count_parent(struct page *t)
{
	if (t->census.round != round)
		t->census.mappers = 0;
	t->census.round = round;
	t->census.mappers++;
}

static void tell_frames(struct page *t)
{
	const pte_t *entries = table_entries(t);

	if (t->census.round != round)	/* told already, or new */
		return;
	t->census.round = round + 1;
	for (unsigned i = table_next_used(t, 0); i < PT_ENTRIES; i = table_next_used(t, i + 1)) {
		pte_t e = pte_read(entries + i);
		struct page *p;

		if (pte_is_empty(e) || pte_is_special(e))
			continue;
		p = pte_page(e);
		if (p->census.round != round)
			p->census.mappers = 0;
		p->census.round = round;
		p->census.mappers += t->census.mappers;
	}
}

static void visit(struct mm *mm, void (*fn)(struct page *table))
{
	uptr va = 0;

	while (va < USER_END)
		va = pt_walk_leaf_tables(mm, va, TABLES_AT_ONCE, fn);
}

int census_begin(void)
{
	struct crowd c = { NULL, 0, 0 };
	int err;

	mutex_lock(&census_lock);
	round += 2;
	err = gather(&c);
	for (size_t i = 0; i < c.n; i++) {
		if (c.mms[i]->census_round == round) {
			mm_put(c.mms[i]);
			c.mms[i--] = c.mms[--c.n];
			continue;
		}
		c.mms[i]->census_round = round;
		visit(c.mms[i], count_parent);
	}
	for (size_t i = 0; i < c.n; i++)
		visit(c.mms[i], tell_frames);
	dismiss(&c);
	if (err)
		mutex_unlock(&census_lock);
	return err;
}

#ifdef FURCA_RECOUNT
u32 census_borrow(bool may_wait)
{
	if (may_wait)
		mutex_lock(&census_lock);
	else if (!mutex_trylock(&census_lock))
		return 0;
	return round += 2;
}
#endif

void census_end(void) { mutex_unlock(&census_lock); }

unsigned census_mappers(const struct page *p)
{
	return p->census.round == round && p->census.mappers ? p->census.mappers : 1;
}
