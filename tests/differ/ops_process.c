/* ops_process.c: operations on processes: birth, exec, exit, waiting, process groups, prctl. */
#include "differ.h"
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static unsigned long fs_base(void)
{
	unsigned long base = 0;
	sys(SYS_arch_prctl, ARCH_GET_FS, &base);
	return base;
}

static uint64_t draw_flags(void)
{
	static const uint64_t likely[] = {0, 0, 0, CLONE_VM, CLONE_VM | CLONE_SIGHAND, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
		CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_VM | CLONE_VFORK, CLONE_PARENT, CLONE_FILES, CLONE_FS};
	static const uint64_t more[] = {CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_PTRACE, CLONE_PARENT, CLONE_THREAD, CLONE_SYSVSEM,
		CLONE_SETTLS, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID, CLONE_UNTRACED, CLONE_IO, CLONE_DETACHED, CLONE_VFORK, CLONE_VM};
	uint64_t flags = PICK(likely);
	while (chance(45))
		flags |= PICK(more);
	return flags;
}

static int draw_exit_signal(void)
{
	static const int likely[] = {SIGCHLD, SIGCHLD, SIGCHLD, SIGCHLD, 0, SIGUSR1, SIGCONT, SIGWINCH, 34, 64, 65, 127, SIGSTOP, SIGKILL};
	return PICK(likely);
}

/* The child lets its parent go before it tells it that it is dead: what comes first to be said must not be a matter of luck. */
void let_it_end(void)
{
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		sys(SYS_sched_yield);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000000000l + now.tv_nsec - start.tv_nsec < 1000000);
}

static void say_birth(const char *name, uint64_t flags, int signal, int child, long result)
{
	for (int n = flags & CLONE_VFORK ? 4 : 0; n; n--)	/* an exec takes a while */
		let_it_end();
	if (result < 0) {
		if (!world->box[child].pid)
			world->box[child].pid = -1;
		say("%s(%lx, %d) = %s", name, flags, signal, error_name(result));
		return;
	}
	say("%s(%lx, %d) = %s", name, flags, signal, who(result));
}

OP(EVERY, 20, clone)
{
	uint64_t flags = draw_flags();
	int signal = draw_exit_signal(), child = agent_new();
	bool stack = flags & CLONE_VM;
	struct box *b = self();
	if (child < 0) {
		say("clone: full");
		return;
	}
	b->set_tid = 12345;
	if (flags & CLONE_THREAD)
		flags |= CLONE_PARENT_SETTID;
	long r = agent_clone(SYS_clone, (long)flags | signal, stack ? (long)agent_stack(child) : 0, (long)&world->box[child].words[15],
			     (long)&b->set_tid, (long)fs_base(), child);
	say_birth("clone", flags, signal, child, r);
}

OP(EVERY, 14, fork)
{
	int child = agent_new();
	if (child < 0)
		return say("fork: full");
	say_birth("fork", 0, 0, child, agent_clone(SYS_fork, 0, 0, 0, 0, 0, child));
}

OP(EVERY, 14, clone3)
{
	struct clone_args args = {.flags = draw_flags()};
	static const uint64_t odd[] = {CLONE_CLEAR_SIGHAND, CLONE_CLEAR_SIGHAND, 1ull << 33, 1, 255, 1ull << 40};
	if (chance(20))
		args.flags |= PICK(odd);
	args.exit_signal = (uint64_t)draw_exit_signal();
	if ((args.flags & CLONE_THREAD) && chance(80))
		args.exit_signal = 0;
	int child = agent_new(), pidfd = -7, sized = chance(10) ? (int)draw(100) : 88;
	if (child < 0)
		return say("clone3: full");
	if (chance(25)) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uintptr_t)&pidfd;
	}
	if (args.flags & CLONE_VM || chance(5)) {
		args.stack = (uintptr_t)agent_stack(child) - 16384;
		args.stack_size = 16384;
		if (chance(5))
			args.stack = 0;
		if (chance(5))
			args.stack_size = 0;
	}
	/* A child that shares memory without a stack of its own would walk over its parent's. */
	if ((args.flags & CLONE_VM) && !args.stack && !args.stack_size)
		args.stack = 1;
	struct box *b = self();
	b->set_tid = 12345;
	if (args.flags & CLONE_THREAD)
		args.flags |= CLONE_PARENT_SETTID;
	args.parent_tid = (uintptr_t)&world->box[child].words[15];
	args.child_tid = (uintptr_t)&b->set_tid;
	args.tls = fs_base();
	long r = agent_clone(SYS_clone3, (long)&args, sized, 0, 0, 0, child);
	say("size %d stack %d %d ", sized, args.stack > 1, (int)args.stack_size);
	say_birth("clone3", args.flags, (int)args.exit_signal, child, r);
	if (pidfd != -7)
		say(" pidfd %d", pidfd);
}

