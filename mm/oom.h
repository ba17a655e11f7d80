/* mm/oom.h: what the OOM killer, process_mrelease and /proc ask of a process. See oom.c. */
#ifndef MM_OOM_H
#define MM_OOM_H
#include "mm/mm.h"

struct task;

bool oom_may_kill(const struct task *t);	/* no kernel thread, not process 1, not exempt (oom_score_adj -1000) */
/* A thread of t's group that still has an address space, with its lock held; NULL: none. Under tasklist_lock. */
struct task *oom_lock_thread_with_mm(struct task *t);
/* A thread of t's group has this address space. Under tasklist_lock. */
bool oom_uses_mm(struct task *t, const struct mm *mm);
#endif
