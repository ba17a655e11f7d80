/*
 * task/cred_calls.c: the system calls that ask for and change user, group and capabilities.
 * Each change: a private copy, the rules, install. Errors: EPERM, EINVAL (an id of -1), EAGAIN (memory), EFAULT.
 * Source: credentials(7), capabilities(7), setuid(2), setresuid(2), setgroups(2), capset(2).
 */
#include "task/task.h"
#include "task/cred.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "base/string.h"
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/securebits.h>

#define KEEP ((u32)-1)

/* What becomes of the capabilities when the user ids change from old to fresh. */
static void caps_follow_uids(struct cred *fresh, const struct cred *old)
{
	u32 root = uid_to_kernel(old->user_ns, 0);
	bool had_root = old->uid == root || old->euid == root || old->suid == root;
	bool has_root = fresh->uid == root || fresh->euid == root || fresh->suid == root;
	if (fresh->securebits & BIT(SECURE_NO_SETUID_FIXUP))
		return;
	if (had_root && !has_root) {
		if (!(fresh->securebits & BIT(SECURE_KEEP_CAPS)))
			fresh->cap_permitted = fresh->cap_effective = 0;
		fresh->cap_ambient = 0;
	}
	if (old->euid == root && fresh->euid != root)
		fresh->cap_effective = 0;
	if (old->euid != root && fresh->euid == root)
		fresh->cap_effective = fresh->cap_permitted;
}

#define CAPS_OF_FILES (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | \
	BIT(CAP_FSETID) | BIT(CAP_LINUX_IMMUTABLE) | BIT(CAP_MKNOD) | BIT(CAP_MAC_OVERRIDE))

static void caps_follow_fsuid(struct cred *fresh, const struct cred *old)
{
	if (fresh->securebits & BIT(SECURE_NO_SETUID_FIXUP))
		return;
	u32 root = uid_to_kernel(old->user_ns, 0);
	if (old->fsuid == root && fresh->fsuid != root)
		fresh->cap_effective &= ~CAPS_OF_FILES;
	if (old->fsuid != root && fresh->fsuid == root)
		fresh->cap_effective |= fresh->cap_permitted & CAPS_OF_FILES;
}

/* Installs the edited copy: the account follows the real user; a change of who we are makes us undumpable. */
static long install(struct cred *fresh)
{
	const struct cred *old = current->cred;
	if (fresh->uid != old->uid) {
		int err = cred_set_account(fresh, fresh->uid);
		if (err) {
			cred_put(fresh);
			return err;
		}
		current->is_over_nproc = fresh->uid != 0 &&
			account_is_over(fresh->account, ACCOUNT_PROCESSES, 1, current_limit(RLIMIT_NPROC));
	}
	caps_follow_uids(fresh, old);
	cred_install(fresh);
	return 0;
}

static long refuse(struct cred *fresh, long err)
{
	cred_put(fresh);
	return err;
}

/* Makes n ids of the caller's user namespace the kernel's; KEEP stays. Any other that is not mapped is -EINVAL. */
static int ids_take(enum id_kind kind, u32 *ids, int n)
{
	for (int i = 0; i < n; i++) {
		u32 id = ids[i] == KEEP ? KEEP : id_to_kernel(current_user_ns(), kind, ids[i]);
		if (id == KEEP && ids[i] != KEEP)
			return -EINVAL;
		ids[i] = id;
	}
	return 0;
}

/* As above, and a copy of the credentials to put them into. ERR_PTR. */
static struct cred *prepare(enum id_kind kind, u32 *ids, int n)
{
	int err = ids_take(kind, ids, n);
	if (err)
		return ERR_PTR(err);
	struct cred *c = cred_prepare();
	return c ? c : ERR_PTR(-ENOMEM);
}

static bool may_set(enum id_kind kind) { return ns_capable(current_user_ns(), kind == ID_USER ? CAP_SETUID : CAP_SETGID); }

/* The four ids of either kind in a credential. */
struct ids { u32 *real, *saved, *effective, *fs; };
static struct ids ids_of(struct cred *c, enum id_kind kind)
{
	if (kind == ID_USER)
		return (struct ids){ &c->uid, &c->suid, &c->euid, &c->fsuid };
	return (struct ids){ &c->gid, &c->sgid, &c->egid, &c->fsgid };
}

static long set_id(enum id_kind kind, u32 id)
{
	struct cred *c = id == KEEP ? ERR_PTR(-EINVAL) : prepare(kind, &id, 1);
	if (IS_ERR(c))
		return PTR_ERR(c);
	struct ids now = ids_of(c, kind);
	if (may_set(kind))
		*now.real = *now.saved = id;
	else if (id != *now.real && id != *now.saved)
		return refuse(c, -EPERM);
	*now.effective = *now.fs = id;
	return install(c);
}

long sys_setuid(unsigned uid) { return set_id(ID_USER, uid); }
long sys_setgid(unsigned gid) { return set_id(ID_GROUP, gid); }

