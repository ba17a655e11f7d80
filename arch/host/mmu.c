/*
 * arch/host/mmu.c: the page-table functions of arch/arch.h, and a model of the TLB and of the walker's caches.
 *
 * Real CPUs may keep a translation, or an entry of an upper table, as long as they like until it is flushed; QEMU's TCG
 * hardly does, and so hides missing flushes. This model keeps all it can: each access takes, by chance, a cached
 * translation, a walk from any cached upper table, or a full walk. Rights are ANDed over the levels and cached with the
 * entry. The dirty bit is set in the entry itself, after a look whether it still allows the write.
 * Source: Intel SDM volume 3, 4.10.
 */
#include "arch/host/host.h"
#include "arch/cpu.h"
#include "mm/pagetable.h"

#define TLB_ENTRIES 512
#define WALK_ENTRIES 128

struct tlb_entry { bool is_valid, is_writable, is_dirty; uptr page; u64 pfn; };
struct walk_entry { bool is_valid, is_writable; int level; uptr prefix; u64 pfn; };	/* a table of this level */
struct host_mmu {
	u64 root_pfn;
	struct tlb_entry tlb[TLB_ENTRIES];
	struct walk_entry walk[WALK_ENTRIES];
};
static struct host_mmu mmus[CPUS_MAX];

static struct host_mmu *mmu_self(void) { return &mmus[host_cpu->id]; }

/* -- the contract -- */
const unsigned long arch_kstack_area = 0x700000000000UL;
void arch_root_init(pte_t *root)
{
	for (unsigned i = PT_ROOT_USER_ENTRIES; i < PT_ENTRIES; i++)
		root[i] = (pte_t)i << 40 | PTE_GLOBAL;	/* not present: only to see that they survive */
}
u64 arch_kernel_root(void) { return 0; }

void arch_tlb_flush_all(void)
{
	struct host_mmu *m = mmu_self();
	memset(m->tlb, 0, sizeof(m->tlb));
	memset(m->walk, 0, sizeof(m->walk));
}

void arch_root_load(u64 root_pfn)
{
	mmu_self()->root_pfn = root_pfn;
	arch_tlb_flush_all();
}

void arch_tlb_flush_page(uptr va)
{
	struct host_mmu *m = mmu_self();
	for (int i = 0; i < TLB_ENTRIES; i++)
		if (m->tlb[i].is_valid && m->tlb[i].page == (va & PAGE_MASK))
			m->tlb[i].is_valid = false;
	memset(m->walk, 0, sizeof(m->walk));
}

__attribute__((weak)) void tlb_flush_interrupt(void) { }

void arch_tlb_flush_kernel(void) { arch_tlb_flush_all(); }

void arch_send_flush(u32 cpu)
{
	u32 self = host_cpu->id;
	host_switch_cpu(cpu);
	tlb_flush_interrupt();
	host_switch_cpu(self);
}

/* -- the model -- */
void host_tlb_forget(void)
{
	u32 self = host_cpu->id;
	for (u32 i = 0; i < CPUS_MAX; i++) {
		host_switch_cpu(i);
		arch_tlb_flush_all();
	}
	host_switch_cpu(self);
}

static void walk_remember(struct host_mmu *m, int level, uptr va, u64 pfn, bool is_writable)
{
	m->walk[test_random_below(WALK_ENTRIES)] = (struct walk_entry){
		.is_valid = true, .is_writable = is_writable, .level = level,
		.prefix = va >> PT_SHIFT(level + 1), .pfn = pfn,
	};
}

/* Where the walk begins: any cached upper table that fits, by chance, else the root. */
static struct walk_entry walk_begin(struct host_mmu *m, uptr va)
{
	struct walk_entry from = { .is_valid = true, .is_writable = true, .level = PT_LEVELS - 1, .pfn = m->root_pfn };
	for (int i = 0; i < WALK_ENTRIES; i++) {
		struct walk_entry *w = &m->walk[i];
		if (w->is_valid && w->prefix == va >> PT_SHIFT(w->level + 1) && test_random_below(2))
			from = *w;
	}
	return from;
}

