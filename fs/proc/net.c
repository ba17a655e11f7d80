/*
 * fs/proc/net.c: /proc/PID/net: what the network namespace of a process has. Source: proc(5).
 */
#include "fs/proc/proc.h"
#include "namespace/net_ns.h"
#include "net/unix.h"

/* The loopback has never carried a packet: there is no network to send one by. */
static int show_dev(struct text *t, const struct proc_ref *r)
{
	text_print(t, "Inter-|   Receive                                                |  Transmit\n"
		   " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls"
		   " carrier compressed\n%6s: %7d %7d %4d %4d %4d %5d %10d %9d %8d %7d %4d %4d %4d %5d %7d %10d\n",
		   "lo", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	return 0;
}

static int show_unix(struct text *t, const struct proc_ref *r)
{
	struct task *task = proc_task(r);
	struct namespaces *set = task ? task_get_namespaces(task) : NULL;

	task_put(task);
	if (!set)
		return -EINVAL;
	unix_show_all(t, net_ns_from(set->of[NS_NET]));
	namespaces_put(set);
	return 0;
}

const struct proc_row proc_net_rows[] = {
	{ "dev", S_IFREG | 0444, show_dev },
	{ "unix", S_IFREG | 0444, show_unix },
	{},
};
