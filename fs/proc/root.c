/*
 * fs/proc/root.c: what /proc itself holds but for the processes: one table of paths. Rows of one directory stand together.
 * Locks: each function takes what it needs. Errors: EINVAL for a value out of range. Source: proc(5), sysctl documentation.
 */
#include "fs/proc/proc.h"
#include "exec/core.h"
#include "arch/arch.h"
#include "ptrace/ptrace.h"
#include "base/printk.h"
#include "base/string.h"
#include "cgroup/cgroup.h"
#include "debug/events.h"
#include "debug/provoke.h"
#include "debug/recount.h"
#include "debug/stack_watch.h"
#include "debug/watch.h"
#include "drivers/random.h"
#include "fs/notify.h"
#include "fs/pipe.h"
#include "ipc/ipc_proc.h"
#include "mm/mm.h"
#include "mm/kstack.h"
#include "mm/pagetable.h"
#include "mm/slab.h"
#include "namespace/mount.h"
#include "namespace/pid_ns.h"
#include "namespace/uts.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include "task/hooks.h"
#include "namespace/time_ns.h"
#include <linux/capability.h>
#include <linux/time.h>

static int link_text(char *text, size_t size, int n) { return MIN(n, (int)size); }

static int link_self(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	int tgid = proc_tgid(r, current);
	return tgid ? link_text(text, size, scnprintf(text, size, "%d", tgid)) : -ENOENT;
}

static int link_thread_self(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	int tgid = proc_tgid(r, current), tid = proc_tid(r, current);
	return tgid ? link_text(text, size, scnprintf(text, size, "%d/task/%d", tgid, tid)) : -ENOENT;
}

static int link_mounts(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	return link_text(text, size, scnprintf(text, size, "self/mounts"));
}

static int link_net(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	return link_text(text, size, scnprintf(text, size, "self/net"));
}

static int show_cmdline(struct text *t, const struct proc_ref *r)
{
	text_print(t, "%s\n", boot_info.cmdline);
	return 0;
}

static int show_cgroups(struct text *t, const struct proc_ref *r)
{
	text_print(t, "#subsys_name\thierarchy\tnum_cgroups\tenabled\npids\t0\t%d\t1\n",
		   READ_ONCE(root_cgroup.descendants) + 1);
	return 0;
}

static int show_uptime(struct text *t, const struct proc_ref *r)
{
	u64 now = clock_shown_ns(CLOCK_BOOTTIME, time_now_ns()), idle = 0;
	for (u32 i = 0; i < cpus_online; i++)
		idle += sched_cpu_time_ns(cpus[i].idle);
	text_print(t, "%lu.%02lu %lu.%02lu\n", (unsigned long)(now / NSEC_PER_SEC), (unsigned long)(now / 10000000 % 100),
		   (unsigned long)(idle / NSEC_PER_SEC), (unsigned long)(idle / 10000000 % 100));
	return 0;
}

/* Locks found taken: rank, how often, how many turns of the waiting loop (or sleeps, for a sleeping lock) and how many
 * microseconds in all. */
static int show_lock_waits(struct text *t, const struct proc_ref *r)
{
	for (unsigned rank = 0; rank < LOCK_RANKS; rank++) {
		struct lock_waits w;
		lock_waits_read(rank, &w);
		if (!w.waits)
			continue;
		if (w.name)
			text_print(t, "%s", w.name);
		else
			text_print(t, "rank-%u", rank);
		text_print(t, " %lu %lu %lu\n", (unsigned long)w.waits, (unsigned long)w.spins,
			   (unsigned long)(w.ns / NSEC_PER_USEC));
	}
	return 0;
}

/* What CPUs have asked each other to forget. */
static int show_flushes(struct text *t, const struct proc_ref *r)
{
	struct tlb_counts c;
	tlb_counts_read(&c);
	text_print(t, "requests %lu\ninterrupts %lu\nkernel-requests %lu\nkernel-interrupts %lu\nwaited-us %lu\n",
		   (unsigned long)c.requests, (unsigned long)c.interrupts, (unsigned long)c.kernel_requests,
		   (unsigned long)c.kernel_interrupts, (unsigned long)(c.waited_ns / NSEC_PER_USEC));
	return 0;
}

