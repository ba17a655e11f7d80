/* seccomp/internal.h: what the files of seccomp/ share. */
#ifndef SECCOMP_INTERNAL_H
#define SECCOMP_INTERNAL_H
#include "seccomp/seccomp.h"
#include "seccomp/bpf.h"
#include "base/atomic.h"
#include "sync/waitqueue.h"
#include "task/task.h"

struct file;

struct seccomp_filter {
	refcount_t count;		/* keeps the struct: tasks, newer filters, the listener */
	refcount_t users;		/* whom it still judges: tasks, newer filters with users. 0: its listener hangs up */
	struct seccomp_filter *older;	/* reference */
	bool is_logged, waits_killable;	/* SECCOMP_FILTER_FLAG_LOG, _WAIT_KILLABLE_RECV */
	/* the listener (notify.c, listener.c) */
	struct spinlock lock;		/* RANK_SECCOMP */
	bool has_listener;		/* lock */
	struct list notifications;	/* of struct notification, oldest first; lock */
	int requests;			/* sent and not yet asked for; lock */
	u64 next_id;			/* lock */
	struct waitqueue wait;		/* who receives or polls */
	struct bpf_program program;	/* last: its instructions follow */
};

/* actions.c: of a SECCOMP_RET_* without its data */
bool action_is_known(u32 action);
bool action_is_logged(u32 action);

/* filter.c */
void filter_put(struct seccomp_filter *f);
/* Prepared from a user's struct sock_fprog; ERR_PTR. */
struct seccomp_filter *filter_new(uptr user_program);
/* Puts f on top of current's chain: takes over the reference. 0; -errno or (TSYNC) a thread's number: not done. */
long __must_check filter_attach(struct seccomp_filter *f, unsigned flags);
int __must_check seccomp_set_strict(void);

/* notify.c: asks f's listener about this call. As seccomp_enter. */
struct seccomp_data;
bool notify_listener(struct seccomp_filter *f, const struct seccomp_data *call, struct regs *r);
/* listener.c */
struct file *listener_new(struct seccomp_filter *f);	/* ERR_PTR; holds f */
#endif
