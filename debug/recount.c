/*
 * debug/recount.c: when all tables and frames are counted again, and how the machine is made to stand still for it.
 *
 * The kernel is not preempted, and what changes a table or a mapcount never sleeps on the way. So whoever is in schedule()
 * has nothing half done: that is where the other CPUs wait, asked to come by as if something else were to run. A waiting
 * CPU goes on serving flushes (tlb_flush_interrupt), so that one that waits for a flush comes by too. Nobody has to come:
 * who asks gives up after STOP_NS, and a recount is then only missed; two CPUs cannot wait for each other for ever.
 * Each stop has a number of its own, and a CPU says which number it waits for: it may still be on its way out of the stop
 * before, and must not be taken for one that stands still.
 * Locks: the census (mm/census.c), whose fields of the records are used; all_lock for the list of address spaces.
 * Errors: a wrong count is a panic.
 */
#include "debug/recount.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "base/printk.h"
#include "mm/census.h"
#include "mm/mm.h"
#include "mm/recount.h"

#ifdef FURCA_RECOUNT
#define STOP_NS 20000000UL
#define TRIES 100

u64 recount_stop;
static struct { u64 stop; } __aligned(64) waits_for[CPUS_MAX];
static u64 last_stop;				/* under the census' lock, as are the stats */
static struct recount_stats stats = { .every = 4096 };
static u64 operations;				/* races lose some */
static struct list all_mms = LIST_INIT(all_mms);
static struct spinlock all_lock = SPINLOCK_INIT(RANK_NONE);

/* -- who there is -- */
void recount_mm_begin(struct mm *mm)
{
	unsigned long flags = spin_lock_irqsave(&all_lock);

	list_push_back(&all_mms, &mm->all_node);
	spin_unlock_irqrestore(&all_lock, flags);
}

void recount_mm_end(struct mm *mm)
{
	unsigned long flags = spin_lock_irqsave(&all_lock);

	list_remove(&mm->all_node);
	spin_unlock_irqrestore(&all_lock, flags);
}

/* -- standing still -- */
void recount_wait(void)
{
	u64 *mine = &waits_for[cpu_id()].stop, stop;
	unsigned long irq = arch_irq_save();

	while ((stop = __atomic_load_n(&recount_stop, __ATOMIC_SEQ_CST)) != 0) {
		__atomic_store_n(mine, stop, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&recount_stop, __ATOMIC_SEQ_CST) == stop) {
			tlb_flush_interrupt();
			arch_relax();
		}
	}
	__atomic_store_n(mine, 0, __ATOMIC_SEQ_CST);
	arch_irq_restore(irq);
}

static bool all_wait_for(u64 stop)
{
	for (u32 cpu = 0; cpu < cpus_online; cpu++)
		if (cpu != cpu_id() && __atomic_load_n(&waits_for[cpu].stop, __ATOMIC_SEQ_CST) != stop)
			return false;
	return true;
}

static void go_on(void) { __atomic_store_n(&recount_stop, 0, __ATOMIC_SEQ_CST); }

/* True: nobody else moves until go_on(). */
static bool stand_still(void)
{
	u64 stop = ++last_stop, begin = arch_clock_ns();

	__atomic_store_n(&recount_stop, stop, __ATOMIC_SEQ_CST);
	for (u32 cpu = 0; cpu < cpus_online; cpu++) {
		if (cpu == cpu_id())
			continue;
		WRITE_ONCE(cpus[cpu].need_resched, true);
		arch_send_resched(cpu);
	}
	while (!all_wait_for(stop)) {
		if (arch_clock_ns() - begin > STOP_NS) {
			go_on();
			return false;
		}
		arch_relax();
	}
	return true;
}

/* -- the recount -- */
static void report(const struct recount *r)
{
	panic("recount: frame %lx of kind %d: %s: %ld, not %ld", page_to_pfn(r->page), r->page->kind, r->what, r->kept,
	      r->counted);
}

static bool count_all(u32 round)
{
	struct recount r = { .round = round };
	u64 begin = arch_clock_ns();
	struct mm *mm;

	if (!stand_still()) {
		stats.missed++;
		return false;
	}
	unsigned long irq = arch_irq_save();
	list_for_each(mm, &all_mms, all_node)
		if (mm->root)
			recount_root(&r, mm->root);
	recount_compare(&r);
	if (r.what)
		report(&r);
	go_on();
	arch_irq_restore(irq);
	stats.done++;
	stats.tables = r.tables;
	stats.frames = r.frames;
	stats.longest_ns = MAX(stats.longest_ns, arch_clock_ns() - begin);
	return true;
}

void recount_sometimes(void)
{
	u64 every = READ_ONCE(stats.every);
	u32 round;

	if (!every || ++operations < every || !arch_irqs_are_on())
		return;
	operations = 0;
	round = census_borrow(false);
	if (!round)
		return;
	(void)count_all(round);
	census_end();
}

int recount_now(void)
{
	bool is_done = false;

	for (int i = 0; i < TRIES && !is_done; i++) {
		is_done = count_all(census_borrow(true));
		census_end();
	}
	return is_done ? 0 : -EAGAIN;
}

void recount_stats(struct recount_stats *s) { *s = stats; }
void recount_set_every(u64 n) { WRITE_ONCE(stats.every, n); }
#endif