static int show_loadavg(struct text *t, const struct proc_ref *r)
{
	unsigned long avg[3];
	sched_loadavg(avg);
	for (int i = 0; i < 3; i++)
		text_print(t, "%lu.%02lu ", avg[i] >> 11, ((avg[i] & 2047) * 100) >> 11);
	text_print(t, "%u/%d %d\n", sched_running(), atomic_read(&task_count),
		   current_pid_ns()->last);
	return 0;
}

static int show_system_version(struct text *t, const struct proc_ref *r)
{
	struct new_utsname n;
	uts_get(&n);
	text_print(t, "%s version %s (furca) (clang " __clang_version__ ") %s\n", n.sysname, n.release, n.version);
	return 0;
}

static void fs_line(const struct fs_type *type, void *arg)
{
	text_print(arg, "%s\t%s\n", type->no_device ? "nodev" : "", type->name);
}

static void event_line(void *arg, const char *text) { text_print(arg, "%s\n", text); }

static int show_events(struct text *t, const struct proc_ref *r)
{
	events_for_each(event_line, t);
	return 0;
}

/* A line a system call: its name, the bytes of stack it needed at most, whose. */
static void stack_line(void *arg, long nr, const struct stack_use *u)
{
	char name[80] = "kernel-task", *start = name;
	size_t n = 0;

	if (nr >= 0 && nr < syscall_count)
		symbol_format(name, sizeof(name), (unsigned long)syscall_table[nr]);
	else if (nr == -1)
		strlcpy(name, "trap", sizeof(name));
	if (!strncmp(name, "call_", 5))
		start += 5;
	while (start[n] && start[n] != '+' && start[n] != '.')
		n++;
	text_print(arg, "%.*s %u %.16s %d\n", (int)n, start, u->bytes, u->comm, u->tid);
}

static int show_stacks(struct text *t, const struct proc_ref *r)
{
	text_print(t, "size %lu\n", KSTACK_SIZE);
	stack_watch_for_each(stack_line, t);
	return 0;
}

#ifdef FURCA_DEBUG
static int show_provoke(struct text *t, const struct proc_ref *r)
{
	for (size_t i = 0; provoke_name(i); i++)
		text_print(t, "%s\n", provoke_name(i));
	return 0;
}

static ssize_t write_provoke(const struct proc_ref *r, char *text, size_t n)
{
	int err = provoke(text);
	return err ? err : (ssize_t)n;
}
#endif

#ifdef FURCA_RECOUNT
static int show_recount(struct text *t, const struct proc_ref *r)
{
	struct recount_stats s;
	recount_stats(&s);
	text_print(t, "every %lu\ndone %lu\nmissed %lu\ntables %lu\nframes %lu\nlongest-us %lu\n", (unsigned long)s.every,
		   (unsigned long)s.done, (unsigned long)s.missed, (unsigned long)s.tables, (unsigned long)s.frames,
		   (unsigned long)(s.longest_ns / 1000));
	return 0;
}

static ssize_t write_recount(const struct proc_ref *r, char *text, size_t n)
{
	char *end;
	u64 every = strtou64(text, &end, 10);
	if (!strncmp(text, "now", 3)) {
		int err = recount_now();
		return err ? err : (ssize_t)n;
	}
	if (end == text || (*end && *end != '\n'))
		return -EINVAL;
	recount_set_every(every);
	return (ssize_t)n;
}
#endif

static int show_filesystems(struct text *t, const struct proc_ref *r)
{
	fs_type_for_each(fs_line, t);
	return 0;
}

