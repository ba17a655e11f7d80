/*
 * fs/proc/ns.c: /proc/PID/ns: a link for each namespace that a task is in, or its children will be in.
 * Who may not look into the task gets EACCES. Source: proc(5), namespaces(7).
 */
#include "fs/proc/proc.h"
#include "namespace/nsfs.h"

static int link_ns(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	struct task *task = proc_task(r);
	struct ns *ns = task ? nsfs_link_get(r->row->name, task) : NULL;

	task_put(task);
	return ns ? nsfs_path(ns, out) : -ENOENT;
}

bool proc_ns_is_offered(const struct proc_row *row) { return nsfs_link_is_offered(row->name); }

#define NS_LINK(name) { name, S_IFLNK | 0777, .link = link_ns, .is_private = true }
const struct proc_row proc_ns_rows[] = {
	NS_LINK("cgroup"),
	NS_LINK("ipc"),
	NS_LINK("mnt"),
	NS_LINK("net"),
	NS_LINK("pid"),
	NS_LINK("pid_for_children"),
	NS_LINK("time"),
	NS_LINK("time_for_children"),
	NS_LINK("user"),
	NS_LINK("uts"),
	{},
};
