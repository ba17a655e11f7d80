/*
 * pid/pid.c: gives numbers out and finds who has them.
 * Way in: pid_new (clone), pid_attach/detach (link, exec, release), pid_find and task_find (kill, wait, /proc).
 * A number is free again when no task hangs on its pid in any role: a zombie, a process group or a session keeps it.
 * Numbers go up and wrap at pid_max to RESERVED_PIDS, so one is not reused early.
 * Locks: tasklist_lock for the lists; ns->lock for the map. Errors: -EAGAIN no number, -ENOMEM, -EEXIST, -EINVAL.
 * Source: fork(2), pid_namespaces(7), proc(5) on pid_max.
 */
#include "pid/pid.h"
#include "task/task.h"
#include "mm/slab.h"
#include "base/printk.h"
#include "base/string.h"
#include "base/errno.h"

#define RESERVED_PIDS 300
#define MAP_LEAF 512


static size_t pid_size(int level) { return sizeof(struct pid) + (level + 1) * sizeof(struct pid_number); }

struct pid_ns first_pid_ns = {
	.count = REFCOUNT_INIT(1),
	.lock = SPINLOCK_INIT(RANK_PID),
	.max = PID_MAX_DEFAULT,
};

/* The place of a number in the map; NULL: no leaf there (made when is_new says so, if memory allows). */
static struct pid **map_slot(struct pid_ns *ns, int number, bool is_new)
{
	if (!ns->map) {
		if (!is_new)
			return NULL;
		ns->map = kzalloc(PID_MAX_LIMIT / MAP_LEAF * sizeof(void *));
		if (!ns->map)
			return NULL;
	}
	void **leaf = &ns->map[number / MAP_LEAF];
	if (!*leaf && is_new)
		*leaf = kzalloc(MAP_LEAF * sizeof(void *));
	return *leaf ? (struct pid **)*leaf + number % MAP_LEAF : NULL;
}

/* The next free number after ns->last, cyclic. */
static int number_next_locked(struct pid_ns *ns, struct pid *pid)
{
	int low = ns->last >= RESERVED_PIDS ? RESERVED_PIDS : 1;
	int number = ns->last;
	for (int tries = 0; tries < ns->max; tries++) {
		if (++number >= ns->max)
			number = low;
		struct pid **slot = map_slot(ns, number, true);
		if (!slot)
			return -ENOMEM;
		if (*slot)
			continue;
		*slot = pid;
		ns->last = number;
		return number;
	}
	return -EAGAIN;
}

static int number_fixed_locked(struct pid_ns *ns, struct pid *pid, int number)
{
	if (number < 1 || number >= ns->max)
		return -EINVAL;
	if (number != 1 && !ns->reaper)
		return -EINVAL;
	struct pid **slot = map_slot(ns, number, true);
	if (!slot)
		return -ENOMEM;
	if (*slot)
		return -EEXIST;
	*slot = pid;
	return number;
}

static void numbers_free(struct pid *p, int from_level)
{
	for (int i = from_level; i <= p->level; i++) {
		struct pid_ns *ns = p->numbers[i].ns;
		if (p->numbers[i].number <= 0)
			continue;
		unsigned long flags = spin_lock_irqsave(&ns->lock);
		*map_slot(ns, p->numbers[i].number, false) = NULL;
		ns->used--;
		p->numbers[i].number = -p->numbers[i].number; /* kept for those who hold the name of the dead */
		spin_unlock_irqrestore(&ns->lock, flags);
	}
}

static struct pid *pid_alloc(int level)
{
	struct pid *p = kzalloc(pid_size(level));
	if (!p)
		return NULL;
	refcount_set(&p->count, 1);
	p->level = level;
	for (int i = 0; i < PID_TYPES; i++)
		list_init(&p->tasks[i]);
	waitqueue_init(&p->exit_wait);
	return p;
}

struct pid *pid_new_idle(void)
{
	struct pid *p = pid_alloc(0);
	if (p)
		p->numbers[0] = (struct pid_number){ 0, &first_pid_ns };
	return p;
}

