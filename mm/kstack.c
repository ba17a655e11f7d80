/*
 * mm/kstack.c: kernel stacks. Each has a slot of kernel address space: a guard page, never mapped, then four pages.
 *
 * A freed stack stays mapped, with its CPU or in a small cache, and is handed out again as it is. Beyond that its frames
 * go back and only the slot is kept; before other frames are mapped there, all CPUs forget the old ones, for all such slots
 * at once. The lowest words of a stack hold its descriptor and a mark: if the mark is gone when the stack is freed, the
 * stack has all but overflowed, which is a bug.
 * Locks: stacks_lock (RANK_KSTACK) for the lists, not held while frames are allocated or mapped; none for a CPU's few.
 * Errors: NULL when frames, kernel tables or slots are out.
 */
#include "mm/kstack.h"
#include "mm/alloc_gate.h"
#include "mm/buddy.h"
#include "mm/pagetable.h"
#include "mm/slab.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "debug/stack_watch.h"

#define STACK_PAGES (KSTACK_SIZE / PAGE_SIZE)
#define SLOT_SIZE (KSTACK_SIZE + PAGE_SIZE)
#define SLOTS ((64UL << 30) / SLOT_SIZE)
#define CACHE_LEAST 32	/* mapped ones that wait in `cached`, */
#define CACHE_PART 256	/* or what part of the memory; they count as free, and are given back when that is short */
#define CPU_KEEPS 4
#define STACK_MARK 0x6b737461636b2e2eUL

struct kstack {
	struct list node;			/* in cached or slots; stacks_lock */
	unsigned long base;			/* lowest usable address */
	struct page *pages[STACK_PAGES];	/* owned while mapped */
};
struct stack_foot { u64 mark; struct kstack *stack; };	/* at base */
_Static_assert(sizeof(struct stack_foot) == KSTACK_FOOT_WORDS * sizeof(u64), "foot");

static SLAB_POOL(kstack_cache, struct kstack);
static struct spinlock stacks_lock = SPINLOCK_INIT(RANK_KSTACK);
static struct list cached = LIST_INIT(cached);	/* mapped */
static struct list slots = LIST_INIT(slots);	/* not mapped, and no CPU remembers what was */
static struct list stale_slots = LIST_INIT(stale_slots);	/* not mapped, but some CPU may remember what was */
static unsigned cached_count;
static u64 slots_made;
static u64 mapped_stacks;			/* stacks_lock */
/* Free ones that a CPU keeps: taken by an exchange, put where there is none, so that others may help themselves. */
static struct kstack *kept[CPUS_MAX][CPU_KEEPS];
static long live_stacks[CPUS_MAX];		/* own, interrupts off: handed out there less taken back; the sum counts */

u64 kstack_pages(void)
{
	u64 spare = READ_ONCE(cached_count), mapped = READ_ONCE(mapped_stacks);	/* both move meanwhile */

	return (mapped - MIN(mapped, spare)) * STACK_PAGES;
}
u64 kstack_spare_pages(void) { return (u64)READ_ONCE(cached_count) * STACK_PAGES; }

u64 kstack_live(void)
{
	long n = 0;

	for (u32 i = 0; i < CPUS_MAX; i++)
		n += READ_ONCE(live_stacks[i]);
	return (u64)n;
}

static struct kstack *list_take(struct list *l)
{
	struct kstack *k;

	if (list_is_empty(l))
		return NULL;
	k = list_first(l, struct kstack, node);
	list_remove(&k->node);
	return k;
}

/* A slot that was used before; NULL: none. All stale ones become usable by one flush of all CPUs. */
static struct kstack *slot_reuse(void)
{
	struct list stale = LIST_INIT(stale);
	unsigned long flags = spin_lock_irqsave(&stacks_lock);
	struct kstack *k = list_take(&slots);

	if (!k)
		list_splice_back(&stale, &stale_slots);
	spin_unlock_irqrestore(&stacks_lock, flags);
	if (k || list_is_empty(&stale))
		return k;
	tlb_flush_kernel();
	k = list_take(&stale);
	flags = spin_lock_irqsave(&stacks_lock);
	list_splice_back(&slots, &stale);
	spin_unlock_irqrestore(&stacks_lock, flags);
	return k;
}

/* A slot that nothing is mapped in. NULL: out of memory or of slots. */
static struct kstack *slot_get(void)
{
	struct kstack *k = slot_reuse();
	unsigned long flags = spin_lock_irqsave(&stacks_lock);
	u64 number = slots_made;

	if (!k && number < SLOTS)
		slots_made++;
	spin_unlock_irqrestore(&stacks_lock, flags);
	if (k || number >= SLOTS)
		return k;
	k = slab_zalloc(&kstack_cache);
	if (!k) {
		flags = spin_lock_irqsave(&stacks_lock);
		if (slots_made == number + 1)	/* else the number is lost: address space, no memory */
			slots_made--;
		spin_unlock_irqrestore(&stacks_lock, flags);
		return NULL;
	}
	list_init(&k->node);
	k->base = ARCH_KSTACK_AREA + number * SLOT_SIZE + PAGE_SIZE;
	return k;
}

