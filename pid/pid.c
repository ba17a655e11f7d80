/*
 * pid/pid.c: gives numbers out and finds who has them.
 * Way in: pid_new (clone), pid_attach/detach (link, exec, release), pid_find and task_find (kill, wait, /proc).
 * A number is free again when no task hangs on its pid in any role: a zombie, a process group or a session keeps it.
 * Numbers go up and wrap at pid_max to RESERVED_PIDS, so one is not reused early.
 * Locks: tasklist_lock for the lists; ns->lock for the map. Errors: -EAGAIN no number, -ENOMEM, -EEXIST, -EINVAL, -EPERM.
 * Source: fork(2), pid_namespaces(7), proc(5) on pid_max.
 */
#include "pid/pid.h"
#include "namespace/user.h"
#include "task/task.h"
#include "mm/slab.h"
#include "base/printk.h"
#include "base/string.h"
#include "base/errno.h"
#include <linux/capability.h>

#define RESERVED_PIDS 300
/* Unsigned: to divide a number by them, which is never negative in a map, takes one shift. */
#define CHUNK_NUMBERS 32768U	/* numbers in one piece of the bit map */
#define WORD_NUMBERS 64U
#define BUCKETS 512U		/* numbers in use follow each other: they spread evenly */

/* A bit for each number in use, in pieces made when first needed (one, unless pid_max is raised), and chains by number. */
struct pid_map {
	struct pid *buckets[BUCKETS];
	u64 *bits[PID_MAX_LIMIT / CHUNK_NUMBERS];
};

static size_t pid_size(int level) { return sizeof(struct pid) + (level + 1) * sizeof(struct pid_number); }

int pid_max = PID_MAX_DEFAULT;

/* -- the map; ns->lock is held -- */
/* The word with the number's bit; NULL: none there yet (made when is_new says so, if memory allows). */
static u64 *map_word_locked(struct pid_ns *ns, int number, bool is_new)
{
	if (!ns->map && is_new)
		ns->map = kzalloc(sizeof(*ns->map));
	if (!ns->map)
		return NULL;
	u64 **chunk = &ns->map->bits[number / CHUNK_NUMBERS];
	if (!*chunk && is_new)
		*chunk = kzalloc(CHUNK_NUMBERS / 8);
	return *chunk ? *chunk + number % CHUNK_NUMBERS / WORD_NUMBERS : NULL;
}

static void map_take_locked(struct pid_ns *ns, struct pid *pid, int number, u64 *word)
{
	struct pid **bucket = &ns->map->buckets[number % BUCKETS];
	*word |= BIT(number % WORD_NUMBERS);
	pid->numbers[ns->level].number = number;
	pid->numbers[ns->level].next = *bucket;
	*bucket = pid;
}

static void map_remove_locked(struct pid_ns *ns, struct pid *pid)
{
	struct pid_number *own = &pid->numbers[ns->level];
	struct pid **at = &ns->map->buckets[own->number % BUCKETS];
	while (*at != pid)
		at = &(*at)->numbers[ns->level].next;
	*at = own->next;
	*map_word_locked(ns, own->number, false) &= ~BIT(own->number % WORD_NUMBERS);
}

static struct pid *map_find_locked(struct pid_ns *ns, int number)
{
	struct pid *p = ns->map ? ns->map->buckets[number % BUCKETS] : NULL;
	while (p && p->numbers[ns->level].number != number)
		p = p->numbers[ns->level].next;
	return p;
}

/* Takes the next free number after ns->last, cyclic. While somebody else is about to become process 1 here, nobody can
 * be process 2. */
static int number_next_locked(struct pid_ns *ns, struct pid *pid)
{
	int low = ns->last >= RESERVED_PIDS ? RESERVED_PIDS : 1;
	int number = ns->last, end = READ_ONCE(pid_max);
	if (unlikely(!ns->reaper && ns->used))
		return -EAGAIN;
	for (int tries = 0; tries < end; tries++) {
		if (++number >= end)
			number = low;
		u64 *word = map_word_locked(ns, number, true);
		if (!word)
			return -ENOMEM;
		if (*word & BIT(number % WORD_NUMBERS))
			continue;
		map_take_locked(ns, pid, number, word);
		ns->last = number;
		return number;
	}
	return -EAGAIN;
}

static int number_fixed_locked(struct pid_ns *ns, struct pid *pid, int number)
{
	if (number != 1 && !ns->reaper)
		return -EINVAL;
	u64 *word = map_word_locked(ns, number, true);
	if (!word)
		return -ENOMEM;
	if (*word & BIT(number % WORD_NUMBERS))
		return -EEXIST;
	map_take_locked(ns, pid, number, word);
	return number;
}

static void numbers_free(struct pid *p, int from_level)
{
	for (int i = from_level; i <= p->level; i++) {
		struct pid_ns *ns = p->numbers[i].ns;
		if (p->numbers[i].number <= 0)
			continue;
		unsigned long flags = spin_lock_irqsave(&ns->lock);
		map_remove_locked(ns, p);
		ns->used--;
		if (!ns->used && !ns->reaper)
			ns->last = 0;	/* a first process that came to nothing: the next one is process 1 */
		p->numbers[i].number = -p->numbers[i].number; /* kept for those who hold the name of the dead */
		bool is_awaited = ns->is_dead;
		spin_unlock_irqrestore(&ns->lock, flags);
		if (unlikely(is_awaited))
			wake_up_all(&ns->emptied);
	}
}

