/*
 * debug/events.c: the rings of process events, read: merged by time for /proc/furca/events and for the panic.
 * Locks: none. A ring is read while its CPU writes: a reader skips what was overwritten meanwhile, and may see the one
 * event that is just being written half old. Errors: -ENOMEM.
 */
#include "debug/events.h"
#include "mm/cow.h"
#include "mm/slab.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "time/time.h"

#define TEXT_MAX 120

static struct event_ring boot_ring;

int events_init_cpu(u32 cpu)
{
	struct event_ring *r = cpu ? kzalloc(sizeof(*r)) : &boot_ring;

	if (!r)
		return -ENOMEM;
	cpus[cpu].events = r;
	return 0;
}

static const char *const cow_names[8] = {
	[COW_SHARED] = "shared", [COW_SOLE] = "reused", [COW_ANON] = "copied", [COW_FILE] = "copied from the file",
	[COW_ZERO] = "zeroed", [COW_RETRY] = "retried",
};

static int format_detail(char *text, size_t size, const struct event *e)
{
	char name[sizeof(e->detail) + 1] = {};

	switch (e->kind) {
	case EVENT_CLONE: return scnprintf(text, size, "child %d flags %lx", e->other, e->detail);
	case EVENT_EXEC:
		memcpy(name, &e->detail, sizeof(e->detail));
		return scnprintf(text, size, "program %s", name);
	case EVENT_COW: return scnprintf(text, size, "page %lx %s", e->detail, cow_names[e->other & 7]);
	case EVENT_UNSHARE: return scnprintf(text, size, "table %lx level %d", e->detail, e->other);
	case EVENT_EXIT: return scnprintf(text, size, "code %lx", e->detail);
	case EVENT_REPARENT: return scnprintf(text, size, "child %d of %d", e->other, (int)e->detail);
	case EVENT_REAP: return scnprintf(text, size, "child %d code %lx", e->other, e->detail);
	case EVENT_SWITCH: return scnprintf(text, size, "to %d state %lx", e->other, e->detail);
	default: return scnprintf(text, size, "task %d", e->other);
	}
}

/* "SECONDS CPU KIND TASK ...": one event in words. */
static void format(char *text, size_t size, const struct event *e, u32 cpu)
{
	static const char *const names[EVENT_KINDS] = {
		"clone", "exec", "cow", "unshare", "exit", "reparent", "reap", "switch", "wake",
	};
	u64 ns = arch_cycles_to_ns(e->cycles);
	size_t n = (size_t)scnprintf(text, size, "%lu.%09lu %u %s %d ", (unsigned long)(ns / NSEC_PER_SEC),
				     (unsigned long)(ns % NSEC_PER_SEC), cpu,
				     names[e->kind % EVENT_KINDS], e->task);
	format_detail(text + n, size - n, e);
}

/* Where each CPU's reader stands. */
struct cursor { u32 at, end; };

static void cursors_begin(struct cursor *c)
{
	for (u32 cpu = 0; cpu < CPUS_MAX; cpu++) {
		const struct event_ring *r = cpus[cpu].events;

		c[cpu].end = r ? READ_ONCE(r->next) : 0;
		c[cpu].at = c[cpu].end - MIN(c[cpu].end, (u32)EVENTS_KEPT);
	}
}

/* The oldest event that no reader has passed; its CPU, or CPUS_MAX: there is none. */
static u32 cursors_next(struct cursor *c, struct event *out)
{
	u32 best = CPUS_MAX;

	for (u32 cpu = 0; cpu < CPUS_MAX; cpu++) {
		const struct event_ring *r = cpus[cpu].events;

		if (!r)
			continue;
		while (c[cpu].at != c[cpu].end && READ_ONCE(r->next) - c[cpu].at > EVENTS_KEPT)
			c[cpu].at++;
		if (c[cpu].at == c[cpu].end)
			continue;
		const struct event *e = &r->events[c[cpu].at % EVENTS_KEPT];
		if (best == CPUS_MAX || e->cycles < out->cycles) {
			*out = *e;
			best = cpu;
		}
	}
	if (best != CPUS_MAX)
		c[best].at++;
	return best;
}

void events_for_each(void (*line)(void *arg, const char *text), void *arg)
{
	struct cursor cursors[CPUS_MAX];
	char text[TEXT_MAX];
	struct event e;
	u32 cpu;

	cursors_begin(cursors);
	while ((cpu = cursors_next(cursors, &e)) != CPUS_MAX) {
		format(text, sizeof(text), &e, cpu);
		line(arg, text);
	}
}

static void log_line(void *arg, const char *text) { log_write(LOG_EMERG, "  %s", text); }

void events_print(void)
{
	log_write(LOG_EMERG, "process events:");
	events_for_each(log_line, NULL);
}
