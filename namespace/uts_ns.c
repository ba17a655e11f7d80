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
#include "base/printk.h"
#include "base/string.h"
#include <linux/capability.h>
#include <linux/personality.h>

#define RELEASE_MINOR 1		/* of 6.1 */

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

/* What an old program that asked for it by personality(2) is told: a release of the 2.6 series, the 32-bit machine. */
static void name_as_of_old(struct new_utsname *n)
{
	if (current->personality & UNAME26) {
		const char *rest = n->release;
		char old[sizeof(n->release)];
		for (int dots = 0; (*rest >= '0' && *rest <= '9') || (*rest == '.' && ++dots < 3);)
			rest++;
		snprintf(old, sizeof(old), "2.6.%d%s", 60 + RELEASE_MINOR, rest);
		memcpy(n->release, old, sizeof(old));
	}
	if ((current->personality & PER_MASK) == PER_LINUX32)
		memcpy(n->machine, ELF_ARCH_PLATFORM_32, sizeof(ELF_ARCH_PLATFORM_32));
}

long sys_uname(uptr name)
{
	struct new_utsname n;
	uts_get(&n);
	name_as_of_old(&n);
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
