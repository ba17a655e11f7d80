/*
 * mm/tlb.c: what CPUs remember of an address space is made to go, and things are released only after that.
 *
 * mm->cpus_loaded has a bit for each CPU that may cache the mm: set before its tables are loaded, cleared after others
 * are. A process that never left its CPU is thus flushed there alone. A CPU that runs a kernel task keeps the last mm
 * loaded lazily; the first request for a flush makes it leave the mm, so that it is not asked again.
 * Other CPUs are flushed by an interrupt, one request at a time; the sender waits until all have done it. Interrupts
 * are on here (no lock that is taken with interrupts off may be held), so two senders do not wait for each other. A sender
 * that has looked for a while sleeps in HLT until the last answer's interrupt.
 * What is mapped for the kernel itself changes only in the area of stacks (mm/kstack.c), a batch at a time.
 * Locks: flush_lock (RANK_TLB), below mm->pt_lock. Errors: none.
 */
#include "mm/table.h"
#include "mm/mm.h"
#include "arch/arch.h"
#include "task/task.h"
#include "base/printk.h"

#define PAGES_MAX 32	/* more than this: all of the mm is flushed */
#define ANSWER_SPINS 200	/* so often the sender looks for answers before it sleeps in HLT */

enum flush_kind { FLUSH_PAGES, FLUSH_ALL, FLUSH_EVICT, FLUSH_KERNEL, FLUSH_NOTHING };

static struct spinlock flush_lock = SPINLOCK_INIT(RANK_TLB);
static struct {		/* under flush_lock; read by the CPUs in pending */
	enum flush_kind kind;
	struct mm *mm;
	uptr first, last;
	u64 pending;	/* bit per CPU; atomic */
	u64 sleeper;	/* the sender's number plus one, if it is to be interrupted by the last answer; atomic */
} request;

static struct tlb_counts counts;	/* under flush_lock */

void tlb_counts_read(struct tlb_counts *c)
{
	spin_lock(&flush_lock);
	*c = counts;
	spin_unlock(&flush_lock);
}

static void count_locked(enum flush_kind kind, u64 mask)
{
	u64 n = (u64)__builtin_popcountl(mask);

	if (kind == FLUSH_KERNEL || kind == FLUSH_NOTHING) {
		counts.kernel_requests++;
		counts.kernel_interrupts += n;
	} else {
		counts.requests++;
		counts.interrupts += n;
	}
}

static void cpu_leave(struct cpu *c)
{
	struct mm *mm = c->loaded_mm;

	arch_root_load(arch_kernel_root());
	c->loaded_mm = NULL;
	__atomic_fetch_and(&mm->cpus_loaded, ~BIT(c->id), __ATOMIC_ACQ_REL);
	mm_release(mm);
}

/* Does a task without memory of its own run there? Then the mm is only loaded because nothing else had to be. */
static bool is_lazy(const struct cpu *c) { return c->running && !c->running->mm; }

static void flush_self(enum flush_kind kind, struct mm *mm, uptr first, uptr last)
{
	struct cpu *c = cpu_self();

	if (kind == FLUSH_KERNEL)
		arch_tlb_flush_kernel();
	if (c->loaded_mm != mm || !mm)
		return;
	if (kind == FLUSH_EVICT || is_lazy(c)) {
		cpu_leave(c);
	} else if (kind == FLUSH_PAGES) {
		for (uptr va = first; va < last; va += PAGE_SIZE)
			arch_tlb_flush_page(va);
	} else {
		arch_tlb_flush_all();
	}
}

void tlb_flush_interrupt(void)
{
	u64 bit = BIT(cpu_id()), sleeper;

	if (!(__atomic_load_n(&request.pending, __ATOMIC_ACQUIRE) & bit))
		return;
	flush_self(request.kind, request.mm, request.first, request.last);
	/* The sender says that it sleeps, then looks; we answer, then look whether it sleeps. Once we have answered the
	 * request may be another's, who takes an interrupt for nothing. */
	if (__atomic_and_fetch(&request.pending, ~bit, __ATOMIC_SEQ_CST))
		return;
	sleeper = __atomic_load_n(&request.sleeper, __ATOMIC_SEQ_CST);
	if (unlikely(sleeper))
		arch_send_resched((u32)sleeper - 1);
}

static u64 pending_answers(void) { return __atomic_load_n(&request.pending, __ATOMIC_SEQ_CST); }

/* Where CPUs are threads of a host, one that does not answer soon does not run: the host's CPU is left to it. */
static void sleep_for_answers(void)
{
	__atomic_store_n(&request.sleeper, cpu_id() + 1, __ATOMIC_SEQ_CST);
	while (pending_answers()) {
		arch_irq_disable();
		if (pending_answers())
			arch_halt();
		else
			arch_irq_enable();
	}
	__atomic_store_n(&request.sleeper, 0, __ATOMIC_RELAXED);
}