OP(EVERY, 4, vfork)
{
	int child = agent_new();
	if (child < 0)
		return say("vfork: full");
	/* vfork itself would return twice on one stack. */
	say_birth("vfork", CLONE_VFORK, 0, child, agent_clone(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, (long)agent_stack(child), 0, 0, 0, child));
}

OP(EVERY, 12, exit)
{
	static const int codes[] = {0, 1, 42, 255, 256, 0x1234, -1};
	int code = PICK(codes);
	bool group = chance(50);
	if (chance(30))
		return say("exit: not yet");
	say("%s(%d)", group ? "exit_group" : "exit", code);
	sys(group ? SYS_exit_group : SYS_exit, code);
}

OP(EVERY, 10, exec)
{
	static const char *const paths[] = {"agent", "agent", "agent", "agent", "setuid-root", "setuid-nobody", "unreadable", "script",
		"not-executable", "missing", "agent/x"};
	const char *file = PICK(paths);
	char path[64], number[8];
	snprintf(path, sizeof path, HOME "/%s", file);
	snprintf(number, sizeof number, "%d", self_index());
	char *argv[] = {path, "agent", number, NULL}, *envp[] = {NULL};
	say("exec(%s)", file);
	long r;
	if (chance(20)) {
		int dir = (int)sys(SYS_open, HOME, O_PATH | O_CLOEXEC);
		r = sys(SYS_execveat, dir, file, argv, envp, chance(20) ? AT_SYMLINK_NOFOLLOW : 0);
		sys(SYS_close, dir);
	} else
		r = sys(SYS_execve, path, argv, envp);
	said(r);
}

/* What an exec refuses, before or after there is a way back. */
OP(PROCESS | FAULTS | TRACE, 6, exec_bad)
{
	static const char *const paths[] = {"empty", "text", "script-missing", "script-folder", "script-itself", "script-nothing", "script-long",
		"script-2", "script-text", "elf-header", "elf-short", "elf-machine", "elf-type", "elf-entries", "elf-none", "elf-many",
		"elf-cut", "elf-class", "", "mapped", "f1"};
	static char huge[140000];
	const char *file = PICK(paths);
	int odd = (int)draw(12);
	char path[64], number[8];
	snprintf(path, sizeof path, HOME "/%s", odd < 3 ? "agent" : file);
	snprintf(number, sizeof number, "%d", self_index());
	char *argv[] = {path, "agent", number, odd == 0 ? huge : NULL, NULL}, *envp[] = {odd == 1 ? (char *)1 : NULL, NULL};
	memset(huge, 'h', sizeof huge - 1);
	say("exec_bad(%d, %s)", odd, path);
	said(sys(SYS_execve, odd == 3 ? (char *)8 : path, odd == 2 ? (char **)16 : argv, envp));
}

/* By a descriptor alone: an open one, one that is closed on exec, one opened for writing, a memfd. */
OP(PROCESS | FILES, 4, exec_open)
{
	static const int flags[] = {O_RDONLY, O_RDONLY | O_CLOEXEC, O_PATH, O_PATH | O_CLOEXEC, O_RDWR, O_WRONLY};
	static const char *const files[] = {"agent", "agent", "unreadable", "script", "setuid-root", ""};
	const char *file = PICK(files);
	int f = PICK(flags), empty = chance(90) ? AT_EMPTY_PATH : 0;
	char path[64], number[8];
	snprintf(path, sizeof path, HOME "/%s", file);
	snprintf(number, sizeof number, "%d", self_index());
	char *argv[] = {"x", "agent", number, NULL}, *envp[] = {NULL};
	long fd = sys(SYS_open, path, f);
	say("exec_open(%s, %o, %x)", file, f, empty);
	if (fd < 0)
		return said(fd);
	said(sys(SYS_execveat, fd, "", argv, envp, empty));
	sys(SYS_close, fd);
}

static int draw_wait_options(void)
{
	static const int options[] = {WUNTRACED, WCONTINUED, WEXITED, WNOWAIT, __WALL, __WALL, (int)__WCLONE, __WNOTHREAD, 0x100, 0x10};
	int got = chance(85) ? WNOHANG : 0;
	while (chance(60))
		got |= PICK(options);
	return got;
}

