/*
 * seccomp/seccomp.h: a task restricts its own system calls, for good: strict mode (read, write, exit, rt_sigreturn) or a
 * chain of classic BPF programs, each of which judges every call. The state is the task's own; a clone inherits it, exec
 * keeps it.
 * Locks: sighand->lock for a task's mode and chain, which another thread may set (SECCOMP_FILTER_FLAG_TSYNC); the task
 * itself reads its own without: a chain that replaces another has the old one in it.
 * Source: seccomp(2), seccomp_unotify(2), prctl(2).
 */
#ifndef SECCOMP_SECCOMP_H
#define SECCOMP_SECCOMP_H
#include "base/types.h"

struct task;
struct regs;
struct seccomp_filter;

struct seccomp {
	u32 mode;			/* SECCOMP_MODE_*, or SECCOMP_DEAD */
	u32 filter_count;
	struct seccomp_filter *newest;	/* reference; NULL: no filter */
};
#define SECCOMP_DEAD 3u	/* a filter has killed the task: it makes no call any more */

/* At the entry of a system call. True: it goes on (its number may be another now); false: it does not happen, and the
 * registers say what it returns. */
bool __must_check seccomp_enter(struct regs *r);
/* Past clone's phase line, under current's sighand->lock: the child is bound as current is. */
void seccomp_inherit_locked(struct task *child);
void seccomp_drop(struct task *t);	/* t dies; accepts "never had" */
long seccomp_prctl_set(unsigned long mode, uptr filter);	/* PR_SET_SECCOMP */
/* For a tracer, of a frozen tracee: instructions of the index-th filter (oldest: 0), or how many; its metadata. */
long seccomp_read_filter(struct task *t, u64 index, uptr insns);
long seccomp_read_metadata(struct task *t, size_t size, uptr data);
/* /proc/sys/kernel/seccomp/ */
struct text;
struct proc_ref;
int seccomp_show_available(struct text *t, const struct proc_ref *r);
int seccomp_show_logged(struct text *t, const struct proc_ref *r);
ssize_t seccomp_write_logged(const struct proc_ref *r, char *text, size_t n);
#endif