/* There is no swap: the heading alone. */
static int show_swaps(struct text *t, const struct proc_ref *r)
{
	text_print(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

static int show_locks(struct text *t, const struct proc_ref *r)
{
	locks_show(t);
	return 0;
}

static void missing_line(const char *path, void *arg) { text_print(arg, "%s\n", path); }

static int show_missing(struct text *t, const struct proc_ref *r)
{
	missing_for_each(missing_line, t);
	return 0;
}

static int show_clones(struct text *t, const struct proc_ref *r)
{
	text_print(t, "forks %lu\nvforks %lu\nthreads %lu\nkernel %lu\n", (unsigned long)clone_counts.forks,
		   (unsigned long)clone_counts.vforks, (unsigned long)clone_counts.threads, (unsigned long)clone_counts.kernel);
	return 0;
}

/* -- /proc/sys: names -- */
#define UTS_ROW(field) \
	static int show_##field(struct text *t, const struct proc_ref *r) \
	{ \
		struct new_utsname n; \
		uts_get(&n); \
		text_print(t, "%s\n", n.field); \
		return 0; \
	}
UTS_ROW(sysname)
UTS_ROW(release)
UTS_ROW(version)
UTS_ROW(nodename)
UTS_ROW(domainname)

static ssize_t write_name(struct uts_ns *u, char *field, char *text, size_t n)
{
	char *end = strchr(text, '\n');
	if (!ns_capable(u->ns.owner, CAP_SYS_ADMIN))
		return -EPERM;
	if (end)
		*end = 0;
	unsigned long flags = spin_lock_irqsave(&u->lock);
	strlcpy(field, text, __NEW_UTS_LEN + 1);
	spin_unlock_irqrestore(&u->lock, flags);
	return (ssize_t)n;
}

static ssize_t write_nodename(const struct proc_ref *r, char *text, size_t n)
{
	return write_name(current_uts_ns(), current_uts_ns()->name.nodename, text, n);
}

static ssize_t write_domainname(const struct proc_ref *r, char *text, size_t n)
{
	return write_name(current_uts_ns(), current_uts_ns()->name.domainname, text, n);
}

static void show_uuid(struct text *t, const u8 b[16])
{
	for (int i = 0; i < 16; i++)
		text_print(t, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
	text_print(t, "\n");
}

static void make_uuid(u8 b[16])
{
	random_bytes(b, 16);
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
}

static int show_random_uuid(struct text *t, const struct proc_ref *r)
{
	u8 b[16];
	make_uuid(b);
	show_uuid(t, b);
	return 0;
}

static int show_boot_id(struct text *t, const struct proc_ref *r)
{
	static u8 id[16];	/* made at the first look; tasklist_lock keeps two lookers apart */
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	bool is_made = id[6];
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (!is_made) {
		u8 fresh[16];
		make_uuid(fresh);
		flags = spin_lock_irqsave(&tasklist_lock);
		if (!id[6])
			memcpy(id, fresh, 16);
		spin_unlock_irqrestore(&tasklist_lock, flags);
	}
	show_uuid(t, id);
	return 0;
}

static int show_core_pattern(struct text *t, const struct proc_ref *r)
{
	char pattern[CORE_PATTERN_BYTES];
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	strlcpy(pattern, core_pattern, sizeof(pattern));
	spin_unlock_irqrestore(&tasklist_lock, flags);
	text_print(t, "%s\n", pattern);
	return 0;
}

/* A program to give core files to would have to be started by the kernel: refused. */
static ssize_t write_core_pattern(const struct proc_ref *r, char *text, size_t n)
{
	char *end = strchr(text, '\n');
	if (end)
		*end = 0;
	if (*text == '|')
		return -EINVAL;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	strlcpy(core_pattern, text, sizeof(core_pattern));
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return (ssize_t)n;
}

/* -- /proc/sys: numbers: a place, its range, who may write -- */
struct number { const char *name; int *value; long low, high; };
static int cap_last = CAP_LAST_CAP, ngroups_max = 65536;
static struct number numbers[] = {
	{ "sys/fs/mount-max", &mount_max, 1, 0x7fffffff },
	{ "sys/fs/inotify/max_queued_events", &inotify_events_max, 0, 0x7fffffff },
	{ "sys/fs/inotify/max_user_instances", &inotify_instances_max, 0, 0x7fffffff },
	{ "sys/fs/inotify/max_user_watches", &inotify_watches_max, 0, 0x7fffffff },
	{ "sys/fs/nr_open", &nr_open, 64, 0x7fffffc0 },
	{ "sys/fs/pipe-max-size", &pipe_size_max, PAGE_SIZE, 1 << 30 },
	{ "sys/fs/protected_hardlinks", &protected_hardlinks, 0, 1 },
	{ "sys/fs/protected_symlinks", &protected_symlinks, 0, 1 },
	{ "sys/kernel/cap_last_cap", &cap_last, 0, 0 },
	{ "sys/kernel/core_uses_pid", &core_uses_pid, 0, 0x7fffffff },
	{ "sys/kernel/hung_task_panic", &hung_task_panics, 0, 1 },
	{ "sys/kernel/hung_task_timeout_secs", &hung_task_timeout_s, 0, 0x7fffffff },
	{ "sys/kernel/hung_task_warnings", &hung_task_warnings, -1, 0x7fffffff },
	{ "sys/kernel/ngroups_max", &ngroups_max, 0, 0 },
	{ "sys/kernel/overflowgid", &overflow_gid, 0, 65535 },
	{ "sys/kernel/overflowuid", &overflow_uid, 0, 65535 },
	{ "sys/kernel/pid_max", &pid_max, 301, PID_MAX_LIMIT },
	{ "sys/kernel/sched_child_runs_first", &sched_child_runs_first, 0, 1 },
	{ "sys/kernel/sched_rr_timeslice_ms", &sched_rr_slice_ms, 0, 0 },
	{ "sys/kernel/sched_rt_period_us", &sched_rt_period_us, 1, 0x7fffffff },
	{ "sys/kernel/sched_rt_runtime_us", &sched_rt_runtime_us, -1, 0x7fffffff },
	{ "sys/kernel/softlockup_panic", &soft_lockup_panics, 0, 1 },
	{ "sys/kernel/threads-max", &threads_max, 1, 0x3fffffff },
	{ "sys/kernel/unprivileged_userns_clone", &user_ns_for_all, 0, 1 },
	{ "sys/kernel/watchdog_thresh", &watch_threshold_s, 0, 60 },
	{ "sys/kernel/yama/ptrace_scope", &ptrace_scope, 0, 3 },
	{ "sys/vm/admin_reserve_kbytes", &commit_admin_reserve_kbytes, 0, 0x7fffffff },
	{ "sys/vm/max_map_count", &mm_count_max, 0, 0x7fffffff },
	{ "sys/vm/mmap_min_addr", &mm_min_addr, 0, 0x7fffffff },
	{ "sys/vm/overcommit_kbytes", &overcommit_kbytes, 0, 0x7fffffff },
	{ "sys/vm/overcommit_memory", &overcommit_mode, 0, 2 },
	{ "sys/vm/overcommit_ratio", &overcommit_ratio, 0, 0x7fffffff },
	{ "sys/vm/user_reserve_kbytes", &commit_user_reserve_kbytes, 0, 0x7fffffff },
};

static struct number *number_of(const struct proc_ref *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!strcmp(numbers[i].name, r->row->name))
			return &numbers[i];
	return NULL;
}

static int show_number(struct text *t, const struct proc_ref *r)
{
	text_print(t, "%d\n", READ_ONCE(*number_of(r)->value));
	return 0;
}

static int parse_number(const char *text, long *v)
{
	char *end;
	bool is_negative = *text == '-';
	text += is_negative;
	*v = (long)strtou64(text, &end, 10);
	if (is_negative)
		*v = -*v;
	return end == text || (*end && *end != '\n' && *end != ' ') ? -EINVAL : 0;
}

static ssize_t write_number(const struct proc_ref *r, char *text, size_t n)
{
	struct number *k = number_of(r);
	long v;
	if (parse_number(text, &v) || v < k->low || v > k->high)
		return -EINVAL;
	WRITE_ONCE(*k->value, (int)v);
	return (ssize_t)n;
}

/* The limit is given as a part of memory or as it is: the one that is written puts the other out of force. */
static ssize_t write_overcommit(const struct proc_ref *r, char *text, size_t n)
{
	ssize_t done = write_number(r, text, n);
	if (done > 0)
		WRITE_ONCE(*(number_of(r)->value == &overcommit_ratio ? &overcommit_kbytes : &overcommit_ratio), 0);
	return done;
}

static ssize_t write_ptrace_scope(const struct proc_ref *r, char *text, size_t n)
{
	long v;
	int err = parse_number(text, &v);
	if (!err)
		err = ptrace_scope_set(v);
	return err ? err : (ssize_t)n;
}

/* The number given last in the namespace of who reads; the next is one more than what is written. */
static int show_last_pid(struct text *t, const struct proc_ref *r)
{
	text_print(t, "%d\n", READ_ONCE(current_pid_ns()->last));
	return 0;
}

static ssize_t write_last_pid(const struct proc_ref *r, char *text, size_t n)
{
	char *end;
	u64 last = strtou64(text, &end, 10);
	if (end == text || (*end && *end != '\n' && *end != ' ') || last >= (u64)pid_max)
		return -EINVAL;
	int err = pid_ns_set_last(current_pid_ns(), (int)last);
	return err ? err : (ssize_t)n;
}

static int show_file_max(struct text *t, const struct proc_ref *r)
{
	text_print(t, "9223372036854775807\n");
	return 0;
}

#define NUMBER(path) { path, S_IFREG | 0444, show_number }
#define IPC_LIMIT(path, mode) { path, S_IFREG | mode, ipc_proc_show_limit, ipc_proc_write_limit }
#define USER_MAX(path) { path, S_IFREG | 0644, proc_show_user_max, proc_write_user_max, .permission = proc_user_max_permission }
#define NUMBER_RW(path) { path, S_IFREG | 0644, show_number, write_number }

const struct proc_row proc_system_rows[] = {
	{ "cgroups", S_IFREG | 0444, show_cgroups },
	{ "cmdline", S_IFREG | 0444, show_cmdline },
	{ "cpuinfo", S_IFREG | 0444, proc_show_cpuinfo },
	{ "filesystems", S_IFREG | 0444, show_filesystems },
	{ "furca/events", S_IFREG | 0400, show_events },
	{ "furca/clones", S_IFREG | 0444, show_clones },
	{ "furca/flushes", S_IFREG | 0444, show_flushes },
	{ "furca/missing", S_IFREG | 0444, show_missing },
	{ "furca/locks", S_IFREG | 0444, show_lock_waits },
	{ "furca/objects", S_IFREG | 0444, proc_show_objects },
#ifdef FURCA_DEBUG
	{ "furca/provoke", S_IFREG | 0600, show_provoke, write_provoke },
#endif
#ifdef FURCA_RECOUNT
	{ "furca/recount", S_IFREG | 0600, show_recount, write_recount },
#endif
	{ "furca/stacks", S_IFREG | 0444, show_stacks },
	{ "loadavg", S_IFREG | 0444, show_loadavg },
	{ "locks", S_IFREG | 0444, show_locks },
	{ "meminfo", S_IFREG | 0444, proc_show_meminfo },
	{ "mounts", S_IFLNK | 0777, .link = link_mounts },
	{ "net", S_IFLNK | 0777, .link = link_net },
	{ "self", S_IFLNK | 0777, .link = link_self },
	{ "slabinfo", S_IFREG | 0400, proc_show_slabinfo },
	{ "stat", S_IFREG | 0444, proc_show_system_stat },
	{ "swaps", S_IFREG | 0444, show_swaps },
	{ "sys/fs/file-max", S_IFREG | 0444, show_file_max },
	NUMBER_RW("sys/fs/mount-max"),
	NUMBER_RW("sys/fs/inotify/max_queued_events"),
	NUMBER_RW("sys/fs/inotify/max_user_instances"),
	NUMBER_RW("sys/fs/inotify/max_user_watches"),
	IPC_LIMIT("sys/fs/mqueue/msg_default", 0644),
	IPC_LIMIT("sys/fs/mqueue/msg_max", 0644),
	IPC_LIMIT("sys/fs/mqueue/msgsize_default", 0644),
	IPC_LIMIT("sys/fs/mqueue/msgsize_max", 0644),
	IPC_LIMIT("sys/fs/mqueue/queues_max", 0644),
	NUMBER_RW("sys/fs/nr_open"),
	NUMBER_RW("sys/fs/pipe-max-size"),
	NUMBER_RW("sys/fs/protected_hardlinks"),
	NUMBER_RW("sys/fs/protected_symlinks"),
	IPC_LIMIT("sys/kernel/auto_msgmni", 0644),
	NUMBER("sys/kernel/cap_last_cap"),
	{ "sys/kernel/core_pattern", S_IFREG | 0644, show_core_pattern, write_core_pattern },
	NUMBER_RW("sys/kernel/core_uses_pid"),
	{ "sys/kernel/domainname", S_IFREG | 0644, show_domainname, write_domainname },
	{ "sys/kernel/hostname", S_IFREG | 0644, show_nodename, write_nodename },
	NUMBER_RW("sys/kernel/hung_task_panic"),
	NUMBER_RW("sys/kernel/hung_task_timeout_secs"),
	NUMBER_RW("sys/kernel/hung_task_warnings"),
	IPC_LIMIT("sys/kernel/msg_next_id", 0444),
	IPC_LIMIT("sys/kernel/msgmax", 0644),
	IPC_LIMIT("sys/kernel/msgmnb", 0644),
	IPC_LIMIT("sys/kernel/msgmni", 0644),
	NUMBER("sys/kernel/ngroups_max"),
	{ "sys/kernel/ns_last_pid", S_IFREG | 0666, show_last_pid, write_last_pid },
	{ "sys/kernel/osrelease", S_IFREG | 0444, show_release },
	{ "sys/kernel/ostype", S_IFREG | 0444, show_sysname },
	NUMBER_RW("sys/kernel/overflowgid"),
	NUMBER_RW("sys/kernel/overflowuid"),
	NUMBER_RW("sys/kernel/pid_max"),
	{ "sys/kernel/random/boot_id", S_IFREG | 0444, show_boot_id },
	{ "sys/kernel/random/uuid", S_IFREG | 0444, show_random_uuid },
	NUMBER_RW("sys/kernel/sched_child_runs_first"),
	{ "sys/kernel/seccomp/actions_avail", S_IFREG | 0444, seccomp_show_available },
	{ "sys/kernel/seccomp/actions_logged", S_IFREG | 0644, seccomp_show_logged, seccomp_write_logged },
	NUMBER("sys/kernel/sched_rr_timeslice_ms"),
	NUMBER_RW("sys/kernel/sched_rt_period_us"),
	NUMBER_RW("sys/kernel/sched_rt_runtime_us"),
	IPC_LIMIT("sys/kernel/sem", 0644),
	IPC_LIMIT("sys/kernel/sem_next_id", 0444),
	IPC_LIMIT("sys/kernel/shm_next_id", 0444),
	IPC_LIMIT("sys/kernel/shm_rmid_forced", 0644),
	IPC_LIMIT("sys/kernel/shmall", 0644),
	IPC_LIMIT("sys/kernel/shmmax", 0644),
	IPC_LIMIT("sys/kernel/shmmni", 0644),
	NUMBER_RW("sys/kernel/softlockup_panic"),
	NUMBER_RW("sys/kernel/threads-max"),
	NUMBER_RW("sys/kernel/unprivileged_userns_clone"),
	{ "sys/kernel/version", S_IFREG | 0444, show_version },
	NUMBER_RW("sys/kernel/watchdog_thresh"),
	{ "sys/kernel/yama/ptrace_scope", S_IFREG | 0644, show_number, write_ptrace_scope },
	USER_MAX("sys/user/max_cgroup_namespaces"),
	USER_MAX("sys/user/max_ipc_namespaces"),
	USER_MAX("sys/user/max_mnt_namespaces"),
	USER_MAX("sys/user/max_net_namespaces"),
	USER_MAX("sys/user/max_pid_namespaces"),
	USER_MAX("sys/user/max_time_namespaces"),
	USER_MAX("sys/user/max_user_namespaces"),
	USER_MAX("sys/user/max_uts_namespaces"),
	NUMBER_RW("sys/vm/admin_reserve_kbytes"),
	NUMBER_RW("sys/vm/max_map_count"),
	NUMBER_RW("sys/vm/mmap_min_addr"),
	{ "sys/vm/overcommit_kbytes", S_IFREG | 0644, show_number, write_overcommit },
	NUMBER_RW("sys/vm/overcommit_memory"),
	{ "sys/vm/overcommit_ratio", S_IFREG | 0644, show_number, write_overcommit },
	NUMBER_RW("sys/vm/user_reserve_kbytes"),
	{ "sysrq-trigger", S_IFREG | 0200, .write = proc_write_sysrq },
	{ "sysvipc/msg", S_IFREG | 0444, ipc_proc_show_objects },
	{ "sysvipc/sem", S_IFREG | 0444, ipc_proc_show_objects },
	{ "sysvipc/shm", S_IFREG | 0444, ipc_proc_show_objects },
	{ "thread-self", S_IFLNK | 0777, .link = link_thread_self },
	{ "uptime", S_IFREG | 0444, show_uptime },
	{ "version", S_IFREG | 0444, show_system_version },
	{ "vmstat", S_IFREG | 0444, proc_show_vmstat },
	{},
};
