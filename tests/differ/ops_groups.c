/* ops_groups.c: operations on control groups: membership, limits on the number of tasks, freezing, killing, birth inside one. */
#include "differ.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

static const char *draw_group(void)
{
	static const char *const groups[] = {CGROUPS "/c1", CGROUPS "/c1", CGROUPS "/c2", CGROUPS "/c1/c3", CGROUPS};
	return PICK(groups);
}

static long write_file(const char *group, const char *file, const char *text)
{
	char path[100];
	snprintf(path, sizeof path, "%s/%s", group, file);
	long fd = sys(SYS_open, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	long r = sys(SYS_write, fd, text, strlen(text));
	sys(SYS_close, fd);
	return r;
}

OP(GROUPS, 6, group_make)
{
	const char *group = draw_group();
	bool make = chance(75);
	say("%s %s", make ? "mkdir" : "rmdir", group + sizeof CGROUPS - 1);
	said(make ? sys(SYS_mkdir, group, 0755) : sys(SYS_rmdir, group));
}

OP(GROUPS, 14, group_move)
{
	const char *group = draw_group(), *file = chance(80) ? "cgroup.procs" : "cgroup.threads";
	int i = any_agent();
	char number[24];
	snprintf(number, sizeof number, "%ld", chance(20) ? 0 : pid_of(i));
	say("move %s to %s %s", number[0] == '0' ? "me" : who_outside(world->box[i].pid), group + sizeof CGROUPS - 1, file);
	long r = write_file(group, file, number);
	said(r > 0 ? 0 : r);
}

OP(GROUPS, 14, group_set)
{
	static const struct { const char *file, *values[4]; } files[] = {{"pids.max", {"0", "1", "2", "max"}},
		{"pids.max", {"2", "3", "-1", "x"}}, {"cgroup.freeze", {"1", "0", "1", "2"}}, {"cgroup.freeze", {"0", "0", "1", "x"}},
		{"cgroup.subtree_control", {"+pids", "-pids", "+pids", "+none"}}, {"cgroup.type", {"threaded", "threaded", "domain", "x"}},
		{"cgroup.max.descendants", {"0", "1", "max", "x"}}, {"cgroup.max.depth", {"0", "1", "max", "-1"}}};
	const char *group = draw_group();
	int f = (int)draw(COUNT(files));
	const char *value = files[f].values[draw(4)];
	if (f == 2 || f == 3)
		world->freezes = 1;
	/* the rest of the machine is not to be touched */
	if (!strcmp(group, CGROUPS) && f < 4)
		group = CGROUPS "/c1";
	say("set %s %s %s", group + sizeof CGROUPS - 1, files[f].file, value);
	said(write_file(group, files[f].file, value));
	let_it_end();
}

OP(GROUPS, 2, group_kill)
{
	const char *group = draw_group();
	if (!strcmp(group, CGROUPS))
		group = CGROUPS "/c2";
	say("kill %s", group + sizeof CGROUPS - 1);
	said(write_file(group, "cgroup.kill", chance(95) ? "1" : "0"));
}

static void say_members(const char *text)
{
	for (const char *at = text, *end;; at = end) {
		long pid = strtol(at, (char **)&end, 10);
		if (end == at)
			return;
		say(" %s", pid < world->director ? "" : who_outside(pid));
	}
}

OP(GROUPS, 14, group_show)
{
	static const char *const files[] = {"cgroup.procs", "cgroup.threads", "cgroup.events", "cgroup.freeze", "cgroup.type", "cgroup.stat",
		"cgroup.controllers", "cgroup.subtree_control", "pids.max", "pids.current", "pids.events"};
	const char *group = draw_group(), *file = PICK(files);
	char path[100], text[1000];
	if (!strcmp(group, CGROUPS))
		group = CGROUPS "/c1";
	snprintf(path, sizeof path, "%s/%s", group, file);
	long n = slurp(path, text, sizeof text);
	say("show %s %s", group + sizeof CGROUPS - 1, file);
	if (n < 0)
		return said(n);
	if (strstr(file, "procs") || strstr(file, "threads"))
		return say_members(text);
	if (!strcmp(file, "cgroup.controllers"))
		return say(" %s", strstr(text, "pids") ? "pids" : "");
	if (!strcmp(file, "cgroup.stat"))
		*strchrnul(text, '\n') = 0;	/* how long the dying live is the kernel's choice */
	for (long k = 0; k < n; k++)
		if (text[k] == '\n')
			text[k] = ';';
	say(" %s", text);
}

/* A number chosen in advance must not stand for somebody who is gone. */
static void forget(int pid)
{
	for (int i = 0; i < world->born; i++)
		if (world->box[i].pid == pid && sys(SYS_kill, pid, 0) == -ESRCH)
			world->box[i].pid = -1;
}

OP(GROUPS | SPACES | PROCESS, 12, clone_into)
{
	static const uint64_t flags[] = {0, 0, 0, CLONE_VM, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_NEWCGROUP, CLONE_PARENT, CLONE_NEWPID};
	const char *group = draw_group();
	struct clone_args args = {.flags = PICK(flags), .exit_signal = 17};
	int tids[2] = {30000 + (int)draw(3), 1}, pidfd = -7;
	bool into = chance(75), thread = args.flags & CLONE_THREAD, path = chance(50);
	static const int counts[] = {0, 0, 0, 1, 1, 1, 1, 2, 40};
	int child = agent_new();
	if (child < 0)
		return say("clone_into: full");
	args.set_tid_size = (uint64_t)PICK(counts);
	args.set_tid = (uintptr_t)(chance(95) ? tids : NULL);
	if (args.set_tid_size && chance(10))
		tids[0] = chance(50) ? 0 : 1;
	if (into)
		args.flags |= CLONE_INTO_CGROUP;
	if (chance(20))
		args.flags |= CLONE_PIDFD;
	if (args.flags & CLONE_VM) {
		args.stack = (uintptr_t)agent_stack(child) - 16384;
		args.stack_size = 16384;
	}
	if (thread || (args.flags & CLONE_PARENT))
		args.exit_signal = 0;
	args.pidfd = (uintptr_t)&pidfd;
	forget(tids[0]);
	long fd = sys(SYS_open, group, O_DIRECTORY | O_CLOEXEC | (path ? O_PATH : O_RDONLY));
	args.cgroup = (uint64_t)(fd < 0 ? 9999 : fd);
	long r = agent_clone(SYS_clone3, (long)&args, sizeof args, 0, 0, 0, child);
	say("clone_into(%s %d, %llx, %d: %d) = %s", group + sizeof CGROUPS - 1, path, args.flags, (int)args.set_tid_size, tids[0],
	    r < 0 ? error_name(r) : who(r));
	say(" number %d pidfd %d", r == tids[0], pidfd != -7);
	if (r < 0 && !world->box[child].pid)
		world->box[child].pid = -1;
	if (pidfd != -7)
		sys(SYS_close, pidfd);
	if (fd >= 0)
		sys(SYS_close, fd);
}
