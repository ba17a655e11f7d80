/*
 * mm/oom.c: out of memory: the largest task is killed, and said so in the log. The kernel itself never dies of it.
 *
 * Size is resident pages and tables, moved by oom_score_adj as on Linux. Whoever shares the victim's address space is
 * killed with it. One victim at a time: the others wait until it has given its memory up, or WAIT_NS have passed.
 * Way in: who needs memory and has none, with no spinlock held; it tries again afterwards.
 * Locks: tasklist_lock, task->lock, oom_lock (rank of task fields, a leaf). Source: proc(5), oom_score_adj.
 */
#include "mm/oom.h"
#include "mm/buddy.h"
#include "task/task.h"
#include "time/time.h"
#include "base/printk.h"

#define WAIT_NS (5 * NSEC_PER_SEC)
#define POLL_NS NSEC_PER_MSEC

static struct spinlock oom_lock = SPINLOCK_INIT(RANK_TASK);
static struct task *victim;		/* reference; oom_lock */
static u64 victim_until_ns;		/* oom_lock */

struct choice {
	struct task *task;
	s64 points;
	u64 total, anon, file, shmem;	/* pages */
};

struct task *oom_lock_thread_with_mm(struct task *t)
{
	struct task *thread;

	list_for_each(thread, &t->signal->thread_list, thread_node) {
		spin_lock(&thread->lock);
		if (thread->mm)
			return thread;
		spin_unlock(&thread->lock);
	}
	return NULL;
}

bool oom_may_kill(const struct task *t)
{
	return !(t->flags & PF_KTHREAD) && t->leader != init_task && t->signal && t->signal->oom_score_adj > -1000;
}

static void consider(struct task *t, struct choice *best)
{
	struct task *thread = oom_may_kill(t) ? oom_lock_thread_with_mm(t) : NULL;
	struct mm *mm;
	s64 points;

	if (!thread)
		return;
	mm = thread->mm;
	points = (s64)mm_rss_pages(mm) + t->signal->oom_score_adj * (s64)(memory_total_pages() / 1000);
	if (!best->task || points >= best->points)	/* of equals the younger, as Linux: a child before its parent */
		*best = (struct choice){ t, points, mm->total_pages, pt_rss(mm, RSS_ANON), pt_rss(mm, RSS_FILE),
					 pt_rss(mm, RSS_SHMEM) };
	spin_unlock(&thread->lock);
}

/* The largest, with a reference; task NULL: nobody is left. */
static struct choice choose(void)
{
	struct choice best = { .task = NULL };
	struct task *t;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	list_for_each(t, &all_processes, all_node)
		consider(t, &best);
	if (best.task)
		task_get(best.task);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return best;
}

/* A process on its way out has let go of its address space, but not yet of all else. */
static bool somebody_is_leaving(void)
{
	struct task *t;
	bool is_leaving = false;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	list_for_each(t, &all_processes, all_node) {
		struct task *thread = oom_may_kill(t) ? oom_lock_thread_with_mm(t) : NULL;

		if (thread)
			spin_unlock(&thread->lock);
		else
			is_leaving |= oom_may_kill(t) && t->exit_state == EXIT_NONE;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return is_leaving;
}

bool oom_uses_mm(struct task *t, const struct mm *mm)
{
	struct task *thread = oom_lock_thread_with_mm(t);
	bool is_same;

	if (!thread)
		return false;
	is_same = thread->mm == mm;
	spin_unlock(&thread->lock);
	return is_same;
}

/* The next process with this address space that has not been killed for it, with a reference. */
static struct task *next_sharer(const struct mm *mm)
{
	struct task *t, *found = NULL;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	list_for_each(t, &all_processes, all_node) {
		if (!found && oom_may_kill(t) && !t->oom_victim && oom_uses_mm(t, mm))
			found = task_get(t);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return found;
}

static void kill_one(struct task *t)
{
	t->oom_victim = 1;
	(void)signal_send_process(SIGKILL, NULL, t);
}

static void kill_choice(const struct choice *c)
{
	struct task *t = c->task, *other;
	const struct mm *mm;
	unsigned long flags;

	log_error("Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB, "
		  "UID:%u oom_score_adj:%d\n", t->tgid, t->comm, c->total * 4, c->anon * 4, c->file * 4, c->shmem * 4,
		  task_uid(t), t->signal->oom_score_adj);
	flags = spin_lock_irqsave(&t->lock);
	mm = t->mm;
	spin_unlock_irqrestore(&t->lock, flags);
	kill_one(t);
	while (mm && (other = next_sharer(mm)) != NULL) {
		kill_one(other);
		task_put(other);
	}
}

/* The last victim still holds memory, and has not taken too long. */
static bool victim_is_dying(void)
{
	struct task *done = NULL;
	bool is_dying = false;
	unsigned long flags = spin_lock_irqsave(&oom_lock);

	if (victim) {
		is_dying = victim->exit_state == EXIT_NONE && time_now_ns() < victim_until_ns;
		if (!is_dying) {
			done = victim;
			victim = NULL;
		}
	}
	spin_unlock_irqrestore(&oom_lock, flags);
	if (done)
		task_put(done);
	return is_dying;
}

void oom_victim_is_gone(struct task *leader)
{
	unsigned long flags = spin_lock_irqsave(&oom_lock);
	bool is_it = victim == leader;

	if (is_it)
		victim = NULL;
	spin_unlock_irqrestore(&oom_lock, flags);
	if (is_it)
		task_put(leader);	/* never the last: the leader's parent has not waited yet */
}

/* Only one of those who find no memory chooses; the reference to the chosen is kept here. */
static bool become_chooser(struct task *t)
{
	bool is_first;
	unsigned long flags = spin_lock_irqsave(&oom_lock);

	is_first = !victim;
	if (is_first) {
		victim = task_get(t);
		victim_until_ns = time_now_ns() + WAIT_NS;
	}
	spin_unlock_irqrestore(&oom_lock, flags);
	return is_first;
}

static bool current_must_die(void)
{
	return !(current->flags & PF_KTHREAD) && (current->leader->oom_victim || fatal_signal_is_pending());
}

bool oom_kill(void)
{
	if (current_must_die())
		return true;
	if (memory_is_short() && !victim_is_dying()) {
		struct choice c = choose();

		if (!c.task && !somebody_is_leaving())
			panic("out of memory, and there is no process to kill");
		if (c.task && become_chooser(c.task))
			kill_choice(&c);
		if (c.task)
			task_put(c.task);
		if (current_must_die())
			return true;
	}
	task_set_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(time_now_ns() + POLL_NS);
	return false;
}