void pid_map_free(struct pid_ns *ns)
{
	if (!ns->map)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ns->map->bits); i++)
		kfree(ns->map->bits[i]);
	kfree(ns->map);
	ns->map = NULL;
}

static bool may_choose_in(struct pid_ns *ns)
{
	return ns_capable(ns->ns.owner, CAP_CHECKPOINT_RESTORE) || ns_capable(ns->ns.owner, CAP_SYS_ADMIN);
}

int pid_numbers_check(struct pid_ns *ns, const int *set_numbers, int n)
{
	if (n > ns->level + 1)
		return -EINVAL;
	for (int i = 0; i < n; i++, ns = ns->parent) {
		if (set_numbers[i] < 1 || set_numbers[i] >= READ_ONCE(pid_max))
			return -EINVAL;
		if (set_numbers[i] != 1 && !READ_ONCE(ns->reaper))
			return -EINVAL;
		if (!may_choose_in(ns))
			return -EPERM;
	}
	return 0;
}

/* Most names are of the first namespace: those come back as good as new, with no task and nobody waiting. */
static void pid_construct(void *obj)
{
	struct pid *p = obj;
	for (int i = 0; i < PID_TYPES; i++)
		list_init(&p->tasks[i]);
	waitqueue_init(&p->exit_wait);
}

static struct slab_cache pid_cache;
SLAB_TYPE(pid_type, &pid_cache, "pid", sizeof(struct pid) + sizeof(struct pid_number), 8, false, pid_construct);

static struct pid *pid_alloc(int level)
{
	struct pid *p = level ? kmalloc(pid_size(level)) : slab_alloc(&pid_cache);
	if (!p)
		return NULL;
	if (level)
		pid_construct(p);
	refcount_set(&p->count, 1);
	p->level = level;
	return p;
}

static void pid_free_memory(struct pid *p)
{
	if (p->level)
		kfree(p);
	else
		slab_free(&pid_cache, p);
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
		p->numbers[i].ns = at;
		unsigned long flags = spin_lock_irqsave(&at->lock);
		int number = at->is_dead ? -ENOMEM : wanted ? number_fixed_locked(at, p, wanted) : number_next_locked(at, p);
		if (number > 0)
			at->used++;
		spin_unlock_irqrestore(&at->lock, flags);
		if (number < 0) {
			numbers_free(p, i + 1);
			pid_free_memory(p);
			return ERR_PTR(number);
		}
	}
	ns_get(&ns->ns);
	return p;
}

void pid_free(struct pid *p)
{
	struct pid_ns *ns = pid_ns_of(p);
	if (p->numbers[0].number > 0)	/* no task ever took it (a failed clone) */
		numbers_free(p, 0);
	ns_put(&ns->ns);
	pid_free_memory(p);
}

struct pid *pid_find(int number, struct pid_ns *ns)
{
	if (number <= 0 || number >= PID_MAX_LIMIT)
		return NULL;
	unsigned long flags = spin_lock_irqsave(&ns->lock);
	struct pid *p = map_find_locked(ns, number);
	if (p && !refcount_inc_not_zero(&p->count))
		p = NULL;
	spin_unlock_irqrestore(&ns->lock, flags);
	return p;
}

/* The first number in use at or above number; 0: none. */
static int number_used_from_locked(struct pid_ns *ns, int number)
{
	while (number < PID_MAX_LIMIT) {
		const u64 *word = map_word_locked(ns, number, false);
		if (!word) {
			number = (int)(ALIGN_DOWN((unsigned)number, CHUNK_NUMBERS) + CHUNK_NUMBERS);
			continue;
		}
		u64 bits = *word >> number % WORD_NUMBERS;
		if (bits)
			return number + __builtin_ctzl(bits);
		number += (int)(WORD_NUMBERS - number % WORD_NUMBERS);
	}
	return 0;
}

struct pid *pid_find_from(int *number, struct pid_ns *ns)
{
	struct pid *p = NULL;
	unsigned long flags = spin_lock_irqsave(&ns->lock);
	for (int i = MAX(*number, 1); !p && (i = number_used_from_locked(ns, i)); i++) {
		p = map_find_locked(ns, i);
		if (p && !refcount_inc_not_zero(&p->count))
			p = NULL;
		if (p)
			*number = i;
	}
	spin_unlock_irqrestore(&ns->lock, flags);
	return p;
}

int pid_last_number_in(const struct pid *p, const struct pid_ns *ns)
{
	if (!p || ns->level > p->level || p->numbers[ns->level].ns != ns)
		return 0;
	int number = p->numbers[ns->level].number;
	return number < 0 ? -number : number;
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
	struct pid_ns *ns = current_pid_ns();
	if (number == current->pid->numbers[current->pid->level].number)
		return task_get(current);	/* one's own needs no looking up */
	if (number <= 0 || number >= PID_MAX_LIMIT)
		return NULL;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	spin_lock(&ns->lock);
	struct pid *p = map_find_locked(ns, number);
	struct task *t = p ? pid_first_task_locked(p, PID_TASK) : NULL;
	if (t)
		task_get(t);
	spin_unlock(&ns->lock);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return t;
}

struct task *pid_get_task(struct pid *p)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task *t = pid_first_task_locked(p, PID_TASK);
	if (t)
		task_get(t);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return t;
}
