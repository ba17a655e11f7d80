/* seccomp/notify.h: what notify.c (the caller's side) and listener.c share. All under filter->lock. */
#ifndef SECCOMP_NOTIFY_H
#define SECCOMP_NOTIFY_H
#include "seccomp/internal.h"

struct notification {		/* on the kernel stack of the task whose call waits */
	struct list node;	/* in filter->notifications */
	u64 id;
	struct task *task;	/* borrowed: it waits */
	const struct seccomp_data *call;
	enum { NOTIFICATION_SENT, NOTIFICATION_RECEIVED, NOTIFICATION_ANSWERED } state;
	int error;
	s64 value;
	u32 flags;		/* SECCOMP_USER_NOTIF_FLAG_* of the answer */
	struct list gifts;	/* of struct descriptor_gift */
	struct waitqueue wait;
};

struct descriptor_gift {	/* on the kernel stack of the listener's task */
	struct list node;	/* in notification->gifts; empty: taken up by the receiver, or done */
	struct file *file;	/* borrowed */
	u32 number, fd_flags;
	bool is_at_number, is_answer;
	bool is_done;
	int result;
	struct waitqueue wait;
};

struct notification *notification_find_locked(struct seccomp_filter *f, u64 id);
void notification_answer_locked(struct notification *n, int error, s64 value, u32 flags);
#endif