static bool is_one_of(u32 id, u32 a, u32 b, u32 c) { return id == KEEP || id == a || id == b || id == c; }

static long set_real_effective(enum id_kind kind, u32 real, u32 effective)
{
	u32 want[] = { real, effective };
	struct cred *c = prepare(kind, want, 2);
	if (IS_ERR(c))
		return PTR_ERR(c);
	struct ids now = ids_of(c, kind);
	u32 old_real = *now.real;
	bool is_able = is_one_of(want[0], *now.real, *now.effective, *now.real) &&
		       is_one_of(want[1], *now.real, *now.effective, *now.saved);
	if (!is_able && !may_set(kind))
		return refuse(c, -EPERM);
	if (want[0] != KEEP)
		*now.real = want[0];
	if (want[1] != KEEP)
		*now.effective = want[1];
	if (want[0] != KEEP || (want[1] != KEEP && want[1] != old_real))
		*now.saved = *now.effective;
	*now.fs = *now.effective;
	return install(c);
}

long sys_setreuid(unsigned ruid, unsigned euid) { return set_real_effective(ID_USER, ruid, euid); }
long sys_setregid(unsigned rgid, unsigned egid) { return set_real_effective(ID_GROUP, rgid, egid); }

static long set_all(enum id_kind kind, u32 real, u32 effective, u32 saved)
{
	u32 want[] = { real, effective, saved };
	struct cred *c = prepare(kind, want, 3);
	if (IS_ERR(c))
		return PTR_ERR(c);
	struct ids now = ids_of(c, kind);
	bool is_able = true;
	for (int i = 0; i < 3; i++)
		is_able &= is_one_of(want[i], *now.real, *now.effective, *now.saved);
	if (!is_able && !may_set(kind))
		return refuse(c, -EPERM);
	if (want[0] != KEEP)
		*now.real = want[0];
	if (want[1] != KEEP)
		*now.effective = want[1];
	if (want[2] != KEEP)
		*now.saved = want[2];
	*now.fs = *now.effective;
	return install(c);
}

long sys_setresuid(unsigned ruid, unsigned euid, unsigned suid) { return set_all(ID_USER, ruid, euid, suid); }
long sys_setresgid(unsigned rgid, unsigned egid, unsigned sgid) { return set_all(ID_GROUP, rgid, egid, sgid); }

/* Returns the old id, whatever happens. */
static long set_fs(enum id_kind kind, u32 id)
{
	const struct cred *old = current->cred;
	u32 was = kind == ID_USER ? uid_shown(old->fsuid) : gid_shown(old->fsgid);
	struct cred *c = id == KEEP ? ERR_PTR(-EINVAL) : prepare(kind, &id, 1);
	if (IS_ERR(c))
		return was;
	struct ids now = ids_of(c, kind);
	if (!is_one_of(id, *now.real, *now.effective, *now.saved) && id != *now.fs && !may_set(kind))
		return refuse(c, was);
	*now.fs = id;
	caps_follow_fsuid(c, old);
	install(c);
	return was;
}

long sys_setfsuid(unsigned uid) { return set_fs(ID_USER, uid); }
long sys_setfsgid(unsigned gid) { return set_fs(ID_GROUP, gid); }

long sys_getuid(void) { return uid_shown(current->cred->uid); }
long sys_geteuid(void) { return uid_shown(current->cred->euid); }
long sys_getgid(void) { return gid_shown(current->cred->gid); }
long sys_getegid(void) { return gid_shown(current->cred->egid); }

static long put_three(u32 a, u32 b, u32 c, uptr pa, uptr pb, uptr pc)
{
	return put_user_u32(a, pa) || put_user_u32(b, pb) || put_user_u32(c, pc) ? -EFAULT : 0;
}

long sys_getresuid(uptr ruid, uptr euid, uptr suid)
{
	const struct cred *c = current->cred;
	return put_three(uid_shown(c->uid), uid_shown(c->euid), uid_shown(c->suid), ruid, euid, suid);
}

long sys_getresgid(uptr rgid, uptr egid, uptr sgid)
{
	const struct cred *c = current->cred;
	return put_three(gid_shown(c->gid), gid_shown(c->egid), gid_shown(c->sgid), rgid, egid, sgid);
}

#define GROUPS_MAX 65536

long sys_getgroups(int count, uptr list)
{
	const struct group_list *g = current->cred->groups;
	int n = g ? (int)g->n : 0;
	if (count < 0)
		return -EINVAL;
	if (!count)
		return n;
	if (n > count)
		return -EINVAL;
	for (int i = 0; i < n; i++)
		if (put_user_u32(gid_shown(g->gids[i]), list + (uptr)i * sizeof(u32)))
			return -EFAULT;
	return n;
}

static void group_swap(u32 *a, u32 *b)
{
	u32 was = *a;
	*a = *b;
	*b = was;
}

