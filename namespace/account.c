/*
 * namespace/account.c: what each user has: processes, pending signals, namespaces of each kind. An account is of a user in a
 * user namespace; what it has counts for the maker of that namespace in the namespace above too, up to the first, so nobody
 * gets more than its limit by making namespaces.
 * Locks: accounts_lock for the list; the counts are atomic. Source: namespaces(7) on /proc/sys/user, user_namespaces(7),
 * getrlimit(2).
 */
#include "namespace/account.h"
#include "namespace/user.h"
#include "base/errno.h"
#include "mm/slab.h"

SLAB_CACHE(account_cache, struct user_account);

static struct spinlock accounts_lock = SPINLOCK_INIT(RANK_TASK);
static struct list accounts = LIST_INIT(accounts);

static struct user_account *find_locked(struct user_namespace *ns, u32 uid)
{
	struct user_account *a;

	list_for_each(a, &accounts, node)
		if (a->uid == uid && a->ns == ns)
			return a;
	return NULL;
}

struct user_account *account_get(struct user_namespace *ns, u32 uid)
{
	struct user_account *fresh = slab_zalloc(&account_cache);
	unsigned long flags = spin_lock_irqsave(&accounts_lock);
	struct user_account *a = find_locked(ns, uid);

	if (a) {
		refcount_inc(&a->count);
	} else if (fresh) {
		refcount_set(&fresh->count, 1);
		fresh->ns = ns;
		ns_get(&ns->ns);
		fresh->uid = uid;
		list_push_back(&accounts, &fresh->node);
		a = fresh;
		fresh = NULL;
	}
	spin_unlock_irqrestore(&accounts_lock, flags);
	slab_free(&account_cache, fresh);
	return a;
}

void account_put(struct user_account *a)
{
	if (!a || refcount_dec_not_one(&a->count))
		return;
	unsigned long flags = spin_lock_irqsave(&accounts_lock);
	bool is_last = refcount_dec(&a->count);
	if (is_last)
		list_remove(&a->node);
	spin_unlock_irqrestore(&accounts_lock, flags);
	if (!is_last)
		return;
	ns_put(&a->ns->ns);
	slab_free(&account_cache, a);
}

/* The maker of a's namespace, in the one above; NULL: the first has none. */
static struct user_account *parent_of(const struct user_account *a) { return a->ns->ns.account; }

void account_add(struct user_account *a, enum account_item item, int n)
{
	for (; a; a = parent_of(a))
		atomic_add(&a->items[item], n);
}

bool account_is_over(const struct user_account *a, enum account_item item, int more, u64 limit)
{
	for (; a; a = parent_of(a)) {
		if ((u64)(atomic_read(&a->items[item]) + more) > limit)
			return true;
		limit = a->ns->max[item];
	}
	return false;
}

static bool take_one(struct user_account *a, enum account_item item)
{
	for (;;) {
		int n = atomic_read(&a->items[item]);
		if ((u64)n >= a->ns->max[item])
			return false;
		if (atomic_cas(&a->items[item], n, n + 1))
			return true;
	}
}

int account_take(struct user_account *a, enum account_item item)
{
	for (struct user_account *at = a; at; at = parent_of(at)) {
		if (take_one(at, item))
			continue;
		for (struct user_account *taken = a; taken != at; taken = parent_of(taken))
			atomic_dec(&taken->items[item]);
		return -ENOSPC;
	}
	return 0;
}
