/*
 * signal/action.c: what each signal does: the room "sighand" and rt_sigaction(2).
 * The table of actions is a body that handles share until one of them writes (sighand_own_locked). Resets by exec, by
 * CLONE_CLEAR_SIGHAND and by SA_RESETHAND are bits in the handle over the table, so they need no memory.
 * Locks: sighand->lock; task->lock when another task may read t->sighand. Errors: EINVAL, EFAULT, ENOMEM.
 * Source: sigaction(2), signal(7), execve(2).
 */
#include "signal/internal.h"
#include "namespace/account.h"
#include "syscall/define.h"
#include "base/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "user_word.h"
#include <linux/resource.h>

#define SA_KNOWN ((u64)(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |           \
			SA_RESETHAND | SA_EXPOSE_TAGBITS | SA_RESTORER))

SLAB_CACHE(sighand_cache, struct sighand);
SLAB_CACHE(action_table_cache, struct action_table);

/* Nobody's own: never written, never freed. */
static struct action_table default_table = { .count = REFCOUNT_INIT(1) };

static void action_table_put(struct action_table *t)
{
	if (refcount_dec(&t->count))
		slab_free(&action_table_cache, t);
}

static void sighand_init(struct sighand *s, struct action_table *table)
{
	refcount_set(&s->count, 1);
	spin_init(&s->lock, RANK_SIGHAND);
	refcount_inc(&table->count);
	s->table = table;
	s->overridden = s->ignored = 0;
}

struct sighand *sighand_new(void)
{
	struct sighand *s = slab_alloc(&sighand_cache);

	if (s)
		sighand_init(s, &default_table);
	return s;
}

struct sighand *sighand_copy(struct sighand *from)
{
	struct sighand *s = slab_alloc(&sighand_cache);
	unsigned long flags;

	if (!s)
		return NULL;
	flags = spin_lock_irqsave(&from->lock);
	sighand_init(s, from->table);
	s->overridden = from->overridden;
	s->ignored = from->ignored;
	spin_unlock_irqrestore(&from->lock, flags);
	return s;
}

void sighand_put(struct sighand *s)
{
	if (!s || !refcount_dec(&s->count))
		return;
	action_table_put(s->table);
	slab_free(&sighand_cache, s);
}

int sighand_own_locked(struct sighand *s)
{
	struct action_table *mine;

	if (refcount_read(&s->table->count) == 1)
		return 0;
	mine = slab_alloc(&action_table_cache);
	if (!mine)
		return -ENOMEM;
	memcpy(mine, s->table, sizeof(*mine));
	refcount_set(&mine->count, 1);
	action_table_put(s->table);
	s->table = mine;
	return 0;
}

uptr sighand_handler_locked(const struct sighand *s, int sig)
{
	if (sig_in(s->overridden, sig))
		return sig_in(s->ignored, sig) ? HANDLER_IGNORE : HANDLER_DEFAULT;
	return s->table->actions[sig - 1].handler;
}

static __always_inline void action_read_locked(const struct sighand *s, int sig, struct action *out)
{
	if (unlikely(sig_in(s->overridden, sig)))
		*out = (struct action){ .handler = sighand_handler_locked(s, sig) };
	else
		*out = s->table->actions[sig - 1];
}

struct action sighand_action_locked(const struct sighand *s, int sig)
{
	struct action a;

	action_read_locked(s, sig, &a);
	return a;
}

/* The flags stay, where there is memory for a table of one's own to write it down in. */
void sighand_reset_handler_locked(struct sighand *s, int sig)
{
	if (!sighand_own_locked(s)) {
		s->table->actions[sig - 1].handler = HANDLER_DEFAULT;
		return;
	}
	s->overridden |= SIG_BIT(sig);
	s->ignored &= ~SIG_BIT(sig);
}

void sighand_ignore_locked(struct sighand *s, int sig)
{
	s->overridden |= SIG_BIT(sig);
	s->ignored |= SIG_BIT(sig);
}

