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
	bool had_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
	bool has_root = fresh->uid == 0 || fresh->euid == 0 || fresh->suid == 0;
	if (fresh->securebits & BIT(SECURE_NO_SETUID_FIXUP))
		return;
	if (had_root && !has_root) {
		if (!(fresh->securebits & BIT(SECURE_KEEP_CAPS)))
			fresh->cap_permitted = fresh->cap_effective = 0;
		fresh->cap_ambient = 0;
	}
	if (old->euid == 0 && fresh->euid != 0)
		fresh->cap_effective = 0;
	if (old->euid != 0 && fresh->euid == 0)
		fresh->cap_effective = fresh->cap_permitted;
}

#define CAPS_OF_FILES (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | \
	BIT(CAP_FSETID) | BIT(CAP_LINUX_IMMUTABLE) | BIT(CAP_MKNOD) | BIT(CAP_MAC_OVERRIDE))

static void caps_follow_fsuid(struct cred *fresh, const struct cred *old)
{
	if (fresh->securebits & BIT(SECURE_NO_SETUID_FIXUP))
		return;
	if (old->fsuid == 0 && fresh->fsuid != 0)
		fresh->cap_effective &= ~CAPS_OF_FILES;
	if (old->fsuid != 0 && fresh->fsuid == 0)
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
			(u64)atomic_read(&fresh->account->processes) >= current_limit(RLIMIT_NPROC);
	}
	caps_follow_uids(fresh, old);
	if (fresh->euid != old->euid || fresh->egid != old->egid || fresh->fsuid != old->fsuid || fresh->fsgid != old->fsgid) {
		if (current->mm)
			current->mm->dumpable = 0;
		current->parent_death_signal = 0;
	}
	cred_install(fresh);
	return 0;
}

static long refuse(struct cred *fresh, long err)
{
	cred_put(fresh);
	return err;
}

long sys_setuid(unsigned uid)
{
	struct cred *c = cred_prepare();
	if (uid == KEEP)
		return c ? refuse(c, -EINVAL) : -EINVAL;
	if (!c)
		return -ENOMEM;
	if (capable(CAP_SETUID))
		c->uid = c->suid = uid;
	else if (uid != c->uid && uid != c->suid)
		return refuse(c, -EPERM);
	c->euid = c->fsuid = uid;
	return install(c);
}

long sys_setgid(unsigned gid)
{
	struct cred *c = cred_prepare();
	if (gid == KEEP)
		return c ? refuse(c, -EINVAL) : -EINVAL;
	if (!c)
		return -ENOMEM;
	if (capable(CAP_SETGID))
		c->gid = c->sgid = gid;
	else if (gid != c->gid && gid != c->sgid)
		return refuse(c, -EPERM);
	c->egid = c->fsgid = gid;
	return install(c);
}

long sys_setreuid(unsigned ruid, unsigned euid)
{
	struct cred *c = cred_prepare();
	const struct cred *old = current->cred;
	if (!c)
		return -ENOMEM;
	bool is_able = (ruid == KEEP || ruid == old->uid || ruid == old->euid) &&
		       (euid == KEEP || euid == old->uid || euid == old->euid || euid == old->suid);
	if (!is_able && !capable(CAP_SETUID))
		return refuse(c, -EPERM);
	if (ruid != KEEP)
		c->uid = ruid;
	if (euid != KEEP)
		c->euid = euid;
	if (ruid != KEEP || (euid != KEEP && euid != old->uid))
		c->suid = c->euid;
	c->fsuid = c->euid;
	return install(c);
}

long sys_setregid(unsigned rgid, unsigned egid)
{
	struct cred *c = cred_prepare();
	const struct cred *old = current->cred;
	if (!c)
		return -ENOMEM;
	bool is_able = (rgid == KEEP || rgid == old->gid || rgid == old->egid) &&
		       (egid == KEEP || egid == old->gid || egid == old->egid || egid == old->sgid);
	if (!is_able && !capable(CAP_SETGID))
		return refuse(c, -EPERM);
	if (rgid != KEEP)
		c->gid = rgid;
	if (egid != KEEP)
		c->egid = egid;
	if (rgid != KEEP || (egid != KEEP && egid != old->gid))
		c->sgid = c->egid;
	c->fsgid = c->egid;
	return install(c);
}

static bool is_one_of(u32 id, u32 a, u32 b, u32 c) { return id == KEEP || id == a || id == b || id == c; }

