/*
 * drivers/work.c: the work list: what interrupt handlers leave to a task that may sleep.
 *
 * Way in: work_queue() from any context. One kernel task, "kwork", runs the functions in order.
 * Locks: work_lock (irqsave). A piece of work is off the list before its function runs, so it may be queued again then.
 */
#include "drivers/drivers.h"
#include "base/printk.h"
#include "task/task.h"

static struct spinlock work_lock = SPINLOCK_INIT(RANK_DRIVER);
static struct list work_list = LIST_INIT(work_list);	/* work_lock */
static struct waitqueue work_wait = WAITQUEUE_INIT(work_wait);

void work_prepare(struct work *w, work_fn fn)
{
	list_init(&w->node);
	w->fn = fn;
}

void work_queue(struct work *w)
{
	unsigned long flags = spin_lock_irqsave(&work_lock);
	bool is_new = list_is_empty(&w->node);
	if (is_new)
		list_push_back(&work_list, &w->node);
	spin_unlock_irqrestore(&work_lock, flags);
	if (is_new)
		wake_up(&work_wait);
}

static struct work *work_take(void)
{
	struct work *w = NULL;
	unsigned long flags = spin_lock_irqsave(&work_lock);
	if (!list_is_empty(&work_list)) {
		w = list_first(&work_list, struct work, node);
		list_remove(&w->node);
	}
	spin_unlock_irqrestore(&work_lock, flags);
	return w;
}

static void work_run(void *unused)
{
	for (;;) {
		struct work *w;
		/* interruptible only so that it does not count as load: no signal reaches a kernel task */
		(void)!wait_event_interruptible(&work_wait, !list_is_empty(&work_list));
		while ((w = work_take()))
			w->fn(w);
	}
}

void work_init(void)
{
	struct task *t = kernel_task_new("kwork", work_run, NULL);
	if (IS_ERR(t))
		panic("no memory for the work task");
}
