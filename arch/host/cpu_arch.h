/* arch/host/cpu_arch.h: interrupts are a flag, the CPU is a variable: host_cpu. See arch/cpu.h. */
#ifndef HOST_CPU_ARCH_H
#define HOST_CPU_ARCH_H

/* Who the running test (or thread of a test) is just now; arch/host/host.h moves between them. */
extern _Thread_local struct cpu *host_cpu;
extern _Thread_local bool host_irqs_on;

static inline struct cpu *cpu_self(void) { return host_cpu; }
static inline struct task *host_current(void) { return host_cpu->running; }
static inline void host_set_current(struct task *t) { host_cpu->running = t; }
#define current host_current()

static inline unsigned long arch_irq_save(void)
{
	bool was = host_irqs_on;
	host_irqs_on = false;
	return was;
}
static inline void arch_irq_restore(unsigned long f) { host_irqs_on = f; }
static inline void arch_irq_enable(void) { host_irqs_on = true; }
static inline void arch_irq_disable(void) { host_irqs_on = false; }
static inline bool arch_irqs_are_on(void) { return host_irqs_on; }
static inline void arch_relax(void) { }
static inline void arch_halt(void) { }
static inline void arch_page_clear(void *page) { __builtin_memset(page, 0, PAGE_SIZE); }
static inline void arch_page_copy(void *to, const void *from) { __builtin_memcpy(to, from, PAGE_SIZE); }
static inline bool arch_add_is_negative(s64 *v, s64 n) { return __atomic_add_fetch(v, n, __ATOMIC_ACQ_REL) < 0; }
static inline bool arch_sub_is_spent(s64 *v, s64 n) { return __atomic_sub_fetch(v, n, __ATOMIC_ACQ_REL) <= 0; }
static inline bool arch_dec_is_spent(int *v) { return __atomic_fetch_sub(v, 1, __ATOMIC_ACQ_REL) <= 1; }
static inline u64 arch_cycles(void) { return __builtin_ia32_rdtsc(); }
#endif