static int walk(struct host_mmu *m, uptr va, bool is_write, u64 *pfn)
{
	struct walk_entry w = walk_begin(m, va);
	bool may_write = w.is_writable;
	for (int level = w.level; level > 0; level--) {
		pte_t e = pte_read((pte_t *)phys_to_virt(w.pfn << PAGE_SHIFT) + pt_index(va, level));
		if (!pte_is_present(e))
			return -1;
		may_write &= pte_is_writable(e);
		w.pfn = pte_pfn(e);
		walk_remember(m, level - 1, va, w.pfn, may_write);
	}
	pte_t *leaf = (pte_t *)phys_to_virt(w.pfn << PAGE_SHIFT) + pt_index(va, 0);
	pte_t e = pte_read(leaf);
	if (!pte_is_present(e))
		return -1;
	may_write &= pte_is_writable(e);
	if (is_write && !may_write)
		return -1;
	*leaf = e | PTE_ACCESSED | (is_write ? PTE_DIRTY : 0);
	*pfn = pte_pfn(e);
	m->tlb[test_random_below(TLB_ENTRIES)] = (struct tlb_entry){
		.is_valid = true, .is_writable = may_write, .is_dirty = is_write, .page = va & PAGE_MASK, .pfn = *pfn,
	};
	return 0;
}

/* A fault drops what was cached for its address: that much the architecture does promise. */
static void forget_address(struct host_mmu *m, uptr va)
{
	for (int i = 0; i < TLB_ENTRIES; i++)
		if (m->tlb[i].is_valid && m->tlb[i].page == (va & PAGE_MASK))
			m->tlb[i].is_valid = false;
	for (int i = 0; i < WALK_ENTRIES; i++)
		if (m->walk[i].is_valid && m->walk[i].prefix == va >> PT_SHIFT(m->walk[i].level + 1))
			m->walk[i].is_valid = false;
}

int host_access(uptr va, bool is_write, u64 *pfn)
{
	struct host_mmu *m = mmu_self();
	if (!m->root_pfn)
		return -1;
	unsigned first = test_random_below(TLB_ENTRIES);
	for (unsigned n = 0; n < TLB_ENTRIES; n++) {
		struct tlb_entry *t = &m->tlb[(first + n) % TLB_ENTRIES];
		if (!t->is_valid || t->page != (va & PAGE_MASK))
			continue;
		if (is_write && !t->is_writable) {
			forget_address(m, va);
			return -1;
		}
		if (is_write && !t->is_dirty)
			break;		/* the dirty bit must be set: a walk */
		*pfn = t->pfn;
		return 0;
	}
	int r = walk(m, va, is_write, pfn);
	if (r)
		forget_address(m, va);
	return r;
}

/* The table of that level on va's path, or the leaf's frame for level -1; 0: none. *may_write: the rights so far. */
static u64 walk_now(u64 root_pfn, uptr va, int to_level, bool *may_write)
{
	u64 pfn = root_pfn;

	*may_write = true;
	for (int level = PT_LEVELS - 1; level > to_level; level--) {
		pte_t e = pte_read((pte_t *)phys_to_virt(pfn << PAGE_SHIFT) + pt_index(va, level));
		if (!pte_is_present(e))
			return 0;
		*may_write &= pte_is_writable(e);
		pfn = pte_pfn(e);
	}
	return pfn;
}

void host_tlb_check(void)
{
	bool may_write;

	for (int c = 0; c < CPUS_MAX; c++) {
		struct host_mmu *m = &mmus[c];
		if (!m->root_pfn)
			continue;
		for (int i = 0; i < TLB_ENTRIES; i++) {
			struct tlb_entry *t = &m->tlb[i];
			if (!t->is_valid)
				continue;
			CHECK(t->pfn == walk_now(m->root_pfn, t->page, -1, &may_write));
			CHECK(!t->is_writable || may_write);
		}
		for (int i = 0; i < WALK_ENTRIES; i++) {
			struct walk_entry *w = &m->walk[i];
			if (!w->is_valid)
				continue;
			CHECK(w->pfn == walk_now(m->root_pfn, w->prefix << PT_SHIFT(w->level + 1), w->level, &may_write));
			CHECK(!w->is_writable || may_write);
		}
	}
}