static void wait_for_answers(void)
{
	for (unsigned i = 0; pending_answers(); i++) {
		if (i == ANSWER_SPINS)
			sleep_for_answers();
		arch_relax();
	}
}

static void flush_others(u64 mask, enum flush_kind kind, struct mm *mm, uptr first, uptr last)
{
	u64 begin_ns;

	ASSERT(arch_irqs_are_on());
	spin_lock(&flush_lock);
	count_locked(kind, mask);
	begin_ns = arch_clock_ns();
	request.kind = kind;
	request.mm = mm;
	request.first = first;
	request.last = last;
	__atomic_store_n(&request.pending, mask, __ATOMIC_RELEASE);
	for (u64 left = mask; left; left &= left - 1)
		arch_send_flush((u32)__builtin_ctzl(left));
	wait_for_answers();
	counts.waited_ns += arch_clock_ns() - begin_ns;
	spin_unlock(&flush_lock);
}

static void flush(struct mm *mm, enum flush_kind kind, uptr first, uptr last)
{
	/* The changed entries are seen by whoever loads the mm from here on: mm_load() sets its bit before it loads. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	u64 others = __atomic_load_n(&mm->cpus_loaded, __ATOMIC_RELAXED) & ~BIT(cpu_id());

	flush_self(kind, mm, first, last);
	if (unlikely(others))
		flush_others(others, kind, mm, first, last);
}

void tlb_flush_mm(struct mm *mm) { flush(mm, FLUSH_ALL, 0, 0); }
void tlb_flush_mm_page(struct mm *mm, uptr va) { flush(mm, FLUSH_PAGES, va & PAGE_MASK, (va & PAGE_MASK) + PAGE_SIZE); }
/* Other CPUs that still have the older entry come by a fault of their own. */
void tlb_flush_page_here(struct mm *mm, uptr va)
{
	flush_self(FLUSH_PAGES, mm, va & PAGE_MASK, (va & PAGE_MASK) + PAGE_SIZE);
}

void tlb_evict_mm(struct mm *mm) { flush(mm, FLUSH_EVICT, 0, 0); }

static u64 other_cpus(void) { return (BIT(cpus_online) - 1) & ~BIT(cpu_id()); }

void tlb_flush_kernel(void)
{
	flush_self(FLUSH_KERNEL, NULL, 0, 0);
	if (other_cpus())
		flush_others(other_cpus(), FLUSH_KERNEL, NULL, 0, 0);
}

void tlb_interrupt_cpus(u64 mask)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mask &= other_cpus();
	if (mask)
		flush_others(mask, FLUSH_NOTHING, NULL, 0, 0);
}

void mm_load_at_switch(struct mm *mm)
{
	struct cpu *c = cpu_self();
	struct mm *old = c->loaded_mm;

	mm_hold(mm);
	__atomic_fetch_or(&mm->cpus_loaded, BIT(c->id), __ATOMIC_SEQ_CST);
	arch_root_load(page_to_pfn(mm->root));
	c->loaded_mm = mm;
	if (old) {
		__atomic_fetch_and(&old->cpus_loaded, ~BIT(c->id), __ATOMIC_ACQ_REL);
		mm_release(old);
	}
}

void mm_load(struct mm *mm)
{
	unsigned long irq = arch_irq_save();

	if (mm && mm != cpu_self()->loaded_mm)
		mm_load_at_switch(mm);
	arch_irq_restore(irq);
}

/* -- batches ---------------------------------------------------------------------------------------------------- */
void tlb_batch_init(struct tlb_batch *b, struct mm *mm)
{
	b->mm = mm;
	b->count = 0;
	b->must_flush = b->is_full_flush = false;
}

void tlb_batch_flush_page(struct tlb_batch *b, uptr va)
{
	va &= PAGE_MASK;
	if (!b->must_flush) {
		b->must_flush = true;
		b->first = va;
		b->last = va + PAGE_SIZE;
		return;
	}
	b->first = MIN(b->first, va);
	b->last = MAX(b->last, va + PAGE_SIZE);
}

void tlb_batch_add(struct tlb_batch *b, struct page *p)
{
	b->pages[b->count++] = p;
	if (b->count == ARRAY_SIZE(b->pages))
		tlb_batch_end(b);
}

void tlb_batch_end(struct tlb_batch *b)
{
	if (b->must_flush) {
		bool is_full = b->is_full_flush || b->last - b->first > PAGES_MAX * PAGE_SIZE;
		flush(b->mm, is_full ? FLUSH_ALL : FLUSH_PAGES, b->first, b->last);
		b->must_flush = b->is_full_flush = false;
	}
	ASSERT(!b->must_flush);		/* flush before decrement */
	for (unsigned i = 0; i < b->count; i++) {
		if (b->pages[i]->kind == PAGE_TABLE)
			table_put(b->pages[i]);
		else
			page_unmap_put(b->pages[i]);
	}
	b->count = 0;
}
