/*
 * debug/provoke.c: the debug build's way to do wrong on purpose: what the checks of this kernel must find, each by its name.
 * Way in: /proc/furca/provoke (root's): "WHAT [SECONDS]" provokes, a read lists what there is. tests/vm/debug.sh looks at what
 * each brings about. Locks: what is provoked takes its own. Errors: -EINVAL for an unknown word; most do not come back.
 */
#ifdef FURCA_DEBUG
#include "debug/provoke.h"
#include "arch/arch.h"
#include "base/atomic.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/buddy.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "sync/mutex.h"
#include "task/task.h"

static struct spinlock outer = SPINLOCK_INIT(RANK_TASK), inner = SPINLOCK_INIT(RANK_SLAB);
static struct mutex mutex = MUTEX_INIT(mutex, RANK_MOUNT);
static volatile int zero, many = 40;
static u64 end_ns(unsigned seconds) { return arch_clock_ns() + seconds * NSEC_PER_SEC; }

/* -- what the watch tells of -- */
static void sleep_long(unsigned seconds)
{
	u64 end = end_ns(seconds);

	while (arch_clock_ns() < end) {
		task_set_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout(end);
	}
}

static void sleep_with_mutex(unsigned seconds)
{
	mutex_lock(&mutex);
	sleep_long(seconds);
	mutex_unlock(&mutex);
}

static __noinline void loop(unsigned seconds)
{
	for (u64 end = end_ns(seconds); arch_clock_ns() < end;)
		arch_relax();
}

static void loop_in_spinlock(unsigned seconds)
{
	spin_lock(&outer);
	loop(seconds);
	spin_unlock(&outer);
}

static void loop_without_interrupts(unsigned seconds)
{
	unsigned long flags = arch_irq_save();

	loop(seconds);
	arch_irq_restore(flags);
}

/* -- locks -- */
static void lock_order(unsigned unused)
{
	spin_lock(&inner);
	spin_lock(&outer);
}

static void lock_twice(unsigned unused)
{
	spin_lock(&outer);
	spin_lock(&outer);
}

static void unlock_free(unsigned unused) { spin_unlock(&outer); }

static void sleep_in_spinlock(unsigned unused)
{
	spin_lock(&outer);
	schedule();
}

static void mutex_in_spinlock(unsigned unused)
{
	spin_lock(&outer);
	mutex_lock(&mutex);
}

static void user_copy_in_spinlock(unsigned unused)
{
	char c;

	spin_lock(&outer);
	(void)!copy_from_user(&c, current->mm->stack_start, 1);
}

/* -- memory. Pointers that the compiler must not see through -- */
static void *hidden(void *p)
{
	__asm__ volatile("" : "+r"(p));
	return p;
}

static void use_freed(unsigned unused)
{
	char *p = kmalloc(100);

	kfree(p);
	WRITE_ONCE(((char *)hidden(p))[8], 1);
}

static void overflow(unsigned unused)
{
	char *p = kmalloc(100);

	WRITE_ONCE(((char *)hidden(p))[112], 1);
}

static void use_free_page(unsigned unused)
{
	struct page *p = page_alloc(NODE_ANY, PAGE_KERNEL, 0);

	page_free(p, 0);
	(void)READ_ONCE(*(char *)hidden(page_address(p)));
}

/* By a store that nobody asks about: found when the object leaves the quarantine. */
static void write_freed(unsigned unused)
{
	char *p = kmalloc(100);

	kfree(p);
	memset(hidden(p), 0, (size_t)many);	/* in assembler */
	for (int i = 0; i < 2000; i++)
		kfree(kmalloc(100));
}

static void null(unsigned unused) { WRITE_ONCE(*(int *)hidden(NULL), 1); }

/* -- counts -- */
struct provoked { long pad; refcount_t count; };
static SLAB_CACHE(provoked_cache, struct provoked);

static void count_wraps(unsigned unused)
{
	struct provoked *p = slab_zalloc(&provoked_cache);

	refcount_set(&p->count, 0x7fffffff);
	refcount_inc(&p->count);
	refcount_inc(&p->count);
}

static void count_dead(unsigned unused)
{
	struct provoked *p = slab_zalloc(&provoked_cache);

	refcount_inc(&p->count);
}

/* -- what C leaves undefined -- */
static void undefined_index(unsigned unused)
{
	static volatile int few[4];

	few[many] = 1;
}

static void undefined_shift(unsigned unused) { zero = 1 << many; }
static void divide(unsigned unused) { zero = many / zero; }

/* -- stacks -- */
static __noinline unsigned recurse(unsigned depth)
{
	volatile char room[200];

	room[depth % sizeof(room)] = (char)depth;
	return zero ? depth : recurse(depth + 1) + (unsigned)room[depth % sizeof(room)];
}

static void stack_overflow(unsigned unused) { zero = (int)recurse(0); }

static void stack_mark(unsigned unused)
{
	*(volatile u64 *)current->kstack = 0;
	schedule();
}

static void bug(unsigned unused) { BUG_ON(many); }

static const struct { const char *name; void (*provoke)(unsigned seconds); } list[] = {
	{ "sleep", sleep_long }, { "sleep-with-mutex", sleep_with_mutex }, { "loop", loop },
	{ "loop-in-spinlock", loop_in_spinlock }, { "loop-without-interrupts", loop_without_interrupts },
	{ "lock-order", lock_order }, { "lock-twice", lock_twice }, { "unlock-free", unlock_free },
	{ "sleep-in-spinlock", sleep_in_spinlock }, { "mutex-in-spinlock", mutex_in_spinlock },
	{ "user-copy-in-spinlock", user_copy_in_spinlock }, { "use-freed", use_freed }, { "overflow", overflow },
	{ "use-free-page", use_free_page }, { "write-freed", write_freed }, { "null", null }, { "count-wraps", count_wraps },
	{ "count-dead", count_dead }, { "undefined-index", undefined_index }, { "undefined-shift", undefined_shift },
	{ "divide", divide }, { "stack-overflow", stack_overflow }, { "stack-mark", stack_mark }, { "bug", bug },
};

int provoke(const char *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		size_t n = strlen(list[i].name);

		if (strncmp(what, list[i].name, n) || (what[n] && what[n] != ' ' && what[n] != '\n'))
			continue;
		list[i].provoke(what[n] == ' ' ? (unsigned)strtou64(what + n + 1, NULL, 10) : 1);
		return 0;
	}
	return -EINVAL;
}

const char *provoke_name(size_t i) { return i < ARRAY_SIZE(list) ? list[i].name : NULL; }
#endif
