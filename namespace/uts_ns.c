/*
 * namespace/uts_ns.c: the system's names: uname, sethostname, setdomainname, and the namespace that holds them.
 * Locks: the namespace's own. Errors: EPERM, EINVAL (length), EFAULT. Source: uname(2), sethostname(2), uts_namespaces(7).
 */
#include "namespace/uts.h"
#include "namespace/user.h"
#include "task/task.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "elf_arch.h"
#include "base/printk.h"
#include "base/string.h"
#include <linux/capability.h>
#include <linux/personality.h>
#include <linux/sched.h>

#define RELEASE_MINOR 1		/* of 6.1 */

SLAB_CACHE(uts_ns_cache, struct uts_ns);

static struct ns *uts_ns_copy(struct ns *from, const struct ns_request *req);
static void uts_ns_destroy(struct ns *ns);
static const struct ns_ops uts_ns_ops = {
	.name = "uts", .flag = CLONE_NEWUTS, .copy = uts_ns_copy, .destroy = uts_ns_destroy,
};

struct uts_ns first_uts_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xeffffffe, .ops = &uts_ns_ops, .owner = &first_user_ns },
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

static struct uts_ns *uts_ns_of(struct ns *ns) { return container_of(ns, struct uts_ns, ns); }
struct uts_ns *current_uts_ns(void) { return uts_ns_of(current->ns->of[NS_UTS]); }

static void names_get(struct uts_ns *u, struct new_utsname *out)
{
	unsigned long flags = spin_lock_irqsave(&u->lock);
	*out = u->name;
	spin_unlock_irqrestore(&u->lock, flags);
}

void uts_get(struct new_utsname *out) { names_get(current_uts_ns(), out); }

static struct ns *uts_ns_copy(struct ns *from, const struct ns_request *req)
{
	struct uts_ns *u = slab_alloc(&uts_ns_cache);

	if (!u)
		return ERR_PTR(-ENOMEM);
	int err = ns_init(&u->ns, &uts_ns_ops, req->owner);
	if (err) {
		slab_free(&uts_ns_cache, u);
		return ERR_PTR(err);
	}
	spin_init(&u->lock, RANK_TASK);
	names_get(uts_ns_of(from), &u->name);
	return &u->ns;
}

static void uts_ns_destroy(struct ns *ns)
{
	ns_uninit(ns);
	slab_free(&uts_ns_cache, uts_ns_of(ns));
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

static long name_set(struct uts_ns *u, char *field, uptr name, int len)
{
	char fresh[__NEW_UTS_LEN + 1] = {};
	if (!ns_capable(u->ns.owner, CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > __NEW_UTS_LEN)
		return -EINVAL;
	if (copy_from_user(fresh, name, len))
		return -EFAULT;
	unsigned long flags = spin_lock_irqsave(&u->lock);
	memcpy(field, fresh, sizeof(fresh));
	spin_unlock_irqrestore(&u->lock, flags);
	return 0;
}

long sys_sethostname(uptr name, int len)
{
	struct uts_ns *u = current_uts_ns();
	return name_set(u, u->name.nodename, name, len);
}

long sys_setdomainname(uptr name, int len)
{
	struct uts_ns *u = current_uts_ns();
	return name_set(u, u->name.domainname, name, len);
}
