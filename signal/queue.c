/*
 * signal/queue.c: the sets and queues of pending signals.
 * A signal below SIGRTMIN is pending once at most; a real-time one as often as it was sent, in order. Where no memory
 * or no room below RLIMIT_SIGPENDING is left, a signal may be pending without an entry in the queue: then its siginfo
 * is bare.
 * Locks: sighand->lock for all but pending_signal_free(). Source: signal(7), sigqueue(3).
 */
#include "signal/internal.h"
#include "task/cred.h"
#include "arch/arch.h"
#include "base/string.h"
#include "mm/slab.h"
#include "signal/itimer.h"
#include "time/posix_timers.h"
#include <linux/resource.h>

SLAB_CACHE(pending_signal_cache, struct pending_signal);

/* The real user of t; t's credentials change only under its lock, and current's only by itself. */
static struct user_account *account_of(struct task *t)
{
	struct user_account *a;
	unsigned long flags;

	if (t == current && !in_interrupt()) {
		a = t->real_cred->account;
		refcount_inc(&a->count);
		return a;
	}
	flags = spin_lock_irqsave(&t->lock);
	a = t->real_cred->account;
	refcount_inc(&a->count);
	spin_unlock_irqrestore(&t->lock, flags);
	return a;
}

struct pending_signal *pending_signal_new(struct task *t, int sig, bool may_exceed)
{
	struct user_account *a = account_of(t);
	struct pending_signal *q = NULL;

	account_add(a, ACCOUNT_SIGNALS, 1);
	if (may_exceed || !account_is_over(a, ACCOUNT_SIGNALS, 0, task_limit(t, RLIMIT_SIGPENDING)))
		q = slab_alloc(&pending_signal_cache);
	if (!q) {
		account_add(a, ACCOUNT_SIGNALS, -1);
		account_put(a);
		return NULL;
	}
	list_init(&q->node);
	q->account = a;
	q->timer = NULL;
	return q;
}

void pending_signal_free(struct pending_signal *q)
{
	if (q->timer)
		return;		/* a part of its timer, which frees it */
	account_add(q->account, ACCOUNT_SIGNALS, -1);
	account_put(q->account);
	slab_free(&pending_signal_cache, q);
}

void pending_add_locked(struct pending *p, int sig, struct pending_signal *q)
{
	if (q)
		list_push_back(&p->queue, &q->node);
	p->set |= SIG_BIT(sig);
}

void pending_flush_signals(struct pending *p, u64 mask)
{
	struct pending_signal *q, *next;

	if (!(p->set & mask))
		return;
	p->set &= ~mask;
	list_for_each_safe(q, next, &p->queue, node) {
		if (sig_in(mask, q->info.si_signo)) {
			list_remove(&q->node);
			pending_signal_free(q);
		}
	}
}

void pending_flush(struct pending *p)
{
	pending_flush_signals(p, ~0UL);
}

/* Faults first, then the lowest number. 0: none outside blocked. */
static int pending_next(const struct pending *p, u64 blocked)
{
	u64 set = p->set & ~blocked;

	if (!set)
		return 0;
	if (set & SIGNALS_SYNCHRONOUS)
		set &= SIGNALS_SYNCHRONOUS;
	return __builtin_ctzl(set) + 1;
}

/* Is there another of sig behind q? */
static bool is_queued_again(const struct pending *p, const struct pending_signal *q, int sig)
{
	const struct list *l;

	for (l = q->node.next; l != &p->queue; l = l->next) {
		if (container_of(l, const struct pending_signal, node)->info.si_signo == sig)
			return true;
	}
	return false;
}

/* Takes the first entry of sig; the bit stays while there are more. */
static void pending_take(struct pending *p, int sig, struct signal_info *info)
{
	struct pending_signal *q;

	list_for_each(q, &p->queue, node) {
		if (q->info.si_signo != sig)
			continue;
		if (!is_queued_again(p, q, sig))
			p->set &= ~SIG_BIT(sig);
		*info = q->info;
		list_remove(&q->node);
		if (unlikely(q->timer))
			posix_timer_delivered_locked(q->timer, info);
		else
			pending_signal_free(q);
		return;
	}
	p->set &= ~SIG_BIT(sig);
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = SI_USER;
}

int signal_dequeue_locked(struct task *t, u64 mask, struct signal_info *info)
{
	int sig = pending_next(&t->pending, ~mask);

	if (sig) {
		pending_take(&t->pending, sig, info);
	} else {
		sig = pending_next(&t->signal->shared_pending, ~mask);
		if (!sig)
			return 0;
		pending_take(&t->signal->shared_pending, sig, info);
		if (sig == SIGALRM)
			itimer_real_restart_locked(t->signal);
	}
	signal_recompute(t);
	if (sig_in(SIGNALS_DEFAULT_STOP, sig))
		t->jobctl |= JOB_STOP_DEQUEUED;
	return sig;
}

/* A fault of t's own instruction goes before everything else, so that the handler's frame points at the instruction. */
int pending_take_synchronous_locked(struct task *t, struct signal_info *info)
{
	struct pending_signal *q;

	if (!(t->pending.set & ~t->blocked & SIGNALS_SYNCHRONOUS))
		return 0;
	list_for_each(q, &t->pending.queue, node) {
		int sig = q->info.si_signo;

		if (q->info.si_code > SI_USER && sig_in(SIGNALS_SYNCHRONOUS & ~t->blocked, sig)) {
			pending_take(&t->pending, sig, info);
			signal_recompute(t);
			return sig;
		}
	}
	return 0;
}

int signal_dequeue(u64 mask, struct signal_info *info)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);
	int sig = signal_dequeue_locked(current, mask, info);

	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return sig;
}