static u64 ignored_set_locked(const struct sighand *s)
{
	u64 ignored = s->overridden & s->ignored;

	for (u64 rest = s->table->ever_ignored & ~s->overridden; rest; rest &= rest - 1) {
		int sig = __builtin_ctzl(rest) + 1;

		if (s->table->actions[sig - 1].handler == HANDLER_IGNORE)
			ignored |= SIG_BIT(sig);
	}
	return ignored;
}

/* All to the default, but what is ignored stays so. Returns the table that is no longer used. */
static struct action_table *sighand_reset_locked(struct sighand *s)
{
	struct action_table *old = s->table;

	s->ignored = s->overridden = ignored_set_locked(s);
	refcount_inc(&default_table.count);
	s->table = &default_table;
	return old;
}

static u64 caught_set_locked(const struct sighand *s)
{
	u64 caught = 0;

	for (int sig = 1; sig <= SIGNALS && s->table != &default_table; sig++) {
		if (sighand_handler_locked(s, sig) > HANDLER_IGNORE)
			caught |= SIG_BIT(sig);
	}
	return caught;
}

bool signal_describe(struct task *t, struct signal_sets *out)
{
	unsigned long flags;
	struct sighand *s = sighand_lock(t, &flags);

	if (!s)
		return false;
	out->pending = t->pending.set;
	out->shared_pending = t->signal->shared_pending.set;
	out->blocked = t->blocked;
	out->ignored = ignored_set_locked(s);
	out->caught = caught_set_locked(s);
	out->queue_limit = task_limit(t, RLIMIT_SIGPENDING);
	spin_lock(&t->lock);
	out->queued = atomic_read(&t->real_cred->account->items[ACCOUNT_SIGNALS]);
	spin_unlock(&t->lock);
	sighand_unlock(s, flags);
	return true;
}

int sighand_clear(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	struct action_table *old = sighand_reset_locked(t->sighand);

	spin_unlock_irqrestore(&t->sighand->lock, flags);
	action_table_put(old);
	return 0;
}

/* Another process shares the handle by CLONE_SIGHAND: t leaves it. exec cannot go back, so memory is waited for. */
static void sighand_unshare(struct task *t)
{
	struct sighand *old = t->sighand, *mine;
	unsigned long flags;

	while (!(mine = sighand_copy(old)))
		(void)oom_kill();
	flags = spin_lock_irqsave(&tasklist_lock);
	spin_lock(&old->lock);
	spin_lock(&t->lock);
	t->sighand = mine;
	spin_unlock(&t->lock);
	spin_unlock(&old->lock);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	sighand_put(old);
}

void sighand_exec(struct task *t)
{
	if (refcount_read(&t->sighand->count) > 1)
		sighand_unshare(t);
	(void)sighand_clear(t);
	t->altstack_addr = t->altstack_size = 0;
	t->altstack_flags = 0;
}

/* An ignored signal is not kept: what is pending of it goes. */
static __noinline void flush_ignored_locked(struct task *t, int sig)
{
	struct task *thread;

	pending_flush_signals(&t->signal->shared_pending, SIG_BIT(sig));
	list_for_each(thread, &t->signal->thread_list, thread_node)
		pending_flush_signals(&thread->pending, SIG_BIT(sig));
}

static bool action_is_same(const struct action *a, const struct action *b)
{
	return a->handler == b->handler && a->flags == b->flags && a->mask == b->mask && a->restorer == b->restorer;
}

/* Into a table of one's own. */
static __always_inline void action_write_locked(struct sighand *s, int sig, const struct action *a)
{
	struct action_table *t = s->table;

	s->overridden &= ~SIG_BIT(sig);
	t->actions[sig - 1] = *a;
	if (unlikely(a->handler == HANDLER_IGNORE))
		t->ever_ignored |= SIG_BIT(sig);
}