/* Puts gids[at], which may be less than what it stands over, to its place in a heap of n. */
static void group_sift(u32 *gids, u32 at, u32 n)
{
	for (u32 below; (below = 2 * at + 1) < n; at = below) {
		if (below + 1 < n && gids[below + 1] > gids[below])
			below++;
		if (gids[at] >= gids[below])
			return;
		group_swap(&gids[at], &gids[below]);
	}
}

/* In rising order, as getgroups tells them and cred_has_group looks for them. */
static void groups_sort(struct group_list *g)
{
	for (u32 i = g->n / 2; i-- > 0;)
		group_sift(g->gids, i, g->n);
	for (u32 n = g->n; n-- > 1;) {
		group_swap(&g->gids[0], &g->gids[n]);
		group_sift(g->gids, 0, n);
	}
}

/* In a list of groups even the id of -1 is no word for "keep". */
static int groups_take(struct group_list *g)
{
	for (u32 i = 0; i < g->n; i++) {
		g->gids[i] = gid_named(g->gids[i]);
		if (g->gids[i] == NO_ID)
			return -EINVAL;
	}
	groups_sort(g);
	return 0;
}

long sys_setgroups(int count, uptr list)
{
	struct group_list *g = NULL;
	if (!may_set(ID_GROUP) || !user_ns_may_setgroups(current_user_ns()))
		return -EPERM;
	if ((unsigned)count > GROUPS_MAX)
		return -EINVAL;
	if (count) {
		g = kmalloc(sizeof(*g) + count * sizeof(u32));
		if (!g)
			return -ENOMEM;
		refcount_set(&g->count, 1);
		g->n = count;
		int err = copy_from_user(g->gids, list, count * sizeof(u32)) ? -EFAULT : groups_take(g);
		if (err) {
			kfree(g);
			return err;
		}
	}
	struct cred *c = cred_prepare();
	if (!c) {
		kfree(g);
		return -ENOMEM;
	}
	cred_set_groups(c, g);
	cred_install(c);
	return 0;
}

/* The header of capget and capset: how many 32-bit words each set has, or -errno; the kernel's version is written back. */
static int cap_header(uptr header, int *pid)
{
	u32 version;
	if (get_user_u32(&version, header))
		return -EFAULT;
	bool is_old = version == _LINUX_CAPABILITY_VERSION_1;
	if (is_old || version == _LINUX_CAPABILITY_VERSION_2 || version == _LINUX_CAPABILITY_VERSION_3) {
		if (get_user_u32((u32 *)pid, header + offsetof(struct __user_cap_header_struct, pid)))
			return -EFAULT;
		return is_old ? 1 : 2;
	}
	if (put_user_u32(_LINUX_CAPABILITY_VERSION_3, header))
		return -EFAULT;
	return -EINVAL;
}

long sys_capget(uptr header, uptr data)
{
	int pid, words = cap_header(header, &pid);
	if (words < 0)
		return !data && words == -EINVAL ? 0 : words;
	if (pid < 0)
		return -EINVAL;
	struct task *t = pid ? task_find(pid) : task_get(current);
	if (!t)
		return -ESRCH;
	const struct cred *c = task_get_cred(t);
	struct __user_cap_data_struct d[2];
	for (int i = 0; i < 2; i++) {
		d[i].effective = (u32)(c->cap_effective >> 32 * i);
		d[i].permitted = (u32)(c->cap_permitted >> 32 * i);
		d[i].inheritable = (u32)(c->cap_inheritable >> 32 * i);
	}
	cred_put(c);
	task_put(t);
	return copy_to_user(data, d, words * sizeof(d[0]));
}

long sys_capset(uptr header, uptr data)
{
	struct __user_cap_data_struct d[2] = {};
	int pid, words = cap_header(header, &pid);
	if (words < 0)
		return words;
	if (pid && pid != task_tid_seen(current))
		return -EPERM;
	if (copy_from_user(d, data, words * sizeof(d[0])))
		return -EFAULT;
	u64 effective = (d[0].effective | (u64)d[1].effective << 32) & CAPS_ALL;
	u64 permitted = (d[0].permitted | (u64)d[1].permitted << 32) & CAPS_ALL;
	u64 inheritable = (d[0].inheritable | (u64)d[1].inheritable << 32) & CAPS_ALL;
	const struct cred *old = current->cred;
	if ((inheritable & ~(old->cap_inheritable | old->cap_permitted)) && !ns_capable(current_user_ns(), CAP_SETPCAP))
		return -EPERM;
	if ((inheritable & ~(old->cap_inheritable | old->cap_bounding)) || (permitted & ~old->cap_permitted) ||
	    (effective & ~permitted))
		return -EPERM;
	struct cred *c = cred_prepare();
	if (!c)
		return -ENOMEM;
	c->cap_effective = effective;
	c->cap_permitted = permitted;
	c->cap_inheritable = inheritable;
	c->cap_ambient &= permitted & inheritable;
	cred_install(c);
	return 0;
}
