/* ops_spaces.c: operations on namespaces, and on futexes whose owners die. */
#include "differ.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

OP(SPACES, 12, unshare_space)
{
	static const int flags[] = {CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWCGROUP, CLONE_NEWTIME,
		CLONE_NEWPID | CLONE_NEWUTS, CLONE_NEWUSER | CLONE_NEWPID, CLONE_NEWPID | CLONE_THREAD, CLONE_NEWUSER | CLONE_FS};
	int f = PICK(flags);
	say("unshare(%x)", f);
	said(sys(SYS_unshare, f));
}

OP(SPACES, 10, clone_space)
{
	static const uint64_t flags[] = {CLONE_NEWPID, CLONE_NEWPID, CLONE_NEWPID | CLONE_NEWUSER, CLONE_NEWUSER, CLONE_NEWUTS,
		CLONE_NEWPID | CLONE_PARENT, CLONE_NEWPID | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, CLONE_NEWUSER | CLONE_FS,
		CLONE_NEWPID | CLONE_VM, CLONE_NEWTIME, CLONE_NEWIPC | CLONE_SYSVSEM, CLONE_NEWNS | CLONE_FS};
	struct clone_args args = {.flags = PICK(flags), .exit_signal = 17};
	int child = agent_new();
	if (child < 0)
		return say("clone_space: full");
	if (args.flags & CLONE_VM) {
		args.stack = (uintptr_t)agent_stack(child) - 16384;
		args.stack_size = 16384;
	}
	if (args.flags & (CLONE_THREAD | CLONE_PARENT))
		args.exit_signal = 0;
	long r = agent_clone(SYS_clone3, (long)&args, sizeof args, 0, 0, 0, child);
	say("clone_space(%llx) = %s", args.flags, r < 0 ? error_name(r) : who(r));
	if (r < 0 && !world->box[child].pid)
		world->box[child].pid = -1;
}

OP(SPACES, 8, join)
{
	static const char *const names[] = {"pid", "pid_for_children", "uts", "ipc", "mnt", "user", "cgroup", "time", "time_for_children"};
	static const int types[] = {0, 0, 0, CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWUSER};
	int i = any_agent(), pid = world->box[i].pid, type = PICK(types);
	const char *name = PICK(names);
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
	say("setns(a%d %s, %x)", i, name, type);
	long fd = sys(SYS_open, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return said(fd);
	said(sys(SYS_setns, fd, type));
	sys(SYS_close, fd);
}

/* All spaces of somebody at once, by its pidfd. */
OP(SPACES, 6, join_all)
{
	static const int types[] = {CLONE_NEWUTS, CLONE_NEWUTS | CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWPID,
		CLONE_NEWNS, CLONE_NEWTIME, 0, CLONE_VM, CLONE_NEWCGROUP | CLONE_NEWUTS};
	int i = any_agent(), type = PICK(types);
	say("setns(pidfd of a%d, %x)", i, type);
	long fd = sys(SYS_pidfd_open, pid_of(i), 0);
	if (fd < 0)
		return said(fd);
	said(sys(SYS_setns, fd, type));
	sys(SYS_close, fd);
}

/* Who is together with whom: the numbers themselves differ from run to run. */
OP(SPACES, 8, same_space)
{
	static const char *const names[] = {"pid", "pid_for_children", "uts", "ipc", "mnt", "user", "cgroup", "time", "time_for_children"};
	int i = any_agent(), j = any_agent();
	say("same of a%d and a%d:", i, j);
	for (size_t n = 0; n < COUNT(names); n++) {
		char path[64], a[64] = "", b[64] = "";
		snprintf(path, sizeof path, "/proc/%d/ns/%s", world->box[i].pid, names[n]);
		long r = sys(SYS_readlink, path, a, sizeof a - 1);
		snprintf(path, sizeof path, "/proc/%d/ns/%s", world->box[j].pid, names[n]);
		long s = sys(SYS_readlink, path, b, sizeof b - 1);
		say(" %s", r < 0 ? error_name(r) : s < 0 ? error_name(s) : strcmp(a, b) ? "no" : "yes");
	}
}

OP(SPACES | CRED, 4, map_ids)
{
	static const char *const files[] = {"uid_map", "gid_map", "setgroups"};
	static const char *const values[] = {"0 0 1", "0 0 10000", "0 1000 1", "5 0 1\n7 9 2", "0 0 0", "deny", "allow"};
	int i = any_agent(), f = (int)draw(3);
	const char *value = f == 2 ? values[5 + draw(2)] : values[draw(5)];
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", world->box[i].pid, files[f]);
	say("map a%d %s", i, files[f]);
	long fd = sys(SYS_open, path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		said(sys(SYS_write, fd, value, strlen(value)));
		sys(SYS_close, fd);
	} else
		said(fd);
}

OP(SPACES, 3, host_name)
{
	static const char *const names[] = {"one", "two", "three"};
	const char *name = PICK(names);
	char all[6][65];
	say("host name %s", name);
	said(sys(SYS_sethostname, name, strlen(name)));
	sys(SYS_uname, all);
	bool is_one = !strcmp(all[1], "one") || !strcmp(all[1], "two") || !strcmp(all[1], "three");
	say(" %s", is_one ? all[1] : "as it was");
}

/* A lock in the box, held by the caller's number and listed: the kernel marks it when the owner dies. */
OP(PROCESS | SPACES, 5, robust)
{
	struct box *b = self();
	struct robust_list_head *head = (struct robust_list_head *)&b->words[0];
	uint32_t *lock = (uint32_t *)&b->words[5];
	head->list.next = (struct robust_list *)&b->words[4];
	b->words[4] = (uintptr_t)&head->list;
	head->futex_offset = 8;
	head->list_op_pending = NULL;
	*lock = (uint32_t)sys(SYS_gettid) | (chance(50) ? FUTEX_WAITERS : 0);
	say("robust list");
	said(sys(SYS_set_robust_list, head, sizeof *head));
}

OP(EVERY, 4, locks)
{
	say("locks:");
	for (int i = 0; i < world->born; i++) {
		uint32_t lock = (uint32_t)world->box[i].words[5];
		if (lock)
			say(" a%d %s%s%s", i, lock & FUTEX_OWNER_DIED ? "died " : "", lock & FUTEX_WAITERS ? "waiters " : "",
			    lock & FUTEX_TID_MASK ? "held" : "free");
	}
}