/* Says in *before what it was. What changes nothing needs no table of one's own. */
static __noinline int action_swap(int sig, const struct action *a, struct action *before)
{
	struct sighand *s = current->sighand;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool is_same;
	int err = 0;

	action_read_locked(s, sig, before);
	is_same = action_is_same(a, before);
	if (!is_same)
		err = sighand_own_locked(s);
	if (!is_same && likely(!err))
		action_write_locked(s, sig, a);
	if (handler_ignores(a->handler, sig) && likely(!err))
		flush_ignored_locked(current, sig);
	spin_unlock_irqrestore(&s->lock, flags);
	return err;
}

/* All of it, for who wants to know what it was, and for what happens seldom. */
static __noinline long action_exchange(int sig, uptr handler, u64 action_flags, uptr restorer, u64 mask, uptr old)
{
	struct action a = { .handler = handler, .flags = action_flags, .restorer = restorer, .mask = mask }, before;
	int err = action_swap(sig, &a, &before);

	return err || !old ? err : copy_to_user(old, &before, sizeof(before));
}

/*
 * Word by word, and nothing is kept on the stack: see sys_rt_sigaction. A caught signal's action, or one whose default is no
 * "ignore", is put into a table of one's own here; the rest is action_exchange's.
 */
static __noinline long action_from_user(int sig, uptr from, uptr old)
{
	const struct action *user = (const struct action *)from;
	struct sighand *s = current->sighand;
	struct action a;

	if (unlikely(!user_range_ok(from, sizeof(a))))
		return -EFAULT;
	user_open();
	user_load(a.handler, &user->handler, fault);
	user_load(a.flags, &user->flags, fault);
	user_load(a.restorer, &user->restorer, fault);
	user_load(a.mask, &user->mask, fault);
	user_close();
	if (unlikely(sig < 1 || sig > SIGNALS || sig_in(SIGNALS_UNBLOCKABLE, sig)))
		return -EINVAL;
	a.flags &= SA_KNOWN;
	a.mask &= ~SIGNALS_UNBLOCKABLE;
	if (unlikely(old) || unlikely(handler_ignores(a.handler, sig)) || unlikely(!spin_trylock_irq(&s->lock)))
		return action_exchange(sig, a.handler, a.flags, a.restorer, a.mask, old);
	if (unlikely(refcount_read(&s->table->count) != 1)) {
		spin_unlock_irq(&s->lock);
		return action_exchange(sig, a.handler, a.flags, a.restorer, a.mask, old);
	}
	action_write_locked(s, sig, &a);
	spin_unlock_irq(&s->lock);
	return 0;
fault:
	user_close();
	return -EFAULT;
}

static __noinline long action_tell_shared(struct sighand *s, int sig, uptr old)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	struct action a = sighand_action_locked(s, sig);

	spin_unlock_irqrestore(&s->lock, flags);
	return copy_to_user(old, &a, sizeof(a));
}

/* A handle that only current holds is changed by nobody else, so what it says is copied as it lies there. */
static __noinline long action_to_user(int sig, uptr old)
{
	struct sighand *s = current->sighand;

	if (unlikely(sig < 1 || sig > SIGNALS))
		return -EINVAL;
	if (unlikely(!old))
		return 0;
	if (unlikely(refcount_read(&s->count) != 1 || sig_in(s->overridden, sig)))
		return action_tell_shared(s, sig, old);
	if (unlikely(!user_range_ok(old, sizeof(struct action))))
		return -EFAULT;
	user_open();
	user_store_words(old, &s->table->actions[sig - 1], 4, fault);
	user_close();
	return 0;
fault:
	user_close();
	return -EFAULT;
}

/* posix_spawn's child asks for and sets nearly every signal: each way is kept short. */
long sys_rt_sigaction(int sig, uptr act, uptr old, size_t size)
{
	if (unlikely(size != sizeof(u64)))
		return -EINVAL;
	return act ? action_from_user(sig, act, old) : action_to_user(sig, old);
}
