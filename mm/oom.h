/* mm/oom.h: what the OOM killer and process_mrelease both ask of a process. See oom.c. */
#ifndef MM_OOM_H
#define MM_OOM_H
#include "mm/mm.h"

struct task;

/* A thread of t's group that still has an address space, with its lock held; NULL: none. Under tasklist_lock. */
struct task *oom_lock_thread_with_mm(struct task *t);
/* A thread of t's group has this address space. Under tasklist_lock. */
bool oom_uses_mm(struct task *t, const struct mm *mm);
#endif
