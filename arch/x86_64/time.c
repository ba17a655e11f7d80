/*
 * arch/x86_64/time.c: the clock (the TSC, scaled; see vdso_data.h) and the timer (the local APIC's, one shot).
 * How fast the two run: KVM says both; QEMU's emulator counts the APIC in nanoseconds, and under -icount the TSC too;
 * elsewhere both are measured against the 8254. A short measurement at boot is refined after a second of running.
 * Locks: clock_lock (irqsave) for changes of the clock; reading takes none.
 * Source: Intel SDM volume 3, 11.5.4 and 18.17; Intel 8254 data sheet; KVM's cpuid and msr documents.
 */
#include "x86.h"
#include "clock.h"
#include "base/printk.h"
#include "base/string.h"
#include "sync/spinlock.h"
#include "time/time.h"

#define PIT_HZ 1193182UL
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61
#define KVM_FEATURES_LEAF 0x40000001
#define KVM_FEATURE_CLOCKSOURCE2 BIT(3)
#define MSR_KVM_WALL_CLOCK 0x4b564d00
#define MSR_KVM_SYSTEM_TIME 0x4b564d01
#define NOMINAL_APIC_HZ 1000000000UL	/* of KVM and of QEMU's emulator */
#define EXACT_1GHZ (1UL << 32)

struct sample { u64 tsc; u32 apic, pit; };
struct kvm_time {
	u32 version, pad;
	u64 tsc_stamp, system_ns;
	u32 multiplier;
	s8 shift;
	u8 flags, pad2[2];
};
struct kvm_wall { u32 version, seconds, nanoseconds; };

union clock_page clock_page __aligned(4096);
static struct spinlock clock_lock = SPINLOCK_INIT(RANK_DRIVER);
static u64 apic_hz = NOMINAL_APIC_HZ;
static u64 deadlines_ns[CPUS_MAX];	/* what each CPU's timer is set to; 0: nothing. own, interrupts off */
static u64 realtime_at_boot_ns;
static bool is_rough;			/* the TSC's speed is still to be refined */
static struct sample rough_start;
static struct kvm_time kvm_time __aligned(64);
static struct kvm_wall kvm_wall __aligned(64);

u64 arch_clock_ns(void)
{
	u64 ignored;

	return vdso_clock_ns(&clock_page.data, &ignored);
}

u64 arch_cycles_to_ns(u64 cycles)
{
	const struct vdso_data *d = &clock_page.data;	/* a change of the speed meanwhile is of no matter here */

	if (cycles > d->tsc_base)
		return d->ns_base + vdso_scale(cycles - d->tsc_base, d->multiplier);
	return d->ns_base - MIN(d->ns_base, vdso_scale(d->tsc_base - cycles, d->multiplier));
}

u64 arch_realtime_at_boot_ns(void) { return realtime_at_boot_ns; }

/* -- changing the clock -- */