static void slot_put(struct kstack *k)
{
	unsigned long flags = spin_lock_irqsave(&stacks_lock);

	list_push_front(&stale_slots, &k->node);
	spin_unlock_irqrestore(&stacks_lock, flags);
}

static void stack_unmap(struct kstack *k)
{
	for (unsigned i = 0; i < STACK_PAGES && k->pages[i]; i++) {
		arch_kernel_unmap(k->base + i * PAGE_SIZE);
		page_free(k->pages[i], 0);
		k->pages[i] = NULL;
	}
}

static bool stack_map(struct kstack *k, int node)
{
	for (unsigned i = 0; i < STACK_PAGES; i++) {
		struct page *p = page_alloc(node, PAGE_KERNEL, 0);

		if (!p || arch_kernel_map(k->base + i * PAGE_SIZE, page_to_pfn(p))) {
			if (p)
				page_free(p, 0);
			stack_unmap(k);
			return false;
		}
		k->pages[i] = p;
	}
	return true;
}

static struct kstack *stack_new(int node)
{
	struct kstack *k = slot_get();

	if (!k)
		return NULL;
	if (!stack_map(k, node)) {
		slot_put(k);
		return NULL;
	}
	*(struct stack_foot *)k->base = (struct stack_foot){ STACK_MARK, k };
	stack_watch_fill((u64 *)k->base + KSTACK_FOOT_WORDS, KSTACK_SIZE - sizeof(struct stack_foot));
	return k;
}

static struct kstack *take_kept(u32 cpu)
{
	struct kstack *k = NULL;

	for (unsigned i = 0; i < CPU_KEEPS && !k; i++) {
		if (READ_ONCE(kept[cpu][i]))
			k = __atomic_exchange_n(&kept[cpu][i], NULL, __ATOMIC_ACQUIRE);
	}
	return k;
}

static bool put_kept(u32 cpu, struct kstack *k)
{
	for (unsigned i = 0; i < CPU_KEEPS; i++) {
		struct kstack *none = NULL;

		if (!READ_ONCE(kept[cpu][i]) && __atomic_compare_exchange_n(&kept[cpu][i], &none, k, false,
									    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* A mapped one that is free: this CPU's, of the cache, another CPU's; NULL: none. */
static struct kstack *stack_reuse(void)
{
	struct kstack *k = take_kept(cpu_id());
	unsigned long flags;

	if (likely(k))
		return k;
	flags = spin_lock_irqsave(&stacks_lock);
	k = list_take(&cached);
	if (k)
		cached_count--;
	spin_unlock_irqrestore(&stacks_lock, flags);
	for (u32 cpu = 0; cpu < cpus_online && !k; cpu++)
		k = take_kept(cpu);
	return k;
}

static void count_live(long change)
{
	unsigned long flags = arch_irq_save();

	live_stacks[cpu_id()] += change;
	arch_irq_restore(flags);
}

void *kstack_alloc(int node)
{
	unsigned long flags;
	struct kstack *k;

	if (alloc_should_fail())
		return NULL;
	k = stack_reuse();
	if (unlikely(!k)) {
		k = stack_new(node);
		if (!k)
			return NULL;
		flags = spin_lock_irqsave(&stacks_lock);
		mapped_stacks++;
		spin_unlock_irqrestore(&stacks_lock, flags);
	}
	count_live(1);
	return (void *)k->base;
}

static void stack_give_back(struct kstack *k)
{
	unsigned long flags;

	stack_unmap(k);
	flags = spin_lock_irqsave(&stacks_lock);
	mapped_stacks--;
	spin_unlock_irqrestore(&stacks_lock, flags);
	slot_put(k);
}

/* False: there are enough free ones. */
static bool stack_keep(struct kstack *k)
{
	unsigned long flags;
	bool is_kept = put_kept(cpu_id(), k);

	if (likely(is_kept))
		return true;
	flags = spin_lock_irqsave(&stacks_lock);
	is_kept = cached_count < CACHE_LEAST || cached_count < memory_total_pages() / CACHE_PART / STACK_PAGES;
	if (is_kept) {
		list_push_front(&cached, &k->node);
		cached_count++;
	}
	spin_unlock_irqrestore(&stacks_lock, flags);
	return is_kept;
}

void kstack_check(const void *stack)
{
	if (((const struct stack_foot *)stack)->mark != STACK_MARK)
		panic("a kernel stack at %p was used down to its end", stack);
}

void kstack_free(void *stack)
{
	struct stack_foot *foot = stack;

	if (!stack)
		return;
	kstack_check(stack);
	count_live(-1);
	if (!stack_keep(foot->stack))
		stack_give_back(foot->stack);
}

void kstack_reclaim(void)
{
	struct kstack *k;

	while ((k = stack_reuse()))
		stack_give_back(k);
}

const char *kstack_describe(unsigned long addr)
{
	unsigned long offset = addr - ARCH_KSTACK_AREA;

	if (addr < ARCH_KSTACK_AREA || offset >= SLOTS * SLOT_SIZE)
		return NULL;
	return offset % SLOT_SIZE < PAGE_SIZE ? "guard page" : NULL;
}
