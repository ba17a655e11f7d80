/* arch/x86_64/cpu_arch.h: interrupts on and off, and the per-CPU pointer in %gs (kernel side). See arch/cpu.h. */
#ifndef X86_CPU_ARCH_H
#define X86_CPU_ARCH_H

/* The input that looks unused makes the compiler read again after a call, which may have slept and changed the CPU. */
static inline struct cpu *cpu_self(void)
{
	struct cpu *c;
	__asm__("mov %%gs:0, %0" : "=r"(c) : "m"(cpus_online));
	return c;
}
/* Never changes for the code that asks, so it may be kept over calls. */
static __always_inline struct task *x86_current(void)
{
	struct task *t;
	__asm__("mov %%gs:8, %0" : "=r"(t));
	return t;
}
#define current x86_current()

static inline unsigned long arch_irq_save(void)
{
	unsigned long f;
	__asm__ volatile("pushfq; popq %0; cli" : "=r"(f) : : "memory");
	return f;
}
static inline void arch_irq_restore(unsigned long f)
{
	if (f & 0x200)
		__asm__ volatile("sti" : : : "memory");
}
static inline void arch_irq_enable(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void arch_irq_disable(void) { __asm__ volatile("cli" : : : "memory"); }
static inline bool arch_irqs_are_on(void)
{
	unsigned long f;
	__asm__ volatile("pushfq; popq %0" : "=r"(f) : : "memory");
	return f & 0x200;
}
static inline void arch_relax(void) { __asm__ volatile("pause" : : : "memory"); }
/* Turns interrupts on and sleeps until one comes, with no window between. */
static inline void arch_halt(void) { __asm__ volatile("sti; hlt" : : : "memory"); }
/* One whole page, in words: fastest on every CPU with fast strings, and one step a word where steps are counted. */
static inline void arch_page_clear(void *page)
{
	unsigned long n = PAGE_SIZE / 8;
	__asm__ volatile("rep stosq" : "+D"(page), "+c"(n) : "a"(0UL) : "memory");
}
static inline void arch_page_copy(void *to, const void *from)
{
	unsigned long n = PAGE_SIZE / 8;
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
/* Atomic, and a full barrier. The sum is below 0; the difference is 0 or below. */
static __always_inline bool arch_add_is_negative(s64 *v, s64 n)
{
	bool is_negative;
	__asm__ volatile("lock addq %2, %0" : "+m"(*v), "=@ccs"(is_negative) : "re"(n) : "memory");
	return is_negative;
}
static __always_inline bool arch_sub_is_spent(s64 *v, s64 n)
{
	bool is_spent;
	__asm__ volatile("lock subq %2, %0" : "+m"(*v), "=@ccle"(is_spent) : "re"(n) : "memory");
	return is_spent;
}
static __always_inline bool arch_dec_is_spent(int *v)
{
	bool is_spent;
	__asm__ volatile("lock decl %0" : "+m"(*v), "=@ccle"(is_spent) : : "memory");
	return is_spent;
}
static inline u64 arch_cycles(void)
{
	u32 lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}
#endif
