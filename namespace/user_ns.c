/*
 * namespace/user_ns.c: user namespaces: made by clone and unshare, entered by setns; which capabilities a credential has in
 * which of them.
 * Way in: user_ns_new (task/resources/cred.c, task/unshare.c), ns_capable everywhere. Ids are in id_map.c.
 * Locks: none here; a namespace's parent and owner do not change. Errors: ENOSPC (33 levels, or more than the user may
 * have), EPERM, ENOMEM; EINVAL of setns. Source: user_namespaces(7), capabilities(7).
 */
#include "namespace/user.h"
#include "base/errno.h"
#include "fs/vfs.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "task/cred.h"
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/securebits.h>

#define LEVEL_MAX 33

int user_ns_for_all = 1;

SLAB_CACHE(user_namespace_cache, struct user_namespace);

static struct ns *parent_of(struct ns *ns);
static int user_ns_enter(struct ns_entry *e, struct ns *ns);
static void user_ns_destroy(struct ns *ns);
static const struct ns_ops user_ns_ops = {
	.name = "user", .flag = CLONE_NEWUSER, .enter = user_ns_enter, .parent = parent_of, .destroy = user_ns_destroy,
};

static const struct id_map whole_map = { .n = 1, .extents = { { 0, 0, NO_ID } } };
struct user_namespace first_user_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xeffffffd, .ops = &user_ns_ops },
	.maps = { &whole_map, &whole_map, &whole_map },
};

static struct user_namespace *user_ns_of(const struct ns *ns) { return container_of(ns, struct user_namespace, ns); }

static struct ns *parent_of(struct ns *ns)
{
	struct user_namespace *parent = user_ns_of(ns)->parent;
	return parent ? &parent->ns : NULL;
}

bool user_ns_is_below(const struct user_namespace *ns, const struct user_namespace *ancestor)
{
	while (ns && ns->level > ancestor->level)
		ns = ns->parent;
	return ns == ancestor;
}

u32 user_ns_owner_uid(const struct ns *ns) { return uid_shown(user_ns_of(ns)->uid); }

/* -- life -- */
/* What the maker could have is what all inside together may have. Root outside has no limit of processes. */
static void limits_from_maker(struct user_namespace *ns)
{
	for (int i = ACCOUNT_LIMITED; i < ACCOUNT_ITEMS; i++)
		ns->max[i] = 0x7fffffff;
	ns->max[ACCOUNT_SIGNALS] = current_limit(RLIMIT_SIGPENDING);
	ns->max[ACCOUNT_LOCKED_PAGES] = current_limit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	ns->max[ACCOUNT_MQUEUE_BYTES] = current_limit(RLIMIT_MSGQUEUE);
	bool is_root = current_cred()->uid == 0 && current_user_ns() == &first_user_ns;
	ns->max[ACCOUNT_PROCESSES] = is_root ? ~0UL : current_limit(RLIMIT_NPROC);
}

/* Inside, its members have every capability; what the credentials could do outside is over. */
static void cred_enter(struct cred *c, struct user_namespace *ns)
{
	ns_put(&c->user_ns->ns);
	c->user_ns = ns;
	c->securebits = SECUREBITS_DEFAULT;
	c->cap_inheritable = c->cap_ambient = 0;
	c->cap_permitted = c->cap_effective = c->cap_bounding = CAPS_ALL;
}

int user_ns_new(struct cred *c)
{
	struct user_namespace *parent = c->user_ns;

	if (!READ_ONCE(user_ns_for_all) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (parent->level >= LEVEL_MAX)
		return -ENOSPC;
	struct user_namespace *ns = slab_zalloc(&user_namespace_cache);
	if (!ns)
		return -ENOMEM;
	int err = ns_init(&ns->ns, &user_ns_ops, parent);
	if (err) {
		slab_free(&user_namespace_cache, ns);
		return err;
	}
	if (fs_room_is_chrooted(current->fs) || !ids_are_known(parent, c->euid, c->egid)) {
		ns_put(&ns->ns);
		return -EPERM;
	}
	ns->parent = parent;
	ns->level = parent->level + 1;
	ns->uid = c->euid;
	ns->gid = c->egid;
	ns->is_setgroups_denied = READ_ONCE(parent->is_setgroups_denied);
	ns->maker_had_setfcap = c->cap_effective & BIT(CAP_SETFCAP);
	limits_from_maker(ns);
	cred_enter(c, ns);
	return cred_set_account(c, c->uid) ? -ENOMEM : 0;
}

static void user_ns_destroy(struct ns *ns)
{
	struct user_namespace *u = user_ns_of(ns);

	for (int i = 0; i < ID_KINDS; i++)
		kfree((void *)u->maps[i]);
	ns_uninit(ns);
	slab_free(&user_namespace_cache, u);
}

/* -- setns -- */
/* Its own would give back what the caller has dropped; others would see threads, or a shared root, half inside. */
static int user_ns_enter(struct ns_entry *e, struct ns *ns)
{
	struct user_namespace *user_ns = user_ns_of(ns);

	if (user_ns == current_user_ns() || current->signal->threads > 1 || refcount_read(&current->fs->count) > 1)
		return -EINVAL;
	if (!ns_capable(user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	cred_enter(e->cred, user_ns_of(ns_get(ns)));
	return cred_set_account(e->cred, e->cred->uid) ? -ENOMEM : 0;
}

/* -- rights -- */
/* Rights are held in the credential's own namespace, and go down from there: to a namespace below, whose owner has all of
 * them; not up, and not to the side. */
bool cred_ns_capable(const struct cred *c, struct user_namespace *ns, int cap)
{
	for (; ns; ns = ns->parent) {
		if (ns == c->user_ns)
			return c->cap_effective & BIT(cap);
		if (ns->level <= c->user_ns->level)
			return false;
		if (ns->parent == c->user_ns && ns->uid == c->euid)
			return true;
	}
	return false;
}

bool ns_capable(struct user_namespace *ns, int cap)
{
	if (!cred_ns_capable(current->cred, ns, cap))
		return false;
	current->flags |= PF_SUPERPRIV;
	return true;
}

bool task_is_under(struct task *t, int cap)
{
	const struct cred *c = task_get_cred(t);
	bool is = ns_capable(c->user_ns, cap);

	cred_put(c);
	return is;
}

bool capable(int cap) { return ns_capable(&first_user_ns, cap); }

bool cred_is_subset(const struct cred *old, const struct cred *fresh)
{
	if (old->user_ns == fresh->user_ns)
		return !(fresh->cap_permitted & ~old->cap_permitted);
	for (const struct user_namespace *ns = fresh->user_ns; ns->parent; ns = ns->parent)
		if (ns->parent == old->user_ns && ns->uid == old->euid)
			return true;
	return false;
}
