/*
 * namespace/uts_ns.c: uname, sethostname, setdomainname, and the first set of namespaces.
 * Locks: the namespace's own. Errors: EPERM, EINVAL (length), EFAULT. Source: uname(2), sethostname(2).
 */
#include "namespace/uts.h"
#include "task/task.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "elf_arch.h"
#include "base/string.h"
#include <linux/capability.h>
#include <linux/personality.h>

struct uts_ns first_uts_ns = {
	.count = REFCOUNT_INIT(1),
	.lock = SPINLOCK_INIT(RANK_TASK),
	.name = {
		.sysname = "Linux",
		.nodename = "furca",
		.release = "6.1.0-furca",
		.version = "#1 SMP Furca",
		.machine = ELF_ARCH_PLATFORM,
		.domainname = "(none)",
	},
};

struct namespaces first_namespaces = {
	.count = REFCOUNT_INIT(1),
	.pid_ns_for_children = &first_pid_ns,
	.uts = &first_uts_ns,
};

void uts_get(struct new_utsname *out)
{
	struct uts_ns *u = current->ns->uts;
	unsigned long flags = spin_lock_irqsave(&u->lock);
	*out = u->name;
	spin_unlock_irqrestore(&u->lock, flags);
}

long sys_uname(uptr name)
{
	struct new_utsname n;
	uts_get(&n);
	return copy_to_user(name, &n, sizeof(n));
}

static long name_set(char *field, uptr name, int len)
{
	char fresh[__NEW_UTS_LEN + 1] = {};
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > __NEW_UTS_LEN)
		return -EINVAL;
	if (copy_from_user(fresh, name, len))
		return -EFAULT;
	struct uts_ns *u = current->ns->uts;
	unsigned long flags = spin_lock_irqsave(&u->lock);
	memcpy(field, fresh, sizeof(fresh));
	spin_unlock_irqrestore(&u->lock, flags);
	return 0;
}

long sys_sethostname(uptr name, int len) { return name_set(current->ns->uts->name.nodename, name, len); }
long sys_setdomainname(uptr name, int len) { return name_set(current->ns->uts->name.domainname, name, len); }
