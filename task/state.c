/*
 * task/state.c: the task itself: its struct and kernel stack, the list of all processes, small questions about a task.
 * Way in: task_alloc (clone.c), task_put (whoever held it); everyone for the helpers.
 * Locks: tasklist_lock (this file's) for the tree; task->lock for comm and the room pointers that others read.
 */
#include "task/task.h"
#include "task/internal.h"
#include "arch/arch.h"
#include "cgroup/cgroup.h"
#include "debug/stack_watch.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/kstack.h"
#include "fs/vfs.h"
#include "base/string.h"

static void task_construct(void *obj);
SLAB_CONSTRUCTED(task_cache, struct task, task_construct);
struct spinlock tasklist_lock = SPINLOCK_INIT(RANK_TASKLIST);
struct list all_processes = LIST_INIT(all_processes);
atomic_t task_count = ATOMIC_INIT(0);
int threads_max;
struct task first_task;
struct task *init_task;

/* What is so in every task between two lives: a free lock, empty lists. */
static void lists_init(struct task *t)
{
	spin_init(&t->lock, RANK_TASK);
	for (int i = 0; i < PID_TYPES; i++)
		list_init(&t->pid_links[i]);
	list_init(&t->children);
	list_init(&t->sibling);
	list_init(&t->traced);
	list_init(&t->traced_node);
	list_init(&t->thread_node);
	list_init(&t->all_node);
	t->pending.set = 0;
	list_init(&t->pending.queue);
	list_init(&t->pi_owned);
}

static __attribute__((unused)) bool are_lists_empty(const struct task *t)
{
	for (int i = 0; i < PID_TYPES; i++)
		if (!list_is_empty(&t->pid_links[i]))
			return false;
	return list_is_empty(&t->children) && list_is_empty(&t->sibling) && list_is_empty(&t->traced) &&
	       list_is_empty(&t->traced_node) && list_is_empty(&t->thread_node) && list_is_empty(&t->all_node) &&
	       !t->pending.set && list_is_empty(&t->pending.queue) && list_is_empty(&t->pi_owned);
}

static void task_construct(void *obj)
{
	lists_init(obj);
	arch_task_construct(obj);
}

/* What zeroed memory does not say of a task that holds nothing yet. */
static void task_set_empty(struct task *t)
{
	refcount_set(&t->count, 1);
	t->state = TASK_NEW;
	t->exit_signal = -1;
	t->leader = t;
	t->restart.fn = NULL;
}

void task_init(void)
{
	task_cache.size = sizeof(struct task) + (u32)arch_task_extra_bytes();
	lists_init(&first_task);
	task_set_empty(&first_task);
}

/* An empty task with its kernel stack on node. Every list and lock is ready, no room is held. NULL: out of memory. */
struct task *task_alloc(int node)
{
	struct task *t = slab_alloc(&task_cache);
	if (!t)
		return NULL;
	memset(t, 0, offsetof(struct task, lock));
	task_set_empty(t);
	t->kstack = kstack_alloc(node);
	if (!t->kstack) {
		slab_free(&task_cache, t);
		return NULL;
	}
	atomic_inc(&task_count);
	return t;
}

void task_put(struct task *t)
{
	if (!t || !refcount_dec(&t->count))
		return;
	rooms_drop(t);
	cgroup_put(t->cgroup);
	stack_watch_end(t);
	kstack_free(t->kstack);
	atomic_dec(&task_count);
	ASSERT(are_lists_empty(t));
	slab_free(&task_cache, t);
}

struct pid *current_process_name(void) { return pid_get(current->signal->pids[PID_TGID]); }

/* A parent or another thread may put the process into another group meanwhile, and so free the old name. */
struct pid *current_group_name(void)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct pid *p = pid_get(current->signal->pids[PID_PGID]);

	spin_unlock_irqrestore(&tasklist_lock, flags);
	return p;
}

void task_set_comm(struct task *t, const char *name)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	memset(t->comm, 0, sizeof(t->comm));
	strlcpy(t->comm, name, sizeof(t->comm));
	spin_unlock_irqrestore(&t->lock, flags);
}

struct mm *task_get_mm(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	struct mm *mm = t->flags & PF_KTHREAD ? NULL : t->mm;
	if (mm)
		mm_get(mm);
	spin_unlock_irqrestore(&t->lock, flags);
	return mm;
}

struct fs_room *task_get_fs(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	struct fs_room *f = t->fs;
	if (f)
		refcount_inc(&f->count);
	spin_unlock_irqrestore(&t->lock, flags);
	return f;
}

const struct cred *task_get_cred(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	const struct cred *c = cred_get(t->real_cred);
	spin_unlock_irqrestore(&t->lock, flags);
	return c;
}

u32 task_uid(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	u32 uid = t->real_cred->uid;
	spin_unlock_irqrestore(&t->lock, flags);
	return uid;
}

/* sum * part / whole, without a product of 128 bits: a little precision of large numbers is given up. */
static u64 scale(u64 sum, u64 part, u64 whole)
{
	while (whole >> 32) {
		whole >>= 1;
		part >>= 1;
	}
	return sum / whole * part + sum % whole * part / whole;
}

/* User and system time: the samples of the tick, scaled so that both add up to the scheduler's exact sum. */
void task_cpu_times(struct task *t, u64 *user_ns, u64 *system_ns)
{
	u64 sum = sched_cpu_time_ns(t), u = t->utime_ns, s = t->stime_ns;
	*user_ns = s == 0 ? sum : u == 0 ? 0 : scale(sum, u, u + s);
	*system_ns = sum - *user_ns;
}

void process_cpu_times(struct task *t, u64 *user_ns, u64 *system_ns)
{
	u64 u = 0, s = 0;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct signal *sig = t->signal;
	if (sig) {
		struct task *thread;
		u = sig->dead_threads.user_ns;
		s = sig->dead_threads.system_ns;
		list_for_each(thread, &sig->thread_list, thread_node) {
			u64 tu, ts;
			task_cpu_times(thread, &tu, &ts);
			u += tu;
			s += ts;
		}
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	*user_ns = u;
	*system_ns = s;
}

char task_state_letter(struct task *t)
{
	u32 state = READ_ONCE(t->state);
	if (t->exit_state == EXIT_ZOMBIE)
		return 'Z';
	if (t->exit_state == EXIT_DEAD)
		return 'X';
	if (state == TASK_RUNNING || state == TASK_NEW)
		return 'R';
	if (state & TASK_TRACED)
		return 't';
	if (state & TASK_STOPPED)
		return 'T';
	if (state & TASK_UNINTERRUPTIBLE)
		return 'D';
	return state & TASK_INTERRUPTIBLE ? 'S' : 'X';
}
