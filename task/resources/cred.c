/*
 * task/resources/cred.c: the room "cred": who a task is. A cred is immutable once a task has it, so clone shares it by
 * one count; a change makes a copy (cred_prepare), edits it and installs it (cred_install).
 * Locks: task->lock when another task may read the pointer.
 */
#include "task/internal.h"
#include "task/cred.h"
#include "namespace/user.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "base/string.h"
#include <linux/capability.h>
#include <linux/sched.h>

SLAB_CACHE(cred_cache, struct cred);

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

/* Who has become somebody else, or has rights that it could not have had, is closed to its old equals. */
static void close_to_others(const struct cred *old, const struct cred *c)
{
	if (old->euid == c->euid && old->egid == c->egid && old->fsuid == c->fsuid && old->fsgid == c->fsgid &&
	    cred_is_subset(old, c))
		return;
	if (current->mm)
		current->mm->dumpable = 0;
	current->parent_death_signal = 0;
}

void cred_install(struct cred *c)
{
	struct task *t = current;
	const struct cred *old = t->cred;
	close_to_others(old, c);
	account_add(c->account, ACCOUNT_PROCESSES, 1);
	cred_get(c);
	unsigned long flags = spin_lock_irqsave(&t->lock);
	t->cred = c;
	t->real_cred = c;
	spin_unlock_irqrestore(&t->lock, flags);
	account_add(old->account, ACCOUNT_PROCESSES, -1);
	cred_put(old);
	cred_put(old);
}

/* Gives a copy made by cred_prepare the account of another real user. 0 or -EAGAIN (out of memory, as setuid says it). */
int cred_set_account(struct cred *c, u32 uid)
{
	struct user_account *a = account_get(c->user_ns, uid);
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
	const struct cred *c;

	if (req->flags & CLONE_NEWUSER) {
		struct cred *fresh = cred_prepare();
		int err = fresh ? user_ns_new(fresh) : -ENOMEM;
		if (err) {
			cred_put(fresh);
			return err;
		}
		c = fresh;
	} else {
		c = cred_get(current->real_cred);
	}
	child->cred = c;
	child->real_cred = cred_get(c);
	account_add(c->account, ACCOUNT_PROCESSES, 1);
	return 0;
}

void room_cred_put(struct task *t, void *body)
{
	const struct cred *real = body;

	if (!t->is_released)	/* a failed clone's */
		account_add(real->account, ACCOUNT_PROCESSES, -1);
	cred_put(t->cred);
	t->cred = NULL;
	cred_put(real);
}

/* Process 0's: root with every capability. */
int cred_init_first(struct task *t)
{
	struct cred *c = slab_zalloc(&cred_cache);
	if (!c)
		return -ENOMEM;
	c->account = account_get(&first_user_ns, 0);
	if (!c->account) {
		slab_free(&cred_cache, c);
		return -ENOMEM;
	}
	refcount_set(&c->count, 2);
	c->user_ns = &first_user_ns;
	ns_get(&c->user_ns->ns);
	c->cap_permitted = c->cap_effective = c->cap_bounding = CAPS_ALL;
	t->cred = t->real_cred = c;
	account_add(c->account, ACCOUNT_PROCESSES, 1);
	return 0;
}

bool cred_has_group(const struct cred *c, u32 gid)
{
	if (c->fsgid == gid)
		return true;
	u32 low = 0, high = c->groups ? c->groups->n : 0;	/* they are sorted */
	while (low < high) {
		u32 middle = low + (high - low) / 2;
		if (c->groups->gids[middle] == gid)
			return true;
		if (c->groups->gids[middle] < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
