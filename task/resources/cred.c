/*
 * task/resources/cred.c: the room "cred": who a task is. A cred is immutable once a task has it, so clone shares it by
 * one count; a change makes a copy (cred_prepare), edits it and installs it (cred_install).
 * Also here: the account of each real user, which RLIMIT_NPROC counts.
 * Locks: accounts_lock for the list of accounts; task->lock when another task may read the pointer.
 */
#include "task/internal.h"
#include "task/cred.h"
#include "namespace/user.h"
#include "mm/slab.h"
#include "base/string.h"
#include <linux/capability.h>

SLAB_CACHE(cred_cache, struct cred);
SLAB_CACHE(account_cache, struct user_account);

static struct spinlock accounts_lock = SPINLOCK_INIT(RANK_TASK);
static struct list accounts = LIST_INIT(accounts);

/* The account of a user, made if there is none. A reference; NULL: out of memory. */
struct user_account *account_get(u32 uid)
{
	struct user_account *fresh = slab_zalloc(&account_cache), *a;
	unsigned long flags = spin_lock_irqsave(&accounts_lock);
	list_for_each(a, &accounts, node) {
		if (a->uid == uid) {
			refcount_inc(&a->count);
			spin_unlock_irqrestore(&accounts_lock, flags);
			slab_free(&account_cache, fresh);
			return a;
		}
	}
	if (fresh) {
		refcount_set(&fresh->count, 1);
		fresh->uid = uid;
		list_push_back(&accounts, &fresh->node);
	}
	spin_unlock_irqrestore(&accounts_lock, flags);
	return fresh;
}

void account_put(struct user_account *a)
{
	if (!a)
		return;
	unsigned long flags = spin_lock_irqsave(&accounts_lock);
	bool is_last = refcount_dec(&a->count);
	if (is_last)
		list_remove(&a->node);
	spin_unlock_irqrestore(&accounts_lock, flags);
	if (is_last)
		slab_free(&account_cache, a);
}

static void group_list_put(struct group_list *g)
{
	if (g && refcount_dec(&g->count))
		kfree(g);
}

void cred_put(const struct cred *shared)
{
	struct cred *c = (struct cred *)shared;
	if (!c || !refcount_dec(&c->count))
		return;
	group_list_put(c->groups);
	account_put(c->account);
	ns_put(&c->user_ns->ns);
	slab_free(&cred_cache, c);
}

struct cred *cred_prepare(void)
{
	struct cred *c = slab_alloc(&cred_cache);
	if (!c)
		return NULL;
	*c = *current->cred;
	refcount_set(&c->count, 1);
	if (c->groups)
		refcount_inc(&c->groups->count);
	refcount_inc(&c->account->count);
	ns_get(&c->user_ns->ns);
	return c;
}

void cred_install(struct cred *c)
{
	struct task *t = current;
	const struct cred *old = t->cred;
	atomic_inc(&c->account->processes);
	cred_get(c);
	unsigned long flags = spin_lock_irqsave(&t->lock);
	t->cred = c;
	t->real_cred = c;
	spin_unlock_irqrestore(&t->lock, flags);
	atomic_dec(&old->account->processes);
	cred_put(old);
	cred_put(old);
}

/* Gives a copy made by cred_prepare the account of another real user. 0 or -EAGAIN (out of memory, as setuid says it). */
int cred_set_account(struct cred *c, u32 uid)
{
	struct user_account *a = account_get(uid);
	if (!a)
		return -EAGAIN;
	account_put(c->account);
	c->account = a;
	return 0;
}

/* Takes over a reference to g (or NULL: no supplementary groups). */
void cred_set_groups(struct cred *c, struct group_list *g)
{
	group_list_put(c->groups);
	c->groups = g;
}

int room_cred_copy(struct task *child, const struct clone_request *req)
{
	child->cred = cred_get(current->cred);
	child->real_cred = cred_get(current->real_cred);
	atomic_inc(&child->real_cred->account->processes);
	return 0;
}

void room_cred_drop(struct task *t)
{
	if (t->real_cred)
		atomic_dec(&t->real_cred->account->processes);
	cred_put(t->cred);
	cred_put(t->real_cred);
	t->cred = t->real_cred = NULL;
}

/* Process 0's: root with every capability. */
int cred_init_first(struct task *t)
{
	struct cred *c = slab_zalloc(&cred_cache);
	if (!c)
		return -ENOMEM;
	c->account = account_get(0);
	if (!c->account) {
		slab_free(&cred_cache, c);
		return -ENOMEM;
	}
	refcount_set(&c->count, 2);
	c->user_ns = &first_user_ns;
	ns_get(&c->user_ns->ns);
	c->cap_permitted = c->cap_effective = c->cap_bounding = CAPS_ALL;
	t->cred = t->real_cred = c;
	atomic_inc(&c->account->processes);
	return 0;
}

bool cred_has_group(const struct cred *c, u32 gid)
{
	if (c->fsgid == gid)
		return true;
	for (u32 i = 0; c->groups && i < c->groups->n; i++)
		if (c->groups->gids[i] == gid)
			return true;
	return false;
}
