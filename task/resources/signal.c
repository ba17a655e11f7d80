/*
 * task/resources/signal.c: the room "signal": what a thread group shares: its names, limits, timers, the sums of its dead
 * threads and reaped children. CLONE_THREAD shares it; a new process gets a fresh one that inherits the limits, the
 * terminal and the subreaper's mark, and nothing that is pending or counted.
 */
#include "task/internal.h"
#include "mm/slab.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "fs/tty/tty.h"
#include <linux/sched.h>

static void signal_construct(void *obj);
SLAB_CONSTRUCTED(signal_cache, struct signal, signal_construct);

/* What is so in every process between two lives: nobody in it or waiting, a timer that was never started. */
static void signal_construct(void *obj)
{
	struct signal *s = obj;
	list_init(&s->thread_list);
	s->shared_pending.set = 0;
	list_init(&s->shared_pending.queue);
	waitqueue_init(&s->child_wait);
	timer_init(&s->real_timer, itimer_real_fired);
	list_init(&s->posix_timers);
	mutex_init(&s->exec_lock, RANK_EXEC);
}

static __attribute__((unused)) bool is_as_constructed(const struct signal *s)
{
	return list_is_empty(&s->thread_list) && !s->shared_pending.set && list_is_empty(&s->shared_pending.queue) &&
	       list_is_empty(&s->child_wait.waiters) && !timer_was_started(&s->real_timer) &&
	       list_is_empty(&s->posix_timers) && !s->exec_lock.owner && list_is_empty(&s->exec_lock.waiters);
}

static void signal_init_fresh(struct signal *s, struct task *leader)
{
	memset(&s->threads, 0, offsetof(struct signal, limits) - offsetof(struct signal, threads));
	refcount_set(&s->count, 1);
	atomic_set(&s->live, 1);
	s->threads = 1;
	s->leader = leader;
}

static void signal_inherit(struct signal *s, const struct signal *from)
{
	spin_lock_irq(&current->leader->lock);
	memcpy(s->limits, from->limits, sizeof(s->limits));
	spin_unlock_irq(&current->leader->lock);
	s->oom_score_adj = from->oom_score_adj;
	s->oom_score_adj_least = from->oom_score_adj_least;
	if (!READ_ONCE(from->tty))	/* one that comes at this moment comes too late */
		return;
	spin_lock_irq(&current->sighand->lock);
	s->tty = from->tty ? tty_get(from->tty) : NULL;
	spin_unlock_irq(&current->sighand->lock);
}

int room_signal_copy(struct task *child, const struct clone_request *req)
{
	const struct signal *from = current->signal;	/* NULL: the first of all is made */
	struct signal *s = slab_alloc(&signal_cache);
	if (!s)
		return -ENOMEM;
	signal_init_fresh(s, child);
	child->signal = s;
	if (from)
		signal_inherit(s, from);
	else
		memset(s->limits, 0, sizeof(s->limits));
	return 0;
}

void room_signal_put(struct task *t, void *body)
{
	struct signal *s = body;

	pending_flush(&t->pending);
	pid_put(t->pid);
	t->pid = NULL;
	if (!refcount_dec(&s->count))
		return;
	if (unlikely(timer_was_started(&s->real_timer))) {
		timer_cancel(&s->real_timer);
		timer_init(&s->real_timer, itimer_real_fired);
	}
	pending_flush(&s->shared_pending);
	for (int i = 0; i < PID_TYPES; i++)
		pid_put(s->pids[i]);
	pid_put(s->tty_old_pgrp);
	pid_put(s->allowed_tracer);
	if (s->tty)
		tty_put(s->tty);
	ASSERT(is_as_constructed(s));
	slab_free(&signal_cache, s);
}