static void say_status(int status)
{
	if (WIFSTOPPED(status))
		say(" stopped %x", status >> 8);
	else if (WIFCONTINUED(status))
		say(" continued");
	else
		say(" status %x", status);
}

OP(EVERY, 16, wait4)
{
	int options = draw_wait_options(), kind = (int)draw(10), i = any_agent(), status = -1;
	if (chance(70))
		options &= ~(WEXITED | WNOWAIT | 0x110);
	long id = kind < 4 ? -1 : kind < 5 ? 0 : kind < 8 ? pid_of(i) : kind < 9 ? -pid_of(i) : (long)(int)0x80000000;
	if (chance(2))
		id = 999999;
	if (kind < 4 || kind == 4 || kind == 9)
		say("wait4(%ld, %x)", id, options);
	else
		say("wait4(%sa%d, %x)", kind == 8 ? "-" : "", i, options);
	long r = sys(SYS_wait4, id, &status, options, 0);
	say(" = %s", r < 0 ? error_name(r) : who(r));
	if (r > 0)
		say_status(status);
}

OP(EVERY, 16, waitid)
{
	int options = draw_wait_options(), i = any_agent(), type = (int)draw(5);
	if (chance(80))
		options |= WEXITED;
	options &= chance(95) ? ~0x110 : ~0;
	long id = type == P_PIDFD ? 30 + draw(4) : chance(90) ? pid_of(i) : chance(50) ? 0 : -1;
	siginfo_t info;
	memset(&info, 0, sizeof info);
	info.si_signo = 77;
	bool is_agent = type != P_PIDFD && id == pid_of(i);
	say("waitid(%d, %s%d, %x)", type, is_agent ? "a" : "", is_agent ? i : (int)id, options);
	long r = sys(SYS_waitid, type, id, &info, options, 0);
	said(r);
	if (!r && info.si_signo)
		say(" signo %d code %d pid %s uid %d status %d", info.si_signo, info.si_code, who(info.si_pid), info.si_uid, info.si_status);
}

OP(PROCESS | JOBS | SPACES, 8, setpgid)
{
	int whom = any_agent(), group = any_agent();
	long a = chance(30) ? 0 : pid_of(whom), b = chance(40) ? 0 : chance(3) ? -1 : pid_of(group);
	say("setpgid(%s%d, %s%d)", a ? "a" : "", a ? whom : 0, b > 0 ? "a" : "", b > 0 ? group : (int)b);
	said(sys(SYS_setpgid, a, b));
}

OP(PROCESS | JOBS, 3, setsid)
{
	long r = sys(SYS_setsid);
	say("setsid = %s", r < 0 ? error_name(r) : who(r));
}

/* The word that the last clone named, which a child with CLONE_CHILD_SETTID has written and one with CLEARTID clears. */
OP(EVERY, 3, tid_word)
{
	int word = self()->set_tid;
	say("tid word %s", word == 12345 ? "as it was" : who(word));
}

OP(JOBS | SPACES, 4, ids)
{
	int i = any_agent();
	long id = chance(20) ? 0 : pid_of(i);
	say("ids of %s%d:", id ? "a" : "", id ? i : 0);
	static const int calls[] = {SYS_getpgid, SYS_getsid};
	for (size_t n = 0; n < COUNT(calls); n++) {
		long r = sys(calls[n], id);
		say(" %s", r < 0 ? error_name(r) : who(r));
	}
	say(" parent %s", who(sys(SYS_getppid)));
	say(" pid %s", who(sys(SYS_getpid)));
	say(" tid %s", who(sys(SYS_gettid)));
}

