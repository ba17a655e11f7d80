/* task/internal.h: what the files of task/ share among themselves. */
#ifndef TASK_INTERNAL_H
#define TASK_INTERNAL_H
#include "task/task.h"

struct task *task_alloc(int node);
void task_init(void);				/* process 0, and how large a task is on this CPU */

/* One room of the table in resources.c. copy: where it is not simply shared; 0 or -errno, holding nothing on failure.
 * put: gives up t's hold on what its pointer led to; the pointer is NULL already. */
struct room {
	const char *name;
	u64 share_flag;		/* the CLONE_* flag under which both hold the same room, if current has one */
	size_t pointer;		/* where in struct task */
	int (*copy)(struct task *child, const struct clone_request *req);
	void (*put)(struct task *t, void *body);
	bool drop_at_exit;	/* death gives it up at once; the others stay until the parent has waited */
};
#define ROOM(n) \
	int room_##n##_copy(struct task *child, const struct clone_request *req); \
	void room_##n##_put(struct task *t, void *body)
ROOM(cred); ROOM(semundo); ROOM(files); ROOM(fs); ROOM(sighand); ROOM(signal); ROOM(mm); ROOM(namespaces); ROOM(io);
#undef ROOM
/* The room "thread" lies in the task and on its stack: nothing of it is given up. */
int room_thread_copy(struct task *child, const struct clone_request *req);
void semundo_leave(void);			/* current's, before it dies: what it would give back it gives back now */

bool task_mm_is_shared(void);			/* unshare.c: another process runs in current's memory */
/* resources/namespaces.c: takes the set over; the old one is given back. */
void task_set_namespaces(struct task *t, struct namespaces *set);
void task_set_fs(struct task *t, struct fs_room *fs);	/* resources/fs.c: likewise */

/* link.c: the phase line. 0: the child is visible and nothing can fail any more; or -errno, nothing done. */
int task_link(struct task *child, const struct clone_request *req);
void task_unlink_locked(struct task *t);	/* tasklist_lock */
/* vfork.c */
void vfork_prepare(struct task *child, struct completion *done);
bool vfork_wait(struct task *child, struct completion *done);	/* false: being killed */
void vfork_release(struct task *t);		/* the child has given its borrowed mm back */
/* mm side of leaving an address space, at exec and exit: clear_child_tid, robust futexes, vfork's parent. */
void task_leave_mm(struct task *t);
/* reparent.c: under tasklist_lock. Zombies that nobody will wait for go to *dead (by traced_node). */
void reparent_children_locked(struct task *dying, struct list *dead);
/* group.c */
long task_group_number(int number, enum pid_type type);
bool pgrp_is_orphaned_locked(struct pid *pgrp, struct task *ignored);
void pgrp_kill_if_orphaned_locked(struct task *t, struct task *parent_or_null);
void task_set_group_locked(struct task *t, enum pid_type type, struct pid *p);
/* wait.c */
void rusage_add_task(struct rusage_sum *sum, struct task *t);
void rusage_to_user_format(const struct rusage_sum *sum, void *kernel_rusage);
/* exec */
int exec_dethread(void);
#endif
