/*
 * fs/proc/sys_user.c: /proc/sys/user: how many namespaces of each kind one user may have in the reader's user namespace.
 * Who has CAP_SYS_RESOURCE there may change it, whoever it is outside; the limits of the namespaces around hold as well.
 * Errors: EACCES, EINVAL. Source: namespaces(7).
 */
#include "fs/proc/proc.h"
#include "base/string.h"
#include "namespace/user.h"
#include <linux/capability.h>

static const struct { const char *name; enum account_item item; } items[] = {
	{ "cgroup", ACCOUNT_CGROUP_NS }, { "ipc", ACCOUNT_IPC_NS }, { "mnt", ACCOUNT_MOUNT_NS }, { "net", ACCOUNT_NET_NS },
	{ "pid", ACCOUNT_PID_NS }, { "time", ACCOUNT_TIME_NS }, { "user", ACCOUNT_USER_NS }, { "uts", ACCOUNT_UTS_NS },
};

static u64 *value_of(const struct proc_ref *r)
{
	const char *kind = strrchr(r->row->name, '/') + sizeof("max_");	/* after "/max_" */
	size_t i = 0;

	while (strncmp(kind, items[i].name, strlen(items[i].name)))
		i++;
	return &current_user_ns()->max[items[i].item];
}

int proc_show_user_max(struct text *t, const struct proc_ref *r)
{
	text_print(t, "%lu\n", (unsigned long)READ_ONCE(*value_of(r)));
	return 0;
}

ssize_t proc_write_user_max(const struct proc_ref *r, char *text, size_t n)
{
	char *end;
	u64 v = strtou64(text, &end, 10);

	if (end == text || (*end && *end != '\n' && *end != ' ') || v > 0x7fffffff)
		return -EINVAL;
	WRITE_ONCE(*value_of(r), v);
	return (ssize_t)n;
}

int proc_user_max_permission(unsigned mask)
{
	unsigned may = MAY_READ | (ns_capable(current_user_ns(), CAP_SYS_RESOURCE) ? MAY_WRITE : 0);
	return mask & ~may & 7 ? -EACCES : 0;
}