OP(PROCESS | SIGNAL | JOBS | CRED, 8, prctl_set)
{
	static const struct { const char *name; int option; long values[4]; } choices[] = {
		{"PDEATHSIG", PR_SET_PDEATHSIG, {SIGUSR1, SIGTERM, 0, 65}}, {"PDEATHSIG", PR_SET_PDEATHSIG, {SIGCONT, SIGHUP, SIGKILL, SIGURG}},
		{"SUBREAPER", PR_SET_CHILD_SUBREAPER, {1, 1, 0, 2}}, {"DUMPABLE", PR_SET_DUMPABLE, {0, 1, 2, 3}},
		{"KEEPCAPS", PR_SET_KEEPCAPS, {0, 1, 1, 2}}, {"NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, {1, 1, 0, 2}},
		{"TIMERSLACK", PR_SET_TIMERSLACK, {0, 50000, 1000, -1}}, {"THP_DISABLE", PR_SET_THP_DISABLE, {0, 1, 1, 2}},
		{"TIMING", PR_SET_TIMING, {0, 1, 2, -1}}, {"MCE_KILL", PR_MCE_KILL, {PR_MCE_KILL_SET, PR_MCE_KILL_CLEAR, 2, 3}},
		{"IO_FLUSHER", PR_SET_IO_FLUSHER, {0, 1, 2, 1}},
	};
	int c = (int)draw(COUNT(choices)), v = (int)draw(4);
	say("prctl(%s, %ld)", choices[c].name, choices[c].values[v]);
	said(sys(SYS_prctl, choices[c].option, choices[c].values[v], 0, 0, 0));
}

OP(EVERY, 5, prctl_get)
{
	int signal = -1, reaper = -1;
	sys(SYS_prctl, PR_GET_PDEATHSIG, &signal, 0, 0, 0);
	sys(SYS_prctl, PR_GET_CHILD_SUBREAPER, &reaper, 0, 0, 0);
	say("prctl: pdeathsig %d subreaper %d dumpable %ld keepcaps %ld nnp %ld slack %ld thp %ld mce %ld secure %lx flusher %ld", signal,
	    reaper, sys(SYS_prctl, PR_GET_DUMPABLE), sys(SYS_prctl, PR_GET_KEEPCAPS), sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	    sys(SYS_prctl, PR_GET_TIMERSLACK), sys(SYS_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0),
	    sys(SYS_prctl, PR_MCE_KILL_GET, 0, 0, 0, 0), sys(SYS_prctl, PR_GET_SECUREBITS), sys(SYS_prctl, PR_GET_IO_FLUSHER, 0, 0, 0, 0));
}

OP(PROCESS | SCHED, 3, name)
{
	static const char *const names[] = {"short", "a name of sixteen", "", "with) paren"};
	const char *name = PICK(names);
	say("name %s", name);
	said(sys(SYS_prctl, PR_SET_NAME, name));
}

/* What /proc says of somebody, as the caller is allowed to see it. */
OP(EVERY, 5, look)
{
	static const struct { const char *name; bool pids; } files[] = {{"oom_score_adj", 0}, {"comm", 0}, {"personality", 0},
		{"timerslack_ns", 0}, {"coredump_filter", 0}, {"children", 1}, {"loginuid", 0}, {"setgroups", 0}, {"uid_map", 0},
		{"cgroup", 0}, {"cmdline", 0}, {"limits", 0}, {"syscall", 2}, {"environ", 0}, {"oom_adj", 0}, {"projid_map", 0}};
	int i = any_agent(), f = (int)draw(COUNT(files));
	char path[64], text[3000];
	int pid = world->box[i].pid;
	snprintf(path, sizeof path, "/proc/%d/%s%.0d%s", pid, !strcmp(files[f].name, "children") ? "task/" : "",
		 0, files[f].name);
	if (!strcmp(files[f].name, "children"))
		snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
	long n = pid > 0 ? slurp(path, text, sizeof text) : -ESRCH;
	say("look a%d %s", i, files[f].name);
	if (n < 0)
		return said(n);
	if (!strcmp(files[f].name, "syscall"))
		return say(": %ld", strtol(text, NULL, 10));
	if (!strcmp(files[f].name, "children")) {
		for (char *at = text, *end; ; at = end) {
			long child = strtol(at, &end, 10);
			if (end == at)
				return;
			say(" %s", who_outside(child));
		}
	}
	for (int k = 0; k < n; k++)
		if (!text[k])
			text[k] = '|';
	say(": %s", text);
}

OP(PROCESS | SCHED, 3, write_proc)
{
	static const struct { const char *name, *values[3]; } files[] = {{"oom_score_adj", {"500", "-500", "1001"}},
		{"coredump_filter", {"0x7f", "0", "x"}}, {"timerslack_ns", {"70000", "0", "x"}}, {"comm", {"renamed", "", "twenty characters long"}},
		{"oom_adj", {"-17", "15", "16"}}};
	int i = any_agent(), f = (int)draw(COUNT(files)), pid = world->box[i].pid;
	const char *value = files[f].values[draw(3)];
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, files[f].name);
	say("write a%d %s %s", i, files[f].name, value);
	long fd = sys(SYS_open, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return said(fd);
	said(sys(SYS_write, fd, value, strlen(value)));
	sys(SYS_close, fd);
}