long sys_setresuid(unsigned ruid, unsigned euid, unsigned suid)
{
	struct cred *c = cred_prepare();
	if (!c)
		return -ENOMEM;
	if (!(is_one_of(ruid, c->uid, c->euid, c->suid) && is_one_of(euid, c->uid, c->euid, c->suid) &&
	      is_one_of(suid, c->uid, c->euid, c->suid)) && !capable(CAP_SETUID))
		return refuse(c, -EPERM);
	if (ruid != KEEP)
		c->uid = ruid;
	if (euid != KEEP)
		c->euid = euid;
	if (suid != KEEP)
		c->suid = suid;
	c->fsuid = c->euid;
	return install(c);
}

long sys_setresgid(unsigned rgid, unsigned egid, unsigned sgid)
{
	struct cred *c = cred_prepare();
	if (!c)
		return -ENOMEM;
	if (!(is_one_of(rgid, c->gid, c->egid, c->sgid) && is_one_of(egid, c->gid, c->egid, c->sgid) &&
	      is_one_of(sgid, c->gid, c->egid, c->sgid)) && !capable(CAP_SETGID))
		return refuse(c, -EPERM);
	if (rgid != KEEP)
		c->gid = rgid;
	if (egid != KEEP)
		c->egid = egid;
	if (sgid != KEEP)
		c->sgid = sgid;
	c->fsgid = c->egid;
	return install(c);
}

/* These two return the old id, whatever happens. */
long sys_setfsuid(unsigned uid)
{
	u32 was = current->cred->fsuid;
	struct cred *c = cred_prepare();
	if (!c)
		return was;
	if (uid == KEEP || (!is_one_of(uid, c->uid, c->euid, c->suid) && uid != c->fsuid && !capable(CAP_SETUID)))
		return refuse(c, was);
	c->fsuid = uid;
	caps_follow_fsuid(c, current->cred);
	install(c);
	return was;
}

long sys_setfsgid(unsigned gid)
{
	u32 was = current->cred->fsgid;
	struct cred *c = cred_prepare();
	if (!c)
		return was;
	if (gid == KEEP || (!is_one_of(gid, c->gid, c->egid, c->sgid) && gid != c->fsgid && !capable(CAP_SETGID)))
		return refuse(c, was);
	c->fsgid = gid;
	install(c);
	return was;
}

long sys_getuid(void) { return current->cred->uid; }
long sys_geteuid(void) { return current->cred->euid; }
long sys_getgid(void) { return current->cred->gid; }
long sys_getegid(void) { return current->cred->egid; }

static long put_three(u32 a, u32 b, u32 c, uptr pa, uptr pb, uptr pc)
{
	return put_user_u32(a, pa) || put_user_u32(b, pb) || put_user_u32(c, pc) ? -EFAULT : 0;
}

long sys_getresuid(uptr ruid, uptr euid, uptr suid)
{
	const struct cred *c = current->cred;
	return put_three(c->uid, c->euid, c->suid, ruid, euid, suid);
}

long sys_getresgid(uptr rgid, uptr egid, uptr sgid)
{
	const struct cred *c = current->cred;
	return put_three(c->gid, c->egid, c->sgid, rgid, egid, sgid);
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
	return n && copy_to_user(list, g->gids, n * sizeof(u32)) ? -EFAULT : n;
}

long sys_setgroups(int count, uptr list)
{
	struct group_list *g = NULL;
	if (!capable(CAP_SETGID))
		return -EPERM;
	if ((unsigned)count > GROUPS_MAX)
		return -EINVAL;
	if (count) {
		g = kmalloc(sizeof(*g) + count * sizeof(u32));
		if (!g)
			return -ENOMEM;
		refcount_set(&g->count, 1);
		g->n = count;
		if (copy_from_user(g->gids, list, count * sizeof(u32))) {
			kfree(g);
			return -EFAULT;
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
	struct __user_cap_header_struct h;
	if (copy_from_user(&h, header, sizeof(h)))
		return -EFAULT;
	*pid = h.pid;
	if (h.version == _LINUX_CAPABILITY_VERSION_1)
		return 1;
	if (h.version == _LINUX_CAPABILITY_VERSION_2 || h.version == _LINUX_CAPABILITY_VERSION_3)
		return 2;
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
	if ((inheritable & ~(old->cap_inheritable | old->cap_permitted)) && !capable(CAP_SETPCAP))
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
