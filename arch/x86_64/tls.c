/*
 * arch/x86_64/tls.c: segment selectors and the bases of %fs and %gs, which 64-bit programs use for thread-local
 * storage, and arch_prctl(2), which sets them. Locks: none; interrupts are off where registers and struct thread must
 * agree.
 * Source: arch_prctl(2); Intel SDM volume 3, 3.4.4. Differences from Linux: no code of arch_prctl but the four for %fs
 * and %gs is known (-EINVAL); 32-bit segments (modify_ldt, set_thread_area) do not exist.
 */
#include "x86.h"
#include "tls.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <asm/prctl.h>

/* The user's %gs base waits behind swapgs; no exception may come between. */
static inline u64 read_user_gs_base(void)
{
	u64 v;
	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(v) : : "memory");
	return v;
}

static inline u64 read_fs_base(void)
{
	u64 v;
	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}

#define READ_SELECTOR(name) ({ u16 _v; __asm__ volatile("mov %%" #name ", %0" : "=rm"(_v)); _v; })

/* Programs may load selectors, which zeroes the base (all our segments begin at 0); and write the bases themselves
 * where they have the FSGSBASE instructions. */
void tls_save(struct thread *t)
{
	__asm__ volatile("mov %%fs, %0; mov %%gs, %1; mov %%ds, %2; mov %%es, %3"
			 : "=m"(t->fs), "=m"(t->gs), "=m"(t->ds), "=m"(t->es));
	if (cpu_features.has_fsgsbase) {
		t->fs_base = read_fs_base();
		t->gs_base = read_user_gs_base();
		return;
	}
	if (t->fs)
		t->fs_base = 0;
	if (t->gs)
		t->gs_base = 0;
}

static bool are_selectors_loaded(const struct thread *t)
{
	return READ_SELECTOR(fs) == t->fs && READ_SELECTOR(gs) == t->gs && READ_SELECTOR(ds) == t->ds &&
	       READ_SELECTOR(es) == t->es;
}

/* Loading %gs zeroes the kernel's base, which is put back at once; interrupts are off, and an NMI copes. */
static void load_selectors(const struct thread *t)
{
	u64 kernel_base = (u64)cpu_self();

	__asm__ volatile("mov %0, %%ds; mov %1, %%es; mov %2, %%fs; mov %3, %%gs; wrmsr"
			 : : "r"((u32)t->ds), "r"((u32)t->es), "r"((u32)t->fs), "r"((u32)t->gs), "c"(MSR_GS_BASE),
			     "a"((u32)kernel_base), "d"((u32)(kernel_base >> 32)) : "memory");
}

static void load_bases(const struct thread *t)
{
	if (cpu_features.has_fsgsbase) {
		__asm__ volatile("wrfsbase %0; swapgs; wrgsbase %1; swapgs"
				 : : "r"(t->fs_base), "r"(t->gs_base) : "memory");
	} else {
		wrmsr(MSR_FS_BASE, t->fs_base);
		wrmsr(MSR_KERNEL_GS_BASE, t->gs_base);
	}
}

void tls_load(const struct thread *t)
{
	if (unlikely(!are_selectors_loaded(t)))
		load_selectors(t);
	load_bases(t);
}

/* The bases are loaded even where they look the same: without FSGSBASE a program may have zeroed them unseen. */
void tls_load_after(const struct thread *prev, const struct thread *t)
{
	_Static_assert(offsetof(struct thread, es) == offsetof(struct thread, fs) + 6, "the four selectors are one word");
	if (unlikely(__builtin_memcmp(&prev->fs, &t->fs, 4 * sizeof(t->fs))))
		load_selectors(t);
	load_bases(t);
}

static long set_base(u64 *base, u16 *selector, u64 value)
{
	unsigned long flags;

	if (value >= USER_END)
		return -EPERM;
	flags = arch_irq_save();
	tls_save(&current->thread);
	*base = value;
	*selector = 0;
	tls_load(&current->thread);
	arch_irq_restore(flags);
	return 0;
}

static long get_base(const u64 *base, uptr addr)
{
	unsigned long flags = arch_irq_save();

	tls_save(&current->thread);
	arch_irq_restore(flags);
	return put_user_u64(*base, addr);
}

long sys_arch_prctl(int code, unsigned long addr)
{
	struct thread *t = &current->thread;

	switch (code) {
	case ARCH_SET_FS: return set_base(&t->fs_base, &t->fs, addr);
	case ARCH_SET_GS: return set_base(&t->gs_base, &t->gs, addr);
	case ARCH_GET_FS: return get_base(&t->fs_base, addr);
	case ARCH_GET_GS: return get_base(&t->gs_base, addr);
	default: return -EINVAL;
	}
}

long arch_ptrace_prctl(struct task *t, int code, uptr addr)
{
	struct thread *th = &t->thread;

	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (addr >= USER_END)
			return -EPERM;
		*(code == ARCH_SET_FS ? &th->fs_base : &th->gs_base) = addr;
		*(code == ARCH_SET_FS ? &th->fs : &th->gs) = 0;
		return 0;
	case ARCH_GET_FS: return put_user_u64(th->fs_base, addr);
	case ARCH_GET_GS: return put_user_u64(th->gs_base, addr);
	default: return -EINVAL;
	}
}
