/*
 * time/timer_test.c: kernel timers against a plain array: random starts, restarts and cancels on several CPUs; every
 * timer fires once, not early, in order, and the hardware is never set later than the earliest one.
 */
#include "arch/host/host.h"
#include "task/task.h"
#include "time/time.h"

#define TIMERS 200

static u64 now_ns = 1, hardware_ns[CPUS_MAX], ticks, tick_at;
static struct item { struct timer timer; u64 expires_ns; u32 cpu; bool is_set; int fired; int restarts; } items[TIMERS];
static u64 last_fired_ns;

/* What the unit calls in parts of the kernel that are not here. */
u64 arch_clock_ns(void) { return now_ns; }
void arch_timer_program(u64 when) { hardware_ns[cpu_id()] = when; }
u64 time_now_ns(void) { return now_ns; }
void sched_tick(void) { ticks++; tick_at = now_ns; }
void schedule(void) { }
bool sched_wake(struct task *t, unsigned states) { return false; }

static void item_fired(struct timer *t)
{
	struct item *i = container_of(t, struct item, timer);

	CHECK(i->is_set && i->expires_ns <= now_ns && i->cpu == cpu_id());
	CHECK(last_fired_ns <= i->expires_ns);
	last_fired_ns = i->expires_ns;
	i->fired++;
	i->is_set = false;
	if (i->restarts > 0) {
		i->restarts--;
		i->is_set = true;
		i->expires_ns = now_ns + 1 + test_random_below(50);
		timer_start(t, i->expires_ns);
	}
}

static void check_hardware(void)
{
	for (int k = 0; k < TIMERS; k++) {
		CHECK(items[k].timer.is_queued == items[k].is_set);
		if (items[k].is_set)
			CHECK(hardware_ns[items[k].cpu] && hardware_ns[items[k].cpu] <= items[k].expires_ns);
	}
}

/* Lets time pass; interrupts come when the hardware says so. */
static void pass(u64 ns)
{
	now_ns += ns;
	for (u32 cpu = 0; cpu < cpus_online; cpu++) {
		host_switch_cpu(cpu);
		while (hardware_ns[cpu] && hardware_ns[cpu] <= now_ns) {
			hardware_ns[cpu] = 0;
			last_fired_ns = 0;
			timer_interrupt();
		}
	}
}

static void test_random_use(void)
{
	for (int k = 0; k < TIMERS; k++)
		timer_init(&items[k].timer, item_fired);
	for (int step = 0; step < 20000; step++) {
		struct item *i = &items[test_random_below(TIMERS)];

		host_switch_cpu((u32)test_random_below(cpus_online));
		switch (test_random_below(4)) {
		case 0: case 1:
			i->expires_ns = now_ns + test_random_below(300);
			i->cpu = cpu_id();
			i->is_set = true;
			i->restarts = (int)test_random_below(3);
			timer_start(&i->timer, i->expires_ns);
			break;
		case 2:
			CHECK(timer_cancel(&i->timer) == i->is_set);
			i->is_set = false;
			break;
		default:
			pass(test_random_below(40));
			for (int k = 0; k < TIMERS; k++)
				CHECK(!items[k].is_set || items[k].expires_ns > now_ns);
			break;
		}
		check_hardware();
	}
	for (int k = 0; k < 1000; k++)
		pass(100);
	for (int k = 0; k < TIMERS; k++)
		CHECK(!items[k].is_set);
}

static void test_tick(void)
{
	host_switch_cpu(0);
	ticks = 0;
	timer_set_tick(now_ns + 1000);
	pass(999);
	CHECK(ticks == 0);
	pass(1);
	CHECK(ticks == 1 && tick_at == now_ns);
	pass(100000);
	CHECK(ticks == 1);		/* asked for once */
}

/* A timer further off than what the hardware waits for costs no device access. */
static void test_hardware_is_spared(void)
{
	struct timer far, near;

	host_switch_cpu(0);
	timer_init(&far, item_fired);
	timer_init(&near, item_fired);
	timer_start(&near, now_ns + 100);
	hardware_ns[0] = 77;		/* marks that it was not touched */
	timer_start(&far, now_ns + 200);
	CHECK(hardware_ns[0] == 77);
	CHECK(timer_cancel(&near) && timer_cancel(&far));
	CHECK(!timer_cancel(&near));
	hardware_ns[0] = 0;
	timer_interrupt();		/* the spurious one that the cancelled timer leaves behind */
	CHECK(hardware_ns[0] == 0);
}

int main(void)
{
	host_init(16);
	TEST_RUN(test_random_use);
	TEST_RUN(test_tick);
	TEST_RUN(test_hardware_is_spared);
	return test_end();
}