static void clock_write_begin(struct vdso_data *d)
{
	__atomic_store_n(&d->sequence, d->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void clock_write_end(struct vdso_data *d)
{
	__atomic_store_n(&d->sequence, d->sequence + 1, __ATOMIC_RELEASE);
}

/* From now on the clock runs at this speed; what it says now stays. */
static void clock_set_speed(u64 multiplier)
{
	unsigned long flags = spin_lock_irqsave(&clock_lock);
	struct vdso_data *d = &clock_page.data;
	u64 tsc = vdso_read_tsc();
	u64 ns = d->ns_base + vdso_scale(tsc - d->tsc_base, d->multiplier);

	clock_write_begin(d);
	d->tsc_base = tsc;
	d->ns_base = ns;
	d->multiplier = multiplier;
	clock_write_end(d);
	spin_unlock_irqrestore(&clock_lock, flags);
}

void arch_vdso_set_realtime(u64 offset_ns)
{
	unsigned long flags = spin_lock_irqsave(&clock_lock);

	clock_write_begin(&clock_page.data);
	clock_page.data.real_offset_ns = offset_ns;
	clock_write_end(&clock_page.data);
	spin_unlock_irqrestore(&clock_lock, flags);
}

/* -- measuring -- */

static void pit_start(void)
{
	outb(PIT_GATE, (u8)((inb(PIT_GATE) & ~2) | 1));
	outb(PIT_COMMAND, 0xb4);	/* channel 2, both bytes, counts down and starts over */
	outb(PIT_CHANNEL2, 0);
	outb(PIT_CHANNEL2, 0);
}

static u32 pit_read(void)
{
	u32 low;

	outb(PIT_COMMAND, 0x80);
	low = inb(PIT_CHANNEL2);
	return low | (u32)inb(PIT_CHANNEL2) << 8;
}

static struct sample sample_once(bool want_pit)
{
	struct sample s;
	u64 before = vdso_read_tsc();

	s.apic = apic_timer_read();
	s.pit = want_pit ? pit_read() : 0;
	s.tsc = vdso_read_tsc();
	s.tsc = before + (s.tsc - before) / 2;
	return s;
}

/* All counters at one moment: of a few tries the one that was least disturbed. */
static struct sample sample_take(bool want_pit)
{
	struct sample best = { }, s;
	u64 best_window = ~0UL;

	for (int i = 0; i < 4; i++) {
		u64 start = vdso_read_tsc(), window;

		s = sample_once(want_pit);
		window = vdso_read_tsc() - start;
		if (window < best_window) {
			best_window = window;
			best = s;
		}
	}
	return best;
}

/* The APIC timer counts nanoseconds. */
static u64 measure_against_apic(void)
{
	struct sample a, b;
	u64 apic_ns, ticks;

	apic_timer_start(~0U);
	a = sample_take(false);
	while (a.apic - apic_timer_read() < 10000)
		arch_relax();
	b = sample_take(false);
	apic_ns = a.apic - b.apic;
	ticks = b.tsc - a.tsc;
	if (ticks + 8 + apic_ns / 1000 > apic_ns && ticks < apic_ns + 8 + apic_ns / 1000)
		return EXACT_1GHZ;		/* instruction counting: the TSC is the same clock */
	while (a.apic - apic_timer_read() < 2000000)
		arch_relax();
	b = sample_take(false);
	apic_timer_start(0);
	is_rough = true;
	return ((u64)(a.apic - b.apic) << 32) / (b.tsc - a.tsc);
}

/* Both against the 8254, 10 ms long. */
static u64 measure_against_pit(void)
{
	struct sample a, b;
	u64 pit_ticks, ns;

	apic_timer_start(~0U);
	pit_start();
	a = sample_take(true);
	for (int i = 0; i < 1000000 && ((a.pit - pit_read()) & 0xffff) < PIT_HZ / 100; i++)
		arch_relax();
	b = sample_take(true);
	apic_timer_start(0);
	pit_ticks = (a.pit - b.pit) & 0xffff;
	if (pit_ticks < PIT_HZ / 100 || b.tsc <= a.tsc)
		panic("no clock: neither a known hypervisor nor an 8254 timer is there");
	ns = pit_ticks * NSEC_PER_SEC / PIT_HZ;
	apic_hz = (u64)(a.apic - b.apic) * NSEC_PER_SEC / ns;
	is_rough = true;
	return (ns << 32) / (b.tsc - a.tsc);
}

/* Nanoseconds since the host's KVM clock began, by the structure that KVM keeps up to date; 0: KVM does not. */
static u64 kvm_system_ns(u64 *multiplier)
{
	u32 version;
	u64 delta, ns, m;

	do {
		version = READ_ONCE(kvm_time.version);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		m = kvm_time.shift >= 0 ? (u64)kvm_time.multiplier << kvm_time.shift :
					  (u64)kvm_time.multiplier >> -kvm_time.shift;
		delta = vdso_read_tsc() - kvm_time.tsc_stamp;
		ns = kvm_time.system_ns + vdso_scale(delta, m);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((version & 1) || version != READ_ONCE(kvm_time.version));
	*multiplier = m;
	return version ? ns : 0;
}

/* The TSC's speed as KVM tells it, and the date; 0: this KVM has no clock. */
static u64 ask_kvm(u64 *date_ns)
{
	u64 multiplier, ns;

	if (!(cpuid(KVM_FEATURES_LEAF, 0).a & KVM_FEATURE_CLOCKSOURCE2))
		return 0;
	wrmsr(MSR_KVM_SYSTEM_TIME, virt_to_phys(&kvm_time) | 1);
	wrmsr(MSR_KVM_WALL_CLOCK, virt_to_phys(&kvm_wall));
	ns = kvm_system_ns(&multiplier);
	if (ns && READ_ONCE(kvm_wall.version))
		*date_ns = kvm_wall.seconds * NSEC_PER_SEC + kvm_wall.nanoseconds + ns;
	wrmsr(MSR_KVM_SYSTEM_TIME, 0);
	return ns ? multiplier : 0;
}

/* The frequency that hypervisors with VMware's timing leaf tell, in kHz; 0: none. */
static u64 ask_timing_leaf(void)
{
	u64 khz;

	if (!cpu_features.is_virtual || cpuid(0x40000000, 0).a < 0x40000010)
		return 0;
	khz = cpuid(0x40000010, 0).a;
	return khz ? (1000000UL << 32) / khz : 0;
}

/* Until the speed is known, the clock stands at 0. */
void clock_start(void) { clock_page.data.tsc_base = vdso_read_tsc(); }

void clock_init(void)
{
	u64 date_ns = 0, multiplier = 0;

	if (cpu_features.is_kvm)
		multiplier = ask_kvm(&date_ns);
	if (!multiplier && cpu_features.is_kvm)
		multiplier = ask_timing_leaf();
	if (!multiplier)
		multiplier = cpu_features.is_tcg ? measure_against_apic() : measure_against_pit();
	clock_page.data.multiplier = multiplier;
	if (!date_ns)
		date_ns = rtc_read_seconds() * NSEC_PER_SEC;
	realtime_at_boot_ns = date_ns ? date_ns - arch_clock_ns() : 0;
	arch_vdso_set_realtime(realtime_at_boot_ns);
	if (is_rough) {
		pit_start();
		rough_start = sample_take(true);
	}
}

/*
 * A second after boot: the 8254, which wraps every 55 ms, has gone round as often as the rough clock says, so the exact
 * number of its ticks is known.
 */
static void clock_refine(void)
{
	struct sample s;
	u64 old = clock_page.data.multiplier, ticks, rough_ns, pit_ticks, expected, new;
	s64 error;

	if (vdso_scale(arch_cycles() - rough_start.tsc, old) < NSEC_PER_SEC)
		return;
	s = sample_take(true);
	ticks = s.tsc - rough_start.tsc;
	rough_ns = vdso_scale(ticks, old);
	pit_ticks = (rough_start.pit - s.pit) & 0xffff;
	expected = rough_ns * PIT_HZ / NSEC_PER_SEC;
	if (rough_ns > 4 * NSEC_PER_SEC) {	/* too long a pause to count rounds: begin again */
		rough_start = s;
		return;
	}
	is_rough = false;
	if (expected > pit_ticks)
		pit_ticks += (expected - pit_ticks + 0x8000) / 0x10000 * 0x10000;
	error = (s64)(expected - pit_ticks);
	if (error > 0x4000 || error < -0x4000)
		return;		/* no such timer, or it stood still */
	new = (pit_ticks * NSEC_PER_SEC / PIT_HZ << 32) / ticks;
	log_debug("clock: TSC runs at %lu kHz", (unsigned long)((1000000UL << 32) / new));
	clock_set_speed(new);
}

/* -- the timer -- */

void arch_timer_program(u64 deadline_ns)
{
	unsigned long flags = arch_irq_save();
	u64 now = arch_clock_ns(), count = 0;

	deadlines_ns[cpu_id()] = deadline_ns;
	if (deadline_ns) {
		u64 wait = deadline_ns > now ? MIN(deadline_ns - now, 4 * NSEC_PER_SEC) : 1;

		count = apic_hz == NSEC_PER_SEC ? wait : wait * (apic_hz / 1000) / 1000000;
		count = MAX(MIN(count, 0xffffffffUL), 1UL);
	}
	apic_timer_start((u32)count);
	arch_irq_restore(flags);
}

/* The APIC may be a little early, and counts at most 4 s at a time. */
void clock_timer_interrupt(void)
{
	u64 deadline = deadlines_ns[cpu_id()];

	if (is_rough && cpu_id() == 0)
		clock_refine();
	if (!deadline)
		return;
	if (arch_clock_ns() < deadline) {
		arch_timer_program(deadline);
		return;
	}
	deadlines_ns[cpu_id()] = 0;
	timer_interrupt();
}

void arch_init_devices(void)
{
	irq_init();
	clock_init();
	vdso_init();
}
