/*
 * Every flag of clone3 with a child like fork's, with a thread, and with a child in a namespace of its own: taken, or refused with
 * which error. docs/coverage.md shows this table: a row is FLAG(name, fork, thread, namespace).
 */
#include "clone.h"
#include <sched.h>
#include <sys/mount.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ull
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

enum { OK = 0 };
#define FLAG(name, fork, thread, namespace) {#name, name, {fork, thread, namespace}}
static const struct row {
	const char *name;
	uint64_t flag;
	int wanted[3];
} rows[] = {
	FLAG(CLONE_VM, OK, OK, OK),
	FLAG(CLONE_FS, OK, OK, OK),
	FLAG(CLONE_FILES, OK, OK, OK),
	FLAG(CLONE_SIGHAND, EINVAL, OK, EINVAL),
	FLAG(CLONE_PIDFD, OK, EINVAL, OK),
	FLAG(CLONE_PTRACE, OK, OK, OK),
	FLAG(CLONE_VFORK, OK, OK, OK),
	FLAG(CLONE_PARENT, OK, OK, OK),
	FLAG(CLONE_THREAD, EINVAL, OK, EINVAL),
	FLAG(CLONE_NEWNS, OK, OK, OK),
	FLAG(CLONE_SYSVSEM, OK, OK, OK),
	FLAG(CLONE_SETTLS, OK, OK, OK),
	FLAG(CLONE_PARENT_SETTID, OK, OK, OK),
	FLAG(CLONE_CHILD_CLEARTID, OK, OK, OK),
	FLAG(CLONE_DETACHED, EINVAL, EINVAL, EINVAL),
	FLAG(CLONE_UNTRACED, OK, OK, OK),
	FLAG(CLONE_CHILD_SETTID, OK, OK, OK),
	FLAG(CLONE_NEWCGROUP, OK, OK, OK),
	FLAG(CLONE_NEWUTS, OK, OK, OK),
	FLAG(CLONE_NEWIPC, OK, OK, OK),
	FLAG(CLONE_NEWUSER, OK, EINVAL, OK),
	FLAG(CLONE_NEWPID, OK, EINVAL, OK),
	FLAG(CLONE_NEWNET, OK, OK, OK),
	FLAG(CLONE_IO, OK, OK, OK),
	FLAG(CLONE_CLEAR_SIGHAND, OK, EINVAL, OK),
	FLAG(CLONE_INTO_CGROUP, OK, OK, OK),
	FLAG(CLONE_NEWTIME, OK, OK, OK),
};
static const char *const columns[] = {"fork", "thread", "namespace"};
static const uint64_t bases[] = {0, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_NEWPID};

static int arrived, parent_tid, child_tid, pidfd;

static int arrive(void *arg)
{
	__atomic_store_n(&arrived, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static uint64_t tls_base(void)
{
	uint64_t base = 0;
	syscall(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, &base);
	return base;
}

/* In a process of its own: the error, or 0 after the child has run. */
static int try(uint64_t flags, uint64_t flag, int cgroup)
{
	bool needs_stack = (flags & CLONE_VM) && !(flags & CLONE_VFORK && !(flags & CLONE_THREAD));
	struct clone_args args = {
		.flags = flags, .pidfd = (uint64_t)&pidfd, .child_tid = (uint64_t)&child_tid, .parent_tid = (uint64_t)&parent_tid,
		.tls = tls_base(), .exit_signal = flags & (CLONE_THREAD | CLONE_PARENT) ? 0 : SIGCHLD,
		.cgroup = flag == CLONE_INTO_CGROUP ? cgroup : 0,
	};
	if (needs_stack || (flags & CLONE_VM)) {
		args.stack = (uint64_t)clone_stack();
		args.stack_size = CLONE_STACK_BYTES;
	}
	long pid = clone3_call(&args, sizeof args, arrive, 0);
	if (pid < 0)
		return (int)-pid;
	if (flags & CLONE_THREAD) {
		while (!__atomic_load_n(&arrived, __ATOMIC_SEQ_CST))
			sched_yield();
	} else if (!(flags & CLONE_PARENT)) {
		int status;
		if (RAW(SYS_wait4, pid, &status, __WALL, 0) != pid || status)
			return 250;
	}
	return 0;
}

TEST(all_flags)
{
	if (geteuid())
		return;
	const char *scratch = check_scratch();
	int cgroup = -1;
	CHECK_OK(mkdir("cgroup", 0755));
	if (mount("none", "cgroup", "cgroup2", 0, "") == 0)
		cgroup = NEED_OK(open("cgroup", O_PATH | O_DIRECTORY));
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (int column = 0; column < 3; column++) {
			if (rows[i].flag == CLONE_INTO_CGROUP && cgroup < 0)
				continue;
			pid_t helper = fork();
			int status = -1;
			if (!helper)
				_exit(try(bases[column] | rows[i].flag, rows[i].flag, cgroup));
			waitpid(helper, &status, 0);
			while (waitpid(-1, 0, __WALL) > 0)
				;
			if (status != EXITED(rows[i].wanted[column])) {
				check_failed++;
				check_say("not ok: %s, %s: status %x, wanted error %d\n", rows[i].name, columns[column], status,
					  rows[i].wanted[column]);
			}
		}
	}
	if (cgroup >= 0)
		umount2("cgroup", MNT_DETACH);
	(void)scratch;
}