struct pid *pid_new(struct pid_ns *ns, const int *set_numbers, int n)
{
	struct pid *p = pid_alloc(ns->level);
	if (!p)
		return ERR_PTR(-ENOMEM);
	struct pid_ns *at = ns;
	for (int i = ns->level; i >= 0; i--, at = at->parent) {
		int wanted = ns->level - i < n ? set_numbers[ns->level - i] : 0;
		unsigned long flags = spin_lock_irqsave(&at->lock);
		int number = at->is_dead ? -ENOMEM : wanted ? number_fixed_locked(at, p, wanted) : number_next_locked(at, p);
		if (number > 0)
			at->used++;
		spin_unlock_irqrestore(&at->lock, flags);
		p->numbers[i].ns = at;
		if (number < 0) {
			numbers_free(p, i + 1);
			kfree(p);
			return ERR_PTR(number);
		}
		p->numbers[i].number = number;
	}
	refcount_inc(&ns->count);
	return p;
}

void pid_put(struct pid *p)
{
	if (!p || !refcount_dec(&p->count))
		return;
	struct pid_ns *ns = p->numbers[p->level].ns;
	numbers_free(p, 0); /* of a pid that no task ever took (a failed clone) */
	if (refcount_dec(&ns->count))
		panic("pid namespace lost while its first task lives");
	kfree(p);
}

struct pid *pid_find(int number, struct pid_ns *ns)
{
	if (number <= 0 || number >= PID_MAX_LIMIT)
		return NULL;
	unsigned long flags = spin_lock_irqsave(&ns->lock);
	struct pid **slot = map_slot(ns, number, false);
	struct pid *p = slot ? *slot : NULL;
	if (p && !refcount_inc_not_zero(&p->count))
		p = NULL;
	spin_unlock_irqrestore(&ns->lock, flags);
	return p;
}

struct pid *pid_find_from(int *number, struct pid_ns *ns)
{
	struct pid *p = NULL;
	unsigned long flags = spin_lock_irqsave(&ns->lock);
	for (int i = *number; ns->map && i < ns->max && !p; i++) {
		if (i < 1)
			continue;
		struct pid **leaf = ns->map[i / MAP_LEAF];
		if (!leaf) {
			i |= MAP_LEAF - 1;
			continue;
		}
		p = leaf[i % MAP_LEAF];
		if (p && !refcount_inc_not_zero(&p->count))
			p = NULL;
		if (p)
			*number = i;
	}
	spin_unlock_irqrestore(&ns->lock, flags);
	return p;
}

int pid_number_in(const struct pid *p, const struct pid_ns *ns)
{
	if (!p || ns->level > p->level || p->numbers[ns->level].ns != ns)
		return 0;
	int number = p->numbers[ns->level].number;
	return number > 0 ? number : 0;
}

void pid_attach_locked(struct task *t, enum pid_type type, struct pid *p)
{
	list_push_back(&p->tasks[type], &t->pid_links[type]);
	if (type == PID_TASK)
		t->pid = p;
	else
		t->signal->pids[type] = p;
	pid_get(p);
}

/* No task hangs on it in any role: its numbers are free for others. */
static bool pid_is_unused_locked(struct pid *p)
{
	for (int i = 0; i < PID_TYPES; i++)
		if (!list_is_empty(&p->tasks[i]))
			return false;
	return true;
}

void pid_detach_locked(struct task *t, enum pid_type type)
{
	struct pid *p = type == PID_TASK ? t->pid : t->signal->pids[type];
	if (!p || list_is_empty(&t->pid_links[type]))
		return;
	list_remove(&t->pid_links[type]);
	if (pid_is_unused_locked(p))
		numbers_free(p, 0);
}

struct task *pid_first_task_locked(struct pid *p, enum pid_type type)
{
	if (list_is_empty(&p->tasks[type]))
		return NULL;
	return container_of(p->tasks[type].next, struct task, pid_links[type]);
}

struct task *task_find(int number)
{
	struct pid *p = pid_find(number, current_pid_ns());
	if (!p)
		return NULL;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task *t = pid_first_task_locked(p, PID_TASK);
	if (t)
		task_get(t);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	pid_put(p);
	return t;
}
